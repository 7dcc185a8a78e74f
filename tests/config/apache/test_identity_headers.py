"""Headers about the client's certificate: what lets a client send them himself."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, listener, results

_HOST = """Listen 443
%s
<VirtualHost *:443>
ServerName shop.example.com
SSLEngine on
SSLCertificateFile server.pem
SSLCertificateKeyFile server.key
SSLCACertificateFile clients.pem
SSLVerifyClient optional
%s
</VirtualHost>
"""
_DN = '"%{SSL_CLIENT_S_DN}s"'
_APP = "ProxyPass / http://127.0.0.1:8080/"


@pytest.mark.parametrize(
    ("host", "base", "forgeable"),
    [
        (f"RequestHeader set X-DN {_DN}\n{_APP}", "", False),
        (f"RequestHeader set X-DN {_DN} env=HTTPS\n{_APP}", "", False),
        (f"RequestHeader set X-DN {_DN} env=SSL_CLIENT_VERIFY\n{_APP}", "", True),
        (f"RequestHeader add X-DN {_DN}\n{_APP}", "", True),
        (f"RequestHeader append X-DN {_DN}\n{_APP}", "", True),
        (f"RequestHeader setifempty X-DN {_DN}\n{_APP}", "", True),
        (f"RequestHeader unset X-DN\nRequestHeader add X-DN {_DN}\n{_APP}", "", False),
        (f"RequestHeader add X-DN {_DN}\n{_APP}", "RequestHeader unset X-DN", False),
        (f"<IfDefine CERTS>\nRequestHeader set X-DN {_DN}\n</IfDefine>\n{_APP}", "", True),
        (f"<Location /in>\nRequestHeader set X-DN {_DN}\n</Location>\n{_APP}", "", True),
        (f"<Location />\nRequestHeader set X-DN {_DN}\n</Location>\n{_APP}", "", False),
        (f"<Location /in>\nRequestHeader set X-DN {_DN}\n{_APP.replace(' /', '', 1)}\n</Location>", "", False),
        (f"RequestHeader unset X-DN\n<Location /in>\nRequestHeader set X-DN {_DN}\n</Location>\n{_APP}", "", False),
        (f"RequestHeader add X-Other 1\n{_APP}", "", False),
    ],
)
def test_who_can_forge_it(bench: Bench, host: str, base: str, forgeable: bool) -> None:
    found = listener(bench.lint(_HOST % (base, host), name="httpd.conf"))
    (result,) = [each for each in found.results if each.rule == "TLS-CONF-010"]
    assert result.outcome == ("fail" if forgeable else "pass")


@pytest.mark.parametrize(
    ("host", "base", "outcome"),
    [
        (f"{_APP}\nInclude missing.conf", "", "inconclusive"),
        (f"{_APP}\n<Location /in>\nInclude missing/*.conf\n</Location>", "", "inconclusive"),
        (_APP, "Include missing.conf", "inconclusive"),
        (f"RequestHeader add X-DN {_DN}\n{_APP}\nInclude missing.conf", "", "fail"),
        (f"RequestHeader set X-DN {_DN}\n{_APP}\nInclude clients.conf", "", "pass"),
    ],
)
def test_what_is_not_here_may_set_one(bench: Bench, host: str, base: str, outcome: str) -> None:
    (bench.folder / "clients.conf").write_text("SSLVerifyClient optional\n")
    document = bench.lint(_HOST % (base, f"{host}\nSSLVerifyClient optional"), name="httpd.conf")
    assert {each.outcome for each in results(document, "TLS-CONF-010")} - {"not_tested"} == {outcome}
