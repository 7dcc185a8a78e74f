"""`tlsaudit demo`: audit endpoints with well-known flaws, on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlsaudit.cli import outputs

if TYPE_CHECKING:
    from tlsaudit.demo.endpoints import DemoEndpoint
    from tlsaudit.model.document import Subject


def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for demo.html and demo.json.")] = Path(
        "reports"
    ),
) -> int:
    """Start endpoints with well-known flaws on loopback, audit them for real, and write the report.

    Ends with 0 if every flaw was found and the sound endpoint has none.
    """
    from tlsaudit import app
    from tlsaudit.demo.endpoints import demo_endpoints
    from tlsaudit.policy import load_policy

    with demo_endpoints() as running:
        options = app.ScanOptions(
            policy=load_policy("owasp"),
            anchors=app.load_anchors(running.root_file),
            expectations={endpoint.target.id: endpoint.expect for endpoint in running.endpoints},
        )
        document = asyncio.run(app.scan([endpoint.target for endpoint in running.endpoints], options))
    found = [
        _verdict(endpoint, subject) for endpoint, subject in zip(running.endpoints, document.subjects, strict=True)
    ]
    output.mkdir(parents=True, exist_ok=True)
    outputs.write(document, [("html", str(output / "demo.html")), ("json", str(output / "demo.json"))])
    seconds = sum(subject.duration_s for subject in document.subjects)
    connections = sum(subject.facts.connections for subject in document.subjects if subject.facts)
    typer.echo(f"\n{len(found)} endpoints, {connections} connections, {seconds:.1f} s of auditing")
    typer.echo(f"report: {output / 'demo.html'} and {output / 'demo.json'}")
    return 0 if all(found) else 1


def _verdict(endpoint: DemoEndpoint, subject: Subject) -> bool:
    """Print what was found at one endpoint; whether it is what the endpoint was made for."""
    failed = {result.rule: result for result in subject.results if result.outcome == "fail"}
    missed = [rule for rule in endpoint.flaw_rules if rule not in failed]
    serious = [result for result in failed.values() if result.severity in {"high", "critical"}]
    grade = subject.score.grade if subject.score else "-"
    typer.echo(f"{endpoint.name:<28} {grade:<4} {endpoint.description}")
    for rule in endpoint.flaw_rules:
        text = f"{failed[rule].severity}: {failed[rule].title}" if rule in failed else "NOT FOUND"
        typer.echo(f"{'':<33} {rule} {text}")
    return not missed and not (serious and not endpoint.flaw_rules)
