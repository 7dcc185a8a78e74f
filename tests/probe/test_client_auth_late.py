"""Client certificates that are asked for after the request: where that is seen, and what is known of it."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import pytest

import tlsaudit
from tests.lab.clients import LabClients
from tests.lab.process import Running
from tests.lab.scripted import Connection, ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, Listening, facts
from tests.probe.trying import mutual, outcomes
from tlsaudit.credentials import Credential, Credentials
from tlsaudit.model.facts import ClientAuthMode, Endpoint, TrialKind, When
from tlsaudit.model.target import parse_target
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.pki import format_name
from tlsaudit.probe.dialogue import Dialogue, Log
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.get import get
from tlsaudit.probe.late import exchange_late
from tlsaudit.wire import Alert, CertificateRequest

REQUIRED = ClientAuthMode.REQUIRED
WITHOUT_NAME = "without a server name"
RSA_ONLY = "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"


def apache(lab: Lab, spoken: str, *more: str, path: str = "/", verify: str = "require") -> Running:
    """Apache that asks for a certificate only once it has seen the path; there is no page behind it."""
    lines = (f"SSLProtocol -all {spoken}", f"SSLCACertificateFile {lab.pki.client_ca_file}", *more)
    location = f"<Location {path}>\nSSLVerifyClient {verify}\n</Location>"
    return lab.apache("\n".join((*lines, location)), content="")


def asked_late(server: Listening, credential: Credential | None) -> tuple[Exchange, CertificateRequest | None]:
    """One exchange at TLS 1.3, whatever is known of the server."""

    async def run() -> tuple[Exchange, CertificateRequest | None]:
        target = parse_target(f"localhost@127.0.0.1:{server.port}")
        endpoint = Endpoint(host="localhost", port=server.port, address="127.0.0.1", sni="localhost")
        dialogue = Dialogue(Network(NetworkLimits()), endpoint, Log())
        return await exchange_late(dialogue, target, path="/", whose="(test)", credential=credential, alpn=())

    return asyncio.run(run())


def test_what_is_not_asked_for_is_not_presented(lab: Lab) -> None:
    good = LabClients.of(lab.pki).good
    answer, request = asked_late(lab.nginx("ssl_protocols TLSv1.3;"), good)
    assert (answer.certificate_requested, answer.presented, request) == (False, False, None)
    assert answer.data.startswith(b"HTTP/1.1 200")


def test_a_credential_is_not_presented_again_under_another_protocol_name(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has seen it, and then says no_application_protocol, is not asked twice."""
    asked: list[object] = []

    async def once(*_: object, **options: object) -> Exchange:
        asked.append(options["credential"])
        presented = options["credential"] is not None
        return Exchange(n=1, certificate_requested=True, presented=presented, alert=Alert(2, 120))

    monkeypatch.setattr("tlsaudit.probe.get.exchange", once)
    target, good = parse_target("localhost"), LabClients.of(lab.pki).good
    dialogue = Dialogue(Network(NetworkLimits()), Endpoint(host="localhost", port=443, address="127.0.0.1"), Log())
    for credential, times in ((good, 1), (None, 2)):
        asked.clear()
        asyncio.run(get(dialogue, ("h2",), target, None, credential=credential))
        assert asked == [credential] * times


def test_an_alert_to_the_hello_refuses_no_certificate(lab: Lab) -> None:
    def refuse(connection: Connection) -> None:
        connection.hello()
        connection.sock.sendall(bytes.fromhex("15030300020228"))
        connection.drain()

    with ScriptedServer(refuse) as server:
        answer, _ = asked_late(server, LabClients.of(lab.pki).good)
    assert answer.alert is not None
    assert (answer.alert.description, answer.certificate_requested, answer.presented) == (40, False, False)


def test_what_is_presented_late_gets_in(lab: Lab) -> None:
    clients = LabClients.of(lab.pki)
    server = apache(lab, "+TLSv1.3")
    answer, request = asked_late(server, clients.good)
    assert request is not None
    assert (answer.certificate_requested, answer.presented, answer.accepted_by_tls) == (True, True, True)
    assert answer.data.startswith(b"HTTP/1.1 404")
    answer, _ = asked_late(server, None)
    assert answer.alert is not None
    assert (answer.presented, answer.alert.description) == (False, 116)


