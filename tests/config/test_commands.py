"""Commands for OpenSSL, which replace what nginx and Apache were told by their own directives."""

from __future__ import annotations

import socket
import ssl
import warnings
from typing import Any

import pytest

from tests.config.linting import Bench, listener, results
from tests.lab.servers import Lab
from tlsaudit.model import document as doc
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation

_NGINX = (
    "events {{}} http {{ server {{ listen 443 ssl; server_name shop.example.com; ssl_certificate server.pem; "
    "ssl_certificate_key server.key; add_header Strict-Transport-Security max-age=63072000 always; {} }} }}"
)
_APACHE = (
    "Listen 443\n<VirtualHost *:443>\nServerName shop.example.com\nSSLEngine on\nSSLCertificateFile server.pem\n"
    "SSLCertificateKeyFile server.key\n{}\n</VirtualHost>\n"
)
_OLD = {"TLSv1.0", "TLSv1.1", "TLSv1.2"}


def lint_nginx(bench: Bench, text: str, **options: Any) -> doc.Document:
    return bench.lint(_NGINX.format(text), **options)


def spoken(subject: doc.Subject) -> set[str]:
    assert subject.facts is not None
    return {version for version, verdict in subject.facts.protocols.items() if verdict == "accepted"}


_STRINGS = [
    ("ALL@SECLEVEL=0", ["ECDHE-ECDSA-AES128-SHA"], _OLD),
    ("ALL", ["ECDHE-ECDSA-AES128-SHA"], {"TLSv1.2"}),
    ("ALL", ["ALL@SECLEVEL=0", "ECDHE-ECDSA-AES128-SHA"], _OLD),
    ("ALL@SECLEVEL=0", ["ALL@SECLEVEL=2", "ECDHE-ECDSA-AES128-SHA"], {"TLSv1.2"}),
    ("ALL@SECLEVEL=2", ["ECDHE-ECDSA-AES128-SHA@SECLEVEL=0"], _OLD),
]
"""A cipher string, what commands say after it, and the versions that OpenSSL 3.0 then speaks."""


def _of_nginx(first: str, then: list[str]) -> str:
    commands = "".join(f"ssl_conf_command CipherString {each}; " for each in then)
    return f"ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers {first}; {commands}"


@pytest.mark.parametrize(("first", "then", "versions"), _STRINGS)
def test_a_level_outlives_the_string_that_set_it(bench: Bench, first: str, then: list[str], versions: set[str]) -> None:
    found = listener(lint_nginx(bench, _of_nginx(first, then), assume="nginx=1.22,openssl=3.0"))
    assert spoken(found) == versions


@pytest.mark.parametrize(("first", "then", "versions"), _STRINGS)
def test_so_it_does_in_apache(bench: Bench, first: str, then: list[str], versions: set[str]) -> None:
    lines = ["SSLProtocol -all +TLSv1 +TLSv1.1 +TLSv1.2", f"SSLCipherSuite {first}"]
    lines += [f"SSLOpenSSLConfCmd CipherString {each}" for each in then]
    document = bench.lint(_APACHE.format("\n".join(lines)), name="httpd.conf", assume="apache=2.4.62,openssl=3.0")
    assert spoken(listener(document)) == versions


def test_a_level_that_cannot_be_known_is_no_pass(bench: Bench) -> None:
    found = listener(lint_nginx(bench, "ssl_ciphers $x; ssl_conf_command CipherString ECDHE+AESGCM;"))
    assert found.unknown["cipher_suites.TLSv1.2"].why == "unresolved"


@pytest.mark.slow
@pytest.mark.parametrize(("first", "then", "versions"), _STRINGS)
def test_nginx_speaks_these_versions(lab: Lab, first: str, then: list[str], versions: set[str]) -> None:
    running = lab.nginx(_of_nginx(first, then))
    found = set()
    for name, version in (("TLSv1.0", ssl.TLSVersion.TLSv1), ("TLSv1.2", ssl.TLSVersion.TLSv1_2)):
        if speaks(running.port, version):
            found.add(name)
    assert found == versions - {"TLSv1.1"}


def speaks(port: int, version: ssl.TLSVersion) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, context.wrap_socket(plain):
            return True
    except ssl.SSLError:
        return False


@pytest.mark.parametrize("command", ["Certificate other.pem", "PrivateKey other.key", "chaincafile clients.pem"])
def test_another_certificate_is_not_taken_for_that_of_the_server(bench: Bench, command: str) -> None:
    document = lint_nginx(bench, f"ssl_ciphers ECDHE+AESGCM; ssl_conf_command {command};")
    assert listener(document).unknown["certificate_deployments"].why == "unsupported"
    assert document.summary.exit_code == 3


@pytest.mark.parametrize(
    ("mode", "command", "outcome"),
    [
        ("on", "Options PrioritizeChaCha", "pass"),
        ("on", "VerifyCAFile other.pem", "inconclusive"),
        ("on", "VerifyCAPath /srv", "inconclusive"),
        ("on", "VerifyMode Request", "inconclusive"),
        ("off", "VerifyMode Request", "inconclusive"),
        ("off", "VerifyCAFile other.pem", "not_applicable"),
    ],
)
def test_clients_are_verified_by_whom_the_command_says(bench: Bench, mode: str, command: str, outcome: str) -> None:
    text = f"ssl_verify_client {mode}; ssl_client_certificate clients.pem; ssl_conf_command {command};"
    document = lint_nginx(bench, text, expect=Expectation(client_auth=ClientAuthMode.REQUIRED))
    assert [each.outcome for each in results(document, "TLS-MTLS-003")] == [outcome]
    assert document.summary.exit_code == {"pass": 0, "inconclusive": 3, "not_applicable": 1}[outcome]


@pytest.mark.parametrize("kind", ["proxy", "grpc", "uwsgi"])
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("CipherString RC4-SHA:@SECLEVEL=0", {"TLS-CIPH-004": "fail"}),
        ("MinProtocol TLSv1.2", {"TLS-CIPH-004": "pass", "TLS-CONF-002": "pass"}),
        ("VerifyCAFile other.pem", {"TLS-CONF-002": "inconclusive"}),
        ("VerifyMode Request", {"TLS-CONF-002": "inconclusive"}),
    ],
)
def test_commands_for_upstreams(bench: Bench, kind: str, command: str, expected: dict[str, str]) -> None:
    scheme = {"proxy": "https", "grpc": "grpcs", "uwsgi": "suwsgi"}[kind]
    text = (
        f"location / {{ {kind}_pass {scheme}://10.0.0.9; {kind}_ssl_verify on; {kind}_ssl_server_name on; "
        f"{kind}_ssl_protocols TLSv1.2; {kind}_ssl_ciphers ECDHE+AESGCM; {kind}_ssl_conf_command {command}; }}"
    )
    (found,) = (each for each in lint_nginx(bench, text).subjects if each.kind == "upstream")
    outcomes = {each.rule: each.outcome for each in found.results}
    assert {rule: outcomes.get(rule) for rule in expected} == expected
