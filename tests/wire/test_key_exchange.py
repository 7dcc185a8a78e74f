"""ServerKeyExchange in all its forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.strategies import u16
from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import (
    DheParameters,
    EcdheParameters,
    RsaParameters,
    ServerKeyExchange,
    dh_params,
    named_curve_params,
    parse_server_key_exchange,
)

_numbers = st.integers(0, 2**600)
_versions = st.integers(0x0300, 0x0303)


@given(
    group=u16,
    public=st.binary(min_size=1, max_size=133),
    scheme=u16,
    signature=st.binary(max_size=80),
    version=_versions,
    signed=st.booleans(),
)
def test_named_curves_round_trip(
    *, group: int, public: bytes, scheme: int, signature: bytes, version: int, signed: bool
) -> None:
    params = named_curve_params(group, public)
    written = EcdheParameters(
        curve_type=3,
        group=group,
        public=public,
        signature_scheme=scheme if signed and version == 0x0303 else None,
        signature=signature if signed else b"",
        signed_params=params,
    )
    body = written.encode(version=version, signed=signed)
    assert parse_server_key_exchange(body, "ECDHE", version=version, signed=signed) == written
    assert ServerKeyExchange(body).handshake()[4:] == body


@given(_numbers, _numbers, _numbers, st.binary(max_size=80), _versions)
def test_diffie_hellman_parameters_round_trip(p: int, g: int, public: int, signature: bytes, version: int) -> None:
    written = DheParameters(
        p=p,
        g=g,
        public=public,
        signature_scheme=0x0401 if version == 0x0303 else None,
        signature=signature,
        signed_params=dh_params(p, g, public),
    )
    body = written.encode(version=version, signed=True)
    assert parse_server_key_exchange(body, "DHE", version=version, signed=True) == written


def test_anonymous_and_psk_exchanges_are_unsigned() -> None:
    anonymous = parse_server_key_exchange(dh_params(23, 5, 8), "DH_anon", version=0x0303, signed=False)
    assert anonymous == DheParameters(p=23, g=5, public=8, signed_params=dh_params(23, 5, 8))
    hinted = b"\x00\x04hint" + named_curve_params(29, b"point")
    with_psk = parse_server_key_exchange(hinted, "ECDHE_PSK", version=0x0303, signed=False)
    assert isinstance(with_psk, EcdheParameters)
    assert (with_psk.group, with_psk.public, with_psk.signature) == (29, b"point", b"")


def test_the_temporary_key_of_export_rsa_is_read() -> None:
    body = bytes.fromhex("0002 c001 0003 010001 0003 736967")
    parameters = parse_server_key_exchange(body, "RSA", version=0x0301, signed=True)
    assert parameters == RsaParameters(
        modulus=0xC001, exponent=65537, signature=b"sig", signed_params=bytes.fromhex("0002 c001 0003 010001")
    )


@pytest.mark.parametrize(
    ("curve", "curve_type"),
    [
        ("01 01 17 01 01 01 02 01 03 01 05 01 01", 1),
        ("02 0005 01 01 02 01 01 01 02 01 03 01 05 01 01", 2),
        ("02 0005 02 01 01 01 02 01 03 01 01 01 02 01 03 01 05 01 01", 2),
    ],
)
def test_explicit_curves_are_read_past(curve: str, curve_type: int) -> None:
    body = bytes.fromhex(curve) + b"\x05point"
    parameters = parse_server_key_exchange(body, "ECDH_anon", version=0x0303, signed=False)
    assert parameters == EcdheParameters(curve_type=curve_type, group=None, public=b"point", signed_params=body)


@pytest.mark.parametrize(
    ("body", "kx", "problem"),
    [
        ("04 0017 01 00", "ECDHE", "unknown ECCurveType 4"),
        ("02 0005 03", "ECDHE", "unknown ECBasisType 3"),
        ("03 0017 00", "ECDHE", "at least 1"),
        ("03 0017 01", "ECDHE", "needs 1 bytes"),
        ("0000", "DHE", "at least 1"),
        ("0801" + "ff" * 0x801, "DHE", "at most 2048"),
        ("", "PSK", "not expected with key exchange PSK"),
        ("0001 17 0001 05 0001 08 00", "DH_anon", "1 bytes too many"),
    ],
)
def test_bodies_of_another_form_are_refused(body: str, kx: str, problem: str) -> None:
    with pytest.raises(DecodeError, match=f"ServerKeyExchange: .*{problem}"):
        parse_server_key_exchange(bytes.fromhex(body), kx, version=0x0303, signed=False)


@given(st.binary(max_size=120), st.sampled_from(["ECDHE", "DHE", "RSA", "DHE_PSK"]), _versions, st.booleans())
def test_any_body_is_parameters_or_a_decode_error(body: bytes, kx: str, version: int, signed: bool) -> None:
    try:
        parameters = parse_server_key_exchange(body, kx, version=version, signed=signed)
    except DecodeError:
        return
    assert parameters.signed_params in body
