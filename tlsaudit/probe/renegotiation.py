"""How often a client can renegotiate, asked with OpenSSL in one connection (CVE-2011-1473).

Full mode asks sslyze, together with attacks; where nothing else is asked of these, this takes no process of its own.
"""

from __future__ import annotations

from OpenSSL import SSL

from tlsaudit.model.errors import NetworkError
from tlsaudit.model.facts import ClientAuthMode, Layer
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.model.vulnerability import RENEGOTIATIONS_ASKED
from tlsaudit.net import Connection
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.full import Observer, shake, tls_client
from tlsaudit.probe.notes import Notes

_VERSIONS = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_0)
_UNSAFE = 1 << 18
"""SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION: without it OpenSSL itself refuses what it should ask."""


async def ask_renegotiation(dialogue: Dialogue, notes: Notes, target: Target) -> Fact[int]:
    """How many renegotiations are granted, of `RENEGOTIATIONS_ASKED`, at the newest version that knows any."""
    version = next((each for each in _VERSIONS if each in notes.accepted()), None)
    if version is None:
        return NOT_ASKED
    if _needs_certificate(notes, version):
        return Unknown(Why.NOT_ASKED, "the handshake asks for a client certificate, and none was presented")
    n = dialogue.log.open(f"{version}, renegotiation by the client")
    tls = tls_client(Observer(), server_name=target.server_name, alpn=(), version=version, options=_UNSAFE)
    granted, problem = 0, ""
    try:
        async with dialogue.connect() as connection:
            await shake(connection, tls)
            try:
                granted = await _renegotiate(connection, tls)
            except NetworkError as error:
                problem = "the server fell silent" if error.code == "timeout" else ""
    except (SSL.Error, NetworkError) as error:
        problem = str(error) or "no handshake"
        if isinstance(error, NetworkError):
            dialogue.note(error)
    dialogue.log.close(n, problem or f"{granted} of {RENEGOTIATIONS_ASKED} granted")
    return Unknown(Why.NO_ANSWER, f"probe {n}: {problem}") if problem else Known(granted, _basis(n))


async def _renegotiate(connection: Connection, tls: SSL.Connection) -> int:
    """Ask again and again, until the server has had enough; what was granted before a silence counts."""
    for granted in range(RENEGOTIATIONS_ASKED):
        try:
            tls.renegotiate()
            await shake(connection, tls)
        except SSL.Error:
            return granted
        except NetworkError as error:
            if error.code == "timeout" and not granted:
                raise
            return granted
    return RENEGOTIATIONS_ASKED


def _basis(n: int) -> Basis:
    return Basis(Origin.OBSERVED, f"probe:{n}")


def _needs_certificate(notes: Notes, version: ProtocolVersion) -> bool:
    entry = notes.client_auth.get(version)
    required = entry is not None and isinstance(entry.mode, Known) and entry.mode.value is ClientAuthMode.REQUIRED
    return required and entry is not None and entry.enforced_by is Layer.TLS
