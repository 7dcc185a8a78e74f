"""The port of plain HTTP beside an endpoint: real servers on both ports, and ports that say little or nonsense."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from tests.lab import hostile
from tests.lab.process import HOST, reserved_port
from tests.lab.scripted import Behaviour, Connection, ScriptedServer
from tests.lab.servers import Lab
from tests.lab.upgrading import upgrading
from tlsaudit.model.beside import PlainAnswer, PlainHttp, PlainState
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Unknown, Why
from tlsaudit.model.target import parse_target
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.pki import TrustStore
from tlsaudit.policy import load_policy, what_is_forbidden
from tlsaudit.probe import Settings, Trusting, audit_endpoint

_TRUST = Trusting(stores={"none": TrustStore.from_ders("none", ())}, deciding="none")
_SECONDS = 5.0
_PLAIN = "in plain text on port"


def facts(port: int, plain: int | None, *, gate: bool = False, timeout: float = _SECONDS, full: bool = False) -> Facts:
    """The inventory of what listens at `port`, whose plain HTTP is at `plain`."""
    forbidden = what_is_forbidden(load_policy("owasp")) if gate else None
    settings = Settings(trusting=_TRUST, deadline=60.0, forbidden=forbidden, full=full)
    option = "" if plain is None else f"?http={plain}"

    async def run() -> Facts:
        network = Network(NetworkLimits(connect_timeout=timeout, read_timeout=timeout))
        done = await audit_endpoint(parse_target(f"localhost@{HOST}:{port}{option}"), network, settings)
        assert not done.problem
        assert done.facts.connections == len(done.facts.probes)
        return done.facts

    return asyncio.run(run())


def asked(found: Facts) -> list[str]:
    return [probe.answered for probe in found.probes if _PLAIN in probe.asked]


def plain(found: Facts) -> PlainHttp:
    known = found.plain_http.need()
    assert known is not None
    return known


def answer(found: Facts) -> PlainAnswer:
    return plain(found).answer.need()


def nginx(lab: Lab, plain_server: str) -> tuple[int, int]:
    port = reserved_port()
    return lab.nginx(http=f"server {{ listen {HOST}:{port}; {plain_server} }}").port, port


def apache(lab: Lab, plain_host: str) -> tuple[int, int]:
    port = reserved_port()
    content = f'Redirect 200 /\nErrorDocument 200 "ok"\n</VirtualHost>\nListen {HOST}:{port}\n<VirtualHost *:{port}>\n'
    return lab.apache(content=f"{content}{plain_host}\n").port, port


def haproxy(lab: Lab, rule: str) -> tuple[int, int]:
    port = reserved_port()
    return lab.haproxy(frontend=f"  bind {HOST}:{port}\n{rule}").port, port


_HTTPS = "https://localhost/"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (lambda lab: nginx(lab, "return 301 https://$host/;"), (301, False, _HTTPS)),
        (lambda lab: nginx(lab, "return 200 hello;"), (200, True, None)),
        (lambda lab: nginx(lab, "return 204;"), (204, False, None)),
        (lambda lab: apache(lab, f"Redirect temp / {_HTTPS}"), (302, False, _HTTPS)),
        (lambda lab: haproxy(lab, "  http-request redirect prefix https://localhost code 308 unless { ssl_fc }"),
         (308, False, _HTTPS)),
    ],
)  # fmt: skip
def test_servers_with_both_ports_take_one_connection_more(
    lab: Lab, start: Callable[[Lab], tuple[int, int]], expected: tuple[int, bool, str | None]
) -> None:
    found = facts(*start(lab))
    seen = answer(found)
    assert (seen.state, (seen.status, seen.content, seen.location)) == (PlainState.HTTP, expected)
    assert plain(found).upgrade.need() is None
    assert len(asked(found)) == 1


def test_an_error_is_asked_for_again_without_an_offer_of_tls(lab: Lab) -> None:
    found = facts(*apache(lab, "Redirect 403 /"))
    assert answer(found).status == 403
    assert asked(found) == ["HTTP 403 (403 Forbidden)"] * 2


def _refusing_upgrades(connection: Connection) -> None:
    """Envoy, where nobody allowed an upgrade."""
    upgrade = b"Upgrade: " in connection.sock.recv(65536)
    body = b"" if upgrade else b"hello"
    status = b"403 Forbidden" if upgrade else b"200 OK"
    connection.sock.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))


def test_content_is_seen_where_the_offer_of_tls_is_refused(lab: Lab) -> None:
    server = lab.keep(ScriptedServer(_refusing_upgrades))
    found = facts(lab.nginx().port, server.port)
    assert answer(found).content
    assert plain(found).upgrade.need() is None


def test_an_upgrade_to_tls_is_seen_and_so_is_the_page_without(lab: Lab) -> None:
    server = lab.keep(ScriptedServer(upgrading(lab.pki.ecdsa)))
    found = facts(lab.nginx().port, server.port)
    assert plain(found).upgrade.need() == "HTTP 101, Upgrade: TLS/1.0, HTTP/1.1"
    assert answer(found) == PlainAnswer(state=PlainState.HTTP, status=200, content=True)
    assert server.connections == 2


def _advertising(connection: Connection) -> None:
    connection.sock.recv(65536)
    connection.sock.sendall(b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\nContent-Length: 0\r\n\r\n")


def test_an_answer_that_asks_for_an_upgrade_offers_it(lab: Lab) -> None:
    server = lab.keep(ScriptedServer(_advertising))
    assert plain(facts(lab.nginx().port, server.port)).upgrade.need() == "HTTP 426, Upgrade: TLS/1.2"


def test_a_closed_port_is_closed(lab: Lab) -> None:
    found = facts(lab.nginx().port, reserved_port())
    assert answer(found) == PlainAnswer(state=PlainState.CLOSED)
    assert plain(found).upgrade.need() is None
    assert asked(found) == ["the connection is refused"]


def _closing(connection: Connection) -> None:
    connection.sock.recv(65536)


def _resetting(connection: Connection) -> None:
    connection.sock.recv(65536)
    hostile.reset(connection.sock)


@pytest.mark.parametrize(("behave", "state"), [(_closing, PlainState.MUTE), (hostile.ssh_banner, PlainState.OTHER)])
def test_a_port_that_speaks_no_http_has_no_page(lab: Lab, behave: Behaviour, state: PlainState) -> None:
    found = facts(lab.nginx().port, lab.keep(ScriptedServer(behave)).port)
    assert answer(found) == PlainAnswer(state=state)


def _endless_head(connection: Connection) -> None:
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sock.sendall(b"X: y\r\n" * 1000)


@pytest.mark.parametrize(
    ("behave", "why"),
    [
        (hostile.accept_and_silence, Why.NO_ANSWER),
        (_resetting, Why.NO_ANSWER),
        (_endless_head, Why.UNSUPPORTED),
    ],
)
def test_what_a_hostile_port_answers_is_not_known(lab: Lab, behave: Behaviour, why: Why) -> None:
    found = plain(facts(lab.nginx().port, lab.keep(ScriptedServer(behave)).port, timeout=1.0))
    for fact in (found.answer, found.upgrade):
        assert isinstance(fact, Unknown)
        assert fact.why is why


def _without_its_body(head: bytes, *, closing: bool = False) -> Behaviour:
    def play(connection: Connection) -> None:
        connection.sock.recv(65536)
        connection.sock.sendall(b"HTTP/1.1 200 OK\r\n%s\r\n" % head)
        if not closing:
            connection.drain()

    return play


@pytest.mark.parametrize(
    "behave",
    [
        _without_its_body(b"Content-Length: 5000\r\n"),
        _without_its_body(b"Content-Length: 5000\r\n", closing=True),
        _without_its_body(b"Transfer-Encoding: chunked\r\n"),
        _without_its_body(b""),
    ],
    ids=["silence", "closed", "no chunk", "no length"],
)
def test_a_success_whose_body_never_comes_is_no_proof_that_there_is_no_content(lab: Lab, behave: Behaviour) -> None:
    found = facts(lab.nginx().port, lab.keep(ScriptedServer(behave)).port, timeout=1.0)
    detail = "HTTP 200 in plain text broke off where its body begins"
    assert plain(found).answer == Unknown(Why.NO_ANSWER, detail)
    assert asked(found) == [detail]
    assert plain(found).upgrade.need() is None


@pytest.mark.parametrize("behave", [_without_its_body(b"Content-Length: 0\r\n"), _without_its_body(b"", closing=True)])
def test_a_success_that_says_it_has_no_body_has_no_content(lab: Lab, behave: Behaviour) -> None:
    found = facts(lab.nginx().port, lab.keep(ScriptedServer(behave)).port, timeout=1.0)
    assert answer(found) == PlainAnswer(state=PlainState.HTTP, status=200)


@pytest.mark.parametrize("code", ["timeout", "unreachable", "proxy"])
def test_where_no_connection_comes_about_nothing_was_asked(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """A filter, or a proxy that opens tunnels to port 443 alone: neither fails the audit, nor passes for closed."""
    port, real, patience = reserved_port(), Network._open, []

    async def opening(network: Network, address: str, at: int, place: object, seconds: float) -> object:
        if at != port:
            return await real(network, address, at, place, seconds)  # type: ignore[arg-type]
        patience.append(seconds)
        raise NetworkError(code, "no way through")

    monkeypatch.setattr(Network, "_open", opening)
    found = facts(lab.nginx().port, port).plain_http
    assert found == Unknown(Why.NOT_ASKED, "no connection came about: no way through")
    assert patience == [2.0]


def test_a_connection_is_given_up_sooner_where_somebody_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_loop: object, _sock: socket.socket, _address: object) -> None:
        await asyncio.sleep(60)

    async def connect() -> str:
        monkeypatch.setattr(type(asyncio.get_running_loop()), "sock_connect", never)
        network = Network(NetworkLimits(connect_timeout=30))
        with pytest.raises(NetworkError) as failure:
            async with network.connect(HOST, 9, patience=0.01):
                pass
        return str(failure.value)

    assert asyncio.run(connect()) == "127.0.0.1:9 did not accept a connection within 0.01 s"


def test_nobody_who_did_not_ask_hears_of_another_port(lab: Lab) -> None:
    found = facts(lab.nginx().port, None)
    assert found.plain_http.need() is None
    assert not asked(found)


def test_gate_mode_leaves_it_out(lab: Lab) -> None:
    found = facts(lab.nginx().port, reserved_port(), gate=True)
    assert found.plain_http == NOT_ASKED
    assert not asked(found)
