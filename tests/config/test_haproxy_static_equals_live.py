"""HAProxy configurations that are linted, started for real with Debian's HAProxy, and scanned: both must agree."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import pytest

from tests.config.static_and_live import compared, differences, here
from tests.config.test_nginx_static_equals_live import DH_2048
from tests.lab.pki import LabPki
from tests.lab.servers import Lab
from tlsaudit.app import Anchors, load_anchors

DEBIAN = "haproxy=2.6,openssl=3.0"


@dataclass(frozen=True, slots=True)
class Case:
    """Options of the bind line, lines of `global` and of the frontend; `{dir}` is the folder of the configuration."""

    name: str
    bind: str = ""
    settings: str = ""
    frontend: str = ""
    key: str = "ecdsa"


_HSTS = 'set-header Strict-Transport-Security "max-age=31536000; includeSubDomains"'

CASES = (
    Case("silent"),
    Case("silent with an RSA key", key="rsa"),
    Case("modern", "ssl-min-ver TLSv1.3"),
    Case("old versions that the library refuses", "ssl-min-ver TLSv1.0"),
    Case("old versions that the level lets in", "ssl-min-ver TLSv1.0 ciphers ALL:@SECLEVEL=0", key="rsa"),
    Case("a highest version", "ssl-max-ver TLSv1.2"),
    Case("a highest version below the default of the lowest", "ssl-max-ver TLSv1.1 ciphers ALL:@SECLEVEL=0", key="rsa"),
    Case("one version forced", "force-tlsv12"),
    Case("versions taken away", "no-tlsv13 no-sslv3"),
    Case("flags beside bounds are ignored", "ssl-min-ver TLSv1.2 no-tlsv13"),
    Case("a hole is filled", "force-tlsv12 no-tlsv10"),
    Case("bounds of global", settings="ssl-default-bind-options ssl-min-ver TLSv1.3"),
    Case("bounds of global, replaced", "ssl-min-ver TLSv1.2", "ssl-default-bind-options ssl-min-ver TLSv1.3"),
    Case("flags of global", settings="ssl-default-bind-options no-tlsv12"),
    Case("flags of global beside bounds of the line", "ssl-min-ver TLSv1.2", "ssl-default-bind-options no-tlsv12"),
    Case("forced by global", "ssl-min-ver TLSv1.2", "ssl-default-bind-options force-tlsv13"),
    Case("ciphers", "ciphers ECDHE+AESGCM:ECDHE+CHACHA20"),
    Case("ciphers of global", settings="ssl-default-bind-ciphers AES128-SHA:ECDHE-RSA-AES256-GCM-SHA384", key="rsa"),
    Case("ciphers of global, replaced", "ciphers ECDHE+AES", "ssl-default-bind-ciphers AES128-SHA", key="rsa"),
    Case("suites for another key", "ciphers ECDHE-RSA-AES128-GCM-SHA256"),
    Case("DHE", "ssl-max-ver TLSv1.2 ciphers DHE+AESGCM", key="rsa"),
    Case(
        "DHE of a larger number",
        "ssl-max-ver TLSv1.2 ciphers DHE+AESGCM",
        "tune.ssl.default-dh-param 4096",
        key="rsa",
    ),
    Case("no DHE with an ECDSA key", "ssl-max-ver TLSv1.2 ciphers aNULL:ECDHE+AESGCM:@SECLEVEL=0"),
    Case("DHE from a file", "ssl-max-ver TLSv1.2 ciphers DHE+AESGCM", "ssl-dh-param-file {dir}/dh.pem", key="rsa"),
    Case("null", "ssl-max-ver TLSv1.2 ciphers eNULL:ECDHE:@SECLEVEL=0", key="rsa"),
    Case("level 3", "ssl-max-ver TLSv1.2 ciphers ALL:!aNULL:@SECLEVEL=3"),
    Case("the client's order", "prefer-client-ciphers ciphers AES128-SHA:ECDHE+AESGCM", key="rsa"),
    Case("TLS 1.3 suites", "ciphersuites TLS_AES_128_GCM_SHA256"),
    Case("TLS 1.3 suites of global", settings="ssl-default-bind-ciphersuites TLS_AES_256_GCM_SHA384"),
    Case("curves", "curves X448:secp384r1 ssl-min-ver TLSv1.3"),
    Case("curves of global", settings="ssl-default-bind-curves P-256"),
    Case("one curve", "ecdhe secp384r1 ssl-min-ver TLSv1.3", key="rsa"),
    Case("client certificates", "verify required ca-file {dir}/clients.pem"),
    Case("client certificates, optional", "verify optional ca-file {dir}/clients.pem"),
    Case("client certificates, errors ignored", "verify required ca-file {dir}/clients.pem crt-ignore-err all"),
    Case("HSTS", frontend=f"http-after-response {_HSTS}"),
    Case("HSTS not with one's own answers", frontend=f"http-response {_HSTS}"),
    Case("HSTS over TLS", frontend=f"http-after-response {_HSTS} if {{ ssl_fc }}"),
    Case("HSTS in clear only", frontend=f"http-after-response {_HSTS} unless {{ ssl_fc }}"),
    Case("HSTS with a redirect", frontend=f"http-after-response {_HSTS}\nhttp-request redirect location /x"),
    Case("HSTS with an answer", frontend='http-request return status 200 hdr Strict-Transport-Security "max-age=5"'),
    Case("HSTS taken away", frontend=f"http-after-response {_HSTS}\nhttp-after-response del-header ^strict -m reg"),
    Case("HSTS not taken away", frontend=f"http-after-response {_HSTS}\nhttp-after-response del-header ^Strict -m reg"),
    Case(
        "HSTS replaced",
        frontend=f"http-after-response {_HSTS}\n"
        "http-after-response replace-header Strict-Transport-Security .* max-age=1",
    ),
    Case("HSTS behind allow", frontend=f"http-after-response allow if {{ ssl_fc }}\nhttp-after-response {_HSTS}"),
    Case("HSTS under a path", frontend=f"http-after-response {_HSTS} if {{ path / }}"),
    Case("HSTS without a path", frontend=f"http-after-response {_HSTS} unless {{ path / }}"),
    Case(
        "HSTS taken away by the frontend",
        frontend="http-after-response del-header Strict-Transport-Security\ndefault_backend app\n"
        f"backend app\nhttp-after-response {_HSTS}",
    ),
    Case(
        "HSTS of a backend that a redirect does not get to",
        frontend=f"redirect location /x if {{ path / }}\ndefault_backend app\nbackend app\nhttp-after-response {_HSTS}",
    ),
    Case(
        "HSTS of a backend that allows",
        frontend=f"http-after-response {_HSTS}\nuse_backend app if {{ path_beg / }}\n"
        "backend app\nhttp-after-response allow",
    ),
    Case("HTTP/2", "alpn h2,http/1.1"),
    Case("early data", "allow-0rtt"),
    Case("a condition", settings=".if version_atleast(2.4)\nssl-default-bind-options ssl-min-ver TLSv1.3\n.endif"),
    Case(
        "a condition that does not hold",
        settings=".if version_atleast(9.0)\nssl-default-bind-options ssl-min-ver TLSv1.3\n.else\n"
        "ssl-default-bind-ciphers ECDHE+AES256\n.endif",
    ),
    Case("environment", 'ciphers "$LISTED"', "setenv LISTED ECDHE+AESGCM"),
    Case("quotes", "ciphers 'ECDHE+AESGCM':\"ECDHE+AES\" ssl-min-ver TLSv1.2 # no-tlsv13"),
    Case("a list", "crt-list {dir}/list.txt"),
    Case("strict", "strict-sni"),
)


@pytest.fixture(scope="module")
def anchors(lab_pki: LabPki) -> Anchors:
    """What the certificates are judged by."""
    return load_anchors(lab_pki.root_file)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_file_and_wire_agree(lab: Lab, anchors: Anchors, case: Case) -> None:
    certificate = here(lab, getattr(lab.pki, case.key))
    (lab.directory / "dh.pem").write_text(DH_2048)
    (lab.directory / "list.txt").write_text(f"{certificate.combined} [ssl-min-ver TLSv1.3] other.example.com\n")
    shutil.copy(lab.pki.client_ca_file, lab.directory / "clients.pem")
    running = lab.haproxy(
        case.bind.replace("{dir}", str(lab.directory)),
        certificate=certificate,
        settings=case.settings.replace("{dir}", str(lab.directory)),
        frontend=case.frontend,
    )
    static, live = compared(lab, anchors, running, name=f"lab:{running.port}", assume=DEBIAN)
    assert differences(static, live) == []
    assert not {"protocols", "client_auth.mode", "certificate_deployments"} & static.unknown.keys()
