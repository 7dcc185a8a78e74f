"""How sure we are: what is known, from where, and why the rest is not.

The three shapes here carry every fact. A rule that needs what is unknown raises `Undecided` without doing anything
for it, so that no rule can turn "not asked" into "pass".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NoReturn, TypeAlias, TypeVar

from tlsaudit.model.errors import TlsauditError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Origin(StrEnum):
    """How a value came to be known."""

    OBSERVED = "observed"
    DERIVED = "derived"
    EXPLICIT = "explicit"
    INHERITED = "inherited"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a value comes from; `at` is a probe ("probe:7") or a place in a file ("deploy/nginx.conf:3")."""

    origin: Origin
    at: str


class Why(StrEnum):
    """Why a value is unknown."""

    NOT_ASKED = "not_asked"
    NO_ANSWER = "no_answer"
    UNSTABLE = "unstable"
    UNRESOLVED = "unresolved"
    UNSUPPORTED = "unsupported"


class Undecided(TlsauditError):  # noqa: N818 - a state of knowledge, not an error
    """A fact that is needed is unknown."""

    def __init__(self, unknown: Unknown) -> None:
        super().__init__(unknown.detail or unknown.why.value)
        self.unknown = unknown


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """A value and its basis."""

    value: T_co
    basis: Basis

    def need(self) -> T_co:
        """The value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Unknown:
    """The absence of a value, with its reason; `detail` is one sentence for people."""

    why: Why
    detail: str = ""

    def need(self) -> NoReturn:
        """Raise `Undecided`: there is no value to give."""
        raise Undecided(self)


Fact: TypeAlias = Known[T] | Unknown

NOT_ASKED = Unknown(Why.NOT_ASKED)


def surely(fact: Fact[T], value: T) -> bool:
    """Whether a fact is known, and is this."""
    return isinstance(fact, Known) and fact.value == value


@dataclass(frozen=True, slots=True)
class Seen(Generic[T_co]):
    """One item of an enumeration that was accepted, with the basis that proves it."""

    item: T_co
    basis: Basis


@dataclass(frozen=True, slots=True)
class Tried(Generic[T]):
    """An enumeration: what was accepted (in the order it was found), what was refused, why the rest is unknown."""

    accepted: Mapping[T, Basis] = field(default_factory=dict)
    refused: frozenset[T] = frozenset()
    rest: Unknown = NOT_ASKED

    def any(self, bad: Iterable[T]) -> tuple[Seen[T], ...]:
        """The accepted ones among `bad`, each with its basis; an empty tuple says that all of them were refused.

        Raises Undecided if none of `bad` was accepted and some were neither accepted nor refused.
        """
        wanted = frozenset(bad)
        seen = tuple(Seen(item, basis) for item, basis in self.accepted.items() if item in wanted)
        if not seen and wanted - self.refused:
            self.rest.need()
        return seen

    def all_of(self, bad: Iterable[T]) -> tuple[Seen[T], ...]:
        """As `any`, but raises Undecided whenever some of `bad` is unknown: for rules that need the whole list."""
        wanted = frozenset(bad)
        if wanted - self.refused - self.accepted.keys():
            self.rest.need()
        return tuple(Seen(item, basis) for item, basis in self.accepted.items() if item in wanted)

    def offers(self, item: T) -> bool:
        """Whether `item` was accepted; raises Undecided if that is unknown."""
        return bool(self.any((item,)))
