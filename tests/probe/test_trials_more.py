"""Who gets in at servers whose TLS is not OpenSSL's, or who refuse in their own way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.clients import LabClients
from tests.lab.more_servers import build_go, start_caddy, start_go
from tests.lab.pki import LabPki
from tests.lab.servers import Lab
from tests.probe.trying import Outcomes, mutual, outcomes
from tlsaudit.model.facts import ClientAuthMode, Layer, TrialKind
from tlsaudit.model.protocol import ProtocolVersion

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
NONE, OPTIONAL, REQUIRED = ClientAuthMode
EVERYBODY: Outcomes = dict.fromkeys(TrialKind, "in")
_UNTRUSTED = ("self_signed", "unknown_ca", "impostor_ca", "expired", "not_yet_valid", "server_auth_only")


def with_certificate(refusal: str, *, none: str) -> Outcomes:
    """Verified by Go, which gives one alert for everything, reads no CRL, and minds no weak key."""
    return {**EVERYBODY, **{TrialKind(kind): refusal for kind in _UNTRUSTED}, TrialKind.NONE: none}


GO: dict[str, tuple[ClientAuthMode, Outcomes]] = {
    "RequestClientCert": (OPTIONAL, EVERYBODY),
    "RequireAnyClientCert": (REQUIRED, {**EVERYBODY, TrialKind.NONE: "42"}),
    "VerifyClientCertIfGiven": (OPTIONAL, with_certificate("42", none="in")),
    "RequireAndVerifyClientCert": (REQUIRED, with_certificate("42", none="42")),
}
CADDY = {
    "request": GO["RequestClientCert"],
    "require": GO["RequireAnyClientCert"],
    "verify_if_given": GO["VerifyClientCertIfGiven"],
    "require_and_verify": GO["RequireAndVerifyClientCert"],
}


@pytest.fixture(scope="module")
def clients(lab_pki: LabPki) -> LabClients:
    return LabClients.of(lab_pki)


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_go(tmp_path_factory.mktemp("go"))


@pytest.mark.slow
@pytest.mark.parametrize("mode", GO)
def test_go(lab: Lab, clients: LabClients, go: Path, mode: str) -> None:
    expected_mode, expected = GO[mode]
    auth = mutual(start_go(lab, go, mode), clients.trials()).client_auth
    assert auth.mode.need() is expected_mode
    for version in (TLS_1_2, TLS_1_3):
        assert outcomes(auth, version) == expected
    assert auth.verifies.need() is mode.startswith(("Verify", "RequireAndVerify"))


@pytest.mark.slow
def test_go_that_asks_for_none(lab: Lab, clients: LabClients, go: Path) -> None:
    auth = mutual(start_go(lab, go, "NoClientCert"), clients.trials()).client_auth
    assert auth.mode.need() is NONE
    assert not auth.trials


@pytest.mark.slow
@pytest.mark.parametrize("mode", CADDY)
def test_caddy(lab: Lab, clients: LabClients, mode: str) -> None:
    expected_mode, expected = CADDY[mode]
    auth = mutual(start_caddy(lab, mode), clients.trials()).client_auth
    assert auth.mode.need() is expected_mode
    for version in (TLS_1_2, TLS_1_3):
        assert outcomes(auth, version) == expected


@pytest.mark.slow
def test_caddy_that_asks_for_none(lab: Lab) -> None:
    assert mutual(start_caddy(lab, "")).client_auth.mode.need() is NONE


_STUNNEL_CHECKED: Outcomes = {
    TrialKind.NONE: "in", TrialKind.SELF_SIGNED: "48", TrialKind.UNKNOWN_CA: "48", TrialKind.IMPOSTOR_CA: "51",
    TrialKind.EXPIRED: "45", TrialKind.NOT_YET_VALID: "42", TrialKind.SERVER_AUTH_ONLY: "43", TrialKind.WEAK_KEY: "42",
    TrialKind.REVOKED: "44", TrialKind.WRONG_IDENTITY: "in", TrialKind.GOOD: "in",
}  # fmt: skip


@pytest.mark.parametrize("required", [True, False])
def test_stunnel(lab: Lab, clients: LabClients, required: bool) -> None:
    options = [f"CAfile = {lab.pki.client_ca_file}", f"CRLfile = {lab.pki.client_crl_file}", "verifyChain = yes"]
    options.append(f"requireCert = {'yes' if required else 'no'}")
    auth = mutual(lab.stunnel("sslVersionMin = TLSv1.2", *options), clients.trials()).client_auth
    assert auth.mode.need() is (REQUIRED if required else OPTIONAL)
    for version in (TLS_1_2, TLS_1_3):
        seen = outcomes(auth, version)
        assert seen == {**_STUNNEL_CHECKED, **({TrialKind.NONE: seen[TrialKind.NONE]} if required else {})}
        assert not required or seen[TrialKind.NONE] in {"40", "116"}


def test_stunnel_that_asks_for_none(lab: Lab) -> None:
    assert mutual(lab.stunnel("sslVersionMin = TLSv1.2")).client_auth.mode.need() is NONE


def test_node_closes_on_whom_it_does_not_trust(lab: Lab, clients: LabClients) -> None:
    """No alert says it: Node.js finishes the handshake and drops the connection."""
    ca = str(lab.pki.client_ca_file)
    auth = mutual(
        lab.node({"requestCert": True, "rejectUnauthorized": True, "caFile": ca, "minVersion": "TLSv1.2"}),
        clients.trials(),
    ).client_auth
    assert (auth.mode.need(), auth.enforced_by) == (REQUIRED, Layer.TLS)
    for version in (TLS_1_2, TLS_1_3):
        seen = outcomes(auth, version)
        assert {seen[TrialKind(kind)] for kind in _UNTRUSTED} == {"app"}
        assert (seen[TrialKind.REVOKED], seen[TrialKind.GOOD]) == ("in", "in")
    assert auth.verifies.need()


def test_node_that_checks_nothing(lab: Lab, clients: LabClients) -> None:
    auth = mutual(
        lab.node({"requestCert": True, "rejectUnauthorized": False, "minVersion": "TLSv1.2"}), clients.trials()
    ).client_auth
    assert auth.mode.need() is OPTIONAL
    assert not auth.verifies.need()
    for version in (TLS_1_2, TLS_1_3):
        assert outcomes(auth, version) == EVERYBODY


def test_node_that_asks_for_none(lab: Lab) -> None:
    assert mutual(lab.node()).client_auth.mode.need() is NONE
