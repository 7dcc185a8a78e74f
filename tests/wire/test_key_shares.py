"""Ephemeral key exchange."""

from __future__ import annotations

import pytest

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import SHARE_GROUPS, ffdhe_prime, generate_key_share

_PUBLIC_BYTES = {0x17: 65, 0x18: 97, 0x19: 133, 0x1D: 32, 0x1E: 56, 0x100: 256, 0x101: 384}


@pytest.mark.parametrize("group", sorted(SHARE_GROUPS), ids=hex)
def test_both_sides_get_the_same_secret(group: int) -> None:
    ours, theirs = generate_key_share(group), generate_key_share(group)
    assert len(ours.public) == _PUBLIC_BYTES[group]
    assert ours.exchange(theirs.public) == theirs.exchange(ours.public)


@pytest.mark.parametrize("group", sorted(SHARE_GROUPS), ids=hex)
@pytest.mark.parametrize("kind", ["empty", "short", "zero", "ones", "compressed"])
def test_values_outside_the_group_are_decode_errors(group: int, kind: str) -> None:
    share = generate_key_share(group)
    length = _PUBLIC_BYTES[group]
    peer = {
        "empty": b"",
        "short": share.public[:-1],
        "zero": bytes(length),
        "ones": b"\xff" * (length + 1),
        "compressed": b"\x02" + share.public[1 : length // 2 + 1],
    }[kind]
    with pytest.raises(DecodeError, match="key_share"):
        share.exchange(peer)


def test_the_primes_are_those_of_rfc_7919() -> None:
    p = ffdhe_prime(2048, 560316)
    assert f"{p:x}".startswith("ffffffffffffffffadf85458a2bb4a9aafdc5620273d3cf1")
    assert f"{p:x}".endswith("886b423861285c97ffffffffffffffff")
    assert f"{ffdhe_prime(3072, 2625351):x}".endswith("25e41d2b66c62e37ffffffffffffffff")


def test_a_group_that_cannot_be_computed_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="0x11ec"):
        generate_key_share(0x11EC)
