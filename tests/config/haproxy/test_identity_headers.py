"""Headers about the client's certificate: every backend that a frontend passes on to counts."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, results

_TEXT = """defaults
  mode http
frontend www
  bind :443 ssl crt server.pem verify optional ca-file clients.pem
  %s
backend one
  http-request set-header X-DN %%[ssl_c_s_dn]
  server a 127.0.0.1:1
backend two
  http-request add-header X-DN %%[ssl_c_s_dn]
  server a 127.0.0.1:2
"""


@pytest.mark.parametrize(
    ("rules", "outcome"),
    [
        (("default_backend one",), "pass"),
        (("default_backend two",), "fail"),
        (("use_backend two if { path /x }", "default_backend one"), "fail"),
        (("use_backend one if { path /x }", "default_backend two"), "fail"),
        (("http-request del-header X-DN", "use_backend two if { path /x }", "default_backend one"), "pass"),
        (("use_backend two if !{ ssl_fc }", "default_backend one"), "pass"),
        (("use_backend %[req.hdr(host)]", "default_backend one"), "inconclusive"),
        (("use_backend elsewhere if { path /x }", "default_backend one"), "inconclusive"),
        (("use_backend elsewhere if { path /x }", "default_backend two"), "fail"),
        ((*(f"use_backend no{each} if {{ ssl_fc }}" for each in range(100)), "default_backend one"), "inconclusive"),
        (("http-request return status 200",), "pass"),
    ],
)
def test_who_can_forge_it(bench: Bench, rules: tuple[str, ...], outcome: str) -> None:
    (bench.folder / "server.pem").write_bytes(
        (bench.folder / "server.pem").read_bytes() + (bench.folder / "server.key").read_bytes()
    )
    document = bench.lint(_TEXT % "\n  ".join(rules), name="haproxy.cfg")
    assert {each.outcome for each in results(document, "TLS-CONF-010")} == {outcome}
