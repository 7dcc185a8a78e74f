"""A TLS 1.3 client without I/O, for one handshake: it reads what a server says under encryption (RFC 8446).

    client = Tls13Client(server_name=..., cipher_suites=..., groups=..., share_groups=..., signature_schemes=...)
    send(client.start())
    until client.handshake_complete or client.done:  client.feed(receive()), send(client.send())
    send(client.finish(close=True)), then client.feed(receive()) to the end of the stream

It never resumes, or judges a certificate or signature: it is there to see, not to be secure. It sends a certificate
only where one is asked for after the handshake.
The states are those of appendix A.1, without pre-shared keys.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Final

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire.certificate import (
    CertificateMessage,
    CertificateRequest,
    CertificateVerify,
    client_signed_content,
)
from tlsaudit.wire.client_hello import ClientHello, fresh_random
from tlsaudit.wire.constants import TLS_1_2, TLS_1_3, AlertDescription, AlertLevel, ContentType, HandshakeType
from tlsaudit.wire.event_reader import EventReader
from tlsaudit.wire.extensions import (
    Extension,
    alpn,
    cookie,
    key_share,
    parse_cookie,
    psk_key_exchange_modes,
    server_name,
    signature_algorithms,
    supported_groups,
    supported_versions,
)
from tlsaudit.wire.key_schedule import TLS13_SUITES, KeySchedule, Transcript, verify_data
from tlsaudit.wire.key_shares import SHARE_GROUPS, generate_key_share
from tlsaudit.wire.limits import MAX_PLAINTEXT
from tlsaudit.wire.messages import Alert, ApplicationData, Finished, NewSessionTicket
from tlsaudit.wire.protection import RecordProtection
from tlsaudit.wire.records import RawMessage, Record, handshake_message, handshake_records, record
from tlsaudit.wire.server_hello import EncryptedExtensions, ServerHello

Sign = Callable[[bytes], tuple[int, bytes]]
"""Signs what it is given: the SignatureScheme and the signature."""

_COOKIE: Final = 44
_CHANGE_CIPHER_SPEC: Final = record(ContentType.CHANGE_CIPHER_SPEC, TLS_1_2, b"\x01")


class _State(Enum):
    WAIT_SERVER_HELLO = auto()
    WAIT_ENCRYPTED_EXTENSIONS = auto()
    WAIT_CERTIFICATE_OR_REQUEST = auto()
    WAIT_CERTIFICATE = auto()
    WAIT_CERTIFICATE_VERIFY = auto()
    WAIT_FINISHED = auto()
    CONNECTED = auto()


class Tls13Client(EventReader):
    """One handshake. `groups` are advertised; those of `share_groups` get a real share in the first hello.

    `extra` extensions stand at the end of the hello and replace those of the same type. Raises ValueError where
    `cipher_suites` are not of `TLS13_SUITES`, or `share_groups` not of `SHARE_GROUPS` or not in `groups`.

    `resumption_secret` is there after `finish`.
    `done`: nothing more is expected, after a fatal or closing alert, an older version than TLS 1.3, an invalid
    Finished, or a HelloRetryRequest for a group that no share can be made for (`unsupported_group` names it).
    """

    def __init__(
        self,
        *,
        server_name: str | None,
        cipher_suites: Sequence[int],
        groups: Sequence[int],
        share_groups: Sequence[int],
        signature_schemes: Sequence[int],
        alpn: Sequence[str] = (),
        extra: Sequence[Extension] = (),
    ) -> None:
        super().__init__()
        if not set(cipher_suites) <= TLS13_SUITES.keys():
            raise ValueError("a cipher suite that is not of TLS 1.3")
        if not set(share_groups) <= set(groups):
            raise ValueError("a key share for a group that is not offered")
        self.unsupported_group: int | None = None
        self.resumption_secret: bytes | None = None
        self._cipher_suites = tuple(cipher_suites)
        self._groups = tuple(groups)
        self._shares = {group: generate_key_share(group) for group in share_groups}
        self._extensions = _offers(server_name, groups, signature_schemes, alpn)
        self._extra = tuple(extra)
        self._random = fresh_random()
        # "In compatibility mode ..., this field MUST be non-empty" (section 4.1.2)
        self._session_id = os.urandom(32)
        self._state = _State.WAIT_SERVER_HELLO
        self._transcript = Transcript()
        self._retry_suite: int | None = None
        self._pending = b""
        self._reading: RecordProtection | None = None
        self._writing: RecordProtection | None = None
        self._request_context: bytes | None = None
        self._may_finish = False
        self._owes_key_update = False
        self._late_request: tuple[CertificateRequest, bytes] | None = None
        self._authenticated = False

    @property
    def handshake_complete(self) -> bool:
        """Whether the server's Finished was seen and is valid."""
        return self._state is _State.CONNECTED

    def start(self) -> bytes:
        """The first flight to send."""
        hello = self._hello(())
        self._transcript.add(hello.handshake())
        return hello.records()

    def send(self) -> bytes:
        """What has become due to be sent: the second ClientHello, or the answer to a KeyUpdate."""
        pending, self._pending = self._pending, b""
        if self._owes_key_update and self._writing is not None:
            self._owes_key_update = False
            # update_not_requested (section 4.6.3)
            pending += self._writing.protect(ContentType.HANDSHAKE, handshake_message(HandshakeType.KEY_UPDATE, b"\0"))
            self._writing.update()
        return pending

    def finish(self, *, close: bool) -> bytes:
        """The client's last flight, once: an empty Certificate if one was requested, and Finished.

        With `close` a close_notify follows, all to be sent in one write: a refusal by the server is then read before
        a reset can destroy it. Raises RuntimeError unless the handshake is complete.
        """
        if not self._may_finish:
            raise RuntimeError("finish() is due once, after the server's Finished")
        self._may_finish = False
        sealing = RecordProtection(self._suite, self._client_handshake_secret)
        messages = b""
        if self._request_context is not None:
            # "If no suitable certificates are available, the client MUST send a Certificate message containing no
            # certificates." (section 4.4.2)
            messages = CertificateMessage(certificates=(), request_context=self._request_context).handshake(TLS_1_3)
            self._transcript.add(messages)
        data = verify_data(self._suite, self._client_handshake_secret, self._transcript.hash(self._suite))
        finished = handshake_message(HandshakeType.FINISHED, data)
        self._transcript.add(finished)
        self.resumption_secret = self._schedule.resumption(self._transcript.hash(self._suite))
        messages += finished
        flight = b"" if self._retry_suite is not None else _CHANGE_CIPHER_SPEC
        flight += sealing.protect(ContentType.HANDSHAKE, messages)
        writing = RecordProtection(self._suite, self._client_application_secret)
        if close:
            close_notify = bytes((AlertLevel.WARNING, AlertDescription.CLOSE_NOTIFY))
            return flight + writing.protect(ContentType.ALERT, close_notify)
        self._writing = writing
        return flight

    def application_data(self, data: bytes) -> bytes:
        """Records with application data; raises RuntimeError unless finish(close=False) was called."""
        if self._writing is None:
            raise RuntimeError("application data before finish() or after close")
        return self.send() + self._protected(self._writing, ContentType.APPLICATION_DATA, data)

    @property
    def late_request(self) -> CertificateRequest | None:
        """The first CertificateRequest that came after the handshake."""
        return self._late_request[0] if self._late_request is not None else None

    def authenticate(self, certificates: Sequence[bytes], sign: Sign | None) -> bytes:
        """The answer to `late_request`, once: the certificates, the leaf first, or none (section 4.6.2).

        Raises RuntimeError where nothing was asked, or finish(close=False) was not called.
        """
        if self._late_request is None or self._writing is None or self._authenticated:
            raise RuntimeError("authenticate() is due once, after a CertificateRequest that follows the handshake")
        self._authenticated = True
        request, raw = self._late_request
        certificate = CertificateMessage(certificates=tuple(certificates), request_context=request.request_context)
        messages = certificate.handshake(TLS_1_3)
        self._transcript.add(raw + messages)
        if sign is not None and certificates:
            content = client_signed_content(self._transcript.hash(self._suite))
            scheme, signature = sign(content)
            verify = CertificateVerify(scheme=scheme, signature=signature, content=content).handshake()
            self._transcript.add(verify)
            messages += verify
        # The base key is client_application_traffic_secret_N (section 4.4).
        data = verify_data(self._suite, self._writing.traffic_secret, self._transcript.hash(self._suite))
        messages += handshake_message(HandshakeType.FINISHED, data)
        return self._protected(self._writing, ContentType.HANDSHAKE, messages)

    def _protected(self, writing: RecordProtection, type_: ContentType, data: bytes) -> bytes:
        fragments = (data[at : at + MAX_PLAINTEXT] for at in range(0, len(data), MAX_PLAINTEXT))
        return b"".join(writing.protect(type_, each) for each in fragments)

    def _hello(self, added: Sequence[Extension]) -> ClientHello:
        shares = key_share((share.group, share.public) for share in self._shares.values())
        extensions = (*self._extensions, shares, *added, *self._extra)
        return ClientHello(
            random=self._random,
            session_id=self._session_id,
            cipher_suites=self._cipher_suites,
            extensions=tuple({extension.type: extension for extension in extensions}.values()),
        )

    def _on_record(self, record: Record) -> None:
        if record.type == ContentType.CHANGE_CIPHER_SPEC and self._state is not _State.CONNECTED:
            self._check_not_inside_message(record.type)
            # "at any time after the first ClientHello ... and before ... Finished" it is dropped (section 5)
            if record.payload != b"\x01":
                raise DecodeError("change_cipher_spec", "is not the single byte 1")
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
            case ContentType.APPLICATION_DATA if self._state is _State.CONNECTED:
                self._events.append(ApplicationData(content))
            case _:
                raise DecodeError("record", f"unexpected content type {type_}")

    def _on_message(self, message: RawMessage) -> None:
        match self._state, message.type:
            case _State.WAIT_SERVER_HELLO, HandshakeType.SERVER_HELLO:
                self._on_server_hello(message)
            case _State.WAIT_ENCRYPTED_EXTENSIONS, HandshakeType.ENCRYPTED_EXTENSIONS:
                self._on_encrypted_extensions(message)
            case _State.WAIT_CERTIFICATE_OR_REQUEST, HandshakeType.CERTIFICATE_REQUEST:
                self._on_certificate_request(message)
            case ((_State.WAIT_CERTIFICATE_OR_REQUEST | _State.WAIT_CERTIFICATE), HandshakeType.CERTIFICATE):
                self._on_certificate(message)
            case _State.WAIT_CERTIFICATE_VERIFY, HandshakeType.CERTIFICATE_VERIFY:
                self._on_certificate_verify(message)
            case _State.WAIT_FINISHED, HandshakeType.FINISHED:
                self._on_finished(message)
            case _State.CONNECTED, HandshakeType.NEW_SESSION_TICKET:
                self._events.append(NewSessionTicket.parse(message.body, TLS_1_3))
            case _State.CONNECTED, HandshakeType.CERTIFICATE_REQUEST:
                self._on_late_request(message)
            case _State.CONNECTED, HandshakeType.KEY_UPDATE:
                self._on_key_update(message)
            case _:
                raise DecodeError("handshake", f"unexpected message type {message.type}")

    def _on_server_hello(self, message: RawMessage) -> None:
        hello = ServerHello.parse(message.body)
        self._events.append(hello)
        if hello.version != TLS_1_3:
            self._done = True
            return
        self._check_key_change()
        self._check_answers_hello(hello)
        if hello.is_retry:
            self._on_retry(hello, message)
            return
        share = self._shares.get(hello.selected_group or 0)
        if share is None or hello.key_share is None:
            raise DecodeError("ServerHello", "no key share for a group that was offered")
        self._transcript.add(message.raw)
        self._suite = TLS13_SUITES[hello.cipher_suite]
        self._schedule = KeySchedule(self._suite, share.exchange(hello.key_share))
        client, server = self._schedule.handshake_traffic(self._transcript.hash(self._suite))
        self._client_handshake_secret, self._server_handshake_secret = client, server
        self._reading = RecordProtection(self._suite, server)
        self._state = _State.WAIT_ENCRYPTED_EXTENSIONS

    def _check_answers_hello(self, hello: ServerHello) -> None:
        # sections 4.1.3 and 4.1.4: each of these is an illegal_parameter
        if hello.session_id != self._session_id:
            raise DecodeError("ServerHello", "session id is not echoed")
        if hello.cipher_suite not in self._cipher_suites:
            raise DecodeError("ServerHello", f"cipher suite {hello.cipher_suite:#06x} was not offered")
        if self._retry_suite not in (None, hello.cipher_suite):
            raise DecodeError("ServerHello", "another cipher suite than in the HelloRetryRequest")

    def _on_retry(self, hello: ServerHello, message: RawMessage) -> None:
        # "If a client receives a second HelloRetryRequest in the same connection ..., it MUST abort" (section 4.1.4)
        if self._retry_suite is not None:
            raise DecodeError("HelloRetryRequest", "a second one")
        self._retry_suite = hello.cipher_suite
        group = hello.selected_group
        cookies = [cookie(parse_cookie(hello.extensions[_COOKIE]))] if _COOKIE in hello.extensions else []
        if group is not None:
            # section 4.2.8: it MUST be offered, and MUST NOT have a share already
            if group not in self._groups or group in self._shares:
                raise DecodeError("HelloRetryRequest", f"group {group:#06x} is not one to ask for")
            if group not in SHARE_GROUPS:
                self.unsupported_group = group
                self._done = True
                return
            self._shares = {group: generate_key_share(group)}
        elif not cookies:
            # section 4.1.4: it would not change the ClientHello
            raise DecodeError("HelloRetryRequest", "asks for nothing")
        second = self._hello(cookies).handshake()
        self._transcript.retry(TLS13_SUITES[hello.cipher_suite])
        self._transcript.add(message.raw)
        self._transcript.add(second)
        self._pending += _CHANGE_CIPHER_SPEC + handshake_records(second, TLS_1_2)

    def _on_encrypted_extensions(self, message: RawMessage) -> None:
        self._events.append(EncryptedExtensions.parse(message.body))
        self._transcript.add(message.raw)
        self._state = _State.WAIT_CERTIFICATE_OR_REQUEST

    def _on_certificate_request(self, message: RawMessage) -> None:
        request = CertificateRequest.parse(message.body, TLS_1_3)
        self._events.append(request)
        self._request_context = request.request_context
        self._transcript.add(message.raw)
        self._state = _State.WAIT_CERTIFICATE

    def _on_certificate(self, message: RawMessage) -> None:
        certificate = CertificateMessage.parse(message.body, TLS_1_3)
        # "The server's certificate_list MUST always be non-empty." (section 4.4.2)
        if not certificate.certificates:
            raise DecodeError("Certificate", "the server's list is empty")
        self._events.append(certificate)
        self._transcript.add(message.raw)
        self._state = _State.WAIT_CERTIFICATE_VERIFY

    def _on_certificate_verify(self, message: RawMessage) -> None:
        self._events.append(CertificateVerify.parse(message.body, self._transcript.hash(self._suite)))
        self._transcript.add(message.raw)
        self._state = _State.WAIT_FINISHED

    def _on_finished(self, message: RawMessage) -> None:
        self._check_key_change()
        expected = verify_data(self._suite, self._server_handshake_secret, self._transcript.hash(self._suite))
        valid = hmac.compare_digest(expected, message.body)
        self._events.append(Finished(valid))
        if not valid:
            self._done = True
            return
        self._transcript.add(message.raw)
        client, server = self._schedule.application_traffic(self._transcript.hash(self._suite))
        self._client_application_secret = client
        self._reading = RecordProtection(self._suite, server)
        self._records.restart()
        self._handshake.restart()
        self._may_finish = True
        self._state = _State.CONNECTED

    def _on_late_request(self, message: RawMessage) -> None:
        request = CertificateRequest.parse(message.body, TLS_1_3)
        self._events.append(request)
        if self._late_request is None:
            self._late_request = (request, message.raw)

    def _on_key_update(self, message: RawMessage) -> None:
        self._check_key_change()
        if message.body not in (b"\x00", b"\x01"):
            raise DecodeError("KeyUpdate", "request_update is neither 0 nor 1")
        self._owes_key_update |= message.body == b"\x01"
        if self._reading is not None:
            self._reading.update()

    def _check_key_change(self) -> None:
        """A message that changes keys must be the last of its record."""
        # "Handshake messages MUST NOT span key changes. Implementations MUST verify that all messages immediately
        # preceding a key change align with a record boundary" (section 5.1)
        if self._handshake.partial:
            raise DecodeError("handshake", "messages span a key change")


def _offers(
    name: str | None, groups: Sequence[int], schemes: Sequence[int], protocols: Sequence[str]
) -> tuple[Extension, ...]:
    offers = [
        supported_groups(groups),
        signature_algorithms(schemes),
        supported_versions((TLS_1_3,)),
        psk_key_exchange_modes(),
    ]
    if name is not None:
        offers.append(server_name(name))
    if protocols:
        offers.append(alpn(protocols))
    return tuple(offers)
