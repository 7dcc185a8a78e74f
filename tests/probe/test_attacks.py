"""Ticketbleed and padding oracles: what real servers answer, what flawed ones do, and what proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

import pytest
from OpenSSL import SSL

from tests.lab import vulnerable
from tests.lab.process import Running
from tests.lab.proxy import DelayProxy
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.lab.splitting import silent_about, with_ticket
from tests.probe.auditing import TLS_1_3, audit, facts
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Unknown, Why
from tlsaudit.model.vulnerability import Verdict, Vulnerability
from tlsaudit.wire import ClientHello

TICKETBLEED, PADDING = Vulnerability.TICKETBLEED, Vulnerability.PADDING_ORACLE
VULNERABLE, NOT_VULNERABLE, NOT_APPLICABLE = Verdict
CBC_13 = "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES128-SHA;"


def asked(found: Facts, words: str) -> list[str]:
    """The answers to the probes that ask this."""
    return [probe.answered for probe in found.probes if words in probe.asked]


SERVERS: dict[str, tuple[Callable[[Lab], Running], Verdict]] = {
    "nginx, TLS 1.2": (lambda lab: lab.nginx(CBC_13), NOT_VULNERABLE),
    "nginx, SHA-384": (
        lambda lab: lab.nginx("ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES256-SHA384;"),
        NOT_VULNERABLE,
    ),
    "HAProxy, TLS 1.1": (
        lambda lab: lab.haproxy("ssl-min-ver TLSv1.1 ssl-max-ver TLSv1.1 ciphers ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
        NOT_VULNERABLE,
    ),
    "HAProxy, TLS 1.0": (
        lambda lab: lab.haproxy("ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.0 ciphers ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"),
        NOT_VULNERABLE,
    ),
    "GnuTLS": (lambda lab: lab.gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_ETM"), NOT_VULNERABLE),
    "tlslite-ng": (lambda lab: lab.tlslite({"cipherNames": ["aes256"], "macNames": ["sha"]}), NOT_VULNERABLE),
    "no CBC": (lambda lab: lab.nginx("ssl_ciphers ECDHE+AESGCM;"), NOT_APPLICABLE),
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_sound_server_answers_every_broken_record_alike(module_lab: Lab, name: str) -> None:
    serve, expected = SERVERS[name]
    with DelayProxy(serve(module_lab).port, round_trip=0.0) as proxy:
        found = facts(proxy, full=True)
    assert found.verdict(PADDING).need() is expected
    assert found.connections == proxy.connections == len(found.probes)
    # One record that is read, six that are not: the proof that ours are made as they should be, and the answers.
    answers = asked(found, "a sound record") + asked(found, "MAC") + asked(found, "padding")
    assert answers == ([] if expected is NOT_APPLICABLE else ["data", *["alert 20, closed"] * 6])


def test_a_server_that_tells_padding_from_mac_is_asked_three_times(lab: Lab) -> None:
    with ScriptedServer(vulnerable.padding_oracle(lab.pki.rsa)) as server:
        found = facts(server, full=True)
    assert found.verdict(PADDING).need() is VULNERABLE
    assert asked(found, ", a wrong MAC") == ["alert 20, closed"] * 3
    assert asked(found, ", wrong padding") == ["closed"] * 3


def test_a_server_that_does_not_look_at_padding_is_vulnerable(lab: Lab) -> None:
    with ScriptedServer(vulnerable.padding_oracle(lab.pki.rsa, vulnerable.takes_it)) as server:
        found = facts(server, full=True, timeout=2.0)
    assert found.verdict(PADDING).need() is VULNERABLE
    assert asked(found, "no record") == ["silence"]
    assert asked(found, ", wrong padding") == ["data"] * 3


def test_what_a_server_says_without_being_asked_answers_no_record(lab: Lab) -> None:
    with ScriptedServer(vulnerable.speaking_first(lab.pki.rsa)) as server:
        found = facts(server, full=True, timeout=2.0)
    fact = found.verdict(PADDING)
    assert isinstance(fact, Unknown)
    assert fact.why is Why.UNSUPPORTED
    assert "speaks first" in fact.detail
    assert asked(found, "MAC") + asked(found, "padding") == ["data"] * 6
    assert asked(found, "no record") == ["data"]


def test_a_server_that_treats_a_sound_record_as_a_broken_one_proves_nothing(lab: Lab) -> None:
    with ScriptedServer(vulnerable.hanging_up(lab.pki.rsa)) as server:
        found = facts(server, full=True, timeout=2.0)
    fact = found.verdict(PADDING)
    assert isinstance(fact, Unknown)
    assert fact.why is Why.NO_ANSWER
    assert asked(found, "a sound record") + asked(found, "MAC") + asked(found, "padding") == ["closed"] * 7


def test_answers_that_differ_another_way_each_time_prove_nothing(lab: Lab) -> None:
    turns = cycle([*[vulnerable.closes] * 3, *[vulnerable.takes_it] * 3])

    def fickle(tls: SSL.Connection) -> bytes | None:
        return next(turns)(tls)

    with ScriptedServer(vulnerable.padding_oracle(lab.pki.rsa, fickle)) as server:
        fact = facts(server, full=True).verdict(PADDING)
    assert isinstance(fact, Unknown)
    assert fact.why is Why.UNSTABLE


def test_who_lets_nobody_in_is_not_asked(lab: Lab) -> None:
    server = lab.haproxy(f"verify required ca-file {lab.pki.client_ca_file} ciphers ECDHE-ECDSA-AES128-SHA")
    found = facts(server, full=True)
    for each in (TICKETBLEED, PADDING):
        fact = found.verdict(each)
        assert isinstance(fact, Unknown)
        assert fact.why is Why.NOT_ASKED
    assert not asked(found, "record")


def test_ticketbleed_is_seen_by_the_length_of_the_echo_alone(lab: Lab) -> None:
    behind = lab.nginx("ssl_protocols TLSv1.2; ssl_ciphers ECDHE+AESGCM;")
    with ScriptedServer(vulnerable.ticketbleed(behind.port)) as server:
        found = facts(server, full=True)
    assert found.verdict(TICKETBLEED).need() is VULNERABLE
    assert asked(found, "session id of 16 bytes") == ["ServerHello TLSv1.2 0xC02C"]


def test_silence_about_a_short_session_id_is_no_sound_echo(lab: Lab) -> None:
    behind = lab.nginx("ssl_protocols TLSv1.2; ssl_ciphers ECDHE+AESGCM;")

    def is_short(hello: ClientHello) -> bool:
        return with_ticket(hello) and len(hello.session_id) == 16

    with ScriptedServer(silent_about(behind.port, is_short)) as server:
        found = facts(server, full=True, timeout=1.5)
    fact = found.verdict(TICKETBLEED)
    assert isinstance(fact, Unknown)
    assert fact.why is Why.NO_ANSWER
    assert asked(found, "session id of 16 bytes") == ["timeout"]
    assert not asked(found, "with a usual session id")


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        (lambda lab: lab.nginx(CBC_13), NOT_VULNERABLE),
        (lambda lab: lab.gnutls(), NOT_VULNERABLE),
        (lambda lab: lab.openssl("-tls1_2"), NOT_VULNERABLE),
        (lambda lab: lab.nginx("ssl_protocols TLSv1.3;"), NOT_APPLICABLE),
        (lambda lab: lab.nginx("ssl_protocols TLSv1.2; ssl_session_tickets off;"), NOT_APPLICABLE),
    ],
    ids=["nginx", "GnuTLS", "OpenSSL", "TLS 1.3 alone", "no tickets"],
)
def test_a_sound_server_echoes_what_it_was_sent(lab: Lab, serve: Callable[[Lab], Running], expected: Verdict) -> None:
    found = facts(serve(lab), full=True)
    assert found.verdict(TICKETBLEED).need() is expected


def test_the_inventory_asks_for_no_attack(lab: Lab) -> None:
    found = audit(lab.nginx(CBC_13)).facts
    assert isinstance(found.verdict(PADDING), Unknown)
    assert not asked(found, "record") + asked(found, "resumption")
    assert found.protocols.offers(TLS_1_3)
