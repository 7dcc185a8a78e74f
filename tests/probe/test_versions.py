from __future__ import annotations

import pytest

from tests.lab.pki import LabPki
from tests.lab.script import Script
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import (
    SSL_2,
    SSL_3,
    TLS_1_0,
    TLS_1_1,
    TLS_1_2,
    TLS_1_3,
    audit,
    closing,
    ders,
    facts,
    suites,
    versions,
)
from tlsaudit.data.suites import SSL2_CIPHERS
from tlsaudit.model.protocol import ProtocolVersion

OLD_SUITES = {0x0035: "RSA", 0x002F: "RSA", 0x000A: "RSA"}


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("TLSv1", {TLS_1_0}),
        ("TLSv1 TLSv1.1", {TLS_1_0, TLS_1_1}),
        ("TLSv1.1", {TLS_1_1}),
        ("TLSv1 TLSv1.2", {TLS_1_0, TLS_1_2}),
        ("TLSv1 TLSv1.3", {TLS_1_0, TLS_1_3}),
        ("TLSv1.2", {TLS_1_2}),
        ("TLSv1.3", {TLS_1_3}),
        ("TLSv1.2 TLSv1.3", {TLS_1_2, TLS_1_3}),
        ("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", {TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3}),
    ],
)
def test_nginx_accepts_the_versions_it_is_configured_for_and_no_other(
    lab: Lab, directive: str, expected: set[ProtocolVersion]
) -> None:
    assert versions(facts(lab.nginx(f"ssl_protocols {directive}; ssl_ciphers DEFAULT:@SECLEVEL=0;"))) == expected


@pytest.mark.parametrize("minor", [0, 1, 2, 3])
def test_tlslite_with_one_version_has_that_version(lab: Lab, minor: int) -> None:
    only = [3, minor]
    settings = {"minVersion": only, "maxVersion": only, "versions": [], "cipherNames": ["aes128"], "macNames": ["sha"]}
    version = (SSL_3, TLS_1_0, TLS_1_1, TLS_1_2)[minor]
    found = facts(lab.tlslite(settings))
    assert versions(found) == {version}
    assert suites(found, version) == ["ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-SHA", "AES128-SHA"]


def test_ssl_3_shows_the_suites_of_tls_1_0_that_it_should_not_have(lab: Lab) -> None:
    settings = {"minVersion": [3, 0], "maxVersion": [3, 0], "versions": []}
    found = facts(lab.tlslite({**settings, "cipherNames": ["rc4", "3des"], "macNames": ["md5", "sha"]}))
    assert suites(found, SSL_3) == [
        "ECDHE-RSA-DES-CBC3-SHA",
        "ECDHE-RSA-RC4-SHA",
        "EDH-RSA-DES-CBC3-SHA",
        "DES-CBC3-SHA",
        "RC4-SHA",
        "RC4-MD5",
    ]


def test_ssl_2_lists_its_ciphers_beside_other_versions(lab_pki: LabPki) -> None:
    kinds = (0x010080, 0x0700C0)
    script = Script(versions=(TLS_1_0.code,), suites=OLD_SUITES, ssl2_kinds=kinds, chain=ders(lab_pki.rsa.leaf))
    with ScriptedServer(script) as server:
        found = facts(server)
    assert versions(found) == {SSL_2, TLS_1_0}
    assert found.suite_order[SSL_2] == kinds
    assert {(SSL_2, code) for code in SSL2_CIPHERS} == {
        at for at in (*found.cipher_suites.accepted, *found.cipher_suites.refused) if at[0] is SSL_2
    }


@pytest.mark.parametrize("silent", [False, True])
def test_a_server_of_ssl_2_alone_is_audited(lab_pki: LabPki, silent: bool) -> None:
    script = Script(versions=(), ssl2_kinds=(0x010080,), chain=ders(lab_pki.rsa.leaf))
    with ScriptedServer(closing(script) if silent else script) as server:
        found = facts(server)
    assert versions(found) == {SSL_2}


def test_a_server_that_refuses_hellos_above_its_own_version_is_found(lab_pki: LabPki) -> None:
    script = Script(
        versions=(TLS_1_0.code,),
        suites=OLD_SUITES,
        chain=ders(lab_pki.rsa.leaf),
        intolerant=lambda hello: hello.version > TLS_1_0.code,
    )
    with ScriptedServer(script) as server:
        found = facts(server)
    assert versions(found) == {TLS_1_0}
    assert suites(found, TLS_1_0) == ["AES256-SHA", "AES128-SHA", "DES-CBC3-SHA"]


@pytest.mark.parametrize("version", [TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3])
def test_closing_instead_of_alerting_is_a_refusal_once_a_good_hello_is_answered(
    lab_pki: LabPki, version: ProtocolVersion
) -> None:
    script = Script(versions=(version.code,), suites=OLD_SUITES, chain=ders(lab_pki.rsa.leaf))
    with ScriptedServer(closing(script)) as server:
        found = facts(server)
    assert versions(found) == {version}
    assert len(found.suite_order[version]) == (1 if version is TLS_1_3 else 3)


def test_a_completed_handshake_outweighs_a_refusal(lab: Lab) -> None:
    """This tlslite offers SSL 3.0, but TLS 1.2 as well to clients that send supported_versions."""
    settings = {"minVersion": [3, 0], "maxVersion": [3, 0], "cipherNames": ["aes128"], "macNames": ["sha"]}
    done = audit(lab.tlslite(settings))
    assert versions(done.facts) == {SSL_3, TLS_1_2}
    assert not [at for at in done.facts.cipher_suites.refused if at[0] is TLS_1_2]
