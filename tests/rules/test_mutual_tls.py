"""TLS-MTLS on what trials showed: who got in, and where nobody was tried."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.facts import TLS_1_2, TLS_1_3, Row, asks, at, behaves, known, sound
from tlsaudit.model.facts import Attempt, ClientAuth, ClientAuthAt, ClientAuthMode, Facts, Layer, Trial, TrialKind, When
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known, Unknown, Why
from tlsaudit.model.limits import Expectation

_REFUSED: Fact[Attempt] = Known(Attempt(admitted=False, layer=Layer.TLS, evidence="alert 48 unknown_ca"), at(5))
_HTTP: Fact[Attempt] = Known(Attempt(admitted=False, layer=Layer.APPLICATION, evidence="HTTP 400"), at(5))
_IN: Fact[Attempt] = Known(Attempt(admitted=True, evidence="HTTP 200"), at(6))
_SILENT = Unknown(Why.NO_ANSWER, "no answer in time")
_UNMADE = Unknown(Why.NOT_ASKED, "it takes --client-ca-key")
_NEVER, _OPTIONAL, _REQUIRED = (sound(client_auth=asks(mode)) for mode in ClientAuthMode)
_KINDS = {
    "TLS-MTLS-003": (TrialKind.SELF_SIGNED, "critical", "F"),
    "TLS-MTLS-004": (TrialKind.UNKNOWN_CA, "critical", "F"),
    "TLS-MTLS-005": (TrialKind.EXPIRED, "critical", "D"),
    "TLS-MTLS-006": (TrialKind.SERVER_AUTH_ONLY, "medium", "B"),
    "TLS-MTLS-007": (TrialKind.REVOKED, "high", "C"),
    "TLS-MTLS-008": (TrialKind.WRONG_IDENTITY, "high", "C"),
    "TLS-MTLS-009": (TrialKind.WEAK_KEY, "medium", "B"),
}


def tried(kind: TrialKind, at_1_2: Fact[Attempt], at_1_3: Fact[Attempt], **others: Trial) -> Facts:
    """An endpoint that requires a certificate, and what became of one credential at either version."""
    trials = {kind: Trial(at={TLS_1_2: at_1_2, TLS_1_3: at_1_3})}
    trials |= {TrialKind(name): trial for name, trial in others.items()}
    return sound(client_auth=asks(ClientAuthMode.REQUIRED, trials=trials))


def one(fact: Fact[Attempt]) -> Trial:
    return Trial(at={TLS_1_3: fact})


def at_versions(at_1_2: ClientAuthMode | None, at_1_3: ClientAuthMode | None, **changes: Any) -> Facts:
    """An endpoint with one mode at either version; None: unknown."""
    entries = {
        version: ClientAuthAt(
            requested=known(mode is not ClientAuthMode.NONE, probe),
            mode=_SILENT if mode is None else known(mode, probe),
        )
        for version, mode, probe in ((TLS_1_2, at_1_2, 2), (TLS_1_3, at_1_3, 3))
    }
    return sound(client_auth=ClientAuth(mode=known(ClientAuthMode.NONE), per_protocol=entries), **changes)


def late(probe: int = 4) -> ClientAuthAt:
    return ClientAuthAt(requested=known(True, probe), mode=known(ClientAuthMode.REQUIRED, probe), when=When.LATE)


def asks_late(**changes: Any) -> Facts:
    """An endpoint that asks for a certificate after a request for one path."""
    elsewhere = {"/admin": {TLS_1_3: late()}}
    return sound(client_auth=asks(ClientAuthMode.NONE, elsewhere=elsewhere, **changes))


_NONE, _SOME, _ALL = ClientAuthMode
_GOOD = TrialKind.GOOD
_ABSENT = sound(client_auth=ClientAuth())
_PATH_TRIED = {TrialKind.SELF_SIGNED: Trial(at={TLS_1_2: _IN})}
_PATH_ALONE = sound(client_auth=asks(_NONE, elsewhere={"/admin": {TLS_1_2: late()}}, trials=_PATH_TRIED))
_NAME_REFUSED = {"without a server name": {TLS_1_2: ClientAuthAt(requested=_SILENT, mode=_SILENT)}}


def _late_at_1_2(protocol: str | None) -> Facts:
    """A certificate is asked for by renegotiation; what an offer of all protocol names gets."""
    auth = ClientAuth(mode=known(_ALL), per_protocol={TLS_1_2: late()})
    return sound(client_auth=auth, alpn_chosen={TLS_1_2: known(protocol)})


ROWS = (
    *(
        Row("TLS-MTLS-003", outcome, sound(client_auth=asks(mode, verifies=verifies)), str(verifies), expect=expect)
        for mode in (_SOME, _ALL)
        for outcome, verifies, expect in (
            ("fail", known(False), Expectation(client_auth=_SOME)),
            ("fail", known(False), Expectation(client_auth=_ALL)),
            ("pass", known(True), Expectation(client_auth=_ALL)),
            ("inconclusive", Unknown(Why.UNRESOLVED, "a variable"), Expectation(client_auth=_ALL)),
            ("not_tested", NOT_ASKED, Expectation(client_auth=_ALL)),
            ("not_tested", known(False), Expectation(client_auth=_NONE)),
            ("not_tested", known(False), Expectation()),
        )
    ),
    *(
        row
        for rule, (kind, severity, cap) in _KINDS.items()
        for row in (
            Row(rule, "pass", tried(kind, _REFUSED, _HTTP)),
            Row(rule, "fail", tried(kind, _REFUSED, _IN), severity=severity, cap=cap, observed="at TLSv1.3 (HTTP 200)"),
            Row(rule, "fail", tried(kind, _SILENT, _IN), "one entry is enough"),
            Row(rule, "inconclusive", tried(kind, _REFUSED, _SILENT)),
            Row(rule, "not_tested", tried(kind, _UNMADE, _UNMADE)),
            Row(rule, "not_tested", _REQUIRED, "no trials"),
            Row(rule, "not_applicable", _NEVER, "no certificate is asked for"),
            Row(rule, "not_tested", _ABSENT),
        )
    ),
    Row("TLS-MTLS-003", "fail", _PATH_ALONE, "nothing is asked for /", observed="gets in at TLSv1.2"),
    Row("TLS-MTLS-003", "not_applicable", sound(client_auth=asks(_NONE, elsewhere=_NAME_REFUSED))),
    Row(
        "TLS-MTLS-003",
        "inconclusive",
        sound(client_auth=asks(_NONE, elsewhere={"/admin": _NAME_REFUSED["without a server name"]})),
    ),
    Row("TLS-MTLS-015", "pass", asks_late(late_on_h2=known(False))),
    Row("TLS-MTLS-015", "fail", asks_late(late_on_h2=known(True, 8)), severity="medium", cap="B"),
    Row("TLS-MTLS-015", "inconclusive", asks_late(late_on_h2=_SILENT)),
    Row("TLS-MTLS-015", "not_tested", asks_late()),
    Row("TLS-MTLS-015", "not_applicable", _REQUIRED, "in the handshake"),
    Row(
        "TLS-MTLS-004",
        "fail",
        tried(TrialKind.UNKNOWN_CA, _REFUSED, _REFUSED, impostor_ca=one(_IN)),
        observed="an impostor that bears the CA's name gets in",
    ),
    Row("TLS-MTLS-004", "pass", tried(TrialKind.UNKNOWN_CA, _REFUSED, _REFUSED, impostor_ca=one(_UNMADE))),
    Row("TLS-MTLS-004", "inconclusive", tried(TrialKind.UNKNOWN_CA, _REFUSED, _REFUSED, impostor_ca=one(_SILENT))),
    Row(
        "TLS-MTLS-005",
        "fail",
        tried(TrialKind.EXPIRED, _REFUSED, _REFUSED, not_yet_valid=one(_IN)),
        observed="not yet valid gets in",
    ),
    Row("TLS-MTLS-013", "pass", _REQUIRED),
    Row(
        "TLS-MTLS-013",
        "fail",
        sound(client_auth=asks(_ALL), behaviours=behaves(early_data=known(16384))),
        severity="high",
        cap="C",
        observed="up to 16384 bytes",
    ),
    Row("TLS-MTLS-013", "not_tested", sound(client_auth=asks(_ALL), behaviours=behaves(early_data=NOT_ASKED))),
    Row("TLS-MTLS-013", "not_applicable", sound(behaviours=behaves(early_data=known(16384)))),
    Row("TLS-MTLS-014", "pass", _REQUIRED),
    Row(
        "TLS-MTLS-014",
        "fail",
        _late_at_1_2(None),
        severity="medium",
        observed="CertificateRequest at TLSv1.2 after the request, for /",
    ),
    Row(
        "TLS-MTLS-014",
        "fail",
        sound(client_auth=asks(_ALL, elsewhere={"/admin": {TLS_1_2: late()}})),
        observed="after the request, for /admin",
    ),
    Row(
        "TLS-MTLS-014",
        "fail",
        _late_at_1_2("h2"),
        severity="high",
        observed="for /, where HTTP/2 is chosen",
    ),
    Row("TLS-MTLS-014", "fail", _PATH_ALONE, "nothing is asked for /", observed="after the request, for /admin"),
    Row(
        "TLS-MTLS-014",
        "pass",
        sound(client_auth=asks(_ALL, elsewhere={"/admin": {TLS_1_3: late()}})),
        "TLS 1.3 has no renegotiation",
    ),
    Row("TLS-MTLS-014", "not_applicable", _NEVER),
    Row("TLS-MTLS-014", "not_tested", _ABSENT),
    Row("TLS-MTLS-016", "pass", _REQUIRED),
    Row("TLS-MTLS-016", "pass", _OPTIONAL, "the same at every version"),
    Row(
        "TLS-MTLS-016",
        "fail",
        at_versions(_NONE, _ALL),
        severity="critical",
        cap="F",
        observed="required at TLSv1.3, but none at TLSv1.2",
    ),
    Row("TLS-MTLS-016", "fail", at_versions(_ALL, _SOME), observed="but optional at TLSv1.3"),
    Row("TLS-MTLS-016", "pass", at_versions(_NONE, _SOME), "nothing is required"),
    Row("TLS-MTLS-016", "inconclusive", at_versions(None, _ALL)),
    Row("TLS-MTLS-016", "not_applicable", _NEVER),
    Row("TLS-MTLS-016", "not_tested", _ABSENT),
    Row("TLS-MTLS-024", "pass", tried(_GOOD, _IN, _IN)),
    Row(
        "TLS-MTLS-024",
        "fail",
        tried(_GOOD, _HTTP, _IN),
        severity="high",
        observed="refused at TLSv1.2 by the application (HTTP 400)",
    ),
    Row("TLS-MTLS-024", "fail", tried(_GOOD, _IN, _REFUSED), observed="by TLS (alert 48 unknown_ca)"),
    Row("TLS-MTLS-024", "inconclusive", tried(_GOOD, _IN, _SILENT)),
    Row("TLS-MTLS-024", "not_tested", _REQUIRED),
    Row(
        "TLS-MTLS-024",
        "not_tested",
        sound(client_auth=asks(_ALL, trials={_GOOD: Trial(made_here=True, at={TLS_1_3: _REFUSED})})),
        "nobody has declared it as good",
    ),
    Row("TLS-MTLS-024", "not_applicable", _NEVER),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()


def test_what_gets_in_for_another_path_is_said_so() -> None:
    refused = {TrialKind.SELF_SIGNED: one(_REFUSED), _GOOD: one(_IN)}
    elsewhere = {"/lax": {TrialKind.SELF_SIGNED: Trial(path="/lax", at={TLS_1_3: _IN}), _GOOD: one(_IN)}}
    facts = sound(client_auth=asks(ClientAuthMode.REQUIRED, trials=refused, trials_elsewhere=elsewhere))
    Row("TLS-MTLS-003", "fail", facts, observed="a self-signed certificate gets in at TLSv1.3, for /lax (").check()
    locked_out = {"/lax": {_GOOD: Trial(path="/lax", at={TLS_1_3: _REFUSED})}}
    facts = sound(client_auth=asks(ClientAuthMode.REQUIRED, trials=refused, trials_elsewhere=locked_out))
    Row("TLS-MTLS-024", "fail", facts, observed="refused at TLSv1.3, for /lax by TLS").check()
