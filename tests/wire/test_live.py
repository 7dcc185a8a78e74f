"""The readers against real servers: OpenSSL and GnuTLS."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.lab.pki import LabPki
from tests.lab.servers import Lab
from tlsaudit.wire import (
    Alert,
    ApplicationData,
    CertificateMessage,
    CertificateRequest,
    CertificateVerify,
    ClientHello,
    DheParameters,
    EcdheParameters,
    EncryptedExtensions,
    Event,
    FlightReader,
    NewSessionTicket,
    ServerHello,
    ServerHelloDone,
    ServerKeyExchange,
    Tls13Client,
    ec_point_formats,
    parse_server_key_exchange,
    signature_algorithms,
    supported_groups,
)

_GROUPS = {
    "X25519": 0x1D,
    "P-256": 0x17,
    "P-384": 0x18,
    "P-521": 0x19,
    "X448": 0x1E,
    "ffdhe2048": 0x100,
    "ffdhe3072": 0x101,
}
_SUITES = {
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0x1304: "TLS_AES_128_CCM_SHA256",
    0x1305: "TLS_AES_128_CCM_8_SHA256",
}
_SCHEMES = (0x0403, 0x0503, 0x0804, 0x0805, 0x0401)
"""Signature schemes of both certificate types of the lab."""


@dataclass
class Connection:
    """A socket that a client without I/O is driven over."""

    sock: socket.socket

    def read(self, client: Tls13Client | FlightReader) -> None:
        """One chunk, or the end of the stream."""
        data = self.sock.recv(65536)
        if data:
            client.feed(data)
        else:
            client.eof()
            raise EOFError


def _client(suites: Sequence[int] = tuple(_SUITES), shares: Sequence[int] = (0x1D,)) -> Tls13Client:
    return Tls13Client(
        server_name="localhost",
        cipher_suites=suites,
        groups=tuple(_GROUPS.values()),
        share_groups=shares,
        signature_schemes=_SCHEMES,
        alpn=("h2",),
    )


def _handshake(address: tuple[str, int], client: Tls13Client, *, request: bytes | None = None) -> tuple[Event, ...]:
    """The whole life of a connection: with `request` as an HTTP client, else by the recipe that closes at once."""
    with socket.create_connection(address, timeout=20) as sock, contextlib.suppress(EOFError):
        connection = Connection(sock)
        sock.sendall(client.start())
        while not client.handshake_complete and not client.done:
            connection.read(client)
            sock.sendall(client.send())
        if client.handshake_complete:
            flight = client.finish(close=request is None)
            sock.sendall(flight + client.application_data(request) if request is not None else flight)
        while not client.done:
            connection.read(client)
    return client.events


def _kinds(events: tuple[Event, ...]) -> list[type]:
    return [type(event) for event in events]


def _hello(events: tuple[Event, ...]) -> ServerHello:
    return [event for event in events if isinstance(event, ServerHello)][-1]


@pytest.mark.parametrize("suite", _SUITES, ids=hex)
def test_every_suite_of_tls13_is_spoken_with_openssl(lab: Lab, suite: int) -> None:
    server = lab.openssl("-ciphersuites", _SUITES[suite], "-cipher", "DEFAULT:@SECLEVEL=0", "-alpn", "h2")
    client = _client()
    events = _handshake(server.address, client)
    assert client.handshake_complete
    assert _hello(events).cipher_suite == suite
    encrypted = events[1]
    assert isinstance(encrypted, EncryptedExtensions)
    assert encrypted.alpn == "h2"
    assert NewSessionTicket in _kinds(events)


@pytest.mark.parametrize("group", _GROUPS)
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "after a retry"])
def test_every_group_is_spoken_with_openssl(lab: Lab, group: str, shared: bool) -> None:
    server = lab.openssl("-tls1_3", "-groups", group)
    client = _client(shares=(_GROUPS[group],) if shared else ())
    events = _handshake(server.address, client)
    assert client.handshake_complete
    assert _hello(events).selected_group == _GROUPS[group]
    assert [event.is_retry for event in events if isinstance(event, ServerHello)] == (
        [False] if shared else [True, False]
    )


@pytest.mark.parametrize(
    ("priority", "suite"),
    [("+AES-128-GCM", 0x1301), ("+AES-256-GCM", 0x1302), ("+CHACHA20-POLY1305", 0x1303), ("+AES-128-CCM", 0x1304)],
)
def test_tls13_is_spoken_with_gnutls(lab: Lab, priority: str, suite: int) -> None:
    server = lab.gnutls(f"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:{priority}:-GROUP-ALL:+GROUP-SECP384R1")
    client = _client()
    events = _handshake(server.address, client, request=b"GET / HTTP/1.0\r\n\r\n")
    assert client.handshake_complete
    assert (_hello(events).cipher_suite, _hello(events).selected_group) == (suite, 0x18)
    assert ApplicationData in _kinds(events)


def test_a_request_is_answered(lab: Lab) -> None:
    events = _handshake(lab.openssl("-tls1_3").address, _client(), request=b"GET / HTTP/1.0\r\n\r\n")
    body = b"".join(event.data for event in events if isinstance(event, ApplicationData))
    assert body.startswith(b"HTTP/1.0 200 ok")


def test_the_close_recipe_reads_the_refusal_of_a_missing_certificate(lab: Lab, lab_pki: LabPki) -> None:
    server = lab.openssl("-tls1_3", "-Verify", "1", "-CAfile", lab_pki.ecdsa.chain)
    client = _client()
    events = _handshake(server.address, client)
    assert client.handshake_complete
    request = events[2]
    assert isinstance(request, CertificateRequest)
    assert request.ca_names
    last = events[-1]
    assert isinstance(last, Alert)
    assert (last.fatal, last.name) == (True, "certificate_required")


def test_the_close_recipe_reads_the_acceptance_of_a_missing_certificate(lab: Lab) -> None:
    events = _handshake(lab.openssl("-tls1_3", "-verify", "1").address, _client())
    assert CertificateRequest in _kinds(events)
    assert NewSessionTicket in _kinds(events)
    assert not any(isinstance(event, Alert) and event.fatal for event in events)


def test_what_the_server_signed_is_known_exactly(lab: Lab) -> None:
    events = _handshake(lab.openssl("-tls1_3", "-sigalgs", "ecdsa_secp256r1_sha256").address, _client())
    (message,) = [event for event in events if isinstance(event, CertificateMessage)]
    (verify,) = [event for event in events if isinstance(event, CertificateVerify)]
    key = x509.load_der_x509_certificate(message.certificates[0]).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert verify.scheme == 0x0403
    key.verify(verify.signature, verify.content, ec.ECDSA(hashes.SHA256()))


def test_a_server_without_tls13_refuses_in_the_clear(lab: Lab) -> None:
    events = _handshake(lab.openssl("-tls1_2").address, _client())
    assert [event.name for event in events if isinstance(event, Alert)] == ["protocol_version"]


@pytest.mark.parametrize("version", [0x0301, 0x0302, 0x0303], ids=hex)
@pytest.mark.parametrize(
    ("suite", "kx", "signed"),
    [
        (0xC013, "ECDHE", True),
        (0x0039, "DHE", True),
        (0x002F, "RSA", True),
        (0x0034, "DH_anon", False),
        (0xC018, "ECDH_anon", False),
    ],
)
def test_flights_below_tls13_are_read_whole(
    *, lab: Lab, lab_pki: LabPki, version: int, suite: int, kx: str, signed: bool
) -> None:
    server = lab.openssl("-cipher", "ALL:@SECLEVEL=0", "-verify", "1", certificate=lab_pki.rsa)
    hello = ClientHello(
        version=version,
        cipher_suites=(suite,),
        extensions=(supported_groups((0x17,)), ec_point_formats(), signature_algorithms(_SCHEMES)),
    )
    reader = FlightReader()
    with socket.create_connection(server.address, timeout=20) as sock:
        sock.sendall(hello.records())
        while not reader.done:
            Connection(sock).read(reader)
    answer = reader.events[0]
    assert isinstance(answer, ServerHello)
    assert (answer.version, answer.cipher_suite) == (version, suite)
    assert isinstance(reader.events[-1], ServerHelloDone)
    assert (CertificateRequest in _kinds(reader.events)) == signed
    assert (CertificateMessage in _kinds(reader.events)) == signed
    exchanges = [event for event in reader.events if isinstance(event, ServerKeyExchange)]
    assert bool(exchanges) == (kx != "RSA")
    for exchange in exchanges:
        parameters = parse_server_key_exchange(exchange.body, kx, version=version, signed=signed)
        assert (parameters.signature_scheme is not None) == (signed and version == 0x0303)
        assert bool(parameters.signature) == signed
        match parameters:
            case EcdheParameters(group=group):
                assert group == 0x17
            case DheParameters(p=p):
                assert p.bit_length() >= 1024
            case _:
                pytest.fail("another kind of parameters")
