"""Audits a server of the lab, and gives facts the names that tests want to read."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol

from cryptography.hazmat.primitives.serialization import Encoding

from tests.lab.script import Refused, Script
from tests.lab.scripted import Behaviour, Connection
from tlsaudit.data.groups import group_name
from tlsaudit.data.suites import openssl_name
from tlsaudit.demo.mint import Leaf
from tlsaudit.model.certificate import CertificateDeployment
from tlsaudit.model.facts import Behaviours, Facts, Preference
from tlsaudit.model.forbidden import Forbidden
from tlsaudit.model.knowledge import Known
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import parse_target
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.pki import TrustStore
from tlsaudit.probe import Audit, Settings, Sslyze, Trusting, audit_endpoint
from tlsaudit.wire import ClientHello, Ssl2ClientHello

SSL_2, SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = ProtocolVersion


class Listening(Protocol):
    """Whatever listens on loopback."""

    @property
    def port(self) -> int: ...


def audit(
    server: Listening,
    *,
    timeout: float = 5.0,
    deadline: float = 60.0,
    full: bool = False,
    forbidden: Forbidden | None = None,
) -> Audit:
    """The audit of `server`, which is asked for as localhost; the inventory unless `full` or only what is forbidden."""
    target = parse_target(f"127.0.0.1:{server.port}?sni=localhost")
    trusting = Trusting(stores={"none": TrustStore.from_ders("none", ())}, deciding="none")

    async def run() -> Audit:
        network = Network(NetworkLimits(connect_timeout=timeout, read_timeout=timeout))
        sslyze = Sslyze() if full else None
        settings = Settings(trusting=trusting, deadline=deadline, full=full, sslyze=sslyze, forbidden=forbidden)
        return await audit_endpoint(target, network, settings)

    return asyncio.run(run())


def facts(server: Listening, *, timeout: float = 5.0, full: bool = False) -> Facts:
    """The facts of a server whose audit is whole."""
    done = audit(server, timeout=timeout, full=full)
    assert not done.problem
    return done.facts


def behaviours(server: Listening, *, timeout: float = 5.0) -> Behaviours:
    """The behaviours of a server of which everything was asked."""
    done = audit(server, timeout=timeout, full=True)
    assert not done.problem
    return done.facts.behaviours


def versions(found: Facts) -> set[ProtocolVersion]:
    """The accepted versions of an endpoint of which every version was decided."""
    return set(found.versions())


def suites(found: Facts, version: ProtocolVersion) -> list[str]:
    """OpenSSL's names of the accepted suites, in order."""
    return [openssl_name(code) for code in found.suite_order[version]]


def preference(found: Facts, version: ProtocolVersion) -> Preference:
    """Whose order decides at `version`."""
    return found.cipher_preference[version].need()


def groups(found: Facts, version: ProtocolVersion) -> list[str]:
    """The names of the accepted groups, in order."""
    return [group_name(code) for code in found.group_order[version]]


def deployments(found: Facts) -> tuple[CertificateDeployment, ...]:
    """The certificate deployments, which must be known."""
    assert isinstance(found.certificate_deployments, Known)
    return found.certificate_deployments.value


def ders(leaf: Leaf) -> tuple[bytes, ...]:
    """The chain of a leaf, as a script sends it."""
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in leaf.chain())


def closing(script: Script, *, answers: int | None = None) -> Behaviour:
    """Plays the script, but closes where it would send an alert; and everywhere after so many `answers`."""
    return _interrupted(script, answers, lambda connection, _script: connection.sock.shutdown(socket.SHUT_WR))


def alerting(script: Script, *, answers: int) -> Behaviour:
    """Plays the script for so many `answers`, and refuses every hello with an alert from then on."""
    return _interrupted(script, answers, lambda connection, played: connection.sock.sendall(played.refusal(Refused())))


class _Refuse(Protocol):
    def __call__(self, connection: Connection, script: Script, /) -> None: ...


def _interrupted(script: Script, answers: int | None, refuse: _Refuse) -> Behaviour:
    given: list[bytes] = []

    def answer(hello: ClientHello | Ssl2ClientHello | None) -> bytes:
        if hello is None or (answers is not None and len(given) >= answers):
            raise Refused
        given.append(script.answer(hello) if isinstance(hello, ClientHello) else script.answer_ssl2(hello))
        return given[-1]

    def play(connection: Connection) -> None:
        try:
            while True:
                connection.sock.sendall(answer(connection.hello()))
        except Refused:
            refuse(connection, script)
        connection.drain()

    return play
