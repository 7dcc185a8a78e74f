"""`tlsaudit scan`: audit live endpoints."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlsaudit.cli import options, outputs
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import ClientAuthMode

if TYPE_CHECKING:
    from tlsaudit.model.document import Document

_SECONDS_MAX = 600.0


def scan(
    targets: Annotated[list[str], typer.Argument(metavar="TARGET", hidden=True)],
    policy: options.PolicyId = "owasp",
    formats: options.Formats = None,
    output: options.Outputs = None,
    fail_on: options.FailOn = "high",
    ca_file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="CA certificates (PEM or DER) that decide on trust instead of Mozilla's; repeatable."
        ),
    ] = None,
    sni: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Server name to send and to match, instead of the target's host; empty: send none."
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="How long one connection may take; an endpoint takes a few of them."),
    ] = 5.0,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="Judge as of this date or time instead of now.")
    ] = None,
    expect_client_auth: Annotated[
        str | None,
        typer.Option(metavar="MODE", help="What client authentication should be: none, optional or required."),
    ] = None,
) -> int:
    """Audit live endpoints: protocol versions, cipher suites, groups, certificates, client authentication, HTTP.

    TARGET is HOST, HOST:PORT, [IPV6]:PORT, HOST@ADDRESS:PORT or https://HOST; @FILE is a list of them, one a line,
    and - the same from standard input.
    """
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

    run = app.Scan(
        found,
        app.ScanOptions(
            policy=load_policy(policy),
            anchors=app.load_anchors(*(ca_file or ())),
            timeout=timeout,
            as_of=when,
            expect=Expectation(client_auth=expect),
            fail_on=lowest,
        ),
    )
    try:
        asyncio.run(run.run())
    except KeyboardInterrupt:
        document = run.document()
        _tell_interrupted(document)
        outputs.write(document, pairs)
        raise
    document = run.document()
    for subject in document.subjects:
        if subject.error is not None:
            outputs.complain(f"{subject.name}: {subject.error.message}")
    outputs.write(document, pairs)
    return document.summary.exit_code


def _tell_interrupted(document: Document) -> None:
    done = sum(not (subject.error and subject.error.code == "interrupted") for subject in document.subjects)
    outputs.complain(f"interrupted: {done} of {len(document.subjects)} endpoints are done and in the report")


def _client_auth(text: str | None) -> ClientAuthMode | None:
    if text is None:
        return None
    try:
        return ClientAuthMode(text)
    except ValueError:
        raise InputError(f"--expect-client-auth {text!r} is none of none, optional, required") from None
