"""Commands made from what was seen: openssl offers the very suite or group, and a real server takes it."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from tests.lab.pki import LabPki
from tests.lab.process import HOST
from tests.lab.servers import Lab, requires
from tests.rules.facts import AT, TLS_1_0, TLS_1_2, TLS_1_3, groups, judged, known, sound, speaks, with_suites
from tlsaudit.model.facts import Facts, KeyExchange, Session
from tlsaudit.rules.commands import GET, VERIFY, show_item, suited

_SHOW = "openssl s_client -connect {connect} -servername {servername} "


@pytest.mark.parametrize(
    ("observed", "options"),
    [
        (
            "TLS_RSA_WITH_AES_128_GCM_SHA256 at TLSv1.2",
            "-tls1_2 -cipher AES128-GCM-SHA256:@SECLEVEL=0 </dev/null",
        ),
        (
            "TLS_RSA_WITH_RC4_128_SHA at TLSv1.0, TLSv1.2",
            "-tls1 -cipher RC4-SHA:@SECLEVEL=0 </dev/null  # needs an openssl that was built with this suite",
        ),
        ("TLS_AES_128_CCM_8_SHA256 at TLSv1.3", "-tls1_3 -ciphersuites TLS_AES_128_CCM_8_SHA256 </dev/null"),
        ("secp521r1 at TLSv1.2, TLSv1.3", "-tls1_2 -cipher ALL:@SECLEVEL=0 -groups secp521r1 </dev/null"),
        (
            "TLS_PSK_WITH_AES_128_GCM_SHA256 at TLSv1.2",
            (
                "-tls1_2 -psk KEY -cipher PSK-AES128-GCM-SHA256:@SECLEVEL=0 </dev/null"
                "  # KEY: the server's pre-shared key, in hexadecimal"
            ),
        ),
        (
            "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256 at TLSv1.2",
            (
                "-tls1_2 -cipher ECDH-RSA-AES128-GCM-SHA256 </dev/null"
                "  # needs OpenSSL 1.0.2: later versions have no such suite"
            ),
        ),
        ("X25519MLKEM768 at TLSv1.3", "-tls1_3 -groups X25519MLKEM768 </dev/null  # needs OpenSSL 3.5"),
        ("x25519 at TLSv1.3", "-tls1_3 -groups X25519 </dev/null"),
    ],
)
def test_what_is_named_is_what_is_offered(observed: str, options: str) -> None:
    assert show_item([observed]) == f"{_SHOW}{options}"


@pytest.mark.parametrize(
    "observed",
    [
        "",
        "DH, 1024 bits",
        "TLS_NO_SUCH_SUITE at TLSv1.2",
        "x at TLSv1.2",
        "SSL at SSLv2",
        "OLD_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 at TLSv1.2",
        "X25519Kyber768Draft00 at TLSv1.3",
    ],
)
def test_what_openssl_has_no_name_for_has_no_command(observed: str) -> None:
    assert show_item([observed]) is None
    assert show_item([observed, "x25519 at TLSv1.3"]) == f"{_SHOW}-tls1_3 -groups X25519 </dev/null"


def test_a_finding_without_a_command_of_its_rule_gets_one() -> None:
    found = judged("TLS-CIPH-006", with_suites(0x000A, version=TLS_1_0))
    assert found.reproduce is not None
    assert "-connect 192.0.2.1:443 -servername shop.example.com -tls1 -cipher DES-CBC3-SHA:" in found.reproduce
    assert judged("TLS-KEX-008", sound(groups=groups({TLS_1_2: (29, 19)}))).reproduce is not None


_AT_1_2 = KeyExchange(version=TLS_1_2, suite=0xC02F, basis=AT)


_SHA1 = known((replace(_AT_1_2, signature_scheme=0x0201),))
_SHA256 = known((replace(_AT_1_2, signature_scheme=0x0401),))
_NO_BINDING = Session(secure_renegotiation=known(False))


@pytest.mark.parametrize(
    ("facts", "options"),
    [
        (sound(), ""),
        (sound(protocols=speaks(TLS_1_2)), ""),
        (sound(groups=groups({TLS_1_2: (19, 21)})), " -groups prime192v1:secp224r1 -cipher ALL:@SECLEVEL=0"),
        (sound(groups=groups({TLS_1_2: (19, 29)})), ""),
        (sound(session=_NO_BINDING), " -legacy_server_connect"),
        (sound(session=_NO_BINDING, protocols=speaks(TLS_1_3)), ""),
        (sound(protocols=speaks(TLS_1_0)), " -cipher ALL:@SECLEVEL=0"),
        (sound(protocols=speaks(TLS_1_2), key_exchanges=_SHA1), " -cipher ALL:@SECLEVEL=0"),
        (sound(protocols=speaks(TLS_1_2), key_exchanges=_SHA256), ""),
    ],
)
def test_openssl_is_allowed_what_the_server_needs(facts: Facts, options: str) -> None:
    assert suited(VERIFY, facts) == VERIFY.replace("s_client", f"s_client{options}")
    asked = suited(GET, facts)
    assert asked.startswith("printf 'GET / " if options else "curl ")
    assert options in asked
    other = "curl -H x https://{servername}/"
    assert ("  # needs a curl" in suited(other, facts)) == bool(options)
    assert suited("openssl s_client -tls1_3 -x", sound(protocols=speaks(TLS_1_0))) == "openssl s_client -tls1_3 -x"


def test_openssl_shows_the_suite_and_the_group(lab: Lab, lab_pki: LabPki) -> None:
    requires("openssl")
    port = lab.nginx("ssl_ciphers kRSA+AESCCM8:ECDHE; ssl_ecdh_curve secp521r1;", certificates=[lab_pki.rsa]).port
    for observed, words in (
        ("TLS_RSA_WITH_AES_128_CCM_8 at TLSv1.2", "Cipher is AES128-CCM8"),
        ("secp521r1 at TLSv1.2", "Server Temp Key: ECDH, secp521r1"),
    ):
        command = show_item([observed])
        assert command is not None
        done = subprocess.run(
            command.format(connect=f"{HOST}:{port}", servername="localhost"),
            shell=True,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert words in done.stdout, done.stdout + done.stderr
