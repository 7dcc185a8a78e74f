"""What a run may dial."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tlsaudit.model.errors import InputError, NetworkError
from tlsaudit.net import NOT_THE_TARGETS, Network, NetworkLimits
from tlsaudit.scope import Scope, read_entries


def scope(allow: str, deny: str = "") -> Scope:
    return Scope(allow=read_entries(allow.split()), deny=read_entries(deny.split()))


@pytest.mark.parametrize(
    ("allow", "deny", "address", "name", "refusal"),
    [
        ("10.0.0.0/8", "", "10.1.2.3", None, None),
        ("10.0.0.0/8", "", "11.1.2.3", None, "does not allow"),
        ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", None, "denies"),
        ("10.0.0.0/8", "", "::ffff:10.1.2.3", None, None),
        ("2001:db8::/32", "2001:db8:1::/48", "2001:db8:1::1", None, "denies"),
        ("fe80::/10", "", "fe80::1%eth0", None, None),
        ("192.0.2.7", "", "192.0.2.7", "shop.example", None),
        ("shop.example", "", "192.0.2.7", "shop.example", None),
        ("shop.example", "", "192.0.2.7", None, "does not allow"),
        ("shop.example", "10.0.0.0/8", "10.0.0.1", "shop.example", "denies"),
        ("*.shop.example", "", "192.0.2.7", "a.b.shop.example", None),
        ("*.shop.example", "", "192.0.2.7", "shop.example", "does not allow"),
        ("*.shop.example", "pay.shop.example", "192.0.2.7", "pay.shop.example", "denies"),
        ("*.example", "*.shop.example", "192.0.2.7", "pay.shop.example", "denies"),
        ("0.0.0.0/0", "evil.example", "192.0.2.7", "notevil.example", None),
        ("Bücher.example", "", "192.0.2.7", "xn--bcher-kva.example", None),
    ],
)
def test_deny_wins_and_nothing_is_allowed_that_is_not_listed(
    allow: str, deny: str, address: str, name: str | None, refusal: str | None
) -> None:
    found = scope(allow, deny).refusal(address, name)
    assert (found is None) == (refusal is None)
    assert refusal is None or (found is not None and refusal in found)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "a b", "*", "*.*.example", "", "https://x", "x/y"])
def test_what_is_no_entry(text: str) -> None:
    with pytest.raises(InputError):
        read_entries([text])


def test_it_is_enforced_where_the_network_dials() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        async def dial(name: str | None) -> int:
            network = Network(NetworkLimits(scope=scope("localhost", "127.0.0.2")))
            async with network.connect("127.0.0.1", port, name=name):
                return network.opened

        assert asyncio.run(dial("localhost")) == 1
        with pytest.raises(NetworkError, match="was not dialled") as error:
            asyncio.run(dial(None))
    assert error.value.code == "scope"
    assert error.value.code in NOT_THE_TARGETS
