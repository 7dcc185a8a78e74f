"""Postures that no packaged server can take any more, as scripts and behaviours of a scripted server."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.lab.script import SECP192R1_EXPLICIT, Refused, Script
from tests.lab.scripted import Behaviour, Connection
from tlsaudit.wire import EncryptedExtensions
from tlsaudit.wire.certificate import CertificateMessage, CertificateVerify
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import TLS_1_1, TLS_1_2, TLS_1_3, ExtensionType
from tlsaudit.wire.extensions import parse_offered_key_share, parse_offered_supported_versions
from tlsaudit.wire.records import handshake_records
from tlsaudit.wire.server_hello import ServerHello
from tools.fuzz_wire import ScriptedTls13

_X25519 = 0x001D
_RSA_PKCS1_SHA256 = 0x0401
_BOTH = (TLS_1_3, TLS_1_2)
_DRAFT_28 = 0x7F1C
_PACKET = 1460
_MODP768 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A3620FFFFFFFFFFFFFFFF",
    16,
)
"""RFC 2409 section 6.1."""

Chain = tuple[bytes, ...]

SCRIPTS: Mapping[str, Script] = {
    "SSL 2.0": Script(ssl2_kinds=(0x010080, 0x0700C0)),
    "museum": Script(
        suites={
            0xC02F: "ECDHE",
            0xCC13: "ECDHE",  # ChaCha20-Poly1305 of a draft
            0xC031: "ECDH",  # TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256
            0x00A0: "DH",  # TLS_DH_RSA_WITH_AES_128_GCM_SHA256
            0x0007: "RSA",  # IDEA
            0x0009: "RSA",  # DES
            0x0003: "RSA_EXPORT",  # RC4 of 40 bits
        }
    ),
    "DHE of 768 bits": Script(suites={0x009E: "DHE"}, dh=(_MODP768, 2)),
    "DHE of a composite": Script(suites={0x009E: "DHE"}, dh=((1 << 2048) - 1, 2)),
    "explicit curve": Script(explicit_curve=SECP192R1_EXPLICIT),
    "one random": Script(fixed_random=bytes(range(32))),
    "one ephemeral key": Script(suites={0xC02F: "ECDHE", 0xC030: "ECDHE"}, fixed_public=bytes(range(32))),
    "fallback": Script(versions=(TLS_1_2, TLS_1_1), suites={0xC013: "ECDHE"}, fallback_scsv=False),
    "no downgrade mark": Script(versions=(TLS_1_3, TLS_1_2), downgrade_sentinel=False),
    "Kyber draft": Script(versions=(TLS_1_3,), groups=(0x6399, _X25519)),
    "withdrawn extensions": Script(
        extensions={ExtensionType.TRUNCATED_HMAC: b"", ExtensionType.EC_POINT_FORMATS: b"\x01\x01"}, compression=True
    ),
}


def intolerant_of_suites(chain: Chain) -> Behaviour:
    """Refuses a hello that begins with a cipher suite of RFC 8701."""
    script = Script(versions=_BOTH, chain=chain, intolerant=lambda hello: hello.cipher_suites[0] == 0x0A0A)
    return _answering(script, script.answer)


def intolerant_of_length(chain: Chain) -> Behaviour:
    """Refuses a hello that does not fit into a packet."""
    script = Script(versions=_BOTH, chain=chain, intolerant=lambda hello: len(hello.handshake()) > _PACKET)
    return _answering(script, script.answer)


def older_first(chain: Chain) -> Behaviour:
    """Speaks TLS 1.3 only to a client that offers nothing older."""
    script = Script(versions=_BOTH, chain=chain)

    def answer(hello: ClientHello) -> bytes:
        offered = {extension.type: extension.data for extension in hello.extensions or ()}
        listed = offered.get(ExtensionType.SUPPORTED_VERSIONS)
        if listed is None or TLS_1_2 not in parse_offered_supported_versions(listed):
            return script.answer(hello)
        extensions = [each for each in hello.extensions or () if each.type != ExtensionType.SUPPORTED_VERSIONS]
        return script.answer(replace(hello, extensions=tuple(extensions)))

    return _answering(script, answer)


def draft_28(chain: Chain) -> Behaviour:
    """TLS 1.2, and the last draft of TLS 1.3."""
    script = Script(chain=chain)

    def answer(hello: ClientHello) -> bytes:
        offered = {extension.type: extension.data for extension in hello.extensions or ()}
        listed = offered.get(ExtensionType.SUPPORTED_VERSIONS)
        if listed is None or _DRAFT_28 not in parse_offered_supported_versions(listed):
            return script.answer(hello)
        retry = ServerHello(
            version=_DRAFT_28,
            legacy_version=TLS_1_2,
            session_id=hello.session_id,
            cipher_suite=0x1301,
            is_retry=True,
            selected_group=_X25519,
        )
        return handshake_records(retry.handshake(), TLS_1_2)

    return _answering(script, answer)


def two_back_ends(chain: Chain) -> Behaviour:
    """One address, two servers with different cipher suites, in turn for the same hello."""
    scripts = (Script(chain=chain, suites={0xC02F: "ECDHE"}), Script(chain=chain, suites={0xC030: "ECDHE"}))
    seen: Counter[object] = Counter()

    def answer(hello: ClientHello) -> bytes:
        same = (hello.cipher_suites, hello.extensions)
        seen[same] += 1
        return scripts[(seen[same] - 1) % 2].answer(hello)

    return _answering(scripts[0], answer)


def unoffered_choice(chain: Chain) -> Behaviour:
    """Answers with one and the same cipher suite, offered or not."""
    script = Script(chain=chain)
    return _answering(script, lambda hello: script.answer(replace(hello, cipher_suites=tuple(script.suites))))


def pkcs1_at_tls_1_3(chain: Chain) -> Behaviour:
    """TLS 1.3 alone, in earnest up to a CertificateVerify of RSASSA-PKCS1-v1_5."""
    script = Script(versions=(TLS_1_3,), groups=(_X25519,))
    certificate = CertificateMessage(certificates=chain, entry_extensions=({},) * len(chain))
    proof = CertificateVerify(scheme=_RSA_PKCS1_SHA256, signature=bytes(256), content=b"")
    flight = EncryptedExtensions({}).handshake() + certificate.handshake(TLS_1_3) + proof.handshake()

    def answer(hello: ClientHello) -> bytes:
        offered = {extension.type: extension.data for extension in hello.extensions or ()}
        if _X25519 not in dict(parse_offered_key_share(offered.get(ExtensionType.KEY_SHARE, b"\x00\x00"))):
            return script.answer(hello)
        server = ScriptedTls13(hello.records())
        return server.hello + server.flight(flight)

    return _answering(script, answer)


def _answering(script: Script, answer: Callable[[ClientHello], bytes]) -> Behaviour:
    def play(connection: Connection) -> None:
        hello = connection.hello()
        try:
            said = answer(hello) if isinstance(hello, ClientHello) else script.refusal(Refused())
        except Refused as refused:
            said = script.refusal(refused)
        connection.sock.sendall(said)
        connection.sock.shutdown(socket.SHUT_WR)
        connection.drain()

    return play
