"""What PostgreSQL does with clients before TLS: the one of the Debian package, an old one, and strange ones."""

from __future__ import annotations

import asyncio
import struct

import pytest

from tests.lab.injectable import ASKS_FOR_A_PASSWORD, injectable
from tests.lab.postgres import start_postgres
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import Listening
from tlsaudit.model.beside import BeforeTls
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Known, Unknown, Why
from tlsaudit.model.target import parse_target
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.pki import TrustStore
from tlsaudit.policy import load_policy, what_is_forbidden
from tlsaudit.probe import Settings, Trusting, audit_endpoint
from tlsaudit.probe.starttls.postgres import POSTGRES

_TRUST = Trusting(stores={"none": TrustStore.from_ders("none", ())}, deciding="none")
_SASL = "asks for a password (SASL), user 'tlsaudit'"


def _error(code: str) -> bytes:
    body = b"".join(f"{field}\0".encode() for field in ("SFATAL", f"C{code}", "Mno")) + b"\0"
    return b"E" + struct.pack(">I", len(body) + 4) + body


def facts(server: Listening, *, scheme: str = "postgres", full: bool = True, gate: bool = False) -> Facts:
    forbidden = what_is_forbidden(load_policy("owasp")) if gate else None
    settings = Settings(trusting=_TRUST, deadline=60.0, full=full and not gate, forbidden=forbidden)

    async def run() -> Facts:
        network = Network(NetworkLimits(connect_timeout=2.0, read_timeout=2.0))
        done = await audit_endpoint(parse_target(f"{scheme}://127.0.0.1:{server.port}"), network, settings)
        assert done.facts.connections == len(done.facts.probes)
        return done.facts

    return asyncio.run(run())


def before(found: Facts) -> BeforeTls:
    known = found.before_tls.need()
    assert known is not None
    return known


@pytest.mark.parametrize(
    ("hba", "signs_in"),
    [
        ("hostssl all all all scram-sha-256", None),
        ("hostssl all all all cert\nhostnossl all all all reject", None),
        ("host all all all scram-sha-256", _SASL),
        ("host all all all trust", "lets in without a password (AuthenticationOk), user 'tlsaudit'"),
    ],
)
def test_who_may_sign_in_without_tls(lab: Lab, hba: str, signs_in: str | None) -> None:
    found = before(facts(start_postgres(lab, "ssl_ca_file = 'ca.crt'", hba=hba)))
    assert found.signs_in.need() == signs_in
    assert found.takes_injected.need() is False


def test_a_client_that_is_sent_away_in_any_case_proves_nothing(lab: Lab) -> None:
    found = before(facts(start_postgres(lab, hba="hostssl all somebody all scram-sha-256"), full=False))
    assert isinstance(found.signs_in, Unknown)
    assert "with TLS as without: PostgreSQL error 28000" in found.signs_in.detail
    assert found.takes_injected == NOT_ASKED


def test_an_old_server_takes_what_came_before_tls(lab: Lab) -> None:
    server = lab.keep(ScriptedServer(injectable(lab.pki.ecdsa)))
    found = before(facts(server))
    assert found.signs_in.need() == "asks for a password, user 'tlsaudit'"
    assert found.takes_injected.need() is True


@pytest.mark.parametrize(
    ("taken", "expected"),
    [(ASKS_FOR_A_PASSWORD, True), (_error("3D000"), True), (_error("08P01"), False), (b"", False), (b"?", False)],
)
def test_only_an_answer_to_it_says_that_it_was_taken(lab: Lab, taken: bytes, expected: bool) -> None:
    server = lab.keep(ScriptedServer(injectable(lab.pki.ecdsa, taken=taken)))
    assert before(facts(server)).takes_injected.need() is expected


@pytest.mark.parametrize("plain", [None, _error("57P03"), b"?"])
def test_without_a_clear_answer_nothing_is_known(lab: Lab, plain: bytes | None) -> None:
    server = lab.keep(ScriptedServer(injectable(lab.pki.ecdsa, plain=plain)))
    found = before(facts(server, full=False)).signs_in
    assert isinstance(found, Unknown)
    assert found.why is Why.NO_ANSWER


def test_a_close_sends_the_client_away(lab: Lab) -> None:
    server = lab.keep(ScriptedServer(injectable(lab.pki.ecdsa, plain=b"")))
    assert isinstance(before(facts(server, full=False)).signs_in, Known)
    assert before(facts(server, full=False)).signs_in.need() is None


def test_gate_mode_does_not_ask(lab: Lab) -> None:
    assert facts(start_postgres(lab), gate=True).before_tls == NOT_ASKED


def test_where_tls_begins_at_once_there_is_nothing_before_it(lab: Lab) -> None:
    assert facts(lab.nginx(), scheme="https", gate=True).before_tls.need() is None


def test_the_guard_reads_whatever_comes() -> None:
    guard = POSTGRES.guard
    assert guard is not None
    for data in (b"", b"R", b"R\0\0\0\x08\0\0\0\x63", b"E\0\0\0\x05\0", b"\xff" * 40, b"N" * 9000):
        assert guard.plain(data).words.isprintable()
        assert guard.answers(data) in {True, False}
