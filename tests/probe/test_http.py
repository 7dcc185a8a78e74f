from __future__ import annotations

import gzip

import pytest

from tests.lab.servers import Lab
from tests.probe.auditing import facts
from tlsaudit.model.facts import Hsts, HttpAnswer
from tlsaudit.model.hsts import parse_hsts
from tlsaudit.model.knowledge import Basis, Known, Origin, Unknown, Why
from tlsaudit.model.target import parse_target
from tlsaudit.probe import http

YEAR = 31536000
_BASIS = Basis(Origin.OBSERVED, "probe:1")


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
    "data",
    [
        b"HTTP/1.1 403 Forbidden\r\nX Bad : y\r\n\r\nno",
        b"HTTP/1.1 403 Forbidden\r\nno colon\r\n\r\nno",
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nno\n",
        b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: identity\r\n\r\nno",
        b"HTTP/2 403 Forbidden\r\n\r\n",
        b"HTTP/2 403\n\n",
        b"http/1.1 403 Forbidden\r\n\r\n",
        b"\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/2 403\r\n\r\n",
        b"HTTP/1.1 403 Forbidden\r\nX: " + b"a" * 65536,
    ],
)
def test_an_odd_head_is_read_by_its_status_line(data: bytes) -> None:
    """As lenient clients do."""
    reading = http.read(data, ended=True)
    assert reading is not None
    assert (reading.status, reading.malformed, reading.headers) == (403, True, ())
    assert http.may_be_http(data)
    assert http.forbids(data)


@pytest.mark.parametrize(
    "data", [b"H", b"\r\n", b"HTTP/1.1 403 Forb", b"HTTP/1.1 403 Forbidden\r\nServer: x\r\n", b"HTTP/1.1 99 x\r\n\r\n"]
)
def test_a_head_that_is_cut_short_is_none_yet(data: bytes) -> None:
    assert http.may_be_http(data)
    assert http.read(data, ended=True) is None


def test_interim_responses_come_to_an_end() -> None:
    assert http.read(b"HTTP/2 100\r\n\r\n" * 4000 + b"HTTP/2 200\r\n\r\n", ended=True) is None


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
    assert http.answer_of(reading, _BASIS).cookies_without_secure == ("b", "c")


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


def _answer(head: str, body: bytes = b"", *, ended: bool = True) -> HttpAnswer:
    reading = http.read(f"HTTP/1.1 {head}\r\n\r\n".encode() + body, ended=ended)
    assert reading is not None
    return http.answer_of(reading, _BASIS)


def _html(body: bytes, *fields: str, ended: bool = True) -> HttpAnswer:
    return _answer("\r\n".join(("200 OK", "Content-Type: text/html; charset=utf-8", *fields)), body, ended=ended)


_SCRIPT = b"<!doctype html><script src='http://cdn.example/x.js'></script>"


def test_what_an_html_page_loads_over_plain_http_is_a_fact() -> None:
    assert _html(_SCRIPT).insecure_content == Known(("http://cdn.example/x.js",), _BASIS)
    assert _html(b"<p>nothing").insecure_content == Known((), _BASIS)
    assert _answer("200 OK\r\nContent-Type: application/json", _SCRIPT).insecure_content == Known(None, _BASIS)
    assert _answer("200 OK", _SCRIPT).insecure_content == Known(None, _BASIS)


def test_of_a_page_that_was_cut_only_what_it_shows_is_known() -> None:
    length = "Content-Length: 100000"
    assert _html(_SCRIPT, length, ended=False).insecure_content == Known(("http://cdn.example/x.js",), _BASIS)
    cut = _html(b"<p>nothing", length, ended=False).insecure_content
    assert isinstance(cut, Unknown)
    assert cut.why is Why.NO_ANSWER
    assert isinstance(_html(b"<p>nothing", length, ended=True).insecure_content, Unknown)


def test_a_redirect_is_no_page() -> None:
    answer = _answer("301 Moved\r\nContent-Type: text/html\r\nLocation: /login", _SCRIPT)
    for fact in (answer.insecure_content, answer.compression):
        assert isinstance(fact, Unknown)
        assert fact.why is Why.NOT_ASKED


def test_a_compressed_page_is_unpacked_and_said_to_be_compressed() -> None:
    answer = _html(gzip.compress(_SCRIPT), "Content-Encoding: gzip")
    assert answer.compression == Known("gzip", _BASIS)
    assert answer.insecure_content == Known(("http://cdn.example/x.js",), _BASIS)
    strange = _html(b"\x0b\x02", "Content-Encoding: br")
    assert strange.compression == Known("br", _BASIS)
    assert isinstance(strange.insecure_content, Unknown)
    assert _html(b"<p>").compression == Known(None, _BASIS)


def test_a_refusal_in_a_compressed_page_is_a_refusal() -> None:
    body = gzip.compress(b"<h1>400 No required SSL certificate was sent</h1>")
    reading = http.read(b"HTTP/1.1 400 Bad Request\r\nContent-Encoding: gzip\r\n\r\n" + body, ended=True)
    assert reading is not None
    assert http.refuses_certificate(reading)


def test_all_of_a_page_is_wanted_and_little_of_anything_else() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9000\r\n\r\n"
    page = http.WholePage()
    assert not page(head)
    assert not page(head + b"x" * 8999)
    assert page(head + b"x" * 9000)
    assert http.WholePage()(head.replace(b"text/html", b"image/png") + b"x" * 8000)
    assert http.WholePage()(b"220 smtp.example ESMTP\r\n")


def test_a_live_page_is_read_to_its_end(lab: Lab) -> None:
    """Far more than the beginning that is enough for anything else."""
    filler = "x" * 120_000
    (lab.directory / "index.html").write_text(f"<!--{filler}--><script src=http://cdn.example/late.js></script>")
    for gzip_is in ("on", "off"):
        place = f"root {lab.directory}; default_type text/html;"
        server = lab.nginx(f"gzip {gzip_is}; {place} location = / {{ }} location = /index.html {{ }}")
        answer = facts(server).http.need()
        assert answer is not None
        assert answer.insecure_content.need() == ("http://cdn.example/late.js",)
        assert answer.compression.need() == ("gzip" if gzip_is == "on" else None)
