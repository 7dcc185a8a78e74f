"""Resumption at TLS 1.3, without I/O: a hello that bears a ticket, early data behind it, and the answer to them.

    hello = with_psk(hello, psk, age=...)
    send(early_flight(hello, psk, data))
    until reader.done:  reader.feed(receive())          reader = ResumptionReader(hello, psk, share)

It goes no further than EncryptedExtensions, where a server says whether it takes early data (RFC 8446 sections 2.3,
4.2.10 and 4.2.11).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import TLS_1_2, TLS_1_3, AlertDescription, ContentType, ExtensionType, HandshakeType
from tlsaudit.wire.event_reader import EventReader
from tlsaudit.wire.extensions import pre_shared_key
from tlsaudit.wire.key_schedule import (
    TLS13_SUITES,
    KeySchedule,
    Tls13Suite,
    Transcript,
    derive_secret,
    early_secret,
    expand_label,
    verify_data,
)
from tlsaudit.wire.key_shares import KeyShare
from tlsaudit.wire.limits import MAX_PLAINTEXT
from tlsaudit.wire.messages import Alert, NewSessionTicket
from tlsaudit.wire.protection import RecordProtection
from tlsaudit.wire.records import RawMessage, Record, record
from tlsaudit.wire.server_hello import EncryptedExtensions, ServerHello

_CHANGE_CIPHER_SPEC: Final = record(ContentType.CHANGE_CIPHER_SPEC, TLS_1_2, b"\x01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Psk:
    """What a ticket allows: to resume the session with `key`, by a suite with the same hash as `suite`.

    `early_data` is how many bytes may follow the hello at once; `received` is when the ticket came, in seconds of
    whatever clock the age is taken from.
    """

    identity: bytes = field(repr=False)
    key: bytes = field(repr=False)
    suite: int
    age_add: int = field(repr=False)
    early_data: int
    received: float

    @classmethod
    def of(cls, ticket: NewSessionTicket, suite: int, resumption_secret: bytes, *, received: float) -> Psk:
        """What `ticket` of a session with this suite and secret allows (RFC 8446 section 4.6.1)."""
        hash_ = TLS13_SUITES[suite]
        return cls(
            identity=ticket.ticket,
            key=expand_label(hash_, resumption_secret, "resumption", ticket.nonce, hash_.hash.digest_size),
            suite=suite,
            age_add=ticket.age_add,
            early_data=int.from_bytes(ticket.extensions.get(ExtensionType.EARLY_DATA, b"")[:4], "big"),
            received=received,
        )


def with_psk(hello: ClientHello, psk: Psk, *, age: float) -> ClientHello:
    """`hello` with the ticket, `age` seconds old, and the proof of its key, which has to be the last extension."""
    suite = TLS13_SUITES[psk.suite]
    obfuscated = (round(age * 1000) + psk.age_add) & 0xFFFFFFFF

    def bearing(binder: bytes) -> ClientHello:
        offered = pre_shared_key(psk.identity, obfuscated, binder)
        return replace(hello, extensions=(*(hello.extensions or ()), offered))

    length = suite.hash.digest_size
    # "... the binders list is not included" (section 4.2.11.2): it ends the message.
    truncated = bearing(bytes(length)).handshake()[: -(2 + 1 + length)]
    key = derive_secret(suite, early_secret(suite, psk.key), "res binder", suite.digest(b""))
    return bearing(verify_data(suite, key, suite.digest(truncated)))


def early_flight(hello: ClientHello, psk: Psk, data: bytes) -> bytes:
    """The hello, which must offer early data, and the data under the key that follows from it (section 7.1)."""
    suite = TLS13_SUITES[psk.suite]
    secret = derive_secret(suite, early_secret(suite, psk.key), "c e traffic", suite.digest(hello.handshake()))
    sealing = RecordProtection(suite, secret)
    fragments = (data[at : at + MAX_PLAINTEXT] for at in range(0, len(data), MAX_PLAINTEXT))
    sealed = b"".join(sealing.protect(ContentType.APPLICATION_DATA, each) for each in fragments)
    return hello.records() + _CHANGE_CIPHER_SPEC + sealed


class ResumptionReader(EventReader):
    """Reads one answer to `hello`, which offers the session of `psk` and the key share `share`.

    `done` after EncryptedExtensions, or where the session is not resumed, or after a fatal or closing alert.
    """

    def __init__(self, hello: ClientHello, psk: Psk, share: KeyShare) -> None:
        super().__init__()
        self._hello = hello
        self._psk = psk
        self._share = share
        self._reading: RecordProtection | None = None

    @property
    def resumed(self) -> bool:
        """Whether the server took up the session."""
        return self._reading is not None

    @property
    def takes_early_data(self) -> bool:
        """Whether the server says that it reads what followed the hello."""
        encrypted = next((event for event in self._events if isinstance(event, EncryptedExtensions)), None)
        return encrypted is not None and ExtensionType.EARLY_DATA in encrypted.extensions

    def _on_record(self, record: Record) -> None:
        if record.type == ContentType.CHANGE_CIPHER_SPEC:
            self._check_not_inside_message(record.type)
            return
        type_, content = (record.type, record.payload) if self._reading is None else self._reading.open(record)
        self._check_not_inside_message(type_)
        match type_:
            case ContentType.HANDSHAKE:
                self._read_handshake(content)
            case ContentType.ALERT:
                alert = Alert.parse(content)
                self._events.append(alert)
                self._done = alert.fatal or alert.description == AlertDescription.CLOSE_NOTIFY
            case _:
                raise DecodeError("record", f"unexpected content type {type_}")

    def _on_message(self, message: RawMessage) -> None:
        match self._reading, message.type:
            case None, HandshakeType.SERVER_HELLO:
                self._on_server_hello(message)
            case RecordProtection(), HandshakeType.ENCRYPTED_EXTENSIONS:
                self._events.append(EncryptedExtensions.parse(message.body))
                self._done = True
            case _:
                raise DecodeError("handshake", f"unexpected message type {message.type}")

    def _on_server_hello(self, message: RawMessage) -> None:
        hello = ServerHello.parse(message.body)
        self._events.append(hello)
        if hello.version != TLS_1_3 or hello.is_retry or ExtensionType.PRE_SHARED_KEY not in hello.extensions:
            self._done = True
            return
        if self._handshake.partial:
            raise DecodeError("handshake", "messages span a key change")
        suite = self._same_hash(hello.cipher_suite)
        # Without a new key exchange its place is taken by zeros (section 7.1).
        secret = bytes(suite.hash.digest_size) if hello.key_share is None else self._exchange(hello, hello.key_share)
        transcript = Transcript()
        transcript.add(self._hello.handshake())
        transcript.add(message.raw)
        schedule = KeySchedule(suite, secret, self._psk.key)
        _, server = schedule.handshake_traffic(transcript.hash(suite))
        self._reading = RecordProtection(suite, server)

    def _same_hash(self, code: int) -> Tls13Suite:
        # "... the server MUST select a compatible cipher suite", one with the hash of the key (section 4.2.11)
        suite, original = TLS13_SUITES.get(code), TLS13_SUITES[self._psk.suite]
        if suite is None or code not in self._hello.cipher_suites or suite.hash.name != original.hash.name:
            raise DecodeError("ServerHello", f"cipher suite {code:#06x} does not go with the session")
        return suite

    def _exchange(self, hello: ServerHello, share: bytes) -> bytes:
        if hello.selected_group != self._share.group:
            raise DecodeError("ServerHello", "no key share for a group that was offered")
        return self._share.exchange(share)
