"""Certificate, CertificateStatus, CertificateRequest, CertificateVerify in the forms of each version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.strategies import certificates, extension_maps, u8, u16
from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import (
    CertificateMessage,
    CertificateRequest,
    CertificateStatus,
    CertificateVerify,
    parse_certificate_status,
)
from tlsaudit.wire.limits import MAX_CERTIFICATES

_versions = st.integers(0x0300, 0x0304)
_u16s = st.lists(u16, min_size=1, max_size=20).map(tuple)
_names = st.lists(st.binary(min_size=1, max_size=30), max_size=4).map(tuple)


@given(certificates, _versions)
def test_chains_round_trip(chain: tuple[bytes, ...], version: int) -> None:
    written = CertificateMessage(certificates=chain).handshake(version)
    message = CertificateMessage.parse(written[4:], version)
    assert message.certificates == chain
    assert message.length == len(written) - 4
    assert message.entry_extensions == (({},) * len(chain) if version == 0x0304 else ())


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=30), extension_maps), max_size=4), st.binary(max_size=255))
def test_entries_of_tls13_keep_their_extensions(entries: list[tuple[bytes, dict[int, bytes]]], context: bytes) -> None:
    written = CertificateMessage(
        certificates=tuple(der for der, _ in entries),
        entry_extensions=tuple(found for _, found in entries),
        request_context=context,
    )
    message = CertificateMessage.parse(written.handshake(0x0304)[4:], 0x0304)
    assert message.entry_extensions == written.entry_extensions
    assert message.request_context == context


def test_empty_certificates_and_endless_chains_are_refused() -> None:
    with pytest.raises(DecodeError, match="at least 1"):
        CertificateMessage.parse(bytes.fromhex("000003 000000"), 0x0303)
    chain = CertificateMessage(certificates=(b"0",) * (MAX_CERTIFICATES + 1)).handshake(0x0303)
    with pytest.raises(DecodeError, match="more than"):
        CertificateMessage.parse(chain[4:], 0x0303)


@given(u8, st.binary(min_size=1, max_size=50))
def test_stapled_answers_round_trip(status_type: int, response: bytes) -> None:
    status = CertificateStatus(status_type, response)
    assert CertificateStatus.parse(status.handshake()[4:]) == status
    assert parse_certificate_status(status.encode()) == status


@given(st.lists(u8, max_size=8).map(tuple), _u16s, _names, st.integers(0x0300, 0x0303))
def test_requests_below_tls13_round_trip(
    types: tuple[int, ...], schemes: tuple[int, ...], names: tuple[bytes, ...], version: int
) -> None:
    request = CertificateRequest(
        certificate_types=types, signature_schemes=schemes if version == 0x0303 else (), ca_names=names
    )
    assert CertificateRequest.parse(request.handshake(version)[4:], version) == request


@given(_u16s, _names, st.binary(max_size=20), extension_maps)
def test_requests_of_tls13_round_trip(
    schemes: tuple[int, ...], names: tuple[bytes, ...], context: bytes, found: dict[int, bytes]
) -> None:
    written = CertificateRequest(signature_schemes=schemes, ca_names=names, request_context=context, extensions=found)
    request = CertificateRequest.parse(written.handshake(0x0304)[4:], 0x0304)
    assert (request.signature_schemes, request.ca_names, request.request_context) == (schemes, names, context)
    assert found.items() <= request.extensions.items()


def test_a_request_of_tls13_without_signature_algorithms_is_refused() -> None:
    with pytest.raises(DecodeError, match="no signature_algorithms"):
        CertificateRequest.parse(bytes.fromhex("00 0000"), 0x0304)


@given(u16, st.binary(max_size=80), st.binary(min_size=32, max_size=48))
def test_a_certificate_verify_carries_what_was_signed(scheme: int, signature: bytes, digest: bytes) -> None:
    written = CertificateVerify(scheme=scheme, signature=signature, content=b"").handshake()
    message = CertificateVerify.parse(written[4:], digest)
    assert (message.scheme, message.signature) == (scheme, signature)
    assert message.content == b"\x20" * 64 + b"TLS 1.3, server CertificateVerify" + b"\x00" + digest


@given(st.binary(max_size=100), _versions)
def test_any_body_is_a_message_or_a_decode_error(body: bytes, version: int) -> None:
    for parse in (CertificateMessage.parse, CertificateRequest.parse):
        try:
            parse(body, version)
        except DecodeError:
            continue
    try:
        CertificateStatus.parse(body)
    except DecodeError:
        return
