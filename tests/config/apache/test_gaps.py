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
    document = bench.lint(_HOST % f"{_ALL}{many}<Location /public>\n{_OPEN}\n</Location>", name="httpd.conf")
    assert [each.status for each in document.subjects] == ["unparsable"]


_PLAIN = "Listen 80\n<VirtualHost *:80>\nServerName shop.example.com\n%s\n</VirtualHost>\n"
_SAME = "DocumentRoot /srv/www\n"
_ENGINE = "RewriteEngine on\n"


@pytest.mark.parametrize(
    ("plain", "outcome"),
    [
        (_SAME, "fail"),
        ("DocumentRoot /srv/other", "pass"),
        (f"{_SAME}Redirect / https://shop.example.com/", "pass"),
        (f"{_SAME}Redirect /old https://shop.example.com/", "fail"),
        (
            f"{_SAME}{_ENGINE}RewriteCond %{{HTTPS}} off\nRewriteRule ^ https://%{{HTTP_HOST}}%{{REQUEST_URI}} [R]",
            "pass",
        ),
        (f"{_SAME}{_ENGINE}RewriteCond %{{SERVER_NAME}} =shop.example.com\nRewriteRule ^ https://x/ [END,R]", "pass"),
        (f"{_SAME}{_ENGINE}RewriteCond %{{REQUEST_URI}} !^/.well-known/\nRewriteRule ^ https://x/ [R,L]", "pass"),
        (f"{_SAME}{_ENGINE}RewriteCond %{{HTTP:X-A}} b\nRewriteRule ^ https://shop.example.com/ [R]", "inconclusive"),
        (f"{_SAME}<Directory /srv/www>\nSSLRequireSSL\n</Directory>", "pass"),
        (f"{_SAME}<Directory /srv/www>\nRequire all granted\n</Directory>", "fail"),
        (f"{_SAME}<Directory /srv/www>\nRequire ip 10.0.0.0/8\n</Directory>", "inconclusive"),
    ],
)
def test_the_same_site_in_clear(bench: Bench, plain: str, outcome: str) -> None:
    assert _outcome(bench, _PLAIN % plain + _HOST % "SSLVerifyClient require") == outcome


def test_what_is_behind_in_clear(bench: Bench) -> None:
    behind = "ProxyPass / http://127.0.0.1:8080/\n"
    assert _outcome(bench, _PLAIN % behind + _HOST % f"SSLVerifyClient require\n{behind}") == "fail"
    assert _outcome(bench, _PLAIN % _SAME + _HOST % f"SSLVerifyClient require\n{behind}") == "pass"


def test_the_main_server_in_clear_serves_the_same_folder(bench: Bench) -> None:
    text = _HOST % "SSLVerifyClient require"
    assert _outcome(bench, f"Listen 80\n{_SAME}{text}") == "fail"
    assert _outcome(bench, f"Listen 127.0.0.1:80\nDocumentRoot /srv/other\n{text}") == "pass"


def test_where_no_certificate_is_required_plain_text_is_no_way_past_it(bench: Bench) -> None:
    assert _outcome(bench, _PLAIN % _SAME + _HOST % "SSLVerifyClient optional") == "pass"


_VERIFY = "<Location />\nRequire ssl-verify-client\n</Location>\n"
_SUCCESS = "%{SSL_CLIENT_VERIFY} == 'SUCCESS'"


@pytest.mark.parametrize(
    ("sections", "mode"),
    [
        (_VERIFY, "required"),
        (f"<Location />\nRequire expr {_SUCCESS}\n</Location>", "required"),
        (f'<Location />\nRequire expr "{_SUCCESS}"\n</Location>', "required"),
        ("<Location />\nRequire all granted\n</Location>", "optional"),
        ("<Location /admin>\nRequire ssl-verify-client\n</Location>", "optional"),
        (f"{_VERIFY}<Location /x>\nRequire all granted\n</Location>", "unknown"),
        (f"<Location /x>\nRequire all granted\n</Location>\n{_VERIFY}", "required"),
        ("<Location />\nRequire ssl-verify-client\nRequire ip 10.0.0.1\n</Location>", "unknown"),
        (f"{_VERIFY}<Directory /srv/www>\nSatisfy any\n</Directory>", "unknown"),
        (f"<Location />\nRequire expr {_SUCCESS} || true\n</Location>", "unknown"),
        ("<Directory /srv/www>\nRequire ssl-verify-client\n</Directory>", "unknown"),
        (f'<If "{_SUCCESS.replace("==", "!=")}">\nRequire all denied\n</If>', "unknown"),
        (f"{_ENGINE}RewriteCond %{{SSL:SSL_CLIENT_VERIFY}} !=SUCCESS\nRewriteRule ^ - [F]", "unknown"),
    ],
)
def test_a_certificate_that_the_application_asks_for(bench: Bench, sections: str, mode: str) -> None:
    found = listener(bench.lint(_HOST % f"SSLVerifyClient optional\n{sections}", name="httpd.conf"))
    assert found.facts is not None
    assert found.facts.client_auth.mode == mode


def test_what_the_application_verifies_is_verified(bench: Bench) -> None:
    text = _HOST % f"SSLVerifyClient optional_no_ca\n{_VERIFY}"
    found = listener(bench.lint(text, name="httpd.conf"))
    assert found.facts is not None
    client = found.facts.client_auth
    assert (client.mode, client.enforced_by, client.verifies) == ("required", "application", True)
