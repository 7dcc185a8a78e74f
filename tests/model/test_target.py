"""The target grammar."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tlsaudit.model.errors import InputError
from tlsaudit.model.target import Target, canonical_host, parse_target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop.example", Target(host="shop.example")),
        ("shop.example:8443", Target(host="shop.example", port=8443)),
        (" Shop.Example. ", Target(host="shop.example")),
        ("localhost", Target(host="localhost")),
        ("_dmarc.example", Target(host="_dmarc.example")),
        ("192.0.2.7:8443", Target(host="192.0.2.7", port=8443)),
        ("::1", Target(host="::1")),
        ("2001:DB8:0::1", Target(host="2001:db8::1")),
        ("[::1]", Target(host="::1")),
        ("[2001:db8::1]:8443", Target(host="2001:db8::1", port=8443)),
        ("shop.example@192.0.2.7", Target(host="shop.example", address="192.0.2.7")),
        ("shop.example@192.0.2.7:8443", Target(host="shop.example", address="192.0.2.7", port=8443)),
        ("shop.example@[2001:db8::1]:8443", Target(host="shop.example", address="2001:db8::1", port=8443)),
        ("[fe80::1%eth0]:8443", Target(host="fe80::1%eth0", port=8443)),
        ("shop.example@2001:db8::1", Target(host="shop.example", address="2001:db8::1")),
        ("https://shop.example", Target(host="shop.example", scheme="https")),
        ("HTTPS://shop.example:8443/", Target(host="shop.example", port=8443, scheme="https")),
        ("tls://shop.example:993", Target(host="shop.example", port=993, scheme="tls")),
        ("postgres://db.example", Target(host="db.example", port=5432, scheme="postgres")),
        ("postgres://db.example:6432", Target(host="db.example", port=6432, scheme="postgres")),
        ("192.0.2.7?sni=shop.example", Target(host="192.0.2.7", sni="shop.example")),
        ("shop.example?sni=", Target(host="shop.example", sni="")),
        ("bücher.example", Target(host="xn--bcher-kva.example")),
        ("BÜCHER.example", Target(host="xn--bcher-kva.example")),
        ("例え.テスト:8443", Target(host="xn--r8jz45g.xn--zckzah", port=8443)),
        ("xn--bcher-kva.example", Target(host="xn--bcher-kva.example")),
    ],
)
def test_what_may_be_written(text: str, expected: Target) -> None:
    assert parse_target(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty target"),
        ("   ", "empty target"),
        (":443", "not a valid host name"),
        ("host:", "port '' is not between"),
        ("host:0", "port '0'"),
        ("host:65536", "port '65536'"),
        ("host:-1", "port '-1'"),
        ("host:٤٤٣", "port"),
        ("host:443:443", "write \\[IPV6\\]:PORT"),
        ("1::2::3", "write \\[IPV6\\]:PORT"),
        ("[::1", "expected \\[IPV6\\]:PORT"),
        ("[::1]443", "expected \\[IPV6\\]:PORT"),
        ("[fe80::1%é]:443", "expected \\[IPV6\\]:PORT"),
        ("[]:443", "expected \\[IPV6\\]:PORT"),
        ("[shop.example]:443", "expected \\[IPV6\\]:PORT"),
        ("1.2.3", "not a valid IPv4 address"),
        ("256.1.1.1", "not a valid IPv4 address"),
        ("shop.example@name", "'name' is not an IP address"),
        ("shop.example@", "'' is not an IP address"),
        ("@192.0.2.1", "not a valid host name"),
        ("smtp://shop.example", "unknown scheme 'smtp'; known: https, postgres, tls"),
        ("https://", "not a valid host name"),
        ("https://shop.example/path", "has a path"),
        ("two words", "spaces or control characters"),
        ("tab\there", "spaces or control characters"),
        ("nul\0", "spaces or control characters"),
        ("-leading.example", "not a valid host name"),
        ("trailing-.example", "not a valid host name"),
        ("double..dot", "not a valid host name"),
        ("shop.example..", "not a valid host name"),
        ("x" * 64 + ".example", "not a valid host name"),
        (".".join(["x" * 60] * 5), "not a valid host name"),
        ("\u200b.example", "control characters"),
        ("shop.example?port=1", "unknown option 'port'; known: http, sni"),
        ("shop.example?http=0", "http='0' is neither a port between 1 and 65535 nor none"),
        ("shop.example?http=", "http='' is neither a port"),
        ("shop.example?sni=not/a/name", "not a valid host name"),
        ("x" * 1025, "longer than 1024"),
    ],
)
def test_what_may_not(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as error:
        parse_target(text)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("text", "name", "server_name"),
    [
        ("shop.example", "shop.example:443", "shop.example"),
        ("[::1]:8443", "[::1]:8443", None),
        ("192.0.2.7", "192.0.2.7:443", None),
        ("192.0.2.7?sni=shop.example", "192.0.2.7:443", "shop.example"),
        ("shop.example?sni=", "shop.example:443", None),
        ("shop.example@192.0.2.7", "shop.example:443", "shop.example"),
    ],
)
def test_names_for_people_and_for_the_server(text: str, name: str, server_name: str | None) -> None:
    target = parse_target(text)
    assert target.name == name
    assert target.server_name == server_name


@pytest.mark.parametrize(
    "text",
    [
        "shop.example:443",
        "[::1]:8443",
        "192.0.2.7:443?sni=shop.example",
        "shop.example:443?sni=",
        "shop.example@192.0.2.7:8443",
        "shop.example@[2001:db8::1]:443",
        "[::1]@192.0.2.7:443",
        "postgres://[::1]@192.0.2.7:5432?sni=db.example",
    ],
)
def test_an_id_is_the_canonical_spelling_and_names_the_same_target(text: str) -> None:
    target = parse_target(text)
    assert target.id == text
    assert parse_target(target.id) == target


PIECES = st.sampled_from([*"a.:[]@?/-_%1 \t\x00ü", "sni=", "https://", "::", "fe80::1", "127.0.0.1"])


@given(st.text(max_size=60) | st.lists(PIECES, max_size=14).map("".join))
@example("\u00b9")
@example("\uff11\uff12\uff17.0.0.1")
@example("\uff11\uff12\uff17\u30020\u30020\u30021:8443")
def test_any_text_is_a_target_or_an_input_error(text: str) -> None:
    try:
        target = parse_target(text)
    except InputError:
        return
    assert target.host == canonical_host(target.host)
    assert parse_target(target.id) == replace(target, scheme=None)
    assert target.id.isascii()


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("shop.example", 80),
        ("https://shop.example", 80),
        ("shop.example@192.0.2.7", 80),
        ("tls://shop.example", None),
        ("shop.example:8443", None),
        ("postgres://shop.example:443", None),
        ("shop.example:8443?http=8080", 8080),
        ("shop.example?http=none", None),
        ("shop.example:8443?sni=a.example&http=80", 80),
    ],
)
def test_plain_http_is_beside_443_or_where_somebody_says(text: str, port: int | None) -> None:
    assert parse_target(text).plain_http_port == port


def test_the_port_of_plain_http_does_not_tell_targets_apart() -> None:
    assert parse_target("shop.example?http=8080").id == parse_target("shop.example").id
