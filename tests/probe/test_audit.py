from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from tests.lab import hostile
from tests.lab.pki import LabPki
from tests.lab.process import Running, reserved_port
from tests.lab.proxy import DelayProxy
from tests.lab.script import Script
from tests.lab.scripted import Behaviour, ScriptedServer
from tests.lab.scripted import Connection as Peer
from tests.lab.servers import Lab
from tests.probe.auditing import TLS_1_2, TLS_1_3, alerting, audit, closing, ders, facts
from tlsaudit.model.facts import Preference
from tlsaudit.model.knowledge import Known, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.pki import TrustStore
from tlsaudit.probe import NotAuditedError, Settings, Trusting, audit_endpoint
from tlsaudit.wire import ClientHello

SETTINGS = Settings(trusting=Trusting(stores={"none": TrustStore.from_ders("none", ())}, deciding="none"), deadline=60)
SUITES = {0xC02F: "ECDHE", 0xC030: "ECDHE", 0x009C: "RSA", 0x002F: "RSA", 0x0035: "RSA", 0x000A: "RSA"}


@pytest.mark.parametrize("interrupted", [alerting, closing])
@pytest.mark.parametrize("answers", [2, 5, 8])
def test_a_server_that_starts_refusing_is_unstable_and_nothing_it_refused_is_rejected(
    lab_pki: LabPki, interrupted: object, answers: int
) -> None:
    assert callable(interrupted)
    script = Script(suites=SUITES, chain=ders(lab_pki.rsa.leaf))
    with ScriptedServer(interrupted(script, answers=answers)) as server:
        done = audit(server)
    assert done.problem is not None
    assert (done.problem.code, "rate limit" in done.problem.message) == ("unstable", True)
    for tried in (done.facts.protocols, done.facts.cipher_suites, done.facts.groups):
        assert not tried.refused
        assert tried.rest.why is Why.UNSTABLE
    assert TLS_1_2 in done.facts.protocols.accepted
    assert {code for _, code in done.facts.cipher_suites.accepted} <= set(SUITES)
    preference = done.facts.cipher_preference.get(TLS_1_2)
    assert getattr(preference, "value", None) is not Preference.CLIENT


def test_an_unoffered_suite_is_a_fact_and_proves_nothing_else(lab_pki: LabPki) -> None:
    class Obstinate(Script):
        """Chooses its one suite whatever is offered."""

        def answer(self, hello: ClientHello) -> bytes:
            return Script.answer(self, replace(hello, cipher_suites=tuple(self.suites)))

    with ScriptedServer(Obstinate(chain=ders(lab_pki.rsa.leaf))) as server:
        found = audit(server).facts
    assert list(found.suite_order[TLS_1_2]) == [0xC02F]
    assert not [at for at in found.cipher_suites.refused if at[0] is TLS_1_2]
    assert found.cipher_suites.rest.why is Why.UNSTABLE
    choice = found.session.unoffered_choice
    assert isinstance(choice, Known)
    assert choice.value == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    assert choice.basis.at != "probe:1", "the first answer still was to an offer of everything"


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        (hostile.close_at_once, "unreachable", "closed"),
        (hostile.reset_at_once, "unreachable", "reset"),
        (hostile.junk, "not_tls", "not_tls"),
        (hostile.ssh_banner, "not_tls", "not_tls"),
        (hostile.http_plain, "not_tls", "not_tls"),
        (hostile.endless_bytes, "not_tls", "not_tls"),
        (hostile.endless_records, "not_tls", "not_tls"),
        (hostile.accept_and_silence, "unreachable", "timeout"),
    ],
)
def test_a_hostile_server_gets_a_clear_status(behaviour: Behaviour, status: str, code: str) -> None:
    with ScriptedServer(behaviour) as server, pytest.raises(NotAuditedError) as caught:
        audit(server, timeout=1.0)
    assert (caught.value.status, caught.value.code) == (status, code)


def test_where_nobody_listens_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        nobody = Running(name="nobody", port=bound.getsockname()[1])
        with pytest.raises(NotAuditedError) as caught:
            audit(nobody)
    assert (caught.value.status, caught.value.code) == ("unreachable", "refused")


def test_when_the_time_is_over_what_was_seen_stays_and_the_rest_is_unknown(lab: Lab) -> None:
    server = lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;", certificates=(lab.pki.ecdsa, lab.pki.rsa))
    with DelayProxy(server.port, round_trip=0.2) as proxy:
        done = audit(proxy, deadline=1.0)
    assert done.problem is not None
    assert done.problem.code == "deadline"
    assert TLS_1_2 not in done.facts.protocols.refused
    assert done.facts.cipher_suites.rest.why is Why.NO_ANSWER


