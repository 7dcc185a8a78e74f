"""Trust anchors: certifi's, the system's, and files of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.data.trust import from_file, mozilla, system
from tlsaudit.demo.mint import Authority, pem
from tlsaudit.model.errors import InputError


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # one root of Mozilla's has none that is positive
def test_mozilla_anchors_are_certificates_with_a_date() -> None:
    anchors = mozilla()
    assert anchors.name == "mozilla"
    assert len(anchors.ders) > 100
    assert len(anchors.date) == 10
    for der in anchors.ders:
        x509.load_der_x509_certificate(der)


def test_system_anchors_are_certificates_where_there_are_any() -> None:
    anchors = system()
    if anchors is not None:
        assert anchors.name == "system"
        x509.load_der_x509_certificate(anchors.ders[0])


def test_reads_a_bundle_with_prose_between_and_each_certificate_once(tmp_path: Path) -> None:
    one, two = Authority.root("One").certificate, Authority.root("Two").certificate
    path = tmp_path / "ca.pem"
    path.write_bytes(b"# One\n" + pem(one) + b"\r\nsome words\n" + pem(two, one))
    anchors = from_file(path)
    assert anchors.name == "custom"
    assert anchors.ders == (one.public_bytes(Encoding.DER), two.public_bytes(Encoding.DER))


def test_reads_one_certificate_in_der(tmp_path: Path) -> None:
    der = Authority.root("One").certificate.public_bytes(Encoding.DER)
    path = tmp_path / "ca.der"
    path.write_bytes(der)
    assert from_file(path).ders == (der,)


BROKEN = [
    (b"", "no certificate in it"),
    (b"hello", "no certificate in it"),
    (b"-----BEGIN CERTIFICATE-----\nAAAA", "without a proper end"),
    (b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "certificate 1 is not valid base64"),
    (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no complete DER SEQUENCE"),
    (b"\x30", "no complete DER SEQUENCE"),
    (b"\x30\x80\x00\x00", "no complete DER SEQUENCE"),
    (b"\x30\x84\xff\xff\xff\xff", "no complete DER SEQUENCE"),
]


@pytest.mark.parametrize(("content", "reason"), BROKEN)
def test_a_file_without_usable_certificates_is_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        from_file(path)
    assert "\n" not in str(caught.value)


def test_missing_directory_oversized_and_impossible_files_are_refused(tmp_path: Path) -> None:
    big = tmp_path / "big.pem"
    with big.open("wb") as file:
        file.truncate(10 * 1024 * 1024 + 1)
    for path, reason in [
        (tmp_path / "none.pem", "No such file"),
        (tmp_path, "Is a directory"),
        (big, "larger than 10 MB"),
        (Path("a\0b"), "not a file name"),
    ]:
        with pytest.raises(InputError, match=reason):
            from_file(path)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_give_anchors_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, armour: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.pem"
    path.write_bytes(b"-----BEGIN CERTIFICATE-----" + content + b"-----END CERTIFICATE-----" if armour else content)
    try:
        outcome: object = from_file(path).ders
    except InputError as error:
        outcome = str(error)
    assert outcome
    assert "\n" not in (outcome if isinstance(outcome, str) else "")
