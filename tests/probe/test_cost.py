"""What an audit costs the server: connections, counted where they arrive."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.lab.proxy import DelayProxy
from tests.lab.servers import Lab
from tests.probe.auditing import TLS_1_2, TLS_1_3, facts, suites, versions
from tlsaudit.manners import Allowance
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.target import Target
from tlsaudit.net import Connection, Network, NetworkLimits
from tlsaudit.pki import TrustStore
from tlsaudit.probe import Settings, Trusting, audit_endpoint

TLS_1_2_SUITES = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
DUAL_SUITES = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
SIX = "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA256"


@pytest.mark.parametrize("order", ["on", "off"])
@pytest.mark.parametrize(("listed", "most"), [(f"{TLS_1_2_SUITES}:{SIX}", 41), (TLS_1_2_SUITES, 36)])
def test_what_an_ordinary_nginx_is_asked(lab: Lab, listed: str, most: int, order: str) -> None:
    server = lab.nginx(f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {listed}; ssl_prefer_server_ciphers {order};")
    with DelayProxy(server.port, round_trip=0.0) as proxy:
        found = facts(proxy)
    assert versions(found) == {TLS_1_2, TLS_1_3}
    assert len(suites(found, TLS_1_2)) == len(listed.split(":"))
    assert found.connections == proxy.connections == len(found.probes) <= most


def test_two_certificates_and_client_authentication_cost_no_more(lab: Lab) -> None:
    server = lab.nginx(
        f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {DUAL_SUITES};"
        f"ssl_verify_client on; ssl_client_certificate {lab.pki.client_ca_file};",
        certificates=(lab.pki.ecdsa, lab.pki.rsa),
    )
    with DelayProxy(server.port, round_trip=0.0) as proxy:
        found = facts(proxy)
    assert found.client_auth.mode.need() is ClientAuthMode.REQUIRED
    assert found.connections == proxy.connections <= 40


class Watched(Network):
    """A network that remembers how many connections were open at once."""

    def __init__(self) -> None:
        super().__init__(NetworkLimits())
        self.open = self.most_open = 0

    @asynccontextmanager
    async def connect(
        self,
        address: str,
        port: int,
        *,
        name: str | None = None,
        allowance: Allowance | None = None,
        patience: float = math.inf,
    ) -> AsyncIterator[Connection]:
        async with super().connect(address, port, name=name, allowance=allowance, patience=patience) as connection:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            try:
                yield connection
            finally:
                self.open -= 1


def test_a_server_never_has_more_than_ten_of_our_connections_at_once(lab: Lab) -> None:
    server = lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;", certificates=(lab.pki.ecdsa, lab.pki.rsa))
    trusting = Trusting(stores={"none": TrustStore.from_ders("none", ())}, deciding="none")
    network = Watched()
    with DelayProxy(server.port, round_trip=0.02) as proxy:
        target = Target(host="127.0.0.1", port=proxy.port)
        found = asyncio.run(audit_endpoint(target, network, Settings(trusting=trusting, deadline=60))).facts
    assert found.connections == network.opened == proxy.connections
    assert 5 < network.most_open <= 10
