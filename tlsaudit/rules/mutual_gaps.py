"""TLS-MTLS: ways around client authentication: another version, path, name or address, and sessions from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tlsaudit.model.facts import ClientAuthAt, ClientAuthMode, When
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Known, Origin, Undecided, Unknown
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.client_auth import requests_certificate
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, asvs4, rfc

_REQUIRED = ClientAuthMode.REQUIRED
Entries = Mapping[ProtocolVersion, ClientAuthAt]


def _asks_somewhere(case: Case) -> bool:
    """An endpoint, or one of several that are one service, asks for a client certificate."""
    if not case.members:
        return requests_certificate(case)
    return any(
        isinstance(at.requested, Known) and at.requested.value
        for facts in case.members.values()
        if isinstance(facts, Known)
        for at in facts.value.client_auth.per_protocol.values()
    )


def _requires_somewhere(case: Case) -> bool:
    """Some version requires a client certificate in its handshake."""
    modes = [at.mode for at in case.facts.client_auth.per_protocol.values() if at.when is not When.LATE]
    if any(isinstance(mode, Known) and mode.value is _REQUIRED for mode in modes):
        return True
    for mode in modes or [case.facts.client_auth.mode]:
        sure(mode)
    return False


@rule(
    "TLS-MTLS-016",
    title="Client authentication has a gap",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cause="MTLSGATE",
    cwe=(287, 306),
    applies=_asks_somewhere,
    expected="the same requirement at every version, path, server name and address",
    why="The client chooses how it comes, so whoever has no certificate takes the way that lets everybody in.",
    remedy="Require and verify client certificates on every way that leads to the application, or close the others.",
    sources=(asvs("12.3.5 (L3)"), rfc(9325, "3.9")),
    version=2,
)
def enforcement_gap(case: Case) -> Iterable[Fail]:
    """A certificate is required on one way, and on another to the same application clients without one are served."""
    if case.members:
        yield from _between_addresses(case)
        return
    auth = case.facts.client_auth
    yield from _between_versions(auth.per_protocol, "")
    for where, entries in auth.elsewhere.items():
        if where.startswith("/"):
            yield from _between_versions(entries, f" for {where}")
        yield from _beside(auth.per_protocol, entries, where)
    unknown = next((at.mode for at in auth.per_protocol.values() if isinstance(at.mode, Unknown)), None)
    unknown = unknown or next(_open(auth.elsewhere.values()), None)
    if unknown is not None:
        unknown.need()
    if not auth.per_protocol:
        auth.mode.need()


def _between_versions(entries: Entries, where: str) -> Iterator[Fail]:
    known = {version: at.mode for version, at in entries.items() if isinstance(at.mode, Known)}
    required = [version for version, mode in known.items() if mode.value is _REQUIRED]
    for version, mode in known.items() if required else ():
        if mode.value is not _REQUIRED:
            yield Fail(f"required at {', '.join(required)}{where}, but {mode.value} at {version}", (mode.basis,))


def _beside(usual: Entries, entries: Entries, where: str) -> Iterator[Fail]:
    """Another request than the usual one that is served without what the usual one needs, at the same version.

    Another name may lead to another application: there only an answer that is no error counts.
    """
    is_path = where.startswith("/")
    place = f"for {where}" if is_path else where
    for version, at in entries.items():
        mode = usual[version].mode if version in usual else None
        if not isinstance(mode, Known) or mode.value is not _REQUIRED or not isinstance(at.mode, Known):
            continue
        if at.mode.value is not _REQUIRED and (is_path or at.served):
            yield Fail(f"required for / at {version}, but {at.mode.value} {place}", (at.mode.basis,))


def _open(elsewhere: Iterable[Entries]) -> Iterator[Unknown]:
    """What is not known of other requests, except where the client was sent away with an error."""
    for entries in elsewhere:
        for at in entries.values():
            if isinstance(at.mode, Unknown) and at.served is None:
                yield at.mode


def _between_addresses(case: Case) -> Iterator[Fail]:
    modes = {member: facts.value.client_auth.mode for member, facts in case.members.items() if isinstance(facts, Known)}
    known = {member: mode.value for member, mode in modes.items() if isinstance(mode, Known)}
    required = [member for member, mode in known.items() if mode is _REQUIRED]
    weaker = {member: mode for member, mode in known.items() if mode is not _REQUIRED} if required else {}
    for member, mode in weaker.items():
        yield Fail(f"required at {required[0]}, but {mode} at {member}", (Basis(Origin.DERIVED, member),))
    if weaker:
        return
    for unknown in (*case.members.values(), *modes.values()):
        if isinstance(unknown, Unknown):
            raise Undecided(unknown)


@rule(
    "TLS-MTLS-017",
    title="Resumption leads past client authentication",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(287, 613),
    applies=_requires_somewhere,
    expected="a session without a client certificate is not resumed where one is required",
    why="Whoever gets a session where no certificate is asked for resumes it here, and is never asked for one.",
    remedy="Update the server (nginx: 1.26.3 or 1.27.4), or give each name its own ticket keys and session cache.",
    sources=(Source("CVE-2025-23419"), rfc(9846, "4.7.1")),
)
def resumption_bypass(case: Case) -> Iterable[Fail]:
    """One `Fail` for each version at which such a session was resumed, and the application answered."""
    resumed = case.facts.client_auth.resumed
    for version, fact in resumed.items():
        if isinstance(fact, Known) and fact.value is not None:
            yield Fail(f"a session made {fact.value} is resumed at {version} and served", (fact.basis,))
    for fact in resumed.values():
        sure(fact)
    if not resumed:
        NOT_ASKED.need()


def _begins_with_tls(case: Case) -> bool:
    return case.facts.endpoint.starttls is None


@rule(
    "TLS-PROTO-015",
    title="Plain text is answered beside TLS",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(319,),
    applies=_begins_with_tls,
    reads=("client_auth",),
    expected="an error, or nothing, to a client that does not speak TLS",
    why="Clients that speak without TLS by mistake, or are made to, are served, and everybody on the way reads along.",
    remedy="Serve plain text on a port of its own, or not at all; in a service mesh set mutual TLS to STRICT.",
    sources=(asvs("12.2.1"), asvs("12.3.1"), asvs4("9.1.1")),
    reproduce="curl -sS -o /dev/null -D - http://{connect}/",
)
def plain_text_answered(case: Case) -> Iterable[Fail]:
    """Worse where a client certificate is needed with TLS: without TLS nobody is asked for one."""
    auth = case.facts.client_auth
    plaintext = sure(auth.plaintext)
    if not plaintext.value:
        return
    needed = case.expect.client_auth is _REQUIRED or (isinstance(auth.mode, Known) and auth.mode.value is _REQUIRED)
    if needed:
        words = "GET / without TLS is answered, and so without a client certificate"
        yield Fail(words, (plaintext.basis,), severity=Severity.CRITICAL, cap=Cap.F, cause="MTLSGATE")
    else:
        yield Fail("GET / without TLS is answered", (plaintext.basis,))


RULES: tuple[Rule, ...] = (enforcement_gap, plain_text_answered, resumption_bypass)
