"""What tickets can be used for: resumption without DHE, early data that comes twice, and sessions of other names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.process import Running
from tests.lab.proxy import DelayProxy
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.lab.splitting import by_ticket, silent_about, with_ticket, without_dhe
from tests.probe.auditing import audit, facts
from tlsaudit.model.facts import Behaviours, Facts
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Unknown, Why
from tlsaudit.wire import ClientHello, ExtensionType

BOTH = "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384;"


def behaviours(server: Running) -> Behaviours:
    return facts(server, full=True).behaviours


def asked(found: Facts, words: str) -> list[str]:
    """The answers to the probes that ask this."""
    return [probe.answered for probe in found.probes if words in probe.asked]


def test_nginx_resumes_with_a_new_key_exchange_only(lab: Lab) -> None:
    with DelayProxy(lab.nginx(BOTH).port, round_trip=0.0) as proxy:
        found = facts(proxy, full=True)
    assert found.connections == proxy.connections == len(found.probes)
    assert found.behaviours.psk_without_dhe.need() is False
    assert asked(found, "resumption with a new key exchange") == ["ServerHello TLSv1.3 0x1302 group 0x001D"]


def test_openssl_that_allows_psk_ke_chooses_it(lab: Lab) -> None:
    found = facts(lab.openssl("-tls1_3", "-allow_no_dhe_kex"), full=True)
    assert found.behaviours.psk_without_dhe.need() is True
    assert asked(found, "without a new key exchange") == ["ServerHello TLSv1.3 0x1302"]
    assert not asked(found, "with a new key exchange")


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"])
@pytest.mark.parametrize("group", ["X25519", "P-384"])
def test_every_hash_and_group_is_resumed(lab: Lab, suite: str, group: str) -> None:
    server = lab.openssl("-tls1_3", "-allow_no_dhe_kex", "-ciphersuites", suite, "-groups", group)
    assert behaviours(server).psk_without_dhe.need() is True


def test_without_tickets_nothing_is_asked(lab: Lab) -> None:
    found = facts(lab.openssl("-tls1_3", "-num_tickets", "0"), full=True)
    assert found.behaviours.psk_without_dhe is found.behaviours.early_data_replayed is NOT_ASKED
    assert not asked(found, "resumption")


def test_tickets_of_which_none_is_taken_up(lab: Lab) -> None:
    ports = [lab.nginx(f"{BOTH} ssl_early_data on;").port for _ in range(2)]
    with ScriptedServer(by_ticket(*ports)) as balancer:
        found = audit(balancer, full=True).facts.behaviours
    assert found.psk_without_dhe.need() is None
    assert isinstance(found.early_data_replayed, Unknown)
    assert found.early_data_replayed.why is Why.NO_ANSWER


def test_sessions_that_the_server_keeps_nowhere_are_not_resumed(lab: Lab) -> None:
    server = lab.apache("SSLSessionTickets off")
    assert behaviours(server).psk_without_dhe.need() is None


@pytest.mark.parametrize("product", ["nginx", "HAProxy"])
def test_early_data_without_protection_against_replays(lab: Lab, product: str) -> None:
    servers = {
        "nginx": lambda: lab.nginx(f"{BOTH} ssl_early_data on;"),
        "HAProxy": lambda: lab.haproxy("allow-0rtt alpn h2,http/1.1"),
    }
    found = facts(servers[product](), full=True)
    assert found.behaviours.early_data_replayed.need() is True
    assert asked(found, "early data") == ["session resumed, early data: taken"] * 2


def test_gnutls_takes_early_data_once(lab: Lab) -> None:
    found = facts(lab.gnutls("NORMAL", "--earlydata"), full=True)
    assert found.behaviours.early_data_replayed.need() is False
    assert asked(found, "early data") == [
        "session resumed, early data: taken",
        "session resumed, early data: not taken",
    ]


def test_the_request_that_comes_early_is_answered_as_often_as_it_comes(lab: Lab) -> None:
    """What a replay does: nginx logs the request twice."""
    log = lab.directory / "requests.log"
    server = lab.nginx(f"{BOTH} ssl_early_data on; access_log {log} early;", http="log_format early $ssl_early_data;")
    facts(server, full=True)
    assert log.read_text().splitlines().count("1") == 2


def test_lifetimes_at_both_versions(lab: Lab) -> None:
    found = behaviours(lab.nginx(f"{BOTH} ssl_session_timeout 2d;"))
    assert found.ticket_lifetime.need() == found.classic_ticket_lifetime.need() == 2 * 86400


def test_a_ticket_below_tls_1_3_is_seen_without_a_question_where_http_was_asked(lab: Lab) -> None:
    found = audit(lab.nginx("ssl_protocols TLSv1.2; ssl_session_timeout 10m;")).facts
    assert found.behaviours.classic_ticket_lifetime.need() == 600
    assert audit(lab.nginx(BOTH)).facts.behaviours.classic_ticket_lifetime is NOT_ASKED
    none = lab.nginx("ssl_protocols TLSv1.2; ssl_session_tickets off;")
    assert audit(none).facts.behaviours.classic_ticket_lifetime.need() is None


def test_nobody_gets_a_ticket_without_a_client_certificate(lab: Lab) -> None:
    found = facts(lab.haproxy(f"verify required ca-file {lab.pki.client_ca_file}"), full=True)
    for fact in (found.behaviours.psk_without_dhe, found.behaviours.classic_ticket_lifetime):
        assert isinstance(fact, Unknown)
        assert fact.why is Why.NOT_ASKED
    assert not asked(found, "ticket")


def test_openssl_resumes_under_a_name_with_another_certificate_and_gnutls_does_not(lab: Lab) -> None:
    named = ("-servername", "localhost", "-cert2", lab.pki.rsa.chain, "-key2", lab.pki.rsa.key)
    found = behaviours(lab.openssl("-tls1_2", "-cipher", "ECDHE+AESGCM", *named))
    assert found.tickets_across_names.need() == "under a name that the server does not know"
    other = lab.pki.write("other-name", lab.pki.intermediate.issue("other.lab.test"))
    usual = ("--x509certfile", str(lab.pki.ecdsa.chain), "--x509keyfile", str(lab.pki.ecdsa.key))
    found = behaviours(lab.gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.2", *usual, certificate=other))
    assert found.tickets_across_names.need() is None


def is_silence(fact: Fact[Any]) -> bool:
    return isinstance(fact, Unknown) and fact.why is Why.NO_ANSWER and "timeout" in fact.detail


def test_silence_about_psk_ke_is_no_refusal_of_it(lab: Lab) -> None:
    with ScriptedServer(silent_about(lab.nginx(BOTH).port, without_dhe)) as server:
        found = facts(server, full=True, timeout=1.5)
    assert is_silence(found.behaviours.psk_without_dhe)
    assert asked(found, "without a new key exchange") == ["timeout"]


def test_silence_about_a_ticket_under_another_name_is_no_refusal_of_it(lab: Lab) -> None:
    def is_elsewhere(hello: ClientHello) -> bool:
        names = [each.data for each in hello.extensions or () if each.type == ExtensionType.SERVER_NAME]
        return with_ticket(hello) and not any(b"localhost" in name for name in names)

    other = lab.pki.write("other-name", lab.pki.intermediate.issue("other.lab.test"))
    usual = ("--x509certfile", str(lab.pki.ecdsa.chain), "--x509keyfile", str(lab.pki.ecdsa.key))
    behind = lab.gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.2", *usual, certificate=other)
    with ScriptedServer(silent_about(behind.port, is_elsewhere)) as server:
        found = facts(server, full=True, timeout=1.5)
    assert is_silence(found.behaviours.tickets_across_names)
    assert asked(found, "resumption under") == ["timeout"]


def test_one_certificate_leaves_nothing_to_ask(lab: Lab) -> None:
    found = facts(lab.nginx(BOTH), full=True)
    assert found.behaviours.tickets_across_names is NOT_ASKED
    assert not asked(found, "resumption under")
