"""GitLab Code Quality: a JSON array of issues, each at a path and with a fingerprint of its own.

GitLab drops an issue whose fingerprint another one has. What is waived is left out: the format has no word for it.
Source: GitLab, "Code Quality", section on the report format.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from tlsaudit.model.document import Document
from tlsaudit.report import Style
from tlsaudit.report.matters import Matter, headline, matters, sentence
from tlsaudit.report.sanitize import ascii_text, presentable, shorten
from tlsaudit.report.verdict import not_asked

_SEVERITIES: Final = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor", "info": "info"}
_LONGEST: Final = 1000
_LONGEST_PATH: Final = 500

NOT_ASKED: Final = "TLSAUDIT-NOT-ASKED"
"""Stands in the place of a rule's id."""


def render(document: Document, _style: Style) -> str:
    """One issue a matter, worst first, in one line of ASCII."""
    shown = presentable(document)
    issues = [_issue(each) for each in matters(shown) if each.kind != "waived"]
    return ascii_text([*issues, *_unasked(shown)]) + "\n"


def _unasked(document: Document) -> list[dict[str, Any]]:
    """What the run did not ask, as one issue that is the same from run to run; none where everything was asked."""
    words = not_asked(document)
    if not words:
        return []
    issue = {
        "description": f"{NOT_ASKED} In {document.mode} mode {words}",
        "check_name": NOT_ASKED,
        "fingerprint": hashlib.sha256(NOT_ASKED.encode()).hexdigest()[:32],
        "severity": "info",
        "location": {"path": "endpoint/-", "lines": {"begin": 1}},
    }
    return [issue]


def _issue(matter: Matter) -> dict[str, Any]:
    return {
        "description": shorten(f"{matter.rule} {headline(matter)}. {sentence(matter)}", _LONGEST),
        "check_name": matter.rule,
        "fingerprint": matter.fingerprint,
        "severity": _SEVERITIES[matter.severity],
        "location": {"path": shorten(matter.file, _LONGEST_PATH), "lines": {"begin": matter.line}},
    }
