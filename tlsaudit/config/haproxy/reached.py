"""Who gets to the application without a client certificate: over TLS where one is optional, or without TLS.

Follows the rules in the order in which HAProxy runs them, as `headers` does; those of a backend behind the frontend's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from tlsaudit.config.haproxy.acl import ABOUT_CERTIFICATE, Acls, Asked, acls, applies, condition
from tlsaudit.config.haproxy.addresses import address_of
from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.routes import speaks_tls
from tlsaudit.config.haproxy.sections import Config, Proxy
from tlsaudit.config.haproxy.words import is_unresolved
from tlsaudit.config.local import is_local
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

_REFUSALS = frozenset({"deny", "tarpit", "auth", "reject", "silent-drop", "redirect"})
_OK = ("200", "201", "202", "203", "204")
_REWRITES = ("set-path", "replace-path", "set-uri", "replace-uri", "set-method", "lua.")
_MOST_STEPS = 100_000
_MOST_WAYS = 20
"""In clear, to one section: one is enough for a finding."""
_RULES = ("tcp-request", "http-request")
_OF_CERTIFICATES = (ABOUT_CERTIFICATE, "ssl_fc_has_crt")
_OVER_TLS = Asked(path="/", method="GET")
_ANYTHING = Asked(certificate=False)
_ROOT = Asked(path="/", method="GET", certificate=False)


@dataclass(frozen=True, slots=True)
class _Plain:
    """A socket in clear; `doubt`: the line on which it hangs whether clients are served there."""

    where: str
    host: str
    line: Line
    doubt: Line | None = None


@dataclass(slots=True)
class Ways:
    """Where requests get to, by the title of the section that answers, and the line on which that hangs, if any."""

    config: Config
    left: int = _MOST_STEPS
    found: dict[int, Mapping[str, Line | None]] = field(default_factory=dict)
    """Over TLS, by section: looked for once."""

    plain: dict[str, list[_Plain]] | None = None
    """The sockets in clear by the sections that answer there."""
    refusing: dict[int, Known[bool] | Unknown | None] = field(default_factory=dict)

    def past(self, proxy: Proxy, host: str) -> dict[str, Fact[ClientAuthMode]]:
        """The ways in clear to what clients get to over TLS; those on the machine itself count there alone."""
        if self.plain is None:
            self.plain = {}
            for each, titles in self._in_clear():
                for title, doubt in titles.items():
                    self.plain.setdefault(title, []).append(replace(each, doubt=doubt))
        found: dict[str, Fact[ClientAuthMode]] = {}
        for title in self.over_tls(proxy):
            near = (each for each in self.plain.get(title, ()) if is_local(host) or not is_local(each.host))
            for each in islice(near, _MOST_WAYS):
                if each.doubt is None:
                    found[each.where] = Known(ClientAuthMode.NONE, Basis(Origin.EXPLICIT, each.line.at))
                else:
                    reason = f"whether clients are served {each.where} hangs on a condition ({each.doubt.at})"
                    found.setdefault(each.where, Unknown(Why.UNRESOLVED, reason))
        return found

    def _in_clear(self) -> Iterator[tuple[_Plain, Mapping[str, Line | None]]]:
        for proxy in self.config.proxies:
            for line, own in proxy.binds():
                if speaks_tls(line, own) is not False:
                    continue
                for address in line.args[0].split(","):
                    host, port = address_of(address)
                    if port is not None:
                        where = f"in clear at {proxy.title}:{port}"
                        asked = replace(_ROOT, tls=False, port=port)
                        yield _Plain(where, host, line), self.reached(proxy, asked)

    def over_tls(self, proxy: Proxy) -> Mapping[str, Line | None]:
        """What clients get to over TLS."""
        if id(proxy) not in self.found:
            self.found[id(proxy)] = self.reached(proxy, _OVER_TLS)
        return self.found[id(proxy)]

    def enforced(self, proxy: Proxy) -> Known[bool] | Unknown | None:
        """Whether everybody without a certificate is refused, whatever he asks for; None: nobody for `/`, or all."""
        if id(proxy) not in self.refusing:
            self.refusing[id(proxy)] = self._enforced(proxy)
        return self.refusing[id(proxy)]

    def _enforced(self, proxy: Proxy) -> Known[bool] | Unknown | None:
        root = self.reached(proxy, _ROOT)
        if not self.over_tls(proxy) or any(line is None for line in root.values()):
            return None
        anywhere = self.reached(proxy, _ANYTHING)
        line = next(iter((*root.values(), *anywhere.values())), None)
        if not root and not anywhere:
            refusing = next(_refusals(proxy), proxy.section.opened)
            return Known(True, Basis(Origin.EXPLICIT, refusing.at))
        at = line.at if line is not None else proxy.section.opened.at
        return Unknown(Why.UNRESOLVED, f"whether clients without a certificate are refused hangs on a condition ({at})")

    def reached(self, proxy: Proxy, asked: Asked) -> dict[str, Line | None]:
        """The sections that answer such a request other than with a refusal."""
        found: dict[str, Line | None] = {}
        passed = self._passes(proxy, asked, found, None)
        if passed is None:
            return found
        asked, doubt = passed
        for backend, chosen in self._backends(proxy, asked):
            hangs_on = doubt or chosen
            if backend is None or backend is proxy:
                _add(found, proxy.title if backend is proxy else "", hangs_on)
                continue
            behind = self._passes(backend, asked, found, hangs_on)
            if behind is not None:
                _add(found, backend.title, behind[1])
        return found

    def _passes(
        self, proxy: Proxy, asked: Asked, found: dict[str, Line | None], doubt: Line | None
    ) -> tuple[Asked, Line | None] | None:
        """What gets past the rules of a section, and on which line that hangs; None: nothing."""
        named = acls(proxy)
        spared: Line | None = None  # by which some may get past the refusals behind it
        for line in self._rules(proxy):
            self.left -= 1
            if self.left < 0:
                return asked, line
            action = _action(line)
            if action.startswith(_REWRITES):
                asked = replace(asked, path=None, method=None)
                continue
            verdict = applies(named, line, asked)
            if verdict is False:
                continue
            if action == "return" and _is_ok(line):
                _add(found, proxy.title, doubt if verdict else line)
            if action in _REFUSALS or action == "return":
                if verdict:
                    return None if spared is None else (asked, spared)
                doubt = doubt or (line if _counts(named, line, asked) else None)
            elif action == "allow":
                if verdict:
                    return asked, doubt
                spared = spared or line
        return asked, doubt

    def _rules(self, proxy: Proxy) -> Iterator[Line]:
        for keyword in (*(_RULES if proxy.speaks_http else _RULES[:1]), *(("redirect",) if proxy.speaks_http else ())):
            yield from (line for line, _ in proxy.lines(keyword) if line.args)

    def _backends(self, proxy: Proxy, asked: Asked) -> Iterator[tuple[Proxy | None, Line | None]]:
        """Where requests go on to, and the line on which that hangs; None: that is not in the text."""
        named, backends = acls(proxy), self.config.backends()
        default = [line for line, _ in proxy.lines("default_backend") if line.args][-1:]
        use = [line for line, _ in proxy.lines("use_backend") if line.args]
        for line in (*use, *default):
            verdict = applies(named, line, asked)
            if verdict is False:
                continue
            name = line.args[0]
            if "%[" in name or is_unresolved(name):
                yield None, line
            else:
                yield backends.get(name), None if verdict else line
                if verdict:
                    return
        if proxy.section.kind == "listen":
            yield proxy, None


def _add(found: dict[str, Line | None], title: str, doubt: Line | None) -> None:
    if title and (title not in found or doubt is None):
        found[title] = doubt


def _action(line: Line) -> str:
    if line.name == "redirect":
        return line.name
    if line.name == "tcp-request":  # connection, session or content, and what is done
        return next((each for each in line.args[1:2] if each == "reject"), "")
    return line.args[0]


def _is_ok(line: Line) -> bool:
    words = line.args
    place = words.index("status") + 1 if "status" in words else len(words)
    return place >= len(words) or words[place] in _OK


def _refusals(proxy: Proxy) -> Iterator[Line]:
    lines = (line for line, _ in proxy.lines("http-request") if line.args)
    return (line for line in lines if line.args[0] in _REFUSALS)


def _counts(named: Acls, line: Line, asked: Asked) -> bool:
    """Whether a refusal that nobody can decide may be that of clients without a certificate; in clear any may be."""
    if not asked.tls:
        return True
    found = condition(line.args)
    words = list(found[1]) if found is not None else []
    told = [*words, *(word for name in words for each in named.get(name.lstrip("!"), ()) for word in each.args)]
    return any(each.startswith(_OF_CERTIFICATES) for each in told)
