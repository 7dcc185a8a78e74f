"""What a refusal or an answer proves of a credential, and what it only seems to prove."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa

from tests.lab.clients import LabClients
from tests.lab.pki import LabPki
from tests.lab.scripted import Behaviour, Connection, ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import Listening
from tests.probe.trying import mutual, outcomes
from tlsaudit.credentials import ClientCa, Credentials, Mint, TrialPlan
from tlsaudit.demo import mint
from tlsaudit.model.facts import ClientAuth, TrialKind
from tlsaudit.model.knowledge import Unknown
from tlsaudit.model.protocol import ProtocolVersion

TLS_1_3 = ProtocolVersion.TLS_1_3
(
    NONE, SELF_SIGNED, UNKNOWN_CA, IMPOSTOR_CA, EXPIRED, NOT_YET_VALID, SERVER_AUTH_ONLY, WRONG_IDENTITY, WEAK_KEY,
    REVOKED, GOOD,
) = TrialKind  # fmt: skip
SIGNED = (EXPIRED, NOT_YET_VALID, SERVER_AUTH_ONLY, WEAK_KEY)


@pytest.fixture(scope="module")
def clients(lab_pki: LabPki) -> LabClients:
    return LabClients.of(lab_pki)


def are_open(auth: ClientAuth, *kinds: TrialKind) -> bool:
    seen = outcomes(auth, TLS_1_3)
    return all(seen[kind].startswith("? no_answer") for kind in kinds)


def haproxy_by_name(lab: Lab) -> Listening:
    """It takes any certificate and lets one name in: whoever writes that name into a certificate of their own."""
    bind = "ssl-min-ver TLSv1.3 verify required crt-ignore-err all ca-ignore-err all"
    deny = "  http-request deny unless { ssl_c_s_dn(cn) client.lab.test }"
    return lab.haproxy(f"{bind} ca-file {lab.pki.client_ca_file}", frontend=deny)


def nginx_by_name(lab: Lab) -> Listening:
    return lab.nginx(
        f"ssl_protocols TLSv1.3; ssl_verify_client optional_no_ca; ssl_client_certificate {lab.pki.client_ca_file}; "
        'if ($ssl_client_s_dn !~ "client.lab.test") { return 403; }'
    )


def without_ca(clients: LabClients, *, good: bool = True) -> Credentials:
    """As `--trials` with `--client-cert`, and without."""
    given = {GOOD: clients.good} if good else {}
    return Credentials(good=clients.good if good else None, trials=TrialPlan(mint=Mint(run="x"), given=given))


@pytest.mark.parametrize("start", [haproxy_by_name, nginx_by_name])
def test_whoever_writes_the_right_name_into_a_certificate_gets_in(
    lab: Lab, clients: LabClients, start: Callable[[Lab], Listening]
) -> None:
    """Those that no CA signs bear the name of the good one; without it, that a name is refused shows nothing."""
    server = start(lab)
    for given in (clients.trials(), without_ca(clients)):
        auth = mutual(server, given).client_auth
        seen = outcomes(auth, TLS_1_3)
        assert (seen[SELF_SIGNED], seen[UNKNOWN_CA], seen[GOOD]) == ("in", "in", "in")
        assert auth.verifies.need() is False
    assert outcomes(mutual(server, clients.trials()).client_auth, TLS_1_3)[WRONG_IDENTITY] == "app"
    for given in (clients.trials(good=False), without_ca(clients, good=False)):
        auth = mutual(server, given).client_auth
        assert are_open(auth, SELF_SIGNED, UNKNOWN_CA)
        assert isinstance(auth.verifies, Unknown)


@pytest.mark.parametrize("how", ["495", "496", '400 "client certificate not authorised"'])
def test_the_words_of_a_refusal_are_no_proof(lab: Lab, clients: LabClients, how: str) -> None:
    """It says what nginx says of certificates that it cannot verify, and verifies nothing: the name decides."""
    server = lab.nginx(
        f"ssl_protocols TLSv1.3; ssl_verify_client optional_no_ca; ssl_client_certificate {lab.pki.client_ca_file}; "
        f'if ($ssl_client_s_dn !~ "client.lab.test") {{ return {how}; }}'
    )
    for given in (clients.trials(good=False), without_ca(clients, good=False)):
        auth = mutual(server, given).client_auth
        assert are_open(auth, SELF_SIGNED, UNKNOWN_CA, IMPOSTOR_CA)
        assert isinstance(auth.verifies, Unknown)
    auth = mutual(server, clients.trials()).client_auth
    assert are_open(auth, REVOKED)
    assert auth.verifies.need() is False


@pytest.mark.parametrize("verify", ["on", "optional"])
def test_with_a_good_certificate_nginx_needs_no_ca(lab: Lab, clients: LabClients, verify: str) -> None:
    """What no CA signs bears its name, so that nothing but the chain is left to refuse."""
    server = lab.nginx(
        f"ssl_protocols TLSv1.3; ssl_verify_client {verify}; ssl_client_certificate {lab.pki.client_ca_file};"
    )
    auth = mutual(server, without_ca(clients)).client_auth
    seen = outcomes(auth, TLS_1_3)
    assert {seen[SELF_SIGNED], seen[UNKNOWN_CA], seen[IMPOSTOR_CA]} == {"app"}
    assert auth.verifies.need()
    alone = mutual(server, without_ca(clients, good=False)).client_auth
    assert are_open(alone, SELF_SIGNED, UNKNOWN_CA)
    assert alone.mode.need() == ("required" if verify == "on" else "optional")


def test_the_key_of_a_ca_that_is_not_accepted_is_no_proof(lab: Lab, clients: LabClients) -> None:
    """Expired certificates get in here; those of another CA are refused for that."""
    bind = "ssl-min-ver TLSv1.3 verify required crt-ignore-err 10"
    server = lab.haproxy(f"{bind} ca-file {lab.pki.client_ca_file}")
    right = outcomes(mutual(server, clients.trials()).client_auth, TLS_1_3)
    assert (right[EXPIRED], right[WRONG_IDENTITY], right[SERVER_AUTH_ONLY]) == ("in", "in", "43")
    other = mint.Authority.root("Other clients")
    assert not isinstance(other.key, dsa.DSAPrivateKey)
    ca = ClientCa(certificate=other.certificate, key=other.key)
    plan = TrialPlan(mint=Mint(run="x", ca=ca), given={GOOD: clients.good})
    auth = mutual(server, Credentials(good=clients.good, trials=plan)).client_auth
    assert are_open(auth, *SIGNED, WRONG_IDENTITY)
    assert (outcomes(auth, TLS_1_3)[SELF_SIGNED], outcomes(auth, TLS_1_3)[GOOD]) == ("48", "in")


@pytest.mark.parametrize("status", [400, 404])
def test_an_error_page_may_be_a_refusal(lab: Lab, clients: LabClients, status: int) -> None:
    server = lab.nginx(
        f"ssl_protocols TLSv1.3; ssl_verify_client on; ssl_client_certificate {lab.pki.client_ca_file}; "
        f"error_page 495 496 ={status} /denied; location = /denied {{ internal; return {status} denied; }}"
    )
    auth = mutual(server, clients.trials()).client_auth
    assert are_open(auth, NONE, SELF_SIGNED, UNKNOWN_CA, EXPIRED)
    assert f"HTTP {status} may be a refusal: the good certificate gets HTTP 200" in outcomes(auth, TLS_1_3)[EXPIRED]
    assert isinstance(auth.verifies, Unknown)
    assert isinstance(auth.mode, Unknown)
    assert outcomes(auth, TLS_1_3)[GOOD] == "in"


def one_name(lab: Lab, stalls_for: str) -> Listening:
    """An application that serves one name, forbids others, and once does not answer in time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.pki.ecdsa.chain, lab.pki.ecdsa.key)
    context.load_verify_locations(lab.pki.client_ca_file)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.minimum_version = ssl.TLSVersion.TLSv1_3

    def respond(connection: ssl.SSLSocket) -> bytes:
        certificate = connection.getpeercert() or {}
        subject = str(certificate.get("subject", ""))
        if stalls_for in subject:
            connection.recv(1)  # until the client has enough
        status = "200 OK" if "client.lab.test" in subject else "403 Forbidden"
        return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()

    return lab.python(context, respond)


