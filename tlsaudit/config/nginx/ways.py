"""The ways that a request can take through a server block, and at which level each of them ends.

nginx rewrites in the server, looks for a location, rewrites there, perhaps looks again; then it tries files, and a
folder is answered by its index, which is looked for anew. What hangs on more than the text goes both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from tlsaudit.config.nginx.locations import location_of, named_location
from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.scope import Scope, Setting
from tlsaudit.config.nginx.values import possible
from tlsaudit.model.expression import finds
from tlsaudit.model.knowledge import Unknown, Why

HANDLERS = (
    "proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass", "js_content", "perl",
    "content_by_lua", "content_by_lua_block", "content_by_lua_file",
)  # fmt: skip
"""Directives by which somebody else answers."""
_REWRITES = frozenset({"return", "rewrite", "break", "if"})
_MATTERS = frozenset({"return", "rewrite", "break", "add_header", "more_set_headers", "include", *HANDLERS})
_ABSOLUTE = ("http://", "https://", "$scheme")
_FLAGS = frozenset({"last", "break", "redirect", "permanent"})
_OVER_TLS = {"$scheme": "https", "$https": "on", "$request_method": "GET"}
_IN_CLEAR = {"$scheme": "http", "$https": "", "$request_method": "GET"}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FIRST_ERROR = 400
_STEPS = (8, 40)
"""At least and at most; in between as many as look at this many locations:"""
_MOST_LOOKED_AT = 1000
_MOST_STATES = 100
_MOST_STEPS = 20_000
"""Directives that rewrite, for each state that a request can be in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a request ends: with the header fields of `level`, and the status where the text fixes it.

    `answers`: nginx itself does, so that nobody behind adds header fields. `secure`: it sends the client to https.
    """

    level: Scope
    status: int | None = None
    answers: bool = False
    secure: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """The same for ways that end alike."""
        return self.level.file, self.level.line, self.level.words, self.status, self.answers, self.secure


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """A request amid rewriting; `path` None: it cannot be told. `end`: no further directive has a say."""

    level: Scope
    path: str | None
    end: Way | str = ""

    @property
    def key(self) -> tuple[object, ...]:
        end = self.end.key if isinstance(self.end, Way) else self.end
        return self.level.file, self.level.line, self.level.words, self.path, end


class _TooManyError(Exception):
    """There are more ways than are followed."""


def ways(server: Scope, path: str = "/", *, tls: bool = True) -> tuple[Way, ...] | Unknown:
    """Every way that a GET of this path, or of a location by its name, can take, over TLS or in clear.

    Answers with an error do not count where there are others: they are for requests that should not come.
    """
    walk = _Walk(server, _OVER_TLS if tls else _IN_CLEAR)
    try:
        found = {each.key: each for each in walk.ways(path)}
    except _TooManyError:
        return Unknown(Why.UNSUPPORTED, f"{path} can take more ways than are followed ({server.file}:{server.line})")
    if walk.unknown is not None:
        return walk.unknown
    good = [each for each in found.values() if each.status is None or each.status < _FIRST_ERROR]
    return tuple(good or found.values())


@dataclass(slots=True)
class _Walk:
    """Follows requests; what was looked for once is not looked for again."""

    server: Scope
    known: Mapping[str, str]
    unknown: Unknown | None = None
    steps: int = 0
    seen: set[tuple[str, str]] = field(default_factory=set)
    waiting: list[tuple[str, str]] = field(default_factory=list)

    def ways(self, path: str) -> Iterator[Way]:
        least, greatest = _STEPS
        most = max(least, min(greatest, _MOST_LOOKED_AT // (1 + len(self.server.own("location")))))
        self.waiting.append(("name" if path.startswith("@") else "request", path))
        while self.waiting:
            step = self.waiting.pop()
            if step in self.seen:
                continue
            self.seen.add(step)
            if len(self.seen) > most:
                raise _TooManyError
            for way in self._request(step[1]) if step[0] == "request" else self._located(*step):
                if not self._replaced_by_page(way):
                    yield way

    def _replaced_by_page(self, way: Way) -> bool:
        """Goes to the pages that error_page serves instead, with a status of their own; whether they surely are.

        Pages that keep the status of the error are errors themselves.
        """
        statuses = (way.status,) if way.answers else () if _is_handled(way.level) else (403, 404)
        setting = way.level.setting("error_page")
        pages = setting.directives if isinstance(setting, Setting) else ()
        for status in statuses:
            page = next((each for each in pages if str(status) in each.args[:-1]), None)
            code = next((word[1:] for word in page.args if word.startswith("=")), "-") if page is not None else "-"
            if page is not None and (not code or code < str(_FIRST_ERROR)) and code != "-":
                target = page.args[-1]
                if target.startswith("@"):
                    self._go("name", target)
                elif target.startswith("/"):
                    self._go("request", _filled(target, None))
                else:
                    continue
                if way.answers:
                    return True
        return False

    def _request(self, path: str) -> Iterator[Way]:
        """From the server's own rewriting on, as it begins and after an internal redirect."""
        for state in self._rewritten(self.server, path):
            if isinstance(state.end, Way):
                yield state.end
            else:
                self._go("location", state.path)

    def _located(self, kind: str, path: str) -> Iterator[Way]:
        """From the location on."""
        named = kind == "name"
        location = named_location(self.server, path) if named else location_of(self.server, path)
        if isinstance(location, Unknown):
            self.unknown = self.unknown or location
            return
        if location is self.server:  # the server's own rewriting is done
            yield from self._content(location, location, path)
            return
        at = None if named else path
        for state in self._rewritten(location, at):
            if isinstance(state.end, Way):
                yield state.end
            elif state.end != "break" and state.path != at:
                self._go("location", state.path)
            else:
                yield from self._content(location, state.level, state.path)

    def _go(self, kind: str, path: str | None) -> None:
        if path is None:
            reason = f"it cannot be told where a request is rewritten to ({self.server.file}:{self.server.line})"
            self.unknown = self.unknown or Unknown(Why.UNRESOLVED, reason)
        else:
            self.waiting.append((kind, path))

    def _content(self, location: Scope, level: Scope, path: str | None) -> Iterator[Way]:
        """Files are tried first; then whoever is behind answers, or the file, or the index of a folder."""
        tried = next(iter(location.own("try_files")), None)
        if tried is not None and tried.args:
            yield from self._tried(tried, location, level, path)
        else:
            yield from self._answer(location, level, path)

    def _tried(self, tried: Directive, location: Scope, level: Scope, path: str | None) -> Iterator[Way]:
        *files, last = tried.args
        for word in files:
            name = _filled(word, path)
            if not word.endswith("/"):
                if name is None or not name.endswith("/"):  # a folder is no file
                    yield Way(level=level)
            else:
                yield from self._answer(location, level, name)
                if name is not None and not name.strip("/"):
                    return  # the root is there
        if last.startswith("="):
            yield Way(level=level, status=int(last[1:]) if last[1:].isdigit() else None, answers=True)
        elif last.startswith("@"):
            self._go("name", last)
        else:
            self._go("request", _filled(last, path))

    def _answer(self, location: Scope, level: Scope, path: str | None) -> Iterator[Way]:
        handled = any(each.own(name) for each in (location, level) for name in HANDLERS)
        if handled or path is None or not path.endswith("/"):
            yield Way(level=level)
            return
        index = level.setting("index")
        if isinstance(index, Unknown):
            self.unknown = self.unknown or index
            return
        names = [word for each in index.directives for word in each.args] if index is not None else ["index.html"]
        if path.strip("/").rpartition("/")[2] in names:
            return  # no folder is called as its own index
        for name in names:
            self._go("request", _filled(name if name.startswith("/") else f"/{path.strip('/')}/{name}", path))
        lists = level.setting("autoindex")
        if not names or (isinstance(lists, Setting) and lists.word == "on"):
            yield Way(level=level)

    def _rewritten(self, level: Scope, path: str | None) -> list[_State]:
        """What becomes of a request by the rewriting of one level."""
        states = [_State(level=level, path=path)]
        for each in level.directives:
            if each.name in _REWRITES:
                new = [then for state in states for then in ([state] if state.end else self._step(each, level, state))]
                states = list({found.key: found for found in new}.values())
                self.steps += len(new)
                if len(states) > _MOST_STATES or self.steps > _MOST_STEPS:
                    raise _TooManyError
        return states

    def _step(self, directive: Directive, level: Scope, state: _State) -> Iterator[_State]:
        if directive.name == "return":
            *code, target = directive.args or ("",)
            word = code[0] if code else target
            status = int(word) if word.isdigit() and len(word) == 3 else 302
            secure = status in _REDIRECTS and _is_https(state.level, target)
            yield replace(state, end=Way(level=state.level, status=status, answers=True, secure=secure))
        elif directive.name == "break":
            yield replace(state, end="break")
        elif directive.name == "rewrite":
            yield from _replaced(directive.args, state)
        else:
            inner = level.inner(directive)
            holds = _holds(directive.args, state.path, self.known)
            if holds is False or not any(each.name in _MATTERS for each in inner.directives):
                yield state
                return
            yield from self._rewritten(inner, state.path)
            if holds is None:
                yield state


