"""`.htaccess`: what one says is judged, what is up to the virtual host is left open, and one without TLS is none."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench
from tlsaudit.config.recognise import recognise

_NAME = ".htaccess"


@pytest.mark.parametrize(
    ("text", "failing", "exit_code"),
    [
        ("SSLCipherSuite 3DES", {"TLS-CIPH-006", "TLS-CIPH-008", "TLS-VULN-009"}, 1),
        ("<Files x>\nSSLCipherSuite ECDHE-ECDSA-RC4-SHA\n</Files>", {"TLS-CIPH-004"}, 1),
        ("SSLCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256", set(), 0),
        ("Header always unset Strict-Transport-Security", {"TLS-CONF-016"}, 0),
        ("Header always set Strict-Transport-Security max-age=600", {"TLS-HTTP-002"}, 0),
        ('Header always set Strict-Transport-Security "max-age=63072000; includeSubDomains"', set(), 0),
        ("SSLVerifyClient require\nSSLRequireSSL", set(), 0),
        ("RewriteEngine on\nRewriteRule ^(.*)$ http://10.0.0.5/$1 [P]", set(), 0),
        ("SetHandler proxy:https://10.0.0.5/", set(), 0),
    ],
)
def test_what_a_folder_says(bench: Bench, text: str, failing: set[str], exit_code: int) -> None:
    document = bench.lint(text, name=_NAME)
    assert [each.location.file for each in document.subjects if each.location] == [_NAME]
    found = {each.rule for subject in document.subjects for each in subject.results if each.outcome == "fail"}
    assert found >= failing
    assert bool(found) is bool(failing)
    assert document.summary.exit_code == exit_code


@pytest.mark.parametrize("text", ["", "RewriteEngine on\nRewriteRule . /index.php [L]", "Deny from all", "<Files x>"])
def test_one_without_tls_is_none(text: str) -> None:
    assert recognise(_NAME, text.encode()) is None
