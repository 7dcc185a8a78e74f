"""Which addresses are of the same machine, to every reader alike."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench
from tlsaudit.config.local import is_local

LOCAL = (
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "::ffff:127.0.0.1",
    "0.0.0.0",
    "::",
    "localhost",
    "LOCALHOST.",
    "app.localhost",
    "host.docker.internal",
    "gateway.docker.internal",
    "host.containers.internal",
)
REMOTE = (
    "10.0.0.1",
    "::ffff:10.0.0.1",
    "fe80::1",
    "localhost.example.com",
    "mylocalhost",
    "docker.internal",
    "app",
    "",
)


@pytest.mark.parametrize("host", LOCAL)
def test_what_stays_on_the_machine(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", REMOTE)
def test_what_leaves_it(host: str) -> None:
    assert not is_local(host)


_NGINX = "events {{}} http {{ server {{ listen 443 ssl; location / {{ proxy_pass http://{}:81; }} }} }}"
_APACHE = "Listen 443\n<VirtualHost *:443>\nSSLEngine on\nProxyPass / http://{}:81/\n</VirtualHost>\n"
_HAPROXY = "frontend a\n mode http\n bind :443 ssl crt server.pem\n default_backend b\nbackend b\n server s {}:81\n"


@pytest.mark.parametrize(("name", "text"), [("nginx.conf", _NGINX), ("httpd.conf", _APACHE), ("haproxy.cfg", _HAPROXY)])
@pytest.mark.parametrize(
    ("host", "expected"), [("app.localhost", True), ("0.0.0.0", True), ("[::]", True), ("10.0.0.1", False)]
)
def test_every_reader_asks_the_same(bench: Bench, name: str, text: str, host: str, *, expected: bool) -> None:
    document = bench.lint(text.format(host), name=name)
    (found,) = (each.facts.upstream for each in document.subjects if each.facts and each.facts.upstream)
    reached = name == "haproxy.cfg" and host in {"0.0.0.0", "[::]"}  # there it is whom the client meant to reach
    assert found.local is (None if reached else expected)
