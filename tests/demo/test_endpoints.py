from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.lab.asking import SCHEMES, alert_name, ask, hello_12, server_hello
from tests.lab.servers import requires
from tlsaudit.demo.endpoints import Demo, DemoEndpoint, demo_endpoints
from tlsaudit.wire.certificate import CertificateMessage, CertificateRequest
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import TLS_1_0, TLS_1_1
from tlsaudit.wire.extensions import signature_algorithms, supported_groups

ECDSA_AES128 = 0xC02B
ECDSA_AES128_CBC = 0xC009
STATIC_RSA_GCM = 0x009C
ECDHE_RSA_GCM = 0xC02F


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with demo_endpoints() as running:
        yield running


def endpoint(demo: Demo, name: str) -> DemoEndpoint:
    return next(each for each in demo.endpoints if each.name == name)


def address(demo: Demo, name: str) -> tuple[str, int]:
    return "127.0.0.1", endpoint(demo, name).port


def client(demo: Demo, *, certificate: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(demo.root_file))
    if certificate:
        context.load_cert_chain(demo.client_certificate_file, demo.client_key_file)
    return context


def get(address: tuple[str, int], context: ssl.SSLContext) -> str:
    with (
        socket.create_connection(address, timeout=20) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        secured.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while data := secured.recv(65536):
            answer += data
        return answer.decode()


def served(demo: Demo, name: str) -> tuple[x509.Certificate, ...]:
    events = ask(address(demo, name), hello_12(ECDSA_AES128, ECDHE_RSA_GCM))
    message = next(event for event in events if isinstance(event, CertificateMessage))
    return tuple(x509.load_der_x509_certificate(each) for each in message.certificates)


def old_hello(version: int) -> ClientHello:
    extensions = (supported_groups((23, 29)), signature_algorithms(SCHEMES))
    return ClientHello(version=version, cipher_suites=(ECDSA_AES128_CBC,), extensions=extensions)


def test_the_healthy_endpoint_passes_a_strict_client_and_sends_hsts(demo: Demo) -> None:
    answer = get(address(demo, "healthy"), client(demo))
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert "Strict-Transport-Security: max-age=63072000; includeSubDomains" in answer
    assert len(served(demo, "healthy")) == 2


def test_only_the_one_endpoint_accepts_old_versions(demo: Demo) -> None:
    for version in (TLS_1_0, TLS_1_1):
        assert server_hello(ask(address(demo, "old-versions"), old_hello(version))).version == version
        assert alert_name(ask(address(demo, "healthy"), old_hello(version))) == "protocol_version"


def test_weak_suites_are_accepted_beside_good_ones(demo: Demo) -> None:
    assert server_hello(ask(address(demo, "weak-suites"), hello_12(STATIC_RSA_GCM))).cipher_suite == STATIC_RSA_GCM
    both = hello_12(STATIC_RSA_GCM, ECDHE_RSA_GCM)
    assert server_hello(ask(address(demo, "weak-suites"), both)).cipher_suite == ECDHE_RSA_GCM


def test_no_forward_secrecy_means_static_rsa_only(demo: Demo) -> None:
    assert server_hello(ask(address(demo, "no-forward-secrecy"), hello_12(STATIC_RSA_GCM))) is not None
    assert alert_name(ask(address(demo, "no-forward-secrecy"), hello_12(ECDHE_RSA_GCM))) == "handshake_failure"


def test_the_endpoint_without_hsts_sends_none(demo: Demo) -> None:
    assert "strict-transport-security" not in get(address(demo, "no-hsts"), client(demo)).lower()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("expired", "certificate has expired"),
        ("not-yet-valid", "certificate is not yet valid"),
        ("wrong-name", "Hostname mismatch"),
        ("incomplete-chain", "unable to get local issuer certificate"),
        ("self-signed", "self.signed certificate"),
    ],
)
def test_a_strict_client_names_the_flaw_of_each_certificate(demo: Demo, name: str, problem: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=problem):
        get(address(demo, name), client(demo))


def test_the_small_key_has_1024_bits(demo: Demo) -> None:
    key = served(demo, "small-key")[0].public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 1024


def test_mutual_tls_is_refused_without_a_certificate_and_served_with_it(demo: Demo) -> None:
    with pytest.raises(ssl.SSLError, match="certificate required"):
        get(address(demo, "mutual-tls"), client(demo))
    assert get(address(demo, "mutual-tls"), client(demo, certificate=True)).startswith("HTTP/1.1 200 OK")


def test_mutual_tls_that_is_not_enforced_asks_and_serves_everybody(demo: Demo) -> None:
    events = ask(address(demo, "mutual-tls-not-enforced"), hello_12(ECDSA_AES128))
    assert any(isinstance(event, CertificateRequest) for event in events)
    assert get(address(demo, "mutual-tls-not-enforced"), client(demo)).startswith("HTTP/1.1 200 OK")
    never = ask(address(demo, "mutual-tls-not-asked"), hello_12(ECDSA_AES128))
    assert not any(isinstance(event, CertificateRequest) for event in never)


def test_targets_go_by_name_to_the_address_where_the_endpoint_listens(demo: Demo) -> None:
    target = endpoint(demo, "healthy").target
    assert target.id == f"localhost@127.0.0.1:{target.port}"
    assert target.server_name == "localhost"


def test_every_endpoint_has_its_own_name_and_port(demo: Demo) -> None:
    assert len({each.name for each in demo.endpoints}) == len(demo.endpoints)
    assert len({each.port for each in demo.endpoints}) == len(demo.endpoints)


def test_keys_are_unreadable_for_others_and_gone_at_the_end() -> None:
    with demo_endpoints() as demo:
        folder = demo.root_file.parent
        modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
        assert modes == {folder.name: 0o700, "root.pem": 0o600, "client.pem": 0o600, "client.key": 0o600}
    assert not folder.exists()


def test_openssl_verifies_the_healthy_chain(demo: Demo) -> None:
    requires("openssl")
    host, port = address(demo, "healthy")
    command = ["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", "localhost", "-verify_return_error"]
    options = ["-CAfile", str(Path(demo.root_file)), "-verify_hostname", "localhost"]
    done = subprocess.run([*command, *options], input=b"", capture_output=True, timeout=30, check=True)
    assert b"Verify return code: 0 (ok)" in done.stdout
