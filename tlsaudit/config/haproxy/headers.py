"""Strict-Transport-Security in what `GET /` gets: all ways that HAProxy may answer are gone, in its own order.

Measured with HAProxy 2.6: on a request the rules of the frontend run before those of the backend, on a response after
them, and `allow` ends those of one section only. What HAProxy answers itself, error pages among it, goes through
`http-after-response` alone, and through that of the backend only where a backend was chosen already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tlsaudit.config.haproxy.acl import Acls, Asked, acls, applies
from tlsaudit.config.haproxy.field import THEIRS, Fields, added, changed
from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.sections import Config, Proxy
from tlsaudit.config.haproxy.words import is_unresolved
from tlsaudit.model.facts import HttpAnswer
from tlsaudit.model.hsts import parse_hsts
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

_ANSWERS = {"return": 200, "redirect": 302}
_REFUSALS = {"deny": 403, "tarpit": 500, "auth": 401, "reject": None, "silent-drop": None}
"""Under a condition that nobody here can decide these are for others than an ordinary client."""
_REWRITES = frozenset(
    {"set-path", "replace-path", "set-pathq", "replace-pathq", "set-uri", "replace-uri", "set-method"}
)
_DENIED_RESPONSE = 502
_NOBODY_BEHIND = 503
_SERVERS = ("server", "server-template", "dispatch")
_MOST_WAYS = 64
_MOST_STEPS = 100_000
_KEYWORDS = (
    "http-request", "http-response", "http-after-response", "redirect", "monitor-uri", "stats",
    "use_backend", "default_backend",
)  # fmt: skip


class _TooManyError(Exception):
    """More rules and backends than are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way to an answer: the fields so far, or why they are not known, and what `GET /` was answered by."""

    fields: Fields
    basis: Basis = field(compare=False)
    status: int | None = None

    @property
    def is_theirs(self) -> bool:
        """Nothing is known of the field but that the server behind may send it."""
        return self.fields == (THEIRS,)


@dataclass(slots=True)
class _Walk:
    """`about_field`: rules on the field, and `choices` among ways, that hang on conditions nobody here can decide."""

    config: Config
    proxy: Proxy
    asked: Asked
    left: int
    """Rules that may still be looked at: every backend has those of the frontend, too."""
    read: dict[int, tuple[Mapping[str, Sequence[tuple[Line, Origin]]], Acls]] = field(default_factory=dict)
    """The rules of the sections that were looked at, by keyword, and their ACLs."""
    about_field: list[Line] = field(default_factory=list)
    choices: list[Line] = field(default_factory=list)

    def ways(self, place: Basis) -> list[_Way]:
        """All ways to an answer."""
        found: list[_Way] = []
        own, goes_on = self._answers(self.proxy)
        for line in own:
            found += self._after([_answer(line)], [self.proxy])
        asked = self.asked  # as the frontend passes it on; each backend may change it again
        for backend in self._backends() if goes_on else ():
            sections = [self.proxy] if backend is None or backend is self.proxy else [backend, self.proxy]
            passes = True
            if len(sections) > 1:
                own, passes = self._answers(sections[0])
                for line in own:
                    found += self._after([_answer(line)], sections)
            if passes and backend is not None and not _has_servers(sections[0]):
                found += self._after([_Way(fields=(), basis=place, status=_NOBODY_BEHIND)], sections)
            elif passes:
                found += self._responses(_Way(fields=(THEIRS,), basis=place), sections)
            found = list(dict.fromkeys(found))
            if len(found) > _MOST_WAYS:
                raise _TooManyError
            self.asked = asked
        return found

    def _lines(self, proxy: Proxy, keyword: str) -> Sequence[tuple[Line, Origin]]:
        lines = self._section(proxy)[0].get(keyword, ())
        self.left -= 1 + len(lines)
        if self.left < 0:
            raise _TooManyError
        return lines

    def _applies(self, proxy: Proxy, line: Line, *, answered: bool = False) -> bool | None:
        return applies(self._section(proxy)[1], line, replace(self.asked, answered=answered))

    def _section(self, proxy: Proxy) -> tuple[Mapping[str, Sequence[tuple[Line, Origin]]], Acls]:
        if id(proxy) not in self.read:
            found: dict[str, list[tuple[Line, Origin]]] = {}
            for line, origin in proxy.lines(*_KEYWORDS):
                found.setdefault(line.name, []).append((line, origin))
            self.read[id(proxy)] = found, acls(proxy)
        return self.read[id(proxy)]

    def _answers(self, proxy: Proxy) -> tuple[list[Line], bool]:
        """Rules of a section by which HAProxy may answer by itself; and whether requests may get past them."""
        for line, _ in self._lines(proxy, "monitor-uri"):
            if line.args[:1] == (self.asked.path,):
                return [line], False
        found: list[Line] = []
        passes = all(self._passes(proxy, lines, found) for lines in (self._before(proxy), self._redirects(proxy)))
        return found, passes

    def _passes(self, proxy: Proxy, lines: Iterable[Line], found: list[Line]) -> bool:
        """Whether requests may get past these rules; those that may answer are added to what is found."""
        is_sure = True
        for line in lines:
            action = _action(line)
            verdict = self._applies(proxy, line)
            if verdict is False or (verdict is None and action in _REFUSALS):
                continue
            if _rewrites(action):
                self.asked = replace(self.asked, path=None, method=None)
                continue
            if action == "allow":
                if verdict and is_sure:
                    break
                is_sure = False
                continue
            found.append(line)
            if verdict and is_sure and (action != "stats" or self.asked.path is not None):
                return False
            self.choices.append(line)
        return True

    def _before(self, proxy: Proxy) -> Iterator[Line]:
        """Rules on requests that end their way, or send them another one."""
        for line, _ in self._lines(proxy, "http-request"):
            action = _action(line)
            if action in {"allow", *_ANSWERS, *_REFUSALS} or _rewrites(action):
                yield line

    def _redirects(self, proxy: Proxy) -> Iterator[Line]:
        """What comes behind them: the page of statistics, and the keyword `redirect`."""
        pages = [line for line, _ in self._lines(proxy, "stats") if line.args[:1] == ("uri",)]
        if pages and (self.asked.path is None or pages[-1].args[1:2] == (self.asked.path,)):
            yield pages[-1]
        for line, _ in self._lines(proxy, "redirect"):
            yield line

    def _backends(self) -> Iterator[Proxy | None]:
        """Where requests may get to; None where that is not in the text, itself where it is nowhere."""
        backends = self.config.backends()
        named = [line for line, _ in self._lines(self.proxy, "use_backend") if line.args]
        default = [line for line, _ in self._lines(self.proxy, "default_backend") if line.args][-1:]
        for line in (*named, *default):
            verdict = self._applies(self.proxy, line)
            if verdict is False:
                continue
            if verdict is None:
                self.choices.append(line)
            name = line.args[0]
            if "%[" in name or is_unresolved(name):
                self.choices.append(line)
                yield from (each for each in backends.values() if each.section.kind == "backend")
                yield None
            else:
                yield backends.get(name)
                if verdict:
                    return
        yield self.proxy if self.proxy.section.kind == "listen" or self._leads_nowhere() else None

    def _leads_nowhere(self) -> bool:
        return not any(
            line.args for name in ("use_backend", "default_backend") for line, _ in self._lines(self.proxy, name)
        )

    def _responses(self, start: _Way, sections: Sequence[Proxy]) -> list[_Way]:
        ways = [start]
        ended: list[_Way] = []
        for proxy in sections:
            ways, own = self._rules(proxy, "http-response", ways)
            ended += own
        return self._after([*ways, *ended], sections)

    def _after(self, ways: Sequence[_Way], sections: Sequence[Proxy]) -> list[_Way]:
        for proxy in sections:
            ways, _ = self._rules(proxy, "http-after-response", ways)
        return list(ways)

    def _rules(self, proxy: Proxy, keyword: str, ways: Iterable[_Way]) -> tuple[list[_Way], list[_Way]]:
        """The rules of one section: ways that go on behind them, and those that end in an answer of HAProxy's own."""
        now = list(ways)
        past: list[_Way] = []
        ended: list[_Way] = []
        for line, origin in self._lines(proxy, keyword):
            action = _action(line)
            verdict = self._applies(proxy, line, answered=True)
            if verdict is False or (verdict is None and action in _REFUSALS):
                continue
            if action in {"allow", "deny", *_ANSWERS}:
                if action == "allow":
                    past += now
                else:
                    ended.append(_answer(line))
                if verdict:
                    now = []
                    break
                self.about_field.append(line)
                continue
            after = [_after_rule(line, each, origin) for each in now]
            if after != now and verdict is None:
                self.about_field.append(line)
            now = list(dict.fromkeys(after if verdict else [*now, *after]))
            if len(now) > _MOST_WAYS:
                why = Unknown(Why.UNSUPPORTED, f"Strict-Transport-Security hangs on too many conditions ({line.at})")
                return [_Way(fields=why, basis=Basis(origin, line.at))], []
        return list(dict.fromkeys([*past, *now])), ended


