"""What the rules ask of the registries: sets of suites and groups, by code, and the failures that members prove.

A set spans every suite (or group) that exists at a version, not only those that were asked, so that `Tried.any`
raises `Undecided` where a bad one may have been left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tlsaudit.data.groups import GROUPS, NamedGroup, group_name, groups_for
from tlsaudit.data.suites import SUITES, CipherSuite, suite_name, suites_for
from tlsaudit.model.facts import GroupAt, SuiteAt
from tlsaudit.model.knowledge import Basis, Fact, Known, Seen, Unknown
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity
from tlsaudit.rules.rule import Case

T = TypeVar("T")
SuiteTest = Callable[[CipherSuite], bool]
GroupTest = Callable[[NamedGroup], bool]

LEGACY_VERSIONS = (ProtocolVersion.SSL_3, ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1)
"""Versions below TLS 1.2 whose handshake is that of TLS; SSL 2.0 is another protocol."""
BELOW_TLS_1_3 = (*LEGACY_VERSIONS, ProtocolVersion.TLS_1_2)
GROUP_VERSIONS = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
"""The versions at which named groups are tried."""


def suites_where(wanted: SuiteTest, versions: Iterable[ProtocolVersion] = ProtocolVersion) -> frozenset[SuiteAt]:
    """Every suite that exists at one of the versions, SSL 2.0 apart, and for which `wanted` holds."""
    return frozenset((version, suite.code) for version in versions for suite in suites_for(version) if wanted(suite))


def groups_where(wanted: GroupTest) -> frozenset[GroupAt]:
    """Every named group that exists at TLS 1.2 or 1.3 and for which `wanted` holds."""
    every = ((version, group) for version in GROUP_VERSIONS for group in groups_for(version))
    return frozenset((version, group.code) for version, group in every if wanted(group))


def suite_of(pair: SuiteAt) -> CipherSuite | None:
    """The registry's entry for an accepted suite; None for a code that no registry knows."""
    return SUITES.get(pair[1])


def newest_version(case: Case) -> ProtocolVersion | None:
    """The newest accepted version, None where none is; raises Undecided where a newer one is unknown."""
    for version in reversed(ProtocolVersion):
        if case.facts.protocols.offers(version):
            return version
    return None


def speaks(*versions: ProtocolVersion) -> Callable[[Case], bool]:
    """The rule makes sense where one of the versions is accepted."""

    def applies(case: Case) -> bool:
        return bool(case.facts.protocols.any(versions))

    return applies


def sure(fact: Fact[T]) -> Known[T]:
    """The fact with its basis; raises Undecided where it is unknown."""
    if isinstance(fact, Unknown):
        fact.need()
    return fact


def suite_fails(
    seen: Iterable[Seen[SuiteAt]], *, severity: Severity | None = None, cap: Cap | None = None
) -> Iterator[Fail]:
    """One `Fail` a cipher suite, naming the versions that accept it."""
    for code, versions, bases in _by_code(seen):
        yield Fail(f"{suite_name(code)} at {versions}", bases, severity=severity, cap=cap)


def group_fails(seen: Iterable[Seen[GroupAt]]) -> Iterator[Fail]:
    """One `Fail` a named group, naming the versions that accept it."""
    for code, versions, bases in _by_code(seen):
        yield Fail(f"{group_name(code)} at {versions}", bases)


def suite_code(name: str) -> int | None:
    """The code of the suite with this IANA name."""
    return next((code for code, suite in SUITES.items() if suite.name == name), None)


def group_code(name: str) -> int | None:
    """The code of the named group with this IANA name."""
    return next((code for code, group in GROUPS.items() if group.name == name), None)


def _by_code(seen: Iterable[Seen[tuple[ProtocolVersion, int]]]) -> Iterator[tuple[int, str, tuple[Basis, ...]]]:
    found: dict[int, list[Seen[tuple[ProtocolVersion, int]]]] = {}
    for each in seen:
        found.setdefault(each.item[1], []).append(each)
    for code, members in found.items():
        versions = sorted({each.item[0] for each in members}, key=lambda version: version.rank)
        yield code, ", ".join(versions), tuple(each.basis for each in members)
