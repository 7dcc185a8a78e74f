"""`tlsaudit rules`: the catalogue, and one rule explained."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tlsaudit.cli import options, outputs
from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.policy import Policy
    from tlsaudit.rules import Rule


def rules(
    rule_id: Annotated[str | None, typer.Argument(metavar="ID", hidden=True)] = None,
    policy: options.PolicyId = "owasp",
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")] = "text",
    planned: Annotated[bool, typer.Option("--planned", help="List the rules that are not there yet, and why.")] = False,
) -> int:
    """List the rules, or explain the one with this ID: what it means, its sources, what to do."""
    from tlsaudit.policy import load_policy
    from tlsaudit.rules import ALL_RULES

    if format_ not in {"text", "json"}:
        raise InputError(f"unknown format {format_!r}; known: text, json")
    if planned:
        if rule_id is not None:
            raise InputError("--planned lists what is not there yet; it takes no rule")
        outputs.put(f"{_planned(format_)}\n")
        return 0
    chosen = [rule for rule in ALL_RULES if rule_id is None or rule.id == rule_id.upper()]
    if not chosen:
        raise InputError(f"there is no rule {rule_id!r}; tlsaudit rules lists them")
    judged_by = load_policy(policy)
    if format_ == "json":
        text = json.dumps([_described(rule, judged_by) for rule in chosen], ensure_ascii=False)
    elif rule_id is not None:
        text = _explained(chosen[0], judged_by)
    else:
        text = "\n".join(f"{each.id:<15} {judged_by.severity_of(each).value:<9} {each.title}" for each in chosen)
    outputs.put(f"{text}\n")
    return 0


def _planned(format_: str) -> str:
    from tlsaudit.rules.planned import PLANNED

    if format_ == "json":
        return json.dumps([asdict(each) for each in PLANNED], ensure_ascii=False)
    return "\n".join(f"{each.id:<15} {each.title}: {each.reason}" for each in PLANNED)


def _described(rule: Rule, policy: Policy) -> dict[str, object]:
    return {
        "id": rule.id,
        "version": rule.version,
        "title": rule.title,
        "area": rule.area,
        "severity": policy.severity_of(rule).value,
        "default_severity": rule.severity.value,
        "cap": rule.cap.value if rule.cap else None,
        "cause": rule.cause,
        "cwe": list(rule.cwe),
        "expected": rule.expected,
        "why": rule.why,
        "remedy": rule.remedy,
        "reproduce": rule.reproduce,
        "confidence": rule.confidence.value,
        "sources": [{"ref": source.ref, "verified": source.verified} for source in rule.sources],
    }


def _explained(rule: Rule, policy: Policy) -> str:
    severity = policy.severity_of(rule)
    cap = f", grade at best {rule.cap.value}" if rule.cap else ""
    lines = [
        f"{rule.id}  {rule.title}",
        f"  severity  {severity.value} under {policy.id}{cap}",
        f"  expected  {rule.expected}",
        f"  why       {rule.why}",
        f"  remedy    {rule.remedy}",
    ]
    lines += [f"  source    {source.ref}{'' if source.verified else ' (from memory)'}" for source in rule.sources]
    lines += [f"  weakness  CWE-{number}" for number in rule.cwe]
    if rule.reproduce:
        lines.append(f"  see it    {rule.reproduce.format(connect='HOST:PORT', plain='HOST:80', servername='HOST')}")
    return "\n".join(lines)
