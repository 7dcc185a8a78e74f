"""Behaviours: what real servers do, what broken ones do, and what the questions cost."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import fields, replace
from itertools import chain, repeat

import pytest

from tests.lab import hostile
from tests.lab.pki import LabPki
from tests.lab.proxy import DelayProxy
from tests.lab.script import Refused, Script
from tests.lab.scripted import Behaviour, Connection, ScriptedServer
from tests.lab.servers import Lab
from tests.lab.splitting import in_turn
from tests.probe.auditing import TLS_1_2, TLS_1_3, audit, behaviours, ders, facts
from tlsaudit.model.facts import Behaviours, Facts, NameAnswer, NameOutcome
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.wire import TLS_1_1 as CODE_1_1
from tlsaudit.wire import TLS_1_2 as CODE_1_2
from tlsaudit.wire import TLS_1_3 as CODE_1_3
from tlsaudit.wire import ClientHello

SUITES = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
BOTH = f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {SUITES};"
SAME = NameAnswer(NameOutcome.SAME_CERTIFICATE)
UNRECOGNIZED = NameAnswer(NameOutcome.REFUSED, "alert 112 unrecognized_name")


def values(found: Behaviours) -> dict[str, object]:
    """What is known, by name."""
    facts: dict[str, Fact[object]] = {each.name: getattr(found, each.name) for each in fields(found)}
    return {name: fact.value for name, fact in facts.items() if isinstance(fact, Known)}


def schemes(found: Facts, version: ProtocolVersion) -> set[int]:
    return {code for at, code in found.signature_schemes.accepted if at is version}


def test_nginx_at_both_versions(lab: Lab) -> None:
    assert values(behaviours(lab.nginx(BOTH))) == {
        "negotiated_version": TLS_1_3,
        "downgrade_sentinel": True,
        "draft_version": None,
        "ticket_lifetime": 300,
        "classic_ticket_lifetime": 300,
        "early_data": None,
        "psk_without_dhe": False,
        "intolerant_of": (),
        "large_hello": True,
        "no_sni": SAME,
        "unknown_sni": SAME,
        "strict_alpn": True,
        "next_protocol_negotiation": False,
        "repeated_random": False,
        "inconsistency": None,
    }


def test_nginx_with_tls_1_3_alone_is_asked_by_handshakes(lab: Lab) -> None:
    found = values(behaviours(lab.nginx("ssl_protocols TLSv1.3;")))
    assert found["unknown_sni"] == found["no_sni"] == SAME
    assert found["strict_alpn"] is True
    assert "next_protocol_negotiation" not in found
    assert "downgrade_sentinel" not in found


def test_haproxy_can_be_strict_about_names_and_is_not_about_protocols(lab: Lab) -> None:
    found = values(behaviours(lab.haproxy("alpn h2,http/1.1 strict-sni")))
    assert found["no_sni"] == found["unknown_sni"] == UNRECOGNIZED
    assert found["strict_alpn"] is False


def test_names_are_unknown_where_no_handshake_can_be_made(lab: Lab) -> None:
    found = behaviours(lab.openssl("-tls1_3", "-groups", "ffdhe4096"))
    assert isinstance(found.unknown_sni, Unknown)
    assert found.unknown_sni.why is Why.UNSUPPORTED


def test_a_server_of_few_schemes_takes_every_name(lab: Lab) -> None:
    found = behaviours(lab.openssl("-cipher", "SUITEB128", "-no_tls1_3", certificate=lab.pki.ecdsa))
    assert found.no_sni.need() == found.unknown_sni.need() == SAME


def test_the_certificate_for_unknown_names_may_be_another(lab: Lab) -> None:
    """Even where its key is of another type, so that the suites of the name that was meant do not fit it."""
    server = lab.openssl("-servername", "localhost", "-cert2", lab.pki.rsa.chain, "-key2", lab.pki.rsa.key)
    found = behaviours(server)
    assert found.unknown_sni.need() == NameAnswer(NameOutcome.OTHER_CERTIFICATE)
    assert found.no_sni.need() == NameAnswer(NameOutcome.OTHER_CERTIFICATE)


def test_gnutls_signs_with_sha_1_for_a_client_with_nothing_better(lab: Lab) -> None:
    found = audit(lab.gnutls(), full=True).facts
    assert schemes(found, TLS_1_2) == {0x0403, 0x0203}
    assert schemes(found, TLS_1_3) == {0x0403}
    assert (TLS_1_3, 0x0401) in found.signature_schemes.refused


def test_nginx_signs_with_nothing_broken(lab: Lab) -> None:
    found = audit(lab.nginx(BOTH, certificates=(lab.pki.ecdsa, lab.pki.rsa)), full=True).facts
    assert schemes(found, TLS_1_2) == {0x0403}
    assert {(TLS_1_2, 0x0201), (TLS_1_2, 0x0203), (TLS_1_3, 0x0201)} <= found.signature_schemes.refused


def test_early_data_and_long_tickets_of_nginx(lab: Lab) -> None:
    found = behaviours(lab.nginx(f"{BOTH} ssl_early_data on; ssl_session_timeout 2d;"))
    assert found.early_data.need() == 16384
    assert found.ticket_lifetime.need() == 2 * 86400


def test_a_version_that_no_offer_of_all_versions_reaches_is_not_said_to_lose(lab_pki: LabPki) -> None:
    """TLS 1.3 where a share comes with the hello, and TLS 1.2 for the hellos without, which behaviours are asked by."""
    script = scripted(lab_pki, suites_13=(0x1301,))

    def without_share(hello: ClientHello) -> bool:
        return any(each.type == 51 and each.data == b"\0\0" for each in hello.extensions or ())

    def older(connection: Connection, hello: ClientHello) -> bool:
        if not without_share(hello):
            return False
        connection.sock.sendall(replace(script, versions=(CODE_1_2,), downgrade_sentinel=False).answer(hello))
        return True

    with ScriptedServer(_playing(script, older)) as server:
        done = audit(server, full=True)
    assert done.facts.protocols.offers(TLS_1_3)
    assert isinstance(done.facts.behaviours.negotiated_version, Unknown)


def test_without_tickets_there_is_none(lab: Lab) -> None:
    found = behaviours(lab.openssl("-tls1_3", "-num_tickets", "0"))
    assert found.ticket_lifetime.need() is None


def test_tickets_are_not_known_where_nobody_is_let_in(lab: Lab) -> None:
    server = lab.haproxy(f"verify required ca-file {lab.pki.client_ca_file}")
    assert isinstance(behaviours(server).ticket_lifetime, Unknown)


def test_npn_of_openssl(lab: Lab) -> None:
    assert behaviours(lab.openssl("-nextprotoneg", "http/1.1")).next_protocol_negotiation.need()


def test_node_prefers_the_newest_and_keeps_to_its_protocols(lab: Lab) -> None:
    found = values(behaviours(lab.node()))
    assert found["negotiated_version"] is TLS_1_3
    assert found["strict_alpn"] is True
    assert found["intolerant_of"] == ()


def test_fallback_is_asked_only_where_it_can_happen(lab: Lab) -> None:
    old = lab.haproxy("ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.1 ciphers ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    assert behaviours(old).fallback_refused.need()
    assert behaviours(lab.nginx("ssl_protocols TLSv1.2;")).fallback_refused is NOT_ASKED


def test_the_inventory_asks_nothing_but_tells_what_it_saw(lab: Lab) -> None:
    found = audit(lab.nginx(BOTH)).facts
    assert not any("unknown" in probe.asked for probe in found.probes)
    assert found.behaviours.intolerant_of is NOT_ASKED
    assert found.behaviours.negotiated_version.need() is TLS_1_3
    assert found.behaviours.downgrade_sentinel.need()
    assert found.behaviours.ticket_lifetime.need() == 300


def test_full_mode_costs_an_ordinary_nginx_at_most_forty_connections_more(lab: Lab) -> None:
    server = lab.nginx(BOTH)
    inventory = audit(server).facts.connections
    with DelayProxy(server.port, round_trip=0.0) as proxy:
        full = audit(proxy, full=True).facts.connections
    assert full == proxy.connections
    assert full - inventory <= 40


def scripted(lab_pki: LabPki, **changes: object) -> Script:
    plain = Script(versions=(CODE_1_3, CODE_1_2), chain=ders(lab_pki.rsa.leaf))
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test names fields of Script


CULPRITS: dict[str, Callable[[ClientHello], bool]] = {
    "an unknown cipher suite": lambda hello: 0x0A0A in hello.cipher_suites,
    "an unknown extension": lambda hello: any(each.type == 0x3A3A for each in hello.extensions or ()),
    "an unknown named group": lambda hello: _within(hello, 10, b"\x1a\x1a"),
    "an unknown signature scheme": lambda hello: _within(hello, 13, b"\x5a\x5a"),
    "an unknown protocol name": lambda hello: _within(hello, 16, b"\x02jj"),
    "an unknown version": lambda hello: _within(hello, 43, b"\x2a\x2a"),
}


def _within(hello: ClientHello, extension: int, data: bytes) -> bool:
    return any(each.type == extension and data in each.data for each in hello.extensions or ())


@pytest.mark.parametrize("culprit", CULPRITS)
def test_intolerance_names_what_is_not_tolerated(lab_pki: LabPki, culprit: str) -> None:
    with ScriptedServer(scripted(lab_pki, intolerant=CULPRITS[culprit])) as server:
        found = behaviours(server)
    assert found.intolerant_of.need() == (culprit,)
    assert found.negotiated_version.need() is TLS_1_3


def test_what_is_refused_only_together_is_said_so(lab_pki: LabPki) -> None:
    def both(hello: ClientHello) -> bool:
        return CULPRITS["an unknown version"](hello) and CULPRITS["an unknown cipher suite"](hello)

    with ScriptedServer(scripted(lab_pki, intolerant=both)) as server:
        assert behaviours(server).intolerant_of.need() == ("several unknown values at once",)


def _playing(script: Script, take: Callable[[Connection, ClientHello], bool]) -> Behaviour:
    """Plays the script, but leaves to `take` the hellos that it says it took."""

    def play(connection: Connection) -> None:
        hello = connection.hello()
        try:
            if not isinstance(hello, ClientHello):
                connection.sock.sendall(script.refusal(Refused()))
            elif not take(connection, hello):
                connection.sock.sendall(script.answer(hello))
        except Refused as refused:
            connection.sock.sendall(script.refusal(refused))
        connection.drain()

    return play


def test_silence_to_unknown_values_is_no_refusal(lab_pki: LabPki) -> None:
    def silent(_connection: Connection, hello: ClientHello) -> bool:
        return 0x0A0A in hello.cipher_suites

    with ScriptedServer(_playing(scripted(lab_pki), silent)) as server:
        found = audit(server, timeout=0.5, full=True).facts.behaviours
    assert isinstance(found.intolerant_of, Unknown)
    assert found.intolerant_of.why is Why.NO_ANSWER


def test_a_device_that_drops_long_hellos_breaks_them(lab_pki: LabPki) -> None:
    def silent(_connection: Connection, hello: ClientHello) -> bool:
        return len(hello.handshake()) > 1460

    with ScriptedServer(_playing(scripted(lab_pki), silent)) as server:
        assert audit(server, timeout=0.5, full=True).facts.behaviours.large_hello.need() is False


def test_a_server_that_closes_on_long_hellos_breaks_them(lab_pki: LabPki) -> None:
    def close(connection: Connection, hello: ClientHello) -> bool:
        if len(hello.handshake()) <= 1460:
            return False
        connection.sock.shutdown(socket.SHUT_WR)
        return True

    with ScriptedServer(_playing(scripted(lab_pki), close)) as server:
        assert behaviours(server).large_hello.need() is False


def test_drafts_before_22_have_a_retry_of_their_own(lab_pki: LabPki) -> None:
    def draft_18(connection: Connection, hello: ClientHello) -> bool:
        if not _within(hello, 43, b"\x7f\x12"):
            return False
        body = b"\x7f\x12" + b"\x00\x06" + b"\x00\x33\x00\x02\x00\x1d"
        message = b"\x06" + len(body).to_bytes(3, "big") + body
        connection.sock.sendall(b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message)
        return True

    with ScriptedServer(_playing(scripted(lab_pki, versions=(CODE_1_2,)), draft_18)) as server:
        assert behaviours(server).draft_version.need() == 0x7F12


def test_a_fallback_that_is_answered_is_not_refused(lab_pki: LabPki) -> None:
    old = scripted(lab_pki, versions=(CODE_1_2, CODE_1_1), suites={0xC013: "ECDHE"}, fallback_scsv=False)
    with ScriptedServer(old) as server:
        assert behaviours(server).fallback_refused.need() is False


def test_another_certificate_for_the_first_hello_is_an_inconsistency(lab_pki: LabPki) -> None:
    rsa, ecdsa = (Script(chain=ders(files.leaf)) for files in (lab_pki.rsa, lab_pki.ecdsa))
    scripts = chain((rsa,), repeat(ecdsa))

    def other(connection: Connection, hello: ClientHello) -> bool:
        connection.sock.sendall(next(scripts).answer(hello))
        return True

    with ScriptedServer(_playing(rsa, other)) as server:
        done = audit(server)
    assert done.facts.behaviours.inconsistency.need() == "the certificates"
    assert done.problem is not None
    assert done.problem.code == "unequal"
    # What one back end refuses another may accept.
    for tried in (done.facts.protocols, done.facts.cipher_suites, done.facts.groups):
        assert (tried.refused, tried.rest.why) == (frozenset(), Why.UNSTABLE)
    assert done.facts.protocols.offers(TLS_1_2)


def test_two_certificates_for_one_kind_of_suite_are_an_inconsistency(lab_pki: LabPki) -> None:
    suites = {0xC02F: "ECDHE", 0xC030: "ECDHE"}
    rsa, ecdsa = (Script(chain=ders(files.leaf), suites=suites) for files in (lab_pki.rsa, lab_pki.ecdsa))

    def other(connection: Connection, hello: ClientHello) -> bool:
        connection.sock.sendall((rsa if 0xC02F in hello.cipher_suites else ecdsa).answer(hello))
        return True

    with ScriptedServer(_playing(rsa, other)) as server:
        assert audit(server).facts.behaviours.inconsistency.need() == "the certificate"


MODERN = "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM; ssl_prefer_server_ciphers on;"


@pytest.mark.parametrize(
    "other",
    [
        "ssl_protocols TLSv1.2; ssl_ciphers ECDHE+AESGCM; ssl_prefer_server_ciphers on;",
        "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM:ECDHE+AES:@SECLEVEL=0;",
        "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM:AES128-SHA; ssl_prefer_server_ciphers on;",
        MODERN + "ssl_verify_client optional; ssl_client_certificate {ca};",
    ],
    ids=["versions", "old versions", "a suite", "client authentication"],
)
def test_back_ends_that_differ_are_noticed(lab: Lab, other: str) -> None:
    one = lab.nginx(MODERN, certificates=(lab.pki.rsa,))
    two = lab.nginx(other.replace("{ca}", str(lab.pki.client_ca_file)), certificates=(lab.pki.rsa,))
    with ScriptedServer(in_turn(one.port, two.port)) as balancer:
        done = audit(balancer, full=True)
    assert done.problem is not None
    assert done.problem.code == "unequal"
    assert not done.facts.cipher_suites.refused


def test_back_ends_that_are_alike_are_one_server(lab: Lab) -> None:
    ports = [lab.nginx(MODERN, certificates=(lab.pki.rsa,)).port for _ in range(2)]
    with ScriptedServer(in_turn(*ports)) as balancer:
        assert audit(balancer, full=True).problem is None


def test_a_random_that_comes_twice_is_seen(lab_pki: LabPki) -> None:
    with ScriptedServer(scripted(lab_pki, versions=(CODE_1_2,), fixed_random=bytes(32))) as server:
        assert facts(server).behaviours.repeated_random.need() is True


def test_a_server_that_stops_answering_leaves_everything_unstable(lab_pki: LabPki) -> None:
    script, given = scripted(lab_pki), iter(range(20))

    def enough(_connection: Connection, _hello: ClientHello) -> bool:
        if next(given, None) is None:
            raise Refused
        return False

    with ScriptedServer(_playing(script, enough)) as server:
        done = audit(server, full=True)
    assert done.problem is not None
    assert done.problem.code == "unstable"
    assert values(done.facts.behaviours) == {}


def test_out_of_time_is_no_answer(lab: Lab) -> None:
    with DelayProxy(lab.nginx(BOTH).port, round_trip=0.2) as proxy:
        done = audit(proxy, deadline=0.5, full=True)
    assert done.problem is not None
    found = done.facts.behaviours
    assert isinstance(found.unknown_sni, Unknown)
    assert found.unknown_sni.why is Why.NO_ANSWER


def test_hostile_certificates_do_not_matter() -> None:
    with ScriptedServer(hostile.unparsable_certificate()) as server:
        found = audit(server, timeout=0.5, full=True).facts.behaviours
    assert found.unknown_sni.need() == SAME
