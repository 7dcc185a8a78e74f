from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.probe.auditing import SSL_3, TLS_1_0, TLS_1_2
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.hellos import Shape
from tlsaudit.probe.suites import candidates
from tlsaudit.probe.tls13 import GROUPS_13, SUITES_13
from tlsaudit.wire import ClientHello, ExtensionType

NAMES = st.none() | st.integers(1, 200).map(lambda length: "a" * length)


@given(st.sampled_from((TLS_1_0, TLS_1_2)), st.integers(1, 250), NAMES)
def test_no_hello_is_of_a_length_that_makes_servers_hang(
    version: ProtocolVersion, count: int, name: str | None
) -> None:
    hello = Shape(server_name=name).classic(version, candidates(version)[:count])
    assert not 256 <= len(hello.handshake()) <= 511
    assert ClientHello.parse(hello.handshake()[4:]) == hello


@given(st.integers(1, len(SUITES_13)), st.integers(1, len(GROUPS_13)), NAMES)
def test_no_hello_of_tls_1_3_is_of_such_a_length(suites: int, groups: int, name: str | None) -> None:
    hello = Shape(server_name=name).retry(SUITES_13[:suites], GROUPS_13[:groups])
    assert not 256 <= len(hello.handshake()) <= 511
    assert ClientHello.parse(hello.handshake()[4:]) == hello


@pytest.mark.parametrize("count", [1, 32, 64])
def test_a_hello_for_servers_that_break_on_long_ones_stays_short(count: int) -> None:
    shape = Shape(server_name="shop.example.com", padded=False)
    assert len(shape.classic(TLS_1_2, candidates(TLS_1_2)[:count]).handshake()) < 512


def test_ssl_3_has_no_extensions() -> None:
    assert Shape(server_name="shop.example.com").classic(SSL_3, (0x000A,)).extensions is None


def test_behaviours_are_asked_for_only_where_told() -> None:
    shape = Shape(server_name=None)
    plain = {each.type for each in shape.classic(TLS_1_2, (0x002F,)).extensions or ()}
    asking = {each.type for each in shape.classic(TLS_1_2, (0x002F,), behaviours=True).extensions or ()}
    assert asking - plain >= {ExtensionType.HEARTBEAT, ExtensionType.TRUNCATED_HMAC}
    assert ExtensionType.SERVER_NAME not in asking
