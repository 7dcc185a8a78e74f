"""Bounds on what is read from a peer. A peer that exceeds one gets a DecodeError; honest servers stay far below.

Everything here is in bytes unless the name says otherwise.
"""

from __future__ import annotations

from typing import Final

MAX_PLAINTEXT: Final = 2**14
"""TLSPlaintext.length (RFC 8446 section 5.1); longer messages are fragmented."""

MAX_RECORD_PAYLOAD: Final = 2**14 + 2048
"""TLSCiphertext.length at TLS 1.2 (RFC 5246 section 6.2.3), the largest that any version allows."""

MAX_RECORD_PAYLOAD_TLS13: Final = 2**14 + 256
"""TLSCiphertext.length at TLS 1.3 (RFC 8446 section 5.2)."""

MAX_HANDSHAKE_MESSAGE: Final = 256 * 1024
"""One handshake message. The largest seen in the wild are Certificate messages well below 100 KiB."""

MAX_FLIGHT: Final = 1024 * 1024
"""The payloads of all records of one flight."""

MAX_FLIGHT_RECORDS: Final = 1024

MAX_FLIGHT_MESSAGES: Final = 64

MAX_EXTENSIONS: Final = 64
"""Extensions of one message, or of one certificate entry."""

MAX_CERTIFICATES: Final = 100
"""Certificates of one Certificate message."""

MAX_PRIME: Final = 2048
"""A Diffie-Hellman prime or RSA modulus in a ServerKeyExchange: 16384 bits, beyond what any client accepts."""

MAX_COOKIE: Final = 16 * 1024
"""The cookie of a HelloRetryRequest, which has to fit into the second ClientHello."""
