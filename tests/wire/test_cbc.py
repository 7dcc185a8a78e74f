"""Records of CBC suites: the pseudorandom function, sound records, and records that are wrong in one way."""

from __future__ import annotations

import pytest

from tlsaudit.wire.cbc import BLOCK, HASHES, CbcKeys, broken_records, prf, sound_record

_DATA = b"GET / HTTP/1.1\r\n\r\n"


def keys(mac_hash: str, version: int = 0x0303) -> CbcKeys:
    return CbcKeys.of_client(
        version=version,
        key_length=16,
        mac_hash=mac_hash,
        master=bytes(48),
        client_random=bytes(32),
        server_random=bytes(range(32)),
    )


def test_the_pseudorandom_function_of_tls_1_2() -> None:
    """The vector that implementers share (ietf.org mail archive, tls, 2009)."""
    secret = bytes.fromhex("9bbe436ba940f017b17652849a71db35")
    seed = b"test label" + bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c")
    expected = (
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def"
        "17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"
    )
    assert prf(0x0303, "sha256", secret=secret, seed=seed, length=100).hex() == expected


def test_below_tls_1_2_another_one_is_used() -> None:
    secret, seed = bytes(range(48)), b"key expansion"
    older = prf(0x0302, "sha256", secret=secret, seed=seed, length=72)
    assert len(older) == 72
    assert older == prf(0x0301, "sha384", secret=secret, seed=seed, length=72)
    assert older != prf(0x0303, "sha256", secret=secret, seed=seed, length=72)


def _is_padded(plaintext: bytes) -> bool:
    size = plaintext[-1] + 1
    return size <= len(plaintext) and plaintext[-size:] == bytes((size - 1,)) * size


def _has_good_mac(one: CbcKeys, plaintext: bytes) -> bool:
    content = plaintext[: -plaintext[-1] - 1]
    size = HASHES[one.mac_hash]
    data, mac = content[:-size], content[-size:]
    return mac == one.mac(1, 23, data)


@pytest.mark.parametrize("mac_hash", HASHES)
@pytest.mark.parametrize("length", range(0, 33, 3))
def test_a_sound_record_and_what_is_wrong_with_the_broken_ones(mac_hash: str, length: int) -> None:
    one, data = keys(mac_hash), bytes(length)
    sound = sound_record(one, 23, data)
    assert len(sound) % BLOCK == 0
    assert _is_padded(sound)
    assert _has_good_mac(one, sound)
    broken = broken_records(one, 23, data)
    assert all(len(each) % BLOCK == 0 for each in broken.values())
    assert {kind for kind, each in broken.items() if not _is_padded(each)} == {
        "wrong padding", "padding longer than the record", "no data and wrong padding",
    }  # fmt: skip
    assert not any(_has_good_mac(one, each) for each in broken.values() if _is_padded(each))


def test_records_are_sealed_with_an_iv_of_their_own_or_the_last_block() -> None:
    at_1_2, at_1_0 = keys("sha1"), keys("sha1", 0x0301)
    plaintext, last = sound_record(at_1_2, 23, _DATA), bytes(range(16))
    sealed = at_1_2.seal(23, plaintext, last)
    assert sealed[:5] == b"\x17\x03\x03" + (len(plaintext) + BLOCK).to_bytes(2, "big")
    assert at_1_2.open(sealed[5:]) == plaintext
    assert at_1_2.seal(23, plaintext, last) != sealed
    chained = at_1_0.seal(23, plaintext, last)
    assert at_1_0.seal(23, plaintext, last) == chained
    assert at_1_0.open(last + chained[5:]) == plaintext


def test_no_key_is_shown() -> None:
    one = keys("sha1")
    assert one.key.hex() not in repr(one)
    assert repr(one.key) not in repr(one)
