"""certbot's file of TLS settings, which is on the machine alone; and a module that is off."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, listener, results
from tlsaudit.model import document as doc

_FILE = "/etc/letsencrypt/options-ssl-apache.conf"
_HOST = """Listen 443
<VirtualHost *:443>
ServerName shop.example.com
SSLCertificateFile server.pem
SSLCertificateKeyFile server.key
Header always set Strict-Transport-Security "max-age=63072000"
%s
</VirtualHost>
"""


def accepted(document: doc.Document) -> set[str]:
    facts = listener(document).facts
    assert facts is not None
    return {version for version, verdict in facts.protocols.items() if verdict == "accepted"}


@pytest.mark.parametrize("assume", ["", "apache=2.4.62,openssl=3.0"])
@pytest.mark.parametrize("folder", ["/etc", "/usr/local/etc"])
def test_the_file_of_certbot_is_taken_as_it_is_shipped(bench: Bench, folder: str, assume: str) -> None:
    document = bench.lint(_HOST % f"Include {folder}/letsencrypt/options-ssl-apache.conf", name="a.conf", assume=assume)
    assert accepted(document) == {"TLSv1.2", "TLSv1.3"}
    assert document.summary.exit_code == 0
    (depends,) = results(document, "TLS-CONF-023")
    assert depends.outcome == "fail"
    assert "certbot" in depends.observed
    assert listener(document).location == doc.Location(file="a.conf", line=2)


def test_what_stands_behind_the_include_replaces_it(bench: Bench) -> None:
    document = bench.lint(_HOST % f"Include {_FILE}\nSSLProtocol all", name="a.conf")
    assert "TLSv1" not in accepted(document)
    assert "TLSv1.0" in accepted(document)
    assert document.summary.exit_code == 1


def test_the_file_itself_counts_where_it_is_here(bench: Bench) -> None:
    place = bench.folder / "etc" / "letsencrypt"
    place.mkdir(parents=True)
    (place / "options-ssl-apache.conf").write_text("SSLEngine on\nSSLProtocol all -SSLv3\n")
    document = bench.lint(_HOST % f"Include {_FILE}", name="a.conf")
    assert "TLSv1.0" in accepted(document)
    assert all("certbot" not in each.observed for each in results(document, "TLS-CONF-023"))


def test_another_file_that_is_not_here_may_say_anything(bench: Bench) -> None:
    document = bench.lint(_HOST % "SSLEngine on\nInclude /etc/letsencrypt/mine.conf", name="a.conf")
    assert accepted(document) == set()


_AUTHZ_SVN = """<IfModule !mod_dav_svn.c>
Include mods-enabled/dav_svn.load
</IfModule>
LoadModule authz_svn_module x.so
"""


@pytest.mark.parametrize(("said", "code"), [("all", 1), ("-all +TLSv1.2 +TLSv1.3", 0)])
def test_a_module_that_is_off_is_judged_as_if_it_were_on(bench: Bench, said: str, code: int) -> None:
    """Whatever the modules that are on load behind conditions."""
    enabled = bench.folder / "mods-enabled"
    for each in ("mods-enabled", "mods-available"):
        (bench.folder / each).mkdir()
    (enabled / "authz_svn.load").write_text(_AUTHZ_SVN)
    (enabled / "dav_svn.load").write_text("LoadModule dav_svn_module x.so\n")
    settings = f"<IfModule mod_ssl.c>\nSSLProtocol {said}\n</IfModule>\n"
    (bench.folder / "mods-available" / "ssl.conf").write_text(settings)
    main = "ServerRoot /etc/apache2\nListen 80\nIncludeOptional mods-enabled/*.load\n"
    document = bench.lint(main, name="apache2.conf")
    assert listener(document).location == doc.Location(file="mods-available/ssl.conf", line=2)
    assert document.summary.exit_code == code


@pytest.mark.parametrize(
    ("text", "rule"),
    [("SSLCipherSuite RSA+AES:RC4-SHA:NULL-SHA\n", "TLS-CIPH-004"), ("SSLCipherSuite ECDHE+AESGCM\n", None)],
)
def test_suites_alone_are_judged(bench: Bench, text: str, rule: str | None) -> None:
    document = bench.lint(text, name="ssl.conf")
    failed = {each.rule for each in listener(document).results if each.outcome == "fail"}
    assert (rule in failed) if rule is not None else not any(each.startswith("TLS-CIPH") for each in failed)
    assert accepted(document) == set()
