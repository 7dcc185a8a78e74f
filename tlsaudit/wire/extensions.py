"""Hello extensions: for each, the function that builds what a client sends and those that read what is sent.

A builder returns an `Extension`; a parser takes the extension's data and raises DecodeError. Parsers named
`parse_offered_...` read the client's form, the others the form that a server answers with (or both, where they agree).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tlsaudit.wire.buffer import Reader, Writer
from tlsaudit.wire.constants import ExtensionType
from tlsaudit.wire.limits import MAX_COOKIE, MAX_EXTENSIONS


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: its type (any 16-bit code) and its data."""

    type: int
    data: bytes = b""


def pull_extensions(reader: Reader) -> tuple[Extension, ...]:
    """A block of extensions, in order.

    "There MUST NOT be more than one extension of the same type in a given extension block." (RFC 8446 section 4.2)
    """
    extensions = reader.pull_list(2, _pull_extension, at_most=MAX_EXTENSIONS)
    if len({extension.type for extension in extensions}) < len(extensions):
        raise reader.error("the same extension twice")
    return extensions


def pull_extension_map(reader: Reader) -> Mapping[int, bytes]:
    """A block of extensions by type; iteration is in the order sent."""
    return {extension.type: extension.data for extension in pull_extensions(reader)}


def push_extensions(writer: Writer, extensions: Iterable[Extension]) -> None:
    """A block of extensions."""
    with writer.push_block(2):
        for extension in extensions:
            writer.push_u16(extension.type)
            writer.push_opaque(2, extension.data)


def push_extension_map(writer: Writer, extensions: Mapping[int, bytes]) -> None:
    """A block of extensions given by type."""
    push_extensions(writer, (Extension(type_, data) for type_, data in extensions.items()))


def _pull_extension(reader: Reader) -> Extension:
    return Extension(reader.pull_u16(), reader.pull_opaque(2))


def _codes(type_: ExtensionType, prefix: int, size: int, codes: Sequence[int]) -> Extension:
    """An extension that is one list of integers of `size` bytes."""
    writer = Writer()
    writer.push_codes(prefix, size, codes)
    return Extension(type_, writer.data())


def _parse_codes(where: str, data: bytes, prefix: int, size: int) -> tuple[int, ...]:
    reader = Reader(data, where)
    codes = reader.pull_list(prefix, lambda item: item.pull_uint(size), at_least=1)
    reader.end()
    return codes


def server_name(name: str) -> Extension:
    """The DNS host name asked for, in A-labels (RFC 6066 section 3); never an address."""
    writer = Writer()
    with writer.push_block(2):
        writer.push_u8(0)
        writer.push_opaque(2, name.encode("ascii"))
    return Extension(ExtensionType.SERVER_NAME, writer.data())


def parse_offered_server_name(data: bytes) -> str:
    """The host name of a ServerNameList of one entry, the only form in use (RFC 6066 section 3)."""
    reader = Reader(data, "server_name")
    names = reader.pull_block(2)
    reader.end()
    if names.pull_u8() != 0:
        raise names.error("name type is not host_name")
    name = names.pull_opaque(2, at_least=1)
    names.end()
    return readable(name)


def supported_groups(codes: Sequence[int]) -> Extension:
    """Named groups in order of preference (RFC 8446 section 4.2.7)."""
    return _codes(ExtensionType.SUPPORTED_GROUPS, 2, 2, codes)


def parse_supported_groups(data: bytes) -> tuple[int, ...]:
    """Named groups, as a client offers or a server tells them in EncryptedExtensions."""
    return _parse_codes("supported_groups", data, 2, 2)


def ec_point_formats(formats: Sequence[int] = (0,)) -> Extension:
    """Point formats (RFC 8422 section 5.1.2); 0 is uncompressed."""
    return _codes(ExtensionType.EC_POINT_FORMATS, 1, 1, formats)


def parse_ec_point_formats(data: bytes) -> tuple[int, ...]:
    """Point formats, in either hello."""
    return _parse_codes("ec_point_formats", data, 1, 1)


def signature_algorithms(codes: Sequence[int]) -> Extension:
    """Signature schemes for handshake signatures (RFC 8446 section 4.2.3)."""
    return _codes(ExtensionType.SIGNATURE_ALGORITHMS, 2, 2, codes)


