from __future__ import annotations

import socket
import threading

import pytest
from cryptography.hazmat.primitives import serialization

from tests.lab import hostile
from tests.lab.asking import alert_name, ask, hello_12, hello_13, server_hello
from tests.lab.pki import LabPki
from tests.lab.script import DEFLATE, FALLBACK_SCSV, SECP192R1_EXPLICIT, Script
from tests.lab.scripted import Behaviour, ScriptedServer
from tlsaudit.model.errors import DecodeError
from tlsaudit.wire.certificate import CertificateMessage, CertificateRequest, CertificateStatus
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import SSL_3, TLS_1_0, TLS_1_2, TLS_1_3
from tlsaudit.wire.extensions import heartbeat, status_request
from tlsaudit.wire.key_exchange import (
    DheParameters,
    EcdheParameters,
    Parameters,
    RsaParameters,
    ServerKeyExchange,
    parse_server_key_exchange,
)
from tlsaudit.wire.messages import Event, ServerHelloDone
from tlsaudit.wire.ssl2 import Ssl2ClientHello, Ssl2ServerHello


@pytest.fixture
def chain(lab_pki: LabPki) -> tuple[bytes, ...]:
    return tuple(each.public_bytes(serialization.Encoding.DER) for each in lab_pki.rsa.leaf.chain())


def address(server: ScriptedServer) -> tuple[str, int]:
    return server.host, server.port


def parameters(events: tuple[Event, ...], kx: str, *, signed: bool = True) -> Parameters:
    message = next(event for event in events if isinstance(event, ServerKeyExchange))
    return parse_server_key_exchange(message.body, kx, version=TLS_1_2, signed=signed)


def test_a_whole_flight_in_the_servers_order(chain: tuple[bytes, ...]) -> None:
    request = CertificateRequest(certificate_types=(1,), signature_schemes=(0x0401,), ca_names=(b"\x30\x00",))
    script = Script(
        suites={0xC030: "ECDHE", 0xC02F: "ECDHE"}, chain=chain, staple=b"response", certificate_request=request
    )
    with ScriptedServer(script) as server:
        events = ask(address(server), hello_12(0xC02F, 0xC030, extra=(status_request(),)))
    assert server_hello(events).cipher_suite == 0xC030
    assert [type(event) for event in events[1:]] == [
        CertificateMessage,
        CertificateStatus,
        ServerKeyExchange,
        CertificateRequest,
        ServerHelloDone,
    ]
    found = parameters(events, "ECDHE")
    assert isinstance(found, EcdheParameters)
    assert found.group == 29
    assert found.signature_scheme == 0x0804


def test_the_clients_order_where_the_server_has_none(chain: tuple[bytes, ...]) -> None:
    script = Script(suites={0xC030: "ECDHE", 0xC02F: "ECDHE"}, server_order=False, chain=chain)
    with ScriptedServer(script) as server:
        assert server_hello(ask(address(server), hello_12(0xC02F, 0xC030))).cipher_suite == 0xC02F


def test_finite_field_parameters(chain: tuple[bytes, ...]) -> None:
    with ScriptedServer(Script(suites={0x009E: "DHE"}, dh=(23, 5), chain=chain)) as server:
        found = parameters(ask(address(server), hello_12(0x009E)), "DHE")
    assert isinstance(found, DheParameters)
    assert (found.p, found.g) == (23, 5)


def test_an_export_suite_has_a_temporary_rsa_key(chain: tuple[bytes, ...]) -> None:
    with ScriptedServer(Script(suites={0x0003: "RSA_EXPORT"}, chain=chain)) as server:
        found = parameters(ask(address(server), hello_12(0x0003)), "RSA")
    assert isinstance(found, RsaParameters)
    assert found.exponent == 65537


def test_an_anonymous_suite_has_no_certificate_and_no_signature() -> None:
    with ScriptedServer(Script(suites={0xC018: "ECDH_anon"})) as server:
        events = ask(address(server), hello_12(0xC018))
    assert not any(isinstance(event, CertificateMessage) for event in events)
    assert parameters(events, "ECDH_anon", signed=False).signature == b""


def test_an_explicit_curve(chain: tuple[bytes, ...]) -> None:
    with ScriptedServer(Script(explicit_curve=SECP192R1_EXPLICIT, chain=chain)) as server:
        found = parameters(ask(address(server), hello_12(0xC02F)), "ECDHE")
    assert isinstance(found, EcdheParameters)
    assert (found.curve_type, found.group) == (1, None)


def test_what_is_not_shared_is_refused(chain: tuple[bytes, ...]) -> None:
    with ScriptedServer(Script(versions=(TLS_1_0, TLS_1_2), groups=(23,), chain=chain)) as server:
        assert alert_name(ask(address(server), hello_12(0x009C))) == "handshake_failure"
        assert alert_name(ask(address(server), hello_12(0xC02F, groups=(29,)))) == "handshake_failure"
        old = ClientHello(version=SSL_3, cipher_suites=(0xC02F,))
        assert alert_name(ask(address(server), old)) == "protocol_version"
        fallback = ClientHello(version=TLS_1_0, cipher_suites=(0xC02F, FALLBACK_SCSV))
        assert alert_name(ask(address(server), fallback)) == "inappropriate_fallback"
    assert server.connections == 4
    assert len(server.hellos) == 4


