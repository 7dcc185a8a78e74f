"""What is known of the servers behind a virtual host."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench
from tlsaudit.model import document as doc

_HOST = """Listen 443
%s
<VirtualHost *:443>
ServerName shop.example.com
SSLEngine on
SSLCertificateFile server.pem
SSLCertificateKeyFile server.key
SSLProtocol TLSv1.3
%s
</VirtualHost>
"""


def upstreams(bench: Bench, host: str, base: str = "", engine: str = "on") -> list[doc.UpstreamPart]:
    if engine:
        host = f"RewriteEngine {engine}\n{host}"
    document = bench.lint(_HOST % (base, host), name="httpd.conf", assume="apache=2.4.71,openssl=3.0")
    return [
        each.facts.upstream
        for each in document.subjects
        if each.facts is not None and each.facts.upstream is not None and each.kind == "upstream"
    ]


@pytest.mark.parametrize(
    ("host", "destination", "tls", "local"),
    [
        ('ProxyPass "/" "http://10.0.0.5:8080/"', "10.0.0.5:8080", False, False),
        ("ProxyPass / https://app.example.com/ retry=0", "app.example.com", True, False),
        ("<Location /x>\nProxyPass http://app:80/\n</Location>", "app:80", False, False),
        ("<Location /x>\nProxyPass retry=5 http://app:80/\n</Location>", "app:80", False, False),
        ("ProxyPassMatch ^/(.*)$ http://app/$1", "app", False, False),
        ("RewriteRule ^/(.*)$ http://app/$1 [L,P]", "app", False, False),
        ("ProxyPass / http://localhost:8080/", "localhost:8080", False, True),
        ("ProxyPass / http://[::1]:8080/", "[::1]:8080", False, True),
        ("ProxyPass / ajp://10.0.0.5:8009/", "10.0.0.5:8009", False, False),
        ("ProxyPass /ws wss://app.example.com/ws", "app.example.com", True, False),
        ("ProxyPass / unix:/run/app.sock|http://localhost/", "unix:/run/app.sock", False, True),
        ('<FilesMatch "x">\nSetHandler "proxy:fcgi://10.0.0.9:9000"\n</FilesMatch>', "10.0.0.9:9000", False, False),
        ("ProxyPass / ${BACKEND}", "${BACKEND}", None, None),
        ("ProxyPass / http://${BACKEND}/", "${BACKEND}", False, None),
    ],
)
def test_destinations(bench: Bench, host: str, destination: str, tls: bool | None, local: bool | None) -> None:
    (found,) = upstreams(bench, host)
    assert (found.destination, found.tls, found.local) == (destination, tls, local)


@pytest.mark.parametrize(
    ("address", "destination"),
    [
        ("http://admin:hunter2@10.0.0.7:81/a@b", "10.0.0.7:81"),
        ("unix:/run/a@b.sock|http://admin:hunter2@localhost/", "unix:/run/a@b.sock"),
        ("${SCHEME}://admin:hunter2@10.0.0.7:81", "${SCHEME}://10.0.0.7:81"),
        ("http://admin:hunter2@${BACKEND}/", "${BACKEND}"),
    ],
)
def test_credentials_are_in_no_report(bench: Bench, address: str, destination: str) -> None:
    document = bench.lint(_HOST % ("", f'ProxyPass / "{address}"'), name="httpd.conf")
    (found,) = (each.facts for each in document.subjects if each.facts is not None and each.facts.upstream is not None)
    assert found.upstream is not None
    assert found.upstream.destination == found.endpoint.host == destination
    assert "hunter2" not in document.model_dump_json()


@pytest.mark.parametrize(
    "host", ['ProxyPass "/" "!"', "RewriteRule ^/(.*)$ http://app/$1 [R]", "Redirect / http://app/", "ProxyPass /x"]
)
def test_what_passes_nothing_on(bench: Bench, host: str) -> None:
    assert upstreams(bench, host) == []


def test_the_members_of_a_balancer(bench: Bench) -> None:
    base = "<Proxy balancer://pool>\nBalancerMember http://10.0.0.1\nBalancerMember https://10.0.0.2\n</Proxy>"
    found = upstreams(bench, "ProxyPass / balancer://pool/", base)
    assert [(each.destination, each.tls) for each in found] == [("10.0.0.1", False), ("10.0.0.2", True)]


def test_what_the_main_server_passes_on_holds_for_the_virtual_host(bench: Bench) -> None:
    assert [each.destination for each in upstreams(bench, "", "ProxyPass /x http://app/")] == ["app"]


@pytest.mark.parametrize(
    ("settings", "verifies", "checks"),
    [
        ("", False, True),
        ("SSLProxyVerify require", True, True),
        ("SSLProxyVerify optional_no_ca", False, True),
        ("SSLProxyCheckPeerName off", False, False),
        ("SSLProxyCheckPeerName off\nSSLProxyCheckPeerCN on", False, True),
        ("SSLProxyCheckPeerCN off", False, False),
        ("SSLProxyCheckPeerCN off\nSSLProxyCheckPeerName on", False, True),
        ("<Proxy https://app.example.com/>\nSSLProxyVerify require\n</Proxy>", True, True),
        ("<Proxy https://other.example.com/>\nSSLProxyVerify require\n</Proxy>", False, True),
        ("SSLProxyVerify ${HOW}", None, True),
        ("SSLProxyVerify require\n<ProxyMatch ^https://>\nSSLProxyVerify none\n</ProxyMatch>", False, True),
        ("SSLProxyVerify require\n<Proxy ~ ^https:>\nSSLProxyVerify none\n</Proxy>", False, True),
        ("SSLProxyVerify require\n<ProxyMatch ^https://b>\nSSLProxyVerify none\n</ProxyMatch>", True, True),
        ("SSLProxyVerify require\n<ProxyMatch \\.php$>\nSSLProxyVerify none\n</ProxyMatch>", None, True),
        ("SSLProxyVerify require\n<ProxyMatch ^(?<x>h)>\nSSLProxyVerify none\n</ProxyMatch>", False, True),
        ("SSLProxyVerify require\n<ProxyMatch ^[[:alpha:]]>\nSSLProxyVerify none\n</ProxyMatch>", None, True),
    ],
)
def test_verification(bench: Bench, settings: str, verifies: bool | None, checks: bool) -> None:
    (found,) = upstreams(bench, f"SSLProxyEngine on\n{settings}\nProxyPass / https://app.example.com/")
    assert (found.verifies, found.checks_name, found.sends_name) == (verifies, checks, True)


def subjects(document: doc.Document) -> list[tuple[str, bool | None, set[str]]]:
    """Name, TLS and what fails, of every upstream."""
    return [
        (each.name, each.facts.upstream.tls, {found.rule for found in each.results if found.outcome == "fail"})
        for each in document.subjects
        if each.facts is not None and each.facts.upstream is not None
    ]


_OFF = "SSLProxyEngine on\nSSLProxyVerify none\nProxyPass /a https://10.0.0.4/\nProxyPass /b http://10.0.0.5/\n"


def test_a_server_in_clear_verifies_its_upstreams_too(bench: Bench) -> None:
    host = f"<VirtualHost *:80>\nServerName a.example\n{_OFF}</VirtualHost>\n"
    document = bench.lint(f"Listen 80\n{host}", name="httpd.conf")
    assert subjects(document) == [("a.example:80 > https://10.0.0.4", True, {"TLS-CONF-002"})]
    assert document.summary.exit_code == 1


def test_a_main_server_in_clear(bench: Bench) -> None:
    document = bench.lint(f"Listen 80\n{_OFF}", name="httpd.conf")
    assert subjects(document) == [("*:80 > https://10.0.0.4", True, {"TLS-CONF-002"})]


def test_a_server_with_and_without_tls_is_judged_once(bench: Bench) -> None:
    text = (_HOST % ("", _OFF)).replace("<VirtualHost *:443>", "<VirtualHost *:80 *:443>")
    found = subjects(bench.lint(text, name="httpd.conf"))
    assert [(each.partition(" > ")[2], fails) for each, _, fails in found] == [
        ("https://10.0.0.4", {"TLS-CONF-002"}),
        ("http://10.0.0.5", {"TLS-CONF-001"}),
    ]


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        ("<Location /x>\nProxyPass https://10.0.0.4/\n</Location>\nSSLProxyVerify none", {"TLS-CONF-002"}),
        ("<Location /x>\nProxyPass https://10.0.0.4/\n</Location>", set()),
        ("ProxyPass /x http://10.0.0.4/", set()),
        ("RewriteRule ^/x https://10.0.0.4%{REQUEST_URI} [P]\nSSLProxyVerify none", {"TLS-CONF-002"}),
        ("<Location /x>\nSetHandler proxy:https://10.0.0.4/\n</Location>\nSSLProxyProtocol TLSv1", {"TLS-PROTO-003"}),
    ],
)
def test_a_fragment_is_judged_by_what_it_says(bench: Bench, text: str, failing: set[str]) -> None:
    document = bench.lint(text, name="proxied.conf")
    ((_, _, found),) = subjects(document)
    assert found >= failing
    assert document.summary.exit_code == bool(failing)


@pytest.mark.parametrize(
    ("rule", "destination", "local"),
    [
        ("RewriteRule ^ http://10.0.0.13%{REQUEST_URI} [P]", "10.0.0.13", False),
        ("RewriteRule ^ http://localhost:81%{REQUEST_URI} [P]", "localhost:81", True),
        ("RewriteRule ^(.*)$ http://10.0.0.13$1 [P]", "10.0.0.13", False),
        ("RewriteRule ^(/x/.*)$ http://[::1]:81$1 [P]", "[::1]:81", True),
        ("RewriteRule ^/(.*)$ http://10.0.0.13$1 [P]", "10.0.0.13$1", None),
        ("<Location />\nRewriteRule ^(.*)$ http://10.0.0.13$1 [P]\n</Location>", "10.0.0.13$1", None),
        ("ProxyPassMatch ^(/.*\\.gif)$ http://app.example:81$1", "app.example:81", False),
        ("RewriteRule ^ http://10.0.0.13?%{QUERY_STRING} [P]", "10.0.0.13", False),
        ("RewriteRule ^ http://%{HTTP_HOST}%{REQUEST_URI} [P]", "%{HTTP_HOST}", None),
        ("RewriteRule ^ http://10.0.0.13%{ENV:X} [P]", "10.0.0.13%{ENV:X}", None),
    ],
)
def test_variables_behind_the_host(bench: Bench, rule: str, destination: str, local: bool | None) -> None:
    (found,) = upstreams(bench, rule)
    assert (found.destination, found.local) == (destination, local)


def test_a_balancer_behind_a_rewrite(bench: Bench) -> None:
    base = "<Proxy balancer://z>\nBalancerMember http://10.0.0.1\n</Proxy>"
    (found,) = upstreams(bench, "RewriteRule .* balancer://z%{REQUEST_URI} [P]", base)
    assert (found.destination, found.tls, found.local) == ("10.0.0.1", False, False)


@pytest.mark.parametrize("name", ["gone", "%{ENV:WHICH}"])
def test_a_balancer_whose_members_are_not_here_is_not_passed_over(bench: Bench, name: str) -> None:
    (found,) = upstreams(bench, f"RewriteRule .* balancer://{name}/x [P]")
    assert (found.destination, found.tls, found.local) == (name, None, None)


@pytest.mark.parametrize(
    ("options", "inherits"),
    [("", False), ("RewriteOptions Inherit", True), ("RewriteOptions InheritBefore", True)],
)
def test_rules_of_the_main_server_are_inherited_where_that_is_said(
    bench: Bench, options: str, *, inherits: bool
) -> None:
    found = upstreams(bench, options, "RewriteEngine on\nRewriteRule ^/(.*) http://app/$1 [P]")
    assert [each.destination for each in found] == ["app"] * inherits


def test_verification_is_inherited(bench: Bench) -> None:
    (found,) = upstreams(bench, "ProxyPass / https://app/", "SSLProxyEngine on\nSSLProxyVerify require")
    assert found.verifies


def test_old_versions_on_the_way_behind_are_findings(bench: Bench) -> None:
    text = _HOST % ("", "SSLProxyEngine on\nSSLProxyProtocol TLSv1\nSSLProxyVerify require\nProxyPass / https://app/")
    document = bench.lint(text, name="httpd.conf")
    upstream = next(each for each in document.subjects if each.kind == "upstream")
    failing = {each.rule: each.location for each in upstream.results if each.outcome == "fail"}
    assert failing["TLS-PROTO-003"] == doc.Location(file="httpd.conf", line=10)


@pytest.mark.parametrize(
    ("host", "base", "outcome"),
    [
        ("", "", "pass"),
        ("LogLevel emerg", "", "fail"),
        ("", "LogLevel alert", "fail"),
        ("LogLevel warn", "LogLevel alert", "pass"),
        ("LogLevel crit proxy:error", "", "pass"),
        ("LogLevel info proxy:crit", "", "fail"),
        ("LogLevel ssl:crit", "", "pass"),
        ("ErrorLog /dev/null", "", "fail"),
        ("ErrorLog ${APACHE_LOG_DIR}/error.log", "", "pass"),
        ("ErrorLog ${LOG}", "", "inconclusive"),
    ],
)
def test_failures_leave_a_trace(bench: Bench, host: str, base: str, outcome: str) -> None:
    text = _HOST % (base, f"SSLProxyEngine on\nSSLProxyVerify require\n{host}\nProxyPass / https://app/")
    document = bench.lint(text, name="httpd.conf")
    upstream = next(each for each in document.subjects if each.kind == "upstream")
    assert [each.outcome for each in upstream.results if each.rule == "TLS-CONF-019"] == [outcome]


_RULE = "RewriteRule ^/(.*)$ http://app/$1 [P]\n"


@pytest.mark.parametrize(
    ("engine", "host", "base", "counts"),
    [
        ("on", _RULE, "", True),
        ("off", _RULE, "", False),
        ("", _RULE, "", False),
        ("", _RULE, "RewriteEngine on", True),
        ("off", _RULE, "RewriteEngine on", False),
        ("${ENGINE}", _RULE, "", True),
        ("", f"Include /elsewhere.conf\n{_RULE}", "", True),
        ("", f"<Location />\nRewriteEngine on\n{_RULE}</Location>", "", True),
        ("on", f"<Location />\nRewriteEngine off\n{_RULE}</Location>", "", False),
    ],
)
def test_rules_run_where_the_engine_does(bench: Bench, engine: str, host: str, base: str, *, counts: bool) -> None:
    assert bool(upstreams(bench, host, base, engine)) is counts
