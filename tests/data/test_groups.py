"""Named groups and signature schemes."""

from __future__ import annotations

from tlsaudit.data.groups import EXPLICIT_CURVES, GROUPS, group_name, groups_for
from tlsaudit.data.signatures import SCHEMES, scheme_name
from tlsaudit.model.protocol import ProtocolVersion


def test_tls13_offer_begins_with_hybrids_and_ends_with_obsolete_drafts() -> None:
    offered = groups_for(ProtocolVersion.TLS_1_3)
    assert [group.name for group in offered[:3]] == ["X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"]
    codes = {group.code for group in offered}
    assert {0x0200, 0x0201, 0x0202, 29, 23, 30, 24, 25, 31, 32, 33, 41, *range(256, 261), 0x6399, 0x639A} <= codes
    assert not codes & {*range(1, 23), 26, 27, 28}
    assert [group.obsolete for group in offered] == sorted(group.obsolete for group in offered)


def test_tls12_offer_has_every_old_curve_and_nothing_else_than_curves() -> None:
    offered = groups_for(ProtocolVersion.TLS_1_2)
    assert set(range(1, 31)) <= {group.code for group in offered}
    assert {group.kind for group in offered} == {"ec"}
    assert offered == groups_for(ProtocolVersion.TLS_1_0)


def test_sizes_are_those_of_the_classical_part() -> None:
    sizes = {"x25519": 255, "secp521r1": 521, "sect163k1": 163, "ffdhe3072": 3072, "SecP384r1MLKEM1024": 384,
             "curveSM2": 256, "GC512A": 512, "brainpoolP384r1tls13": 384, "MLKEM768": None}  # fmt: skip
    found = {group.name: group.bits for group in GROUPS.values()}
    assert {name: found[name] for name in sizes} == sizes


def test_registry_discourages_what_rfc_9847_lists() -> None:
    discouraged = {code for code, group in GROUPS.items() if group.recommended == "D"}
    assert discouraged == {*range(1, 9), *range(15, 22)}
    assert {code for code, group in GROUPS.items() if group.recommended == "Y"} == {23, 24, 29, 30}


def test_kyber_drafts_are_obsolete_and_post_quantum() -> None:
    assert {0x6399, 0x639A, 0x4138, 0xFE30, 0xFE31} == {code for code, group in GROUPS.items() if group.obsolete}
    assert GROUPS[0x6399].name == "X25519Kyber768Draft00"
    assert all(group.post_quantum for group in GROUPS.values() if group.obsolete)


def test_explicit_curves_have_names_but_are_no_groups() -> None:
    assert not GROUPS.keys() & set(EXPLICIT_CURVES)
    assert group_name(0xFF01) == "arbitrary_explicit_prime_curves"
    assert group_name(0x1D) == "x25519"
    assert group_name(0x0A0A) == "0x0A0A"


def test_schemes_and_pairs_of_tls12_have_algorithm_and_hash() -> None:
    expected = {
        0x0101: ("rsa_md5", "rsa_pkcs1", "md5"),
        0x0201: ("rsa_pkcs1_sha1", "rsa_pkcs1", "sha1"),
        0x0202: ("dsa_sha1", "dsa", "sha1"),
        0x0203: ("ecdsa_sha1", "ecdsa", "sha1"),
        0x0301: ("rsa_sha224", "rsa_pkcs1", "sha224"),
        0x0403: ("ecdsa_secp256r1_sha256", "ecdsa", "sha256"),
        0x0804: ("rsa_pss_rsae_sha256", "rsa_pss", "sha256"),
        0x0807: ("ed25519", "eddsa", None),
        0x0905: ("mldsa65", "ml-dsa", None),
        0x0911: ("slhdsa_sha2_128s", "slh-dsa", None),
    }
    for code, (name, algorithm, digest) in expected.items():
        scheme = SCHEMES[code]
        assert (scheme_name(code), scheme.algorithm, scheme.hash) == (name, algorithm, digest)
    assert scheme_name(0x9999) == "0x9999"
