"""Trust stores, with Mozilla's roots as certifi packs them."""

from __future__ import annotations

from fixtures.certificates import der_of
from tlsaudit.data import trust
from tlsaudit.demo.mint import Authority
from tlsaudit.pki import TrustStore, parse_certificate
from tlsaudit.pki.names import normalise


def test_all_of_mozillas_roots_are_read() -> None:
    ders = trust.mozilla().ders
    store = TrustStore.from_ders("mozilla", ders)
    assert len(store) == len(ders)
    assert store.skipped == 0
    for each in ders:
        certificate = parse_certificate(each)
        assert certificate in store
        assert certificate in store.issuers(normalise(certificate.subject_der))
        assert certificate.self_signed


def test_what_is_no_certificate_is_skipped_and_counted_and_twins_count_once() -> None:
    root = der_of(Authority.root("Root").certificate)
    store = TrustStore.from_ders("custom", [b"", root, b"\x30\x00", root])
    assert (len(store), store.skipped) == (1, 2)


def test_a_member_that_is_broken_inside_is_no_issuer() -> None:
    root = Authority.root("Root").certificate
    broken = der_of(root).replace(b"\x17\x0d", b"\x17\x0d" + b"9" * 6, 1)[: len(der_of(root)) + 6]
    store = TrustStore.from_ders("custom", [broken])
    assert store.issuers(normalise(root.subject.public_bytes())) == ()


def test_a_store_can_be_made_of_parsed_certificates() -> None:
    root = parse_certificate(der_of(Authority.root("Root").certificate))
    store = TrustStore("custom", [root])
    assert store.name == "custom"
    assert store.issuers(normalise(root.subject_der)) == (root,)