def _is_handled(level: Scope) -> bool:
    """Whether somebody else answers at a location, or in an `if` of it."""
    at: Scope | None = level
    while at is not None and at.words:
        if any(at.own(name) for name in HANDLERS):
            return True
        at = at.parent
    return False


def _filled(word: str, path: str | None) -> str | None:
    """A path with the variables of the request in it; None where another is."""
    word = word.partition("?")[0]
    for name in ("$is_args", "$query_string", "$args"):
        word = word.removesuffix(name)
    for name in ("$uri", "$document_uri", "$request_uri"):
        if name in word:
            if path is None:
                return None
            word = word.replace(name, path)
    while "//" in word:
        word = word.replace("//", "/")
    return None if "$" in word else word


def _replaced(words: tuple[str, ...], state: _State) -> Iterator[_State]:
    if len(words) < 2:
        yield state
        return
    matches = None if state.path is None else finds(words[0], state.path, cased=True)
    if matches is not True:
        yield state
    if matches is False:
        return
    flag = words[2] if words[2:] and words[2] in _FLAGS else ""
    if words[1].startswith(_ABSOLUTE) or flag in {"redirect", "permanent"}:
        status = 301 if flag == "permanent" else 302
        yield replace(
            state, end=Way(level=state.level, status=status, answers=True, secure=_is_https(state.level, words[1]))
        )
    else:
        yield replace(state, path=_filled(words[1], state.path), end=flag)


def _is_https(level: Scope, target: str) -> bool:
    """Whether a client in clear is sent to https, whatever value a variable has."""
    found = possible(level, target, tls=False)
    return not isinstance(found, Unknown) and all(each.startswith("https://") for each in found)


def _holds(words: tuple[str, ...], path: str | None, known: Mapping[str, str]) -> bool | None:
    """Whether a condition holds for a GET; None where more than that decides."""
    joined = " ".join(words).removeprefix("(").removesuffix(")").split()
    name = joined[0] if joined else ""
    value = path if name in {"$uri", "$document_uri", "$request_uri"} else known.get(name)
    if value is None:
        return None
    if len(joined) == 1:
        return value not in {"", "0"}
    sign, wanted = joined[1], joined[2] if len(joined) == 3 else "" if "" in words and len(joined) == 2 else None
    if wanted is None or "$" in wanted.rstrip("$"):
        return None
    if sign in {"=", "!="}:
        return (value == wanted) is (sign == "=")
    if sign.lstrip("!") not in {"~", "~*"}:
        return None
    found = finds(wanted, value, cased=not sign.endswith("*"))
    return None if found is None else found is not sign.startswith("!")
