"""GitLab Code Quality: a JSON array of issues, each at a path and with a fingerprint of its own.

GitLab drops an issue whose fingerprint another one has. What is waived is left out: the format has no word for it.
Source: GitLab, "Code Quality", section on the report format.
"""

from __future__ import annotations

from typing import Any, Final

from tlsaudit.model.document import Document
from tlsaudit.report import Style
from tlsaudit.report.matters import Matter, headline, matters, sentence
from tlsaudit.report.sanitize import ascii_text, presentable, shorten

_SEVERITIES: Final = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor", "info": "info"}
_LONGEST: Final = 1000
_LONGEST_PATH: Final = 500


def render(document: Document, _style: Style) -> str:
    """One issue a matter, worst first, in one line of ASCII."""
    told = (each for each in matters(presentable(document)) if each.kind != "waived")
    return ascii_text([_issue(each) for each in told]) + "\n"


def _issue(matter: Matter) -> dict[str, Any]:
    return {
        "description": shorten(f"{matter.rule} {headline(matter)}. {sentence(matter)}", _LONGEST),
        "check_name": matter.rule,
        "fingerprint": matter.fingerprint,
        "severity": _SEVERITIES[matter.severity],
        "location": {"path": shorten(matter.file, _LONGEST_PATH), "lines": {"begin": matter.line}},
    }
