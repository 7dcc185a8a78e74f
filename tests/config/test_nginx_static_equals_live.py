"""nginx configurations that are linted, started for real with Debian's nginx, and scanned: both must agree."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.config.static_and_live import both, differences
from tests.lab.pki import LabPki
from tests.lab.servers import Lab
from tlsaudit.app import Anchors, load_anchors

DEBIAN = "nginx=1.22,openssl=3.0"


@dataclass(frozen=True, slots=True)
class Case:
    """Directives of the server and of http; `{pki}` is the folder of the lab's certificates."""

    name: str
    server: str
    http: str = ""
    keys: tuple[str, ...] = ("ecdsa",)


_OTHER = "server { listen 127.0.0.1:PORT ssl default_server; server_name other; ssl_protocols TLSv1.2 TLSv1.3;"
_PAIR = "ssl_certificate {chain}; ssl_certificate_key {key};"
_WITH_HTTP_2 = f"server {{ listen 127.0.0.1:PORT http2 ssl; server_name h2.test; {_PAIR} }}"

_REJECTS = (
    "server { listen 127.0.0.1:PORT ssl default_server; ssl_reject_handshake on; ssl_protocols TLSv1 TLSv1.1 TLSv1.2 "
    "TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0; %s }"
)

CASES = (
    Case("silent", ""),
    Case("silent with an RSA key", "", keys=("rsa",)),
    Case("modern", "ssl_protocols TLSv1.3;"),
    Case("both keys", "ssl_protocols TLSv1.2 TLSv1.3;", keys=("ecdsa", "rsa")),
    Case("old versions that the library refuses", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"),
    Case(
        "old versions that the level lets in",
        "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;",
        keys=("rsa",),
    ),
    Case("intermediate", "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;", keys=("rsa",)),
    Case(
        "the server's order",
        "ssl_ciphers AES128-SHA:ECDHE-RSA-AES256-GCM-SHA384; ssl_prefer_server_ciphers on;",
        keys=("rsa",),
    ),
    Case("suites for another key", "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;"),
    Case("DHE without parameters", "ssl_protocols TLSv1.2; ssl_ciphers DHE+AESGCM:ECDHE+AESGCM;", keys=("rsa",)),
    Case("DHE", "ssl_protocols TLSv1.2; ssl_ciphers DHE+AESGCM; ssl_dhparam {dh};", keys=("rsa",)),
    Case("null", "ssl_protocols TLSv1.2; ssl_ciphers eNULL:ECDHE:@SECLEVEL=0;", keys=("rsa",)),
    Case("level 3", "ssl_protocols TLSv1.2; ssl_ciphers ALL:!aNULL:@SECLEVEL=3;"),
    Case(
        "level 4 leaves nothing below AEAD", "ssl_protocols TLSv1.2; ssl_ciphers ALL:!aNULL:@SECLEVEL=2;", keys=("rsa",)
    ),
    Case("a default that rejects decides the versions", "ssl_ciphers ALL:@SECLEVEL=0;", _REJECTS % ""),
    Case("and what is lowest", "ssl_ciphers ALL:@SECLEVEL=0;", _REJECTS % "ssl_conf_command MinProtocol TLSv1.2;"),
    Case(
        "its own lowest has no say",
        "ssl_ciphers ALL:@SECLEVEL=0; ssl_conf_command MinProtocol TLSv1.3;",
        _REJECTS % "",
    ),
    Case(
        "and the suites of TLS 1.3",
        "ssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384;",
        _REJECTS % "ssl_conf_command Ciphersuites TLS_AES_128_CCM_8_SHA256:TLS_AES_128_GCM_SHA256;",
    ),
    Case("and early data", "", _REJECTS % "ssl_early_data on;"),
    Case("early data of one name has no effect", "ssl_early_data on;", _REJECTS % ""),
    Case("TLS 1.3 suites", "ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;"),
    Case(
        "more TLS 1.3 suites",
        "ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_CCM_SHA256:TLS_AES_256_GCM_SHA384;",
    ),
    Case("lowest version by command", "ssl_protocols TLSv1.2 TLSv1.3; ssl_conf_command MinProtocol TLSv1.3;"),
    Case("a gap in the versions", "ssl_protocols TLSv1 TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AES;"),
    Case("groups", "ssl_protocols TLSv1.3; ssl_ecdh_curve X448:secp384r1;"),
    Case("groups by command", "ssl_protocols TLSv1.3; ssl_conf_command Groups P-256:ffdhe2048;"),
    Case("client certificates", "ssl_verify_client on; ssl_client_certificate {clients};"),
    Case("client certificates, optional", "ssl_verify_client optional; ssl_client_certificate {clients};"),
    Case("client certificates, unchecked", "ssl_verify_client optional_no_ca;"),
    Case("HSTS", 'add_header Strict-Transport-Security "max-age=31536000" always;'),
    Case("HSTS inherited", "", http='add_header Strict-Transport-Security "max-age=600; preload";'),
    Case("HSTS lost", "add_header X-Other 1;", http='add_header Strict-Transport-Security "max-age=600";'),
    Case(
        "HSTS by map",
        "add_header Strict-Transport-Security $hsts always;",
        http='map $scheme $hsts { default ""; https "max-age=4"; }',
    ),
    Case("HSTS for /", 'location = / { add_header Strict-Transport-Security "max-age=1"; return 204; }'),
    Case("HSTS by expression", 'location ~ ^/$ { add_header Strict-Transport-Security "max-age=2"; return 301 /x; }'),
    Case("HSTS not with errors", 'location = / { add_header Strict-Transport-Security "max-age=3"; return 404; }'),
    Case("early data", "ssl_protocols TLSv1.2 TLSv1.3; ssl_early_data on;"),
    Case("stapling asked for", "ssl_stapling on;"),
    Case("settings of http", "", http="ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384;"),
    Case("settings of http, replaced", "ssl_protocols TLSv1.3;", http="ssl_protocols TLSv1.2;"),
    Case(
        "the default server decides on versions and groups",
        "ssl_protocols TLSv1.3; ssl_ecdh_curve X25519; ssl_ciphers ECDHE+CHACHA20; ssl_prefer_server_ciphers on;",
        http=f"ssl_certificate {{chain}}; ssl_certificate_key {{key}}; {_OTHER} ssl_ecdh_curve secp384r1:X25519; }}",
    ),
    Case(
        "client certificates of one name only",
        "ssl_verify_client on; ssl_client_certificate {clients};",
        http=f"ssl_certificate {{chain}}; ssl_certificate_key {{key}}; {_OTHER} }}",
    ),
    Case("HTTP/2", "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM;", http="{h2}"),
)


@pytest.fixture(scope="module")
def anchors(lab_pki: LabPki) -> Anchors:
    """What the certificates are judged by."""
    return load_anchors(lab_pki.root_file)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_file_and_wire_agree(lab: Lab, anchors: Anchors, case: Case) -> None:
    pki = lab.pki
    dh = lab.directory / "dh.pem"
    dh.write_text(DH_2048)
    places = {
        "{h2}": _WITH_HTTP_2,
        "{clients}": pki.client_ca_file,
        "{dh}": dh,
        "{chain}": pki.ecdsa.chain,
        "{key}": pki.ecdsa.key,
    }
    server, http = case.server, case.http
    for name, value in places.items():
        server, http = server.replace(name, str(value)), http.replace(name, str(value))
    certificates = [getattr(pki, key) for key in case.keys]
    static, live = both(lab, anchors, server, assume=DEBIAN, certificates=certificates, http=http)
    assert differences(static, live) == []
    assert not {"protocols", "client_auth.mode", "certificate_deployments"} & static.unknown.keys()


DH_2048 = """-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""
