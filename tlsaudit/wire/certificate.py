"""The messages around certificates: Certificate, CertificateStatus, CertificateRequest, CertificateVerify.

RFC 8446 sections 4.3.2, 4.4.2, 4.4.3; RFC 5246 sections 7.4.2, 7.4.4; RFC 6066 section 8. Certificates stay DER bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tlsaudit.wire.buffer import Reader, Writer
from tlsaudit.wire.constants import TLS_1_2, TLS_1_3, ExtensionType, HandshakeType
from tlsaudit.wire.extensions import (
    certificate_authorities,
    parse_certificate_authorities,
    parse_signature_algorithms,
    pull_extension_map,
    push_extension_map,
    signature_algorithms,
)
from tlsaudit.wire.limits import MAX_CERTIFICATES
from tlsaudit.wire.records import handshake_message

OCSP: Final = 1
"""CertificateStatusType ocsp (RFC 6066 section 8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateMessage:
    """A chain as sent, DER, the leaf first. `length` is that of the message body in bytes.

    `entry_extensions` (TLS 1.3) stand beside the certificates, one mapping each; below TLS 1.3 they are empty.
    """

    certificates: tuple[bytes, ...]
    entry_extensions: tuple[Mapping[int, bytes], ...] = ()
    request_context: bytes = b""
    length: int = 0

    @classmethod
    def parse(cls, body: bytes, version: int) -> CertificateMessage:
        """The message in the body of a handshake message; an empty list is legal for clients only."""
        reader = Reader(body, "Certificate")
        context = b""
        entries: tuple[tuple[bytes, Mapping[int, bytes]], ...]
        if version >= TLS_1_3:
            context = reader.pull_opaque(1)
            entries = reader.pull_list(3, _pull_entry, at_most=MAX_CERTIFICATES)
        else:
            entries = reader.pull_list(3, _pull_bare_entry, at_most=MAX_CERTIFICATES)
        reader.end()
        return cls(
            certificates=tuple(certificate for certificate, _ in entries),
            entry_extensions=tuple(extensions for _, extensions in entries) if version >= TLS_1_3 else (),
            request_context=context,
            length=len(body),
        )

    def handshake(self, version: int) -> bytes:
        """The handshake message; missing `entry_extensions` are written as none."""
        writer = Writer()
        if version >= TLS_1_3:
            writer.push_opaque(1, self.request_context)
        with writer.push_block(3):
            for index, certificate in enumerate(self.certificates):
                writer.push_opaque(3, certificate)
                if version >= TLS_1_3:
                    push_extension_map(writer, self.entry_extensions[index] if self.entry_extensions else {})
        return handshake_message(HandshakeType.CERTIFICATE, writer.data())


def _pull_entry(reader: Reader) -> tuple[bytes, Mapping[int, bytes]]:
    return reader.pull_opaque(3, at_least=1), pull_extension_map(reader)


def _pull_bare_entry(reader: Reader) -> tuple[bytes, Mapping[int, bytes]]:
    return reader.pull_opaque(3, at_least=1), {}


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """A stapled answer: the DER of an OCSPResponse where `status_type` is 1, else whatever was sent.

    At TLS 1.3 the same structure is the status_request extension of a certificate entry.
    """

    status_type: int
    response: bytes

    @classmethod
    def parse(cls, body: bytes) -> CertificateStatus:
        """The message in the body of a handshake message, or in the data of the extension."""
        reader = Reader(body, "CertificateStatus")
        status_type = reader.pull_u8()
        response = reader.pull_opaque(3, at_least=1) if status_type == OCSP else reader.pull_rest()
        reader.end()
        return cls(status_type, response)

    def encode(self) -> bytes:
        """The body of the message."""
        writer = Writer()
        writer.push_u8(self.status_type)
        if self.status_type == OCSP:
            writer.push_opaque(3, self.response)
        else:
            writer.push_bytes(self.response)
        return writer.data()

    def handshake(self) -> bytes:
        """The handshake message."""
        return handshake_message(HandshakeType.CERTIFICATE_STATUS, self.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest:
    """The server asks for a client certificate.

    `certificate_types` exist below TLS 1.3, `signature_schemes` from TLS 1.2 on, context and extensions at TLS 1.3.
    `ca_names` are DER distinguished names; none means that any authority will do.
    """

    certificate_types: tuple[int, ...] = ()
    signature_schemes: tuple[int, ...] = ()
    ca_names: tuple[bytes, ...] = ()
    request_context: bytes = b""
    extensions: Mapping[int, bytes] = field(default_factory=dict)

    @classmethod
    def parse(cls, body: bytes, version: int) -> CertificateRequest:
        """The message in the body of a handshake message."""
        reader = Reader(body, "CertificateRequest")
        request = _pull_request_tls13(reader) if version >= TLS_1_3 else _pull_request(reader, version)
        reader.end()
        return request

    def handshake(self, version: int) -> bytes:
        """The handshake message; at TLS 1.3 `extensions` as they are, with the schemes and names they lack."""
        writer = Writer()
        if version >= TLS_1_3:
            writer.push_opaque(1, self.request_context)
            push_extension_map(writer, self._all_extensions())
        else:
            writer.push_codes(1, 1, self.certificate_types)
            if version >= TLS_1_2:
                writer.push_codes(2, 2, self.signature_schemes)
            writer.push_list(2, self.ca_names, lambda name: writer.push_opaque(2, name))
        return handshake_message(HandshakeType.CERTIFICATE_REQUEST, writer.data())

    def _all_extensions(self) -> Mapping[int, bytes]:
        derived = [signature_algorithms(self.signature_schemes)]
        if self.ca_names:
            derived.append(certificate_authorities(self.ca_names))
        return {**{extension.type: extension.data for extension in derived}, **self.extensions}


def _pull_request(reader: Reader, version: int) -> CertificateRequest:
    return CertificateRequest(
        certificate_types=reader.pull_list(1, Reader.pull_u8),
        signature_schemes=reader.pull_list(2, Reader.pull_u16) if version >= TLS_1_2 else (),
        ca_names=reader.pull_list(2, lambda item: item.pull_opaque(2, at_least=1)),
    )


def _pull_request_tls13(reader: Reader) -> CertificateRequest:
    context = reader.pull_opaque(1)
    extensions = pull_extension_map(reader)
    # "The signature_algorithms extension MUST be specified" (section 4.3.2)
    if ExtensionType.SIGNATURE_ALGORITHMS not in extensions:
        raise reader.error("no signature_algorithms")
    names = extensions.get(ExtensionType.CERTIFICATE_AUTHORITIES)
    return CertificateRequest(
        signature_schemes=parse_signature_algorithms(extensions[ExtensionType.SIGNATURE_ALGORITHMS]),
        ca_names=() if names is None else parse_certificate_authorities(names),
        request_context=context,
        extensions=extensions,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateVerify:
    """A signature over the handshake at TLS 1.3; `content` are the bytes it is made over (section 4.4.3)."""

    scheme: int
    signature: bytes
    content: bytes

    @classmethod
    def parse(cls, body: bytes, transcript_hash: bytes) -> CertificateVerify:
        """The server's message in the body of a handshake message; the hash is of all messages before it."""
        reader = Reader(body, "CertificateVerify")
        scheme, signature = reader.pull_u16(), reader.pull_opaque(2)
        reader.end()
        return cls(scheme=scheme, signature=signature, content=server_signed_content(transcript_hash))

    def handshake(self) -> bytes:
        """The handshake message."""
        writer = Writer()
        writer.push_u16(self.scheme)
        writer.push_opaque(2, self.signature)
        return handshake_message(HandshakeType.CERTIFICATE_VERIFY, writer.data())


def server_signed_content(transcript_hash: bytes) -> bytes:
    """What a TLS 1.3 server signs: 64 spaces, the context string, a zero byte, the transcript hash."""
    return b" " * 64 + b"TLS 1.3, server CertificateVerify\x00" + transcript_hash


def client_signed_content(transcript_hash: bytes) -> bytes:
    """What a TLS 1.3 client signs (RFC 8446 section 4.4.3)."""
    return b" " * 64 + b"TLS 1.3, client CertificateVerify\x00" + transcript_hash


def parse_certificate_status(data: bytes) -> CertificateStatus:
    """The stapled answer in the status_request extension of a certificate entry (RFC 8446 section 4.4.2.1)."""
    return CertificateStatus.parse(data)
