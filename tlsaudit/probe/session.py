"""What the hellos show of sessions and behaviours, without a question of their own."""

from __future__ import annotations

from collections.abc import Sequence

from tlsaudit.data.suites import SUITES
from tlsaudit.model.facts import Session
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer
from tlsaudit.probe.handshake import Handshake
from tlsaudit.probe.hellos import COMPRESSION_DEFLATE
from tlsaudit.wire import ClientHello, EncryptedExtensions, ExtensionType, NewSessionTicket

_UNCOMPRESSED = 0


def session_of(answers: Sequence[Answer], unoffered: Known[str] | None) -> Session:
    """The session facts in `answers` to hellos of TLS <= 1.2; those asked with all extensions come first."""
    classic = [
        answer
        for answer in answers
        if answer.hello
        and answer.version in _CLASSIC
        and isinstance(answer.sent, ClientHello)
        and answer.sent.extensions
    ]
    if not classic:
        return Session(unoffered_choice=_unoffered(answers, unoffered))
    first = classic[0]
    full = next((answer for answer in classic if _asked(answer, ExtensionType.HEARTBEAT)), None)
    return Session(
        secure_renegotiation=(secure := _echoed(first, ExtensionType.RENEGOTIATION_INFO)),
        insecure_renegotiation=_never_unbound(secure),
        extended_master_secret=_echoed(first, ExtensionType.EXTENDED_MASTER_SECRET),
        encrypt_then_mac=_encrypt_then_mac(classic),
        compression=_compression(full),
        heartbeat=_echoed(full, ExtensionType.HEARTBEAT),
        truncated_hmac=_echoed(full, ExtensionType.TRUNCATED_HMAC),
        session_ticket=_echoed(first, ExtensionType.SESSION_TICKET),
        compressed_points_only=_compressed_points(classic),
        unoffered_choice=_unoffered(answers, unoffered),
    )


def session_of_handshake(handshake: Handshake, unoffered: Known[str] | None) -> Session:
    """The session facts of a server that speaks TLS 1.3 alone: what went with the older versions is not there."""
    absent = Known(False, Basis(Origin.DERIVED, handshake.basis.at))
    encrypted = handshake.first(EncryptedExtensions)
    heartbeat = encrypted is not None and ExtensionType.HEARTBEAT in encrypted.extensions
    return Session(
        secure_renegotiation=absent,
        insecure_renegotiation=absent,
        client_renegotiations=Known(0, absent.basis),
        extended_master_secret=absent,
        encrypt_then_mac=absent,
        compression=absent,
        heartbeat=Known(heartbeat, handshake.basis),
        truncated_hmac=absent,
        session_ticket=Known(handshake.first(NewSessionTicket) is not None, handshake.basis),
        resumption_by_id=absent,
        resumption_by_ticket=absent,
        compressed_points_only=absent,
        unoffered_choice=unoffered or Known(None, handshake.basis),
    )


_CLASSIC = {ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2}


def _asked(answer: Answer, extension: ExtensionType) -> bool:
    sent = answer.sent.extensions if isinstance(answer.sent, ClientHello) else None
    return any(each.type == extension for each in sent or ())


def _echoed(answer: Answer | None, extension: ExtensionType) -> Fact[bool]:
    if answer is None or answer.hello is None:
        return NOT_ASKED
    return Known(extension in answer.hello.extensions, answer.basis)


def _never_unbound(secure: Fact[bool]) -> Fact[bool]:
    """A server that answers renegotiation_info binds every renegotiation (RFC 5746 section 3.7)."""
    if isinstance(secure, Known) and secure.value:
        return Known(False, Basis(Origin.DERIVED, secure.basis.at))
    return NOT_ASKED


def _compression(answer: Answer | None) -> Fact[bool]:
    if answer is None or answer.hello is None:
        return NOT_ASKED
    return Known(answer.hello.compression_method == COMPRESSION_DEFLATE, answer.basis)


def _encrypt_then_mac(answers: Sequence[Answer]) -> Fact[bool]:
    """Whether every CBC suite that was negotiated came with encrypt_then_mac (RFC 7366)."""
    seen: Fact[bool] = NOT_ASKED
    for answer in answers:
        suite = SUITES.get(answer.hello.cipher_suite) if answer.hello else None
        if suite is None or suite.mode != "CBC":
            continue
        seen = _echoed(answer, ExtensionType.ENCRYPT_THEN_MAC)
        if seen == Known(False, answer.basis):
            return seen
    return seen


def _compressed_points(answers: Sequence[Answer]) -> Fact[bool]:
    for answer in answers:
        formats = answer.hello.extensions.get(ExtensionType.EC_POINT_FORMATS) if answer.hello else None
        if formats is not None:
            return Known(_UNCOMPRESSED not in formats[1:], answer.basis)
    # Without the extension, uncompressed is meant (RFC 8422 section 5.1.2).
    return Known(False, answers[0].basis)


def _unoffered(answers: Sequence[Answer], unoffered: Known[str] | None) -> Fact[str | None]:
    basis = next((answer.basis for answer in answers if answer.hello), None)
    return unoffered or (Known(None, basis) if basis is not None else NOT_ASKED)
