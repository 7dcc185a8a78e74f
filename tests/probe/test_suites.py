from __future__ import annotations

import pytest

from tests.lab.pki import LabPki
from tests.lab.script import Script
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, ders, facts, preference, suites, versions
from tlsaudit.data.suites import SUITES, suites_for
from tlsaudit.model.facts import Preference
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.suites import candidates
from tlsaudit.wire import ClientHello

ORDERED = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-SHA",
)
ORDERED_13 = ("TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384")


@pytest.mark.parametrize("version", list(ProtocolVersion)[1:])
def test_candidates_are_all_suites_of_a_version_with_chacha20_last(version: ProtocolVersion) -> None:
    codes = candidates(version)
    assert set(codes) >= {suite.code for suite in suites_for(version)}
    assert len(set(codes)) == len(codes)
    last = [SUITES[code].enc == "CHACHA20" for code in codes]
    assert last == sorted(last)


@pytest.mark.parametrize("server_name", ["nginx", "haproxy", "openssl"])
def test_a_server_with_an_order_shows_it(lab: Lab, server_name: str) -> None:
    listed = ":".join(ORDERED)
    match server_name:
        case "nginx":
            server = lab.nginx(f"ssl_protocols TLSv1.2; ssl_ciphers {listed}; ssl_prefer_server_ciphers on;")
        case "haproxy":
            server = lab.haproxy(f"ssl-max-ver TLSv1.2 ciphers {listed}")
        case _:
            server = lab.openssl("-no_tls1_3", "-serverpref", "-cipher", listed)
    found = facts(server)
    assert suites(found, TLS_1_2) == list(ORDERED)
    assert preference(found, TLS_1_2) is Preference.SERVER


def test_the_order_of_tls_1_3_is_found_too(lab: Lab) -> None:
    found = facts(lab.openssl("-serverpref", "-ciphersuites", ":".join(ORDERED_13), "-cipher", ":".join(ORDERED)))
    assert suites(found, TLS_1_3) == list(ORDERED_13)
    assert preference(found, TLS_1_3) is Preference.SERVER


