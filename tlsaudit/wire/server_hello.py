"""ServerHello, HelloRetryRequest and EncryptedExtensions (RFC 8446 sections 4.1.3, 4.1.4, 4.3.1; RFC 5246 7.4.1.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tlsaudit.wire.buffer import Reader, Writer
from tlsaudit.wire.client_hello import fresh_random
from tlsaudit.wire.constants import TLS_1_3, ExtensionType, HandshakeType
from tlsaudit.wire.extensions import (
    parse_alpn,
    parse_key_share,
    parse_retry_key_share,
    parse_supported_versions,
    pull_extension_map,
    push_extension_map,
)
from tlsaudit.wire.records import handshake_message

RETRY_RANDOM: Final = hashlib.sha256(b"HelloRetryRequest").digest()
"""The random that makes a ServerHello a HelloRetryRequest (RFC 8446 section 4.1.3)."""

_ALPN: Final = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHello:
    """A ServerHello, or a HelloRetryRequest where `is_retry`.

    `version` is the one negotiated: that of supported_versions, else `legacy_version`. `selected_group` and
    `key_share` are those of the key_share extension at TLS 1.3; a retry has no share.
    """

    version: int
    legacy_version: int
    random: bytes = field(default_factory=fresh_random)
    session_id: bytes = b""
    cipher_suite: int
    compression_method: int = 0
    extensions: Mapping[int, bytes] = field(default_factory=dict)
    is_retry: bool = False
    selected_group: int | None = None
    key_share: bytes | None = None

    @property
    def alpn(self) -> str | None:
        """The application protocol selected in this message, which is so below TLS 1.3."""
        return parse_alpn(self.extensions[_ALPN]) if _ALPN in self.extensions else None

    @classmethod
    def parse(cls, body: bytes) -> ServerHello:
        """The hello in the body of a handshake message."""
        reader = Reader(body, "ServerHello")
        hello = pull_server_hello(reader)
        reader.end()
        return hello

    def handshake(self) -> bytes:
        """The handshake message: `extensions` as they are, at TLS 1.3 with the version and share they lack."""
        writer = Writer()
        writer.push_u16(self.legacy_version)
        writer.push_bytes(RETRY_RANDOM if self.is_retry else self.random)
        writer.push_opaque(1, self.session_id)
        writer.push_u16(self.cipher_suite)
        writer.push_u8(self.compression_method)
        extensions = self._all_extensions()
        if extensions:
            push_extension_map(writer, extensions)
        return handshake_message(HandshakeType.SERVER_HELLO, writer.data())

    def _all_extensions(self) -> Mapping[int, bytes]:
        if self.version < TLS_1_3:
            return self.extensions
        extensions = {ExtensionType.SUPPORTED_VERSIONS: self.version.to_bytes(2, "big"), **self.extensions}
        if self.selected_group is not None and ExtensionType.KEY_SHARE not in extensions:
            writer = Writer()
            writer.push_u16(self.selected_group)
            if not self.is_retry:
                writer.push_opaque(2, self.key_share or b"")
            extensions[ExtensionType.KEY_SHARE] = writer.data()
        return extensions


def pull_server_hello(reader: Reader) -> ServerHello:
    """The body of a ServerHello; the extensions that this room understands must be well-formed."""
    legacy_version = reader.pull_u16()
    random = reader.pull_bytes(32)
    session_id = reader.pull_opaque(1, at_most=32)
    cipher_suite = reader.pull_u16()
    compression_method = reader.pull_u8()
    extensions = pull_extension_map(reader) if reader.remaining else {}
    # "legacy_version ... MUST be set to 0x0303" and TLS 1.3 is named by supported_versions only (section 4.1.3)
    if not 0x0300 <= legacy_version < TLS_1_3:
        raise reader.error(f"version {legacy_version:#06x}")
    version = legacy_version
    if ExtensionType.SUPPORTED_VERSIONS in extensions:
        version = parse_supported_versions(extensions[ExtensionType.SUPPORTED_VERSIONS])
        # "If the supported_versions extension ... contains a version prior to TLS 1.3" is illegal (section 4.2.1)
        if version < TLS_1_3:
            raise reader.error(f"supported_versions selects {version:#06x}")
    is_retry = random == RETRY_RANDOM
    if is_retry and version < TLS_1_3:
        raise reader.error("HelloRetryRequest without supported_versions")
    if version >= TLS_1_3 and compression_method != 0:
        raise reader.error("compression method at TLS 1.3")
    if _ALPN in extensions:
        parse_alpn(extensions[_ALPN])
    selected_group, key_share = _key_share(extensions, version, is_retry=is_retry)
    return ServerHello(
        version=version,
        legacy_version=legacy_version,
        random=random,
        session_id=session_id,
        cipher_suite=cipher_suite,
        compression_method=compression_method,
        extensions=extensions,
        is_retry=is_retry,
        selected_group=selected_group,
        key_share=key_share,
    )


def _key_share(extensions: Mapping[int, bytes], version: int, *, is_retry: bool) -> tuple[int | None, bytes | None]:
    data = extensions.get(ExtensionType.KEY_SHARE)
    if data is None or version < TLS_1_3:
        return None, None
    if is_retry:
        return parse_retry_key_share(data), None
    return parse_key_share(data)


@dataclass(frozen=True, slots=True)
class EncryptedExtensions:
    """What a TLS 1.3 server answers to extensions that need no negotiation of keys."""

    extensions: Mapping[int, bytes]

    @property
    def alpn(self) -> str | None:
        """The application protocol selected."""
        return parse_alpn(self.extensions[_ALPN]) if _ALPN in self.extensions else None

    @classmethod
    def parse(cls, body: bytes) -> EncryptedExtensions:
        """The message in the body of a handshake message."""
        reader = Reader(body, "EncryptedExtensions")
        extensions = pull_extension_map(reader)
        reader.end()
        if _ALPN in extensions:
            parse_alpn(extensions[_ALPN])
        return cls(extensions)

    def handshake(self) -> bytes:
        """The handshake message."""
        writer = Writer()
        push_extension_map(writer, self.extensions)
        return handshake_message(HandshakeType.ENCRYPTED_EXTENSIONS, writer.data())