def test_who_was_not_asked_in_time_has_not_let_anybody_in(lab: Lab, clients: LabClients) -> None:
    """One slow answer is unknown, and what comes after it is asked as before."""
    seen = outcomes(mutual(one_name(lab, "revoked"), clients.trials(), timeout=0.5).client_auth, TLS_1_3)
    assert seen[REVOKED].startswith("? no_answer")
    assert (seen[WRONG_IDENTITY], seen[GOOD], seen[SELF_SIGNED]) == ("app", "in", "48")


def dropping(pki: LabPki) -> Behaviour:
    """TLS 1.3 without tickets that tells whoever has no certificate, and says nothing at all to a bad one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.ecdsa.chain, pki.ecdsa.key)
    context.load_verify_locations(pki.client_ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0

    def play(connection: Connection) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        step: Callable[[], object] = tls.do_handshake
        while True:
            try:
                step()
            except ssl.SSLWantReadError:
                connection.sock.sendall(outgoing.read())
                incoming.write(connection.sock.recv(65536))
                continue
            except ssl.SSLError as error:
                if error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
                    connection.sock.sendall(outgoing.read())
                return connection.drain()
            if step == tls.do_handshake:
                step = tls.read
                continue
            tls.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.sock.sendall(outgoing.read())
            return connection.drain()

    return play


def test_a_server_that_drops_bad_certificates_lets_none_in(lab: Lab, clients: LabClients) -> None:
    """At TLS 1.3 a client that waits has not been taken: the server has not said so."""
    for good in (True, False):
        with ScriptedServer(dropping(lab.pki)) as server:
            auth = mutual(server, clients.trials(good=good), timeout=0.5).client_auth
        seen = outcomes(auth, TLS_1_3)
        assert (seen[NONE], seen[GOOD]) == ("116", "in")
        assert are_open(auth, SELF_SIGNED, UNKNOWN_CA, EXPIRED)
        assert isinstance(auth.verifies, Unknown)
