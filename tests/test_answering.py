"""Which listener answers for a name: as nginx, HAProxy and Apache choose, each held against a real one."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.lab.process import HOST, Running
from tests.lab.servers import Lab
from tlsaudit.app import load_anchors
from tlsaudit.drifting import listener_for
from tlsaudit.linting import Linted, LintOptions, lint
from tlsaudit.model import document as doc
from tlsaudit.model.errors import InputError
from tlsaudit.policy import load_policy

_NAME = "shop.e.example"
_HOSTILE = "~^(((a+)+)+)+$"


def _linted(folder: Path) -> Linted:
    return lint([folder], LintOptions(policy=load_policy("owasp"), anchors=load_anchors()))


def _asked(running: Running, name: str) -> tuple[str, bytes]:
    """What the server answers when it is asked by this name, and the certificate that it shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((HOST, running.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        secured.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: secured.recv(4096), b"")).decode()
        return answer, secured.getpeercert(binary_form=True) or b""


def _marks(running: Running, folder: Path, name: str) -> tuple[int, int]:
    """The mark in the field of the real answer, and that of the listener that is said to answer."""
    found = re.search(r"(?i)strict-transport-security: max-age=(\d+)", _asked(running, name)[0])
    assert found is not None
    chosen = listener_for(_linted(folder), name, running.port, None)
    assert chosen.facts is not None
    assert chosen.facts.http.hsts is not None
    return int(found[1]), chosen.facts.http.hsts.max_age or 0


@pytest.mark.parametrize(
    ("servers", "chosen"),
    [
        ((r"~^shop\.", r"~example$"), 1),
        ((r"~^www\.", r"~example$", r"~^shop"), 2),
        ((r"~^shop\.", _HOSTILE), 1),
        (("shop.*", r"~^shop\."), 1),
        ((r"~^shop\.", "*.example"), 2),
        (("*.example", "*.e.example", "shop.*"), 2),
        (("shop.e.*", "shop.*"), 1),
        (("*.e.example", _NAME), 2),
        ((_NAME, _NAME), 1),
        ((".e.example", "*.e.example"), 1),
        (("other.example",), 0),
        (("other.example", "*.e.example.org"), 0),
    ],
)
def test_nginx(lab: Lab, servers: tuple[str, ...], chosen: int) -> None:
    files = f"ssl_certificate {lab.pki.ecdsa.chain}; ssl_certificate_key {lab.pki.ecdsa.key};"
    header = "add_header Strict-Transport-Security max-age={};"
    blocks = "".join(
        f'server {{ listen {HOST}:PORT ssl; server_name "{name}"; {files} {header.format(1000 + number)} '
        "location / { return 200; } }\n"
        for number, name in enumerate(("default.example", *servers))
    )
    running = lab.nginx(header.format(9), http=blocks)
    assert _marks(running, lab.directory, _NAME) == (1000 + chosen, 1000 + chosen)


