"""Which listeners there are, what holds for each, and what is left open."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, listener
from tlsaudit.app import load_anchors
from tlsaudit.linting import LintOptions
from tlsaudit.linting import lint as lint_paths
from tlsaudit.model import document as doc
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation
from tlsaudit.policy import load_policy

PAIR = "SSLCertificateFile server.pem\nSSLCertificateKeyFile server.key\n"
SOUND = "SSLProtocol -all +TLSv1.2 +TLSv1.3\nSSLCipherSuite ECDHE+AESGCM\n"


def host(text: str, *, address: str = "*:443", name: str = "shop.example.com") -> str:
    return f"<VirtualHost {address}>\nServerName {name}\nSSLEngine on\n{PAIR}{text}\n</VirtualHost>\n"


def lint(bench: Bench, text: str, assume: str = "", expect: Expectation | None = None) -> doc.Document:
    expected = expect or Expectation()
    return bench.lint(f"Listen 443\n{text}", name="httpd.conf", assume=assume, expect=expected)


def lint_one(bench: Bench, name: str, kind: str | None) -> doc.Document:
    options = LintOptions(policy=load_policy("owasp"), anchors=load_anchors(), kind=kind)
    return lint_paths([bench.folder / name], options).document


def accepted(subject: doc.Subject) -> set[str]:
    assert subject.facts is not None
    return {version for version, verdict in subject.facts.protocols.items() if verdict == "accepted"}


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("*:443", "shop.example.com:443"),
        ("_default_:8443", "shop.example.com:8443"),
        ("192.0.2.1:8443", "shop.example.com:8443"),
        ("[2001:db8::1]:8443", "shop.example.com:8443"),
        ("*:443 [::]:443", "shop.example.com:443"),
        ("*", "shop.example.com:443"),
    ],
)
def test_a_listener_is_named_after_its_host_and_port(bench: Bench, address: str, name: str) -> None:
    found = listener(lint(bench, host(SOUND, address=address)))
    assert (found.name, found.id) == (name, f"httpd.conf#{name}")
    assert found.location == doc.Location(file="httpd.conf", line=2)


def test_a_host_is_one_listener_a_port(bench: Bench) -> None:
    names = [each.name for each in lint(bench, host(SOUND, address="*:443 [::]:443 *:8443")).subjects]
    assert names == ["shop.example.com:443", "shop.example.com:8443"]


@pytest.mark.parametrize(
    "text",
    [
        "<VirtualHost *:80>\nServerName a.example\n</VirtualHost>",
        "<VirtualHost *:443>\nSSLEngine off\n</VirtualHost>",
        "<IfModule !mod_ssl.c>\n" + host("") + "</IfModule>",
    ],
)
def test_without_tls_there_is_no_subject(bench: Bench, text: str) -> None:
    assert lint(bench, text).subjects == []


@pytest.mark.parametrize("engine", ["optional", "off"])
def test_a_certificate_at_443_without_tls_is_all_that_is_said(bench: Bench, engine: str) -> None:
    document = lint(bench, "SSLEngine on\n" + host("").replace("SSLEngine on", f"SSLEngine {engine}"))
    (found,) = document.subjects
    assert {each.rule for each in found.results if each.outcome == "fail"} == {"TLS-CONF-025"}


def test_the_main_server_can_be_the_listener(bench: Bench) -> None:
    found = listener(lint(bench, f"ServerName shop.example.com\nSSLEngine on\n{PAIR}{SOUND}"))
    assert found.name == "shop.example.com:443"
    assert found.location == doc.Location(file="httpd.conf", line=3)


def test_tls_of_the_main_server_is_inherited(bench: Bench) -> None:
    text = f"Listen 8443\nSSLEngine on\n{PAIR}{SOUND}<VirtualHost *:443>\nServerName a.example\n</VirtualHost>"
    names = [each.name for each in lint(bench, text).subjects]
    assert names == ["*:8443", "a.example:443"]


@pytest.mark.parametrize(
    ("assume", "versions"),
    [
        ("", {"TLSv1.2", "TLSv1.3"}),
        ("apache=2.4", {"TLSv1.2", "TLSv1.3"}),
        ("apache=2.4.29", {"TLSv1.2"}),
        ("apache=2.4.71,openssl=3.0", {"TLSv1.2", "TLSv1.3"}),
        ("openssl=1.1.1", {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}),
        ("apache=2.4.29,openssl=1.1.0", {"TLSv1.0", "TLSv1.1", "TLSv1.2"}),
    ],
)
def test_silence_is_the_default_of_the_version(bench: Bench, assume: str, versions: set[str]) -> None:
    found = listener(lint(bench, host(""), assume))
    assert accepted(found) == versions
    basis = found.basis["protocols.TLSv1.2"]
    assert (basis.origin, basis.location) == ("default", doc.Location(file="httpd.conf", line=2))


def test_silence_at_security_level_0_lets_old_versions_in(bench: Bench) -> None:
    found = listener(lint(bench, host("SSLCipherSuite ECDHE+AES:@SECLEVEL=0")))
    assert {"TLSv1.0", "TLSv1.1"} <= accepted(found)


@pytest.mark.parametrize(
    ("words", "versions"),
    [
        ("all", {"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}),
        ("all -SSLv3", {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}),
        ("all -SSLv2 -SSLv3 -TLSv1 -TLSv1.1", {"TLSv1.2", "TLSv1.3"}),
        ("-all +TLSv1.2 +tlsv1.3", {"TLSv1.2", "TLSv1.3"}),
        ("TLSv1.2 TLSv1.3", {"TLSv1.3"}),
        ("TLSv1.2 +TLSv1.3", {"TLSv1.2", "TLSv1.3"}),
        ("-SSLv3 -TLSv1 +TLSv1.2", {"TLSv1.2"}),
        ("TLSv1.3 all -TLSv1.3 -SSLv3", {"TLSv1.0", "TLSv1.1", "TLSv1.2"}),
    ],
)
def test_the_algebra_of_versions(bench: Bench, words: str, versions: set[str]) -> None:
    assert accepted(listener(lint(bench, host(f"SSLProtocol {words}")))) == versions


@pytest.mark.parametrize("words", ["-SSLv3 -TLSv1", "TLSv1.4", "SSLv2", "all -all", ""])
def test_a_line_that_leaves_nothing_is_no_pass(bench: Bench, words: str) -> None:
    document = lint(bench, host(f"SSLProtocol {words}"))
    assert listener(document).unknown["protocols.TLSv1.2"].why == "unsupported"
    assert document.summary.exit_code == 3


def test_a_range_ends_at_a_gap(bench: Bench) -> None:
    text = host("SSLProtocol -all +TLSv1 +TLSv1.2 +TLSv1.3\nSSLCipherSuite ECDHE+AES:@SECLEVEL=0")
    found = listener(lint(bench, text, "openssl=3.0"))
    assert accepted(found) == {"TLSv1.2", "TLSv1.3"}
    assert found.requested is not None
    assert found.requested["protocols"] == ["TLSv1.0", "TLSv1.2", "TLSv1.3"]
    (noted,) = [each.observed for each in found.results if each.rule == "TLS-CONF-022" and each.outcome == "fail"]
    assert "gap" in str(noted)


def test_a_host_replaces_what_the_main_server_says(bench: Bench) -> None:
    found = listener(lint(bench, "SSLProtocol TLSv1.3\nSSLCipherSuite ECDHE+AESGCM\n" + host("SSLProtocol TLSv1.2")))
    assert accepted(found) == {"TLSv1.2"}
    assert found.basis["protocols.TLSv1.2"].origin == "explicit"
    assert found.basis["cipher_suites.TLSv1.2"].origin == "inherited"
    assert found.basis["cipher_suites.TLSv1.2"].location == doc.Location(file="httpd.conf", line=3)


@pytest.mark.parametrize(("assume", "versions"), [("apache=2.4.41", {"TLSv1.2"}), ("apache=2.4.42", {"TLSv1.3"})])
def test_versions_of_a_name_of_its_own_hang_on_the_release(bench: Bench, assume: str, versions: set[str]) -> None:
    text = host("SSLProtocol TLSv1.2", name="a.example") + host("SSLProtocol TLSv1.3")
    second = lint(bench, text, assume).subjects[1]
    assert accepted(second) == versions


def test_what_is_asked_for_stands_beside_what_comes_of_it(bench: Bench) -> None:
    found = listener(lint(bench, host("SSLProtocol all -SSLv3\nSSLCipherSuite RC4:ECDHE+AESGCM"), "openssl=3.0"))
    assert accepted(found) == {"TLSv1.2", "TLSv1.3"}
    assert found.requested is not None
    assert found.requested["protocols"] == ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
    assert found.requested["ciphers"] == "RC4:ECDHE+AESGCM"
    assert "RC4-SHA" in str(found.requested["cipher_suites"])


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("SSLProtocol ${VERSIONS}", "protocols.TLSv1.2"),
        (f"{SOUND}SSLVerifyClient ${{VERIFY}}", "client_auth.mode"),
        ("SSLProtocol TLSv1.2\nSSLCipherSuite ${CIPHERS}", "cipher_suites.TLSv1.2"),
        ("SSLProtocol TLSv1.2\nSSLCipherSuite PROFILE=SYSTEM", "cipher_suites.TLSv1.2"),
        ("SSLCipherSuite ECDHE+AESGCM\nInclude /etc/ssl-options/apache.conf", "protocols.TLSv1.2"),
        (f"{SOUND}Include /etc/ssl-options/apache.conf", "protocols.TLSv1.2"),
        (f"{SOUND}<IfDefine OLD>\nSSLProtocol all\n</IfDefine>", "protocols.TLSv1.2"),
        (f"{SOUND}Use Strict", "protocols.TLSv1.2"),
        (f"{SOUND}SSLOpenSSLConfCmd MinProtocol ${{LEAST}}", "protocols.TLSv1.2"),
        (f"{SOUND}Header always set Strict-Transport-Security ${{HSTS}}", "http"),
        (
            f"{SOUND}<IfModule mod_headers.c>\nHeader always set Strict-Transport-Security max-age=9\n</IfModule>",
            "http",
        ),
        (f"{SOUND}Header always set Strict-Transport-Security max-age=63072000 env=PLAIN", "http"),
        (f"{SOUND}<If \"%{{REMOTE_ADDR}} == '::1'\">\nSSLVerifyClient none\n</If>", "client_auth.mode"),
    ],
)
def test_what_cannot_be_resolved_is_unknown(bench: Bench, text: str, path: str) -> None:
    assert listener(lint(bench, host(text))).unknown[path].why == "unresolved"


def test_a_folder_that_is_not_here_does_not_replace_what_is_written(bench: Bench) -> None:
    found = listener(lint(bench, f"SSLProtocol all\nIncludeOptional conf-enabled/*.conf\n{host('')}"))
    assert "TLSv1.0" in accepted(found)


def test_what_a_doubtful_section_holds_is_replaced_below(bench: Bench) -> None:
    found = listener(lint(bench, host(f"<IfDefine OLD>\nSSLProtocol all\n</IfDefine>\n{SOUND}")))
    assert accepted(found) == {"TLSv1.2", "TLSv1.3"}


@pytest.mark.parametrize(
    ("word", "mode", "verifies", "enforced_by"),
    [
        ("require", "required", True, "tls"),
        ("on", "required", True, "tls"),
        ("optional", "optional", True, None),
        ("optional_no_ca", "optional", False, None),
        ("none", "none", None, None),
    ],
)
def test_client_authentication_in_one_vocabulary(
    bench: Bench, word: str, mode: str, verifies: bool | None, enforced_by: str | None
) -> None:
    found = listener(lint(bench, host(f"{SOUND}SSLCACertificateFile clients.pem\nSSLVerifyClient {word}")))
    assert found.facts is not None
    auth = found.facts.client_auth
    assert (auth.mode, auth.verifies, auth.enforced_by) == (mode, verifies, enforced_by)
    assert auth.ca_names == ([] if word == "none" else ["CN=Lab Clients,O=tlsaudit demo"])


@pytest.mark.parametrize(
    ("section", "mode", "when", "elsewhere"),
    [
        ("<Location />\nSSLVerifyClient require\n</Location>", "required", "late", []),
        ("<Location /admin>\nSSLVerifyClient require\n</Location>", "none", None, ["/admin"]),
        ('<LocationMatch "^/(a|b)">\nSSLVerifyClient optional\n</LocationMatch>', "none", None, ["/(a|b)"]),
        ('<Directory "/srv/www">\nSSLVerifyClient require\n</Directory>', "required", "late", []),
        ('<Directory "/srv/www/in">\nSSLVerifyClient require\n</Directory>', "none", None, ["/in"]),
        ("<Location /x>\nSSLVerifyClient none\n</Location>", "none", None, []),
        ("<Location /x>\nSSLOptions +StdEnvVars\n</Location>", "none", None, []),
    ],
)
def test_client_authentication_by_path(
    bench: Bench, section: str, mode: str, when: str | None, elsewhere: list[str]
) -> None:
    text = host(f"{SOUND}DocumentRoot /srv/www\nSSLCACertificateFile clients.pem\n{section}")
    found = listener(lint(bench, text))
    assert found.facts is not None
    auth = found.facts.client_auth
    assert (auth.mode, auth.when, list(auth.elsewhere)) == (mode, when, elsewhere)
    for each in auth.elsewhere.values():
        assert {at.when for at in each.values()} == {"late"}


def test_a_section_does_not_take_back_what_the_handshake_asks_for(bench: Bench) -> None:
    text = host(
        f"{SOUND}SSLCACertificateFile clients.pem\nSSLVerifyClient require\n"
        "<Location /open>\nSSLVerifyClient none\n</Location>"
    )
    found = listener(lint(bench, text))
    assert found.facts is not None
    assert (found.facts.client_auth.mode, found.facts.client_auth.elsewhere) == ("required", {})


@pytest.mark.parametrize(
    ("word", "rules"),
    [
        ("none", {"TLS-MTLS-001"}),
        ("optional", {"TLS-MTLS-002"}),
        ("optional_no_ca", {"TLS-MTLS-002", "TLS-MTLS-003"}),
        ("require", set()),
    ],
)
def test_less_than_declared_fails(bench: Bench, word: str, rules: set[str]) -> None:
    text = host(f"SSLProtocol TLSv1.3\nSSLCACertificateFile clients.pem\nSSLVerifyClient {word}")
    found = listener(lint(bench, text, expect=Expectation(client_auth=ClientAuthMode.REQUIRED)))
    failing = {each.rule for each in found.results if each.outcome == "fail" and each.rule.startswith("TLS-MTLS")}
    assert failing == rules


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("SSLCompression on", "TLS-SESS-004"),
        ("SSLInsecureRenegotiation on", "TLS-SESS-001"),
        ("SSLCertificateFile expired.pem\nSSLCertificateKeyFile expired.key", "TLS-CERT-020"),
    ],
)
def test_what_is_grave_is_found_at_its_line(bench: Bench, text: str, rule: str) -> None:
    document = lint(bench, host(text))
    (result,) = [each for each in listener(document).results if each.rule == rule]
    assert result.outcome == "fail"
    assert result.location == doc.Location(file="httpd.conf", line=7)


def test_certificates_add_up_and_the_last_of_a_kind_is_sent(bench: Bench) -> None:
    text = f"{PAIR}{host(SOUND).replace('server', 'other')}"
    found = listener(lint(bench, text))
    assert found.facts is not None
    (sent,) = found.facts.certificate_deployments
    assert sent.name_match is False  # that of other.pem


def test_a_key_may_stand_with_its_certificate(bench: Bench) -> None:
    combined = (bench.folder / "server.pem").read_bytes() + (bench.folder / "server.key").read_bytes()
    (bench.folder / "both.pem").write_bytes(combined)
    text = host(SOUND).replace(PAIR, "SSLCertificateFile both.pem\n")
    (result,) = [each for each in listener(lint(bench, text)).results if each.rule == "TLS-KEY-004"]
    assert result.outcome == "pass"


def test_a_snippet_that_nobody_includes_is_judged_by_what_it_says(bench: Bench) -> None:
    (found,) = bench.lint("SSLProtocol all -SSLv3\n", name="ssl-params.conf").subjects
    failing = {each.rule: each.location for each in found.results if each.outcome == "fail"}
    assert failing == {
        "TLS-PROTO-003": doc.Location(file="ssl-params.conf", line=1),
        "TLS-PROTO-004": doc.Location(file="ssl-params.conf", line=1),
    }


def test_a_host_is_read_once_wherever_it_is_included(bench: Bench) -> None:
    (bench.folder / "vhosts").mkdir()
    (bench.folder / "vhosts" / "a.conf").write_text(host(SOUND.replace("server", "../server")))
    found = listener(lint(bench, "IncludeOptional vhosts/*.conf\n"))
    assert found.location == doc.Location(file="vhosts/a.conf", line=1)


def test_a_comment_lets_a_failure_through_at_the_line_below(bench: Bench) -> None:
    comment = '# tlsaudit:ignore=TLS-PROTO-003,TLS-PROTO-004 until=2999-12-31 reason="old scanners in the store"'
    document = lint(bench, host(f"{comment}\nSSLProtocol all -SSLv3\nSSLCipherSuite ECDHE+AESGCM"))
    outcomes = {each.rule: each.outcome for each in listener(document).results}
    assert (outcomes["TLS-PROTO-003"], outcomes["TLS-PROTO-004"]) == ("waived", "waived")


def test_a_file_can_be_said_to_be_apaches(bench: Bench) -> None:
    """One that nothing in it tells."""
    (bench.folder / "snippet").write_text("SSLSessionCacheTimeout 300\nHeader always set X-Other 1\n")
    with pytest.raises(InputError, match="say with --type"):
        lint_one(bench, "snippet", None)
    assert lint_one(bench, "snippet", "apache").subjects == []


@pytest.mark.parametrize(
    ("command", "rules"),
    [
        ("Certificate other.pem", {"TLS-KEY-004", "TLS-CERT-001"}),
        ("PrivateKey other.key", {"TLS-KEY-004"}),
        ("ChainCAFile clients.pem", {"TLS-CERT-001"}),
        ("VerifyCAFile public.pem", {"TLS-CONF-008", "TLS-CONF-009"}),
        ("VerifyMode Request", {"TLS-MTLS-016"}),
        ("Options Compression,SessionTicket", {"TLS-SESS-004"}),
        ("Options -SessionTicket", set()),
        ("Options UnsafeLegacyRenegotiation", {"TLS-SESS-001"}),
    ],
)
def test_what_a_command_of_the_library_replaces_is_not_known(bench: Bench, command: str, rules: set[str]) -> None:
    own = "SSLVerifyClient require\nSSLCACertificateFile clients.pem\nSSLCARevocationFile clients.crl\n"
    text = host(f"{SOUND}{own}SSLCARevocationCheck chain\nSSLOpenSSLConfCmd {command}\n")
    found = listener(bench.lint(text, name="httpd.conf"))
    open_ = {each.rule for each in found.results if each.outcome == "inconclusive"}
    assert rules <= open_, sorted(open_)
