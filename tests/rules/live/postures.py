"""Named postures: each starts one server of the lab that shows some flaws, or none, and gives its port.

A packaged server plays the part where one can; a script, where the flaw has left every package.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dh
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.lab import vulnerable
from tests.lab.injectable import injectable
from tests.lab.pki import NAMES, write_private
from tests.lab.postgres import start_postgres
from tests.lab.process import HOST, reserved_port
from tests.lab.scripted import Behaviour, ScriptedServer
from tests.lab.servers import Lab
from tests.lab.splitting import by_version
from tests.lab.upgrading import upgrading
from tests.rules.live.scripts import (
    SCRIPTS,
    Chain,
    draft_28,
    intolerant_of_length,
    intolerant_of_suites,
    older_first,
    pkcs1_at_tls_1_3,
    two_back_ends,
    unoffered_choice,
)
from tlsaudit.data import dh_primes
from tlsaudit.demo.server import response
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation

STRONG = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
_MODERN = f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {STRONG}; ssl_ecdh_curve X25519:prime256v1;"
_TLS_1_2 = f"ssl_protocols TLSv1.2; ssl_ciphers {STRONG};"
_HSTS = "max-age=63072000; includeSubDomains; preload"
_DAY = timedelta(days=1)
_CUSTOM_PRIME = (1 << 2048) - 1942289
"""The largest safe prime of 2048 bits; no RFC and no product uses it."""
_REQUIRED = Expectation(client_auth=ClientAuthMode.REQUIRED)
_API = Expectation(kind="api")
_CLEAN = "<p>ok</p>"
_NO_CLIENT_AUTH = Expectation(client_auth=ClientAuthMode.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """How to start a server, and what its operator declares of it."""

    start: Callable[[Lab], int | tuple[int, int]]
    """The port; with it the one of plain HTTP, where the server has both."""
    expect: Expectation = field(default_factory=Expectation)
    trials: bool = False
    """Every client certificate of the lab is presented, right and wrong ones."""
    scheme: str = "https"


def _nginx(server: str) -> Posture:
    return Posture(start=lambda lab: lab.nginx(server, certificates=(lab.pki.rsa,)).port)


def _with_plain_http(plain: str, *, expect: Expectation | None = None) -> Posture:
    """nginx with a page of HTML, and with another server block without TLS."""

    def start(lab: Lab) -> tuple[int, int]:
        port = reserved_port()
        http = f"server {{ listen {HOST}:{port}; {plain} }}"
        return lab.nginx(f"{_MODERN} {_page(_CLEAN)}", http=http).port, port

    return Posture(start=start, expect=expect or Expectation())


def _page(html: str) -> str:
    return f'location = / {{ default_type text/html; return 200 "{html}"; }}'


def _closed_api(lab: Lab) -> tuple[int, int]:
    return lab.nginx(_MODERN).port, reserved_port()


def _temporary(lab: Lab) -> tuple[int, int]:
    port = reserved_port()
    rule = "  http-request redirect prefix https://localhost code 302 unless { ssl_fc }"
    return lab.haproxy(frontend=f"  bind {HOST}:{port}\n{rule}").port, port


def _leads_elsewhere(lab: Lab) -> tuple[int, int]:
    port = reserved_port()
    content = f"Redirect 404 /\n</VirtualHost>\nListen {HOST}:{port}\n<VirtualHost *:{port}>\n"
    return lab.apache(content=f"{content}Redirect permanent / http://www.localhost/\n").port, port


def _upgrades(lab: Lab) -> tuple[int, int]:
    return lab.nginx(_MODERN).port, lab.keep(ScriptedServer(upgrading(lab.pki.ecdsa))).port


def _of_several_services(lab: Lab) -> int:
    files = lab.pki.write("several", lab.pki.intermediate.issue("localhost", "mail.lab.test"))
    return lab.haproxy("alpn h2,http/1.1", certificate=files).port


def _mutual(verify: str, expect: Expectation | None = None, *, tls: str = _MODERN) -> Posture:
    """nginx that knows the lab's client CA."""

    def start(lab: Lab) -> int:
        return lab.nginx(f"{tls} ssl_client_certificate {lab.pki.client_ca_file}; ssl_verify_client {verify};").port

    return Posture(start=start, expect=expect or Expectation())


def _trials(start: Callable[[Lab], int]) -> Posture:
    return Posture(start=start, trials=True)


