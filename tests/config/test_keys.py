"""Private keys in all the forms that files have them in, and what only looks like one."""

from __future__ import annotations

import base64
import hashlib
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.config.keystores import hiding_work
from tests.config.linting import Bench, results
from tlsaudit.app import load_anchors
from tlsaudit.config.keys import find_key
from tlsaudit.linting import LintOptions, lint
from tlsaudit.pki import der
from tlsaudit.policy import load_policy

_EC = ec.generate_private_key(ec.SECP256R1())
_RSA = rsa.generate_private_key(65537, 2048)
_OPEN, _LOCKED = NoEncryption(), BestAvailableEncryption(b"secret")
_STORE = pkcs12.serialize_key_and_certificates(b"a", _EC, None, None, _LOCKED)
_TEXT = "http { server { listen 80; } }"


def _encoded(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, how: str, lock: KeySerializationEncryption) -> bytes:
    encoding, form = how.split()
    return key.private_bytes(Encoding[encoding], PrivateFormat[form], lock)


def _spki(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return hashlib.sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


@pytest.mark.parametrize("key", [_EC, _RSA], ids=["ec", "rsa"])
@pytest.mark.parametrize(
    "how", ["PEM PKCS8", "PEM TraditionalOpenSSL", "PEM OpenSSH", "DER PKCS8", "DER TraditionalOpenSSL"]
)
def test_an_open_key(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, how: str) -> None:
    found = find_key(_encoded(key, how, _OPEN))
    assert found is not None
    assert (found.line, found.locked, found.spki_sha256) == (1, False, _spki(key))


@pytest.mark.parametrize("key", [_EC, _RSA], ids=["ec", "rsa"])
@pytest.mark.parametrize("how", ["PEM PKCS8", "PEM TraditionalOpenSSL", "DER PKCS8"])
def test_a_key_behind_a_passphrase(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, how: str) -> None:
    found = find_key(_encoded(key, how, _LOCKED))
    assert found is not None
    assert found.locked


@pytest.mark.parametrize(("how", "locked"), [(b"none", False), (b"aes256-ctr", True)])
def test_a_key_of_openssh(how: bytes, locked: bool) -> None:
    blob = b"openssh-key-v1\0" + len(how).to_bytes(4, "big") + how + b"\0" * 200
    found = find_key(
        b"first\n-----BEGIN OPENSSH PRIVATE KEY-----\n"
        + base64.encodebytes(blob)
        + b"-----END OPENSSH PRIVATE KEY-----\n"
    )
    assert found is not None
    assert (found.line, found.locked, found.spki_sha256) == (2, locked, None)


@pytest.mark.parametrize(
    ("more", "locked"),
    [
        (["-passout", "pass:"], False),
        (["-passout", "pass:", "-nomac"], False),
        (["-passout", "pass:secret"], True),
        (["-passout", "pass:secret", "-keypbe", "NONE"], False),
        (["-passout", "pass:secret", "-nokeys"], None),
        (["-passout", "pass:", "-nokeys"], None),
        (["-passout", "pass:", "-legacy"], False),
        (["-passout", "pass:", "-legacy", "-nomac"], False),
        (["-passout", "pass:", "-iter", "110000"], True),  # opening it would take its author's time
    ],
)
def test_a_keystore(bench: Bench, more: list[str], locked: bool | None) -> None:
    made = bench.folder / "store.p12"
    source = ["-in", str(bench.folder / "server.pem"), "-inkey", str(bench.folder / "server.key")]
    subprocess.run(["openssl", "pkcs12", "-export", *source, "-out", str(made), *more], check=True, timeout=60)
    found = find_key(made.read_bytes())
    assert (found.locked if found is not None else None) is locked
    if locked is False and "NONE" not in more:
        assert found is not None
        assert found.spki_sha256 is not None


def _java(magic: bytes, *kinds: int) -> bytes:
    """A keystore as keytool writes it: what was read from real ones."""
    entries = b"".join(
        each.to_bytes(4, "big") + b"\0\1a" + b"\0" * 8 + (b"\0\5X.509" if each == 2 else b"") + b"\0\0\0\3abc"
        for each in kinds
    )
    return magic + b"\0\0\0\2" + len(kinds).to_bytes(4, "big") + entries + b"\0" * 20


@pytest.mark.parametrize("magic", [b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"])
@pytest.mark.parametrize(("kinds", "locked"), [((2, 2), None), ((2, 1), True), ((1,), True), ((), None)])
def test_a_keystore_of_java(magic: bytes, kinds: tuple[int, ...], locked: bool | None) -> None:
    found = find_key(_java(magic, *kinds))
    assert (found.locked if found is not None else None) is locked


@pytest.mark.parametrize(("how", "locked"), [("none", False), ("aes256-cbc", True)])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_key_of_putty(how: str, locked: bool, end: str) -> None:
    text = end.join(["PuTTY-User-Key-File-3: ssh-ed25519", f"Encryption: {how}", "Comment: a", "Public-Lines: 2"])
    found = find_key(text.encode())
    assert found is not None
    assert found.locked is locked


def test_what_is_no_key(bench: Bench) -> None:
    numbers = _EC.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    certificate = subprocess.run(
        ["openssl", "x509", "-in", bench.folder / "server.pem", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    listed = subprocess.run(
        ["openssl", "crl", "-in", bench.folder / "clients.crl", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    for content in (numbers, certificate, listed, b"", b"\xfe\xed\xfe\xed", b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1\0\0"):
        assert find_key(content) is None


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x02\x01\x00", b"\x02\x01\x01", b"\x02\x01\x03\x30"]))
def test_random_der_is_no_key(content: bytes, start: bytes) -> None:
    assert find_key(der.encode(der.SEQUENCE, start, content)) is None


@given(st.integers(0, 600), st.integers(0, 255))
def test_a_keystore_that_is_broken(place: int, octet: int) -> None:
    """Nothing but a verdict comes of it."""
    content = bytearray(_STORE)
    content[place % len(content)] = octet
    find_key(bytes(content))
    find_key(bytes(content[:place]))


_BEGIN, _END = b"-----BEGIN RSA PRIVATE KEY-----", b"-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("content", "is_key"),
    [
        (_BEGIN + b"\n" + _BEGIN * 30_000, False),
        (_BEGIN + b" \n" * 500_000, False),
        (_BEGIN + b" " * 900_000 + b"-", False),
        (_BEGIN + b"\nProc-Type: x" * 70_000, False),
        (_BEGIN + b" DEK-Info:" * 70_000 + b"\n", False),
        (_BEGIN + (b"\nDEK-Info:" + b" " * 50) * 10_000, False),
        (_BEGIN + b"\n" + b"A" * 900_000 + b"\n" + _END, True),
        (b" " * 900_000 + _BEGIN, False),
        (b"\x30\x82\xff\xff\x02\x01\x03" + b"\x30\x80" * 30_000, False),
    ],
    ids=["markers", "blanks", "a line of blanks", "headers", "one line", "trailing", "long", "indented", "nested"],
)
def test_hostile_text_is_read_in_linear_time(content: bytes, is_key: bool) -> None:
    """Each would take minutes otherwise, some of them for ever: the patience of the whole run tells."""
    assert (find_key(content) is not None) is is_key


def test_what_is_encrypted_beside_a_key_is_left_alone() -> None:
    """To see whether there is a key in this one takes hours, and nobody but its author knows beforehand."""
    assert find_key(hiding_work(2**31 - 1)) is None


def test_a_key_in_a_repository_is_found_in_any_form(bench: Bench) -> None:
    (bench.folder / ".git").mkdir()
    for file in (*bench.folder.glob("*.key"), *bench.folder.glob("*.pem")):
        file.unlink()
    (bench.folder / "id").write_bytes(b"\n" + _encoded(_EC, "PEM OpenSSH", _OPEN))
    (bench.folder / "a.der").write_bytes(_encoded(_RSA, "DER PKCS8", _OPEN))
    (bench.folder / "b.p12").write_bytes(_STORE)
    (bench.folder / "c.key").write_bytes(_encoded(_EC, "PEM PKCS8", _LOCKED))
    (bench.folder / "node_modules").mkdir()
    (bench.folder / "node_modules" / "d.key").write_bytes(_encoded(_EC, "PEM PKCS8", _OPEN))
    (bench.folder / "nginx.conf").write_text(_TEXT)
    linted = lint([bench.folder], LintOptions(policy=load_policy("owasp"), anchors=load_anchors()))
    found = [each.location for each in results(linted.document, "TLS-KEY-002") if each.outcome == "fail"]
    assert [(each.file, each.line) for each in found if each is not None] == [("a.der", 1), ("id", 2)]
    assert linted.notes == (
        "node_modules is other people's software and was not looked into",
        "b.p12 holds a private key, which is as safe as its passphrase (and 1 more like it)",
    )
