"""Signed certificate timestamps: a real certificate with a real log's key, and timestamps of logs of our own."""

from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from fixtures.transparency import Log, embedding, logged, of_whole, serialized
from tlsaudit.data.ct_logs import CtLog, known_logs
from tlsaudit.demo.mint import Authority, Leaf
from tlsaudit.model.certificate import Certificate, SctOrigin, Timestamp
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import parse_certificate, scts
from tlsaudit.pki.scts import Entry, checked, parse_sct

VECTORS = Path(__file__).parent / "vectors"
ICARUS = base64.b64decode(
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETtK8v7MICve56qTHHDhhBOuV4IlUaESxZryCfk9QbG9co/CqPvTsgPDbCpp6oFtyAHwlDhnvr7JijXRD"
    "9Cb2FA=="
)
"""Google 'Icarus' log, from Chrome's list of 2021."""
CA = Authority.root("Logging CA")
LOG = Log.new("Lab log", "Lab")
NOW = datetime.now(UTC).replace(microsecond=0)


def real(name: str) -> Certificate:
    pem = (VECTORS / name).read_bytes()
    return parse_certificate(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER))


def parsed(certificate: x509.Certificate) -> Certificate:
    return parse_certificate(certificate.public_bytes(Encoding.DER))


def stamps(leaf: Leaf, *logs: Log, issuer: Authority | None = CA) -> tuple[Timestamp, ...]:
    """The embedded timestamps of a leaf, looked up in these logs."""
    certificate = parsed(leaf.certificate)
    entry = Entry(leaf=certificate, issuer=parsed(issuer.certificate) if issuer else None)
    listed = dict(log.listed() for log in logs)
    return tuple(checked(sct, SctOrigin.EMBEDDED, entry, listed) for sct in certificate.scts)


def test_a_real_certificate_with_a_real_log() -> None:
    leaf, issuer = real("cryptography-scts.pem"), real("letsencryptx3.pem")
    logs = {sha256(ICARUS).hexdigest(): CtLog(name="Icarus", operator="Google", key=ICARUS)}
    one, other = (checked(sct, SctOrigin.EMBEDDED, Entry(leaf=leaf, issuer=issuer), logs) for sct in leaf.scts)
    assert (one.log, one.operator, one.verified) == ("Icarus", "Google", True)
    assert one.at == datetime(2018, 9, 26, 20, 56, 33, 769000, tzinfo=UTC)
    assert (other.log, other.verified) == (None, None)
    assert leaf.sct_count == 2
    wrong = checked(leaf.scts[0], SctOrigin.EMBEDDED, Entry(leaf=leaf, issuer=leaf), logs)
    assert wrong.verified is False


def test_the_precertificate_is_the_one_that_the_library_makes() -> None:
    leaf = real("cryptography-scts.pem")
    assert scts._precertificate(leaf.der) == (VECTORS / "cryptography-scts-tbs-precert.der").read_bytes()


def test_timestamps_of_our_own_logs_verify() -> None:
    (found,) = stamps(logged(CA, "a.example", by=(LOG,), at=NOW), LOG)
    assert (found.verified, found.log, found.operator, found.at) == (True, "Lab log", "Lab", NOW)
    (extended,) = stamps(logged(CA, "a.example", by=(LOG,), extensions=b"leaf index"), LOG)
    assert extended.verified is True


def test_what_does_not_verify() -> None:
    (of_another,) = stamps(logged(CA, "a.example", by=(LOG,), spoil=True), LOG)
    (of_nobody_known,) = stamps(logged(CA, "a.example", by=(LOG,)))
    (without_issuer,) = stamps(logged(CA, "a.example", by=(LOG,)), LOG, issuer=None)
    (of_another_issuer,) = stamps(logged(CA, "a.example", by=(LOG,)), LOG, issuer=Authority.root("Other"))
    assert (of_another.verified, of_another.log) == (False, "Lab log")
    assert (of_nobody_known.verified, of_nobody_known.log) == (None, None)
    assert (without_issuer.verified, of_another_issuer.verified) == (None, False)


def test_timestamps_of_the_handshake_are_of_the_whole_certificate() -> None:
    leaf = logged(CA, "a.example")
    sct = parse_sct(of_whole(LOG, leaf, NOW))
    entry, listed = Entry(leaf=parsed(leaf.certificate), issuer=None), dict([LOG.listed()])
    assert checked(sct, SctOrigin.TLS, entry, listed).verified is True
    assert checked(sct, SctOrigin.TLS, Entry(leaf=parsed(CA.certificate), issuer=None), listed).verified is False


def test_what_is_no_timestamp_is_counted_and_left_out() -> None:
    good = LOG.sign(b"entry", NOW)
    leaf = parsed(CA.issue("a.example", extra=(embedding(good, b"\1" + good[1:], b"short", good[:-1]),)).certificate)
    assert (leaf.sct_count, len(leaf.scts)) == (4, 1)


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 42, b"\1" + b"\0" * 60, b"\0" * 33 + b"\xff" * 8 + b"\0\0" + b"\4\3\0\0"]
)
def test_broken_timestamps_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        parse_sct(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_timestamp_or_one_error(data: bytes) -> None:
    for reader in (parse_sct, scts.embedded):
        with contextlib.suppress(DecodeError):
            assert reader(data) is not None


def test_the_list_that_comes_with_tlsaudit() -> None:
    known = known_logs()
    assert len(known.logs) > 50
    assert known.date > datetime(2026, 9, 1, tzinfo=UTC).date()
    assert {log.operator for log in known.logs.values()} >= {
        "Google",
        "Cloudflare",
        "DigiCert",
        "Sectigo",
        "Let's Encrypt",
    }
    assert all(sha256(log.key).hexdigest() == log_id for log_id, log in known.logs.items())


def test_lists_are_serialized_as_the_certificates_have_them() -> None:
    assert serialized(b"ab", b"c") == b"\0\7\0\2ab\0\1c"
