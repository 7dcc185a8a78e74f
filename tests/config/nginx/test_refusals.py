"""error_page for clients that are refused for want of a certificate."""

from __future__ import annotations

import http.client
import ssl

import pytest

from tests.config.linting import Bench, results
from tests.lab.servers import Lab
from tlsaudit.model import document as doc
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation

_SITE = (
    "events {{}} http {{ server {{ listen 443 ssl; server_name shop.example.com; ssl_certificate server.pem; "
    "ssl_certificate_key server.key; ssl_ciphers ECDHE+AESGCM; ssl_client_certificate clients.pem; "
    "add_header Strict-Transport-Security max-age=63072000 always; {} }} }}"
)
_PAGES = {
    "error_page 496 =200 /open; location = /open { return 200; }": False,
    "error_page 495 496 =200 /open; location = /open { return 200; }": False,
    "error_page 496 = /open; location = /open { return 200; }": False,
    "error_page 496 = @app; location @app { return 200; }": False,
    "error_page 496 @app; location @app { proxy_pass http://127.0.0.1:1; }": False,
    "error_page 496 /app; location /app { proxy_pass http://127.0.0.1:1; }": False,
    "error_page 496 $uri;": False,
    "error_page 496 =200 /a; location = /a { return 403; }": True,
    "error_page 496 @sorry; location @sorry { return 403; }": True,
    "error_page 496 = @sorry; location @sorry { return 302 https://sorry.test/; }": True,
    "error_page 496 https://sorry.test/;": True,
    "error_page 496 /sorry.html;": True,
    "error_page 496 /sorry; location = /sorry { return 200 sorry; }": True,
    "error_page 496 =403 /sorry; location = /sorry { return 200 sorry; }": True,
    "error_page 404 500 /sorry.html;": True,
    "recursive_error_pages on; error_page 496 /a; error_page 403 =200 /b; location = /a { return 403; }": False,
}
"""Pages, and whether a client without a certificate stays refused for certain."""


def lint(bench: Bench, text: str) -> doc.Document:
    return bench.lint(_SITE.format(text), expect=Expectation(client_auth=ClientAuthMode.REQUIRED))


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_for_a_client_without_a_certificate(bench: Bench, page: str) -> None:
    document = lint(bench, f"ssl_verify_client on; {page}")
    assert [each.outcome for each in results(document, "TLS-MTLS-002")] == ["pass" if _PAGES[page] else "inconclusive"]
    assert document.summary.exit_code == (0 if _PAGES[page] else 3)


@pytest.mark.parametrize("mode", ["on", "optional"])
def test_a_page_for_a_certificate_that_does_not_verify(bench: Bench, mode: str) -> None:
    document = lint(bench, f"ssl_verify_client {mode}; error_page 495 =200 /open; location = /open {{ return 200; }}")
    assert [each.outcome for each in results(document, "TLS-MTLS-003")] == ["inconclusive"]


def status_of(port: int, path: str = "/") -> int:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    asked = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    asked.request("GET", path, headers={"Host": "localhost"})
    status = asked.getresponse().status
    asked.close()
    return status


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in _PAGES if "proxy_pass" not in page and "$uri" not in page])
def test_nginx_answers_so(lab: Lab, page: str) -> None:
    running = lab.nginx(f"ssl_verify_client on; ssl_client_certificate {lab.pki.client_ca_file}; {page}")
    assert (status_of(running.port) >= 300) is _PAGES[page]
