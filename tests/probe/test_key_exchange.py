from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dh
from cryptography.hazmat.primitives.serialization import Encoding, ParameterFormat

from tests.lab.pki import LabPki
from tests.lab.script import Script
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab, requires
from tests.probe.auditing import TLS_1_2, TLS_1_3, ders, facts
from tlsaudit.data import dh_primes
from tlsaudit.data.suites import SUITES
from tlsaudit.model.facts import DhParameters, Facts


def dh_served(found: Facts) -> set[DhParameters]:
    return {each.dh for each in found.key_exchanges.need() if each.dh is not None}


def dh_server(lab: Lab, file: Path) -> Facts:
    ciphers = "ssl_protocols TLSv1.2; ssl_ciphers DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA:@SECLEVEL=0;"
    return facts(lab.nginx(f"{ciphers} ssl_dhparam {file};", certificates=(lab.pki.rsa,)))


@pytest.mark.parametrize(("name", "bits"), [("modp1024", 1024), ("ffdhe2048", 2048), ("modp4096", 4096)])
def test_well_known_dh_parameters_are_named(lab: Lab, tmp_path: Path, name: str, bits: int) -> None:
    p = next(p for p, known in dh_primes._PRIMES.items() if known.name == name)
    file = tmp_path / "dh.pem"
    file.write_bytes(dh.DHParameterNumbers(p, 2).parameters().parameter_bytes(Encoding.PEM, ParameterFormat.PKCS3))
    (served,) = dh_served(dh_server(lab, file))
    assert (served.bits, served.name, served.well_known, served.is_safe_prime) == (bits, name, True, True)


def test_dh_parameters_of_ones_own_are_read(lab: Lab, tmp_path: Path) -> None:
    requires("openssl")
    file = tmp_path / "dh.pem"
    subprocess.run(["openssl", "dhparam", "-dsaparam", "-out", file, "1024"], check=True, capture_output=True)
    (served,) = dh_served(dh_server(lab, file))
    assert (served.bits, served.name, served.well_known, served.is_prime) == (1024, None, False, True)
    assert not served.is_safe_prime


def test_dh_parameters_that_openssl_picks_itself_are_read(lab: Lab) -> None:
    server = lab.openssl("-no_tls1_3", "-cipher", "DHE-RSA-AES128-GCM-SHA256", certificate=lab.pki.rsa)
    assert {(served.bits, served.name) for served in dh_served(facts(server))} == {(2048, "modp2048")}


def test_the_dh_size_of_gnutls_is_seen_without_an_ffdhe_group_on_offer(lab: Lab) -> None:
    found = facts(lab.gnutls("NORMAL:-VERS-TLS1.3:-KX-ALL:+DHE-RSA", certificate=lab.pki.rsa))
    assert {served.bits for served in dh_served(found)} == {2048}


@pytest.mark.parametrize("own", ["ecdsa", "rsa"])
def test_every_handshake_below_tls_1_3_shows_group_and_signature(lab: Lab, own: str) -> None:
    certificate = lab.pki.ecdsa if own == "ecdsa" else lab.pki.rsa
    found = facts(lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;", certificates=(certificate,)))
    exchanges = found.key_exchanges.need()
    below = [each for each in exchanges if each.version is TLS_1_2]
    assert len({each.basis for each in below}) == len(below)
    assert {SUITES[each.suite].kx for each in below} == {"ECDHE"}
    assert all(each.signature_scheme is not None and each.group is not None for each in below)
    assert [each.group for each in exchanges if each.version is TLS_1_3] == [0x001D]


def test_fresh_keys_are_never_taken_for_reused_ones(lab: Lab) -> None:
    found = facts(lab.nginx("ssl_protocols TLSv1.2;", certificates=(lab.pki.ecdsa, lab.pki.rsa)))
    values = [each.public_sha256 for each in found.key_exchanges.need()]
    assert len(values) > 5
    assert len(set(values)) == len(values)


def test_a_reused_key_is_seen_in_several_handshakes(lab_pki: LabPki) -> None:
    two = {0xC02F: "ECDHE", 0xC030: "ECDHE"}
    script = Script(fixed_public=bytes(range(32)), groups=(29,), suites=two, chain=ders(lab_pki.rsa.leaf))
    with ScriptedServer(script) as server:
        exchanges = facts(server).key_exchanges.need()
    assert len({each.public_sha256 for each in exchanges}) == 1
    assert len({each.basis.at for each in exchanges}) == len(exchanges) > 1
