"""Which directive holds where: an inner level replaces an outer one, directive by directive (ngx_conf_merge_*)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tlsaudit.config.nginx.parse import Directive
from tlsaudit.model.knowledge import Basis, Origin, Unknown, Why


@dataclass(frozen=True, slots=True)
class Setting:
    """The directives of one name that hold at a level; several where the name may be repeated."""

    directives: tuple[Directive, ...]
    origin: Origin

    @property
    def args(self) -> tuple[str, ...]:
        """The words of the last one."""
        return self.directives[-1].args

    @property
    def word(self) -> str:
        """The first word of the last one, empty where there is none."""
        return self.args[0] if self.args else ""

    @property
    def shipped(self) -> str:
        """What hangs on a file that is not here, and that is taken for what is shipped; empty: nothing."""
        return next((each.shipped for each in self.directives if each.shipped), "")

    @property
    def basis(self) -> Basis:
        """Where the last one stands."""
        return Basis(self.origin, self.directives[-1].at)


@dataclass(frozen=True, slots=True)
class Scope:
    """A block and those around it. `line` is where it is opened, `words` are those before its brace."""

    directives: Sequence[Directive]
    file: str
    line: int
    parent: Scope | None = None
    words: tuple[str, ...] = ()
    beyond: Unknown | None = None
    """Of the outermost level: why what nobody here sets may be set all the same."""
    _by_name: dict[str, tuple[Directive, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Filled when it is first asked: a level of http may hold thousands of servers."""

    def inner(self, block: Directive) -> Scope:
        """The level of a block in this one."""
        return Scope(block.block or (), block.file, block.line, self, block.args)

    def blocks(self, *names: str) -> Iterator[Directive]:
        """The blocks with one of these names at this level, name by name."""
        return (each for name in names for each in self.own(name) if each.block is not None)

    def own(self, name: str) -> tuple[Directive, ...]:
        """The directives of this name at this very level."""
        if not self._by_name:
            grouped: dict[str, list[Directive]] = {}
            for each in self.directives:
                grouped.setdefault(each.name, []).append(each)
            self._by_name.update({each: tuple(found) for each, found in grouped.items()})
        return self._by_name.get(name, ())

    def setting(self, name: str) -> Setting | Unknown | None:
        """What holds here: None where nobody sets it; unknown where a file that is not there may."""
        level: Scope | None = self
        origin = Origin.EXPLICIT
        while level is not None:
            found = level.own(name)
            if found:
                return Setting(found, Origin.DEFAULT if all(each.shipped for each in found) else origin)
            hidden = level.hidden()
            if hidden is not None:
                reason = f"{name} may be set in {hidden.args[0][:200]!r}, which is not in the scanned tree"
                return Unknown(Why.UNRESOLVED, f"{reason} ({hidden.at})")
            if level.parent is None:
                return level.beyond
            level, origin = level.parent, Origin.INHERITED
        return None

    def hidden(self) -> Directive | None:
        """An include at this level of which the content is not known."""
        return next(iter(self.own("include")), None)


def variable(setting: Setting) -> Unknown | None:
    """Why a setting cannot be known, where it has a variable in it."""
    for each in setting.directives:
        word = next((arg for arg in each.args if "$" in arg), None)
        if word is not None:
            return Unknown(Why.UNRESOLVED, f"{each.name} has a variable in it: {word[:100]!r} ({each.at})")
    return None
