"""Files that nobody should write: each is one finding with its line, and does not stop the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.linting import Bench
from tlsaudit.config import apache
from tlsaudit.config.recognise import recognise
from tlsaudit.config.tree import LARGEST
from tlsaudit.model import document as doc

_HOST = """<VirtualHost *:443>
SSLEngine on
SSLCertificateFile server.pem
SSLCertificateKeyFile server.key
SSLProtocol TLSv1.3
%s
</VirtualHost>
"""


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("Include apache2.conf", 1, "include"),
        ("\n<VirtualHost *:443>\nSSLEngine on\n", 2, "syntax"),
        ("<Location />\n" * 3000 + "</Location>\n" * 3000, 33, "syntax"),
        ("SSLEngine on\n\0", 2, "syntax"),
        ("Listen {{ port }}", 1, "template"),
        ("SSLProtocol " + "x" * LARGEST, 1, "unreadable"),
        ("SSLProtocol " + "x" * 100_000, 1, "syntax"),
        ("Define a 0123456789\n" + "Define a ${a}${a}${a}${a}\n" * 30, 8, "syntax"),
    ],
)
def test_a_file_that_breaks_is_one_finding_and_stops_nothing(bench: Bench, text: str, line: int, code: str) -> None:
    (bench.folder / "other").mkdir()
    (bench.folder / "other" / "httpd.conf").write_text("Listen 443\n" + _HOST % "")
    document = bench.lint(text, name="apache2.conf")
    assert [(each.status, each.kind) for each in document.subjects] == [
        ("audited", "listener"),
        ("unparsable", "listener"),
    ]
    broken = document.subjects[1]
    assert broken.error is not None
    assert broken.error.code == code
    assert broken.location == doc.Location(file="apache2.conf", line=line)
    assert document.summary.exit_code == 3


def test_sections_are_counted_over_files(bench: Bench) -> None:
    opened, closed = "<Location />\n" * 20, "</Location>\n" * 20
    (bench.folder / "inner.conf").write_text(f"{opened}ServerSignature off\n{closed}")
    document = bench.lint(f"Listen 443\n{opened}Include inner.conf\n{closed}", name="httpd.conf")
    (broken,) = document.subjects
    assert broken.error is not None
    assert "nested" in broken.error.message
    assert broken.location is not None
    assert broken.location.file == "inner.conf"


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"Listen {port}\n" for port in range(1, 6000)) + _HOST.replace("*:443", "*") % "",
        "Header set X 1\n" * 3000 + "<VirtualHost *:443>\nSSLEngine on\n</VirtualHost>\n" * 3000,
    ],
)
def test_what_would_be_too_much_work_is_refused(bench: Bench, text: str) -> None:
    document = bench.lint(text, name="httpd.conf")
    assert document.subjects[-1].error is not None
    assert document.subjects[-1].error.code == "excess"
    assert document.summary.exit_code == 3


@pytest.mark.parametrize(
    "text",
    [
        "<Proxy balancer://a>\n"
        + "BalancerMember http://10.0.0.1\n" * 9000
        + "</Proxy>\n"
        + "ProxyPass / balancer://a/\n" * 9000,
        f'DocumentRoot "/{"a" * 60}"\n<DirectoryMatch "^/(a|a|aa)+$">\nHeader unset X\n</DirectoryMatch>',
        "<LocationMatch (x+x+)+y>\nHeader set Strict-Transport-Security max-age=1\n</LocationMatch>\n" * 900,
        f"Redirect / /{'a' * 60_000}",
        "SSLCipherSuite " + "A:" * 30_000,
        "ServerAlias " + "a.example " * 6000,
        "SSLOpenSSLConfCmd Groups " + "X25519:" * 9000,
        "SSLCertificateFile server.pem\nSSLCertificateKeyFile server.key\n" * 40,
        'Header set Strict-Transport-Security "' + ";" * 60_000 + '"',
        "RewriteRule " + "(" * 30_000 + " http://10.0.0.1/ [P]",
    ],
    ids=lambda text: text.split()[0],
)
def test_what_is_odd_comes_to_an_end(bench: Bench, text: str) -> None:
    document = bench.lint("Listen 443\n" + _HOST % text, name="httpd.conf")
    assert document.subjects[0].status == "audited"


def test_a_broken_file_breaks_the_one_that_includes_it(bench: Bench) -> None:
    (bench.folder / "tls.conf").write_text("SSLProtocol TLSv1.3\n<IfModule ssl_module>\n")
    document = bench.lint("Listen 443\nInclude tls.conf\n" + _HOST % "", name="httpd.conf")
    (broken,) = document.subjects
    assert broken.location == doc.Location(file="tls.conf", line=2)
    assert document.summary.exit_code == 3


def test_nothing_outside_of_the_tree_is_read(bench: Bench) -> None:
    outside = bench.folder.parent / "outside.conf"
    outside.write_text("SSLProtocol all\n")
    (bench.folder / "link.conf").symlink_to(outside)
    for word in (str(outside), "../outside.conf", "link.conf", "l*.conf", "/etc/../etc/passwd"):
        document = bench.lint("Listen 443\n" + _HOST % f"Include {word}", name="httpd.conf")
        (found,) = document.subjects
        assert found.facts is not None
        assert found.facts.protocols["TLSv1.0"] != "accepted", word
    outside.unlink()


def test_a_byte_order_mark_hides_nothing(bench: Bench) -> None:
    (bench.folder / "httpd.conf").write_bytes(b"\xef\xbb\xbfSSLProtocol all\nListen 443\n" + (_HOST % "").encode())
    (found,) = bench.lint_folder().subjects
    assert found.status == "audited"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("site", "<VirtualHost *:80>\nDocumentRoot /srv\n</VirtualHost>", "apache"),
        ("tls.conf", "  SSLProtocol all -SSLv3\n", "apache"),
        ("tls.conf", "sslciphersuite HIGH\n", "apache"),
        ("ports.conf", "Listen 80\n<IfModule ssl_module>\n\tListen 443\n</IfModule>\n", "apache"),
        ("x.load", "LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so\n", "apache"),
        ("apache2.conf", "", "apache"),
        ("httpd.conf.j2", "{{ all }}", "apache"),
        ("httpd.conf", "http { server { listen 443 ssl; } }", "nginx"),
        ("README.md", "    SSLProtocol all\n", None),
        ("server.xml", '<Connector SSLEnabled="true" SSLProtocol="all"/>', None),
        ("settings.ini", "SSLProtocol = all\n", None),
        ("notes", "We set SSLProtocol all in 2014.\n", None),
        ("proftpd.conf", "<VirtualHost 10.0.0.1>\nTLSEngine on\n</VirtualHost>\n", None),
        ("nginx.conf", "SSLEngine on\n", "apache"),
    ],
)
def test_files_are_recognised_by_what_is_in_them_first(name: str, text: str, kind: str | None) -> None:
    assert recognise(Path(name).name, text.encode()) == kind


def test_an_expression_and_a_name_that_take_for_ever_together_end(bench: Bench) -> None:
    inside = f"DirectoryIndex {'a' * 60}b\n<FilesMatch ^(a|a)+$>\nHeader unset X\n</FilesMatch>"
    assert bench.lint("Listen 443\n" + _HOST % inside, name="httpd.conf").subjects


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("<Location /{0}>\nSSLCipherSuite AES128-SHA\n</Location>\n", "more than 50 sections with cipher suites"),
        ("<Location /{0}>\nSSLVerifyClient require\n</Location>\n", "more than 50 sections with sslverifyclient"),
        ("ProxyPass /{0} http://10.0.0.1:{0}/\n", "more than 500 destinations of one server"),
    ],
)
def test_what_is_too_much_is_said(bench: Bench, inside: str, message: str) -> None:
    """The last of many counts like the first."""
    start = "Listen 443\n" + _HOST.replace("TLSv1.3", "TLSv1.2")
    most = 500 if "500" in message else 50
    for number, errors in ((most, []), (most + 1, [("excess", message)])):
        text = start % "".join(inside.format(each + 1) for each in range(number))
        document = bench.lint(text, name="httpd.conf")
        found = [each.error for each in document.subjects if each.error is not None]
        assert [(each.code, each.message.partition(": ")[2]) for each in found] == errors


def test_what_many_servers_pass_on_to_is_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the main server passes on holds for each of them."""
    monkeypatch.setattr(apache, "MOST_SERVERS", 50)
    hosts = "".join(f"<VirtualHost *:80>\nServerName h{number}.example\n</VirtualHost>\n" for number in range(3))
    members = "".join(f"ProxyPass /{number} https://10.0.0.1:{number}/\n" for number in range(1, 21))
    document = bench.lint(f"Listen 80\nSSLProxyEngine on\n{members}{hosts}", name="httpd.conf")
    (error,) = (each.error for each in document.subjects if each.error is not None)
    assert error.code == "excess"
    assert "more than 50 listeners and destinations" in error.message
