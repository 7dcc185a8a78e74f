"""Cipher suites of sections: a path of their own, where mod_ssl renegotiates."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench
from tlsaudit.model import document as doc

_HOST = """Listen 443
<VirtualHost *:443>
ServerName shop.example.com
SSLEngine on
SSLCertificateFile server.pem
SSLCertificateKeyFile server.key
SSLCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256
%s
</VirtualHost>
"""
_WEAK = "SSLCipherSuite ECDHE-ECDSA-DES-CBC3-SHA"


def paths(document: doc.Document) -> dict[str, list[str]]:
    """The suites of TLS 1.2, by the name of the listener or of its part."""
    return {
        each.name.removeprefix("shop.example.com:443"): [suite.name for suite in each.facts.cipher_suites["TLSv1.2"]]
        for each in document.subjects
        if each.facts is not None and each.kind == "listener"
    }


@pytest.mark.parametrize(
    ("section", "path"),
    [
        (f"<Location /weak>\n{_WEAK}\n</Location>", "/weak"),
        (f"<Location />\n{_WEAK}\n</Location>", "/"),
        (f"<Directory /srv/weak>\n{_WEAK}\n</Directory>", "/srv/weak"),
        (f"<Files weak.html>\n{_WEAK}\n</Files>", "/weak.html"),
        (f"<Proxy *>\n{_WEAK}\n</Proxy>", "/*"),
        (f"<If \"%{{REQUEST_URI}} == '/weak'\">\n{_WEAK}\n</If>", "/ (<if>)"),
        (f'<Location /x>\n<If "true">\n{_WEAK}\n</If>\n</Location>', "/x (<if>)"),
    ],
)
def test_a_section_is_a_part_of_its_own(bench: Bench, section: str, path: str) -> None:
    document = bench.lint(_HOST % section, name="httpd.conf")
    assert paths(document) == {
        "": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
        path: ["TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"],
    }
    part = next(each for each in document.subjects if each.name.endswith(path))
    failing = {each.rule: each.location for each in part.results if each.outcome == "fail"}
    line = 1 + (_HOST % section).splitlines().index(_WEAK)
    assert part.location == failing["TLS-CIPH-006"] == doc.Location(file="httpd.conf", line=line)
    assert not {each for each in failing if not each.startswith(("TLS-CIPH", "TLS-VULN"))}


def test_a_section_of_the_main_server_holds_for_the_virtual_host(bench: Bench) -> None:
    text = f"<Location /weak>\n{_WEAK}\n</Location>\n{_HOST % ''}"
    assert "/weak" in paths(bench.lint(text, name="httpd.conf"))


def test_tls_1_3_has_no_renegotiation(bench: Bench) -> None:
    text = _HOST % f"SSLProtocol TLSv1.3\n<Location /weak>\n{_WEAK}\n</Location>"
    assert [each.name for each in bench.lint(text, name="httpd.conf").subjects] == ["shop.example.com:443"]


def test_a_suite_that_is_a_variable_is_undecided(bench: Bench) -> None:
    text = _HOST % "<Location /weak>\nSSLCipherSuite ${SUITES}\n</Location>"
    document = bench.lint(text, name="httpd.conf")
    (part,) = (each for each in document.subjects if each.name.endswith("/weak"))
    outcomes = {each.rule: each.outcome for each in part.results}
    assert outcomes["TLS-CIPH-006"] == "inconclusive"
    assert document.summary.exit_code == 3
