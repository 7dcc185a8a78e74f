"""Postures that no packaged server can take any more, as scripts and behaviours of a scripted server."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.lab.script import SECP192R1_EXPLICIT, Refused, Script
from tests.lab.scripted import Behaviour, Connection
from tlsaudit.wire import EncryptedExtensions
from tlsaudit.wire.certificate import CertificateMessage, CertificateVerify
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import TLS_1_3, ExtensionType
from tlsaudit.wire.extensions import parse_offered_key_share
from tools.fuzz_wire import ScriptedTls13

_X25519 = 0x001D
_RSA_PKCS1_SHA256 = 0x0401
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
            0x0007: "RSA",  # IDEA
            0x0009: "RSA",  # DES
            0x0003: "RSA_EXPORT",  # RC4 of 40 bits
        }
    ),
    "DHE of 768 bits": Script(suites={0x009E: "DHE"}, dh=(_MODP768, 2)),
    "DHE of a composite": Script(suites={0x009E: "DHE"}, dh=((1 << 2048) - 1, 2)),
    "explicit curve": Script(explicit_curve=SECP192R1_EXPLICIT),
    "one ephemeral key": Script(suites={0xC02F: "ECDHE", 0xC030: "ECDHE"}, fixed_public=bytes(range(32))),
    "Kyber draft": Script(versions=(TLS_1_3,), groups=(0x6399, _X25519)),
    "withdrawn extensions": Script(
        extensions={ExtensionType.TRUNCATED_HMAC: b"", ExtensionType.EC_POINT_FORMATS: b"\x01\x01"}, compression=True
    ),
}


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
