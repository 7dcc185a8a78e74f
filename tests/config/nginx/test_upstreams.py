"""Where a terminator passes requests on to."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, results
from tlsaudit.model import document as doc

_SERVER = (
    "server {{ listen 443 ssl; ssl_protocols TLSv1.3; ssl_certificate server.pem; ssl_certificate_key server.key; {} }}"
)


def upstreams(bench: Bench, inside: str, around: str = "") -> list[doc.UpstreamPart]:
    document = bench.lint(f"events {{}} http {{ {around} {_SERVER.format(inside)} }}")
    return [each.facts.upstream for each in document.subjects if each.facts is not None and each.facts.upstream]


@pytest.mark.parametrize(
    ("text", "destination", "local", "tls"),
    [
        ("location / { proxy_pass http://10.0.0.5:8080/x; }", "10.0.0.5:8080", False, False),
        ("location / { proxy_pass http://localhost:3000; }", "localhost:3000", True, False),
        ("location / { proxy_pass http://[::1]:3000; }", "[::1]:3000", True, False),
        ("location / { proxy_pass http://unix:/run/a.sock:/; }", "unix:/run/a.sock:/", True, False),
        ("location / { proxy_pass https://app.example.com; }", "app.example.com", False, True),
        ("location / { if ($x) { proxy_pass http://10.1.1.1; } }", "10.1.1.1", False, False),
        ("location / { grpc_pass grpcs://10.1.1.1:443; }", "10.1.1.1:443", False, True),
        ("location / { fastcgi_pass 10.1.1.1:9000; }", "10.1.1.1:9000", False, False),
        ("location / { fastcgi_pass unix:/run/php.sock; }", "unix:/run/php.sock", True, False),
        ("set $app http://10.2.2.2:1; location / { proxy_pass $app; }", "10.2.2.2:1", False, False),
        ("location / { proxy_pass http://$backend; }", "$backend", None, False),
        ("location / { proxy_pass ${scheme}://10.1.1.1; }", "10.1.1.1", False, True),
        ("location / { proxy_pass $scheme://10.1.1.1; }", "10.1.1.1", False, True),
        ("location / { proxy_pass $upstream_scheme://10.1.1.1; }", "10.1.1.1", False, None),
    ],
)
def test_destinations(bench: Bench, text: str, destination: str, local: bool | None, tls: bool | None) -> None:
    (found,) = upstreams(bench, text)
    assert (found.destination, found.local, found.tls) == (destination, local, tls)


@pytest.mark.parametrize("scheme", ["http://", "https://", "$upstream_scheme://"])
@pytest.mark.parametrize("credentials", ["admin:hunter2@", "admin:hunter2@x@", "hunter2@"])
def test_credentials_are_in_no_report(bench: Bench, scheme: str, credentials: str) -> None:
    text = _SERVER.format(f"location / {{ proxy_pass {scheme}{credentials}10.0.0.7:81/a@b; }}")
    document = bench.lint(f"events {{}} http {{ {text} }}")
    (found,) = (each.facts for each in document.subjects if each.facts is not None and each.facts.upstream is not None)
    assert found.upstream is not None
    assert found.upstream.destination == "10.0.0.7:81"
    assert (found.endpoint.host, found.endpoint.port) == ("10.0.0.7:81", 81)
    assert "hunter2" not in document.model_dump_json()


def test_every_value_of_a_long_map_is_judged(bench: Bench) -> None:
    entries = "".join(f"k{number} https://b{number}.example;" for number in range(999))
    maps = f"map $http_x $be {{ {entries} last http://10.9.9.9; }}"
    found = upstreams(bench, "proxy_ssl_verify on; location / { proxy_pass $be; }", maps.replace("k0 ", "default "))
    assert len(found) == 1000
    assert found[-1].destination == "10.9.9.9"


@pytest.mark.parametrize(
    "text",
    [
        "set $be $a; location / { proxy_pass https://$be; }",
        "location / { proxy_pass https://admin:hunter2@$a; }",
        "location / { proxy_pass $a$b; }",
    ],
)
def test_too_many_values_are_one_upstream_that_is_not_known(bench: Bench, text: str) -> None:
    count = 700 if "$b;" in text else 1001
    entries = "".join(f"k{number} b{number}.example;" for number in range(count))
    maps = f"map $http_x $a {{ {entries} }} map $http_y $b {{ {entries} }}"
    (found,) = upstreams(bench, f"proxy_ssl_verify on; {text}", maps)
    assert (found.local, found.tls, found.verifies) == (None, None, None)
    document = bench.lint_folder()
    (result,) = results(document, "TLS-CONF-001")
    assert (result.outcome, document.summary.exit_code) == ("inconclusive", 3)
    assert "more than 1000 values" in result.observed
    assert "hunter2" not in document.model_dump_json()


def test_a_map_over_the_scheme_by_expression(bench: Bench) -> None:
    maps = "map $scheme $to { ~^https 10.0.0.1; default 10.0.0.2; }"
    found = upstreams(bench, "location / { proxy_pass http://$to; }", maps)
    assert [each.destination for each in found] == ["10.0.0.1", "10.0.0.2"]


def test_every_location_is_judged(bench: Bench) -> None:
    text = "".join(f"location /{number} {{ proxy_pass https://b{number}.example; }}" for number in range(201))
    found = upstreams(bench, f"{text} location /p {{ proxy_pass http://10.9.9.9; }}")
    assert (len(found), found[-1].destination) == (202, "10.9.9.9")


def test_a_group_is_each_of_its_servers(bench: Bench) -> None:
    group = "upstream app { server 10.0.0.1:80 weight=2; server unix:/run/a.sock backup; }"
    found = upstreams(bench, "location / { proxy_pass http://app; }", group)
    assert [(each.destination, each.local) for each in found] == [("10.0.0.1:80", False), ("unix:/run/a.sock", True)]


def test_what_holds_for_the_location_counts(bench: Bench) -> None:
    found = upstreams(
        bench,
        "proxy_ssl_verify on; proxy_ssl_server_name on; location /a { proxy_pass https://a.example; } "
        "location /b { proxy_ssl_verify off; proxy_pass https://a.example; }",
    )
    assert [each.verifies for each in found] == [True, False]
    assert [each.sends_name for each in found] == [True, True]


def test_old_protocols_towards_an_upstream_fail(bench: Bench) -> None:
    text = _SERVER.format("location / { proxy_pass https://a.example;\nproxy_ssl_protocols TLSv1; }")
    document = bench.lint(f"events {{}} http {{ {text} }}")
    failing = {each.rule for each in document.subjects[1].results if each.outcome == "fail"}
    assert {"TLS-PROTO-003", "TLS-PROTO-006", "TLS-CONF-002"} <= failing


def test_each_value_of_a_map_is_an_upstream(bench: Bench) -> None:
    maps = "map $host $app { default 127.0.0.1:1; a.example 10.0.0.1:2; ~^x [::1]:3; hostnames; }"
    text = f"{maps} server {{ listen 443 ssl; location / {{ proxy_pass http://$app; }} }}"
    document = bench.lint(f"events {{}} http {{ {text} }}")
    found = {
        each.facts.upstream.destination: each.facts.upstream.local
        for each in document.subjects
        if each.facts is not None and each.facts.upstream is not None
    }
    assert found == {"127.0.0.1:1": True, "10.0.0.1:2": False, "[::1]:3": True}


def test_whom_a_mail_server_asks_gets_passwords(bench: Bench) -> None:
    text = "events {} mail { auth_http 10.0.0.1:9000/auth; server { listen 993 ssl; protocol imap; } }"
    document = bench.lint(text)
    (found,) = (each.facts.upstream for each in document.subjects if each.kind == "upstream" and each.facts)
    assert found is not None
    assert (found.destination, found.local, found.tls) == ("10.0.0.1:9000", False, False)


def test_a_snippet_for_upstreams_is_judged_by_what_it_says(bench: Bench) -> None:
    document = bench.lint("proxy_ssl_verify off;\nproxy_ssl_protocols TLSv1 TLSv1.2;\n", name="snippet.conf")
    (found,) = (each for each in document.subjects if each.kind == "upstream")
    failing = {each.rule: each.location.line for each in found.results if each.outcome == "fail" and each.location}
    assert failing == {"TLS-CONF-002": 1, "TLS-PROTO-003": 2}


def subjects(document: doc.Document) -> list[tuple[str, bool | None, bool | None, set[str]]]:
    """Name, TLS, verification and what fails with high or medium severity, of every upstream."""
    return [
        (
            each.name,
            each.facts.upstream.tls,
            each.facts.upstream.verifies,
            {found.rule for found in each.results if found.outcome == "fail"},
        )
        for each in document.subjects
        if each.facts is not None and each.facts.upstream is not None
    ]


_OFF = "location / { proxy_pass https://10.0.0.4; proxy_ssl_verify off; }"


def test_a_server_in_clear_verifies_its_upstreams_too(bench: Bench) -> None:
    document = bench.lint(f"events {{}} http {{ server {{ listen 80; server_name a.example; {_OFF} }} }}")
    assert subjects(document) == [("a.example:80 > https://10.0.0.4", True, False, {"TLS-CONF-002"})]
    assert document.summary.exit_code == 1


def test_a_server_in_clear_beside_one_with_tls(bench: Bench) -> None:
    plain = f"server {{ listen 80; server_name a.example; {_OFF} location /x {{ proxy_pass http://10.0.0.5; }} }}"
    document = bench.lint(f"events {{}} http {{ {_SERVER.format('')} {plain} }}")
    assert subjects(document) == [("a.example:80 > https://10.0.0.4", True, False, {"TLS-CONF-002"})]


def test_a_server_with_both_sockets_is_judged_once(bench: Bench) -> None:
    text = _SERVER.format(f"listen 80; {_OFF} location /x {{ proxy_pass http://10.0.0.5; }}")
    assert [(name, failing) for name, _, _, failing in subjects(bench.lint(f"events {{}} http {{ {text} }}"))] == [
        ("*:443 > https://10.0.0.4", {"TLS-CONF-002"}),
        ("*:443 > http://10.0.0.5", {"TLS-CONF-001"}),
    ]


def test_the_scheme_of_a_server_in_clear_is_http(bench: Bench) -> None:
    text = "server { listen 80; location / { proxy_pass $scheme://10.0.0.4; } }"
    assert subjects(bench.lint(f"events {{}} http {{ {text} }}")) == []


def test_stream_servers(bench: Bench) -> None:
    through = "server { listen 5432; proxy_pass 10.0.0.1:5432; }"
    speaks = "server { listen 5000; proxy_pass 10.0.0.2:5000; proxy_ssl on; }"
    document = bench.lint(f"events {{}} stream {{ {through} {speaks} }}")
    assert subjects(document) == [("*:5000 > tcp://10.0.0.2:5000", True, False, {"TLS-CONF-002"})]


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        (_OFF, {"TLS-CONF-002"}),
        ("location / { proxy_pass https://10.0.0.4; }", set()),
        ("location / { proxy_pass http://10.0.0.4; }", set()),
        ("proxy_ssl_verify off; location / { proxy_pass https://10.0.0.4; }", {"TLS-CONF-002"}),
        ("proxy_pass https://app;\nproxy_ssl_verify off;", {"TLS-CONF-002"}),
        (
            "location / { proxy_pass https://app; proxy_ssl_verify on; proxy_ssl_protocols TLSv1 TLSv1.2; }",
            {"TLS-PROTO-003"},
        ),
        (f"server {{ listen 80; {_OFF} }}", {"TLS-CONF-002"}),
        ("server { listen 80; location / { proxy_pass https://10.0.0.4; } }", {"TLS-CONF-002"}),
        ("server { listen 5000; proxy_pass 10.0.0.2:5000; proxy_ssl on; }", {"TLS-CONF-002"}),
        ("server { listen 5000; proxy_pass 10.0.0.2:5000; }", set()),
    ],
)
def test_a_fragment_is_judged_by_what_it_says(bench: Bench, text: str, failing: set[str]) -> None:
    document = bench.lint(text, name="site.conf")
    found = subjects(document)
    assert {rule for _, _, _, rules in found for rule in rules} == failing
    assert len(found) <= 1
    assert document.summary.exit_code == bool(failing)


@pytest.mark.parametrize(
    ("location", "word", "destination", "local"),
    [
        ("/", "http://app$request_uri", "127.0.0.1:81", True),
        ("/", "http://app$uri$is_args$args", "127.0.0.1:81", True),
        ("/", "http://app${document_uri}", "127.0.0.1:81", True),
        ("/", "http://10.0.0.5$request_uri", "10.0.0.5", False),
        ("/", "http://10.0.0.5:81$request_uri", "10.0.0.5:81", False),
        ("/", "http://10.0.0.5$is_args$args", "10.0.0.5", False),
        ("/", "http://[::1]:81$request_uri", "[::1]:81", True),
        ("~ ^(/x/.*)$", "http://app$1", "127.0.0.1:81", True),
        ("~ ^/(?:a|b)(/.*)$", "http://10.0.0.5$1", "10.0.0.5", False),
        ("~ ^(?<rest>/x.*)$", "http://app$rest", "127.0.0.1:81", True),
        ("~ ^/x(.*)$", "http://10.0.0.5$1", "10.0.0.5$1", None),
        ("/", "http://10.0.0.5$suffix", "10.0.0.5$suffix", None),
    ],
)
def test_variables_behind_the_host(
    bench: Bench, location: str, word: str, destination: str, local: bool | None
) -> None:
    group = "upstream app { server 127.0.0.1:81; }"
    (found,) = upstreams(bench, f"location {location} {{ proxy_pass {word}; }}", group)
    assert (found.destination, found.local) == (destination, local)


def test_a_variable_that_names_a_group(bench: Bench) -> None:
    group = "upstream a { server 127.0.0.1:1; } upstream b { server 10.0.0.2:2; }"
    text = "set $app a; if ($arg_b) { set $app b; } location / { proxy_pass http://$app$request_uri; }"
    assert [each.destination for each in upstreams(bench, text, group)] == ["127.0.0.1:1", "10.0.0.2:2"]
