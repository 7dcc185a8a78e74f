"""Named postures: each starts one server of the lab that shows some flaws, or none, and gives its port.

A packaged server plays the part where one can; a script, where the flaw has left every package.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dh
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.lab.pki import NAMES, CertificateFiles, write_private
from tests.lab.script import SECP192R1_EXPLICIT, Script
from tests.lab.scripted import Behaviour, Connection, ScriptedServer
from tests.lab.servers import Lab
from tlsaudit.data import dh_primes
from tlsaudit.demo.server import response
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation
from tlsaudit.wire.certificate import CertificateMessage, CertificateVerify
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import TLS_1_2, TLS_1_3, AlertDescription, AlertLevel, ExtensionType
from tlsaudit.wire.extensions import parse_offered_key_share
from tlsaudit.wire.messages import EncryptedExtensions
from tlsaudit.wire.records import alert_record
from tools.fuzz_wire import ScriptedTls13

_STRONG = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
_HSTS = "max-age=63072000; includeSubDomains; preload"
_DAY = timedelta(days=1)
_X25519 = 0x001D
_RSA_PKCS1_SHA256 = 0x0401


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """How to start a server, and what its operator declares of it."""

    start: Callable[[Lab], int]
    expect: Expectation = field(default_factory=Expectation)


def _nginx(server: str, *, rsa: bool = False) -> Posture:
    return Posture(start=lambda lab: lab.nginx(server, certificates=(lab.pki.rsa if rsa else lab.pki.ecdsa,)).port)


def _haproxy(bind: str) -> Posture:
    return Posture(start=lambda lab: lab.haproxy(bind, certificate=lab.pki.rsa).port)


def _openssl(*options: str) -> Posture:
    return Posture(start=lambda lab: lab.openssl(*options, certificate=lab.pki.rsa).port)


def _script(script: Script) -> Posture:
    return Posture(start=lambda lab: lab.keep(ScriptedServer(replace(script, chain=_rsa_chain(lab)))).port)


def _behaviour(behaviour: Callable[[Lab], Behaviour]) -> Posture:
    return Posture(start=lambda lab: lab.keep(ScriptedServer(behaviour(lab))).port)


def _rsa_chain(lab: Lab) -> tuple[bytes, ...]:
    return tuple(each.public_bytes(serialization.Encoding.DER) for each in lab.pki.rsa.leaf.chain())


def _sending(*headers: str) -> Posture:
    """A server whose every answer has these header fields."""

    def start(lab: Lab) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(lab.pki.ecdsa.chain, lab.pki.ecdsa.key)
        return lab.python(context, lambda _client: response("200 OK", b"ok\n", *headers)).port

    return Posture(start=start)


def _dhe(name: str | None = None, *, p: int = 0) -> Posture:
    """DHE alone at TLS 1.2, with the well-known prime `name`, or with `p`."""
    modulus = p or next(value for value, known in dh_primes._PRIMES.items() if known.name == name)

    def start(lab: Lab) -> int:
        parameters = dh.DHParameterNumbers(modulus, 2).parameters()
        pem = parameters.parameter_bytes(serialization.Encoding.PEM, serialization.ParameterFormat.PKCS3)
        file = write_private(lab.directory / f"dh-{modulus % 10**9}.pem", pem)
        ciphers = "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
        return lab.openssl("-tls1_2", "-cipher", ciphers, "-dhparam", file, certificate=lab.pki.rsa).port

    return Posture(start=start)


def _mutual(server: str, mode: ClientAuthMode | None = None) -> Posture:
    """nginx that knows the lab's client CA, with the declared `mode`."""

    def start(lab: Lab) -> int:
        return lab.nginx(f"ssl_client_certificate {lab.pki.client_ca_file}; {server}").port

    return Posture(start=start, expect=Expectation(client_auth=mode))


def _stapling(age: timedelta | None) -> Posture:
    """A Must-Staple certificate, with a staple that is so old and good for a day, or without one."""

    def start(lab: Lab) -> int:
        issuer = lab.pki.intermediate
        responder = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.lab.test/")
        )
        extra: list[tuple[x509.ExtensionType, bool]] = [
            (x509.AuthorityInformationAccess([responder]), False),
            (x509.TLSFeature([x509.TLSFeatureType.status_request]), False),
        ]
        leaf = issuer.issue(*NAMES, extra=extra)
        files = lab.pki.write(f"stapling-{age}".replace(" ", "-"), leaf)
        if age is None:
            return lab.openssl(certificate=files).port
        staple = _staple(lab, leaf.certificate, datetime.now(UTC) - age, files)
        return lab.openssl("-status_file", staple, certificate=files).port

    return Posture(start=start)


