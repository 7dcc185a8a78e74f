"""The report as Markdown, for pull requests, wikis and the step summary of GitHub Actions.

Every character of a text that could mean something to a Markdown reader is escaped, so what a server sent stays text in
every dialect: no tag, link, mention, table cell or heading comes of it. The whole stays below the size that GitHub
takes for a step summary.
Sources: CommonMark 0.31, GitHub Flavored Markdown; GitHub, "Workflow commands", on step summaries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tlsaudit.model.document import Document, ResultPart, Subject, rfc3339
from tlsaudit.report import Style
from tlsaudit.report.sanitize import presentable, shorten
from tlsaudit.report.together import undecided_together
from tlsaudit.report.trials import Cell, Matrix, trial_matrix
from tlsaudit.report.verdict import verdict
from tlsaudit.report.view import (
    SEVERITIES,
    STATUS,
    Finding,
    declared_words,
    failing_counts,
    findings,
    grade_words,
    plural,
    total_counts,
    with_outcome,
)

_LARGEST: Final = 1024 * 1024 - 2048
"""Bytes; GitHub takes 1 MiB, and the note of what was left out needs some."""

_LONGEST: Final = 600
_LONGEST_CELL: Final = 200
_ENTITIES: Final = {each: f"&#{ord(each)};" for each in "<>&|`"}
_MARKUP: Final = re.compile(r"[\\*_{}\[\]#~$]")
_STARTS: Final = re.compile(r"^(\s*)([-+:=]|\d+[.)](?=\s|$))")
_LINKS: Final = re.compile(r"(?i)(:)(?=//)|(?<=www)(\.)")


def render(document: Document, _style: Style) -> str:
    """A summary, a table of subjects, then what was found on each; what exceeds the size is left out and counted."""
    shown = presentable(document)
    subjects = sorted(shown.subjects, key=_urgency)
    parts = [*_summary(shown), *_table(subjects)]
    size = sum(len(part.encode()) for part in parts)
    for place, subject in enumerate(subjects):
        text = "".join(_subject(subject))
        size += len(text.encode())
        if size > _LARGEST:
            missing = len(subjects) - place
            parts.append(f"\nThe details of {plural(missing, 'more subject')} are left out: see the JSON report.\n")
            break
        parts.append(text)
    return "".join(parts)


def literal(text: str) -> str:
    """One line of text that means nothing to any Markdown reader, in a table or out of it."""
    escaped = "".join(_ENTITIES.get(each, each) for each in _MARKUP.sub(r"\\\g<0>", text))
    escaped = _STARTS.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", escaped)
    escaped = _LINKS.sub(lambda found: f"\\{found[0]}", escaped)
    # A mention is looked for after all escapes have been read; an empty comment keeps the name apart.
    return escaped.replace("@", "@<!---->")


def code(text: str) -> str:
    """One line of text as code, for what is to be copied; not for tables, which split it at every bar."""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if text.startswith("`") or text.endswith("`") else f"{fence}{text}{fence}"


def _urgency(subject: Subject) -> tuple[bool, int]:
    """What was not audited as a whole comes first, then the worst failure: what is cut is the least of all."""
    worst = next(iter(failing_counts(subject)), "")
    return subject.status == "audited", SEVERITIES.index(worst) if worst else len(SEVERITIES)


def _summary(document: Document) -> Iterator[str]:
    summary = document.summary
    failures = ", ".join(f"{count} {severity}" for severity, count in total_counts(summary).items()) or "none"
    statuses = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in summary.by_status.items())
    yield "# TLS audit\n\n"
    yield f"**Exit code {summary.exit_code}.** {verdict(document)}\n\n"
    yield _row("", "")
    yield _row("---", "---")
    yield _row("Subjects", literal(f"{summary.subjects} ({statuses})"))
    yield _row("Failures", literal(failures))
    yield _row("Threshold", literal(summary.fail_on or "not recorded"))
    yield _row("Policy", literal(f"{document.policy.id} {document.policy.version}"))
    yield _row("As of", literal(f"{rfc3339(document.as_of)}, {document.mode} mode, tlsaudit {document.tool.version}"))


def _table(subjects: Sequence[Subject]) -> Iterator[str]:
    """The subjects, a row each, as far as half of the size allows."""
    if not subjects:
        return
    yield "\n## Subjects\n\n"
    yield _row("Subject", "Status", "Grade", "Failures", "Not decided", "Not asked")
    yield _row(*["---"] * 6)
    size = 0
    for place, subject in enumerate(subjects):
        counts = ", ".join(f"{count} {severity}" for severity, count in failing_counts(subject).items())
        row = _row(
            literal(shorten(subject.name, _LONGEST)),
            STATUS[subject.status],
            literal(subject.score.grade) if subject.score else "",
            counts or ("none" if subject.status == "audited" else ""),
            str(len(with_outcome(subject, "inconclusive")) or ""),
            str(len(with_outcome(subject, "not_tested")) or ""),
        )
        size += len(row.encode())
        if size > _LARGEST // 2:
            yield f"\n{plural(len(subjects) - place, 'more subject')} left out: see the JSON report.\n"
            return
        yield row


def _subject(subject: Subject) -> Iterator[str]:
    """What is to tell of one subject; nothing where all is well."""
    failing = findings(subject)
    waived, undecided = with_outcome(subject, "waived"), undecided_together(subject)
    matrix = trial_matrix(subject)
    if not (failing or waived or undecided or matrix or subject.error or subject.status != "audited"):
        return
    yield f"\n## {literal(shorten(subject.name, _LONGEST))}\n"
    if subject.status != "audited" or subject.error:
        error = f" ({subject.error.code}): {subject.error.message}" if subject.error else ""
        yield f"\n**Not judged as a whole.** {literal(shorten(STATUS[subject.status] + error, _LONGEST))}\n"
    if subject.score is not None:
        words = grade_words(subject.score)
        grade = f"{subject.score.grade}, {subject.score.value}/100{f': {words}' if words else ''}"
        yield f"\nGrade {literal(grade)}\n"
    if declared := declared_words(subject):
        yield f"\nDeclared: {literal(declared)}\n"
    if matrix is not None:
        yield from _trials(matrix)
    for finding in failing:
        yield from _finding(finding)
    yield from _list("Waived", waived)
    for place, each in enumerate(undecided):
        if not place:
            yield "\n### Not decided, so neither passed nor failed\n\n"
        what = f"{each.rules} {each.title}".rstrip()
        yield f"- {literal(shorten(f'{each.severity} {what}: {each.reason}', _LONGEST))}\n"


def _trials(matrix: Matrix) -> Iterator[str]:
    """Which client certificates got in, at which version."""
    yield f"\n### Who got in at {literal(shorten(matrix.path, _LONGEST_CELL))}\n\n"
    yield _row("Client certificate", *(literal(shorten(version, _LONGEST_CELL)) for version in matrix.versions))
    yield _row(*["---"] * (1 + len(matrix.versions)))
    for row in matrix.rows:
        yield _row(literal(shorten(row.label, _LONGEST_CELL)), *(_cell(cell) for cell in row.cells))
    if matrix.not_tested:
        yield "\n"
    for labels, reason in matrix.not_tested:
        text = f"Not tested: {labels}{f' ({reason})' if reason else ''}"
        yield f"- {literal(shorten(text, _LONGEST))}\n"


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "not asked for"
    rules = f" [{', '.join(cell.rules)}]" if cell.rules else ""
    return literal(f"{cell.verdict}{rules}{f': {shorten(cell.detail, _LONGEST_CELL)}' if cell.detail else ''}")


def _finding(finding: Finding) -> Iterator[str]:
    result = finding.result
    doubt = " (possible, to be verified)" if result.confidence == "possible" else ""
    yield f"\n### {result.severity}: {literal(f'{result.rule} {result.title}{doubt}')}\n\n"
    sources = "; ".join(each.ref + ("" if each.verified else " (unverified)") for each in result.sources)
    place = f"{result.location.file}:{result.location.line}" if result.location else ""
    rows = (
        ("Where", place),
        ("Seen", result.observed),
        ("Expected", result.expected),
        ("Why", result.why),
        ("Fix", result.remedy),
        ("Source", sources),
        ("Implies", "; ".join(f"{each.rule} {each.title} ({each.severity})" for each in finding.implied)),
    )
    for label, text in rows:
        if text:
            yield f"- **{label}:** {literal(shorten(text, _LONGEST))}\n"
    if result.reproduce:
        yield f"- **Reproduce:** {code(shorten(result.reproduce, _LONGEST))}\n"


def _list(title: str, results: Iterable[ResultPart]) -> Iterator[str]:
    for place, result in enumerate(results):
        if not place:
            yield f"\n### {title}\n\n"
        by = result.suppression
        waiver = f" ({by.by}: {by.reason}{f', until {by.expires}' if by.expires else ''})" if by else ""
        text = f"{result.severity} {result.rule} {result.title}: {result.observed}{waiver}"
        yield f"- {literal(shorten(text, _LONGEST))}\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"
