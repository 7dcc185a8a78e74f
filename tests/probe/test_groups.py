from __future__ import annotations

import pytest

from tests.lab.pki import LabPki
from tests.lab.script import SECP192R1_EXPLICIT, Script
from tests.lab.scripted import Connection, ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import TLS_1_2, TLS_1_3, ders, facts, groups
from tlsaudit.data.groups import groups_for
from tlsaudit.model.knowledge import Why
from tlsaudit.wire import ClientHello

CODES = [group.code for group in groups_for(TLS_1_2)]


@pytest.mark.parametrize("on", [False, True])
def test_with_an_rsa_certificate_every_group_is_found(lab: Lab, on: bool) -> None:
    server = lab.nginx(
        "ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve secp384r1:prime256v1:X25519;"
        f"ssl_prefer_server_ciphers {'on' if on else 'off'};",
        certificates=(lab.pki.rsa,),
    )
    found = facts(server)
    expected = ["secp384r1", "secp256r1", "x25519"] if on else ["x25519", "secp256r1", "secp384r1"]
    assert groups(found, TLS_1_2) == expected
    assert groups(found, TLS_1_3) == ["secp384r1", "secp256r1", "x25519"]
    assert not {(TLS_1_2, code) for code in CODES} - found.groups.accepted.keys() - found.groups.refused


@pytest.mark.parametrize("listed", ["secp224r1:prime256v1", "prime256v1:secp224r1", "X25519:prime256v1:secp384r1"])
def test_with_an_ecdsa_certificate_and_the_clients_order_every_group_is_found(lab: Lab, listed: str) -> None:
    found = facts(lab.nginx(f"ssl_protocols TLSv1.2; ssl_ecdh_curve {listed};"))
    names = {"prime256v1": "secp256r1", "X25519": "x25519"}
    assert set(groups(found, TLS_1_2)) == {names.get(name, name) for name in listed.split(":")}
    assert found.groups.rest.why is Why.NOT_ASKED


def test_a_small_group_before_the_curve_of_the_certificate_is_found(lab: Lab) -> None:
    """The server refuses {secp224r1} alone, since its certificate is on P-256, and picks secp224r1 from both."""
    server = lab.nginx("ssl_protocols TLSv1.2; ssl_prefer_server_ciphers on; ssl_ecdh_curve secp224r1:prime256v1;")
    assert groups(facts(server), TLS_1_2) == ["secp224r1", "secp256r1"]


@pytest.mark.parametrize("listed", ["prime256v1:secp224r1", "X25519:prime256v1:secp224r1", "prime256v1"])
def test_what_may_hide_behind_the_curve_of_the_certificate_is_said(lab: Lab, listed: str) -> None:
    server = lab.nginx(f"ssl_protocols TLSv1.2; ssl_prefer_server_ciphers on; ssl_ecdh_curve {listed};")
    found = facts(server)
    assert "secp224r1" not in groups(found, TLS_1_2)
    assert found.groups.rest.why is Why.UNSUPPORTED
    assert "secp256r1" in found.groups.rest.detail


def test_two_certificates_hide_nothing(lab: Lab) -> None:
    server = lab.nginx(
        "ssl_protocols TLSv1.2; ssl_prefer_server_ciphers on; ssl_ecdh_curve prime256v1:secp224r1;",
        certificates=(lab.pki.ecdsa, lab.pki.rsa),
    )
    found = facts(server)
    assert groups(found, TLS_1_2) == ["secp256r1", "secp224r1"]
    assert found.groups.rest.why is Why.NOT_ASKED


def test_without_a_suite_that_needs_one_every_group_is_refused(lab: Lab) -> None:
    server = lab.nginx("ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256;", certificates=(lab.pki.rsa,))
    found = facts(server)
    assert not found.groups.accepted
    assert {(TLS_1_2, code) for code in CODES} <= found.groups.refused


def test_explicit_curve_parameters_are_no_named_group(lab_pki: LabPki) -> None:
    script = Script(explicit_curve=SECP192R1_EXPLICIT, chain=ders(lab_pki.rsa.leaf))
    with ScriptedServer(script) as server:
        found = facts(server)
    assert not found.groups.accepted
    assert {each.curve_type for each in found.key_exchanges.need()} == {1}


def test_a_flight_that_breaks_off_before_the_key_exchange_refuses_no_group(lab_pki: LabPki) -> None:
    script = Script(chain=ders(lab_pki.rsa.leaf))

    def play(connection: Connection) -> None:
        hello = connection.hello()
        if isinstance(hello, ClientHello) and 0xC02F in hello.cipher_suites:
            hello_alone = script.answer(hello)[: 9 + int.from_bytes(script.answer(hello)[6:9], "big")]
            body = hello_alone[5:]
            connection.sock.sendall(hello_alone[:3] + len(body).to_bytes(2, "big") + body)
        connection.sock.shutdown(1)
        connection.drain()

    with ScriptedServer(play) as server:
        found = facts(server)
    assert list(found.suite_order[TLS_1_2]) == [0xC02F]
    assert not found.groups.accepted
    assert not {at for at in found.groups.refused if at[0] is TLS_1_2}
    assert found.groups.rest.why is Why.NO_ANSWER
