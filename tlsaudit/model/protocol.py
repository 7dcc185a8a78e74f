"""Protocol versions, in the order of their age."""

from __future__ import annotations

from enum import StrEnum


class ProtocolVersion(StrEnum):
    """An SSL or TLS version; the value is its name in reports. Compare by `rank`, never as text."""

    SSL_2 = "SSLv2"
    SSL_3 = "SSLv3"
    TLS_1_0 = "TLSv1.0"
    TLS_1_1 = "TLSv1.1"
    TLS_1_2 = "TLSv1.2"
    TLS_1_3 = "TLSv1.3"

    @property
    def code(self) -> int:
        """The ProtocolVersion on the wire (RFC 8446 section 4.1.2; SSL 2.0: 0x0002)."""
        return _CODES[self]

    @property
    def rank(self) -> int:
        """Position by age: SSL 2.0 is 0."""
        return _RANKS[self]

    @classmethod
    def from_code(cls, code: int) -> ProtocolVersion | None:
        """The version with this wire code, or None for a code that is no version."""
        return _BY_CODE.get(code)


_CODES = {
    ProtocolVersion.SSL_2: 0x0002,
    ProtocolVersion.SSL_3: 0x0300,
    ProtocolVersion.TLS_1_0: 0x0301,
    ProtocolVersion.TLS_1_1: 0x0302,
    ProtocolVersion.TLS_1_2: 0x0303,
    ProtocolVersion.TLS_1_3: 0x0304,
}
_RANKS = {version: rank for rank, version in enumerate(ProtocolVersion)}
_BY_CODE = {code: version for version, code in _CODES.items()}
