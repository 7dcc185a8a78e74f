"""Whether Apache believes a server behind it, and what the file says of that: both must agree."""

from __future__ import annotations

import http.client
import ssl
from contextlib import closing

import pytest

from tests.config.apache_and_wire import DEBIAN
from tests.lab.servers import Lab
from tlsaudit.app import load_anchors
from tlsaudit.config.read import parse_assumptions
from tlsaudit.linting import LintOptions, lint
from tlsaudit.policy import load_policy

_MODULES = "".join(
    f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in ("proxy", "proxy_http")
)
_WRONG_NAME = "127.0.0.1"
"""mod_ssl compares the names of a certificate, and no addresses."""


@pytest.mark.parametrize(
    "settings",
    [
        "",
        "SSLProxyVerify none",
        "SSLProxyVerify require",
        "SSLProxyVerify optional",
        "SSLProxyVerify optional_no_ca",
        "SSLProxyCheckPeerName off",
        "SSLProxyCheckPeerName off\nSSLProxyCheckPeerCN on",
        "SSLProxyCheckPeerCN off",
        "SSLProxyCheckPeerCN off\nSSLProxyCheckPeerName on",
        "<Proxy *>\nSSLProxyVerify require\n</Proxy>",
    ],
)
def test_who_is_believed(lab: Lab, settings: str) -> None:
    behind = lab.nginx()
    ca = f"SSLProxyCACertificateFile {lab.pki.client_ca_file}"  # none that the server behind has a certificate of
    ports = [
        lab.apache(
            f"SSLProxyEngine on\n{ca}\n{settings}\nProxyPass / https://{name}:{behind.port}/", content="", base=_MODULES
        ).port
        for name in ("localhost", _WRONG_NAME)
    ]
    options = LintOptions(
        policy=load_policy("owasp"), anchors=load_anchors(lab.pki.root_file), assume=parse_assumptions(DEBIAN)
    )
    said = {
        each.name: each.facts.upstream
        for each in lint([lab.directory], options).document.subjects
        if each.kind == "upstream" and each.facts is not None
    }
    trusted, named = (
        said[f"localhost:{port} > https://{name}:{behind.port}"]
        for port, name in zip(ports, ("localhost", _WRONG_NAME), strict=True)
    )
    assert trusted is not None
    assert named is not None
    assert (_status(ports[0]) == 200) is not trusted.verifies
    assert (_status(ports[1]) == 200) is not (named.verifies or named.checks_name)


_REWRITES = "LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so\n" + "".join(
    f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
    for name in ("slotmem_shm", "lbmethod_byrequests", "proxy_balancer")
)


_BALANCER = "<Proxy balancer://z>\nBalancerMember https://localhost:{port}\n</Proxy>\n"


@pytest.mark.parametrize(
    ("rules", "answers"),
    [
        ("RewriteRule ^ https://localhost:{port}%{{REQUEST_URI}} [P]", True),
        ("RewriteRule ^(.*)$ https://localhost:{port}$1 [P]", True),
        ("ProxyPassMatch ^(/.*)$ https://localhost:{port}$1", True),
        (_BALANCER + "RewriteRule .* balancer://z%{{REQUEST_URI}} [P]", True),
        ("RewriteOptions Inherit", True),
        ("", False),
    ],
)
def test_where_requests_go(lab: Lab, rules: str, *, answers: bool) -> None:
    """Variables behind a host, and rules of the main server, as the file is read."""
    behind = lab.nginx()
    base = f"RewriteEngine on\nRewriteRule ^ https://localhost:{behind.port}%{{REQUEST_URI}} [P]\n"
    host = f"SSLProxyEngine on\nRewriteEngine on\n{rules.format(port=behind.port)}\n"
    running = lab.apache(host, content="", base=_MODULES + _REWRITES + base)
    assert (_status(running.port) == 200) is answers
    options = LintOptions(
        policy=load_policy("owasp"), anchors=load_anchors(lab.pki.root_file), assume=parse_assumptions(DEBIAN)
    )
    found = [each.name for each in lint([lab.directory], options).document.subjects if each.kind == "upstream"]
    assert found == [f"localhost:{running.port} > https://localhost:{behind.port}"] * answers


def _status(port: int) -> int:
    context = ssl._create_unverified_context()
    with closing(http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)) as connection:
        connection.request("GET", "/", headers={"Connection": "close"})
        with connection.getresponse() as answer:
            answer.read()
            return answer.status
