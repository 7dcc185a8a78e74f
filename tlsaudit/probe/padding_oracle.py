"""Whether a server lets its client see what is wrong with a record of a CBC suite: its padding, or its MAC.

The family of POODLE against TLS, GOLDENDOODLE, Zombie POODLE, Sleeping POODLE and the records without data
(CVE-2014-8730, CVE-2016-2107, CVE-2019-1559). It is asked with one suite of AES, at the newest version that accepts
one: a whole handshake without encrypt_then_mac, and behind it one record, sound or broken in one way. The sound one
shows that our records are read at all. A sound server says bad_record_mac to all others (RFC 5246 section 7.2.2);
different answers count only if three rounds in a row give the same ones. Where data comes, one more connection on which
we say nothing shows whether it is an answer at all: mail servers speak first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from OpenSSL import SSL

from tlsaudit.data.suites import SUITES, CipherSuite, suites_for
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.model.vulnerability import Verdict
from tlsaudit.net import Connection
from tlsaudit.probe import http
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.vulnerabilities import NEEDS_CERTIFICATE, needs_certificate
from tlsaudit.wire import ContentType
from tlsaudit.wire.cbc import BLOCK, CbcKeys, broken_records, sound_record

_VERSIONS = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_0)
_HASHES = {"SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384"}
_NO_ENCRYPT_THEN_MAC: Final = 1 << 19
"""SSL_OP_NO_ENCRYPT_THEN_MAC of OpenSSL."""
_SOUND = "a sound record"
_NOTHING = "no record"
_ROUNDS = 3
_BY_DATA, _BY_SILENCE = "data", "silence"
_MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class _Said:
    """How one record was answered, in words that can be compared; "" where it never came to that."""

    n: int
    answer: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Question:
    """The suite that is asked with, and what the records say."""

    version: ProtocolVersion
    suite: CipherSuite
    server_name: str | None
    request: bytes


async def padding_oracle(facts: Facts, dialogue: Dialogue, target: Target) -> Fact[Verdict]:
    """The verdict; not applicable where no suite with AES in CBC mode is accepted. Raises Undecided."""
    chosen = _chosen(facts)
    if isinstance(chosen, Basis):
        return Known(Verdict.NOT_APPLICABLE, chosen)
    version, suite = chosen
    if needs_certificate(facts, version):
        return NEEDS_CERTIFICATE
    service = dialogue.service
    request = http.request(target) if service is None else service.opening("tlsaudit")
    question = _Question(version, suite, target.server_name, request)
    control = await _ask(dialogue, question, _SOUND)
    if not control.answer or control.answer.startswith("alert"):
        return Unknown(Why.NO_ANSWER, f"probe {control.n}, {_SOUND}: {control.answer or control.problem}")
    return await _compare(dialogue, question, control)


async def _compare(dialogue: Dialogue, question: _Question, control: _Said) -> Fact[Verdict]:
    """Rounds of broken records, until one shows no difference or there were enough of them."""
    rounds: list[Mapping[str, _Said]] = []
    while len(rounds) < _ROUNDS:
        said = await _round(dialogue, question)
        unheard = next((each for each in said.values() if not each.answer), None)
        if unheard is not None:
            return Unknown(Why.NO_ANSWER, f"probe {unheard.n}: {unheard.problem}")
        rounds.append(said)
        if not _differs(said):
            return _alike(said, control)
        if len(rounds) == 1 and _BY_DATA in _answers(said).values():
            unprompted = await _unprompted(dialogue, question)
            if unprompted is not None:
                return unprompted
    if any(_answers(each) != _answers(rounds[0]) for each in rounds):
        return Unknown(Why.UNSTABLE, "broken records get different answers, and others each time")
    return Known(Verdict.VULNERABLE, _basis(rounds[-1]))


async def _unprompted(dialogue: Dialogue, question: _Question) -> Unknown | None:
    """Why data says nothing of the record before it: the server speaks without one, or whether it does is unknown."""
    said = await _ask(dialogue, question, _NOTHING)
    if said.answer.startswith(_BY_DATA):
        return Unknown(Why.UNSUPPORTED, f"probe {said.n}: the server speaks first, so its data answers no record")
    return None if said.answer else Unknown(Why.NO_ANSWER, f"probe {said.n}, {_NOTHING}: {said.problem}")


def _chosen(facts: Facts) -> tuple[ProtocolVersion, CipherSuite] | Basis:
    for version in _VERSIONS:
        usable = [(version, suite.code) for suite in suites_for(version) if _is_usable(suite)]
        for seen in facts.cipher_suites.any(usable):
            return version, SUITES[seen.item[1]]
    shown = (*facts.protocols.accepted.values(), *facts.cipher_suites.accepted.values())
    return Basis(Origin.DERIVED, shown[0].at if shown else "probe:1")


def _is_usable(suite: CipherSuite) -> bool:
    usual = suite.kx in {"ECDHE", "DHE", "RSA"} and suite.auth in {"ECDSA", "RSA"}
    return usual and suite.enc == "AES" and suite.mode == "CBC" and suite.mac in _HASHES and bool(suite.openssl_name)


async def _round(dialogue: Dialogue, question: _Question) -> Mapping[str, _Said]:
    """Each broken record once, side by side."""
    kinds = _kinds()
    async with asyncio.TaskGroup() as tasks:
        asked = {kind: tasks.create_task(_ask(dialogue, question, kind)) for kind in kinds}
    return {kind: task.result() for kind, task in asked.items()}


def _kinds() -> list[str]:
    keys = CbcKeys(version=ProtocolVersion.TLS_1_2.code, mac_hash="sha1", mac_key=b"", key=bytes(BLOCK))
    return list(broken_records(keys, ContentType.APPLICATION_DATA, b""))


def _answers(said: Mapping[str, _Said]) -> dict[str, str]:
    return {kind: each.answer for kind, each in said.items()}


def _differs(said: Mapping[str, _Said]) -> bool:
    answers = set(_answers(said).values())
    return len(answers) > 1 or any(each.startswith(_BY_DATA) for each in answers)


def _alike(said: Mapping[str, _Said], control: _Said) -> Fact[Verdict]:
    if all(each.answer == _BY_SILENCE for each in said.values()):
        return Unknown(Why.NO_ANSWER, "nothing is said to broken records, and no connection is closed")
    if all(each.answer == control.answer for each in said.values()):
        detail = f"broken records get the answer of {_SOUND}, {control.answer}: nothing shows that they are read"
        return Unknown(Why.NO_ANSWER, f"probe {control.n}: {detail}")
    return Known(Verdict.NOT_VULNERABLE, _basis(said))


def _basis(said: Mapping[str, _Said]) -> Basis:
    """The probe whose answer stands out, else the last."""
    answers = [each.answer for each in said.values()]
    rarest = min(said.values(), key=lambda each: (answers.count(each.answer), -each.n))
    return Basis(Origin.OBSERVED, f"probe:{rarest.n}")


async def _ask(dialogue: Dialogue, question: _Question, kind: str) -> _Said:
    """A handshake, then one record of this kind or none; the answer ends where the server closes, or sends data."""
    n = dialogue.log.open(f"{question.version}, {question.suite.openssl_name}, {kind}")
    alerts: list[str] = []
    tls = _connection(question, alerts)
    try:
        async with dialogue.connect() as connection:
            last = await _handshake(connection, tls)
            if kind != _NOTHING:
                await connection.write(_record(tls, question, kind, last))
            said = _Said(n, await _answer(connection, tls, alerts))
    except SSL.Error:
        said = _Said(n, "", f"no handshake: {', '.join(alerts) or 'OpenSSL cannot complete it'}")
    except NetworkError as error:
        dialogue.note(error)
        said = _Said(n, "", str(error))
    dialogue.log.close(n, said.answer or said.problem)
    return said


def _connection(question: _Question, alerts: list[str]) -> SSL.Connection:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_cipher_list(f"{question.suite.openssl_name}:@SECLEVEL=0".encode())
    context.set_options(SSL.OP_LEGACY_SERVER_CONNECT | _NO_ENCRYPT_THEN_MAC)
    context.set_min_proto_version(question.version.code)
    context.set_max_proto_version(question.version.code)

    def observe(_connection: SSL.Connection, where: int, value: int) -> None:
        if where == SSL.SSL_CB_READ_ALERT:
            alerts.append(f"alert {value & 0xFF}")

    context.set_info_callback(observe)
    tls = SSL.Connection(context, None)
    tls.set_connect_state()
    if question.server_name:
        tls.set_tlsext_host_name(question.server_name.encode("ascii"))
    return tls


async def _handshake(connection: Connection, tls: SSL.Connection) -> bytes:
    """Shake hands; returns the last block that was sent."""
    last = b""
    while True:
        try:
            tls.do_handshake()
        except SSL.WantReadError:
            last = await _flush(connection, tls) or last
            received = await connection.read()
            if not received:
                raise NetworkError("closed", "the server closed the connection during the handshake") from None
            tls.bio_write(received)
        else:
            return (await _flush(connection, tls) or last)[-BLOCK:]


async def _flush(connection: Connection, tls: SSL.Connection) -> bytes:
    sent = b""
    try:
        while True:
            sent += tls.bio_read(1 << 16)
    except SSL.WantReadError:
        if sent:
            await connection.write(sent)
        return sent


def _record(tls: SSL.Connection, question: _Question, kind: str, last: bytes) -> bytes:
    keys = CbcKeys.of_client(
        version=question.version.code,
        key_length=question.suite.bits // 8,
        mac_hash=_HASHES[question.suite.mac],
        master=tls.master_key() or b"",
        client_random=tls.client_random() or b"",
        server_random=tls.server_random() or b"",
    )
    type_, data = ContentType.APPLICATION_DATA, question.request
    plaintext = sound_record(keys, type_, data) if kind == _SOUND else broken_records(keys, type_, data)[kind]
    return keys.seal(type_, plaintext, last)


async def _answer(connection: Connection, tls: SSL.Connection, alerts: list[str]) -> str:
    """Data; or the alerts, and whether the connection ends."""
    size = 0
    while size < _MOST_BYTES:
        if _has_data(tls):
            return _BY_DATA
        try:
            received = await connection.read()
        except NetworkError as error:
            ends = "silence" if error.code == "timeout" else "closed"
            return f"{', '.join(alerts)}, {ends}" if alerts else ends
        if not received:
            return f"{', '.join(alerts)}, closed" if alerts else "closed"
        size += len(received)
        tls.bio_write(received)
    return _BY_DATA


def _has_data(tls: SSL.Connection) -> bool:
    """Whether there is any in what came so far; it may have come together with the end of the handshake."""
    try:
        return bool(tls.recv(1 << 14))
    except SSL.Error:  # no more yet, the end, or a fatal alert, which was noted
        return False
