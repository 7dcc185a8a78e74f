"""From sections to proxies: which `defaults` hold for which, and what `global` sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tlsaudit.config.haproxy.options import BIND_VALUES, SERVER_VALUES, Option, Options, read_options
from tlsaudit.config.haproxy.parse import Line, Section
from tlsaudit.model.knowledge import Basis, Origin, Unknown

_PROXIES = frozenset({"frontend", "backend", "listen", "peers", "log-forward", "ring"})
_WITHOUT_DEFAULTS = frozenset({"peers", "log-forward", "ring"})
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Proxy:
    """A section that listens or passes on, and the `defaults` that hold for it, the outermost first."""

    section: Section
    defaults: tuple[Section, ...]
    bind_defaults: Options = field(default_factory=Options)
    server_defaults: Options = field(default_factory=Options)
    """What `global` sets for bind and server lines above the section; what stands below changes nothing (2.6)."""

    @property
    def title(self) -> str:
        """Its name."""
        return self.section.title or self.section.kind

    def own(self, *names: str) -> Iterator[Line]:
        """Lines of the section itself."""
        return self.section.all(*names)

    def lines(self, *names: str) -> Iterator[tuple[Line, Origin]]:
        """Lines of the defaults, then those of the section."""
        for each in self.defaults:
            yield from ((line, Origin.INHERITED) for line in each.all(*names))
        yield from ((line, Origin.EXPLICIT) for line in self.section.all(*names))

    def binds(self) -> Iterator[tuple[Line, Options]]:
        """The bind lines with their options; `default-bind` (of peers) holds for those behind it."""
        options = Options()
        for line in self.own("default-bind", "bind"):
            if line.name == "default-bind":
                options = options.then(read_options(line.args, BIND_VALUES, line, origin=Origin.INHERITED))
            elif line.args:
                yield line, options.then(read_options(line.args[1:], BIND_VALUES, line))

    def setting(self, name: str) -> Option | Unknown | None:
        """The one that holds, of keywords of which the last one counts."""
        options = Options(
            tuple(
                Option(name, line.args[0] if line.args else "", Basis(origin, line.at), line.doubt)
                for line, origin in self.lines(name)
            )
        )
        return options.last(name)

    @property
    def speaks_http(self) -> bool:
        """Whether `mode http` holds; the product's own default is tcp."""
        mode = self.setting("mode")
        return isinstance(mode, Option) and mode.value == "http"


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration, of one file or several."""

    globals: Options
    bind: Options
    """What `global` sets for bind lines that come behind it."""
    proxies: tuple[Proxy, ...]
    stores: tuple[Section, ...]
    logs: tuple[Line, ...]
    """The `log` lines of `global`."""
    sockets: tuple[Line, ...]
    """Its `stats socket` lines, at which HAProxy itself is spoken to."""

    def backends(self) -> Mapping[str, Proxy]:
        """What can be passed on to, by name."""
        return {each.title: each for each in self.proxies if each.section.kind in {"backend", "listen"}}


def assemble(sections: Sequence[Section]) -> Config:
    """The configuration that these sections are, in their order."""
    proxies: list[Proxy] = []
    named: dict[str, tuple[Section, ...]] = {}
    latest: tuple[Section, ...] = ()
    bind, server = Options(), Options()
    for section in sections:
        if section.kind == "global":
            bind = bind.then(_defaults_of(section.lines, "ssl-default-bind-", BIND_VALUES))
            server = server.then(_defaults_of(section.lines, "ssl-default-server-", SERVER_VALUES))
        elif section.kind == "defaults":
            latest = (*_origin(section, named, ()), section)[-_DEEPEST:]
            if section.title:
                named[section.title] = latest
        elif section.kind in _PROXIES:
            chosen = _origin(section, named, latest)
            proxies.append(Proxy(section, chosen if section.kind not in _WITHOUT_DEFAULTS else (), bind, server))
    lines = [line for section in sections if section.kind == "global" for line in section.lines]
    plain = [
        Option(line.name, line.args[0] if line.args else "", Basis(Origin.INHERITED, line.at), line.doubt)
        for line in lines
    ]
    return Config(
        globals=Options(tuple(plain)),
        bind=bind,
        proxies=tuple(proxies),
        stores=tuple(each for each in sections if each.kind == "crt-store"),
        logs=tuple(line for line in lines if line.name == "log"),
        sockets=tuple(line for line in lines if line.name == "stats" and line.args[:1] == ("socket",)),
    )


def _origin(
    section: Section, named: Mapping[str, tuple[Section, ...]], otherwise: tuple[Section, ...]
) -> tuple[Section, ...]:
    """The defaults that `from` names, else those that hold without it."""
    words = section.opened.args
    if "from" not in words:
        return otherwise
    place = words.index("from") + 1
    return named.get(words[place], otherwise) if place < len(words) else otherwise


def _defaults_of(lines: Sequence[Line], prefix: str, values: frozenset[str]) -> Options:
    """`ssl-default-bind-ciphers X` as the option `ciphers X`, and so on."""
    found = Options()
    for line in lines:
        if not line.name.startswith(prefix):
            continue
        rest = line.name.removeprefix(prefix)
        words = line.args if rest == "options" else (rest, *line.args[:1])
        found = found.then(read_options(words, values, line, origin=Origin.INHERITED))
    return found