def _one_identity(lab: Lab) -> int:
    """nginx that verifies, reads the revocation list, and lets one subject in."""
    return lab.nginx(
        f"{_MODERN} ssl_client_certificate {lab.pki.client_ca_file}; ssl_crl {lab.pki.client_crl_file}; "
        'ssl_verify_client on; if ($ssl_client_s_dn !~ "client.lab.test") { return 403; }'
    ).port


def _checks_nothing(lab: Lab) -> int:
    bind = "verify required crt-ignore-err all ca-ignore-err all"
    return lab.haproxy(f"{bind} ssl-min-ver TLSv1.2 ca-file {lab.pki.client_ca_file}").port


def _by_path(lab: Lab) -> int:
    return lab.apache(
        f"SSLProtocol -all +TLSv1.2\nSSLCACertificateFile {lab.pki.client_ca_file}\n"
        "<Location />\nSSLVerifyClient require\n</Location>",
        content="",
    ).port


def _lax_at_tls_1_2(lab: Lab) -> int:
    """Two servers behind one address: what speaks TLS 1.2 asks for no certificate."""
    strict = f"ssl_client_certificate {lab.pki.client_ca_file}; ssl_verify_client on;"
    newer = lab.nginx(f"ssl_protocols TLSv1.3; {strict}").port
    older = lab.nginx(_TLS_1_2).port
    return lab.keep(ScriptedServer(by_version(newer, older))).port


def _haproxy(bind: str) -> Posture:
    return Posture(start=lambda lab: lab.haproxy(bind, certificate=lab.pki.rsa).port)


def _openssl(*options: str) -> Posture:
    return Posture(start=lambda lab: lab.openssl(*options, certificate=lab.pki.rsa).port)


def _scripted(behave: Callable[[Chain], Behaviour]) -> Posture:
    return Posture(start=lambda lab: lab.keep(ScriptedServer(behave(_rsa_chain(lab)))).port)


def _rsa_chain(lab: Lab) -> Chain:
    return tuple(each.public_bytes(serialization.Encoding.DER) for each in lab.pki.rsa.leaf.chain())


def _robot(lab: Lab) -> int:
    """An nginx with static RSA, and an oracle before it."""
    behind = lab.nginx("ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256:AES128-SHA;", certificates=(lab.pki.rsa,))
    key = lab.pki.rsa.leaf.key
    assert isinstance(key, RSAPrivateKey)
    return lab.keep(ScriptedServer(vulnerable.robot(behind.port, key.private_numbers()))).port


def _sending(*headers: str) -> Posture:
    """The standard library's TLS; every answer has these header fields."""

    def start(lab: Lab) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(lab.pki.ecdsa.chain, lab.pki.ecdsa.key)
        return lab.python(context, lambda _client: response("200 OK", b"ok\n", *headers)).port

    return Posture(start=start)


def _dhe(modulus: int) -> Posture:
    """DHE alone, at TLS 1.2."""

    def start(lab: Lab) -> int:
        pem = (
            dh.DHParameterNumbers(modulus, 2)
            .parameters()
            .parameter_bytes(serialization.Encoding.PEM, serialization.ParameterFormat.PKCS3)
        )
        file = write_private(lab.directory / f"dh-{modulus % 1_000_003}.pem", pem)
        ciphers = "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
        server = f"ssl_protocols TLSv1.2; ssl_ciphers {ciphers}; ssl_dhparam {file};"
        return lab.nginx(server, certificates=(lab.pki.rsa,)).port

    return Posture(start=start)


def _known_prime(name: str) -> int:
    return next(modulus for modulus, known in dh_primes._PRIMES.items() if known.name == name)


def _must_staple(age: timedelta | None) -> Posture:
    """A Must-Staple certificate, with a response that was good for a day from so long ago, or with none."""

    def start(lab: Lab) -> int:
        url = x509.UniformResourceIdentifier("http://ocsp.lab.test/")
        responder = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, url)
        leaf = lab.pki.intermediate.issue(
            *NAMES,
            extra=(
                (x509.AuthorityInformationAccess([responder]), False),
                (x509.TLSFeature([x509.TLSFeatureType.status_request]), False),
            ),
        )
        files = lab.pki.write(f"must-staple-{leaf.certificate.serial_number}", leaf)
        if age is None:
            return lab.openssl(certificate=files).port
        staple = write_private(files.chain.with_suffix(".ocsp"), _response(lab, leaf.certificate, age))
        return lab.openssl("-status_file", staple, certificate=files).port

    return Posture(start=start)