def test_a_slow_pace_takes_no_time_from_an_endpoint(lab: Lab) -> None:
    """Its connections alone take longer than it has."""
    network = Network(NetworkLimits(rate=10))
    target = Target(host="127.0.0.1", port=lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;").port)
    done = asyncio.run(audit_endpoint(target, network, replace(SETTINGS, deadline=2)))
    assert network.opened > 10 * 2
    assert done.problem is None


def test_a_slow_pace_gives_no_time_to_a_silent_server(lab_pki: LabPki) -> None:
    script = Script(chain=ders(lab_pki.rsa.leaf))
    given: list[bytes] = []

    def silent(connection: Peer) -> None:
        hello = connection.hello()
        if not given and isinstance(hello, ClientHello):
            given.append(script.answer(hello))
            connection.sock.sendall(given[0])
        connection.drain()

    with ScriptedServer(silent) as server:
        target = Target(host="127.0.0.1", port=server.port)
        network = Network(NetworkLimits(read_timeout=60, rate=40))
        done = asyncio.run(audit_endpoint(target, network, replace(SETTINGS, deadline=1)))
    assert done.problem is not None
    assert done.problem.code == "deadline"


@pytest.mark.parametrize(
    ("listed", "accepted", "chosen"),
    [("h2 http/1.1", {"h2", "http/1.1"}, "h2"), ("http/1.1", {"http/1.1"}, "http/1.1")],
)
def test_alpn_is_read_per_version(lab: Lab, listed: str, accepted: set[str], chosen: str) -> None:
    found = facts(lab.apache(f"Protocols {listed}\nSSLProtocol -all +TLSv1.2 +TLSv1.3"))
    assert set(found.alpn.accepted) == accepted
    assert {version: fact.need() for version, fact in found.alpn_chosen.items()} == {TLS_1_2: chosen, TLS_1_3: chosen}


def test_a_server_without_alpn_refuses_every_name(lab: Lab) -> None:
    found = facts(lab.openssl())
    assert found.alpn.refused == {"h2", "http/1.1"}


def test_a_server_that_insists_on_another_name_is_audited_without(lab: Lab) -> None:
    """OpenSSL answers an offer without a common name with the alert no_application_protocol."""
    found = facts(lab.openssl("-alpn", "acme-tls/1"))
    assert found.alpn.refused == {"h2", "http/1.1"}
    assert found.http.need() is not None


class Several(Network):
    """A network in which every name has these addresses."""

    def __init__(self, *addresses: str) -> None:
        super().__init__(NetworkLimits(connect_timeout=2, read_timeout=2))
        self.addresses = addresses

    async def resolve(self, _host: str, _port: int) -> tuple[str, ...]:
        return self.addresses


def at(port: int, *addresses: str) -> tuple[str | None, int, int]:
    """The address that was audited, the connections in the report, and those that were opened."""
    network = Several(*addresses)
    found = asyncio.run(audit_endpoint(Target(host="localhost", port=port), network, SETTINGS)).facts
    return found.endpoint.address, found.connections, network.opened


@pytest.mark.parametrize("addresses", [("127.0.0.2", "127.0.0.1"), ("127.0.0.1", "127.0.0.2")])
def test_the_first_address_that_answers_is_audited_and_every_dial_is_counted(
    lab_pki: LabPki, addresses: tuple[str, ...]
) -> None:
    with ScriptedServer(Script(suites=SUITES, chain=ders(lab_pki.rsa.leaf))) as server:
        address, reported, opened = at(server.port, *addresses)
    assert address == "127.0.0.1"
    assert reported == opened


def test_a_name_with_many_dead_addresses_is_given_up_soon() -> None:
    network = Several(*(f"127.0.1.{n}" for n in range(1, 200)))
    with pytest.raises(NotAuditedError, match="refused"):
        asyncio.run(audit_endpoint(Target(host="localhost", port=reserved_port()), network, SETTINGS))
    assert network.opened < 10


def test_the_time_for_an_endpoint_holds_for_first_contact_too() -> None:
    network = Network(NetworkLimits(connect_timeout=5, read_timeout=5))
    with ScriptedServer(hostile.accept_and_silence) as server:
        asked = audit_endpoint(Target(host="127.0.0.1", port=server.port), network, replace(SETTINGS, deadline=0.3))
        with pytest.raises(NotAuditedError, match=r"within 0\.3 s"):
            asyncio.run(asked)


def test_a_server_that_does_not_know_the_name_says_what_to_do(lab: Lab) -> None:
    server = lab.nginx("ssl_protocols TLSv1.2 TLSv1.3; ssl_reject_handshake on;")
    with pytest.raises(NotAuditedError, match="--sni") as caught:
        audit(server)
    assert (caught.value.status, caught.value.code) == ("incomplete", "unrecognized_name")


def test_a_server_that_wants_a_name_is_audited_whole(lab: Lab) -> None:
    found = facts(lab.haproxy("strict-sni"))
    assert {ProtocolVersion.SSL_2, ProtocolVersion.SSL_3} <= found.protocols.refused


def test_when_the_time_is_over_nothing_goes_on(lab: Lab) -> None:
    async def left(port: int) -> set[str]:
        network = Network(NetworkLimits())
        await audit_endpoint(Target(host="127.0.0.1", port=port), network, replace(SETTINGS, deadline=0.7))
        return {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}}

    server = lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;", certificates=(lab.pki.rsa,))
    with DelayProxy(server.port, round_trip=0.2) as proxy:
        assert asyncio.run(left(proxy.port)) == set()
