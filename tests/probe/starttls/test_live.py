"""PostgreSQL of the Debian package: who needs a client certificate; and servers that say they are PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.lab.clients import LabClients
from tests.lab.hostile import accept_and_silence, close_at_once, endless_bytes
from tests.lab.postgres import start_postgres
from tests.lab.script import Script
from tests.lab.scripted import Behaviour, Connection, ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import TLS_1_2, TLS_1_3, Listening
from tests.probe.trying import outcomes
from tlsaudit.credentials import Credentials
from tlsaudit.model.facts import ClientAuthMode, Facts, Layer, TrialKind
from tlsaudit.model.knowledge import Known, Unknown
from tlsaudit.model.target import parse_target
from tlsaudit.model.vulnerability import Verdict, Vulnerability
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.pki import TrustStore
from tlsaudit.probe import NotAuditedError, Settings, Sslyze, Trusting, audit_endpoint

_CA = "ssl_ca_file = 'ca.crt'"
_CRL = "ssl_crl_file = 'ca.crl'"
_NEEDED = "hostssl all all all scram-sha-256 clientcert=verify-full"
_TRUST = Trusting(stores={"none": TrustStore.from_ders("none", ())}, deciding="none")


def facts(
    server: Listening, *, mutual: bool = True, credentials: Credentials | None = None, timeout: float = 5.0
) -> Facts:
    """The facts of `tlsaudit mtls`, or of a full scan."""
    settings = Settings(
        trusting=_TRUST,
        deadline=60.0,
        full=not mutual,
        sslyze=None if mutual else Sslyze(),
        credentials=credentials or Credentials(),
        mutual_paths=() if mutual else None,
    )

    async def run() -> Facts:
        network = Network(NetworkLimits(connect_timeout=timeout, read_timeout=timeout))
        done = await audit_endpoint(parse_target(f"postgres://127.0.0.1:{server.port}"), network, settings)
        assert not done.problem
        return done.facts

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("settings", "hba", "mode", "layer"),
    [
        ((), "hostssl all all all scram-sha-256", ClientAuthMode.NONE, None),
        ((_CA,), "hostssl all all all scram-sha-256", ClientAuthMode.OPTIONAL, None),
        ((_CA,), _NEEDED, ClientAuthMode.REQUIRED, Layer.APPLICATION),
        ((_CA,), "hostssl all all all cert", ClientAuthMode.REQUIRED, Layer.APPLICATION),
    ],
    ids=["none", "optional", "verify-full", "cert"],
)
def test_whether_a_client_certificate_is_needed(
    lab: Lab, settings: tuple[str, ...], hba: str, mode: ClientAuthMode, layer: Layer | None
) -> None:
    auth = facts(start_postgres(lab, *settings, hba=hba)).client_auth
    assert auth.mode.need() is mode
    assert auth.enforced_by is layer
    assert {version: at.mode.need() for version, at in auth.per_protocol.items()} == {TLS_1_2: mode, TLS_1_3: mode}


def test_where_no_entry_lets_the_user_sign_in_nothing_is_known(lab: Lab) -> None:
    auth = facts(start_postgres(lab, _CA, hba="hostssl all somebody all cert")).client_auth
    assert isinstance(auth.mode, Unknown)
    assert "no pg_hba.conf entry" in auth.mode.detail


def test_who_gets_in(lab: Lab) -> None:
    server = start_postgres(lab, _CA, _CRL, hba=_NEEDED)
    trials = LabClients.of(lab.pki).trials()
    auth = facts(server, credentials=trials).client_auth
    for version in (TLS_1_2, TLS_1_3):
        found = outcomes(auth, version)
        asked_later = found.pop(TrialKind.WRONG_IDENTITY)
        assert found == {
            TrialKind.NONE: "app",
            TrialKind.SELF_SIGNED: "48",
            TrialKind.UNKNOWN_CA: "48",
            TrialKind.IMPOSTOR_CA: "51",
            TrialKind.EXPIRED: "45",
            TrialKind.NOT_YET_VALID: "42",
            TrialKind.SERVER_AUTH_ONLY: "43",
            TrialKind.WEAK_KEY: "42",
            TrialKind.REVOKED: "44",
            TrialKind.GOOD: "in",
        }
        assert "may be asked later" in asked_later
    assert auth.verifies.need() is True


def test_identity_is_compared_where_the_certificate_is_the_password(lab: Lab) -> None:
    server = start_postgres(lab, _CA, hba="hostssl all all all cert")
    auth = facts(server, credentials=LabClients.of(lab.pki).trials()).client_auth
    found = outcomes(auth, TLS_1_3)
    assert (found[TrialKind.WRONG_IDENTITY], found[TrialKind.GOOD]) == ("app", "in")
    assert 'user "client.lab.test"' in server.log()


def test_the_whole_audit_goes_through_the_request_for_tls(lab: Lab) -> None:
    server = start_postgres(lab)
    found = facts(server, mutual=False)
    assert set(found.versions()) == {TLS_1_2, TLS_1_3}
    assert found.endpoint.starttls == "postgres"
    assert isinstance(found.http, Known)
    assert found.http.value is None
    assert found.verdict(Vulnerability.CCS_INJECTION).need() is Verdict.NOT_VULNERABLE
    assert found.session.client_renegotiations.need() == 0
    assert "GET " not in "".join(probe.asked for probe in found.probes)
    assert "invalid length of startup packet" not in server.log()


def refusal(plays: Behaviour | Script, *, timeout: float = 5.0) -> NotAuditedError:
    with ScriptedServer(plays) as server, pytest.raises(NotAuditedError) as caught:
        facts(server, timeout=timeout)
    return caught.value


def answering(data: bytes) -> Callable[[Connection], None]:
    def play(connection: Connection) -> None:
        connection.sock.recv(8)
        connection.sock.sendall(data)
        connection.drain()

    return play


def test_a_server_without_tls_says_so(lab: Lab) -> None:
    with pytest.raises(NotAuditedError, match="does not offer TLS") as caught:
        facts(start_postgres(lab, hba="host all all all trust", tls=False))
    assert (caught.value.status, caught.value.code) == ("not_tls", "starttls")


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        (answering(b"EFATAL: go away\n\0"), "not_tls", "starttls"),
        (answering(b"SSSS"), "not_tls", "starttls"),
        (answering(b"\x15\x03\x01\x00\x02\x02\x28"), "not_tls", "starttls"),
        (endless_bytes, "not_tls", "starttls"),
        (close_at_once, "unreachable", "closed"),
        (answering(b"S"), "unreachable", "timeout"),
    ],
    ids=["error", "goes on", "tls at once", "endless", "closes", "agrees and is silent"],
)
def test_hostile_answers_end_in_a_clear_status(behaviour: Behaviour, status: str, code: str) -> None:
    found = refusal(behaviour, timeout=0.5)
    assert (found.status, found.code) == (status, code)
    assert str(found).isprintable()


def test_silence_is_bounded() -> None:
    found = refusal(accept_and_silence, timeout=0.3)
    assert (found.status, found.code) == ("unreachable", "timeout")
    assert "SSLRequest" in str(found)