def test_an_older_version_carries_the_downgrade_marker(chain: tuple[bytes, ...]) -> None:
    with ScriptedServer(Script(versions=(TLS_1_2, TLS_1_3), chain=chain)) as server:
        hello = server_hello(ask(address(server), hello_12(0xC02F)))
    assert hello.random.endswith(b"DOWNGRD\x01")


def test_extensions_and_compression_are_answered_only_where_offered(chain: tuple[bytes, ...]) -> None:
    script = Script(extensions={15: b"\x01"}, compression=True, chain=chain)
    with ScriptedServer(script) as server:
        plain = server_hello(ask(address(server), hello_12(0xC02F)))
        offered = hello_12(0xC02F, extra=(heartbeat(),))
        compressed = ClientHello(
            cipher_suites=(0xC02F,), compression_methods=(DEFLATE, 0), extensions=offered.extensions
        )
        both = server_hello(ask(address(server), compressed))
    assert (plain.extensions, plain.compression_method) == ({}, 0)
    assert (both.extensions, both.compression_method) == ({15: b"\x01"}, DEFLATE)


def test_tls_13_asks_for_its_group_and_takes_a_share() -> None:
    script = Script(versions=(TLS_1_3,), groups=(0x11EC, 29))
    with ScriptedServer(script) as server:
        retry = server_hello(ask(address(server), hello_13(groups=(29, 0x11EC))))
        hello = server_hello(ask(address(server), hello_13(groups=(29,), shares=((29, bytes(32)),))))
    assert (retry.is_retry, retry.selected_group) == (True, 0x11EC)
    assert (hello.is_retry, hello.selected_group) == (False, 29)


def test_ssl_2_lists_the_shared_kinds(chain: tuple[bytes, ...]) -> None:
    with ScriptedServer(Script(ssl2_kinds=(0x010080, 0x0700C0), chain=chain)) as server:
        hello = Ssl2ClientHello((0x0700C0, 0x020080)).encode()
        (answer,) = ask(address(server), hello, ssl2=True)
    assert isinstance(answer, Ssl2ServerHello)
    assert answer.cipher_kinds == (0x0700C0,)
    assert answer.certificate == chain[0]


def test_a_hello_that_it_cannot_stand_is_refused(chain: tuple[bytes, ...]) -> None:
    script = Script(intolerant=lambda hello: len(hello.cipher_suites) > 2, chain=chain)
    with ScriptedServer(script) as server:
        assert alert_name(ask(address(server), hello_12(0xC02F, 1, 2))) == "handshake_failure"
        assert server_hello(ask(address(server), hello_12(0xC02F, 1))).cipher_suite == 0xC02F


@pytest.mark.parametrize(
    "behaviour",
    [
        hostile.junk,
        hostile.endless_bytes,
        hostile.endless_records,
        hostile.ssh_banner,
        hostile.http_plain,
        hostile.close_mid_flight(Script(chain=(b"x" * 1000,))),
    ],
)
def test_what_is_no_tls_is_told_as_such(behaviour: Behaviour) -> None:
    with ScriptedServer(behaviour) as server, pytest.raises(DecodeError):
        ask(address(server), hello_12(0xC02F))


@pytest.mark.parametrize("behaviour", [hostile.reset_at_once, hostile.reset_mid_flight(Script(chain=(b"x" * 1000,)))])
def test_a_reset_is_a_reset(behaviour: Behaviour) -> None:
    with ScriptedServer(behaviour) as server, pytest.raises(ConnectionResetError):
        ask(address(server), hello_12(0xC02F))


def test_endless_warnings_are_bounded() -> None:
    with ScriptedServer(hostile.endless_warnings) as server, pytest.raises(DecodeError):
        ask(address(server), hello_12(0xC02F))


def test_a_certificate_that_is_no_certificate_comes_in_a_sound_flight() -> None:
    with ScriptedServer(hostile.unparsable_certificate()) as server:
        assert isinstance(ask(address(server), hello_12(0xC02F))[-1], ServerHelloDone)


@pytest.mark.parametrize(
    "behaviour",
    [
        hostile.accept_and_silence,
        hostile.endless_bytes,
        hostile.close_at_once,
        hostile.drip_feed(Script(chain=(b"x" * 1000,))),
    ],
)
def test_stopping_ends_every_thread_while_clients_are_connected(behaviour: Behaviour) -> None:
    before = threading.active_count()
    with ScriptedServer(behaviour) as server:
        clients = [socket.create_connection(address(server)) for _ in range(4)]
        clients[0].sendall(hello_12(0xC02F).records())
    for client in clients:
        client.close()
    assert threading.active_count() == before
