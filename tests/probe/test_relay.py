"""The relay that sslyze's connections go through, when it is left at any moment."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.lab.hostile import accept_and_silence
from tests.lab.process import HOST
from tests.lab.scripted import ScriptedServer
from tests.probe.processes import descriptors
from tlsaudit.model.facts import Endpoint
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.relay import Relay


@pytest.mark.parametrize("turns", range(8))
def test_a_relay_that_is_left_early_leaves_no_connection_open(turns: int) -> None:
    """A socket that nobody closes is a ResourceWarning, and so a failure."""

    async def run(port: int) -> None:
        endpoint = Endpoint(host=HOST, port=port, address=HOST)
        dialogue = Dialogue(Network(NetworkLimits()), endpoint)
        async with Relay(dialogue, "asked", most=3) as relay:
            await asyncio.sleep(0)  # it listens by now, and has to be told of what comes
            with socket.create_connection((HOST, relay.port)):
                for _ in range(turns):
                    await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with ScriptedServer(accept_and_silence) as server:
        before = descriptors()
        asyncio.run(run(server.port))
        assert descriptors() <= before + 1  # the server's side may last a moment longer
