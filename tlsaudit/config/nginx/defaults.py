"""What nginx does where the text is silent, by version (nginx.org, and CHANGES)."""

from __future__ import annotations

from tlsaudit.config.assume import Version
from tlsaudit.model.protocol import ProtocolVersion

CIPHERS = "HIGH:!aNULL:!MD5"
PROXY_CIPHERS = "DEFAULT"

PROTOCOLS = {
    "SSLv2": ProtocolVersion.SSL_2,
    "SSLv3": ProtocolVersion.SSL_3,
    "TLSv1": ProtocolVersion.TLS_1_0,
    "TLSv1.1": ProtocolVersion.TLS_1_1,
    "TLSv1.2": ProtocolVersion.TLS_1_2,
    "TLSv1.3": ProtocolVersion.TLS_1_3,
}
PROTOCOLS_DEPEND = (
    "ssl_protocols is not set: before nginx 1.27.3 its default includes TLSv1 and TLSv1.1, "
    "before 1.23.4 it lacks TLSv1.3"
)
_OLD = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2)


def default_protocols(version: Version | None) -> tuple[ProtocolVersion, ...]:
    """The default of ssl_protocols and its twins."""
    if version is None or version >= (1, 27, 3):
        return (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
    if version >= (1, 23, 4):
        return (*_OLD, ProtocolVersion.TLS_1_3)
    return _OLD if version >= (1, 9, 1) else (ProtocolVersion.SSL_3, *_OLD)


def protocols_per_name(version: Version | None) -> bool:
    """Whether ssl_protocols of a server that is not the default of its socket has an effect (nginx 1.29.2)."""
    return version is None or version >= (1, 29, 2)
