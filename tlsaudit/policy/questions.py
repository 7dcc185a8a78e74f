"""What gate mode has to offer under a policy: found by asking the rules themselves.

The rules get the facts of an endpoint that accepts everything there is, each suite and group with a basis of its own;
the bases of what they find wrong say what is forbidden, and the severities under the policy how badly. So there is no
second list that could differ from the rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from tlsaudit.data.groups import groups_for
from tlsaudit.data.suites import suites_for
from tlsaudit.model.facts import Endpoint, Facts, GroupAt, Session, SuiteAt
from tlsaudit.model.forbidden import Forbidden
from tlsaudit.model.knowledge import Basis, Known, Origin, Tried, Undecided
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Severity
from tlsaudit.policy.policy import FLOOR, Policy
from tlsaudit.rules import CATALOGUE
from tlsaudit.rules.rule import Case

T = TypeVar("T")

_WITH_GROUPS = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
POST_QUANTUM = "group/post-quantum"
"""What a policy lists that requires any group with ML-KEM."""
_RENEGOTIATION = "session/client-renegotiation"
_PARAMETERS = {"DHE", "DH_anon", "DHE_PSK"}
"""Key exchanges whose parameters the server makes up, and may make too small."""
_LEAST_APART = 16
"""Fewer than this at a version are one list: what is accepted is taken out and the rest asked again in any case."""
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""No rule on suites and groups looks at the time."""
_ANYWHERE = Basis(Origin.DERIVED, "")


def what_is_forbidden(policy: Policy) -> Forbidden:
    """The suites and groups that cost an endpoint a finding of severity low or worse under `policy`.

    With them go the groups of which it requires one: that all of them are refused is only known when they are asked;
    suites with parameters that it permits; and renegotiation, where it counts on that.
    """
    suites: dict[str, SuiteAt] = {
        f"suite {version} {suite.code}": (version, suite.code)
        for version in ProtocolVersion
        for suite in suites_for(version)
    }
    groups: dict[str, GroupAt] = {
        f"group {version} {group.code}": (version, group.code)
        for version in _WITH_GROUPS
        for group in groups_for(version)
    }
    worst = _worst(policy, _case(policy, suites, groups))
    bad_suites, bad_groups = _by_version(suites, worst), _by_version(groups, worst)
    return Forbidden(
        suites={version: tuple(_apart(items)) for version, items in bad_suites.items()},
        groups={
            version: tuple(sorted(items, key=lambda code: -items[code].rank)) for version, items in bad_groups.items()
        },
        required_groups={version: _required(policy, version, bad_groups[version]) for version in _WITH_GROUPS},
        with_parameters=tuple(
            suite.code
            for suite in suites_for(ProtocolVersion.TLS_1_2)
            if suite.kx in _PARAMETERS and suite.code not in bad_suites[ProtocolVersion.TLS_1_2]
        ),
        renegotiation=_counts_on(policy, _RENEGOTIATION),
    )


def _counts_on(policy: Policy, listed: str) -> bool:
    """Whether `policy` lists this, or makes a rule that enforces it as grave as if it did."""
    return any(policy.severity_of(rule).rank >= FLOOR.rank for rule in CATALOGUE if listed in rule.enforces)


def _required(policy: Policy, version: ProtocolVersion, bad: Collection[int]) -> tuple[int, ...]:
    """The groups of which the policy requires one, as far as they exist at this version and are not asked anyway."""
    wanted = policy.limits.groups_required or frozenset()
    hybrid = _counts_on(policy, POST_QUANTUM)
    return tuple(
        group.code
        for group in groups_for(version)
        if group.code not in bad and (group.code in wanted or (hybrid and group.post_quantum and not group.obsolete))
    )


def left_open(policy: Policy, untested: Collection[str], lowest: Severity) -> tuple[str, ...]:
    """Those rules of `untested` that `policy` lists, or makes graver than they are, to `lowest` or worse.

    Whoever wrote it counts on them; that the mode did not ask for what they need would look like a pass.
    """
    return tuple(
        rule.id
        for rule in CATALOGUE
        if rule.id in untested
        and (severity := policy.severity_of(rule)).rank >= lowest.rank
        and (policy.lists(rule) or severity.rank > rule.severity.rank)
    )


def _case(policy: Policy, suites: Mapping[str, SuiteAt], groups: Mapping[str, GroupAt]) -> Case:
    """An endpoint that accepts everything, and protects none of it."""
    facts = Facts(
        endpoint=Endpoint(host="", port=0),
        protocols=Tried(dict.fromkeys(ProtocolVersion, _ANYWHERE)),
        cipher_suites=Tried(_with_bases(suites)),
        groups=Tried(_with_bases(groups)),
        session=Session(encrypt_then_mac=Known(False, _ANYWHERE)),
        key_exchanges=Known((), _ANYWHERE),
    )
    return Case(facts=facts, limits=policy.limits, as_of=_ANY_TIME)


def _with_bases(names: Mapping[str, T]) -> dict[T, Basis]:
    return {item: Basis(Origin.DERIVED, name) for name, item in names.items()}


def _worst(policy: Policy, case: Case) -> dict[str, Severity]:
    """The worst severity of each place that a rule finds something wrong at."""
    worst: dict[str, Severity] = {}
    for rule in CATALOGUE:
        try:
            for fail in rule.evaluate(case) if rule.applies(case) else ():
                severity = policy.severity_of(rule, fail.severity)
                for basis in fail.at:
                    worst[basis.at] = max(severity, worst.get(basis.at, severity), key=lambda each: each.rank)
        except Undecided:
            continue  # the rule is about something else
    return worst


def _by_version(
    names: Mapping[str, tuple[ProtocolVersion, int]], worst: Mapping[str, Severity]
) -> dict[ProtocolVersion, dict[int, Severity]]:
    found: dict[ProtocolVersion, dict[int, Severity]] = defaultdict(dict)
    for name, (version, code) in names.items():
        if name in worst and worst[name] is not Severity.INFO:
            found[version][code] = worst[name]
    return found


def _apart(items: Mapping[int, Severity]) -> Iterable[tuple[int, ...]]:
    """What is high or critical, and what is milder, each the worst first; one list for all where there are few."""
    order = tuple(sorted(items, key=lambda code: -items[code].rank))
    grave = tuple(code for code in order if items[code].rank >= FLOOR.rank)
    mild = order[len(grave) :]
    return (order,) if len(order) < _LEAST_APART else tuple(each for each in (grave, mild) if each)
