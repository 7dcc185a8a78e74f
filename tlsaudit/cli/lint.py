"""`tlsaudit lint`: audit deployment configurations before they are deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tlsaudit.cli import gate, options, outputs
from tlsaudit.cli.scan import declared_client_auth
from tlsaudit.model.errors import InputError


def lint(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", hidden=True)],
    policy: options.PolicyId = "owasp",
    formats: options.Formats = None,
    output: options.Outputs = None,
    fail_on: options.FailOn = "high",
    kind: Annotated[
        str | None,
        typer.Option(
            "--type", metavar="TYPE", help="What the files are, instead of finding out: nginx, haproxy or apache."
        ),
    ] = None,
    assume: Annotated[
        str,
        typer.Option(
            metavar="PRODUCT=VERSION,...",
            help="What the files are for, such as nginx=1.22,openssl=3.0. Without it the newest defaults hold where "
            "the text is silent, and what it asks for is judged as accepted.",
        ),
    ] = "",
    exclude: options.Exclude = None,
    ca_file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="CA certificates (PEM or DER) that decide on trust instead of Mozilla's; repeatable."
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="Judge as of this date or time instead of now.")
    ] = None,
    expect_client_auth: Annotated[
        str | None,
        typer.Option(metavar="MODE", help="What client authentication should be: none, optional or required."),
    ] = None,
    waivers: gate.WaiversFile = None,
    baseline: gate.BaselineFile = None,
    write_baseline: gate.WriteBaseline = None,
) -> int:
    """Audit configuration files: every TLS listener, and the upstreams behind it, with file and line.

    PATH is a file or a folder, and nothing outside of it is read. The rules are those of a live endpoint.
    """
    pairs = outputs.pair(formats or [], output or [])
    lowest = options.severity(fail_on)
    when = options.moment(as_of)
    expect = declared_client_auth(expect_client_auth)
    known = gate.read(waivers, baseline, write_baseline, reports=pairs)

    from tlsaudit import app, linting
    from tlsaudit.config import read
    from tlsaudit.model.limits import Expectation
    from tlsaudit.policy import load_policy

    linted = linting.lint(
        paths,
        linting.LintOptions(
            policy=load_policy(policy),
            anchors=app.load_anchors(*(ca_file or ())),
            assume=read.parse_assumptions(assume),
            kind=known_type(kind),
            exclude=tuple(exclude or ()),
            as_of=when,
            expect=Expectation(client_auth=expect),
            fail_on=lowest,
        ),
    )
    document = gate.applied(linted.document, known)
    collector = gate.Collector(path=known.write)
    for subject in document.subjects:
        collector.add(subject)
        if subject.error is not None:
            outputs.complain(subject.error.message)
    gate.tell(linted.notes)
    if not document.subjects:
        outputs.complain(f"no TLS listener in the files that were recognised ({linted.files})")
    collector.write(as_of=document.as_of, policy=document.policy.id, mode=document.mode)
    summary = app.summarise(document.subjects, lowest)
    outputs.write(document.model_copy(update={"summary": summary}), pairs)
    return summary.exit_code


def known_type(kind: str | None) -> str | None:
    """The value of --type. Raises InputError where there is no such type."""
    from tlsaudit.config import read

    if kind is not None and kind not in read.TYPES:
        raise InputError(f"--type {kind!r} is not known; known: {', '.join(read.TYPES)}")
    return kind
