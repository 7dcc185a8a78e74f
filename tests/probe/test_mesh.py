"""Ports of a service mesh, and what else is answered where TLS is meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lab.hostile import accept_and_silence, close_at_once
from tests.lab.mesh import start_mesh
from tests.lab.process import Running
from tests.lab.scripted import Connection, ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import TLS_1_3, audit
from tests.probe.trying import mutual
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.facts import ClientAuthMode, Mesh
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown
from tlsaudit.probe.contact import NotAuditedError
from tlsaudit.probe.mesh import _plaintext

_BASIS = Basis(Origin.OBSERVED, "probe:1")


@pytest.mark.parametrize(
    ("options", "mesh", "plaintext", "mode"),
    [
        ({"strict": True}, Mesh.STRICT, False, ClientAuthMode.REQUIRED),
        ({"strict": False}, Mesh.PERMISSIVE, True, ClientAuthMode.REQUIRED),
        ({"strict": False, "tls_behind": True}, Mesh.PERMISSIVE, False, ClientAuthMode.NONE),
        ({"strict": False, "mutual": False}, Mesh.DISABLED, True, ClientAuthMode.NONE),
    ],
    ids=["strict", "permissive", "permissive before TLS", "disabled"],
)
def test_ports_of_a_mesh(lab: Lab, options: dict[str, bool], mesh: Mesh, plaintext: bool, mode: ClientAuthMode) -> None:
    auth = mutual(start_mesh(lab, **options)).client_auth
    assert auth.mesh.need() is mesh
    assert auth.plaintext.need() is plaintext
    assert auth.mode.need() is mode


def test_only_mutual_tls_looks_for_a_mesh_where_tls_is_not_answered(lab: Lab) -> None:
    with pytest.raises(NotAuditedError, match="does not speak TLS"):
        audit(start_mesh(lab, strict=False))


def starts(lab: Lab) -> dict[str, Callable[[], Running]]:
    ca = lab.pki.client_ca_file
    return {
        "nginx": lambda: lab.nginx("ssl_protocols TLSv1.3;"),
        "haproxy": lambda: lab.haproxy(f"ssl-min-ver TLSv1.2 verify required ca-file {ca}"),
        "apache": lambda: lab.apache("SSLProtocol TLSv1.3"),
        "openssl": lambda: lab.openssl("-tls1_3"),
        "gnutls": lab.gnutls,
        "stunnel": lab.stunnel,
        "node": lab.node,
    }


@pytest.mark.parametrize("name", ["nginx", "haproxy", "apache", "openssl", "gnutls", "stunnel", "node"])
def test_servers_of_tls_answer_no_plain_text_and_are_no_mesh(lab: Lab, name: str) -> None:
    auth = mutual(starts(lab)[name]()).client_auth
    assert auth.plaintext.need() is False
    assert auth.mesh.need() is None


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 301 Moved\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", False),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", None),
        (b"\x15\x03\x01\x00\x02\x02\x46", False),
        (b"", False),
    ],
)
def test_what_an_answer_to_plain_text_means(data: bytes, plain: bool | None) -> None:
    found: Fact[bool] = _plaintext(data, _BASIS, None, ended=True)
    assert (found.value if isinstance(found, Known) else None) is plain


@pytest.mark.parametrize(("code", "known"), [("reset", True), ("timeout", False), ("refused", False), ("local", False)])
def test_a_connection_that_fails(code: str, known: bool) -> None:
    found = _plaintext(b"", _BASIS, NetworkError(code, "it failed"), ended=False)
    assert isinstance(found, Known) is known
    assert isinstance(found, Unknown) or not found.value


def junk(connection: Connection) -> None:
    connection.sock.sendall(b"\0" * 4096)
    connection.drain()


@pytest.mark.parametrize("behaviour", [junk, close_at_once, accept_and_silence])
def test_what_is_no_mesh_is_what_it_was(behaviour: Callable[[Connection], None]) -> None:
    with ScriptedServer(behaviour) as server, pytest.raises(NotAuditedError) as caught:
        mutual(server, timeout=0.3)
    assert caught.value.status in {"not_tls", "unreachable"}


def test_the_answer_names_the_workload(lab: Lab) -> None:
    found = mutual(start_mesh(lab, strict=False))
    asked = [probe.asked for probe in found.probes]
    assert "TLSv1.3, handshake with the protocol names of a service mesh" in asked
    assert not any("SSLv3" in each and "again" not in each for each in asked[2:])
    assert found.client_auth.per_protocol[TLS_1_3].mode.need() is ClientAuthMode.REQUIRED
