"""The hellos we send: the same shape everywhere, so that only what is asked differs between two of them.

Minimal hellos are refused by healthy servers, so all the usual extensions are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tlsaudit.data.groups import groups_for
from tlsaudit.data.signatures import SCHEMES
from tlsaudit.data.suites import TLS_EMPTY_RENEGOTIATION_INFO_SCSV
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.wire import ClientHello, Extension, extensions

ALPN_NAMES = ("h2", "http/1.1")
"""The protocol names that are asked for."""

COMPRESSION_DEFLATE = 1

_DANGEROUS_LENGTH = 256
_SAFE_LENGTH = 512

_USUAL_SCHEMES = (
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601,
)  # fmt: skip
"""What a present client offers: ECDSA, EdDSA, RSA-PSS, RSA PKCS #1 with SHA-2 (RFC 8446 section 4.2.3)."""

ALL_SCHEMES = tuple(dict.fromkeys((*_USUAL_SCHEMES, *SCHEMES)))
"""Everything the registry knows, current ones first: nothing is refused for want of a signature scheme."""

RSA_SCHEMES = tuple(code for code in ALL_SCHEMES if SCHEMES[code].algorithm.startswith("rsa"))
"""All schemes of RSA keys."""

OTHER_SCHEMES = tuple(code for code in ALL_SCHEMES if not SCHEMES[code].algorithm.startswith("rsa"))
"""All schemes of keys other than RSA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What stays the same in every hello to one endpoint: the server name, and the names to offer for ALPN.

    `padded`: hellos of 256 to 511 bytes, on which some servers hang, are made longer (RFC 7685 section 1).
    """

    server_name: str | None
    alpn: tuple[str, ...] = ALPN_NAMES
    padded: bool = True

    def classic(
        self,
        version: ProtocolVersion,
        suites: Sequence[int],
        *,
        groups: Sequence[int] | None = None,
        behaviours: bool = False,
    ) -> ClientHello:
        """A hello of SSL 3.0 to TLS 1.2 that offers `suites` at `version` and below.

        `behaviours` adds what is asked only once: compression, heartbeat, truncated HMAC.
        """
        if version is ProtocolVersion.SSL_3:
            return ClientHello(
                version=version.code, cipher_suites=(*suites, TLS_EMPTY_RENEGOTIATION_INFO_SCSV), extensions=None
            )
        offered = tuple(group.code for group in groups_for(ProtocolVersion.TLS_1_2)) if groups is None else groups
        present = [
            *self.common(),
            extensions.ec_point_formats(),
            extensions.supported_groups(offered),
            extensions.session_ticket(),
            extensions.encrypt_then_mac(),
            extensions.extended_master_secret(),
            extensions.renegotiation_info(),
        ]
        if version is ProtocolVersion.TLS_1_2:
            present.append(extensions.signature_algorithms(ALL_SCHEMES))
        if behaviours:
            present += [extensions.heartbeat(), extensions.truncated_hmac()]
        return self.fit(
            ClientHello(
                version=version.code,
                cipher_suites=tuple(suites),
                compression_methods=(COMPRESSION_DEFLATE, 0) if behaviours else (0,),
                extensions=tuple(present),
            )
        )

    def retry(self, suites: Sequence[int], groups: Sequence[int]) -> ClientHello:
        """A TLS 1.3 hello with an empty key_share, which asks the server to name suite and group in a retry."""
        return self.fit(
            ClientHello(
                version=ProtocolVersion.TLS_1_2.code,
                session_id=bytes(range(32)),
                cipher_suites=tuple(suites),
                extensions=(
                    *self.common(),
                    extensions.supported_groups(groups),
                    extensions.signature_algorithms(ALL_SCHEMES),
                    extensions.supported_versions((ProtocolVersion.TLS_1_3.code,)),
                    extensions.psk_key_exchange_modes(),
                    extensions.key_share(()),
                ),
            )
        )

    def extra(self) -> tuple[Extension, ...]:
        """What our full TLS 1.3 handshake offers beyond its own extensions."""
        return (
            extensions.status_request(),
            extensions.signature_algorithms_cert(ALL_SCHEMES),
            extensions.heartbeat(),
        )

    def fit(self, hello: ClientHello) -> ClientHello:
        """The hello, padded out of the range of lengths that is dangerous."""
        short = _SAFE_LENGTH - len(hello.handshake())
        if not self.padded or not 0 < short <= _SAFE_LENGTH - _DANGEROUS_LENGTH:
            return hello
        # An extension has a header of 4 bytes, and an empty one at the end upsets other servers.
        padding = extensions.padding(max(1, short - 4))
        return replace(hello, extensions=(*(hello.extensions or ()), padding))

    def common(self) -> tuple[Extension, ...]:
        """What every hello with extensions offers: name, protocols, staple, SCTs."""
        name = (extensions.server_name(self.server_name),) if self.server_name else ()
        alpn = (extensions.alpn(self.alpn),) if self.alpn else ()
        return (*name, *alpn, extensions.status_request(), extensions.signed_certificate_timestamp())
