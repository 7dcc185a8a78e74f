"""TLS handshake signatures and certificate signatures."""

from __future__ import annotations

import subprocess
from hashlib import md5, sha1
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from fixtures.certificates import NAME, der_of
from fixtures.forge import encode_oid, forge, tlv
from tests.lab.servers import requires
from tlsaudit.demo.mint import Authority, PrivateKey, ec_key, rsa_key
from tlsaudit.model.certificate import Certificate
from tlsaudit.pki import parse_certificate, verify_signature

CONTENT = b"client random, server random, parameters"
ROOT = Authority.root("Root")
RSA, EC, DSA = rsa_key(), ec_key(), dsa.generate_private_key(1024)
ED25519, ED448 = ed25519.Ed25519PrivateKey.generate(), ed448.Ed448PrivateKey.generate()


def certificate_of(key: PrivateKey) -> Certificate:
    return parse_certificate(der_of(ROOT.issue(NAME, key=key).certificate))


def pss(digest: hashes.HashAlgorithm) -> padding.PSS:
    return padding.PSS(padding.MGF1(digest), digest.digest_size)


def sign_md5_sha1() -> bytes:
    """As TLS 1.1 and older sign: PKCS #1 padding around both digests, without DigestInfo."""
    digests = md5(CONTENT).digest() + sha1(CONTENT).digest()
    private = RSA.private_numbers()
    padded = b"\0\1" + b"\xff" * (256 - 3 - len(digests)) + b"\0" + digests
    return pow(int.from_bytes(padded, "big"), private.d, private.public_numbers.n).to_bytes(256, "big")


@pytest.mark.parametrize(
    ("scheme", "key", "signature"),
    [
        (0x0101, RSA, RSA.sign(CONTENT, padding.PKCS1v15(), hashes.MD5())),
        (0x0201, RSA, RSA.sign(CONTENT, padding.PKCS1v15(), hashes.SHA1())),
        (0x0301, RSA, RSA.sign(CONTENT, padding.PKCS1v15(), hashes.SHA224())),
        (0x0401, RSA, RSA.sign(CONTENT, padding.PKCS1v15(), hashes.SHA256())),
        (0x0601, RSA, RSA.sign(CONTENT, padding.PKCS1v15(), hashes.SHA512())),
        (0x0804, RSA, RSA.sign(CONTENT, pss(hashes.SHA256()), hashes.SHA256())),
        (0x0806, RSA, RSA.sign(CONTENT, pss(hashes.SHA512()), hashes.SHA512())),
        (0x0809, RSA, RSA.sign(CONTENT, pss(hashes.SHA256()), hashes.SHA256())),
        (0x0203, EC, EC.sign(CONTENT, ec.ECDSA(hashes.SHA1()))),
        (0x0403, EC, EC.sign(CONTENT, ec.ECDSA(hashes.SHA256()))),
        (0x0603, EC, EC.sign(CONTENT, ec.ECDSA(hashes.SHA512()))),
        (0x0202, DSA, DSA.sign(CONTENT, hashes.SHA1())),
        (0x0402, DSA, DSA.sign(CONTENT, hashes.SHA256())),
        (0x0807, ED25519, ED25519.sign(CONTENT)),
        (0x0808, ED448, ED448.sign(CONTENT)),
        (None, EC, EC.sign(CONTENT, ec.ECDSA(hashes.SHA1()))),
        (None, DSA, DSA.sign(CONTENT, hashes.SHA1())),
        (None, RSA, sign_md5_sha1()),
    ],
    ids=lambda value: f"0x{value:04x}" if isinstance(value, int) else "",
)
def test_a_signature_verifies_with_its_key_and_content_only(
    scheme: int | None, key: PrivateKey, signature: bytes
) -> None:
    certificate = certificate_of(key)
    assert verify_signature(certificate, scheme, CONTENT, signature) is True
    assert verify_signature(certificate, scheme, CONTENT + b"!", signature) is False
    assert verify_signature(certificate, scheme, CONTENT, signature[:-1] + bytes([signature[-1] ^ 1])) is False
    assert verify_signature(certificate, scheme, CONTENT, b"") is False


def test_a_key_of_another_type_cannot_have_signed() -> None:
    assert verify_signature(certificate_of(RSA), 0x0403, CONTENT, EC.sign(CONTENT, ec.ECDSA(hashes.SHA256()))) is False
    assert verify_signature(certificate_of(EC), 0x0807, CONTENT, ED25519.sign(CONTENT)) is False
    assert verify_signature(certificate_of(ED25519), 0x0804, CONTENT, b"x") is False


def test_a_scheme_or_a_key_that_cannot_be_verified_gives_no_verdict() -> None:
    for scheme in (0x0708, 0x0909, 0xFFFF, 0x0000, 0x0A0A):
        assert verify_signature(certificate_of(EC), scheme, CONTENT, b"x") is None
    unknown_key = tlv(0x30, tlv(0x30, encode_oid("2.16.840.1.101.3.4.3.18")), tlv(0x03, b"\0key"))
    strange = parse_certificate(forge(ROOT.issue(NAME).certificate, ROOT.key, spki=unknown_key))
    assert verify_signature(strange, 0x0401, CONTENT, b"x") is None
    assert verify_signature(strange, None, CONTENT, b"x") is None


@given(st.sampled_from([RSA, EC, DSA, ED25519]), st.integers(0, 0xFFFF) | st.none(), st.binary(max_size=300))
def test_no_signature_made_up_verifies(key: PrivateKey, scheme: int | None, signature: bytes) -> None:
    assert verify_signature(certificate_of(key), scheme, CONTENT, signature) is not True


@pytest.mark.parametrize(
    ("options", "digest"),
    [
        (["-sigopt", "rsa_padding_mode:pss"], "sha256"),
        (["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20", "-sha1"], "sha1"),
        (["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_mgf1_md:sha256", "-sha384"], "sha384"),
    ],
)
@pytest.mark.parametrize("kind", ["RSA", "RSA-PSS"])
def test_pss_as_openssl_makes_it(options: list[str], digest: str, kind: str, tmp_path: Path) -> None:
    requires("openssl")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True, timeout=60)

    openssl("genpkey", "-algorithm", kind, "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key")
    openssl("req", "-x509", "-new", "-key", "key", "-subj", "/CN=pss", "-outform", "DER", "-out", "der", *options)
    certificate = parse_certificate((tmp_path / "der").read_bytes())
    assert certificate.key.pss is (kind == "RSA-PSS")
    assert (certificate.key.type, certificate.key.bits) == ("rsa", 2048)
    assert (certificate.signature_algorithm, certificate.signature_hash) == ("rsassaPss", digest)
    assert certificate.self_signed


def test_sha1_and_md5_certificate_signatures_verify() -> None:
    root = Authority.root("Root", key=rsa_key(1024))
    assert isinstance(root.key, rsa.RSAPrivateKey)
    for digest in ("md5", "sha1"):
        assert parse_certificate(forge(root.certificate, root.key, digest=digest)).self_signed


def test_an_unknown_algorithm_is_named_by_its_number() -> None:
    unknown = bytes.fromhex("300506032a0304")
    certificate = parse_certificate(forge(ROOT.certificate, ROOT.key, outer_algorithm=unknown))
    assert (certificate.signature_algorithm, certificate.signature_hash) == ("1.2.3.4", None)
    assert certificate.self_issued
    assert not certificate.self_signed
