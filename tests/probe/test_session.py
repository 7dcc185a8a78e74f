from __future__ import annotations

import pytest

from tests.lab.pki import LabPki
from tests.lab.script import Script
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import ders, facts
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known, Origin
from tlsaudit.wire import ExtensionType


def yes(fact: Fact[bool]) -> bool:
    return fact.need()


def test_a_present_server_answers_the_extensions_that_protect(lab: Lab) -> None:
    session = facts(lab.nginx("ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-SHA;")).session
    assert yes(session.secure_renegotiation)
    assert yes(session.extended_master_secret)
    assert yes(session.encrypt_then_mac)
    assert yes(session.session_ticket)
    assert not yes(session.compression)
    assert not yes(session.heartbeat)
    assert not yes(session.truncated_hmac)
    assert not yes(session.compressed_points_only)
    assert session.unoffered_choice.need() is None


def test_tickets_can_be_switched_off(lab: Lab) -> None:
    assert not yes(facts(lab.nginx("ssl_protocols TLSv1.2; ssl_session_tickets off;")).session.session_ticket)


def test_encrypt_then_mac_is_unknown_without_a_cbc_suite(lab: Lab) -> None:
    server = lab.nginx("ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;")
    assert facts(server).session.encrypt_then_mac is NOT_ASKED


def test_gnutls_without_the_extensions_lacks_them(lab: Lab) -> None:
    session = facts(lab.gnutls("NORMAL:-VERS-TLS1.3:%NO_SESSION_HASH:%NO_TICKETS:%NO_ETM")).session
    assert yes(session.secure_renegotiation)
    assert not yes(session.extended_master_secret)
    assert not yes(session.encrypt_then_mac)
    assert not yes(session.session_ticket)


def test_a_server_of_tls_1_3_alone_has_nothing_of_the_older_versions(lab: Lab) -> None:
    session = facts(lab.nginx("ssl_protocols TLSv1.3;")).session
    for fact in (
        session.secure_renegotiation,
        session.extended_master_secret,
        session.encrypt_then_mac,
        session.compression,
        session.truncated_hmac,
        session.compressed_points_only,
    ):
        assert isinstance(fact, Known)
        assert not fact.value
        assert fact.basis.origin is Origin.DERIVED
    assert not yes(session.heartbeat)
    assert yes(session.session_ticket)
    assert session.unoffered_choice.need() is None


@pytest.mark.parametrize(
    ("name", "answered"),
    [
        ("heartbeat", {ExtensionType.HEARTBEAT: b"\x01"}),
        ("truncated_hmac", {ExtensionType.TRUNCATED_HMAC: b""}),
        ("compressed_points_only", {ExtensionType.EC_POINT_FORMATS: b"\x01\x01"}),
    ],
)
def test_relics_are_seen(lab_pki: LabPki, name: str, answered: dict[int, bytes]) -> None:
    with ScriptedServer(Script(extensions=answered, chain=ders(lab_pki.rsa.leaf))) as server:
        session = facts(server).session
    assert getattr(session, name).need()
    assert not yes(session.secure_renegotiation)


def test_compression_is_seen(lab_pki: LabPki) -> None:
    with ScriptedServer(Script(compression=True, chain=ders(lab_pki.rsa.leaf))) as server:
        assert yes(facts(server).session.compression)