@dataclass(slots=True)
class Budget:
    """Rules that may be looked at for all sections of a configuration together."""

    left: int = 5 * _MOST_STEPS


def answer_of(config: Config, proxy: Proxy, place: Basis, budget: Budget) -> Fact[HttpAnswer | None]:
    """What `GET /` gets, as far as the text says: whoever is behind may add header fields of his own."""
    if not proxy.speaks_http:
        mode = proxy.setting("mode")
        return (
            mode if isinstance(mode, Unknown) else Unknown(Why.NOT_ASKED, "mode tcp: what is behind speaks for itself")
        )
    most = min(_MOST_STEPS, budget.left)
    walk = _Walk(config, proxy, Asked(path="/", method="GET"), most)
    try:
        ways = walk.ways(place)
    except _TooManyError:
        return Unknown(Why.UNSUPPORTED, f"more rules lead to an answer than are looked at ({place.at})")
    finally:
        budget.left -= most - max(walk.left, 0)
    unknown = next((each.fields for each in ways if isinstance(each.fields, Unknown)), None)
    theirs = any(each.is_theirs for each in ways)
    sent = {_sent(each) for each in ways}
    if unknown is None and len(sent) > 1 and (walk.about_field or not theirs):
        at = next(each.at for each in (*walk.about_field, *walk.choices))
        unknown = Unknown(Why.UNRESOLVED, f"whether Strict-Transport-Security is sent hangs on a condition ({at})")
    elif unknown is None and theirs:
        unknown = Unknown(Why.NOT_ASKED, "what is behind may send Strict-Transport-Security itself")
    if unknown is not None:
        return unknown
    statuses = {each.status for each in ways}
    status = next(iter(statuses)) if len(statuses) == 1 else None
    return Known(HttpAnswer(status=status, hsts=parse_hsts(_sent(ways[0]))), ways[0].basis)


