"""Endpoints that should be one, such as the addresses of a name, folded into what differs between them.

Pure: facts in, differences out. What was accepted by one and refused by another is a difference. What is unknown of
one of them is neither a difference nor agreement: it is listed as `unknown`, unless nobody was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tlsaudit.data.groups import group_name
from tlsaudit.data.suites import SSL2_CIPHERS, suite_name
from tlsaudit.model.facts import Facts, HttpAnswer
from tlsaudit.model.knowledge import Fact, Known, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

ItemAt = tuple[ProtocolVersion, int]

_MOST_NAMED = 6
_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One aspect in which members differ. `values`: what is there -> the members that have it."""

    aspect: str
    values: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        """The aspect and who has what, in a line."""
        found = (f"{value} at {_some(members)}" for value, members in self.values.items())
        return f"{self.aspect}: {', '.join(found)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs, and what could not be compared, with the reason."""

    differences: tuple[Difference, ...]
    unknown: tuple[tuple[str, Unknown], ...]


def fold(members: Mapping[str, Facts]) -> Comparison:
    """How the members differ in versions, suites, groups, certificates, chains, client authentication and HSTS."""
    aspects = [*_enumerations(members), *_single(members)]
    return Comparison(
        differences=tuple(each for each in aspects if isinstance(each, Difference)),
        unknown=tuple(each for each in aspects if not isinstance(each, Difference)),
    )


def _enumerations(members: Mapping[str, Facts]) -> Iterator[Difference | tuple[str, Unknown]]:
    """Versions one by one; suites and groups by version, for what is accepted somewhere."""
    protocols = {name: facts.protocols for name, facts in members.items()}
    for version in ProtocolVersion:
        yield from _tried(f"{version}", protocols, version)
    for kind, pick, name in (
        ("cipher suite", _suites_of, _suite_name),
        ("group", _groups_of, lambda item: group_name(item[1])),
    ):
        tried = {member: pick(facts) for member, facts in members.items()}
        for item in dict.fromkeys(item for each in tried.values() for item in each.accepted):
            speaking = {
                member: each for member, each in tried.items() if item[0] not in members[member].protocols.refused
            }
            yield from _tried(f"{item[0]} {kind} {name(item)}", speaking, item)


def _suites_of(facts: Facts) -> Tried[ItemAt]:
    return facts.cipher_suites


def _groups_of(facts: Facts) -> Tried[ItemAt]:
    return facts.groups


def _suite_name(item: ItemAt) -> str:
    version, code = item
    if version is ProtocolVersion.SSL_2:
        return SSL2_CIPHERS[code].name if code in SSL2_CIPHERS else f"0x{code:06X}"
    return suite_name(code)


def _tried(
    aspect: str,
    tried: Mapping[str, Tried[ProtocolVersion]] | Mapping[str, Tried[ItemAt]],
    item: ProtocolVersion | ItemAt,
) -> Iterator[Difference | tuple[str, Unknown]]:
    """Whether one item of an enumeration is accepted, compared."""
    values: dict[str, list[str]] = {}
    unknown: Unknown | None = None
    for member, each in tried.items():
        if item in each.accepted:
            values.setdefault("accepted", []).append(member)
        elif item in each.refused:
            values.setdefault("refused", []).append(member)
        else:
            unknown = each.rest
    yield from _compared(aspect, values, unknown)


def _single(members: Mapping[str, Facts]) -> Iterator[Difference | tuple[str, Unknown]]:
    aspects: tuple[tuple[str, Callable[[Facts], Fact[str]]], ...] = (
        ("leaf certificate", _leaves),
        ("chain", _chains),
        ("client authentication", _client_auth),
        ("HSTS", _hsts),
    )
    for aspect, value_of in aspects:
        values: dict[str, list[str]] = {}
        unknown: Unknown | None = None
        for member, facts in members.items():
            fact = value_of(facts)
            if isinstance(fact, Known):
                values.setdefault(fact.value[:_LONGEST_VALUE], []).append(member)
            else:
                unknown = fact
        yield from _compared(aspect, values, unknown)


def _compared(
    aspect: str, values: Mapping[str, list[str]], unknown: Unknown | None
) -> Iterator[Difference | tuple[str, Unknown]]:
    if len(values) > 1:
        yield Difference(aspect=aspect, values={value: tuple(members) for value, members in values.items()})
    if unknown is not None and (values or unknown.why is not Why.NOT_ASKED):
        yield aspect, unknown


def _leaves(facts: Facts) -> Fact[str]:
    """The leaf certificates by the start of their SHA-256, as reports and browsers show it."""
    deployments = facts.certificate_deployments
    if isinstance(deployments, Unknown):
        return deployments
    for each in deployments.value:
        if isinstance(each.leaf, Unknown):
            return each.leaf
    leaves = sorted(each.leaf.need().sha256[:16] for each in deployments.value)
    return Known(" and ".join(leaves) or "none", deployments.basis)


def _chains(facts: Facts) -> Fact[str]:
    deployments = facts.certificate_deployments
    if isinstance(deployments, Unknown):
        return deployments
    for each in deployments.value:
        if isinstance(each.analysis, Unknown):
            return each.analysis
    chains = sorted({each.analysis.need().status.value for each in deployments.value})
    return Known(" and ".join(chains) or "none", deployments.basis)


def _client_auth(facts: Facts) -> Fact[str]:
    mode = facts.client_auth.mode
    return Known(mode.value.value, mode.basis) if isinstance(mode, Known) else mode


def _hsts(facts: Facts) -> Fact[str]:
    fact = facts.http
    return Known(_hsts_of(fact.value), fact.basis) if isinstance(fact, Known) else fact


def _hsts_of(answer: HttpAnswer | None) -> str:
    if answer is None:
        return "no HTTP"
    return answer.hsts.raw if answer.hsts is not None else "none"


def _some(members: Iterable[str]) -> str:
    names = list(members)
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
