from __future__ import annotations

import pytest

from tests.lab.servers import Lab
from tests.probe.auditing import facts
from tlsaudit.model.facts import Hsts
from tlsaudit.model.hsts import parse_hsts
from tlsaudit.model.target import parse_target
from tlsaudit.probe import http

YEAR = 31536000


@pytest.mark.parametrize(
    ("field", "max_age", "subdomains", "preload"),
    [
        (f"max-age={YEAR}", YEAR, False, False),
        (f"max-age={YEAR}; includeSubDomains; preload", YEAR, True, True),
        (f'MAX-AGE="{YEAR}" ;INCLUDESUBDOMAINS', YEAR, True, False),
        (f"includeSubDomains;max-age = {YEAR}", YEAR, True, False),
        (f"; ;max-age={YEAR};", YEAR, False, False),
        ("max-age=0", 0, False, False),
        (f"max-age={YEAR}; future=1; other", YEAR, False, False),
        (f'max-age={YEAR}; future="a;b=c"', YEAR, False, False),
    ],
)
def test_valid_hsts_is_read(field: str, max_age: int, subdomains: bool, preload: bool) -> None:
    assert parse_hsts([field]) == Hsts(
        raw=field, count=1, max_age=max_age, include_subdomains=subdomains, preload=preload
    )


@pytest.mark.parametrize(
    "field",
    [
        "",
        "includeSubDomains",
        "max-age",
        "max-age=",
        "max-age=-1",
        "max-age=1.5",
        "max-age=1e9",
        "max-age=²",
        "max-age=" + "9" * 5000,
        "max-age=1; max-age=2",
        f"max-age={YEAR}; includeSubDomains; includesubdomains",
        f"max-age={YEAR}, includeSubDomains",
        f"max-age: {YEAR}",
        f'max-age="{YEAR}',
    ],
)
def test_invalid_hsts_has_a_reason(field: str) -> None:
    found = parse_hsts([field])
    assert found is not None
    assert found.error


def test_the_first_of_several_hsts_fields_counts() -> None:
    found = parse_hsts(["max-age=1", f"max-age={YEAR}"])
    assert found is not None
    assert (found.max_age, found.count) == (1, 2)
    assert parse_hsts([]) is None


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("400 Bad Request", "<center>No required SSL certificate was sent</center>", True),
        ("400 Bad Request", "<center>The SSL certificate error</center>", True),
        ("400 Bad Request", "The plain HTTP request was sent to HTTPS port", False),
        ("400 Bad Request", "Bad Request", False),
        ("495 ", "", True),
        ("496 ", "", True),
        ("401 Unauthorized", "client certificate", False),
        ("403 Forbidden", "client certificate", False),
        ("200 OK", "No required SSL certificate was sent", False),
    ],
)
def test_only_a_recognised_refusal_is_one(head: str, body: str, expected: bool) -> None:
    data = f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    reading = http.read(data, ended=False)
    assert reading is not None
    assert http.refuses_certificate(reading) is expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/9.9 what\r\n\r\n",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80",
        b"HTTP/1.1 200",
    ],
)
def test_what_is_no_response_is_none(data: bytes) -> None:
    assert http.read(data, ended=True) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", False),
        (b"HT", False),
        (b"HTTP/1.1 200 OK\r\nContent-Len", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", True),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000, True),
        (b"220 smtp.example ESMTP\r\n", True),
    ],
)
def test_reading_ends_when_enough_is_there(data: bytes, expected: bool) -> None:
    assert http.enough(data) is expected


def test_cookies_without_secure_are_named() -> None:
    cookies = ["a=1; Secure; HttpOnly", "b=2; HttpOnly", "c=secure", "d=4; SECURE"]
    head = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)
    reading = http.read(f"HTTP/1.1 200 OK\r\n{head}Content-Length: 0\r\n\r\n".encode(), ended=False)
    assert reading is not None
    assert http.answer_of(reading).cookies_without_secure == ("b", "c")


def test_the_request_names_host_and_tool() -> None:
    request = http.request(parse_target("shop.example.com:8443"))
    assert request.startswith(b"GET / HTTP/1.1\r\nHost: shop.example.com:8443\r\nUser-Agent: tlsaudit/")
    assert b"Host: shop.example.com\r\n" in http.request(parse_target("shop.example.com"))


def test_a_live_answer_is_read(lab: Lab) -> None:
    answer = facts(
        lab.nginx(f'add_header Strict-Transport-Security "max-age={YEAR}; includeSubDomains" always;')
    ).http.need()
    assert answer is not None
    assert answer.status == 200
    assert answer.server is not None
    assert answer.server.startswith("nginx/")
    assert answer.hsts is not None
    assert (answer.hsts.max_age, answer.hsts.include_subdomains, answer.hsts.error) == (YEAR, True, None)


def test_what_is_not_http_is_known_not_to_be(lab: Lab) -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.pki.ecdsa.chain, lab.pki.ecdsa.key)
    assert facts(lab.python(context, lambda _connection: b"220 mail.lab.test ESMTP\r\n")).http.need() is None


@pytest.mark.parametrize("field", ["max-age" + " " * 4000 + "x", "max-age=1;" * 400, '"' * 4000, "x" * 100_000])
def test_a_monstrous_hsts_field_is_invalid(field: str) -> None:
    found = parse_hsts([field])
    assert found is not None
    assert found.error
