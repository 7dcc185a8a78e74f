from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lab.process import Running
from tests.lab.servers import Lab
from tests.peers import peers
from tests.peers.peers import Opinion
from tlsaudit.model.protocol import ProtocolVersion

SUITES_12 = frozenset({0xC02B, 0xC030, 0x002F})
SUITES_13 = frozenset({0x1301, 0x1302, 0x1303})


@pytest.fixture(scope="module")
def server(module_lab: Lab) -> Running:
    """TLS 1.2 with three suites and two certificates, and TLS 1.3."""
    return module_lab.nginx(
        "ssl_protocols TLSv1.2 TLSv1.3;"
        "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA;",
        certificates=(module_lab.pki.ecdsa, module_lab.pki.rsa),
    )


@pytest.mark.slow
@pytest.mark.parametrize("ask", [peers.sslyze, peers.sslscan, peers.nmap])
def test_every_peer_sees_the_versions_and_suites_of_nginx(server: Running, ask: Callable[[int], Opinion]) -> None:
    opinion = ask(server.port)
    assert opinion.versions == {ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3}
    assert opinion.suites == {ProtocolVersion.TLS_1_2: SUITES_12, ProtocolVersion.TLS_1_3: SUITES_13}


@pytest.mark.slow
def test_the_peer_that_knows_them_sees_old_versions(module_lab: Lab) -> None:
    old = module_lab.nginx("ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0;")
    opinion = peers.sslyze(old.port)
    assert opinion.versions == {ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1}
    assert opinion.suites[ProtocolVersion.TLS_1_0] == {0xC009}
