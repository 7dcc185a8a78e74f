"""Where TLS is spoken: SSLEngine, Listen and Protocol, and the first virtual host of an address."""

from __future__ import annotations

import http.client
import ssl
from contextlib import closing

import pytest

from tests.config.linting import Bench
from tests.lab.process import ServerFailedError, reserved_port
from tests.lab.servers import Lab
from tlsaudit.model import document as doc

_ATTEMPTS = 3
_CERTIFICATE = "SSLCertificateFile {folder}/server.pem\nSSLCertificateKeyFile {folder}/server.key\n"
_HOST = f"<VirtualHost %s>\nServerName shop.example.com\n{_CERTIFICATE}%s</VirtualHost>\n"
_PLAIN = "<VirtualHost *:{port}>\nServerName first.example.com\n</VirtualHost>\n"


@pytest.mark.parametrize(
    ("listen", "text", "speaks"),
    [
        ("Listen {port}", _HOST % ("*:{port}", ""), False),
        ("Listen {port} https", _HOST % ("*:{port}", ""), True),
        ("Listen {port} http", _HOST % ("*:{port}", "SSLEngine on\n"), True),
        ("Listen {port} https", _HOST % ("*:{port}", "SSLEngine off\n"), False),
        ("Listen {port} https", _HOST % ("127.0.0.1:{port}", ""), False),
        ("Listen 127.0.0.1:{port} https", _HOST % ("127.0.0.1:{port}", ""), True),
        ("Listen 127.0.0.1:{port} https", _HOST % ("*:{port}", ""), False),
        ("Listen {port} https", _HOST % ("*", ""), False),
        ("Listen {port}", _HOST % ("*:{port}", "Protocol https\n"), True),
        ("Listen {port} https", "<VirtualHost *:{port}>\nServerName shop.example.com\n</VirtualHost>\n", False),
        ("Listen {port}", _HOST % ("*:{port}", "SSLEngine optional\n"), False),
        ("Listen {port}", _PLAIN + _HOST % ("*:{port}", "SSLEngine on\n"), False),
        ("Listen {port} https", _PLAIN + _HOST % ("*:{port}", ""), False),
    ],
)
def test_who_speaks_tls(bench: Bench, lab: Lab, listen: str, text: str, *, speaks: bool) -> None:
    """The file and the server agree; what has a certificate and no TLS is a finding, unless that is what it says."""
    port, written = _started(bench, lab, f"{listen}\n{text}")
    found = listed(bench.lint(written, name="httpd.conf"))
    over_tls = [name for name, fails in found.items() if name.startswith("shop.example.com") and not fails]
    assert over_tls == [f"shop.example.com:{port}"] * speaks
    assert _speaks_tls(port) is speaks


def _started(bench: Bench, lab: Lab, text: str) -> tuple[int, str]:
    """The port of a server with this text, and the text: somebody else may take a port that was free."""
    for _ in range(_ATTEMPTS):
        port = reserved_port()
        written = text.format(port=port, folder=bench.folder)
        try:
            lab.apache(base=written)
        except ServerFailedError:
            continue
        return port, written
    raise AssertionError(f"no port is free, or Apache does not take this:\n{written}")


def _speaks_tls(port: int) -> bool:
    context = ssl._create_unverified_context()
    with closing(http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)) as connection:
        try:
            connection.connect()
        except ssl.SSLError:
            return False
    return True


def listed(document: doc.Document) -> dict[str, bool]:
    """The listeners by name, and whether they are where none speaks TLS."""
    return {
        each.name: any(result.rule == "TLS-CONF-025" and result.outcome == "fail" for result in each.results)
        for each in document.subjects
        if each.kind == "listener"
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Listen 443\n" + _HOST % ("*:443", ""), {"shop.example.com:443": False}),
        (_HOST % ("*:443", ""), {"shop.example.com:443": False}),
        ("Listen 10.0.0.1:443\n" + _HOST % ("*:443", ""), {"shop.example.com:443": True}),
        ("Listen 443\n" + _HOST % ("*:443", "SSLEngine off\n"), {"shop.example.com:443": True}),
        ("Listen 8443\n" + _HOST % ("*:8443", ""), {"shop.example.com:8443": True}),
        ("Listen 8443\n" + _HOST % ("*:8443", "SSLEngine off\n"), {}),
        ("Listen 80\n" + _HOST % ("*:80", ""), {"shop.example.com:80": True}),
        ("Listen 80\n" + _HOST % ("*:80", "Redirect / https://shop.example.com/\n"), {}),
        (
            "Listen 80\nListen 443\n" + _HOST % ("*:80", "") + _HOST % ("*:443", "SSLEngine on\n"),
            {"shop.example.com:443": False},
        ),
    ],
)
def test_a_certificate_that_nobody_sees(bench: Bench, text: str, found: dict[str, bool]) -> None:
    assert listed(bench.lint(text.format(folder=bench.folder), name="httpd.conf")) == found