@pytest.mark.parametrize("server_name", ["nginx", "apache", "gnutls"])
def test_a_server_that_follows_the_client_is_told_apart(lab: Lab, server_name: str) -> None:
    match server_name:
        case "nginx":
            server = lab.nginx(f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {':'.join(ORDERED)};")
        case "apache":
            server = lab.apache(f"SSLProtocol -all +TLSv1.2 +TLSv1.3\nSSLCipherSuite {':'.join(ORDERED)}")
        case _:
            server = lab.gnutls("NORMAL")
    found = facts(server)
    assert preference(found, TLS_1_2) is Preference.CLIENT
    assert preference(found, TLS_1_3) is Preference.CLIENT
    if server_name != "gnutls":
        assert set(suites(found, TLS_1_2)) == set(ORDERED)


@pytest.mark.parametrize("chacha_first", [False, True])
def test_a_server_that_moves_chacha20_up_on_request_still_has_its_order(lab: Lab, chacha_first: bool) -> None:
    """OpenSSL's PRIORITIZE_CHACHA makes its choice depend on the first suite that a client offers."""
    order = sorted(ORDERED, key=lambda name: "CHACHA20" not in name) if chacha_first else list(ORDERED)
    order_13 = sorted(ORDERED_13, key=lambda name: "CHACHA20" not in name) if chacha_first else list(ORDERED_13)
    found = facts(
        lab.nginx(
            f"ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_ciphers {':'.join(order)};"
            f"ssl_conf_command Ciphersuites {':'.join(order_13)};"
            "ssl_conf_command Options ServerPreference,PrioritizeChaCha;"
        )
    )
    assert suites(found, TLS_1_2) == order
    assert suites(found, TLS_1_3) == order_13
    assert preference(found, TLS_1_2) is preference(found, TLS_1_3) is Preference.SERVER


@pytest.mark.parametrize("listed", ["ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305", "ALL"])
def test_with_chacha20_on_request_two_suites_are_enough_to_see_the_order(lab: Lab, listed: str) -> None:
    found = facts(lab.openssl("-no_tls1_3", "-serverpref", "-prioritize_chacha", "-cipher", listed))
    assert preference(found, TLS_1_2) is Preference.SERVER


def test_one_suite_has_no_order(lab: Lab) -> None:
    found = facts(lab.nginx("ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;"))
    assert TLS_1_2 not in found.cipher_preference


def test_null_anonymous_and_aria_suites_are_found(lab: Lab) -> None:
    listed = "AECDH-NULL-SHA:NULL-SHA256:ADH-AES128-GCM-SHA256:ARIA128-GCM-SHA256:AES128-CCM8:CAMELLIA256-SHA"
    server = lab.openssl("-no_tls1_3", "-serverpref", "-cipher", f"{listed}:@SECLEVEL=0", certificate=lab.pki.rsa)
    assert suites(facts(server), TLS_1_2) == listed.split(":")


@pytest.mark.parametrize("server_order", [False, True])
def test_suites_that_no_packaged_server_has_any_more_are_found(lab_pki: LabPki, server_order: bool) -> None:
    offered = {0x0003: "RSA_EXPORT", 0x0001: "RSA", 0x0018: "DH_anon", 0x000A: "RSA", 0xC011: "ECDHE", 0x0009: "RSA"}
    script = Script(suites=offered, server_order=server_order, chain=ders(lab_pki.rsa.leaf))
    with ScriptedServer(script) as server:
        found = facts(server)
    assert set(found.suite_order[TLS_1_2]) == set(offered)
    assert preference(found, TLS_1_2) is (Preference.SERVER if server_order else Preference.CLIENT)
    if server_order:
        assert list(found.suite_order[TLS_1_2]) == list(offered)


def many_suites(hello: ClientHello) -> bool:
    return len(hello.cipher_suites) > 128


def long_hello(hello: ClientHello) -> bool:
    return len(hello.handshake()) > 511


def middling_hello(hello: ClientHello) -> bool:
    return 256 <= len(hello.handshake()) <= 511


@pytest.mark.parametrize("intolerant", [many_suites, long_hello, middling_hello])
def test_a_picky_server_is_audited_as_any_other(lab_pki: LabPki, intolerant: object) -> None:
    offered = {0x000A: "RSA", 0xCCA8: "ECDHE", 0xC02F: "ECDHE", 0x0035: "RSA", 0xC013: "ECDHE"}
    script = Script(
        versions=(TLS_1_2.code, TLS_1_1.code),
        suites=offered,
        versions_of={0xCCA8: (TLS_1_2.code,), 0xC02F: (TLS_1_2.code,)},
        chain=ders(lab_pki.rsa.leaf),
        intolerant=intolerant,  # type: ignore[arg-type]  # pytest's parameters are untyped
    )
    with ScriptedServer(script) as server:
        found = facts(server)
    assert versions(found) == {TLS_1_1, TLS_1_2}
    assert list(found.suite_order[TLS_1_2]) == list(offered)
    assert list(found.suite_order[TLS_1_1]) == [0x000A, 0x0035, 0xC013]
    assert preference(found, TLS_1_2) is preference(found, TLS_1_1) is Preference.SERVER


def test_a_server_that_fails_over_one_suite_may_have_the_others(lab: Lab) -> None:
    """GnuTLS without finite-field groups chooses a suite with DHE where one is offered, and fails (alert 80)."""
    server = lab.gnutls("NORMAL:-GROUP-ALL:+GROUP-X448:+GROUP-SECP384R1", certificate=lab.pki.rsa)
    found = facts(server)
    assert versions(found) == {TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3}
    old = ["ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES128-SHA", "AES256-SHA", "AES128-SHA"]
    assert suites(found, TLS_1_0) == suites(found, TLS_1_1) == old
    assert len(suites(found, TLS_1_2)) == 11
    assert preference(found, TLS_1_2) is preference(found, TLS_1_0) is Preference.CLIENT


@pytest.mark.parametrize(
    "ciphers",
    [
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-SHA:AES128-SHA",
        "ECDHE-ECDSA-AES256-GCM-SHA384:NULL-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA",
    ],
)
def test_haproxy_with_two_certificates_hides_no_suite(lab: Lab, ciphers: str) -> None:
    """It takes the ECDSA certificate wherever a suite for one is on offer, and refuses those who need the other."""
    server = lab.haproxy(
        f"crt {lab.pki.ecdsa.combined} ssl-max-ver TLSv1.2 ciphers {ciphers}:@SECLEVEL=0", certificate=lab.pki.rsa
    )
    found = facts(server)
    assert set(suites(found, TLS_1_2)) == set(ciphers.split(":"))
    assert not [code for version, code in found.cipher_suites.accepted if version is not TLS_1_2]
