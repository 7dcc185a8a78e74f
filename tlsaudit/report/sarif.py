"""SARIF 2.1.0, as GitHub code scanning reads it.

GitHub wants a place in a file for every result. What was found on a live endpoint has none: it gets the relative URI
`endpoint/<id>`, and the endpoint as a logical location. No URI has a scheme: GitHub knows no other than that of files.
Sources: SARIF 2.1.0 (OASIS); GitHub, "SARIF support for code scanning".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from tlsaudit.model.document import Document, rfc3339
from tlsaudit.report import Style
from tlsaudit.report.matters import Matter, headline, matters, sentence
from tlsaudit.report.sanitize import ascii_text, presentable, shorten
from tlsaudit.report.verdict import verdict
from tlsaudit.report.view import SEVERITIES

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_SECURITY_SEVERITY: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""Above 9.0 is critical to GitHub, from 7.0 high, from 4.0 medium. It has no word for info."""

_MOST_RESULTS: Final = 25_000
"""GitHub refuses a run with more results or rules."""

_LONGEST_TEXT: Final = 900
"""GitHub refuses descriptions of more than 1,024 characters; some room is left for the note of what was cut."""

_LONGEST_PATH: Final = 500
_CUT: Final = "TLSAUDIT-CUT"


def render(document: Document, _style: Style) -> str:
    """One run, one result a matter, worst first. What exceeds GitHub's limit is named by a result of its own."""
    shown = presentable(document)
    told = matters(shown)
    kept = told if len(told) <= _MOST_RESULTS else told[: _MOST_RESULTS - 1]
    rules = _rules(kept)
    index = {rule["id"]: place for place, rule in enumerate(rules)}
    results = [_result(each, index[each.rule]) for each in kept]
    if len(kept) < len(told):
        rules.append(_cut_rule())
        results.append(_cut_result(len(told) - len(kept), len(rules) - 1))
    run = {
        "tool": {
            "driver": {
                "name": shown.tool.name,
                "version": shown.tool.version,
                "semanticVersion": shown.tool.version,
                "rules": rules,
                "properties": {"policy": shown.policy.id, "ruleset": shown.data.ruleset, "mode": shown.mode},
            }
        },
        "automationDetails": {"id": f"tlsaudit/{shown.policy.id}/"},
        "invocations": [_invocation(shown)],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return ascii_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rules(told: Sequence[Matter]) -> list[dict[str, Any]]:
    """Each rule that is told of, with what the document carries of it; the gravest severity is that of the rule."""
    gravest: dict[str, Matter] = {}
    for each in told:
        known = gravest.setdefault(each.rule, each)
        if SEVERITIES.index(each.severity) < SEVERITIES.index(known.severity):
            gravest[each.rule] = each
    return [_rule(each) for _, each in sorted(gravest.items())]


def _rule(matter: Matter) -> dict[str, Any]:
    result = matter.result
    title = _bounded(matter.title or matter.rule)
    why = (result.why if result else "") or "What could not be audited as a whole has not passed."
    properties: dict[str, Any] = {"tags": ["security", "tls"]}
    if result is None:
        help_text = "Find out why the subject did not answer as TLS does, then audit it again."
    else:
        sources = "; ".join(each.ref + ("" if each.verified else " (unverified)") for each in result.sources)
        help_text = " ".join(part for part in (result.remedy, f"Sources: {sources}." if sources else "") if part)
        properties["precision"] = "very-high" if result.confidence == "confirmed" else "medium"
        if matter.severity in _SECURITY_SEVERITY:
            properties["security-severity"] = _SECURITY_SEVERITY[matter.severity]
    return {
        "id": matter.rule,
        "name": matter.rule,
        "shortDescription": {"text": title},
        "fullDescription": {"text": _bounded(why)},
        "help": {"text": _bounded(help_text or title)},
        "defaultConfiguration": {"level": _LEVELS[matter.severity]},
        "properties": properties,
    }


def _result(matter: Matter, rule_index: int) -> dict[str, Any]:
    message = f"{headline(matter)}. {sentence(matter)}"
    blocks = matter.blocks and matter.kind != "failure"
    result: dict[str, Any] = {
        "ruleId": matter.rule,
        "ruleIndex": rule_index,
        "level": "error" if blocks else _LEVELS[matter.severity],
        "message": {"text": _bounded(message)},
        "locations": [_location(matter)],
        "partialFingerprints": {
            # The only one that GitHub reads; not of a line, so that a finding outlives what moves it.
            "primaryLocationLineHash": f"{matter.fingerprint}:1",
            "tlsaudit/v1": matter.fingerprint,
        },
        "properties": {"outcome": matter.kind, "severity": matter.severity, "subject": matter.subject.id},
    }
    suppression = matter.result.suppression if matter.result else None
    if matter.kind == "waived":
        entry: dict[str, Any] = {"kind": "external", "status": "accepted"}
        if suppression is not None:
            entry["kind"] = "inSource" if suppression.by == "inline" else "external"
            entry["justification"] = _bounded(suppression.reason)
        result["suppressions"] = [entry]
    return result


def _location(matter: Matter) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(matter)},
            "region": {"startLine": matter.line, "startColumn": 1, "endLine": matter.line, "endColumn": 1},
        },
        "logicalLocations": [
            {
                "name": shorten(matter.subject.name, _LONGEST_PATH),
                "fullyQualifiedName": shorten(matter.subject.id, _LONGEST_PATH),
                "kind": matter.subject.kind,
            }
        ],
    }


def _uri(matter: Matter) -> str:
    """A relative URI: a colon or a slash of an endpoint's id must not make a scheme or a folder of it."""
    if matter.in_a_file:
        return quote(matter.file[:_LONGEST_PATH].lstrip("/"), safe="/")
    return "endpoint/" + quote(matter.subject.id[:_LONGEST_PATH], safe="")


def _invocation(document: Document) -> dict[str, Any]:
    code = document.summary.exit_code
    return {
        "executionSuccessful": code in {0, 1},
        "exitCode": code,
        "exitCodeDescription": verdict(document),
        "startTimeUtc": rfc3339(document.started_at),
        "endTimeUtc": rfc3339(document.finished_at),
    }


def _cut_rule() -> dict[str, Any]:
    text = "There is more to tell than code scanning accepts in one run."
    return {
        "id": _CUT,
        "name": _CUT,
        "shortDescription": {"text": "Report cut"},
        "fullDescription": {"text": text},
        "help": {"text": "Audit fewer subjects in one run, or read the JSON report, which is whole."},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["security", "tls"]},
    }


def _cut_result(missing: int, rule_index: int) -> dict[str, Any]:
    region = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
    return {
        "ruleId": _CUT,
        "ruleIndex": rule_index,
        "level": "error",
        "message": {"text": f"{missing:,} more results are left out: code scanning accepts {_MOST_RESULTS:,}."},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "endpoint/-"}, "region": region}}],
        "partialFingerprints": {"primaryLocationLineHash": "cut:1"},
    }


def _bounded(text: str) -> str:
    """Short enough, and without what SARIF takes for a link in any message: `[text](target)`."""
    return shorten(text.replace("](", "] ("), _LONGEST_TEXT)