def _staple(lab: Lab, about: x509.Certificate, since: datetime, files: CertificateFiles) -> Path:
    issuer = lab.pki.intermediate
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about,
        issuer=issuer.certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=since,
        next_update=since + _DAY,
        revocation_time=None,
        revocation_reason=None,
    )
    signed = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, issuer.certificate).sign(
        issuer.key, hashes.SHA256()
    )
    return write_private(files.chain.with_suffix(".ocsp"), signed.public_bytes(serialization.Encoding.DER))


def _unoffered(lab: Lab) -> Behaviour:
    """Answers every hello with one and the same cipher suite, offered or not."""
    script = Script(suites={0xC02F: "ECDHE"}, chain=_rsa_chain(lab))

    def play(connection: Connection) -> None:
        hello = connection.hello()
        if isinstance(hello, ClientHello):
            connection.sock.sendall(script.answer(replace(hello, cipher_suites=tuple(script.suites))))
            connection.drain()

    return play


def _pkcs1_at_tls_1_3(lab: Lab) -> Behaviour:
    """TLS 1.3 alone, in earnest up to a CertificateVerify of RSASSA-PKCS1-v1_5."""
    script = Script(versions=(TLS_1_3,), groups=(_X25519,))
    certificate = CertificateMessage(certificates=_rsa_chain(lab), entry_extensions=({}, {}))
    proof = CertificateVerify(scheme=_RSA_PKCS1_SHA256, signature=bytes(256), content=b"")
    flight = EncryptedExtensions({}).handshake() + certificate.handshake(TLS_1_3) + proof.handshake()

    def play(connection: Connection) -> None:
        hello = connection.hello()
        if not isinstance(hello, ClientHello) or not _offers(hello, ExtensionType.SUPPORTED_VERSIONS):
            connection.sock.sendall(alert_record(AlertLevel.FATAL, AlertDescription.PROTOCOL_VERSION))
        elif _X25519 in dict(parse_offered_key_share(_offered(hello)[ExtensionType.KEY_SHARE])):
            server = ScriptedTls13(hello.records())
            connection.sock.sendall(server.hello + server.flight(flight))
        else:
            connection.sock.sendall(script.answer(hello))
        connection.drain()

    return play


def _offered(hello: ClientHello) -> dict[int, bytes]:
    return {extension.type: extension.data for extension in hello.extensions or ()}


def _offers(hello: ClientHello, extension: ExtensionType) -> bool:
    return extension in _offered(hello)


_ECDHE_RSA = {0xC02F: "ECDHE"}
_MUSEUM = {
    **_ECDHE_RSA,
    0xCC13: "ECDHE",  # ChaCha20-Poly1305 of the draft
    0xC031: "ECDH",  # TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256
    0x0007: "RSA",  # IDEA
    0x0009: "RSA",  # DES
    0x0003: "RSA_EXPORT",  # RC4 of 40 bits
}

