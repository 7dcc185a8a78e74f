"""Which directive holds where: a virtual host's own, else that of the main server (ssl_engine_config.c, cfgMerge)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.tree import is_pattern
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why


@dataclass(frozen=True, slots=True)
class Setting:
    """A directive that holds, and whether the level itself has it."""

    directive: Directive
    origin: Origin

    @property
    def args(self) -> tuple[str, ...]:
        """The words behind its name."""
        return self.directive.args

    @property
    def word(self) -> str:
        """The first of them, empty where there is none."""
        return self.directive.word

    @property
    def basis(self) -> Basis:
        """Where it stands."""
        return Basis(self.origin, self.directive.at)


Wanted = Callable[[Directive], bool]


class Level:
    """The directives of the main server, of a virtual host or of a section, and those around it.

    `beyond`, of the outermost one: why what nobody here sets may be set all the same.
    """

    def __init__(
        self, directives: Sequence[Directive], around: Level | None = None, beyond: Unknown | None = None
    ) -> None:
        self.directives = directives
        self.around = around
        self.beyond = beyond
        self._by_name: dict[str, list[tuple[int, Directive]]] = {}
        self._hidden: list[tuple[int, Directive]] = []
        for place, each in enumerate(directives):
            if each.hidden:
                self._hidden.append((place, each))
            else:
                self._by_name.setdefault(each.name, []).append((place, each))

    def others(self, name: str) -> tuple[Directive, ...]:
        """The directives of any other name: a main server may have thousands of virtual hosts among them."""
        pairs = [pair for key, found in self._by_name.items() if key != name for pair in found]
        return tuple(each for _, each in sorted(pairs, key=lambda pair: pair[0]))

    def own(self, name: str) -> tuple[Directive, ...]:
        """The directives of this name at this very level."""
        return tuple(each for _, each in self._by_name.get(name, ()))

    def sections(self, *names: str) -> tuple[Directive, ...]:
        """The sections with one of these names at this level, in their order."""
        found = [pair for name in names for pair in self._by_name.get(name, ()) if pair[1].block is not None]
        return tuple(each for _, each in sorted(found, key=lambda pair: pair[0]))

    def setting(self, name: str, wanted: Wanted = lambda _: True) -> Setting | Unknown | None:
        """What holds here: the last one. None where nobody sets it; unknown where that is left open."""
        level: Level | None = self
        origin = Origin.EXPLICIT
        while level is not None:
            found = level.last(name, wanted, origin)
            if found is not None:
                return found
            if level.around is None:
                return level.beyond
            level, origin = level.around, Origin.INHERITED
        return None

    def written(self, name: str) -> str | None:
        """The first word of what is written here or around: who names a host does not leave the name to an include."""
        own = self.own(name)
        if own:
            return own[-1].word
        return self.around.written(name) if self.around is not None else None

    def all(self, name: str) -> tuple[Setting, ...] | Unknown:
        """All that hold here where each adds to those before, outer ones first."""
        outer = self.around.all(name) if self.around is not None else ()
        if isinstance(outer, Unknown):
            return outer
        for each in self.own(name):
            problem = _open(each)
            if problem is not None:
                return problem
        inherited = tuple(Setting(each.directive, Origin.INHERITED) for each in outer)
        return inherited + tuple(Setting(each, Origin.EXPLICIT) for each in self.own(name))

    def hidden(self) -> Directive | None:
        """What this level takes in from a file that is not here."""
        return self._hidden[0][1] if self._hidden else None

    def last(self, name: str, wanted: Wanted, origin: Origin) -> Setting | Unknown | None:
        """What this very level says; None where it says nothing."""
        found = next((pair for pair in reversed(self._by_name.get(name, ())) if wanted(pair[1])), None)
        place = found[0] if found is not None else -1
        # Whoever writes a setting and takes in a whole folder below it does not mean to replace it there.
        later = (each for at, each in self._hidden if at > place and (found is None or not is_pattern(each.word)))
        hidden = next(later, None)
        if hidden is not None:
            return not_here(name, hidden)
        if found is None:
            return None
        return _open(found[1]) or Setting(found[1], Origin.DEFAULT if found[1].shipped else origin)


def not_here(what: str, include: Directive) -> Unknown:
    """Why something is not known that a file may set which is not here."""
    word = include.word[:200]
    copy = f"; a copy at {word.lstrip('/')!r} there would be read" if word.startswith("/") else ""
    reason = f"{what} may be set by {include.name} {word!r}, which is not in the scanned tree{copy} ({include.at})"
    return Unknown(Why.UNRESOLVED, reason)


def _open(directive: Directive) -> Unknown | None:
    """Why what a directive says cannot be known."""
    if directive.doubt is not None:
        return Unknown(Why.UNRESOLVED, directive.doubt)
    if "${" in directive.raw:
        reason = f"{directive.name} has a variable in it: {directive.raw[:100]!r} ({directive.at})"
        return Unknown(Why.UNRESOLVED, reason)
    return None


def flag(setting: Setting | Unknown | None, place: Basis, *, default: bool = False) -> Fact[bool]:
    """Whether a directive says on."""
    if isinstance(setting, Unknown):
        return setting
    return Known(default, place) if setting is None else Known(setting.word.lower() == "on", setting.basis)
