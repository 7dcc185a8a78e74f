"""Which sections pass on to which: whether what gets to a backend came over TLS, and whose log it is in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tlsaudit.config.haproxy.acl import acls, applies
from tlsaudit.config.haproxy.options import Options
from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.sections import Config, Proxy
from tlsaudit.config.haproxy.words import is_unresolved
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

QUIC = ("quic4@", "quic6@", "quic@")
_MOST_PATTERNS = 100


def speaks_tls(line: Line, own: Options) -> bool | None:
    """Whether a bind line speaks TLS; None: its options come from elsewhere, or a condition decides."""
    if line.args[0].startswith(QUIC):
        return True
    if any(own.all("ssl")):
        return None if line.doubt is not None else True
    return None if own.hidden is not None else False


@dataclass(frozen=True, slots=True)
class Named:
    """A section that listens and passes on to a backend, and the place where it says so."""

    proxy: Proxy
    at: str
    tls: bool | None
    pattern: tuple[str, str] | None = None
    """Start and end of the names of backends that a variable stands for."""


@dataclass(slots=True)
class Routes:
    """All ways from sections that listen to backends."""

    by_name: dict[str, list[Named]] = field(default_factory=dict)
    by_pattern: list[Named] = field(default_factory=list)
    listening: dict[int, Named] = field(default_factory=dict)

    def to(self, backend: Proxy) -> tuple[Named, ...]:
        """Who passes on to a backend for certain; itself, where it listens."""
        own = self.listening.get(id(backend))
        return (*((own,) if own is not None else ()), *self.by_name.get(backend.title, ()))

    def terminated(self, backend: Proxy, place: Basis) -> Fact[bool]:
        """Whether what gets to a backend came over TLS that ends here."""
        if not self.listening:
            return Unknown(Why.NOT_ASKED, "left to the frontends that this is for, which are not here")
        named = self.to(backend)
        sure = next((each for each in named if each.tls), None)
        if sure is not None:
            return Known(True, Basis(Origin.DERIVED, sure.at))
        perhaps = next((each for each in (*named, *self._by_variable(backend)) if each.tls is not False), None)
        if perhaps is None:
            return Known(False, place)
        if not named and perhaps.tls:  # what nobody names is there for the variable
            return Known(True, Basis(Origin.DERIVED, perhaps.at))
        return Unknown(Why.UNRESOLVED, f"what comes here over TLS, if anything, is decided elsewhere ({perhaps.at})")

    def _by_variable(self, backend: Proxy) -> Iterator[Named]:
        if backend.section.kind != "backend":
            return
        for each in self.by_pattern:
            start, end = each.pattern or ("", "")
            if backend.title.startswith(start) and backend.title.endswith(end):
                yield each


def routes(config: Config) -> Routes:
    """The ways of a configuration."""
    found = Routes()
    for proxy in config.proxies:
        binds = list(proxy.binds())
        if not binds:
            continue
        verdicts = [speaks_tls(line, own) for line, own in binds]
        tls = True if True in verdicts else None if None in verdicts else False
        first, _ = binds[verdicts.index(tls)]
        found.listening[id(proxy)] = Named(proxy, first.at, tls)
        for line, is_for_tls in _rules(proxy, tls=tls):
            _add(found, Named(proxy, line.at, is_for_tls), line.args[0])
    return found


def _rules(proxy: Proxy, *, tls: bool | None) -> Iterator[tuple[Line, bool | None]]:
    """The rules that choose a backend, and whether what comes over TLS gets there by them."""
    named = acls(proxy)
    for line, _ in proxy.lines("use_backend", "default_backend"):
        if line.args:
            yield line, tls if tls is False or applies(named, line) is not False else False


def _add(found: Routes, named: Named, word: str) -> None:
    if not is_unresolved(word) and "%[" not in word:
        found.by_name.setdefault(word, []).append(named)
        return
    start = word[: min(place for sign in ("%[", "${") if (place := word.find(sign)) >= 0)]
    end = word[max(word.rfind("]"), word.rfind("}")) + 1 :]
    same = any(each.pattern == (start, end) and each.tls is named.tls for each in found.by_pattern)
    if not same:
        pattern = (start, end) if len(found.by_pattern) < _MOST_PATTERNS else ("", "")
        found.by_pattern.append(Named(named.proxy, named.at, named.tls, pattern))


def is_logged(config: Config, ways: Sequence[Named]) -> bool:
    """Whether what goes through all these sections is logged: failed handshakes with servers are seen there."""
    return all(_has_log(config, each.proxy) for each in ways)


def _has_log(config: Config, proxy: Proxy) -> bool:
    on = False
    for line, _ in proxy.lines("log", "no"):
        if line.name == "no":
            on = on and line.args[:1] != ("log",)
        else:
            on = line.args[:1] != ("global",) or bool(config.logs)
    return on
