"""TLS-CIPH-013: what present clients would get, found by the suites that they offer and whose order decides."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.data.reference_clients import REFERENCE_CLIENTS
from tlsaudit.data.suites import suite_name
from tlsaudit.model.facts import Preference
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.registry import speaks, suites_where, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import rfc

_TLS_1_2, _TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
_EPHEMERAL = suites_where(lambda suite: suite.ephemeral, (_TLS_1_2,))
_OFFERED = frozenset((_TLS_1_2, code) for codes in REFERENCE_CLIENTS.values() for code in codes)


@rule(
    "TLS-CIPH-013",
    title="Modern clients get no forward secrecy",
    severity=Severity.MEDIUM,
    cap=Cap.A_MINUS,
    cause="NOFS",
    cwe=(326, 757),
    applies=speaks(_TLS_1_2, _TLS_1_3),
    expected="forward secrecy for every present browser and library, where the server has it for anybody",
    why="Whoever gets the server's key later decrypts recorded sessions of clients that could have had better.",
    remedy="Accept ECDHE suites, and put them before all others in the server's order.",
    sources=(rfc(9325, "4.1"), Source("SSL Labs Server Rating Guide 2009e")),
)
def without_forward_secrecy(case: Case) -> Iterable[Fail]:
    """At TLS 1.2, some suite is ephemeral, and a client that offers its usual suites gets one that is not.

    Where no suite is, that is CIPH-012; at TLS 1.3 every client has it.
    """
    suites = case.facts.cipher_suites
    if case.facts.protocols.offers(_TLS_1_3) or not suites.any(_EPHEMERAL):
        return
    accepted = {seen.item[1]: seen.basis for seen in suites.all_of(_OFFERED)}
    order = case.facts.suite_order.get(_TLS_1_2, ())
    for client, offer in REFERENCE_CLIENTS.items():
        shared = [code for code in offer if code in accepted]
        if len({(_TLS_1_2, code) in _EPHEMERAL for code in shared}) > 1 and _server_decides(case):
            shared.sort(key=lambda code: order.index(code) if code in order else len(order))
        if shared and (_TLS_1_2, shared[0]) not in _EPHEMERAL:
            yield Fail(f"{client} gets {suite_name(shared[0])}", (accepted[shared[0]],))


def _server_decides(case: Case) -> bool:
    preference = case.facts.cipher_preference.get(_TLS_1_2, case.facts.cipher_suites.rest)
    return sure(preference).value is Preference.SERVER


RULES: tuple[Rule, ...] = (without_forward_secrecy,)
