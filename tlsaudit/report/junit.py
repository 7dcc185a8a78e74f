"""JUnit XML, in the dialect of Jenkins and Surefire: one suite a subject, one case a rule.

Cases are named by the rule alone, so that their history is kept when a verdict changes. What ends the run with another
code than 0 is a `failure`, or an `error` where nothing could be decided; the rest is skipped with its reason, so that
the verdict of the reader is that of the exit code. Each suite begins with the case `audited`, which says whether the
subject could be judged as a whole.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape, quoteattr

from tlsaudit.model.document import Document, Location, ResultPart, Subject, rfc3339
from tlsaudit.report import Style
from tlsaudit.report.matters import Matter, headline, matters, sentence
from tlsaudit.report.sanitize import presentable, shorten

_LONGEST: Final = 2000
_TESTED: Final = "audited"
_UNTOLD: Final = {"not_applicable": "does not apply here", "not_tested": "not asked"}
_TAGS: Final = {"failure": "failure", "undecided": "error", "unaudited": "error"}


def render(document: Document, _style: Style) -> str:
    """The document as one `testsuites` element. `presentable` has escaped what XML 1.0 cannot hold."""
    shown = presentable(document)
    told: dict[int, list[Matter]] = {}
    for each in matters(shown):
        told.setdefault(id(each.subject), []).append(each)
    suites = [_suite(subject, told.get(id(subject), []), shown) for subject in shown.subjects]
    seconds = (shown.finished_at - shown.started_at).total_seconds()
    head = f"name={quoteattr(shown.tool.name)} {_counts([case for suite in suites for case in suite[1]])}"
    body = "".join(text for text, _ in suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {head} time="{seconds:.3f}">\n{body}</testsuites>\n'


def _suite(subject: Subject, told: list[Matter], document: Document) -> tuple[str, list[str]]:
    """The suite as XML, and the outcome of each of its cases."""
    by_result = {id(each.result): each for each in told if each.result is not None}
    whole = next((each for each in told if each.result is None), None)
    verdict = _matter(whole) if whole else ("passed", "")
    cases = [_case(subject, _TESTED, subject.location, verdict, subject.duration_s)]
    for result in subject.results:
        verdict = _outcome(result, by_result.get(id(result)))
        cases.append(_case(subject, result.rule, result.location or subject.location, verdict, 0.0))
    outcomes = [outcome for _, outcome in cases]
    attributes = (
        f"name={quoteattr(subject.name)} {_counts(outcomes)} "
        f'time="{subject.duration_s:.3f}" timestamp="{rfc3339(document.finished_at).removesuffix("Z")}"'
    )
    grade = subject.score.grade if subject.score else "none"
    properties = "".join(
        f"      <property name={quoteattr(name)} value={quoteattr(value)}/>\n"
        for name, value in (
            ("subject", subject.id),
            ("status", subject.status),
            ("policy", f"{document.policy.id} {document.policy.version}"),
            ("grade", grade),
        )
    )
    body = "".join(text for text, _ in cases)
    text = f"  <testsuite {attributes}>\n    <properties>\n{properties}    </properties>\n{body}  </testsuite>\n"
    return text, outcomes


def _case(
    subject: Subject, name: str, place: Location | None, verdict: tuple[str, str], seconds: float
) -> tuple[str, str]:
    outcome, inner = verdict
    head = f"classname={quoteattr(subject.name)} name={quoteattr(name)}"
    if place is not None:
        head += f' file={quoteattr(place.file)} line="{place.line}"'
    head += f' time="{seconds:.3f}"'
    if not inner:
        return f"    <testcase {head}/>\n", outcome
    return f"    <testcase {head}>\n      {inner}\n    </testcase>\n", outcome


def _outcome(result: ResultPart, matter: Matter | None) -> tuple[str, str]:
    """What becomes of a case, and the element that says so."""
    if matter is not None:
        return _matter(matter)
    if result.outcome in _UNTOLD:
        return "skipped", f"<skipped message={quoteattr(_UNTOLD[result.outcome])}/>"
    return "passed", ""


def _matter(matter: Matter) -> tuple[str, str]:
    if not matter.blocks:
        reason = f"{matter.severity}: {headline(matter)}. {sentence(matter)}"
        waiver = matter.result.suppression if matter.result else None
        if waiver is not None:
            reason = f"waived by {waiver.by}: {waiver.reason}. {reason}"
        elif matter.kind == "failure":
            reason = f"below the threshold, {reason}"
        return "skipped", f"<skipped message={quoteattr(shorten(reason, _LONGEST))}/>"
    tag = _TAGS[matter.kind]
    message = quoteattr(shorten(headline(matter), _LONGEST))
    lines = [f"{matter.severity}: {shorten(sentence(matter), _LONGEST)}"]
    if matter.result is not None:
        lines += [f"Source: {each.ref}{'' if each.verified else ' (unverified)'}" for each in matter.result.sources]
        lines += [f"Reproduce: {matter.result.reproduce}"] if matter.result.reproduce else []
    body = escape("\n".join(lines))
    return tag, f'<{tag} message={message} type="{escape(matter.rule, {chr(34): "&quot;"})}">{body}</{tag}>'


def _counts(outcomes: list[str]) -> str:
    return (
        f'tests="{len(outcomes)}" failures="{outcomes.count("failure")}" errors="{outcomes.count("error")}" '
        f'skipped="{outcomes.count("skipped")}"'
    )
