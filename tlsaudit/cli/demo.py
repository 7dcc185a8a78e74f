"""`tlsaudit demo`: audit endpoints with well-known flaws, on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlsaudit.cli import outputs
from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.demo.endpoints import DemoEndpoint
    from tlsaudit.model.document import Subject


def demo(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where demo.html and demo.json go.")
    ] = Path("reports"),
) -> int:
    """Start endpoints with well-known flaws on loopback, audit them for real, and write the report.

    Ends with 0 if every flaw was found and the sound endpoint has none.
    """
    from tlsaudit import app
    from tlsaudit.demo.endpoints import demo_endpoints
    from tlsaudit.policy import load_policy

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {str(output)!r}: {error.strerror}") from None
    with demo_endpoints() as running:
        options = app.ScanOptions(
            policy=load_policy("owasp"),
            anchors=app.load_anchors(running.root_file),
            expectations={endpoint.target.id: endpoint.expect for endpoint in running.endpoints},
        )
        document = asyncio.run(app.scan([endpoint.target for endpoint in running.endpoints], options))
    pairs = list(zip(running.endpoints, document.subjects, strict=True))
    named = [subject.model_copy(update={"name": f"{each.name} ({subject.name})"}) for each, subject in pairs]
    document = document.model_copy(update={"subjects": named})
    found = [_verdict(endpoint, subject) for endpoint, subject in pairs]
    outputs.write(document, [("html", str(output / "demo.html")), ("json", str(output / "demo.json"))])
    seconds = (document.finished_at - document.started_at).total_seconds()
    connections = sum(subject.facts.connections for subject in document.subjects if subject.facts)
    outputs.put(f"\n{len(found)} endpoints, {connections} connections, {seconds:.1f} s\n")
    outputs.put(f"report: {output / 'demo.html'} and {output / 'demo.json'}\n")
    return 0 if all(found) else 1


def _verdict(endpoint: DemoEndpoint, subject: Subject) -> bool:
    """Print what was found at one endpoint; whether it is what the endpoint was made for."""
    failed = {result.rule: result for result in subject.results if result.outcome == "fail"}
    missed = [rule for rule in endpoint.flaw_rules if rule not in failed]
    serious = [result for result in failed.values() if result.severity in {"high", "critical"}]
    grade = subject.score.grade if subject.score else "-"
    outputs.put(f"{endpoint.name:<28} {grade:<4} {endpoint.description}\n")
    for rule in endpoint.flaw_rules:
        text = f"{failed[rule].severity}: {failed[rule].title}" if rule in failed else "NOT FOUND"
        outputs.put(f"{'':<33} {rule} {text}\n")
    return not missed and not (serious and not endpoint.flaw_rules)