POSTURES: Mapping[str, Posture] = {
    # Sound ones.
    "modern": _nginx(
        f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {_STRONG}; ssl_ecdh_curve X25519:prime256v1;"
        f'add_header Strict-Transport-Security "{_HSTS}"; add_header Set-Cookie "session=1; Secure; HttpOnly";'
    ),
    "modern, RSA": _nginx(
        f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {_STRONG}; ssl_ecdh_curve X25519:prime256v1;", rsa=True
    ),
    "post-quantum": Posture(start=lambda lab: lab.node({"ecdhCurve": "X25519MLKEM768:X25519"}).port),
    "CBC with encrypt-then-MAC": _openssl("-cipher", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256"),
    "DHE of 3072 bits": _dhe("ffdhe3072"),
    "h2": _haproxy(f"alpn h2,http/1.1 ssl-min-ver TLSv1.2 ciphers {_STRONG}"),
    "stapled": _stapling(timedelta(hours=1)),
    # Versions.
    "SSL 2.0": _script(Script(ssl2_kinds=(0x010080, 0x0700C0))),
    "SSL 3.0": Posture(
        start=lambda lab: lab.tlslite(
            {
                "minVersion": [3, 0],
                "maxVersion": [3, 3],
                "cipherNames": ["aes128gcm", "3des", "rc4"],
                "macNames": ["aead", "sha", "md5"],
            }
        ).port
    ),
    "up to TLS 1.1": _haproxy(
        "alpn h2 ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.1 ciphers ECDHE-RSA-AES128-SHA:@SECLEVEL=0"
    ),
    "TLS 1.2 only": _nginx(f"ssl_protocols TLSv1.2; ssl_ciphers {_STRONG};"),
    # Cipher suites.
    "left-overs": _openssl(
        "-cipher",
        "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CAMELLIA128-SHA256:DHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256:"
        "AES128-CCM8:PSK-AES128-GCM-SHA256:AECDH-AES128-SHA:ECDHE-RSA-NULL-SHA:@SECLEVEL=0",
        "-ciphersuites",
        "TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_8_SHA256",
        "-psk",
        "c0ffee",
    ),
    "museum": _script(Script(suites=_MUSEUM)),
    "static RSA only": _nginx("ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256;", rsa=True),
    "static RSA first": _nginx(
        "ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256;"
        "ssl_prefer_server_ciphers on;",
        rsa=True,
    ),
    "CBC only": _openssl("-tls1_2", "-no_etm", "-cipher", "ECDHE-RSA-AES128-SHA256"),
    # Key exchange.
    "DHE of 768 bits": _dhe("modp768"),
    "DHE of 1024 bits": _dhe("modp1024"),
    "DHE of a custom prime": _dhe(p=(1 << 2048) - 1942289),
    "DHE of a composite": _script(Script(suites={0x009E: "DHE"}, dh=((1 << 2048) - 1, 2))),
    "small curves": _openssl(
        "-tls1_2", "-curves", "secp192r1:secp224r1", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
    ),
    "one large curve": _openssl("-curves", "secp521r1"),
    "explicit curve": _script(Script(explicit_curve=SECP192R1_EXPLICIT)),
    "Kyber draft": _script(Script(versions=(TLS_1_3,), groups=(0x6399, _X25519))),
    # Signatures and status.
    "SHA-1 in the handshake": _openssl("-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ALL:@SECLEVEL=0"),
    "PKCS #1 at TLS 1.3": _behaviour(_pkcs1_at_tls_1_3),
    "not stapled": _stapling(None),
    "old staple": _stapling(7 * _DAY),
    # Extensions and behaviours.
    "GnuTLS without extensions": Posture(
        start=lambda lab: lab.gnutls(
            "NORMAL:%NO_ETM:%NO_SESSION_HASH:%DISABLE_SAFE_RENEGOTIATION", "--heartbeat", certificate=lab.pki.rsa
        ).port
    ),
    "withdrawn extensions": _script(
        Script(
            extensions={ExtensionType.TRUNCATED_HMAC: b"", ExtensionType.EC_POINT_FORMATS: b"\x01\x01"},
            compression=True,
            fixed_public=bytes(range(32)),
        )
    ),
    "unoffered choice": _behaviour(_unoffered),
    # HTTP.
    "h2 over CBC": _haproxy("alpn h2 ssl-max-ver TLSv1.2 ciphers ECDHE-RSA-AES128-SHA256"),
    "h2 without its suite": _haproxy("alpn h2 ssl-max-ver TLSv1.2 ciphers ECDHE-RSA-AES256-GCM-SHA384"),
    "no HSTS": _sending(),
    "careless headers": _sending(
        "Strict-Transport-Security: max-age=300; preload",
        "Set-Cookie: session=1; HttpOnly",
        'Public-Key-Pins: pin-sha256="AAAA"; max-age=60',
        "Expect-CT: max-age=60",
    ),
    "broken HSTS": _sending("Strict-Transport-Security: max-age=soon"),
    # Client authentication.
    "mutual TLS": _mutual("ssl_verify_client on;", ClientAuthMode.REQUIRED),
    "mutual TLS at TLS 1.3": _mutual("ssl_verify_client on; ssl_protocols TLSv1.3;"),
    "mutual TLS, SHA-1": _mutual("ssl_verify_client on; ssl_protocols TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;"),
    "mutual TLS, optional": _mutual("ssl_verify_client optional;", ClientAuthMode.REQUIRED),
    "mutual TLS, undeclared": _mutual("ssl_verify_client on;", ClientAuthMode.NONE),
    "mutual TLS without CA names": _openssl("-Verify", "1"),
    "declared mutual TLS": _mutual("", ClientAuthMode.REQUIRED),
    "declared open": _mutual("", ClientAuthMode.NONE),
}
"""By name. What is declared of a server is part of its posture."""

_ = TLS_1_2