def _response(lab: Lab, about: x509.Certificate, age: timedelta) -> bytes:
    issuer = lab.pki.intermediate
    since = datetime.now(UTC) - age
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
    signed = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, issuer.certificate).sign(issuer.key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def _script(name: str) -> Posture:
    script = SCRIPTS[name]
    return Posture(start=lambda lab: lab.keep(ScriptedServer(replace(script, chain=_rsa_chain(lab)))).port)


_SOUND: Mapping[str, Posture] = {
    "modern": Posture(
        start=lambda lab: (
            lab.nginx(
                f'{_MODERN} add_header Strict-Transport-Security "{_HSTS}"; '
                'add_header Set-Cookie "session=1; Secure; HttpOnly";'
            ).port
        )
    ),
    "modern, RSA": _nginx(_MODERN),
    "post-quantum": Posture(start=lambda lab: lab.node({"ecdhCurve": "X25519MLKEM768:X25519"}).port),
    "strict server name": _haproxy("strict-sni"),
    "h2": _haproxy(f"alpn h2,http/1.1 ssl-min-ver TLSv1.2 ciphers {STRONG}"),
    "TLS 1.1 without h2": _haproxy(
        "alpn http/1.1 ssl-min-ver TLSv1.1 ssl-max-ver TLSv1.1 ciphers ECDHE-RSA-AES128-SHA:@SECLEVEL=0"
    ),
    "CBC with encrypt-then-MAC": _openssl("-cipher", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256"),
    "DHE of 3072 bits": _dhe(_known_prime("modp3072")),
    "stapled": _must_staple(timedelta(hours=1)),
    "declared mutual TLS": _mutual("on", _REQUIRED),
    "declared open": _mutual("off", _NO_CLIENT_AUTH),
    "mutual TLS at TLS 1.3": _mutual("on", tls="ssl_protocols TLSv1.3;"),
    "mutual TLS without CA names": _openssl("-Verify", "1"),
    "one identity": _trials(_one_identity),
    "redirects to HTTPS": _with_plain_http("return 301 https://localhost/;"),
    "API without plain HTTP": Posture(start=_closed_api, expect=_API),
    "PostgreSQL with hostssl": Posture(start=lambda lab: start_postgres(lab).port, scheme="postgres"),
}

_FLAWED: Mapping[str, Posture] = {
    **{name: _script(name) for name in SCRIPTS},
    # Versions and cipher suites.
    "SSL 3.0": Posture(
        start=lambda lab: (
            lab.tlslite(
                {
                    "minVersion": [3, 0],
                    "maxVersion": [3, 3],
                    "cipherNames": ["aes128gcm", "3des", "rc4"],
                    "macNames": ["aead", "sha", "md5"],
                }
            ).port
        )
    ),
    "up to TLS 1.1": _haproxy(
        "alpn h2 ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.1 ciphers ECDHE-RSA-AES128-SHA:@SECLEVEL=0"
    ),
    "TLS 1.2 only": _nginx(_TLS_1_2),
    "left-overs": _openssl(
        "-cipher",
        "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CAMELLIA128-SHA256:DHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256:"
        "AES128-CCM8:PSK-AES128-GCM-SHA256:AECDH-AES128-SHA:ECDHE-RSA-NULL-SHA:@SECLEVEL=0",
        "-ciphersuites",
        "TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_8_SHA256",
        "-psk",
        "c0ffee",
    ),
    "static RSA only": _nginx("ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256;"),
    "static RSA first": _nginx(
        "ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256;ssl_prefer_server_ciphers on;"
    ),
    "CBC only": _openssl("-tls1_2", "-no_etm", "-cipher", "ECDHE-RSA-AES128-SHA256"),
    # Key exchange.
    "DHE of 1024 bits": _dhe(_known_prime("modp1024")),
    "DHE of 2048 custom bits": _dhe(_CUSTOM_PRIME),
    "small curves": _openssl(
        "-tls1_2", "-curves", "secp192r1:secp224r1", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
    ),
    "one large curve": _openssl("-curves", "secp521r1", "-cipher", "ECDHE+AESGCM"),
    # Signatures and status.
    "SHA-1 in the handshake": _openssl("-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ECDHE+AESGCM:@SECLEVEL=0"),
    "PKCS #1 at TLS 1.3": _scripted(pkcs1_at_tls_1_3),
    "no staple": _must_staple(None),
    "old staple": _must_staple(7 * _DAY),
    # Extensions, behaviours, HTTP/2.
    "GnuTLS without extensions": Posture(
        start=lambda lab: (
            lab.gnutls(
                "NORMAL:%NO_ETM:%NO_SESSION_HASH:%DISABLE_SAFE_RENEGOTIATION", "--heartbeat", certificate=lab.pki.rsa
            ).port
        )
    ),
    "unoffered choice": _scripted(unoffered_choice),
    "intolerant of suites": _scripted(intolerant_of_suites),
    "intolerant of length": _scripted(intolerant_of_length),
    "older version first": _scripted(older_first),
    "TLS 1.3 draft": _scripted(draft_28),
    "two back ends": _scripted(two_back_ends),
    "classical group first": Posture(start=lambda lab: lab.node({"ecdhCurve": "X25519:X25519MLKEM768"}).port),
    "long tickets, early data": _nginx(f"{_MODERN} ssl_session_timeout 2d; ssl_early_data on;"),
    "NPN": _openssl("-tls1_2", "-nextprotoneg", "http/1.1"),
    "h2 over CBC": _haproxy("alpn h2 ssl-max-ver TLSv1.2 ciphers ECDHE-RSA-AES128-SHA256"),
    "h2 without its suite": _haproxy("alpn h2 ssl-max-ver TLSv1.2 ciphers ECDHE-RSA-AES256-GCM-SHA384"),
    # Attacks.
    "Heartbleed": _scripted(vulnerable.heartbleed),
    "CCS injection": _scripted(vulnerable.ccs_injection),
    "ROBOT": Posture(start=_robot),
    # HTTP.
    "no HSTS": _sending(),
    "careless headers": _sending(
        "Strict-Transport-Security: max-age=300; preload",
        "Set-Cookie: session=1; HttpOnly",
        'Public-Key-Pins: pin-sha256="AAAA"; max-age=60',
        "Expect-CT: max-age=60",
    ),
    "page over plain HTTP": _with_plain_http("return 200 ok;"),
    "redirects elsewhere": Posture(start=_leads_elsewhere),
    "redirects for now": Posture(start=_temporary),
    "API that redirects": _with_plain_http("return 301 https://localhost/;", expect=_API),
    "upgrade from plain HTTP": Posture(start=_upgrades),
    "back to plain HTTP": _nginx(f"{_MODERN} location = / {{ return 302 http://localhost/; }}"),
    "page with an old script": _nginx(
        f"{_MODERN} gzip on; gzip_min_length 1; {_page('<script src=http://localhost/old.js></script>')}"
    ),
    "several services": Posture(start=_of_several_services),
    "HTTP/2 with renegotiation": Posture(
        start=lambda lab: lab.gnutls("NORMAL:-VERS-TLS1.3", "--alpn", "h2", certificate=lab.pki.rsa).port
    ),
    # Services that begin in plain text.
    "PostgreSQL without hostssl": Posture(
        start=lambda lab: start_postgres(lab, hba="host all all all scram-sha-256").port, scheme="postgres"
    ),
    "PostgreSQL that takes injections": Posture(
        start=lambda lab: lab.keep(ScriptedServer(injectable(lab.pki.ecdsa))).port, scheme="postgres"
    ),
    "broken HSTS": _sending("Strict-Transport-Security: max-age=soon"),
    # Client authentication.
    "mutual TLS at TLS 1.2": _mutual("on", tls=_TLS_1_2),
    "mutual TLS with SHA-1": _mutual("on", tls=_TLS_1_2.replace(STRONG, f"{STRONG}:@SECLEVEL=0")),
    "mutual TLS not enforced": _mutual("optional", _REQUIRED),
    "mutual TLS not asked for": _mutual("off", _REQUIRED),
    "mutual TLS by surprise": _mutual("on", _NO_CLIENT_AUTH),
    "mutual TLS that checks nothing": _trials(_checks_nothing),
    "mutual TLS of another CA": _trials(
        lambda lab: lab.nginx(f"{_MODERN} ssl_client_certificate {lab.pki.root_file}; ssl_verify_client on;").port
    ),
    "mutual TLS by renegotiation": Posture(start=_by_path),
    "mutual TLS at TLS 1.3 alone": Posture(start=_lax_at_tls_1_2),
    "mutual TLS with early data": _mutual("on", tls=f"{_MODERN} ssl_early_data on;"),
}

POSTURES: Mapping[str, Posture] = {**_SOUND, **_FLAWED}
"""By name. What is declared of a server is part of its posture."""
