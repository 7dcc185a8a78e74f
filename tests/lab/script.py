"""What a scripted server says: a ClientHello in, the bytes of an answer out.

A `Script` plays first flights that no packaged server sends any more: export, NULL and anonymous suites, explicit
curves, heartbeats, compression, SSL 2.0. It holds no keys: signatures and public values are random bytes of the right
form, which nobody can notice before the client's second flight.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tlsaudit.wire.certificate import CertificateMessage, CertificateRequest, CertificateStatus
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import (
    SSL_3,
    TLS_1_2,
    TLS_1_3,
    AlertDescription,
    AlertLevel,
    ContentType,
    ExtensionType,
)
from tlsaudit.wire.extensions import alpn as alpn_extension
from tlsaudit.wire.extensions import (
    parse_offered_alpn,
    parse_offered_key_share,
    parse_offered_supported_versions,
    parse_signature_algorithms,
    parse_supported_groups,
)
from tlsaudit.wire.key_exchange import ServerKeyExchange, SignedParameters, dh_params, named_curve_params
from tlsaudit.wire.messages import ServerHelloDone
from tlsaudit.wire.records import alert_record, handshake_records, record
from tlsaudit.wire.server_hello import ServerHello
from tlsaudit.wire.ssl2 import Ssl2ClientHello, Ssl2ServerHello

X25519 = 29
RSA_PSS_SHA256 = 0x0804
EMPTY_RENEGOTIATION_SCSV = 0x00FF
FALLBACK_SCSV = 0x5600
DEFLATE = 1
DOWNGRADE_TO_TLS_1_2 = b"DOWNGRD\x01"
DOWNGRADE_BELOW = b"DOWNGRD\x00"
"""RFC 8446 section 4.1.3."""

SECP192R1_EXPLICIT = b"".join(
    (
        b"\x01",  # ECCurveType explicit_prime (RFC 4492 section 5.4), then p, a, b, base, order, cofactor
        bytes((24,)) + bytes.fromhex("fffffffffffffffffffffffffffffffeffffffffffffffff"),
        bytes((24,)) + bytes.fromhex("fffffffffffffffffffffffffffffffefffffffffffffffc"),
        bytes((24,)) + bytes.fromhex("64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1"),
        bytes((49,))
        + bytes.fromhex(
            "04188da80eb03090f67cbf20eb43a18800f4ff0afd82ff101207192b95ffc8da78631011ed6b24cdd573f977a11e794811"
        ),
        bytes((24,)) + bytes.fromhex("ffffffffffffffffffffffff99def836146bc9b1b4d22831"),
        bytes((1, 1)),
    )
)
"""P-192 written out (SEC 2 version 1.0 section 2.5.2), for `Script.explicit_curve`."""

_PUBLIC_BYTES = {X25519: 32, 30: 56, 23: 65, 24: 97, 25: 133}
_UNSIGNED = frozenset({"ECDH_anon", "DH_anon"})
_SILENT = frozenset({"RSA", "DH", "ECDH"})
"""Key exchanges without a ServerKeyExchange."""


class Refused(Exception):  # noqa: N818 - control flow of the script
    """The script refuses this hello with an alert."""

    def __init__(self, description: AlertDescription = AlertDescription.HANDSHAKE_FAILURE) -> None:
        super().__init__(description.name)
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One server's behaviour. Lists are in the server's order of preference.

    `suites` maps a cipher suite to its key exchange: ECDHE, DHE, RSA, DH, ECDH, ECDH_anon, DH_anon or RSA_EXPORT;
    those of TLS 1.3 stand in `suites_13`. `extensions` are answered to a client that offers the same type.
    `versions_of` limits a suite to some versions.
    """

    versions: tuple[int, ...] = (TLS_1_2,)
    suites: Mapping[int, str] = field(default_factory=lambda: {0xC02F: "ECDHE"})
    versions_of: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    suites_13: tuple[int, ...] = (0x1301,)
    server_order: bool = True
    groups: tuple[int, ...] = (X25519, 23)
    explicit_curve: bytes | None = None
    dh: tuple[int, int] = ((1 << 2048) - 1942289, 2)
    """Prime and generator."""
    export_rsa_bits: int = 512
    signature_schemes: tuple[int, ...] = (RSA_PSS_SHA256, 0x0401)
    chain: tuple[bytes, ...] = ()
    """Certificates in DER."""
    extensions: Mapping[int, bytes] = field(default_factory=lambda: {ExtensionType.RENEGOTIATION_INFO: b"\x00"})
    alpn: tuple[str, ...] = ()
    staple: bytes | None = None
    certificate_request: CertificateRequest | None = None
    compression: bool = False
    fallback_scsv: bool = True
    downgrade_sentinel: bool = True
    fixed_public: bytes | None = None
    """The same public value every time (elliptic curves)."""
    fixed_random: bytes | None = None
    ssl2_kinds: tuple[int, ...] | None = None
    """None: SSL 2.0 hellos are not understood."""
    intolerant: Callable[[ClientHello], bool] | None = None
    """Hellos that are refused whatever they offer."""

    def answer_ssl2(self, hello: Ssl2ClientHello) -> bytes:
        """SERVER-HELLO with the shared kinds and the certificate; raises Refused without SSL 2.0."""
        if self.ssl2_kinds is None:
            raise Refused
        shared = tuple(kind for kind in self.ssl2_kinds if kind in hello.cipher_kinds)
        return Ssl2ServerHello(certificate=self.chain[0], cipher_kinds=shared, connection_id=os.urandom(16)).encode()

    def answer(self, hello: ClientHello) -> bytes:
        """The first flight; raises Refused."""
        if self.intolerant is not None and self.intolerant(hello):
            raise Refused
        offered = {extension.type: extension.data for extension in hello.extensions or ()}
        version = self._version(hello, offered)
        if self.fallback_scsv and FALLBACK_SCSV in hello.cipher_suites and version < max(self.versions):
            raise Refused(AlertDescription.INAPPROPRIATE_FALLBACK)
        if version == TLS_1_3:
            return self._answer_13(hello, offered)
        return handshake_records(self._flight(version, hello, offered), version)

    def refusal(self, refused: Refused) -> bytes:
        """The alert that says no."""
        return alert_record(AlertLevel.FATAL, refused.description)

    def _version(self, hello: ClientHello, offered: Mapping[int, bytes]) -> int:
        if ExtensionType.SUPPORTED_VERSIONS in offered and TLS_1_3 in self.versions:
            theirs = parse_offered_supported_versions(offered[ExtensionType.SUPPORTED_VERSIONS])
            shared = [version for version in self.versions if version in theirs]
        else:
            shared = [version for version in self.versions if version <= min(hello.version, TLS_1_2)]
        if not shared:
            raise Refused(AlertDescription.PROTOCOL_VERSION)
        return max(shared)

    def _flight(self, version: int, hello: ClientHello, offered: Mapping[int, bytes]) -> bytes:
        group = self._group(offered)
        ours = [
            suite
            for suite, kx in self.suites.items()
            if version in self.versions_of.get(suite, self.versions)
            and (group is not None or self.explicit_curve or not kx.startswith("ECDH"))
        ]
        suite = self._choose(ours, hello.cipher_suites)
        kx = self.suites[suite]
        messages = [self._hello(version, suite, hello, offered).handshake()]
        if kx not in _UNSIGNED:
            messages.append(CertificateMessage(certificates=self.chain).handshake(version))
        if self.staple is not None and ExtensionType.STATUS_REQUEST in offered:
            messages.append(CertificateStatus(1, self.staple).handshake())
        if kx not in _SILENT:
            messages.append(self._key_exchange(version, kx, group, offered).handshake())
        if self.certificate_request is not None and kx not in _UNSIGNED:
            messages.append(self.certificate_request.handshake(version))
        return b"".join((*messages, ServerHelloDone().handshake()))

    def _hello(self, version: int, suite: int, hello: ClientHello, offered: Mapping[int, bytes]) -> ServerHello:
        extensions = {type_: data for type_, data in self.extensions.items() if type_ in offered}
        renegotiation = ExtensionType.RENEGOTIATION_INFO
        if renegotiation in self.extensions and EMPTY_RENEGOTIATION_SCSV in hello.cipher_suites:
            extensions[renegotiation] = self.extensions[renegotiation]
        extensions.update(self._alpn(offered))
        if self.staple is not None and ExtensionType.STATUS_REQUEST in offered:
            extensions[ExtensionType.STATUS_REQUEST] = b""
        random = self.fixed_random or os.urandom(32)
        if self.downgrade_sentinel and version < max(self.versions):
            random = random[:24] + (DOWNGRADE_TO_TLS_1_2 if version == TLS_1_2 else DOWNGRADE_BELOW)
        return ServerHello(
            version=version,
            legacy_version=version,
            random=random,
            session_id=os.urandom(32),
            cipher_suite=suite,
            compression_method=DEFLATE if self.compression and DEFLATE in hello.compression_methods else 0,
            extensions=extensions if version > SSL_3 else {},
        )

    def _alpn(self, offered: Mapping[int, bytes]) -> Mapping[int, bytes]:
        data = offered.get(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION)
        theirs = parse_offered_alpn(data) if data else ()
        chosen = next((name for name in self.alpn if name in theirs), None)
        return {ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION: alpn_extension([chosen]).data} if chosen else {}

    def _group(self, offered: Mapping[int, bytes]) -> int | None:
        """The group that both know; the first of ours where the client does not say (RFC 8422 section 4)."""
        data = offered.get(ExtensionType.SUPPORTED_GROUPS)
        theirs = parse_supported_groups(data) if data else self.groups
        return next((group for group in self.groups if group in theirs), None)

    def _choose(self, ours: list[int], theirs: tuple[int, ...]) -> int:
        first, second = (ours, theirs) if self.server_order else (theirs, ours)
        chosen = next((suite for suite in first if suite in second), None)
        if chosen is None:
            raise Refused
        return chosen

    def _key_exchange(
        self, version: int, kx: str, group: int | None, offered: Mapping[int, bytes]
    ) -> ServerKeyExchange:
        parameters = SignedParameters(
            signature_scheme=self._scheme(offered) if version >= TLS_1_2 else None,
            signature=os.urandom(256),
            signed_params=self._parameters(kx, group),
        )
        return ServerKeyExchange(parameters.encode(version=version, signed=kx not in _UNSIGNED))

    def _parameters(self, kx: str, group: int | None) -> bytes:
        if kx.startswith("DH"):
            p, g = self.dh
            return dh_params(p, g, int.from_bytes(os.urandom(p.bit_length() // 8), "big") % p)
        if kx == "RSA_EXPORT":
            modulus = os.urandom(self.export_rsa_bits // 8)
            return b"".join(len(each).to_bytes(2, "big") + each for each in (modulus, b"\x01\x00\x01"))
        if self.explicit_curve is not None:
            return self.explicit_curve + bytes((49, 4)) + os.urandom(48)
        assert group is not None
        return named_curve_params(group, self._public(group))

    def _public(self, group: int) -> bytes:
        if self.fixed_public is not None:
            return self.fixed_public
        size = _PUBLIC_BYTES.get(group, 65)
        return os.urandom(size) if size in (32, 56) else b"\x04" + os.urandom(size - 1)

    def _scheme(self, offered: Mapping[int, bytes]) -> int:
        """The scheme that both know; the first of ours where the client does not say."""
        data = offered.get(ExtensionType.SIGNATURE_ALGORITHMS)
        theirs = parse_signature_algorithms(data) if data else self.signature_schemes
        for scheme in self.signature_schemes:
            if scheme in theirs:
                return scheme
        raise Refused

    def _answer_13(self, hello: ClientHello, offered: Mapping[int, bytes]) -> bytes:
        """A HelloRetryRequest where the client has no share for our group, else a ServerHello and sealed nonsense."""
        suite = self._choose(list(self.suites_13), hello.cipher_suites)
        group = self._group(offered)
        if group is None:
            raise Refused
        shares = dict(parse_offered_key_share(offered.get(ExtensionType.KEY_SHARE, b"\x00\x00")))
        retry = group not in shares
        answer = ServerHello(
            version=TLS_1_3,
            legacy_version=TLS_1_2,
            session_id=hello.session_id,
            cipher_suite=suite,
            is_retry=retry,
            selected_group=group,
            key_share=None if retry else self._public(group),
        )
        flight = handshake_records(answer.handshake(), TLS_1_2)
        return flight if retry else flight + record(ContentType.APPLICATION_DATA, TLS_1_2, os.urandom(1200))
