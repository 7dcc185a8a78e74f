"""Strict-Transport-Security of pages that error_page serves in place of an error."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, listener

_X = "location @x { add_header X-A b; return 200 z; }"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"error_page 418 = @x; {_X} location / {{ return 418; }}", None),
        (f"error_page 418 =200 @x; {_X} location / {{ return 418; }}", None),
        ("error_page 418 = @x; location @x { return 200; } location / { return 418; }", "max-age=1"),
        (f"error_page 403 404 = @x; {_X} location / {{ }}", "open"),
        (f"error_page 404 = @x; {_X} location / {{ try_files $uri =404; }}", None),
        (f"error_page 404 = @x; {_X} location / {{ proxy_pass http://127.0.0.1:1; }}", "max-age=1"),
        ("error_page 404 = /404.html; location / { }", "max-age=1"),
        (f"error_page 404 @x; {_X} location / {{ }}", "max-age=1"),
        (f"error_page 418 = https://other.test/; {_X} location / {{ return 418; }}", "max-age=1"),
    ],
)
def test_a_page_that_is_no_error_counts(bench: Bench, text: str, expected: str | None) -> None:
    found = listener(
        bench.lint(
            "events {} http { server { listen 443 ssl; ssl_certificate server.pem; ssl_certificate_key server.key; "
            f"add_header Strict-Transport-Security max-age=1 always; {text} }} }}"
        )
    )
    assert found.facts is not None
    hsts = found.facts.http.hsts
    assert ("open" if "http" in found.unknown else hsts.raw if hsts else None) == expected
