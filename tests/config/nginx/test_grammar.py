"""What nginx refuses is no configuration: the counts of words are those of the real one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.config.linting import Bench, listener
from tests.config.nginx.test_listeners import SOUND, accepted, http, server
from tlsaudit.config.nginx import grammar
from tlsaudit.config.nginx.parse import parse
from tlsaudit.config.problem import SyntaxProblemError

_NGINX = "/usr/sbin/nginx"
_NOT_IN_DEBIAN = frozenset({"auth_http", "http2", "proxy_ssl", "ssl_alpn", "ssl_preread", "starttls"})
"""Of modules that are packaged apart, or of newer versions."""


def real_answers(folder: Path, directive: str) -> str:
    """What nginx -t says of a directive in a server, and in a location."""
    said = []
    for inside in (directive, f"location /x {{ {directive} }}"):
        file = folder / "nginx.conf"
        file.write_text(f"pid {folder}/pid;\nevents {{}}\nhttp {{ server {{ listen 8443; {inside} }} }}\n")
        command = [_NGINX, "-t", "-c", str(file), "-p", str(folder), "-e", "stderr"]
        said.append(subprocess.run(command, capture_output=True, text=True, check=False).stderr)
    return "\n".join(said)


def is_refused(directive: str) -> bool:
    try:
        grammar.refuse(parse(directive, "x.conf"), None)
    except SyntaxProblemError as error:
        return error.code == "refused"
    return False


@pytest.mark.parametrize("name", sorted(grammar._COUNTS.keys() - _NOT_IN_DEBIAN))
def test_counts_are_those_of_nginx(name: str, tmp_path: Path) -> None:
    for number in range(5):
        directive = f"{name} {'off ' * number};"
        wrong = "invalid number of arguments" in real_answers(tmp_path, directive)
        least, greatest = grammar._COUNTS[name]
        assert wrong is not (least <= number <= greatest), directive


@pytest.mark.parametrize(
    ("directive", "refused"),
    [
        ("ssl_protocols TLSv1.2 tlsv1.3;", False),
        ("ssl_protocols TLSv1.4;", True),
        ("ssl_protocols TLS1.2;", True),
        ("ssl_prefer_server_ciphers ON;", False),
        ("ssl_prefer_server_ciphers yes;", True),
        ("ssl_verify_client Optional;", False),
        ("ssl_verify_client require;", True),
        ("ssl_session_tickets maybe;", True),
        ("proxy_ssl_verify true;", True),
        ("proxy_ssl_protocols TLSv1.2 SSLv4;", True),
        ("add_header a b alway;", True),
        ("add_header a b always;", False),
        ("ssl_ocsp all;", True),
        ("ssl_prefer_server_ciphers on; ssl_prefer_server_ciphers on;", True),
        ("ssl_ciphers HIGH; ssl_ciphers AES;", True),
        ("ssl_protocols TLSv1.2; ssl_protocols TLSv1.3;", False),
        ("proxy_ssl_ciphers HIGH; proxy_ssl_ciphers AES;", True),
    ],
)
def test_values_are_those_of_nginx(bench: Bench, tmp_path: Path, directive: str, refused: bool) -> None:
    real = real_answers(tmp_path, directive).partition("\n")[0]
    assert ("syntax is ok" not in real) is refused, real
    document = bench.lint(http(server(directive)))
    assert (document.subjects[0].status == "unparsable") is refused


def test_a_semicolon_that_is_missing_swallows_no_directive(bench: Bench) -> None:
    text = http(server("ssl_dhparam /etc/nginx/dh.pem\nssl_protocols TLSv1;\nssl_ciphers ECDHE+AESGCM;"))
    document = bench.lint(text)
    assert document.summary.exit_code == 3
    (subject,) = document.subjects
    assert subject.status == "unparsable"
    assert subject.location is not None
    assert (subject.location.file, subject.location.line) == ("nginx.conf", 7)
    assert subject.error is not None
    assert "nginx does not start: 'ssl_dhparam' takes 1 word, not 3" in subject.error.message


def test_words_are_compared_without_regard_to_case(bench: Bench) -> None:
    found = listener(bench.lint(http(server("ssl_protocols tlsv1.2; ssl_ciphers ECDHE+AESGCM;"))))
    assert accepted(found) == {"TLSv1.2"}


@pytest.mark.parametrize("directive", ["ssl_protocols ${VERSIONS};", "ssl_prefer_server_ciphers $prefer;"])
def test_placeholders_are_left_open(directive: str) -> None:
    assert not is_refused(directive)


def test_lines_of_maps_are_no_directives() -> None:
    assert not is_refused("map $a $b { ssl_ciphers 1 2 3; listen; }")


@pytest.mark.parametrize("listen", ["443 udp ssl", "443 ssl quic"])
def test_ssl_is_for_tcp(listen: str) -> None:
    """ngx_http_core_listen: incompatible with quic; ngx_stream_core_listen: with udp."""
    assert is_refused(f"listen {listen};")


@pytest.mark.parametrize(
    ("assume", "status"), [("", "audited"), ("nginx=1.25.0", "audited"), ("nginx=1.25.1", "unparsable")]
)
def test_the_directive_ssl_was_removed(bench: Bench, assume: str, status: str) -> None:
    document = bench.lint(http(server(f"ssl on; {SOUND}", "443")), assume=assume)
    assert [each.status for each in document.subjects] == [status]
