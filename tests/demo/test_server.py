from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from tests.lab.pki import LabPki
from tlsaudit.demo.server import TlsServer, plain_answer, response


@pytest.fixture
def client(lab_pki: LabPki) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(lab_pki.root_file))


@pytest.fixture
def server(lab_pki: LabPki) -> Iterator[TlsServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab_pki.ecdsa.chain, lab_pki.ecdsa.key)
    with TlsServer(context, plain_answer) as running:
        yield running


def get(port: int, client: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        client.wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        secured.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while data := secured.recv(4096):
            answer += data
        return answer


def raw_answer(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(data)
        answer = b""
        while received := raw.recv(4096):
            answer += received
        return answer


def test_a_request_gets_the_answer_and_an_orderly_close(server: TlsServer, client: ssl.SSLContext) -> None:
    assert get(server.port, client).endswith(b"\r\n\r\nok\n")


def test_a_client_that_closes_after_the_handshake_gets_a_close_notify(
    server: TlsServer, client: ssl.SSLContext
) -> None:
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw,
        client.wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        rest = secured.unwrap()  # raises where no close_notify comes
        assert rest.recv(1) == b""


@pytest.mark.parametrize(
    "junk", [b"\x00" * 100, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x04\x01\x00\x00\x00", b"\xff" * 100_000]
)
def test_garbage_is_refused_and_the_next_client_is_served(
    server: TlsServer, client: ssl.SSLContext, junk: bytes
) -> None:
    raw_answer(server.port, junk)
    assert get(server.port, client)


def test_silent_connections_do_not_keep_others_from_being_served(server: TlsServer, client: ssl.SSLContext) -> None:
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    try:
        assert get(server.port, client)
    finally:
        for each in silent:
            each.close()


def test_leaving_the_block_ends_all_threads_although_clients_are_still_connected(
    lab_pki: LabPki, client: ssl.SSLContext
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab_pki.ecdsa.chain, lab_pki.ecdsa.key)
    before = threading.active_count()
    with TlsServer(context) as server:
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(5)]
        get(server.port, client)  # served after the silent ones were accepted
    for each in silent:
        assert each.recv(1) == b""
        each.close()
    assert threading.active_count() == before


def test_a_response_has_its_length_and_headers() -> None:
    assert response("200 OK", b"abc", "Server: x") == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n"
        b"Connection: close\r\nServer: x\r\n\r\nabc"
    )
