"""Back ends that differ behind one address: answers that one server would not give beside each other.

A sound server answers the same hello alike, refuses a version either always or never, marks all its randoms against
downgrades or none, and asks each client for a certificate or nobody. Only hellos with one server name are compared.
"""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.data.suites import SUITES
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer
from tlsaudit.probe.notes import Notes
from tlsaudit.wire import (
    AlertDescription,
    CertificateMessage,
    CertificateRequest,
    ClientHello,
    ExtensionType,
    ServerHelloDone,
)
from tlsaudit.wire.extensions import parse_offered_supported_versions

DOWNGRADE_MARKS = {
    ProtocolVersion.TLS_1_2: b"DOWNGRD\x01",
    ProtocolVersion.TLS_1_1: b"DOWNGRD\x00",
    ProtocolVersion.TLS_1_0: b"DOWNGRD\x00",
}
"""The last bytes of the random of a server that speaks TLS 1.3 and negotiates less (RFC 8446 section 4.1.3)."""


def inconsistency(notes: Notes) -> Fact[str | None]:
    """In what answers differ that should not; Known(None) where nothing does."""
    closing = notes.closing
    if closing is None:
        return NOT_ASKED
    first = next((each for each in (notes.contact.classic, notes.contact.retry) if _is_same(each, closing)), None)
    repeated = [*notes.repeated, *([(first, closing)] if first is not None else [])]
    found = (
        *(_differing(before, after) for before, after in repeated),
        _varying(answer for answer in notes.answers() if answer.hello is not None),
        _refused_after_all(notes),
        _half_marked(notes),
        _sometimes_asking(notes),
    )
    return next((each for each in found if each is not None), Known(None, closing.basis))


def _is_same(answer: Answer | None, closing: Answer) -> bool:
    return answer is not None and answer.sent == closing.sent


def _differing(before: Answer, after: Answer) -> Known[str | None] | None:
    """In what the answers to one hello differ."""
    if before.refused and after.answered:
        return Known(f"what probe {before.n} was refused", after.basis)
    if before.hello is None or after.hello is None:
        return None
    for what, first, second in (
        ("the version", before.hello.version, after.hello.version),
        ("the cipher suite", before.hello.cipher_suite, after.hello.cipher_suite),
        ("the group", before.hello.selected_group, after.hello.selected_group),
        ("the protocol name", before.hello.alpn, after.hello.alpn),
        ("the certificates", _chain(before), _chain(after)),
        ("the extensions", _lasting(before), _lasting(after)),
    ):
        if first != second:
            return Known(what, after.basis)
    return None


def _refused_after_all(notes: Notes) -> Known[str | None] | None:
    """A version that is accepted, and that another hello for it was refused for (RFC 8446 section 6.2)."""
    accepted = {version.code for version in notes.accepted()}
    for answer in notes.offers():
        refused = answer.alert is not None and answer.alert.description == AlertDescription.PROTOCOL_VERSION
        if refused and not accepted.isdisjoint(_versions(answer)):
            return Known("the version", answer.basis)
    return None


def _versions(answer: Answer) -> tuple[int, ...]:
    """The versions that a hello is for: those it lists, or the highest that it names."""
    if not isinstance(answer.sent, ClientHello):
        return ()
    listed = (each.data for each in answer.sent.extensions or () if each.type == ExtensionType.SUPPORTED_VERSIONS)
    return next((parse_offered_supported_versions(data) for data in listed), (answer.sent.version,))


def _half_marked(notes: Notes) -> Known[str | None] | None:
    """Randoms of one version with the mark against downgrades and without: it depends on the server alone."""
    marked: dict[ProtocolVersion, bool] = {}
    for answer in notes.answers():
        mark = DOWNGRADE_MARKS.get(answer.version) if answer.version is not None else None
        if answer.hello is None or answer.version is None or mark is None:
            continue
        if marked.setdefault(answer.version, answer.hello.random.endswith(mark)) != answer.hello.random.endswith(mark):
            return Known("the mark against downgrades", answer.basis)
    return None


def _sometimes_asking(notes: Notes) -> Known[str | None] | None:
    """Whole flights of one version with a CertificateRequest and without, where a certificate was shown."""
    asking: dict[ProtocolVersion, bool] = {}
    flights = [
        (answer.version, answer.first(CertificateRequest) is not None, answer.basis)
        for answer in notes.answers()
        if _chain(answer) and answer.first(ServerHelloDone) is not None
    ]
    flights += [
        (ProtocolVersion.TLS_1_3, done.certificate_request is not None, done.basis)
        for done in (notes.tls13.handshakes if notes.tls13 is not None else ())
        if done.complete
    ]
    for version, asks, basis in flights:
        if version is not None and asking.setdefault(version, asks) != asks:
            return Known("the request for a client certificate", basis)
    return None


_PASSING = {
    ExtensionType.STATUS_REQUEST,
    ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP,
    ExtensionType.SESSION_TICKET,
}
"""A staple or timestamps may be there only after the server has fetched them; a ticket is the server's to give."""


def _lasting(answer: Answer) -> frozenset[int]:
    return frozenset(answer.hello.extensions if answer.hello is not None else ()) - _PASSING


def _chain(answer: Answer) -> tuple[bytes, ...]:
    message = answer.first(CertificateMessage)
    return message.certificates if message is not None else ()


def _varying(answers: Iterable[Answer]) -> Known[str | None] | None:
    """Two certificates for one kind of suite, from hellos that offer the same groups and schemes."""
    known: dict[tuple[object, ...], bytes] = {}
    for answer in answers:
        chain = _chain(answer)
        suite = SUITES.get(answer.hello.cipher_suite) if answer.hello is not None else None
        if not chain or suite is None or not isinstance(answer.sent, ClientHello):
            continue
        offered = {each.type: each.data for each in answer.sent.extensions or ()}
        kind = (
            answer.version,
            suite.auth,
            suite.kx,
            offered.get(ExtensionType.SUPPORTED_GROUPS),
            offered.get(ExtensionType.SIGNATURE_ALGORITHMS),
        )
        if known.setdefault(kind, chain[0]) != chain[0]:
            return Known("the certificate", answer.basis)
    return None
