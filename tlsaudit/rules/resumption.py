"""TLS-SESS: what tickets can be used for beyond what they are for."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.facts import NameOutcome
from tlsaudit.model.knowledge import Known
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.registry import speaks, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import rfc

_SPEAKS_1_3 = speaks(ProtocolVersion.TLS_1_3)
_SPEAKS_BELOW = speaks(ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2)


def _resumes(case: Case) -> bool:
    """Tickets are given, and taken back."""
    behaviours = case.facts.behaviours
    if not _SPEAKS_1_3(case) or behaviours.ticket_lifetime.need() is None:
        return False
    return behaviours.psk_without_dhe.need() is not None


def _offers_early_data(case: Case) -> bool:
    return _SPEAKS_1_3(case) and case.facts.behaviours.early_data.need() is not None


def _has_another_certificate(case: Case) -> bool:
    """Names that the server does not know, or none, get another certificate than the name that was meant.

    TLS 1.3 leaves it to the client to resume under the right name (RFC 8446 section 4.2.11).
    """
    if not _SPEAKS_BELOW(case):
        return False
    answers = (case.facts.behaviours.unknown_sni, case.facts.behaviours.no_sni)
    other = NameOutcome.OTHER_CERTIFICATE
    if any(isinstance(each, Known) and each.value.outcome is other for each in answers):
        return True
    return any(each.need().outcome is other for each in answers)


@rule(
    "TLS-SESS-006",
    title="Early data accepted twice",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(294,),
    applies=_offers_early_data,
    expected="early data that comes a second time is not read",
    why="Whoever records such a request can send it again as often as wanted, and the server acts on it each time.",
    remedy="Switch early data off, or switch on what refuses replays (single-use tickets, a record of hellos).",
    sources=(rfc(9846, "8"), rfc(9846, "8.1"), rfc(9325, "3.10")),
)
def early_data_twice(case: Case) -> Iterable[Fail]:
    """The same hello with the same early data was taken on two connections.

    Of several instances behind one address each may take it once; an attacker can choose them all.
    """
    replayed = sure(case.facts.behaviours.early_data_replayed)
    if replayed.value:
        yield Fail("a recorded hello with its early data is accepted again", (replayed.basis,))


@rule(
    "TLS-SESS-011",
    title="Tickets accepted across names",
    severity=Severity.MEDIUM,
    cwe=(287,),
    applies=_has_another_certificate,
    expected="a session is resumed only under names that have the same certificate",
    why="Someone on the path can lead a connection to another site, which then speaks in the name of the first.",
    remedy="Speak TLS 1.3 alone, switch tickets off below it, or serve the names apart, without a common ticket key.",
    sources=(rfc(6066, "3"), rfc(9846, "4.7.1"), rfc(9325, "3.9"), Source("CVE-2014-3616")),
)
def tickets_across_names(case: Case) -> Iterable[Fail]:
    """A ticket for the name that was meant was taken up under one that gets another certificate."""
    where = sure(case.facts.behaviours.tickets_across_names)
    if where.value is not None:
        observed = f"a session of the usual name is resumed {where.value}, where another certificate is shown"
        yield Fail(observed, (where.basis,))


@rule(
    "TLS-SESS-012",
    title="Resumption without a new key exchange",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(327,),
    applies=_resumes,
    expected="sessions are resumed with psk_dhe_ke alone",
    why="Without a new exchange there is no forward secrecy: whoever gets the ticket key reads every such session.",
    remedy="Allow psk_dhe_ke only (OpenSSL: without SSL_OP_ALLOW_NO_DHE_KEX; nothing else is its default).",
    sources=(rfc(9325, "3.4"), rfc(9846, "4.3.9"), Source("BSI TR-02102-2 2025-01")),
)
def psk_without_dhe(case: Case) -> Iterable[Fail]:
    """The server resumed a session with psk_ke, although a key share was offered as well."""
    chosen = sure(case.facts.behaviours.psk_without_dhe)
    if chosen.value:
        yield Fail("psk_ke is chosen: a session is resumed without a key exchange", (chosen.basis,))


RULES: tuple[Rule, ...] = (early_data_twice, tickets_across_names, psk_without_dhe)