def signature_algorithms_cert(codes: Sequence[int]) -> Extension:
    """Signature schemes for certificates (RFC 8446 section 4.2.3)."""
    return _codes(ExtensionType.SIGNATURE_ALGORITHMS_CERT, 2, 2, codes)


def parse_signature_algorithms(data: bytes) -> tuple[int, ...]:
    """Signature schemes of signature_algorithms or signature_algorithms_cert."""
    return _parse_codes("signature_algorithms", data, 2, 2)


def supported_versions(codes: Sequence[int]) -> Extension:
    """Protocol versions in order of preference (RFC 8446 section 4.2.1)."""
    return _codes(ExtensionType.SUPPORTED_VERSIONS, 1, 2, codes)


def parse_offered_supported_versions(data: bytes) -> tuple[int, ...]:
    """The versions that a client offers."""
    return _parse_codes("supported_versions", data, 1, 2)


def parse_supported_versions(data: bytes) -> int:
    """The version that a server selected."""
    reader = Reader(data, "supported_versions")
    version = reader.pull_u16()
    reader.end()
    return version


def key_share(entries: Iterable[tuple[int, bytes]]) -> Extension:
    """(group, key_exchange) pairs in order of preference; none of them asks for a HelloRetryRequest (section 4.2.8)."""
    writer = Writer()
    with writer.push_block(2):
        for group, share in entries:
            writer.push_u16(group)
            writer.push_opaque(2, share)
    return Extension(ExtensionType.KEY_SHARE, writer.data())


def parse_offered_key_share(data: bytes) -> tuple[tuple[int, bytes], ...]:
    """The (group, key_exchange) pairs that a client offers."""
    reader = Reader(data, "key_share")
    entries = reader.pull_list(2, _pull_key_share_entry)
    reader.end()
    return entries


def parse_key_share(data: bytes) -> tuple[int, bytes]:
    """The group and key_exchange of a ServerHello."""
    reader = Reader(data, "key_share")
    entry = _pull_key_share_entry(reader)
    reader.end()
    return entry


def parse_retry_key_share(data: bytes) -> int:
    """The group that a HelloRetryRequest selects."""
    reader = Reader(data, "key_share")
    group = reader.pull_u16()
    reader.end()
    return group


def _pull_key_share_entry(reader: Reader) -> tuple[int, bytes]:
    return reader.pull_u16(), reader.pull_opaque(2, at_least=1)


def alpn(names: Sequence[str]) -> Extension:
    """Application protocols in order of preference (RFC 7301 section 3.1)."""
    writer = Writer()
    writer.push_list(2, names, lambda name: writer.push_opaque(1, name.encode("ascii")))
    return Extension(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, writer.data())


def parse_offered_alpn(data: bytes) -> tuple[str, ...]:
    """The application protocols that a client offers."""
    reader = Reader(data, "application_layer_protocol_negotiation")
    names = reader.pull_list(2, lambda item: item.pull_opaque(1, at_least=1), at_least=1)
    reader.end()
    return tuple(readable(name) for name in names)


def parse_alpn(data: bytes) -> str:
    """The application protocol that a server selected: "MUST contain exactly one ProtocolName" (RFC 7301)."""
    names = parse_offered_alpn(data)
    if len(names) != 1:
        raise Reader(data, "application_layer_protocol_negotiation").error(f"{len(names)} names in an answer")
    return names[0]


def status_request() -> Extension:
    """Asks for a stapled OCSP response, any responder, no request extensions (RFC 6066 section 8)."""
    return Extension(ExtensionType.STATUS_REQUEST, b"\x01\x00\x00\x00\x00")


def extended_master_secret() -> Extension:
    """RFC 7627."""
    return Extension(ExtensionType.EXTENDED_MASTER_SECRET)


def encrypt_then_mac() -> Extension:
    """RFC 7366."""
    return Extension(ExtensionType.ENCRYPT_THEN_MAC)


def renegotiation_info() -> Extension:
    """Secure renegotiation, in an initial handshake (RFC 5746 section 3.4)."""
    return Extension(ExtensionType.RENEGOTIATION_INFO, b"\x00")


def parse_renegotiation_info(data: bytes) -> bytes:
    """renegotiated_connection: empty in an initial handshake."""
    reader = Reader(data, "renegotiation_info")
    value = reader.pull_opaque(1)
    reader.end()
    return value


def session_ticket(data: bytes = b"") -> Extension:
    """Session ticket support (RFC 5077 section 3.2), or a ticket to resume with."""
    return Extension(ExtensionType.SESSION_TICKET, data)


