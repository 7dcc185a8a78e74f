"""Record protection of TLS 1.3 (RFC 8446 sections 5.2 to 5.5)."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire.constants import TLS_1_2, ContentType
from tlsaudit.wire.key_schedule import Tls13Suite, expand_label, next_traffic_secret
from tlsaudit.wire.limits import MAX_PLAINTEXT, MAX_RECORD_PAYLOAD_TLS13
from tlsaudit.wire.records import Record, record


class RecordProtection:
    """One direction of a connection: protects or opens records under a traffic secret, counting them."""

    def __init__(self, suite: Tls13Suite, traffic_secret: bytes) -> None:
        self._suite = suite
        self._use(traffic_secret)

    @property
    def traffic_secret(self) -> bytes:
        """The secret of the present generation."""
        return self._secret

    def update(self) -> None:
        """A KeyUpdate message was sent or received in this direction."""
        self._use(next_traffic_secret(self._suite, self._secret))

    def protect(self, type_: int, content: bytes) -> bytes:
        """The record of `content`, which must not exceed 2^14 bytes; no padding."""
        inner = content + bytes((type_,))
        header = record(ContentType.APPLICATION_DATA, TLS_1_2, bytes(len(inner) + self._suite.tag_length))[:5]
        return header + self._aead.encrypt(self._next_nonce(), inner, header)

    def open(self, protected: Record) -> tuple[int, bytes]:
        """Content type and content of a record; raises DecodeError where it was not protected under this secret."""
        if protected.type != ContentType.APPLICATION_DATA:
            raise DecodeError("record", f"content type {protected.type} in the clear where protection is required")
        length = len(protected.payload)
        # "The length MUST NOT exceed 2^14 + 256 bytes." (section 5.2)
        if length > MAX_RECORD_PAYLOAD_TLS13 or length <= self._suite.tag_length:
            raise DecodeError("record", f"protected record of {length} bytes")
        try:
            inner = self._aead.decrypt(self._next_nonce(), protected.payload, protected.header)
        except InvalidTag:
            raise DecodeError("record", "cannot be decrypted") from None
        # "The presence of padding does not change the overall record size limitations: the full encoded
        # TLSInnerPlaintext MUST NOT exceed 2^14 + 1 octets." (section 5.4)
        if len(inner) > MAX_PLAINTEXT + 1:
            raise DecodeError("record", f"plaintext of {len(inner)} bytes")
        stripped = inner.rstrip(b"\x00")
        # section 5.4: a receiver that finds no octet but zeros MUST terminate the connection
        if not stripped:
            raise DecodeError("record", "no content type")
        return stripped[-1], stripped[:-1]

    def _use(self, traffic_secret: bytes) -> None:
        self._secret = traffic_secret
        self._aead = self._suite.aead(expand_label(self._suite, traffic_secret, "key", b"", self._suite.key_length))
        self._iv = int.from_bytes(expand_label(self._suite, traffic_secret, "iv", b"", 12), "big")
        self._sequence = 0

    def _next_nonce(self) -> bytes:
        nonce = (self._iv ^ self._sequence).to_bytes(12, "big")
        self._sequence += 1
        return nonce
