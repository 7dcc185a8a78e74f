"""The table of cipher suites against what other sources count, and against the local OpenSSL."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.lab.servers import requires
from tlsaudit.data.suites import (
    GREASE,
    SSL2_CIPHERS,
    SUITES,
    TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
    TLS_FALLBACK_SCSV,
    openssl_name,
    suite_name,
    suites_for,
)
from tlsaudit.model.protocol import ProtocolVersion

OPENSSL_KX = {"RSAPSK": "RSA_PSK", "DHEPSK": "DHE_PSK", "ECDHEPSK": "ECDHE_PSK", "any": "TLS13"}
YOUNGER_THAN_RFC_7540 = {0xCCAB, 0xCCAE, *range(0xC0B0, 0xC0B4), *range(0xC100, 0xC103)}


def test_signalling_values_and_grease_are_no_suites() -> None:
    assert TLS_FALLBACK_SCSV not in SUITES
    assert TLS_EMPTY_RENEGOTIATION_INFO_SCSV not in SUITES
    assert len(GREASE) == 16
    assert not SUITES.keys() & set(GREASE)


def test_http2_prohibits_the_276_names_of_rfc_9113_appendix_a() -> None:
    prohibited = {code for code, suite in SUITES.items() if suite.h2_prohibited and suite.standard}
    assert len((prohibited - YOUNGER_THAN_RFC_7540) | {TLS_EMPTY_RENEGOTIATION_INFO_SCSV}) == 276


def test_http2_prohibits_neither_tls13_suites_nor_ephemeral_aead() -> None:
    for code in (0x1301, 0x1305, 0xC02F, 0x009E, 0xCCA8, 0x00AA, 0xD001, 0xC0AC):
        assert not SUITES[code].h2_prohibited


def test_null_suites_are_26_of_the_first_source_and_the_two_integrity_only_ones() -> None:
    null = {code for code, suite in SUITES.items() if suite.enc == "NULL"}
    assert {0xC0B4, 0xC0B5} <= null
    assert len(null) == 28
    assert all(SUITES[code].bits == 0 and not SUITES[code].aead for code in null)


def test_recommended_values_are_those_of_the_rfcs() -> None:
    counts = {value: sum(suite.recommended == value for suite in SUITES.values()) for value in ("Y", "D")}
    assert counts == {"Y": 24, "D": 26}
    assert SUITES[0x1305].recommended == "N"
    assert all((suite.recommended is None) == (not suite.standard) for suite in SUITES.values())


def test_chacha20_has_256_bits() -> None:
    assert {suite.bits for suite in SUITES.values() if suite.enc == "CHACHA20"} == {256}


def test_triple_des_counts_as_112_bits_in_blocks_of_64() -> None:
    triple = [suite for suite in SUITES.values() if suite.enc == "3DES"]
    assert {(suite.bits, suite.effective_bits, suite.block_bits) for suite in triple} == {(168, 112, 64)}


def test_tls13_suites_are_for_tls13_only() -> None:
    for suite in SUITES.values():
        assert (suite.kx == "TLS13") == (suite.min_version is ProtocolVersion.TLS_1_3)
        assert suite.min_version.rank <= suite.max_version.rank


def test_anonymous_key_exchange_is_never_forward_secret() -> None:
    assert not any(suite.ephemeral for suite in SUITES.values() if suite.auth == "anon")
    assert SUITES[0x0034].kx == "DH_anon"
    assert SUITES[0xC018].kx == "ECDH_anon"


def test_retired_code_points_are_known_and_not_standard() -> None:
    for code in (0xCC13, 0xCC14, 0xCC15, 0x16B7, 0x16BA, 0xFEFE, 0xFEFF, 0x0060, 0x0080):
        assert not SUITES[code].standard
        assert SUITES[code].recommended is None


def test_export_suites_have_at_most_56_bits() -> None:
    assert all(suite.bits <= 56 for suite in SUITES.values() if suite.export)


@pytest.mark.parametrize("version", [each for each in ProtocolVersion if each.rank > 0])
def test_a_client_offers_weak_suites_last(version: ProtocolVersion) -> None:
    suites = suites_for(version)
    hopeless = [suite.enc == "NULL" or suite.auth == "anon" or suite.export for suite in suites]
    assert hopeless == sorted(hopeless)
    assert not hopeless[0]


def test_tls13_offer_begins_with_the_standard_suites() -> None:
    codes = [suite.code for suite in suites_for(ProtocolVersion.TLS_1_3)]
    assert codes[:4] == [0x1302, 0x1301, 0x1303, 0x1304]
    assert set(codes[-2:]) == {0xC0B4, 0xC0B5}


def test_tls12_offer_begins_with_ecdhe_and_aead() -> None:
    first = suites_for(ProtocolVersion.TLS_1_2)[:6]
    assert {(suite.kx, suite.aead) for suite in first} == {("ECDHE", True)}


def test_gcm_is_not_offered_below_tls12() -> None:
    assert not any(suite.aead for suite in suites_for(ProtocolVersion.TLS_1_1))
    assert suites_for(ProtocolVersion.SSL_2) == ()


def test_unknown_codes_are_named_in_hexadecimal() -> None:
    assert suite_name(0xC02F) == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    assert openssl_name(0xC02F) == "ECDHE-RSA-AES128-GCM-SHA256"
    assert suite_name(0xABCD) == openssl_name(0xABCD) == "0xABCD"
    assert openssl_name(0x001E) == "0x001E"


def test_ssl2_ciphers_carry_their_real_strength() -> None:
    assert (SSL2_CIPHERS[0x010080].bits, SSL2_CIPHERS[0x010080].export) == (128, False)
    assert (SSL2_CIPHERS[0x020080].bits, SSL2_CIPHERS[0x020080].export) == (40, True)
    assert SSL2_CIPHERS[0x060040].bits == 56


def test_every_suite_of_the_local_openssl_is_ours_by_code_name_and_algorithms() -> None:
    requires("openssl")
    command = ["openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL@SECLEVEL=0"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = re.findall(
        r"0x(\w\w),0x(\w\w) +- +(\S+) +- +(\S+) +(\S+) +Kx=(\S+) +Au=(\S+) +Enc=(\S+?)(?:\((\d+)\))? +Mac=(\S+)",
        listing,
    )
    assert len(lines) > 30
    for high, low, name, short, version, kx, auth, enc, bits, mac in lines:
        suite = SUITES[int(high + low, 16)]
        assert (suite.name, suite.openssl_name) == (name, short)
        ours = suite.kx if auth == "None" else OPENSSL_KX.get(kx, kx)
        if ours in {"DH", "ECDH"}:
            ours += "E"  # OpenSSL 1.1 and later print the ephemeral kind so, and have no other
        expected_auth = {"None": "anon", "any": "TLS13"}.get(auth, auth)
        assert (suite.kx, suite.auth) == (ours, expected_auth), name
        assert suite.kx.endswith("_anon") == (auth == "None"), name
        assert suite.min_version.value.removesuffix(".0") == version, name
        assert suite.bits == int(bits or 0), name
        assert suite.mac == mac, name
        assert enc.split("/")[0].upper().startswith(suite.enc if suite.enc != "NULL" else "NONE"), name