def _has_servers(proxy: Proxy) -> bool:
    """Whether there is anybody who could answer, or it is not known."""
    transparent = any(line.args[:1] in {("transparent",), ("http_proxy",)} for line, _ in proxy.lines("option"))
    return transparent or any(proxy.own(*_SERVERS))


def _sent(way: _Way) -> tuple[str, ...]:
    """The fields that are known to be sent; what a server adds to them is not known."""
    if isinstance(way.fields, Unknown) or way.is_theirs:
        return (THEIRS,)
    return tuple(each for each in way.fields if each != THEIRS)


def _action(line: Line) -> str:
    return line.name if line.name in {"redirect", "monitor-uri", "stats"} else line.args[0] if line.args else ""


def _rewrites(action: str) -> bool:
    """Whether a rule may make another path or method of the request."""
    return action in _REWRITES or action.startswith("lua.")


def _after_rule(line: Line, way: _Way, origin: Origin) -> _Way:
    fields = changed(line, way.fields)
    return way if fields == way.fields else replace(way, fields=fields, basis=Basis(origin, line.at))


def _answer(line: Line) -> _Way:
    """What HAProxy says by itself."""
    action = _action(line)
    status = {**_ANSWERS, **_REFUSALS}.get(action, 200)
    if line.name == "http-response" and action == "deny":
        status = _DENIED_RESPONSE
    for name in ("status", "code", "deny_status"):
        words = line.args
        if name in words[:-1] and (number := words[words.index(name) + 1]).isdigit() and len(number) == 3:
            status = int(number)
    return _Way(fields=added(line), basis=Basis(Origin.EXPLICIT, line.at), status=status)
