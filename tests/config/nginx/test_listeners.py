"""Which listeners there are, what holds for each, and what is left open."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, listener
from tlsaudit.model import document as doc

PAIR = "ssl_certificate server.pem; ssl_certificate_key server.key;"
SOUND = "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM;"


def http(text: str) -> str:
    return f"events {{}}\nhttp {{\n{text}\n}}\n"


def server(text: str, listen: str = "443 ssl") -> str:
    return f"server {{\nlisten {listen};\nserver_name shop.example.com;\n{PAIR}\n{text}\n}}"


def accepted(subject: doc.Subject) -> set[str]:
    assert subject.facts is not None
    return {version for version, verdict in subject.facts.protocols.items() if verdict == "accepted"}


@pytest.mark.parametrize(
    ("listen", "name"),
    [
        ("443 ssl", "shop.example.com:443"),
        ("192.0.2.1:8443 ssl", "shop.example.com:8443"),
        ("[::1]:8443 ssl http2", "shop.example.com:8443"),
        ("*:443 ssl default_server", "shop.example.com:443"),
        ("localhost ssl", "shop.example.com:80"),
        ("unix:/run/tls.sock ssl", "shop.example.com"),
    ],
)
def test_a_listener_is_named_after_its_server_and_port(bench: Bench, listen: str, name: str) -> None:
    found = listener(bench.lint(http(server(SOUND, listen))))
    assert found.name == name
    assert found.id == f"nginx.conf#{name}"
    assert found.location == doc.Location(file="nginx.conf", line=4)


def test_a_server_is_one_listener_a_port(bench: Bench) -> None:
    text = server(SOUND, "443 ssl;\nlisten [::]:443 ssl;\nlisten 8443 ssl;\nlisten 80")
    names = [each.name for each in bench.lint(http(text)).subjects]
    assert names == ["shop.example.com:443", "shop.example.com:8443"]


def test_tls_is_a_matter_of_the_socket(bench: Bench) -> None:
    other = server(SOUND, "443").replace("shop", "other")
    names = [each.name for each in bench.lint(http(server(SOUND) + other)).subjects]
    assert names == ["shop.example.com:443", "other.example.com:443"]


def test_without_tls_there_is_no_subject(bench: Bench) -> None:
    document = bench.lint(http("server { listen 80; location / { proxy_pass http://10.0.0.1; } }"))
    assert document.subjects == []
    assert document.summary.exit_code == 0


@pytest.mark.parametrize(
    ("assume", "versions"),
    [
        ("", {"TLSv1.2", "TLSv1.3"}),
        ("nginx=1.27.3", {"TLSv1.2", "TLSv1.3"}),
        ("nginx=1.25", {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}),
        ("nginx=1.22", {"TLSv1.0", "TLSv1.1", "TLSv1.2"}),
        ("nginx=1.22,openssl=3.0", {"TLSv1.2"}),
        ("nginx=1.22,openssl=1.1.1", {"TLSv1.0", "TLSv1.1", "TLSv1.2"}),
    ],
)
def test_silence_is_the_default_of_the_version(bench: Bench, assume: str, versions: set[str]) -> None:
    found = listener(bench.lint(http(server("")), assume=assume))
    assert accepted(found) == versions
    basis = found.basis["protocols.TLSv1.2"]
    assert (basis.origin, basis.location) == ("default", doc.Location(file="nginx.conf", line=4))


def test_an_inner_level_replaces_an_outer_one(bench: Bench) -> None:
    found = listener(
        bench.lint(http("ssl_protocols TLSv1.3;\nssl_ciphers ECDHE+AESGCM;\n" + server("ssl_protocols TLSv1.2;")))
    )
    assert accepted(found) == {"TLSv1.2"}
    assert found.basis["protocols.TLSv1.2"].origin == "explicit"
    assert found.basis["cipher_suites.TLSv1.2"].origin == "inherited"
    assert found.basis["cipher_suites.TLSv1.2"].location == doc.Location(file="nginx.conf", line=4)


def test_a_second_directive_adds_versions_to_the_first(bench: Bench) -> None:
    """As nginx does it (measured with 1.22.1), where every other directive is refused when it is repeated."""
    text = http(server("ssl_protocols TLSv1 TLSv1.1;\nssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AES;"))
    found = listener(bench.lint(text))
    assert accepted(found) == {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}
    first, second = (found.basis[f"protocols.{version}"].location for version in ("TLSv1.0", "TLSv1.3"))
    assert first is not None
    assert second is not None
    assert second.line == first.line + 1


def test_what_is_asked_for_stands_beside_what_comes_of_it(bench: Bench) -> None:
    text = http(server("ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers RC4:ECDHE+AESGCM;"))
    found = listener(bench.lint(text, assume="openssl=3.0"))
    assert accepted(found) == {"TLSv1.2"}
    assert found.requested is not None
    assert found.requested["protocols"] == ["TLSv1.0", "TLSv1.1", "TLSv1.2"]
    assert "RC4-SHA" in str(found.requested["cipher_suites"])
    assert found.facts is not None
    assert all("RC4" not in suite.name for suite in found.facts.cipher_suites["TLSv1.2"])


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("ssl_protocols $versions;", "protocols.TLSv1.2"),
        (f"{SOUND} ssl_verify_client $verify;", "client_auth.mode"),
        ("ssl_protocols TLSv1.2; ssl_ciphers $ciphers;", "cipher_suites.TLSv1.2"),
        ("ssl_protocols TLSv1.2; ssl_ciphers PROFILE=SYSTEM;", "cipher_suites.TLSv1.2"),
        ("ssl_ciphers ECDHE+AESGCM; include /elsewhere/ssl.conf;", "protocols.TLSv1.2"),
        (f"{SOUND} ssl_ecdh_curve $curve;", "groups.TLSv1.3"),
    ],
)
def test_what_cannot_be_resolved_is_unknown_and_no_pass(bench: Bench, text: str, path: str) -> None:
    document = bench.lint(http(server(text)))
    assert listener(document).unknown[path].why == "unresolved"
    outcomes = {each.outcome for each in listener(document).results}
    assert "inconclusive" in outcomes or path.startswith(("client_auth", "groups"))


def test_a_certificate_that_is_not_here_is_not_asked_about(bench: Bench) -> None:
    text = http(server(SOUND).replace("server.pem", "/etc/letsencrypt/live/shop/fullchain.pem"))
    document = bench.lint(text)
    assert listener(document).unknown["certificate_deployments"].why == "not_asked"
    assert document.summary.exit_code == 0


@pytest.mark.parametrize(
    ("words", "rule"),
    [("expired.pem expired.key", "TLS-CERT-020"), ("other.pem other.key", "TLS-CERT-001")],
)
def test_a_certificate_that_is_here_is_audited(bench: Bench, words: str, rule: str) -> None:
    pem, key = words.split()
    text = http(server(SOUND).replace("server.pem", pem).replace("server.key", key))
    (result,) = [each for each in listener(bench.lint(text)).results if each.rule == rule]
    assert result.outcome == "fail"
    assert result.location == doc.Location(file="nginx.conf", line=6)


@pytest.mark.parametrize(
    ("word", "mode", "verifies"),
    [
        ("on", "required", True),
        ("optional", "optional", True),
        ("optional_no_ca", "optional", False),
        ("off", "none", None),
    ],
)
def test_client_authentication_in_one_vocabulary(bench: Bench, word: str, mode: str, verifies: bool | None) -> None:
    found = listener(bench.lint(http(server(f"{SOUND} ssl_client_certificate clients.pem; ssl_verify_client {word};"))))
    assert found.facts is not None
    assert (found.facts.client_auth.mode, found.facts.client_auth.verifies) == (mode, verifies)
    assert found.facts.client_auth.ca_names == ([] if word == "off" else ["CN=Lab Clients,O=tlsaudit demo"])


def test_includes_stand_where_they_are(bench: Bench) -> None:
    (bench.folder / "conf.d").mkdir()
    (bench.folder / "conf.d" / "a.conf").write_text("\n" + server("include snippets/tls.conf;"))
    (bench.folder / "snippets").mkdir()
    (bench.folder / "snippets" / "tls.conf").write_text("# strict\nssl_protocols TLSv1.3;\n")
    found = listener(bench.lint(http("include /etc/nginx/conf.d/*.conf;")))
    assert found.location == doc.Location(file="conf.d/a.conf", line=3)
    assert found.basis["protocols.TLSv1.3"].location == doc.Location(file="snippets/tls.conf", line=2)


def test_a_snippet_that_nobody_includes_is_judged_by_what_it_says(bench: Bench) -> None:
    document = bench.lint("ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n", name="tls-params.conf")
    (found,) = document.subjects
    failing = {each.rule: each.location for each in found.results if each.outcome == "fail"}
    assert failing == {"TLS-PROTO-003": doc.Location(file="tls-params.conf", line=1)}


def test_stream_and_mail_speak_tls_too(bench: Bench) -> None:
    text = (
        f"events {{}}\nstream {{ server {{ listen 5432 ssl; {PAIR} {SOUND} proxy_pass 10.0.0.9:5432; }} }}\n"
        f"mail {{ server {{ listen 143; protocol imap; starttls on; {PAIR} {SOUND} }} }}\n"
    )
    subjects = bench.lint(text).subjects
    assert [(each.kind, each.name) for each in subjects] == [
        ("listener", "*:5432"),
        ("upstream", "*:5432 > tcp://10.0.0.9:5432"),
        ("listener", "*:143"),
    ]
    assert subjects[2].facts is not None
    assert subjects[2].facts.endpoint.starttls == "imap"
    assert [each.outcome for each in subjects[1].results if each.rule == "TLS-CONF-001"] == ["fail"]


def test_a_server_that_rejects_every_handshake_is_no_listener(bench: Bench) -> None:
    assert bench.lint(http("server { listen 443 ssl; ssl_reject_handshake on; }")).subjects == []


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("~ ^/(?<rest>.*)$", "max-age=2"),
        (r"~* \.(?:css|js)$", "max-age=1"),
        ("~ ^/(?!api)", "max-age=2"),
        ("~ ^(((/+)+)+)+$", None),
        ("~ ^/(?<=/)", None),
    ],
)
def test_a_location_by_expression(bench: Bench, location: str, expected: str | None) -> None:
    field = "add_header Strict-Transport-Security max-age"
    found = listener(
        bench.lint(http(server(f"{SOUND} {field}=1; location {location} {{ {field}=2; return 301 /x; }}")))
    )
    assert found.facts is not None
    hsts = found.facts.http.hsts
    assert (hsts.raw if hsts else None) == expected
    assert ("cannot be told" in found.unknown["http"].detail if "http" in found.unknown else False) is (
        expected is None
    )


_TWO = (
    f"server {{ listen 443 ssl default_server; server_name shop.example.com; {PAIR} }} "
    "server { listen 443 ssl; server_name other.example.com; }"
)


@pytest.mark.parametrize(
    ("text", "name", "why", "code"),
    [
        ("server { listen 443 ssl; }", "nginx.conf", "unsupported", 3),
        (f"server {{ listen 443 ssl; {PAIR.partition(' ')[0]} server.pem; }}", "nginx.conf", None, 3),
        ("server { listen 443 ssl; }", "site.conf", "not_asked", 0),
        (_TWO, "nginx.conf", None, 0),
    ],
)
def test_tls_without_a_certificate(bench: Bench, text: str, name: str, why: str | None, code: int) -> None:
    """nginx does not start, unless the default server of the socket has one, which it then serves (1.22.1)."""
    settings = f"{SOUND} add_header Strict-Transport-Security max-age=63072000 always;"
    whole = f"events {{}}\nhttp {{\n{settings}\n{text}\n}}\n"
    document = bench.lint(whole if name == "nginx.conf" else text.replace("ssl;", f"ssl; {settings}"), name=name)
    last = document.subjects[-1]
    found = last.unknown.get("certificate_deployments")
    assert (found.why if found else None) == why
    assert (found is not None and "nginx does not start" in found.detail) == (why == "unsupported")
    assert document.summary.exit_code == code


_REJECTS = "server {{ listen 443 ssl default_server; ssl_reject_handshake on; {} }}"


@pytest.mark.parametrize(
    ("theirs", "own", "versions"),
    [
        ("ssl_protocols TLSv1 TLSv1.2;", SOUND, {"TLSv1.0", "TLSv1.2", "TLSv1.3"}),
        ("ssl_protocols TLSv1 TLSv1.2; ssl_conf_command MinProtocol TLSv1.2;", SOUND, {"TLSv1.2", "TLSv1.3"}),
        ("", SOUND, {"TLSv1.2", "TLSv1.3"}),
        ("", "ssl_protocols TLSv1.3;", {"TLSv1.3"}),
    ],
)
def test_what_a_default_server_that_rejects_may_decide(bench: Bench, theirs: str, own: str, versions: set[str]) -> None:
    """Nobody else judges it, and before nginx 1.29.2 its versions hold for all names."""
    assert accepted(listener(bench.lint(http(_REJECTS.format(theirs) + server(own))))) == versions


@pytest.mark.parametrize(
    ("assume", "codes"), [("", ["0x1303", "0x1305"]), ("nginx=1.22", ["0x1305"]), ("nginx=1.29.2", ["0x1303"])]
)
def test_whose_suites_of_tls_1_3_count(bench: Bench, assume: str, codes: list[str]) -> None:
    command = "ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites"
    theirs = _REJECTS.format(f"{command} TLS_AES_128_CCM_8_SHA256;")
    text = http(theirs + server(f"{command} TLS_CHACHA20_POLY1305_SHA256;"))
    found = listener(bench.lint(text, assume=assume))
    assert found.facts is not None
    assert sorted(each.code for each in found.facts.cipher_suites["TLSv1.3"]) == codes


def test_early_data_is_that_of_the_default_server(bench: Bench) -> None:
    text = http(_REJECTS.format("ssl_early_data on;") + server(SOUND))
    found = listener(bench.lint(text))
    assert found.facts is not None
    assert found.facts.behaviours.early_data
