"""Where connections of one run contradict each other, or show together what none shows alone."""

from __future__ import annotations

import pytest

from tests.lab.clients import LabClients
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.lab.splitting import one_after_the_other
from tests.probe.auditing import TLS_1_2, TLS_1_3
from tests.probe.trying import mutual, outcomes
from tlsaudit.credentials import Credentials
from tlsaudit.model.facts import ClientAuthMode, TrialKind
from tlsaudit.model.knowledge import Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

_RATE_ZONE = "limit_req_zone $binary_remote_addr zone=z:1m rate=20r/s;"


@pytest.mark.parametrize("oldest", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize("strict_first", [True, False])
def test_two_servers_of_which_one_asks_nobody(lab: Lab, oldest: ProtocolVersion, strict_first: bool) -> None:
    ca = f"ca-file {lab.pki.client_ca_file}"
    strict = lab.haproxy(f"ssl-min-ver {oldest} verify required {ca}").port
    lax = lab.haproxy(f"ssl-min-ver {oldest} verify none").port
    with ScriptedServer(one_after_the_other(*((strict, lax) if strict_first else (lax, strict)))) as server:
        auth = mutual(server, whole=False).client_auth
    for at in auth.per_protocol.values():
        assert not isinstance(at.mode, Known) or at.mode.value is not ClientAuthMode.REQUIRED
    unstable = [at.mode for at in auth.per_protocol.values() if isinstance(at.mode, Unknown)]
    assert unstable
    assert {mode.why for mode in unstable} == {Why.UNSTABLE}
    assert "probe:" in unstable[0].detail


@pytest.mark.parametrize("oldest", [TLS_1_2, TLS_1_3])
def test_two_servers_of_which_one_serves_strangers(lab: Lab, oldest: ProtocolVersion) -> None:
    """Both ask for a certificate, so that only what becomes of the client tells them apart."""
    ca = f"ca-file {lab.pki.client_ca_file}"
    ports = [lab.haproxy(f"ssl-min-ver {oldest} verify {each} {ca}").port for each in ("required", "optional")]
    with ScriptedServer(one_after_the_other(*ports)) as server:
        auth = mutual(server, LabClients.of(lab.pki).trials(), whole=False).client_auth
    assert not isinstance(auth.mode, Known) or auth.mode.value is not ClientAuthMode.REQUIRED
    assert not isinstance(auth.verifies, Known) or not auth.verifies.value or isinstance(auth.mode, Known)


def test_403_for_one_and_the_same_credential_is_no_refusal(lab: Lab) -> None:
    """A limit on requests, at a server that takes whatever certificate there is."""
    server = lab.nginx(
        f"ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client optional_no_ca; "
        f"ssl_client_certificate {lab.pki.client_ca_file}; "
        "limit_req zone=z burst=4 nodelay; limit_req_status 403;",
        http=_RATE_ZONE,
    )
    auth = mutual(server, LabClients.of(lab.pki).trials()).client_auth
    assert not isinstance(auth.verifies, Known) or not auth.verifies.value
    for version in (TLS_1_2, TLS_1_3):
        seen = outcomes(auth, version)
        assert "app" not in {seen[kind] for kind in (TrialKind.SELF_SIGNED, TrialKind.UNKNOWN_CA, TrialKind.GOOD)}


def test_what_the_trials_prove_is_the_mode(lab: Lab) -> None:
    """HTTP 403 is open by itself; that a client with a certificate gets in shows what it means."""
    clients = LabClients.of(lab.pki)
    server = lab.nginx(
        f"ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client optional; ssl_client_certificate {lab.pki.client_ca_file}; "
        "if ($ssl_client_verify != SUCCESS) { return 403; }"
    )
    assert isinstance(mutual(server).client_auth.mode, Unknown)
    for given in (clients.trials(), clients.trials(good=False), Credentials(good=clients.good)):
        auth = mutual(server, given).client_auth
        assert (auth.mode.need(), auth.enforced_by) == ("required", "application")
        assert {at.evidence for at in auth.per_protocol.values()} == {"HTTP 403 (403 Forbidden)"}
