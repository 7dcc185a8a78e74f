"""Findings for DefectDojo's "Generic Findings Import".

DefectDojo refuses a whole report for one key that it does not know, and for an endpoint that is no host and port; so
only those that certainly are one are named. Source: DefectDojo, dojo/tools/generic/json_parser.py.
"""

from __future__ import annotations

import re
from typing import Any, Final

from tlsaudit.model.document import Document, ResultPart, rfc3339
from tlsaudit.report import Style
from tlsaudit.report.markdown import code, literal
from tlsaudit.report.matters import Matter, headline, matters
from tlsaudit.report.sanitize import ascii_text, presentable, shorten
from tlsaudit.report.verdict import verdict

_LONGEST: Final = 4000
_LONGEST_TITLE: Final = 400
_LONGEST_SERVICE: Final = 170
_LONGEST_PATH: Final = 3900
"""DefectDojo's columns take 511, 200 and 4,000 characters; some room is left for the note of what was cut."""

_ENDPOINT: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,45}\]):[0-9]{1,5}")


def render(document: Document, _style: Style) -> str:
    """Every matter as a finding: a waived one is accepted as a risk, what is undecided is active and not verified."""
    shown = presentable(document)
    report = {
        "name": shown.tool.name,
        "type": shown.tool.name,
        "version": shown.tool.version,
        "description": f"Policy {shown.policy.id} {shown.policy.version}, {shown.mode} mode. {verdict(shown)}",
        "dynamic_tool": True,
        "static_tool": False,
        "findings": [_finding(each, shown) for each in matters(shown)],
    }
    return ascii_text(report) + "\n"


def _finding(matter: Matter, document: Document) -> dict[str, Any]:
    """Descriptions are Markdown to DefectDojo; titles are plain."""
    finding: dict[str, Any] = {
        "title": shorten(f"{matter.rule} {headline(matter)}", _LONGEST_TITLE),
        "severity": matter.severity.capitalize(),
        "description": literal(shorten(matter.observed or matter.title or matter.rule, _LONGEST)),
        "date": rfc3339(document.as_of)[:10],
        "active": matter.kind != "waived",
        "verified": matter.kind == "failure" and matter.result is not None and matter.result.confidence == "confirmed",
        "risk_accepted": matter.kind == "waived",
        "under_review": matter.kind == "undecided",
        "unique_id_from_tool": matter.fingerprint,
        "vuln_id_from_tool": matter.rule,
        "dynamic_finding": not matter.in_a_file,
        "static_finding": matter.in_a_file,
        "service": shorten(matter.subject.name, _LONGEST_SERVICE),
        "tags": ["tlsaudit", matter.kind],
    }
    if matter.in_a_file:
        finding |= {"file_path": shorten(matter.file, _LONGEST_PATH), "line": matter.line}
    if matter.subject.kind == "endpoint" and _ENDPOINT.fullmatch(matter.subject.name):
        finding["endpoints"] = [matter.subject.name]
    if matter.result is not None:
        finding |= _of_result(matter.result)
    return finding


def _of_result(result: ResultPart) -> dict[str, Any]:
    told = {
        "impact": result.why,
        "mitigation": result.remedy,
        "references": "\n".join(each.ref + ("" if each.verified else " (unverified)") for each in result.sources),
        "severity_justification": f"Expected: {result.expected}" if result.expected else "",
    }
    if result.suppression is not None:
        by = result.suppression
        told["severity_justification"] = f"Waived by {by.by}: {by.reason}"
    shown = {
        key: "\n".join(literal(line) for line in shorten(text, _LONGEST).split("\n"))
        for key, text in told.items()
        if text
    }
    if result.reproduce:
        shown["steps_to_reproduce"] = code(shorten(result.reproduce, _LONGEST))
    return shown