def heartbeat() -> Extension:
    """Heartbeats, peer_allowed_to_send (RFC 6520 section 2)."""
    return Extension(ExtensionType.HEARTBEAT, b"\x01")


def parse_heartbeat(data: bytes) -> int:
    """The HeartbeatMode: 1 peer_allowed_to_send, 2 peer_not_allowed_to_send."""
    reader = Reader(data, "heartbeat")
    mode = reader.pull_u8()
    reader.end()
    return mode


def truncated_hmac() -> Extension:
    """RFC 6066 section 7."""
    return Extension(ExtensionType.TRUNCATED_HMAC)


PSK_KE = 0
PSK_DHE_KE = 1
"""Modes of resumption: without a new key exchange, and with one (RFC 8446 section 4.2.9)."""


def psk_key_exchange_modes(modes: Sequence[int] = (PSK_DHE_KE,)) -> Extension:
    """How sessions may be resumed; without psk_dhe_ke a server sends no tickets (RFC 8446 section 4.2.9)."""
    return _codes(ExtensionType.PSK_KEY_EXCHANGE_MODES, 1, 1, modes)


def pre_shared_key(identity: bytes, age: int, binder: bytes) -> Extension:
    """One ticket with its obfuscated age, and the proof of its key (RFC 8446 section 4.2.11)."""
    writer = Writer()
    with writer.push_block(2):
        writer.push_opaque(2, identity)
        writer.push_u32(age)
    with writer.push_block(2):
        writer.push_opaque(1, binder)
    return Extension(ExtensionType.PRE_SHARED_KEY, writer.data())


def early_data() -> Extension:
    """Says that data under the key of the session follows the hello (RFC 8446 section 4.2.10)."""
    return Extension(ExtensionType.EARLY_DATA)


def post_handshake_auth() -> Extension:
    """Lets the server ask for a certificate after the handshake (RFC 8446 section 4.2.6)."""
    return Extension(ExtensionType.POST_HANDSHAKE_AUTH)


def cookie(data: bytes) -> Extension:
    """The cookie of a HelloRetryRequest, returned (RFC 8446 section 4.2.2)."""
    writer = Writer()
    writer.push_opaque(2, data)
    return Extension(ExtensionType.COOKIE, writer.data())


def parse_cookie(data: bytes) -> bytes:
    """The cookie that a HelloRetryRequest wants returned."""
    reader = Reader(data, "cookie")
    value = reader.pull_opaque(2, at_least=1, at_most=MAX_COOKIE)
    reader.end()
    return value


def signed_certificate_timestamp() -> Extension:
    """Asks for SCTs (RFC 6962 section 3.3.1)."""
    return Extension(ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP)


def parse_sct_list(data: bytes) -> tuple[bytes, ...]:
    """The SerializedSCTs of a SignedCertificateTimestampList (RFC 6962 section 3.3)."""
    reader = Reader(data, "signed_certificate_timestamp")
    scts = reader.pull_list(2, lambda item: item.pull_opaque(2, at_least=1), at_least=1)
    reader.end()
    return scts


def certificate_authorities(names: Iterable[bytes]) -> Extension:
    """DER distinguished names of acceptable authorities (RFC 8446 section 4.2.4)."""
    writer = Writer()
    writer.push_list(2, names, lambda name: writer.push_opaque(2, name))
    return Extension(ExtensionType.CERTIFICATE_AUTHORITIES, writer.data())


def parse_certificate_authorities(data: bytes) -> tuple[bytes, ...]:
    """DER distinguished names of acceptable authorities."""
    reader = Reader(data, "certificate_authorities")
    names = reader.pull_list(2, lambda item: item.pull_opaque(2, at_least=1), at_least=1)
    reader.end()
    return names


def padding(length: int) -> Extension:
    """`length` zero bytes (RFC 7685)."""
    return Extension(ExtensionType.PADDING, bytes(length))


def next_protocol_negotiation() -> Extension:
    """NPN, the predecessor of ALPN (draft-agl-tls-nextprotoneg-04)."""
    return Extension(ExtensionType.NEXT_PROTOCOL_NEGOTIATION)


def readable(name: bytes) -> str:
    """A protocol or host name as text, what is not visible ASCII as \\xNN."""
    return "".join(chr(byte) if 0x21 <= byte <= 0x7E else f"\\x{byte:02x}" for byte in name)
