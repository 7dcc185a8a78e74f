"""Proxies: what is said to them, and that what they answer is bounded and never believed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.model.errors import InputError
from tlsaudit.proxies import Proxy, ProxyError, parse_proxy, tunnel

SECRET = "hunter2"
HTTP = parse_proxy("http://proxy.example:3128")
SOCKS = parse_proxy("socks5://[2001:db8::1]:1080")
GREETED = b"\x05\x00"
BOUND = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"


def play(
    proxy: Proxy, *answers: bytes, host: str = "shop.example", port: int = 443
) -> tuple[list[bytes], bytes | None]:
    """What is sent, and what the target has sent by the end; None where the tunnel is not open yet."""
    talk = tunnel(proxy, host, port)
    sent = [next(talk)]
    for answer in answers:
        try:
            sent.append(talk.send(answer))
        except StopIteration as done:
            return sent, done.value
    return sent, None


def test_a_proxy_is_read_from_its_url() -> None:
    assert parse_proxy("http://user%40home:p%3Ass@proxy.example:3128/") == Proxy(
        scheme="http", host="proxy.example", port=3128, username="user@home", password="p:ss"
    )
    assert (SOCKS.host, SOCKS.port, SOCKS.name) == ("2001:db8::1", 1080, "socks5://[2001:db8::1]:1080")
    assert parse_proxy("socks5h://a:1").scheme == "socks5"


@pytest.mark.parametrize(
    "text",
    [
        f"user:{SECRET}@proxy:3128", f"https://user:{SECRET}@proxy:1", f"http://user:{SECRET}@proxy", f"http://:{SECRET}@:1",
        f"http://user:{SECRET}@proxy:99999", f"http://user:{SECRET}@proxy:1/path", f"http://u:{SECRET}@[::1:1",
        f"socks5://{'u' * 256}:{SECRET}@proxy:1", f"http://u%3Au:{SECRET}@proxy:1", f"http://u:{SECRET}%0D%0A@proxy:1",
        f"http://u:{SECRET}%ff@proxy:1", "http://", "",
    ],
)  # fmt: skip
def test_what_is_no_proxy_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InputError) as error:
        parse_proxy(text)
    assert SECRET not in str(error.value)


def test_credentials_show_in_no_text() -> None:
    proxy = parse_proxy(f"http://user:{SECRET}@proxy:3128")
    assert SECRET not in f"{proxy!r} {proxy} {proxy.name}"
    assert "user" not in f"{proxy!r} {proxy.name}"


def test_an_http_proxy_is_asked_to_connect() -> None:
    sent, rest = play(HTTP, b"HTTP/1.1 200 Conn", b"ection established\r\nVia: x\r\n\r\n220 ready")
    assert sent[0] == (b"CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\nUser-Agent: tlsaudit\r\n\r\n")
    assert rest == b"220 ready"
    with_password = parse_proxy("http://Aladdin:open%20sesame@proxy:1")
    assert b"Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n" in play(with_password)[0][0]  # RFC 7617
    assert play(HTTP, host="2001:db8::7")[0][0].startswith(b"CONNECT [2001:db8::7]:443 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "asks for credentials"),
        (b"HTTP/1.0 403 \x1b[31mForbidden\r\n\r\n", r"\(HTTP status 403\)"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", r"\(HTTP status 502\)"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "like an HTTP proxy"),
        (b"HTTP/1.1 \r\n\r\n", "like an HTTP proxy"),
        (b"HTTP/1.1 2000 x\r\n\r\n", "like an HTTP proxy"),
        (b"\r\n\r\n", "like an HTTP proxy"),
        (b"HTTP/1.1 200 OK\r\n" + b"x" * 20000, "does not end"),
    ],
)
def test_an_http_proxy_that_does_not(answer: bytes, words: str) -> None:
    with pytest.raises(ProxyError, match=words) as error:
        play(HTTP, answer, b"")
    assert str(error.value).isprintable()


def test_a_socks_proxy_resolves_names_itself_and_gets_addresses_as_such() -> None:
    sent, rest = play(SOCKS, GREETED, BOUND + b"early")
    assert sent == [b"\x05\x01\x00", b"\x05\x01\x00\x03\x0cshop.example\x01\xbb"]
    assert rest == b"early"
    assert play(SOCKS, GREETED, host="192.0.2.7")[0][1] == b"\x05\x01\x00\x01\xc0\x00\x02\x07\x01\xbb"
    assert play(SOCKS, GREETED, host="::1")[0][1] == b"\x05\x01\x00\x04" + bytes(15) + b"\x01\x01\xbb"


def test_a_socks_proxy_gets_the_password_it_asks_for() -> None:
    proxy = parse_proxy("socks5://user:pass@proxy:1080")
    sent, rest = play(proxy, b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x03\x04name\x00\x01")
    assert sent[:2] == [b"\x05\x02\x00\x02", b"\x01\x04user\x04pass"]
    assert rest == b""
    assert play(proxy, GREETED)[0][1].startswith(b"\x05\x01"), "a password that nobody asks for is not sent"


def test_a_socks_proxy_may_answer_byte_by_byte() -> None:
    answers = [bytes([each]) for each in GREETED + BOUND]
    assert play(SOCKS, *answers)[1] == b""


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([b"\x05\xff"], "asks for credentials"),
        ([b"\x05\x01"], "more than we can"),
        ([b"HTTP/1.1 400"], "like a SOCKS 5 proxy"),
        ([GREETED, b"\x05\x05\x00\x01"], "connection refused"),
        ([GREETED, b"\x05\x63\x00\x01"], "reply 99"),
        ([GREETED, b"\x04\x00\x00\x01"], "like a SOCKS 5 proxy"),
        ([GREETED, b"\x05\x00\x00\x09"], "like a SOCKS 5 proxy"),
    ],
)
def test_a_socks_proxy_that_does_not(answers: list[bytes], words: str) -> None:
    with pytest.raises(ProxyError, match=words):
        play(SOCKS, *answers)


def test_wrong_credentials() -> None:
    with pytest.raises(ProxyError, match="refuses the credentials"):
        play(parse_proxy("socks5://u:p@proxy:1"), b"\x05\x02", b"\x01\x01")
    with pytest.raises(ProxyError, match="refuses the credentials"):
        play(parse_proxy("http://u:p@proxy:1"), b"HTTP/1.1 407 No\r\n\r\n")


@given(st.sampled_from([HTTP, SOCKS]), st.lists(st.binary(max_size=300), max_size=8))
def test_whatever_a_proxy_answers_it_opens_a_tunnel_or_it_does_not(proxy: Proxy, answers: list[bytes]) -> None:
    with contextlib.suppress(ProxyError):
        play(proxy, *answers)
