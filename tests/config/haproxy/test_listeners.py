"""Listeners of HAProxy: binds, crt-lists, stores, defaults, conditions, and what nobody here can know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.linting import Bench, results
from tests.lab.servers import absent
from tlsaudit.app import load_anchors
from tlsaudit.config.read import parse_assumptions
from tlsaudit.linting import LintOptions
from tlsaudit.linting import lint as lint_paths
from tlsaudit.model import document as doc
from tlsaudit.policy import load_policy

_START = "global\n  ssl-load-extra-del-ext\n  ssl-default-bind-options ssl-min-ver TLSv1.2\ndefaults\n  mode http\n"


def lint(bench: Bench, text: str, *, start: str = _START, **options: str) -> dict[str, doc.Subject]:
    """The listeners of a configuration, by name."""
    document = bench.lint(start + text, name="haproxy.cfg", **options)
    return {each.name: each for each in document.subjects if each.kind == "listener"}


def accepted(subject: doc.Subject) -> set[str]:
    """The versions that a listener speaks."""
    assert subject.facts is not None
    return {version for version, verdict in subject.facts.protocols.items() if verdict == "accepted"}


def test_every_address_of_a_bind_line_is_a_listener(bench: Bench) -> None:
    found = lint(bench, "frontend www\n  bind :443,[::1]:8443 ssl crt server.pem\n  bind :80\n")
    assert sorted(found) == ["www:443", "www:8443"]
    assert found["www:443"].id == "haproxy.cfg#www:443"
    assert found["www:443"].location == doc.Location(file="haproxy.cfg", line=7)
    assert found["www:8443"].facts is not None
    assert found["www:8443"].facts.endpoint.host == "::1"


def test_a_name_of_a_crt_list_is_a_listener_with_its_own_options(bench: Bench) -> None:
    (bench.folder / "list.txt").write_text(
        "# names\nserver.pem\nother.pem [ssl-min-ver TLSv1.3 verify required ca-file clients.pem] "
        "elsewhere.example.com *.old.example.com !x.old.example.com\n"
    )
    found = lint(bench, "frontend www\n  bind :443 ssl crt-list list.txt\n")
    assert sorted(found) == ["elsewhere.example.com:443", "www:443"]
    here, first = found["elsewhere.example.com:443"], found["www:443"]
    assert (accepted(here), accepted(first)) == ({"TLSv1.3"}, {"TLSv1.2", "TLSv1.3"})
    assert here.facts is not None
    assert first.facts is not None
    assert (here.facts.client_auth.mode, first.facts.client_auth.mode) == ("required", "none")
    assert here.basis["protocols.TLSv1.3"].location == doc.Location(file="list.txt", line=3)
    failing = {each.rule for each in here.results if each.outcome == "fail"}
    assert "TLS-CERT-001" in failing  # the certificate is not for old.example.com


def test_a_folder_is_each_of_its_certificates(bench: Bench) -> None:
    folder = bench.folder / "certs"
    folder.mkdir()
    for name in ("server.pem", "other.pem"):
        (folder / name).write_bytes((bench.folder / name).read_bytes())
    (folder / "other.pem.key").write_bytes((bench.folder / "other.key").read_bytes())
    found = lint(bench, "frontend www\n  bind :443 ssl crt certs/\n")
    assert sorted(found) == ["shop.example.com:443", "www:443"]


@pytest.mark.parametrize("word", ["@shop/web", "@shop/server.pem", "web"])
def test_a_certificate_of_a_store(bench: Bench, word: str) -> None:
    folder = bench.folder / "store"
    folder.mkdir()
    (folder / "server.pem").write_bytes((bench.folder / "server.pem").read_bytes())
    (folder / "its.key").write_bytes((bench.folder / "other.key").read_bytes())
    text = "crt-store shop\n  crt-base store\n  key-base store\n  load crt server.pem key its.key alias web\n"
    found = lint(bench, f"{text}frontend www\n  bind :443 ssl crt {word}\n")
    results = {each.rule: each.outcome for each in found["www:443"].results}
    assert results["TLS-KEY-004"] == "fail"


def test_defaults_chains(bench: Bench) -> None:
    text = (
        "defaults base\n  mode tcp\ndefaults web from base\n  mode http\n"
        "frontend a from base\n  bind :1 ssl crt server.pem\nfrontend b from web\n  bind :2 ssl crt server.pem\n"
        "frontend c\n  bind :3 ssl crt server.pem\n"
    )
    found = lint(bench, text)
    offered = {name: subject.facts.alpn for name, subject in found.items() if subject.facts is not None}
    assert offered == {"a:1": [], "b:2": ["h2", "http/1.1"], "c:3": ["h2", "http/1.1"]}


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ('ssl-min-ver "$LOWEST"', "protocols.TLSv1.2"),
        ('ciphers "$LISTED"', "cipher_suites.TLSv1.2"),
        ("ciphers PROFILE=SYSTEM", "cipher_suites.TLSv1.2"),
        ('verify "${VERIFY}" ca-file clients.pem', "client_auth.mode"),
        ('"${OPTIONS[*]}"', "client_auth.mode"),
        ("curves nonsense", "groups.TLSv1.3"),
        ("ssl-min-ver TLSv1.4", "protocols.TLSv1.2"),
    ],
)
def test_what_comes_from_elsewhere_is_unknown(bench: Bench, options: str, path: str) -> None:
    found = lint(bench, f"frontend www\n  bind :443 ssl crt server.pem {options}\n")
    assert path in found["www:443"].unknown


def test_what_stands_under_a_condition_is_unknown_unless_it_is_decided(bench: Bench) -> None:
    text = (
        ".if openssl_version_before(3.0)\nglobal\n  ssl-default-bind-options ssl-min-ver TLSv1.0\n.endif\n"
        "frontend www\n  bind :443 ssl crt server.pem\n"
    )
    assert "protocols.TLSv1.2" in lint(bench, text)["www:443"].unknown
    assert accepted(lint(bench, text, assume="openssl=3.0")["www:443"]) == {"TLSv1.2", "TLSv1.3"}


def test_a_list_that_is_not_here_may_hold_anything(bench: Bench) -> None:
    found = lint(bench, "frontend www\n  bind :443 ssl crt-list /etc/haproxy/list.txt\n")
    assert "certificate_deployments" in found["www:443"].unknown


def test_a_part_that_breaks_only_with_what_the_main_file_sets_is_said(bench: Bench) -> None:
    (bench.folder / "conf.d").mkdir()
    part = '.if streq("$ROLE",edge)\nlisten a\n.endif\n  bind :444 ssl crt server.pem\n'
    (bench.folder / "conf.d" / "part.cfg").write_text(part)
    text = "global\n  setenv ROLE core\nfrontend www\n  bind :443 ssl crt server.pem\n"
    document = bench.lint(text, name="haproxy.cfg")
    assert {each.id: each.status for each in document.subjects} == {
        "conf.d/part.cfg": "unparsable",
        "haproxy.cfg#www:443": "audited",
    }
    (broken,) = (each.error for each in document.subjects if each.error is not None)
    assert broken.message == "conf.d/part.cfg:4: 'bind' stands outside of any section"


def test_parts_belong_to_the_main_file_above_them(bench: Bench) -> None:
    (bench.folder / "conf.d").mkdir()
    (bench.folder / "conf.d" / "www.cfg").write_text(
        "frontend www\n  bind :443 ssl crt server.pem\n  default_backend b\n"
    )
    start = "global\n  ssl-default-bind-options ssl-min-ver TLSv1.3\ndefaults\n  mode http\n"
    text = f"{start}backend b\n  server a 10.0.0.1:80\n"
    document = bench.lint(text, name="haproxy.cfg")
    assert sorted(each.id for each in document.subjects) == ["conf.d/www.cfg#www:443", "haproxy.cfg#b/a"]
    (found,) = (each for each in document.subjects if each.kind == "listener")
    assert accepted(found) == {"TLSv1.3"}


def test_before_2_2_the_lowest_version_was_another(bench: Bench) -> None:
    found = lint(bench, "frontend www\n  bind :443 ssl crt server.pem\n", start="", assume="haproxy=2.0")
    assert accepted(found["www:443"]) == {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}


def test_debians_own_file() -> None:
    """Sound settings for bind lines that are to come: nothing fails, and nothing is left out."""
    path = Path("/etc/haproxy/haproxy.cfg")
    if not path.exists():
        absent("haproxy")
    from tests.cli.program import tlsaudit

    for more in ((), ("--assume", "haproxy=2.6,openssl=3.0")):
        ended = tlsaudit("lint", path, *more, "--format", "json")
        assert ended.code == 0
        (subject,) = ended.document["subjects"]
        assert [each["rule"] for each in subject["results"] if each["outcome"] in {"fail", "inconclusive"}] == []
        assert subject["location"]["line"] == 16


@pytest.mark.parametrize(
    ("bind", "outcome"),
    [
        (":443 crt server.pem", "fail"),
        (":443 crt-list list.txt strict-sni", "fail"),
        (":443 default-crt server.pem verify required ca-file clients.pem", "fail"),
        (":80 ssl-min-ver TLSv1.2", None),
        (":80 verify none", None),
        (":443 ssl crt server.pem", "pass"),
        ("quic4@:443 crt server.pem", "pass"),
        (':443 crt server.pem "${SSL}"', "inconclusive"),
        (":443 name ssl", None),
        (":443", None),
    ],
)
def test_a_bind_line_without_ssl(bench: Bench, bind: str, outcome: str | None) -> None:
    document = bench.lint(f"global\ndefaults\n  mode http\nfrontend www\n  bind {bind}\n", name="haproxy.cfg")
    found = {each.outcome for each in results(document, "TLS-CONF-025")}
    assert found == ({outcome} if outcome is not None else set())


def test_default_bind_of_peers(bench: Bench) -> None:
    text = "peers p\n  default-bind ssl crt server.pem ssl-min-ver TLSv1.0\n  bind :1024\n  server far 10.0.0.1:1024\n"
    assert accepted(lint(bench, text)["p:1024"]) >= {"TLSv1.0"}


def test_curves_of_a_crt_list_change_nothing(bench: Bench) -> None:
    """OpenSSL takes the groups where the connection starts, before a certificate is chosen (measured with 2.6)."""
    (bench.folder / "list.txt").write_text("other.pem [curves X25519] elsewhere.example.com\n")
    found = lint(bench, "frontend www\n  bind :443 ssl crt server.pem crt-list list.txt curves secp192r1\n")
    for name in ("www:443", "elsewhere.example.com:443"):
        facts = found[name].facts
        assert facts is not None
        assert {group.name for groups in facts.groups.values() for group in groups} == {"secp192r1"}


@pytest.mark.parametrize(
    "settings",
    [
        "setenv LOWEST TLSv1.3\n  resetenv",
        "setenv LOWEST TLSv1.3\n  unsetenv LOWEST",
        "setenv LOWEST TLSv1.3\n  .if defined(LEGACY)\n  setenv LOWEST TLSv1.0\n  .endif",
    ],
)
def test_what_the_environment_no_longer_holds_is_unknown(bench: Bench, settings: str) -> None:
    start = f"global\n  {settings}\ndefaults\n  mode http\n"
    text = 'frontend www\n  bind :443 ssl crt server.pem ssl-min-ver "$LOWEST"\n'
    assert "protocols.TLSv1.2" in lint(bench, text, start=start)["www:443"].unknown


def test_what_global_sets_below_a_bind_line_does_not_hold_for_it(bench: Bench) -> None:
    text = (
        "frontend above\n  bind :1 ssl crt server.pem ssl-min-ver TLSv1.2\n"
        "global\n  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256\n"
        "  ssl-default-bind-options ssl-min-ver TLSv1.3\n"
        "frontend below\n  bind :2 ssl crt server.pem\n"
    )
    found = lint(bench, text, start="", assume="haproxy=2.6")
    assert (accepted(found["above:1"]), accepted(found["below:2"])) == ({"TLSv1.2", "TLSv1.3"}, {"TLSv1.3"})
    suites = {}
    for name, each in found.items():
        assert each.facts is not None
        suites[name] = len(each.facts.cipher_suites["TLSv1.3"])
    assert suites == {"above:1": 3, "below:2": 1}


def test_a_listener_without_a_certificate_does_not_start(bench: Bench) -> None:
    document = bench.lint(f"{_START}frontend www\n  bind :443 ssl ciphers ECDHE+AESGCM\n", name="haproxy.cfg")
    (subject,) = document.subjects
    assert subject.unknown["certificate_deployments"].why == "unsupported"
    assert document.summary.exit_code == 3


@pytest.mark.parametrize(
    ("ciphers", "rule"), [("RSA+AES:RC4-SHA:NULL-SHA", "TLS-CIPH-001"), ("ECDHE+AESGCM:ECDHE+CHACHA20", None)]
)
def test_suites_that_global_sets_alone_are_judged(bench: Bench, ciphers: str, rule: str | None) -> None:
    """Whatever versions the bind lines elsewhere speak."""
    found = lint(bench, "", start=f"global\n  ssl-default-bind-ciphers {ciphers}\ndefaults\n  mode http\n")
    (subject,) = found.values()
    failed = {each.rule for each in subject.results if each.outcome == "fail"}
    assert failed == {rule} | failed if rule else not failed
    assert accepted(subject) == set()


@pytest.mark.parametrize(
    ("filters", "version", "names", "is_default"),
    [
        ("", "2.6", ("other.example.com", "shop.example.com"), False),
        ("!*", "2.6", (), False),
        ("!x.example", "2.6", (), False),
        ("*", "2.6", (), False),
        ("*", "3.0", (), True),
        ("*.a.example !X.a.example", "2.6", ("*.a.example",), False),
    ],
)
def test_filters_replace_the_names_of_the_certificate(
    bench: Bench, filters: str, version: str, names: tuple[str, ...], *, is_default: bool
) -> None:
    """As HAProxy 2.6 does; since 3.0 `*` is for all other names."""
    (bench.folder / "list.txt").write_text(f"other.pem\nserver.pem {filters}\n")
    (bench.folder / "haproxy.cfg").write_text(f"{_START}frontend www\n  bind :443 ssl crt-list list.txt\n")
    options = LintOptions(
        policy=load_policy("owasp"),
        anchors=load_anchors(bench.pki.root_file),
        assume=parse_assumptions(f"haproxy={version}"),
    )
    served = list(lint_paths([bench.folder], options).names.values())
    assert (tuple(sorted(served[1].names)), served[1].is_default) == (names, is_default)
    assert served[1].excluded == (("x.a.example",) if "X" in filters else ("x.example",) if "!x" in filters else ())


@pytest.mark.parametrize(("words", "failed"), [("ssl crt server.pem level admin", True), ("level admin", False)])
def test_a_stats_socket_speaks_no_tls(bench: Bench, words: str, *, failed: bool) -> None:
    """HAProxy 2.6 takes `ssl` there, and answers in clear."""
    start = f"global\n  ssl-default-bind-options ssl-min-ver TLSv1.2\n  stats socket ipv4@10.0.0.1:9999 {words}\n"
    found = lint(bench, "defaults\n  mode http\n", start=start)
    failing = {
        name: each.location
        for name, each in found.items()
        if any(result.rule == "TLS-CONF-025" and result.outcome == "fail" for result in each.results)
    }
    assert failing == ({"stats socket:9999": doc.Location(file="haproxy.cfg", line=3)} if failed else {})


def test_no_address_or_certificate_is_left_out(bench: Bench) -> None:
    """The last one of many is judged, or the file is not."""
    addresses = ",".join(f":{1000 + number}" for number in range(60))
    found = lint(bench, f"frontend www\n  bind {addresses} ssl crt server.pem\n")
    assert "www:1059" in found
    rows = [f"server.pem n{number}.example\n" for number in range(600)]
    (bench.folder / "list.txt").write_text("".join(rows))
    found = lint(bench, "frontend www\n  bind :443 ssl crt-list list.txt\n")
    assert "n599.example:443" in found


@pytest.mark.parametrize("in_a_folder", [False, True])
def test_more_certificates_than_are_looked_at(bench: Bench, *, in_a_folder: bool) -> None:
    (bench.folder / "list.txt").write_text("server.pem\n" * 2001)
    if in_a_folder:
        (bench.folder / "many").mkdir()
        for number in range(2001):
            (bench.folder / "many" / f"{number}.pem").touch()
    (bench.folder / "haproxy.cfg").write_text(
        f"{_START}frontend www\n  bind :443 ssl {'crt many' if in_a_folder else 'crt-list list.txt'}\n"
    )
    errors = [each.error for each in bench.lint_folder().subjects if each.error is not None]
    assert [(each.code, "more than 2000 certificates" in each.message) for each in errors] == [("excess", True)]