@pytest.mark.parametrize(
    ("servers", "chosen"),
    [
        (("*.example", _NAME), 1),
        ((_NAME, "*.example"), 1),
        (("www.e.example", "*.e.*", "*"), 2),
        (("s?op.e.example", _NAME), 1),
        (("other.example",), 0),
        ((_NAME, _NAME), 1),
    ],
)
def test_apache(lab: Lab, servers: tuple[str, ...], chosen: int) -> None:
    files = f"SSLEngine on\nSSLCertificateFile {lab.pki.ecdsa.chain}\nSSLCertificateKeyFile {lab.pki.ecdsa.key}\n"
    blocks = "".join(
        f"<VirtualHost *:PORT>\nServerName v{number}.example\nServerAlias {name}\n{files}"
        f"Header always set Strict-Transport-Security max-age={1000 + number}\nRedirect 200 /\n</VirtualHost>\n"
        for number, name in enumerate(("default.example", *servers))
    )
    running = lab.apache("ServerName last.example", base=blocks)
    assert _marks(running, lab.directory, _NAME) == (1000 + chosen, 1000 + chosen)


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        (("*.e.example", _NAME), 2),
        (("*.example",), 0),
        (("*.example", "*.e.example"), 2),
        ((f"*.e.example !{_NAME}",), 0),
        ((f"*.e.example !{_NAME.upper()}",), 0),
        ((f"*.e.example # !{_NAME}",), 0),
        ((f"*.e.example !{_NAME}", "*.e.example"), 2),
        ((f"*.e.example !{_NAME}", _NAME), 2),
        (("*.e.example", f"*.z.example !{_NAME}"), 1),
        (("!*",), 0),
        ((f"!{_NAME}", "*.e.example"), 2),
    ],
)
def test_haproxy(lab: Lab, lines: tuple[str, ...], chosen: int) -> None:
    leaves = [lab.pki.intermediate.issue(f"a{number}.example") for number in range(len(lines) + 1)]
    made = [lab.pki.write(f"leaf{number}", leaf) for number, leaf in enumerate(leaves)]
    for each in made:
        (lab.directory / each.combined.name).write_bytes(each.combined.read_bytes())
    listed = lab.directory / "list"
    entries = zip(made[1:], lines, strict=True)
    listed.write_text("".join(f"{lab.directory / each.combined.name} {words}\n" for each, words in entries))
    first = replace(made[0], combined=lab.directory / made[0].combined.name)
    running = lab.haproxy(f"crt-list {listed}", certificate=first)
    served = hashlib.sha256(_asked(running, _NAME)[1]).hexdigest()
    assert served == hashlib.sha256(leaves[chosen].certificate.public_bytes(Encoding.DER)).hexdigest()
    found = listener_for(_linted(lab.directory), _NAME, running.port, None)
    assert found.facts is not None
    assert [each.chain[0].sha256 for each in found.facts.certificate_deployments] == [served]


def _chosen(folder: Path, name: str) -> doc.Subject:
    return listener_for(_linted(folder), name, 443, None)


@pytest.mark.parametrize(
    "servers",
    [
        (f"listen 443 ssl; server_name {_NAME};", f"listen 127.0.0.8:443 ssl; server_name {_NAME};"),
        (f"listen 443 ssl; server_name {_HOSTILE};", r"listen 443 ssl; server_name ~^shop\.;"),
        ("listen 443 ssl default_server; server_name a;", f"listen 443 ssl; server_name {_HOSTILE};"),
    ],
)
def test_what_cannot_be_told_is_several(tmp_path: Path, servers: tuple[str, ...]) -> None:
    blocks = "\n".join(f"server {{ {each} }}" for each in servers)
    (tmp_path / "nginx.conf").write_text(f"events {{}} http {{ {blocks} }}")
    with pytest.raises(InputError, match="2 listeners may answer"):
        _chosen(tmp_path, _NAME)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "nginx.conf",
            (
                "events {{}}\nhttp {{ ssl_certificate a.pem; ssl_certificate_key a.key;\n"
                "server {{ listen 10.0.0.1:443 ssl; server_name {0}; }}\n"
                "server {{ listen 10.0.0.2:443; server_name {0}; }} }}\n"
            ),
        ),
        (
            "httpd.conf",
            (
                "ServerRoot /etc/httpd\nListen 443\nLoadModule ssl_module mod_ssl.so\nSSLCertificateFile a.pem\n"
                "<VirtualHost 10.0.0.1:443>\nServerName {0}\nSSLEngine on\n</VirtualHost>\n"
                "<VirtualHost 10.0.0.2:443>\nServerName {0}\n</VirtualHost>\n"
            ),
        ),
        (
            "haproxy.cfg",
            "global\nfrontend one\n  bind 10.0.0.1:443 ssl crt a.pem\nfrontend two\n  bind 10.0.0.2:443 crt a.pem\n",
        ),
    ],
)
def test_a_socket_in_clear_answers_for_nobody(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text.format(_NAME))
    subjects = _linted(tmp_path).document.subjects
    assert sum(each.kind == "listener" for each in subjects) == 2
    assert _chosen(tmp_path, _NAME).id == subjects[0].id