def test_a_key_that_does_not_suit_is_not_refused(lab: Lab) -> None:
    """An ECDSA key, and a server that takes RSA alone: nothing is presented."""
    server = apache(lab, "+TLSv1.3", f"SSLOpenSSLConfCmd ClientSignatureAlgorithms {RSA_ONLY}")
    seen = outcomes(mutual(server, Credentials(good=LabClients.of(lab.pki).good)).client_auth, TLS_1_3)
    assert seen[TrialKind.GOOD].startswith("? unsupported it was not presented")


@pytest.mark.parametrize("where", ["credentials", "probe", "cli"])
def test_no_private_key_leaves_its_object(where: str) -> None:
    """Neither to a file nor to anything else: nothing here can encode one."""
    for path in (Path(tlsaudit.__file__).parent / where).rglob("*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert not names & {"private_bytes", "private_bytes_raw", "private_numbers"}, path


def test_every_version_is_asked_where_one_asks_late(lab: Lab) -> None:
    server = apache(lab, "+TLSv1 +TLSv1.1 +TLSv1.2", "SSLCipherSuite ALL:@SECLEVEL=0")
    for found in (facts(server), mutual(server)):
        auth = found.client_auth
        assert auth.mode.need() is REQUIRED
        for version in (TLS_1_0, TLS_1_1, TLS_1_2):
            assert (auth.per_protocol[version].mode.need(), auth.per_protocol[version].when) == (REQUIRED, When.LATE)
        for entries in auth.elsewhere.values():
            assert {at.mode.need() for at in entries.values()} == {REQUIRED}


@pytest.mark.parametrize("spoken", ["+TLSv1.2", "+TLSv1.3", "+TLSv1.2 +TLSv1.3"])
def test_without_a_name_late_is_late_too(lab: Lab, spoken: str) -> None:
    auth = mutual(apache(lab, spoken)).client_auth
    unnamed = auth.elsewhere[WITHOUT_NAME]
    assert unnamed.keys() == auth.per_protocol.keys()
    for version, at in unnamed.items():
        assert (at.mode.need(), at.when, at.enforced_by) == (REQUIRED, When.LATE, "tls")
        assert at.mode.need() is auth.per_protocol[version].mode.need()


def test_a_request_in_the_handshake_is_not_late(lab: Lab) -> None:
    strict = f"ssl_verify_client on; ssl_client_certificate {lab.pki.client_ca_file};"
    auth = mutual(lab.nginx(f"ssl_protocols TLSv1.2 TLSv1.3; {strict}"), paths=("/admin",)).client_auth
    for where in (WITHOUT_NAME, "/admin"):
        for at in auth.elsewhere[where].values():
            assert (at.mode.need(), at.when) == (REQUIRED, When.HANDSHAKE)


@pytest.mark.parametrize("spoken", ["+TLSv1.2", "+TLSv1.3"])
@pytest.mark.parametrize("path", ["/", "/admin"])
def test_the_names_in_a_late_request_are_read(lab: Lab, spoken: str, path: str) -> None:
    auth = mutual(apache(lab, spoken, path=path), paths=("/admin",)).client_auth
    assert auth.ca_names == (format_name(lab.pki.client_ca.certificate.subject.public_bytes()),)
    assert bool(auth.signature_schemes) is (spoken == "+TLSv1.3")
    assert (auth.schemes_unread is None) is (spoken == "+TLSv1.3")


def test_trials_at_a_path_know_whose_name_to_bear(lab: Lab) -> None:
    """It is encrypted in a renegotiation, and read all the same."""
    clients = LabClients.of(lab.pki)
    found = mutual(apache(lab, "+TLSv1.2", path="/admin"), clients.trials(), paths=("/admin",))
    assert outcomes(found.client_auth, TLS_1_2)[TrialKind.IMPOSTOR_CA] == "51"
