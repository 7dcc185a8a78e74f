"""TLS-PQ: key exchange that a later quantum computer does not open."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.data.groups import group_name
from tlsaudit.model.facts import GroupAt
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.commands import NEEDS_ML_KEM
from tlsaudit.rules.registry import group_fails, groups_where, newest_version, speaks, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import DH_GROUPS, asvs, rfc, wstg

_CURRENT = groups_where(lambda group: group.post_quantum and not group.obsolete)
_OBSOLETE = groups_where(lambda group: group.post_quantum and group.obsolete)
_DRAFT = Source("draft-ietf-tls-ecdhe-mlkem-05")
_OFFER = "openssl s_client -connect {connect} -servername {servername} -groups "
_OFFER_HYBRID = f"{_OFFER}X25519MLKEM768 </dev/null{NEEDS_ML_KEM}"
_OFFER_BOTH = f"{_OFFER}X25519MLKEM768:X25519 </dev/null{NEEDS_ML_KEM}"
_TLS = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)


@rule(
    "TLS-PQ-001",
    title="No post-quantum key exchange",
    severity=Severity.INFO,
    cap=Cap.A,
    cwe=(327,),
    applies=speaks(ProtocolVersion.TLS_1_3),
    enforces=("group/post-quantum",),
    expected="a group with ML-KEM is accepted",
    why="Sessions recorded today can be decrypted once a quantum computer breaks elliptic-curve key exchange.",
    remedy="Enable {hybrid} (OpenSSL 3.5 and later, BoringSSL, Go 1.24).",
    sources=(
        DH_GROUPS,
        wstg(),
        Source("Mozilla Server Side TLS 6.0"),
        asvs("11.1.4 (L3)"),
        _DRAFT,
    ),
    reproduce=_OFFER_HYBRID,
)
def no_post_quantum_group(case: Case) -> Iterable[Fail]:
    """TLS 1.3 is accepted and every current post-quantum group refused; draft groups do not count."""
    if not case.facts.groups.any(_CURRENT):
        seen = case.facts.protocols.any((ProtocolVersion.TLS_1_3,))
        yield Fail("no group with ML-KEM is accepted at TLSv1.3", tuple(each.basis for each in seen))


def _has_both(case: Case) -> bool:
    return case.facts.protocols.offers(ProtocolVersion.TLS_1_3) and bool(case.facts.groups.any(_CURRENT))


@rule(
    "TLS-PQ-002",
    title="Post-quantum group not chosen",
    severity=Severity.LOW,
    cwe=(327,),
    applies=_has_both,
    expected="a post-quantum group is chosen where the client puts it first",
    why="Sessions that could be safe from a later quantum computer are not, with clients that know how.",
    remedy="Put {hybrid} first in the server's list of groups.",
    sources=(wstg(), rfc(9846, "4.3.7")),
    reproduce=_OFFER_BOTH,
)
def post_quantum_not_chosen(case: Case) -> Iterable[Fail]:
    """The HelloRetryRequest to an offer of all groups, hybrid ones first and no key share, names a classical one."""
    order = case.facts.group_order.get(ProtocolVersion.TLS_1_3, ())
    picked: GroupAt = (ProtocolVersion.TLS_1_3, order[0]) if order else (ProtocolVersion.TLS_1_3, 0)
    basis = case.facts.groups.accepted.get(picked)
    if basis is None:
        case.facts.groups.rest.need()
    if picked not in _CURRENT:
        hybrid = case.facts.groups.any(_CURRENT)[0]
        names = group_name(hybrid.item[1]), group_name(picked[1])
        observed = f"of an offer of all groups, {names[0]} before {names[1]} and no key share, the server asks for "
        yield Fail(observed + names[1], (basis, hybrid.basis))


@rule(
    "TLS-PQ-003",
    title="Obsolete Kyber draft group",
    severity=Severity.LOW,
    cwe=(327,),
    expected="only ML-KEM groups",
    why="The draft behind these groups was replaced before it became a standard, and clients have dropped them.",
    remedy="Upgrade the TLS library and put {hybrid} in its place.",
    sources=(_DRAFT,),
)
def draft_group(case: Case) -> Iterable[Fail]:
    """A group of the Kyber drafts is accepted."""
    return group_fails(case.facts.groups.any(_OBSOLETE))


@rule(
    "TLS-PQ-004",
    title="Cannot become post-quantum",
    severity=Severity.INFO,
    applies=speaks(*ProtocolVersion),
    expected="TLS 1.3 is accepted",
    why="Post-quantum key exchange is defined for TLS 1.3 only; TLS 1.2 gets no new features.",
    remedy="Move to TLS 1.3.",
    sources=(Source("draft-ietf-tls-tls12-frozen"),),
    reproduce="openssl s_client -connect {connect} -servername {servername} -tls1_3 </dev/null",
)
def stays_at_1_2(case: Case) -> Iterable[Fail]:
    """TLS 1.2 is the newest version."""
    if newest_version(case) is ProtocolVersion.TLS_1_2:
        seen = case.facts.protocols.any((ProtocolVersion.TLS_1_2,))
        yield Fail("the newest version is TLSv1.2", tuple(each.basis for each in seen))


@rule(
    "TLS-PQ-005",
    title="Long ClientHello fails",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    applies=speaks(*_TLS),
    expected="a hello of more than one packet is answered",
    why="Clients that offer post-quantum key exchange send such hellos: their connections hang or break.",
    remedy="Upgrade the server, firewall or load balancer that expects a hello in one packet.",
    sources=(rfc(9846, "9.3"), _DRAFT),
)
def long_hello_fails(case: Case) -> Iterable[Fail]:
    """Padded to the size that a hybrid key share makes, a hello failed twice, and was answered without the padding."""
    answered = sure(case.facts.behaviours.large_hello)
    if not answered.value:
        yield Fail("a hello of 1800 bytes fails where a shorter one is answered", (answered.basis,))


RULES: tuple[Rule, ...] = (
    no_post_quantum_group,
    post_quantum_not_chosen,
    draft_group,
    stays_at_1_2,
    long_hello_fails,
)
