"""What has been found out about one endpoint so far. Every step writes its part when it is done, so that a deadline
loses only what was still being asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tlsaudit.data.groups import group_name
from tlsaudit.data.suites import suite_name
from tlsaudit.model.beside import BeforeTls, PlainHttp
from tlsaudit.model.facts import Behaviours, ClientAuthAt, Mesh, Trial, TrialKind
from tlsaudit.model.forbidden import Forbidden
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.contact import Contact
from tlsaudit.probe.dialogue import Answer
from tlsaudit.probe.enumeration import Enumeration
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.handshake import COMPUTABLE_GROUPS
from tlsaudit.probe.tls13 import Tls13
from tlsaudit.probe.versions import VersionFindings
from tlsaudit.wire import CertificateRequest, ServerHelloDone

UNFINISHED = Unknown(Why.NO_ANSWER, "the audit of this endpoint ended before this was established")


@dataclass(slots=True, kw_only=True)
class Notes:
    """The findings of one audit, part by part. `stable` is False where a hello that worked at first no longer does."""

    contact: Contact
    versions: dict[ProtocolVersion, VersionFindings] = field(default_factory=dict)
    accepts_13: Fact[bool] = UNFINISHED
    tls13: Tls13 | None = None
    groups_12: Enumeration | None = None
    exchange: Exchange | None = None
    classic: Exchange | None = None
    """A whole handshake at the newest version below TLS 1.3."""
    strangers: dict[ProtocolVersion, list[Exchange]] = field(default_factory=dict)
    """Every `GET /` without a client certificate, by the version at which it was asked."""
    client_auth: dict[ProtocolVersion, ClientAuthAt] = field(default_factory=dict)
    elsewhere: dict[str, dict[ProtocolVersion, ClientAuthAt]] = field(default_factory=dict)
    """Client authentication for other paths, and without a server name."""
    late_requests: dict[tuple[str, ProtocolVersion], CertificateRequest] = field(default_factory=dict)
    """What was asked for after the request, by path; below TLS 1.3, where it is encrypted, the CA names alone."""
    resumed: dict[ProtocolVersion, Fact[str | None]] = field(default_factory=dict)
    """Whence a session was resumed into what needs a client certificate; None: from nowhere."""
    late_on_h2: Fact[bool] = NOT_ASKED
    plaintext: Fact[bool] = NOT_ASKED
    mesh: Fact[Mesh | None] = NOT_ASKED
    plain_http: Fact[PlainHttp | None] = NOT_ASKED
    before_tls: Fact[BeforeTls | None] = NOT_ASKED
    trials: dict[TrialKind, Trial] = field(default_factory=dict)
    trials_elsewhere: dict[str, dict[TrialKind, Trial]] = field(default_factory=dict)
    admitted: Exchange | None = None
    """`GET /` at the best version with the good client certificate, where the server asks for one."""
    behaviours: Behaviours = field(default_factory=Behaviours)
    """What was asked of behaviours; those that need no question are added when the facts are put together."""
    schemes: dict[ProtocolVersion, Enumeration] = field(default_factory=dict)
    """Broken signature schemes that were tried."""
    renegotiations: Fact[int] = NOT_ASKED
    """How many a client was granted; only where it is asked for by itself."""
    closing: Answer | None = None
    """The answer to the first hello, asked again at the end."""
    repeated: list[tuple[Answer, Answer]] = field(default_factory=list)
    """Answers to questions that were asked again, each with the answer to its repetition."""
    stable: bool = True
    finished: bool = False
    forbidden: Forbidden | None = None
    """Where it is given, no other suites and groups are asked for."""

    def accepts(self, version: ProtocolVersion) -> Fact[bool]:
        """Whether `version` is accepted; a handshake that was completed with it is the last word."""
        if self.exchange is not None and self.exchange.established and self.exchange.version is version:
            return Known(True, self.exchange.basis)
        if version is ProtocolVersion.TLS_1_3:
            return self.accepts_13
        found = self.versions.get(version)
        return found.accepted if found is not None else UNFINISHED

    def accepted(self) -> list[ProtocolVersion]:
        """The versions known to be accepted, oldest first."""
        facts = ((version, self.accepts(version)) for version in ProtocolVersion)
        return [version for version, fact in facts if isinstance(fact, Known) and fact.value]

    def answers(self) -> Iterator[Answer]:
        """Every answer to a hello below TLS 1.3 once, the one with all extensions first."""
        enumerations = [found.suites for found in self.versions.values()]
        enumerations += [self.groups_12] if self.groups_12 is not None else []
        answers = (answer for each in enumerations for answer in each.answers)
        closing = (self.closing,) if self.closing is not None else ()
        yield from {answer.n: answer for answer in (self.contact.classic, *answers, *closing)}.values()

    def offers(self) -> Iterator[Answer]:
        """As `answers`, with those to hellos of TLS 1.3."""
        yield from self.answers()
        for each in (self.tls13.suites, self.tls13.groups) if self.tls13 is not None else ():
            yield from each.answers

    def unoffered(self) -> Known[str] | None:
        """A choice the server made although it was not on offer, by name."""
        suites = [*(found.suites for found in self.versions.values()), *([self.tls13.suites] if self.tls13 else [])]
        groups = [each for each in (self.groups_12, self.tls13.groups if self.tls13 else None) if each is not None]
        for each, name in (*((each, suite_name) for each in suites), *((each, group_name) for each in groups)):
            if each.unoffered is not None:
                return Known(name(each.unoffered.value), each.unoffered.basis)
        return None

    def certificate_requests(self) -> dict[ProtocolVersion, CertificateRequest]:
        """The CertificateRequest of each version that sent one."""
        found: dict[ProtocolVersion, CertificateRequest] = {}
        for answer in self.answers():
            request = answer.first(CertificateRequest)
            if request is not None and answer.version is not None:
                found.setdefault(answer.version, request)
        for handshake in self.tls13.handshakes if self.tls13 else ():
            if handshake.certificate_request is not None:
                found.setdefault(ProtocolVersion.TLS_1_3, handshake.certificate_request)
        return found

    def is_free(self, version: ProtocolVersion) -> bool:
        """Whether it is known that no client certificate is asked for in the handshake at `version`."""
        entry = self.client_auth.get(version)
        return entry is not None and isinstance(entry.requested, Known) and not entry.requested.value

    def requested(self, version: ProtocolVersion) -> Fact[bool]:
        """Whether a client certificate is asked for at `version`."""
        if version is ProtocolVersion.TLS_1_3:
            return self._requested_13()
        whole = [
            answer
            for answer in self.answers()
            if answer.version is version and answer.first(ServerHelloDone) is not None
        ]
        if not whole:
            return Unknown(Why.NO_ANSWER, f"no whole {version} flight was seen")
        asked = next((answer for answer in whole if answer.first(CertificateRequest) is not None), None)
        return Known(asked is not None, (asked or whole[0]).basis)

    def _requested_13(self) -> Fact[bool]:
        whole = [handshake for handshake in (self.tls13.handshakes if self.tls13 else ()) if handshake.complete]
        if whole:
            asked = next((handshake for handshake in whole if handshake.certificate_request is not None), None)
            return Known(asked is not None, (asked or whole[0]).basis)
        if self.exchange is not None and self.exchange.version is ProtocolVersion.TLS_1_3:
            return Known(self.exchange.certificate_requested, self.exchange.basis)
        return self.unreadable_13() or Unknown(Why.NO_ANSWER, "no TLSv1.3 handshake could be completed")

    def unreadable_13(self) -> Unknown | None:
        """Why what TLS 1.3 encrypts cannot be read: the server insists on groups that we cannot compute with."""
        accepted = self.tls13.groups.accepted if self.tls13 is not None else {}
        if not accepted or not accepted.keys().isdisjoint(COMPUTABLE_GROUPS):
            return None
        names = ", ".join(group_name(code) for code in accepted)
        return Unknown(Why.UNSUPPORTED, f"no TLSv1.3 handshake can be made here with the server's only groups: {names}")
