"""What quotes a configuration and is none, and what is one however it is written."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench
from tlsaudit.config.inline import read_ignores
from tlsaudit.config.recognise import recognise

HAPROXY = "global\n  daemon\nfrontend www\n  bind :443 ssl crt x.pem\n"
NGINX = "server {\n  listen 443 ssl;\n  ssl_protocols TLSv1.2;\n}\n"
APACHE = "<VirtualHost *:443>\n  SSLEngine on\n</VirtualHost>\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("start-lb", "#!/bin/sh\ncat > x <<EOF\n" + HAPROXY + "EOF\n"),
        ("start-lb", "#! /usr/bin/env bash\n" + NGINX),
        ("haproxy.nix", HAPROXY),
        ("test.vtc", "varnishtest\n" + HAPROXY),
        ("haproxy.README.Debian", HAPROXY),
        ("README", NGINX),
        ("Dockerfile", "RUN cat <<EOF\n" + NGINX),
        ("web.Dockerfile", NGINX),
        ("haproxy.1", ".TH HAPROXY 1\n" + HAPROXY),
    ],
)
def test_what_quotes_one(name: str, text: str) -> None:
    assert recognise(name, text.encode()) is None


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("lb", HAPROXY, "haproxy"),
        ("lb", "#!/usr/sbin/haproxy -f\n" + HAPROXY, "haproxy"),
        ("readme.example.com", NGINX, "nginx"),
        ("news.example.com", APACHE, "apache"),
        ("nginx.conf", "#!/bin/sh\n", "nginx"),
    ],
)
def test_what_is_one(name: str, text: str, kind: str) -> None:
    assert recognise(name, text.encode()) == kind


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("text", "kind"), [(NGINX, "nginx"), (HAPROXY, "haproxy"), (APACHE, "apache")])
def test_wide_characters_are_recognised_and_refused(bench: Bench, text: str, kind: str, encoding: str) -> None:
    assert recognise("site", text.encode(encoding)) == kind
    (bench.folder / "site").write_bytes(text.encode(encoding))
    (subject,) = bench.lint_folder().subjects
    assert subject.status == "unparsable"


def test_binary_is_none() -> None:
    assert recognise("site", b"\0\1" * 500 + NGINX.encode()) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nginx.conf", "{# of Jinja #}\n" + NGINX),
        ("nginx.conf", "server {# of nginx\n listen 80;\n{#- of Jinja -#}\n}\n"),
        ("haproxy.cfg", "{{/*\n of Go\n*/}}\n" + HAPROXY),
        ("haproxy.cfg", "{# of Jinja #}\n" + HAPROXY),
        ("httpd.conf", "{# of Jinja #}\n" + APACHE),
    ],
)
def test_templates_that_begin_with_a_comment(bench: Bench, name: str, text: str) -> None:
    (subject,) = bench.lint(text, name=name).subjects
    assert subject.error is not None
    assert subject.error.code == "template"


def test_a_brace_and_a_comment_is_nginx(bench: Bench) -> None:
    (subject,) = bench.lint(NGINX.replace("{", "{# a comment")).subjects
    assert subject.error is None


def test_malformed_comments_are_counted() -> None:
    _, wrong = read_ignores("# tlsaudit:ignore=TLS-CONF-001\n" * 5000, "nginx.conf")
    assert len(wrong) == 6
    assert wrong[-1] == "nginx.conf: 4995 more inline ignores like that"
