"""What asking for the status of certificates may cost, whoever chose the places to ask."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.lab.process import HOST
from tests.lab.revocation import Publisher, Served, points_at
from tests.lab.scripted import Connection, ScriptedServer
from tests.rules.served import case, deployment, issuing
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Fact, Known, Unknown, Why
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.probe.fetch import Budget, Fetcher
from tlsaudit.probe.revocation import StatusSources, with_revocation

_LIMITS = NetworkLimits(connect_timeout=0.1, read_timeout=0.4)


def _silent(connection: Connection) -> None:
    connection.drain()


def _serving(port: int, count: int) -> Facts:
    """An endpoint on loopback with so many certificates, each with a list of its own at this port."""
    leaves = [
        issuing().issue("a.example", extra=points_at(crl=f"http://{HOST}:{port}/{each}.crl")) for each in range(count)
    ]
    facts = case(*(deployment(*leaf.chain()) for leaf in leaves)).facts
    return replace(facts, endpoint=replace(facts.endpoint, address=HOST))


def _answers(facts: Facts, seconds: float) -> list[Fact[object]]:
    async def ask() -> Facts:
        return await with_revocation(facts, StatusSources(fetcher=Fetcher(Network(_LIMITS))), seconds)

    deployments = asyncio.run(ask()).certificate_deployments
    assert isinstance(deployments, Known)
    return [check.answer for each in deployments.value for check in each.revocation.need()]


def _why(answer: Fact[object]) -> Why | None:
    return answer.why if isinstance(answer, Unknown) else None


def test_silent_publishers_get_the_seconds_of_one_endpoint() -> None:
    with ScriptedServer(_silent) as server:
        answers = _answers(_serving(server.port, 4), 0.3)
        assert server.connections == 1
    assert [_why(each) for each in answers] == [Why.NO_ANSWER, *[Why.UNSTABLE] * 3]


def test_publishers_that_deliver_are_all_asked() -> None:
    with Publisher({f"/{each}.crl": Served(body=b"junk") for each in range(4)}) as publisher:
        answers = _answers(_serving(publisher.port, 4), 60)
    assert [_why(each) for each in answers] == [None] * 4


def test_a_spent_budget_leaves_what_others_asked() -> None:
    async def ask(url: str) -> list[Fact[bytes]]:
        fetcher = Fetcher(Network(_LIMITS))
        spent = Budget(0)
        budgets = (spent, Budget(60), spent)
        return [await fetcher.fetch(url, near=HOST, budget=each) for each in budgets]

    with Publisher({"/a.crl": Served(body=b"list")}) as publisher:
        first, second, third = asyncio.run(ask(publisher.url("/a.crl")))
    assert _why(first) is Why.UNSTABLE
    assert isinstance(second, Known)
    assert third == second
