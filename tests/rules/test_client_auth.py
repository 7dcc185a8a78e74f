"""TLS-MTLS on facts that pass, fail, and do not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.facts import TLS_1_2, TLS_1_3, Row, asks, judged, known, sound
from tlsaudit.model.facts import ClientAuth, ClientAuthAt, ClientAuthMode, Layer
from tlsaudit.model.knowledge import NOT_ASKED, Unknown, Why
from tlsaudit.model.limits import Expectation

_NEEDED = Expectation(client_auth=ClientAuthMode.REQUIRED)
_UNWANTED = Expectation(client_auth=ClientAuthMode.NONE)
_EITHER = Expectation(client_auth=ClientAuthMode.OPTIONAL)
_UNKNOWN = Unknown(Why.NO_ANSWER, "reset")
_SILENT = sound(
    client_auth=ClientAuth(mode=_UNKNOWN, per_protocol={TLS_1_2: ClientAuthAt(requested=_UNKNOWN, mode=_UNKNOWN)})
)
_UNSTABLE = Unknown(Why.UNSTABLE, "two servers")
_OPEN, _UNSURE = (
    sound(client_auth=ClientAuth(mode=why, per_protocol={TLS_1_3: ClientAuthAt(requested=known(True), mode=why)}))
    for why in (_UNKNOWN, _UNSTABLE)
)
_NEVER, _OPTIONAL, _REQUIRED = (sound(client_auth=asks(mode)) for mode in ClientAuthMode)
_APPLICATION = sound(client_auth=asks(ClientAuthMode.REQUIRED, enforced_by=Layer.APPLICATION))
_NAMES = sound(client_auth=asks(ClientAuthMode.REQUIRED, ca_names=("CN=Internal CA", "CN=Other")))
_AT_1_3 = ClientAuthAt(requested=known(True), mode=known(ClientAuthMode.REQUIRED))
_ONLY_1_3 = sound(client_auth=ClientAuth(mode=known(ClientAuthMode.REQUIRED), per_protocol={TLS_1_3: _AT_1_3}))
_AT_1_2 = ClientAuthAt(requested=known(False, 2), mode=known(ClientAuthMode.NONE, 2))
_GAP = sound(client_auth=ClientAuth(mode=known(ClientAuthMode.NONE), per_protocol={TLS_1_2: _AT_1_2, TLS_1_3: _AT_1_3}))
_AT_A_PATH = sound(
    client_auth=asks(
        ClientAuthMode.NONE,
        elsewhere={"/admin": {TLS_1_2: ClientAuthAt(requested=known(True), mode=known(ClientAuthMode.REQUIRED))}},
        ca_names=("CN=Internal CA",),
        schemes_unread=Unknown(Why.UNSUPPORTED, "renegotiation"),
    )
)
_WEAK_AT_1_2 = sound(
    client_auth=ClientAuth(
        mode=known(ClientAuthMode.REQUIRED),
        per_protocol={TLS_1_2: replace(_AT_1_3, signature_schemes=(0x0201,)), TLS_1_3: _AT_1_3},
        signature_schemes=(0x0403, 0x0201),
    )
)
_REQUESTING = ("TLS-MTLS-010", "TLS-MTLS-011", "TLS-MTLS-021", "TLS-MTLS-023")

ROWS = (
    Row("TLS-MTLS-001", "pass", _REQUIRED, expect=_NEEDED),
    Row(
        "TLS-MTLS-001", "fail", _NEVER, severity="critical", cap="F", observed="at TLSv1.2, TLSv1.3 no", expect=_NEEDED
    ),
    Row("TLS-MTLS-001", "fail", _GAP, observed="at TLSv1.2 no client certificate is asked for", expect=_NEEDED),
    Row("TLS-MTLS-001", "pass", _OPTIONAL, "MTLS-002 says it", expect=_NEEDED),
    Row("TLS-MTLS-001", "fail", _NEVER, severity="medium", cap="B", observed="to be optional", expect=_EITHER),
    Row("TLS-MTLS-001", "pass", _OPTIONAL, expect=_EITHER),
    Row("TLS-MTLS-001", "not_applicable", _NEVER, "nothing was declared"),
    Row("TLS-MTLS-001", "inconclusive", _SILENT, expect=_NEEDED),
    Row("TLS-MTLS-001", "pass", _OPEN, "every version asks, whatever becomes of who has none", expect=_NEEDED),
    Row("TLS-MTLS-001", "inconclusive", _UNSURE, "some connections are not asked", expect=_NEEDED),
    Row("TLS-MTLS-002", "inconclusive", _OPEN, expect=_NEEDED),
    Row("TLS-MTLS-002", "pass", _REQUIRED, expect=_NEEDED),
    Row("TLS-MTLS-002", "fail", _OPTIONAL, severity="critical", cap="F", expect=_NEEDED),
    Row("TLS-MTLS-002", "pass", _APPLICATION, "the application refuses", expect=_NEEDED),
    Row("TLS-MTLS-002", "not_applicable", _OPTIONAL),
    Row("TLS-MTLS-002", "inconclusive", _SILENT, expect=_NEEDED),
    *(Row(rule, "not_applicable", _NEVER, "never asked for") for rule in _REQUESTING),
    *(Row(rule, "inconclusive", _SILENT) for rule in _REQUESTING),
    *(Row(rule, "not_tested", sound(client_auth=ClientAuth())) for rule in _REQUESTING),
    Row("TLS-MTLS-010", "pass", _REQUIRED),
    Row("TLS-MTLS-010", "fail", _NAMES, severity="info", observed="2 CA names: CN=Internal CA, CN=Other"),
    Row("TLS-MTLS-011", "pass", _NAMES),
    Row("TLS-MTLS-011", "fail", _REQUIRED, severity="info"),
    Row("TLS-MTLS-011", "not_applicable", _OPTIONAL),
    Row("TLS-MTLS-021", "pass", _ONLY_1_3),
    Row("TLS-MTLS-021", "fail", _REQUIRED, severity="info", observed="CertificateRequest at TLSv1.2"),
    Row("TLS-MTLS-021", "fail", _AT_A_PATH, "nothing is asked for /", observed="CertificateRequest at TLSv1.2"),
    Row("TLS-MTLS-010", "fail", _AT_A_PATH, "nothing is asked for /", observed="1 CA name: CN=Internal CA"),
    Row("TLS-MTLS-022", "pass", _NEVER, expect=_UNWANTED),
    Row("TLS-MTLS-022", "fail", _OPTIONAL, severity="low", expect=_UNWANTED),
    Row("TLS-MTLS-022", "pass", _OPTIONAL, expect=_EITHER),
    Row("TLS-MTLS-022", "fail", _REQUIRED, severity="medium", expect=_EITHER),
    Row("TLS-MTLS-022", "fail", _REQUIRED, severity="medium", observed="TLSv1.3: required", expect=_UNWANTED),
    Row("TLS-MTLS-022", "not_applicable", _REQUIRED),
    Row("TLS-MTLS-022", "not_tested", sound(client_auth=ClientAuth(mode=NOT_ASKED)), expect=_UNWANTED),
    Row("TLS-MTLS-023", "pass", _REQUIRED),
    Row("TLS-MTLS-023", "inconclusive", _AT_A_PATH, "what is listed was not read"),
    Row(
        "TLS-MTLS-023",
        "fail",
        sound(client_auth=asks(ClientAuthMode.REQUIRED, signature_schemes=(0x0403, 0x0201))),
        severity="low",
        observed="rsa_pkcs1_sha1",
    ),
    Row("TLS-MTLS-023", "fail", _WEAK_AT_1_2, observed="CertificateRequest at TLSv1.2 lists rsa_pkcs1_sha1"),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()


def test_only_the_versions_that_do_not_ask_are_named_and_proven() -> None:
    result = judged("TLS-MTLS-001", _GAP, _NEEDED)
    assert result.observed == "at TLSv1.2 no client certificate is asked for"
    assert [proof.at for proof in result.evidence] == ["probe:2"]
