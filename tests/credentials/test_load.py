"""Credentials are read in every usual form, and what is wrong with a file is one sentence without its content."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.lab.pki import LabPki
from tlsaudit.credentials import Credential, load_ca, load_credential, refuse_out_of_time
from tlsaudit.demo import mint
from tlsaudit.model.errors import InputError

_SECRET = b"correct horse"


def nobody(_what: str) -> bytes | None:
    """No terminal, no variable."""
    return None


def knows(passphrase: bytes) -> Callable[[str], bytes]:
    """Somebody who has this passphrase for everything."""
    return lambda _what: passphrase


def encrypted(leaf: mint.Leaf) -> bytes:
    return leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(_SECRET))


def p12(leaf: mint.Leaf, passphrase: bytes | None) -> bytes:
    protection = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    key = leaf.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return pkcs12.serialize_key_and_certificates(b"client", key, leaf.certificate, leaf.above, protection)


@pytest.fixture
def leaf() -> mint.Leaf:
    issuing = mint.Authority.root("Clients").subordinate("Clients Issuing")
    return issuing.issue("client.lab.test", purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))


def assert_is(found: Credential, leaf: mint.Leaf) -> None:
    assert found.certificate == leaf.certificate
    assert found.above == leaf.above
    assert found.serial == format(leaf.certificate.serial_number, "x")


def test_pem_in_two_files_and_in_one(tmp_path: Path, leaf: mint.Leaf) -> None:
    (tmp_path / "c").write_bytes(leaf.chain_pem())
    (tmp_path / "k").write_bytes(leaf.key_pem())
    (tmp_path / "both").write_bytes(leaf.key_pem() + leaf.chain_pem())
    assert_is(load_credential("it", tmp_path / "c", tmp_path / "k", nobody), leaf)
    assert_is(load_credential("it", tmp_path / "both", None, nobody), leaf)


def test_the_certificate_of_the_key_is_found_wherever_it_stands(tmp_path: Path, leaf: mint.Leaf) -> None:
    (tmp_path / "both").write_bytes(mint.pem(*reversed(leaf.chain())) + leaf.key_pem())
    assert_is(load_credential("it", tmp_path / "both", None, nobody), leaf)


def test_an_encrypted_key_asks_for_its_passphrase(tmp_path: Path, leaf: mint.Leaf) -> None:
    (tmp_path / "c").write_bytes(leaf.chain_pem())
    (tmp_path / "k").write_bytes(encrypted(leaf))
    assert_is(load_credential("it", tmp_path / "c", tmp_path / "k", knows(_SECRET)), leaf)


@pytest.mark.parametrize("passphrase", [None, _SECRET])
def test_pkcs_12(tmp_path: Path, leaf: mint.Leaf, passphrase: bytes | None) -> None:
    (tmp_path / "c.p12").write_bytes(p12(leaf, passphrase))
    asks = knows(passphrase) if passphrase else nobody
    assert_is(load_credential("it", tmp_path / "c.p12", None, asks), leaf)


def test_no_key_is_in_a_repr(tmp_path: Path, leaf: mint.Leaf) -> None:
    (tmp_path / "both").write_bytes(leaf.key_pem() + leaf.chain_pem())
    assert "key" not in repr(load_credential("it", tmp_path / "both", None, nobody)).lower().replace("publickey", "")


def refused(tmp_path: Path, chain: bytes, key: bytes | None, passphrases: Callable[[str], bytes | None]) -> str:
    (tmp_path / "c").write_bytes(chain)
    if key is not None:
        (tmp_path / "k").write_bytes(key)
    with pytest.raises(InputError) as error:
        load_credential("it", tmp_path / "c", None if key is None else tmp_path / "k", passphrases)
    text = str(error.value)
    assert "\n" not in text
    assert "MII" not in text
    assert _SECRET.decode() not in text
    return text


def test_what_is_wrong_with_a_credential_is_said(tmp_path: Path, leaf: mint.Leaf) -> None:
    other = mint.self_signed("other")
    weird = dsa.generate_private_key(2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    says = {
        "does not match the certificate": (leaf.chain_pem(), other.key_pem(), nobody),
        "is encrypted, and no passphrase was given": (leaf.chain_pem(), encrypted(leaf), nobody),
        "wrong passphrase": (leaf.chain_pem(), encrypted(leaf), knows(b"no")),
        "holds no PEM private key": (leaf.chain_pem(), None, nobody),
        "holds no PEM certificate": (leaf.key_pem(), None, nobody),
        "is neither PEM nor PKCS #12": (b"hello", None, nobody),
        "is empty": (b"", None, nobody),
        "larger than 1 MiB": (bytes(2 << 20), None, nobody),
        "cannot be read as a private key": (
            leaf.chain_pem(),
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            nobody,
        ),
        "a certificate in it cannot be read": (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            leaf.key_pem(),
            nobody,
        ),
        "a key of this kind": (leaf.chain_pem(), weird, nobody),
    }
    for words, (chain, key, passphrases) in says.items():
        assert words in refused(tmp_path, chain, key, passphrases)
    assert "wrong passphrase, or no PKCS #12" in refused(tmp_path, p12(leaf, _SECRET), None, knows(b"no"))
    assert "no passphrase was given" in refused(tmp_path, p12(leaf, _SECRET), None, nobody)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        load_credential("it", tmp_path / "missing", None, nobody)


def test_a_client_ca_and_its_key(tmp_path: Path, lab_pki: LabPki) -> None:
    (tmp_path / "k").write_bytes(_key_pem(lab_pki.client_ca.key))
    ca = load_ca(lab_pki.client_ca_file, tmp_path / "k", nobody)
    assert ca.key is not None
    assert ca.chain() == ()
    assert load_ca(lab_pki.client_ca_file, None, nobody).key is None
    with pytest.raises(InputError, match="does not match the certificate"):
        load_ca(lab_pki.root_file, tmp_path / "k", nobody)
    with pytest.raises(InputError, match="is no CA certificate"):
        load_ca(lab_pki.client.chain, None, nobody)


def test_an_intermediate_ca_is_sent_above_what_it_signs(tmp_path: Path, lab_pki: LabPki) -> None:
    (tmp_path / "ca").write_bytes(mint.pem(lab_pki.intermediate.certificate, lab_pki.root.certificate))
    assert load_ca(tmp_path / "ca", None, nobody).chain() == (lab_pki.intermediate.certificate,)


def test_what_should_be_good_is_within_its_time() -> None:
    leaf = mint.Authority.root("x").issue("y", not_after=datetime.now(UTC) + timedelta(days=1))
    now = datetime.now(UTC)
    refuse_out_of_time("it", leaf.certificate, now)
    with pytest.raises(InputError, match="it expired on"):
        refuse_out_of_time("it", leaf.certificate, now + timedelta(days=2))
    with pytest.raises(InputError, match="it is not valid before"):
        refuse_out_of_time("it", leaf.certificate, now - timedelta(days=20))


def test_ed25519_is_a_usual_key(tmp_path: Path) -> None:
    leaf = mint.Authority.root("x").issue("y", key=ed25519.Ed25519PrivateKey.generate())
    (tmp_path / "both").write_bytes(leaf.key_pem() + leaf.chain_pem())
    assert_is(load_credential("it", tmp_path / "both", None, nobody), leaf)


def _key_pem(key: mint.PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
