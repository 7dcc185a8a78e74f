"""Ways past a client certificate that a section or a whole virtual host asks for."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, listener

_HOST = """Listen 443
<VirtualHost *:443>
ServerName shop.example.com
SSLEngine on
SSLCertificateFile server.pem
SSLCertificateKeyFile server.key
SSLCACertificateFile clients.pem
DocumentRoot /srv/www
%s
</VirtualHost>
"""
_ALL = "<Location />\nSSLVerifyClient require\n</Location>\n"
_FOLDER = "<Directory /srv/www>\nSSLVerifyClient require\n</Directory>\n"
_OPEN = "SSLVerifyClient none"


def _outcome(bench: Bench, text: str, rule: str = "TLS-MTLS-016") -> str:
    found = listener(bench.lint(text, name="httpd.conf"))
    (result,) = [each for each in found.results if each.rule == rule]
    return result.outcome


@pytest.mark.parametrize(
    ("sections", "outcome"),
    [
        (_ALL, "pass"),
        (f"{_ALL}<Location /public>\n{_OPEN}\n</Location>", "fail"),
        (f"{_ALL}<Location /public>\nSSLVerifyClient optional\n</Location>", "fail"),
        (f"{_ALL}<Location /public>\nSSLVerifyClient ${{MODE}}\n</Location>", "inconclusive"),
        (f"<Location /public>\n{_OPEN}\n</Location>\n{_ALL}", "pass"),
        (f"{_ALL}<Directory /srv/www/public>\n{_OPEN}\n</Directory>", "pass"),
        (_FOLDER, "pass"),
        (f"{_FOLDER}<Directory /srv/www/public>\n{_OPEN}\n</Directory>", "fail"),
        (f"{_FOLDER}<Files open.html>\n{_OPEN}\n</Files>", "fail"),
        (f"SSLVerifyClient require\n{_ALL}<Location /public>\n{_OPEN}\n</Location>", "pass"),
        ("SSLVerifyClient require\nAlias /h /srv/other", "pass"),
        (f"{_FOLDER}Alias /h /srv/other", "fail"),
        (f"{_FOLDER}Alias /h /srv/www/other", "pass"),
        (f"{_FOLDER}Alias /h /srv/other\n<Directory /srv/other>\nSSLVerifyClient require\n</Directory>", "pass"),
        (f"{_FOLDER}Alias /icons/ /usr/share/apache2/icons/", "pass"),
        (f"{_FOLDER}AliasMatch ^/h(.*) /srv/other$1", "inconclusive"),
        (f"{_FOLDER}ProxyPass /app http://127.0.0.1:8080/", "fail"),
        (f"{_FOLDER}<Location /app>\nProxyPass http://127.0.0.1:8080/\n</Location>", "fail"),
        (f"{_FOLDER}<Location /app>\nSSLVerifyClient require\nProxyPass http://127.0.0.1:8080/\n</Location>", "pass"),
        (f"{_ALL}ProxyPass /app http://127.0.0.1:8080/\nAlias /h /srv/other", "pass"),
        ("<LocationMatch ^/$>\nSSLVerifyClient require\n</LocationMatch>", "inconclusive"),
    ],
)
def test_what_a_section_asks_for_another_one_takes_back(bench: Bench, sections: str, outcome: str) -> None:
    assert _outcome(bench, _HOST % sections) == outcome


def test_more_sections_than_are_looked_at_are_not_passed_over(bench: Bench) -> None:
    many = "".join(f"<Location /p{each}>\nSSLVerifyClient require\n</Location>\n" for each in range(50))
    assert _outcome(bench, _HOST % f"{_ALL}{many}<Location /public>\n{_OPEN}\n</Location>") == "inconclusive"
