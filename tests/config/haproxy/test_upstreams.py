"""What HAProxy says to the servers behind its TLS listeners."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, results
from tlsaudit.model import document as doc
from tlsaudit.model.document_facts import UpstreamPart

_OTHERWISE = "not_applicable"
_PERHAPS = {"a/s": "fail", "b/s": "inconclusive"}
_FRONT = "frontend www\n  bind :443 ssl crt server.pem\n"


def upstreams(bench: Bench, text: str, assume: str = "") -> dict[str, UpstreamPart]:
    """The upstreams of a configuration, by name."""
    start = "global\n  ssl-default-bind-options ssl-min-ver TLSv1.2\ndefaults\n  mode http\n"
    document = bench.lint(start + text, name="haproxy.cfg", assume=assume)
    return {each.name: each.facts.upstream for each in document.subjects if each.facts and each.facts.upstream}


def plaintext(subject: doc.Subject) -> str:
    """What the rule about plaintext behind a terminator says."""
    return next(each.outcome for each in subject.results if each.rule == "TLS-CONF-001")


@pytest.mark.parametrize(
    ("server", "local", "tls", "verifies", "sends", "checks"),
    [
        ("10.0.0.1:80", False, False, None, None, None),
        ("127.0.0.1:80", True, False, None, None, None),
        ("[::1]:80", True, False, None, None, None),
        ("localhost:80", True, False, None, None, None),
        ("/run/app.sock", True, False, None, None, None),
        ("abns@app", True, False, None, None, None),
        ('"${APP}:80"', None, False, None, None, None),
        ("10.0.0.1:443 ssl verify none", False, True, False, True, False),
        ("10.0.0.1:443 ssl ca-file clients.pem", False, True, True, True, True),
        ("10.0.0.1:443 ssl ca-file clients.pem no-sni-auto", False, True, True, False, False),
        ("10.0.0.1:443 ssl ca-file clients.pem no-sni-auto verifyhost a.example", False, True, True, False, True),
        ("10.0.0.1:443 ssl ca-file clients.pem sni req.hdr(host)", False, True, True, True, True),
        ('10.0.0.1:443 ssl verify "$V"', False, True, None, True, None),
        ("10.0.0.1:443 ssl no-ssl", False, False, None, None, None),
        ("10.0.0.1:443 check-ssl cookie ssl", False, False, None, None, None),
    ],
)
def test_a_server_line(  # noqa: PLR0917 - one row of the table
    bench: Bench,
    server: str,
    local: bool | None,
    tls: bool | None,
    verifies: bool | None,
    sends: bool | None,
    checks: bool | None,
) -> None:
    found = upstreams(bench, f"{_FRONT}  default_backend app\nbackend app\n  server one {server}\n")["app/one"]
    assert (found.local, found.tls, found.verifies, found.sends_name, found.checks_name) == (
        local,
        tls,
        verifies,
        sends,
        checks,
    )


def test_before_3_3_nobody_sends_a_name_by_himself(bench: Bench) -> None:
    text = f"{_FRONT}  default_backend app\nbackend app\n  server one a.example:443 ssl ca-file clients.pem\n"
    found = upstreams(bench, text, assume="haproxy=2.6")["app/one"]
    assert (found.sends_name, found.checks_name) == (False, False)


def test_default_server_holds_for_the_servers_behind_it(bench: Bench) -> None:
    text = (
        f"{_FRONT}  default_backend app\nbackend app\n  server one 10.0.0.1:80\n"
        "  default-server ssl verify none\n  server two 10.0.0.2:443\n"
        "  server three 10.0.0.3:443 verify required ca-file clients.pem\n"
        "  server-template four 2 app.example:443\n"
    )
    found = upstreams(bench, text)
    assert {name: (each.tls, each.verifies) for name, each in found.items()} == {
        "app/one": (False, None),
        "app/two": (True, False),
        "app/three": (True, True),
        "app/four": (True, False),
    }


@pytest.mark.parametrize(
    ("rules", "outcomes"),
    [
        ("default_backend a", {"a/s": "fail"}),
        ("use_backend b if { path /b }\n  default_backend a", {"a/s": "fail", "b/s": "fail"}),
        ("use_backend %[req.hdr(x)]", {"a/s": "fail", "b/s": "fail"}),
        ("use_backend a-%[req.hdr(x)]", {}),
        ("use_backend b%[req.hdr(x)]", {"b/s": "fail"}),
        ("default_backend nowhere", {}),
        ("use_backend b unless { ssl_fc }\n  default_backend a", {"a/s": "fail"}),
        ("default_backend a\nfrontend plain\n  bind :80\n  default_backend a", {"a/s": "fail"}),
        ("default_backend a\nfrontend plain\n  bind :80\n  default_backend b", {"a/s": "fail"}),
        (
            "use_backend %[req.hdr(x)]\nfrontend plain\n  bind :80\n  default_backend b",
            _PERHAPS,
        ),
        (
            'use_backend "${BACKEND}"\nfrontend plain\n  bind :80\n  default_backend b',
            _PERHAPS,
        ),
        (
            'default_backend a\nfrontend odd\n  bind :80 "${OPTIONS}"\n  default_backend b',
            _PERHAPS,
        ),
    ],
)
def test_plaintext_is_of_interest_where_it_came_over_tls(bench: Bench, rules: str, outcomes: dict[str, str]) -> None:
    text = f"{_FRONT}  {rules}\nbackend a\n  server s 10.0.0.1:80\nbackend b\n  server s 10.0.0.2:80\n"
    document = bench.lint(f"defaults\n  mode http\n{text}", name="haproxy.cfg")
    found = [each for each in document.subjects if each.kind == "upstream"]
    assert {each.name: plaintext(each) for each in found} == outcomes


@pytest.mark.parametrize(
    ("text", "outcome", "failing"),
    [
        ("frontend www\n  bind :80\n  default_backend a\n", _OTHERWISE, {"TLS-CONF-002", "TLS-CONF-019"}),
        (
            "frontend www\n  mode tcp\n  bind :80\n  default_backend a\n",
            "not_applicable",
            {"TLS-CONF-002", "TLS-CONF-019"},
        ),
        ("frontend www\n  bind :80\n  default_backend b\n", _OTHERWISE, {"TLS-CONF-002"}),
        (f"{_FRONT}  default_backend b\n", _OTHERWISE, {"TLS-CONF-002"}),
        ("", "pass", {"TLS-CONF-002"}),
        (f"frontend plain\n  bind :80\n  default_backend a\n{_FRONT}  default_backend a\n", "pass", {"TLS-CONF-002"}),
    ],
)
def test_servers_are_verified_whoever_leads_to_them(bench: Bench, text: str, outcome: str, failing: set[str]) -> None:
    text += "backend a\n  server s 10.0.0.1:443 ssl verify none\n"
    document = bench.lint(f"global\ndefaults\n  mode http\n{text}", name="haproxy.cfg")
    (found,) = (each for each in document.subjects if each.kind == "upstream")
    assert plaintext(found) == outcome
    assert {each.rule for each in found.results if each.outcome == "fail"} >= failing
    assert document.summary.exit_code == 1


def test_what_came_in_clear_and_goes_on_so_is_no_subject(bench: Bench) -> None:
    text = "global\ndefaults\n  mode http\nlisten www\n  bind :80\n  server s 10.0.0.1:80\n"
    document = bench.lint(text, name="haproxy.cfg")
    assert [each.kind for each in document.subjects] == []


def test_the_servers_of_a_ring_are_verified_too(bench: Bench) -> None:
    text = "ring logs\n  server log 10.0.0.8:6514 ssl verify none\n"
    assert upstreams(bench, text)["logs/log"].verifies is False


def test_what_is_passed_through_is_no_upstream_of_a_terminator(bench: Bench) -> None:
    text = (
        "frontend raw\n  mode tcp\n  bind :443\n  default_backend a\nbackend a\n  mode tcp\n  server s 10.0.0.1:443\n"
    )
    assert upstreams(bench, text) == {}


def test_what_global_says_of_servers(bench: Bench) -> None:
    text = (
        "global\n  ssl-server-verify none\n  ssl-default-server-options ssl-min-ver TLSv1.3\n"
        f"{_FRONT}  default_backend app\nbackend app\n  server one 10.0.0.1:443 ssl\n"
    )
    document = bench.lint("defaults\n  mode http\n" + text, name="haproxy.cfg")
    (found,) = (each.facts for each in document.subjects if each.kind == "upstream")
    assert found is not None
    assert found.upstream is not None
    assert found.upstream.verifies is False
    assert [version for version, verdict in found.protocols.items() if verdict == "accepted"] == ["TLSv1.3"]


def test_dispatch_is_a_server_without_options(bench: Bench) -> None:
    text = f"{_FRONT}  default_backend a\nbackend a\n  default-server ssl verify none\n  dispatch 10.0.0.1:80\n"
    assert {name: each.tls for name, each in upstreams(bench, text).items()} == {"a/dispatch": False}


def test_peers_have_servers_too(bench: Bench) -> None:
    text = (
        "peers p\n  default-server ssl verify none\n  server local\n  server far 10.0.0.1:1024\n"
        "peers q\n  peer far 10.0.0.2:1024 ssl verify none\n"
    )
    found = {name: (each.tls, each.verifies) for name, each in upstreams(bench, text).items()}
    assert found == {"p/far": (True, False), "q/far": (True, False)}


def test_what_global_sets_below_a_server_line_does_not_hold_for_it(bench: Bench) -> None:
    server = "  default_backend app\nbackend app\n  server one 10.0.0.1:443 ssl\n"
    below = "global\n  ssl-server-verify none\n  ssl-default-server-options ssl-min-ver TLSv1.3\n"
    document = bench.lint(f"defaults\n  mode http\n{_FRONT}{server}{below}", name="haproxy.cfg")
    (found,) = (each.facts for each in document.subjects if each.kind == "upstream")
    assert found is not None
    assert found.upstream is not None
    assert found.upstream.verifies is False  # this one is looked at when all is read (measured with 2.6)
    assert found.protocols["TLSv1.2"] == "accepted"


@pytest.mark.parametrize(("verify", "outcome"), [("none", "fail"), ("required", None)])
def test_what_haproxy_asks_itself_is_verified(bench: Bench, verify: str, outcome: str | None) -> None:
    start = f"global\n  ssl-default-bind-options ssl-min-ver TLSv1.2\n  httpclient.ssl.verify {verify}\n"
    document = bench.lint(f"{start}defaults\n  mode http\n", name="haproxy.cfg")
    found = [each for each in results(document, "TLS-CONF-002") if each.outcome == "fail"]
    assert [each.outcome for each in found] == ([outcome] if outcome else [])
