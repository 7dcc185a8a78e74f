"""Where TLS is spoken: SSLEngine, Listen and Protocol, and the first virtual host of an address."""

from __future__ import annotations

import http.client
import socket
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
        ("Listen 0.0.0.0:{port} https", _HOST % ("0.0.0.0:{port}", ""), True),
        ("Listen 0.0.0.0:{port} https", _HOST % ("*:{port}", ""), True),
        ("Listen 0.0.0.0:{port} https", _HOST % ("[::]:{port}", ""), False),
        ("Listen {port} https", _HOST % ("0.0.0.0:{port}", "SSLEngine on\n"), True),
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
        ("Listen 443\n" + _HOST % ("0.0.0.0:443", ""), {"shop.example.com:443": True}),
        ("Listen 443\n" + _HOST % ("_default_:443", ""), {"shop.example.com:443": False}),
        (_HOST % ("0.0.0.0:443", ""), {"shop.example.com:443": True}),
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


_FIRST = """<VirtualHost *:{port}>
ServerName first.example.com
SSLEngine on
SSLProtocol TLSv1.2
SSLCipherSuite ECDHE-ECDSA-AES256-GCM-SHA384
SSLCertificateFile {folder}/server.pem
SSLCertificateKeyFile {folder}/server.key
</VirtualHost>
<VirtualHost *:{port}>
ServerName second.example.com
SSLProtocol TLSv1.3
SSLCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256
Header always set Strict-Transport-Security max-age=5
%s</VirtualHost>
"""


@pytest.mark.parametrize(
    "second",
    ["", "SSLEngine off\n", "SSLCertificateFile {folder}/other.pem\nSSLCertificateKeyFile {folder}/other.key\n"],
)
def test_behind_a_first_one_that_speaks_tls_all_do(bench: Bench, lab: Lab, second: str) -> None:
    """One without SSLEngine has the handshake of the first one, and header fields of its own."""
    port, written = _started(bench, lab, f"Listen {{port}}\n{_FIRST % second}")
    found = {each.name: each for each in bench.lint(written, name="httpd.conf").subjects if each.kind == "listener"}
    subject = found[f"second.example.com:{port}"]
    facts = subject.facts
    assert facts is not None
    assert [version for version, verdict in facts.protocols.items() if verdict == "accepted"] == ["TLSv1.2"]
    assert [suite.name for suite in facts.cipher_suites["TLSv1.2"]] == ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
    assert facts.http is not None
    assert facts.http.hsts is not None
    assert facts.http.hsts.max_age == 5
    failed = {each.rule for each in subject.results if each.outcome == "fail"}
    assert "TLS-CERT-001" in failed  # the certificate of the first one is not for this name
    assert _asked(port, "second.example.com") == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384", "max-age=5")


def _asked(port: int, name: str) -> tuple[str | None, str, str | None]:
    """Version, suite and Strict-Transport-Security that a name gets."""
    context = ssl._create_unverified_context()
    with (
        closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as plain,
        context.wrap_socket(plain, server_hostname=name) as spoken,
    ):
        spoken.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(spoken)
        answer.begin()
        cipher = spoken.cipher()
        return spoken.version(), cipher[0] if cipher is not None else "", answer.headers["Strict-Transport-Security"]


_ELSEWHERE = "<VirtualHost *:%s>\nServerName shop.example.com\n%s</VirtualHost>\n"


@pytest.mark.parametrize(
    ("text", "outcomes"),
    [
        ("Listen 443\n" + _HOST % ("*:443", "SSLEngine ${{X}}\n"), {"inconclusive"}),
        ("Listen 443\n" + _HOST % ("*:443", "Include gone.conf\n"), {"inconclusive"}),
        ("Listen 443\n" + _HOST % ("*:443", "SSLEngine on\nInclude gone.conf\n"), {"pass"}),
        ("Listen 8443\n" + _ELSEWHERE % ("8443", "Include gone.conf\n"), {"inconclusive"}),
        ("Listen 8443\n" + _ELSEWHERE % ("8443", "IncludeOptional gone.conf\n"), set()),
        ("Listen 80\n" + _ELSEWHERE % ("80", "Include gone.conf\n"), set()),
        ("Listen 80\nInclude gone.conf\n" + _ELSEWHERE % ("80", ""), set()),
        (f"Listen 8443\n{_CERTIFICATE}" + _ELSEWHERE % ("8443", "SSLEngine ${{X}}\n"), {"inconclusive"}),
        (f"Listen 8443\nSSLEngine ${{{{X}}}}\n{_CERTIFICATE}" + _ELSEWHERE % ("8443", ""), {"inconclusive"}),
    ],
)
def test_an_engine_that_is_not_known(bench: Bench, text: str, outcomes: set[str]) -> None:
    """Neither a pass nor silence."""
    document = bench.lint(text.format(folder=bench.folder), name="httpd.conf")
    results = [result for each in document.subjects for result in each.results]
    assert {each.outcome for each in results if each.rule == "TLS-CONF-025"} == outcomes
    if "inconclusive" in outcomes:
        assert document.summary.exit_code == 3
