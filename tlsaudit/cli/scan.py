"""`tlsaudit scan`: audit live endpoints."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tlsaudit.cli import options, outputs
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import ClientAuthMode

_SECONDS_MAX = 600.0


def scan(
    targets: Annotated[
        list[str], typer.Argument(metavar="TARGET...", help="HOST, HOST:PORT, [IPV6]:PORT, https://HOST, @FILE, or -.")
    ],
    policy: Annotated[str, typer.Option(help="Policy to judge by: an id, or a file.")] = "owasp",
    formats: options.Formats = None,
    output: options.Outputs = None,
    fail_on: options.FailOn = "high",
    ca_file: Annotated[
        Path | None, typer.Option(help="CA certificates (PEM or DER) that decide on trust instead of Mozilla's.")
    ] = None,
    sni: Annotated[
        str | None, typer.Option(help="Server name to send and to match, instead of the target's host; empty: none.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds that one connection may take.")] = 5.0,
    as_of: Annotated[str | None, typer.Option(help="Judge as of this date or time (default: now).")] = None,
    expect_client_auth: Annotated[
        str | None, typer.Option(help="What client authentication should be: none, optional or required.")
    ] = None,
) -> int:
    """Audit endpoints: protocol versions, cipher suites, groups, certificates, client authentication, HTTP."""
    pairs = outputs.pair(formats or [], output or [])
    lowest = options.severity(fail_on)
    when = options.moment(as_of)
    if not 0 < timeout <= _SECONDS_MAX:
        raise InputError(f"--timeout {timeout:g} is not between 0 and {_SECONDS_MAX:g} seconds")
    expect = _client_auth(expect_client_auth)

    from tlsaudit.model.limits import Expectation
    from tlsaudit.model.target import canonical_host
    from tlsaudit.targets import read_targets

    found = read_targets(targets, sys.stdin)
    if sni is not None:
        found = tuple(replace(target, sni=canonical_host(sni) if sni else "") for target in found)

    from tlsaudit import app
    from tlsaudit.policy import load_policy

    document = asyncio.run(
        app.scan(
            found,
            app.ScanOptions(
                policy=load_policy(policy),
                anchors=app.load_anchors(ca_file),
                timeout=timeout,
                as_of=when,
                expect=Expectation(client_auth=expect),
                fail_on=lowest,
            ),
        )
    )
    outputs.write(document, pairs)
    return document.summary.exit_code


def _client_auth(text: str | None) -> ClientAuthMode | None:
    if text is None:
        return None
    try:
        return ClientAuthMode(text)
    except ValueError:
        raise InputError(f"--expect-client-auth {text!r} is none of none, optional, required") from None
