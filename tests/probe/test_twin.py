"""The name with or without www: which names have one, and when it is looked up."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from tests.lab.servers import Lab
from tests.probe.auditing import Listening
from tlsaudit.model.beside import Twin
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known, Unknown, Why
from tlsaudit.model.target import parse_target
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.pki import TrustStore
from tlsaudit.policy import load_policy, what_is_forbidden
from tlsaudit.probe import Settings, Trusting, audit_endpoint
from tlsaudit.probe.twin import twin_of

_TRUST = Trusting(stores={"none": TrustStore.from_ders("none", ())}, deciding="none")
NAME, TWIN = "shop.test", "www.shop.test"


@pytest.mark.parametrize(
    ("host", "twin"),
    [
        ("example.com", "www.example.com"),
        ("www.example.com", "example.com"),
        ("example.co.uk", "www.example.co.uk"),
        ("www.shop.example.com", "shop.example.com"),
        ("shop.example.com", None),
        ("com", None),
        ("co.uk", None),
        ("www.com", None),
        ("localhost", None),
        ("192.0.2.1", None),
        ("[2001:db8::1]", None),
    ],
)
def test_a_domain_and_its_www_are_twins(host: str, twin: str | None) -> None:
    assert twin_of(parse_target(host)) == twin


class Resolver:
    """Stands for the system's: names of the test lead where it says, or nowhere."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **addresses: Any) -> None:
        self.asked: list[str] = []
        self._addresses = {"shop": "127.0.0.1", **addresses}
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: str, port: int, **_: object) -> list[Any]:
        self.asked.append(host)
        found = self._addresses["twin" if host == TWIN else "shop"]
        if isinstance(found, OSError):
            raise found
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]


def twin(server: Listening, text: str = NAME, *, names: tuple[str, ...] = (), gate: bool = False) -> Fact[Twin | None]:
    forbidden = what_is_forbidden(load_policy("owasp")) if gate else None
    settings = Settings(trusting=_TRUST, deadline=60.0, names=names, forbidden=forbidden)

    async def run() -> Facts:
        network = Network(NetworkLimits())
        host, _, option = text.partition("?")
        target = parse_target(f"{host}:{server.port}{'?' if option else ''}{option}")
        return (await audit_endpoint(target, network, settings)).facts

    return asyncio.run(run()).twin


@pytest.fixture
def apex(lab: Lab) -> Listening:
    files = lab.pki.write("apex", lab.pki.intermediate.issue(NAME))
    return lab.nginx("ssl_protocols TLSv1.3;", certificates=[files])


@pytest.fixture
def both(lab: Lab) -> Listening:
    files = lab.pki.write("both", lab.pki.intermediate.issue(NAME, TWIN))
    return lab.nginx("ssl_protocols TLSv1.3;", certificates=[files])


def test_a_twin_that_is_covered_is_not_looked_up(both: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(monkeypatch)
    found = twin(both).need()
    assert found is not None
    assert (found.name, found.covered) == (TWIN, True)
    assert resolver.asked == [NAME]


@pytest.mark.parametrize(("address", "here"), [("127.0.0.1", True), ("192.0.2.9", False)])
def test_a_twin_that_is_not_covered_leads_here_or_not(
    apex: Listening, monkeypatch: pytest.MonkeyPatch, address: str, here: bool
) -> None:
    resolver = Resolver(monkeypatch, twin=address)
    found = twin(apex).need()
    assert found is not None
    assert not found.covered
    assert found.here.need() is here
    assert resolver.asked == [NAME, TWIN]


@pytest.mark.parametrize(
    ("error", "expected"),
    [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, Why.NO_ANSWER)],
)
def test_no_such_name_is_another_thing_than_no_answer(
    apex: Listening, monkeypatch: pytest.MonkeyPatch, error: int, expected: bool | Why
) -> None:
    Resolver(monkeypatch, twin=socket.gaierror(error, "what the resolver says"))
    found = twin(apex).need()
    assert found is not None
    assert (found.here.value if isinstance(found.here, Known) else found.here.why) == expected


def test_where_an_address_was_given_the_twin_is_not_looked_up(apex: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(monkeypatch)
    found = twin(apex, f"{NAME}@127.0.0.1").need()
    assert found is not None
    assert isinstance(found.here, Unknown)
    assert found.here.why is Why.NOT_ASKED
    assert resolver.asked == []


def test_where_the_names_are_declared_there_is_no_twin(apex: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(monkeypatch)
    assert twin(apex, NAME, names=("other.test",)).need() is None
    assert twin(apex, f"{NAME}?sni={NAME}").need() is None
    assert twin(apex, "127.0.0.1").need() is None
    assert TWIN not in resolver.asked


def test_gate_mode_does_not_look_it_up(apex: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    Resolver(monkeypatch)
    assert twin(apex, gate=True) == NOT_ASKED
