"""What is said of a run as a whole: never more than was asked."""

from __future__ import annotations

import pytest

from tlsaudit.model.document import Document, ResultPart, Subject
from tlsaudit.report import FORMATS
from tlsaudit.report.verdict import untested, verdict


def ended(
    document: Document, sound: Subject, *, code: int, fail_on: str | None, untold: tuple[ResultPart, ...] = ()
) -> Document:
    """A run in gate mode over one sound subject, with these results alone."""
    summary = document.summary.model_copy(update={"exit_code": code, "fail_on": fail_on})
    subject = sound.model_copy(update={"results": list(untold)})
    return document.model_copy(update={"mode": "gate", "subjects": [subject], "summary": summary})


def result(rule: str, severity: str, outcome: str = "not_tested") -> ResultPart:
    return ResultPart.model_validate({"rule": rule, "outcome": outcome, "severity": severity})


UNASKED = (result("TLS-VULN-001", "critical"), result("TLS-SESS-003", "medium"), result("TLS-PQ-001", "low"))


_ONE = "1 of them at or above the threshold (TLS-VULN-001)"
_TWO = "TLS-SESS-003, TLS-VULN-001"
_SOUND = "What gate mode asks was judged, and nothing reaches the threshold."
_OPEN = "Nothing reaches the threshold, but something could not be judged."
_UNSET = "What gate mode asks was judged; no threshold was set, so no failure counts."


@pytest.mark.parametrize(
    ("ending", "untold", "words"),
    [
        ((0, "high"), (), _SOUND),
        ((0, "medium"), UNASKED, f"{_SOUND} 3 rules were not asked, 2 of them at or above the threshold ({_TWO})."),
        ((0, "high"), UNASKED[1:2], f"{_SOUND} 1 rule was not asked."),
        ((0, "none"), UNASKED[:1], f"{_UNSET} 1 rule was not asked."),
        ((1, None), UNASKED[:2], "There are failures at or above the threshold. 2 rules were not asked."),
        (
            (3, "critical"),
            UNASKED,
            f"{_OPEN} 3 rules were not asked, {_ONE}.",
        ),
        ((130, "high"), UNASKED, "The run was interrupted before every subject was done."),
        ((70, "high"), (), "The run failed."),
    ],
)
def test_an_exit_code_says_no_more_than_was_asked(
    document: Document, sound: Subject, ending: tuple[int, str | None], untold: tuple[ResultPart, ...], words: str
) -> None:
    code, fail_on = ending
    run = ended(document, sound, code=code, fail_on=fail_on, untold=untold)
    assert verdict(run) == words
    for name in ("text", "html", "markdown", "github", "sarif"):
        assert words in " ".join(FORMATS[name].render(run).split()), name


def test_a_rule_is_counted_once_with_its_worst_severity(document: Document, sound: Subject) -> None:
    low, high = result("TLS-PQ-001", "low"), result("TLS-PQ-001", "high")
    passed = result("TLS-PROTO-001", "critical", "pass")
    run = ended(document, sound, code=0, fail_on="high", untold=(low, high, low, passed))
    assert untested(run) == (high,)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("csv", ",gate,3\n"),
        ("github", "What gate mode asks was judged"),
        ("github", "3 rules were not asked, 1 of them at or above the threshold (TLS-VULN-001)."),
        ("gitlab", "In gate mode 3 rules were not asked, 1 of them at or above the threshold (TLS-VULN-001)."),
        ("prometheus", 'mode="gate"'),
        ("prometheus", 'severity="critical"} 1\n'),
        ("markdown", "| none |  | 3 |\n"),
        ("defectdojo", "3 rules were not asked"),
        ("sarif", "3 rules were not asked"),
    ],
)
def test_every_format_tells_how_little_was_asked(document: Document, sound: Subject, name: str, words: str) -> None:
    some = ended(document, sound, code=0, fail_on="high", untold=UNASKED)
    passed = tuple(result(each.rule, each.severity, "pass") for each in UNASKED)
    every = ended(document, sound, code=0, fail_on="high", untold=passed)
    assert words in FORMATS[name].render(some)
    assert words not in FORMATS[name].render(every) or "gate" in words
