"""The report as text for a terminal: facts in short, findings worst first, every lost point.

Drawn with rich from plain text, never from markup, on a document that `sanitize.presentable` has made safe.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tlsaudit.model.document import Document, ResultPart, Subject, rfc3339
from tlsaudit.report import Style
from tlsaudit.report.sanitize import presentable, shorten
from tlsaudit.report.text_facts import TONES, fact_lines
from tlsaudit.report.text_files import files_in_brief
from tlsaudit.report.text_layout import console_for, grid, heading, headline, indented, label, named, title
from tlsaudit.report.text_subjects import subjects_table
from tlsaudit.report.together import undecided_together, unknown_facts
from tlsaudit.report.verdict import verdict
from tlsaudit.report.view import (
    STATUS,
    areas,
    declared_words,
    failing_counts,
    findings,
    grade_tone,
    grade_words,
    known_failures,
    plural,
    score_rows,
    total_counts,
    with_outcome,
)

_BRIEF_FROM: Final = 6
_LONGEST_VALUE: Final = 600
_LABEL: Final = 13
_SEVERITY: Final = 8


def render(document: Document, style: Style) -> str:
    """The report as text; from six subjects on, or where `style` asks for it, in brief."""
    shown = presentable(document)
    brief = len(shown.subjects) >= _BRIEF_FROM if style.brief is None else style.brief
    output = StringIO()
    console = console_for(output, style)
    files = brief and shown.mode == "lint"
    if files:
        files_in_brief(console, shown)
    for subject in () if files else shown.subjects:
        _header(console, subject)
        if brief:
            _findings_in_brief(console, subject)
        else:
            _facts(console, subject, shown)
            _findings(console, subject)
            _waived(console, subject)
            _not_established(console, subject)
            _score(console, subject)
        console.print()
    if len(shown.subjects) > 1 and not files:
        heading(console, "Subjects")
        console.print(indented(subjects_table(shown)))
        console.print()
    _summary(console, shown)
    return "".join(f"{line.rstrip()}\n" for line in output.getvalue().splitlines())


def _header(console: Console, subject: Subject) -> None:
    """Name and grade over a line, then where, how long and with how many connections."""
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(overflow="fold", ratio=1)
    table.add_column(justify="right", no_wrap=True)
    score = subject.score
    grade = Text() if score is None else Text(f"{score.grade}  {score.value}/100", TONES[grade_tone(score.grade)])
    table.add_row(Text(subject.name, "bold"), grade)
    console.print(table)
    console.print(Text("─" * console.width, "dim"))
    parts: list[str] = []
    if subject.facts is not None:
        endpoint = subject.facts.endpoint
        parts.append(_where(subject) or endpoint.address or endpoint.host)
        parts.extend([f"SNI {endpoint.sni}"] if endpoint.sni and endpoint.sni != endpoint.host else [])
        parts.extend([f"STARTTLS {endpoint.starttls}"] if endpoint.starttls else [])
    if subject.error is None:
        parts.append(STATUS[subject.status])
    if subject.facts is not None and subject.location is None:
        parts.append(plural(subject.facts.connections, "connection"))
    if subject.location is None:
        parts.append(f"{subject.duration_s:.2f} s")
    if declared := declared_words(subject):
        parts.append(f"declared: {declared}")
    if score is not None and grade_words(score):
        parts.append(f"{score.grade}: {grade_words(score)}")
    if subject.error is not None:
        problem = f"{STATUS[subject.status]} ({subject.error.code}): {shorten(subject.error.message, _LONGEST_VALUE)}"
        console.print(indented(Text(problem, TONES["bad"])))
    console.print(indented(Text(" · ".join(parts), "dim")))


def _facts(console: Console, subject: Subject, document: Document) -> None:
    lines = list(fact_lines(subject, document.as_of))
    if lines:
        console.print()
        console.print(indented(grid(_LABEL, ((Text(label, "dim"), value) for label, value in lines))))


def _findings(console: Console, subject: Subject) -> None:
    failing = findings(subject)
    if not failing:
        if subject.facts is not None:
            title(console, "No findings")
        return
    counts = failing_counts(subject)
    title(console, "Findings", ", ".join(f"{count} {severity}" for severity, count in counts.items()))
    for number, finding in enumerate(failing):
        if number:
            console.print()
        console.print(indented(grid(_SEVERITY, _finding_rows(finding.result))))
        if finding.result.reproduce:
            # Never folded: a command that is copied in two lines is another command.
            command = Text(f"{'':{_SEVERITY + 4}}$ {finding.result.reproduce}", "dim")
            console.print(command, soft_wrap=True)
        console.print(indented(grid(_SEVERITY, _ground_rows(finding.result))))
        for each in finding.implied:
            row = Text.assemble("└ ", headline(each), f": {shorten(each.observed, _LONGEST_VALUE)}", style="dim")
            console.print(indented(row, by=_SEVERITY + 4))


def _finding_rows(result: ResultPart) -> Iterable[tuple[Text, Text]]:
    """Severity and title, then what was seen, what would pass, what to do."""
    yield Text(result.severity.upper(), TONES[result.severity]), Text(label(result), "bold")
    expected = f"Expected: {result.expected}" if result.expected else ""
    lines = (
        (_place(result) + result.observed, ""),
        (result.why, "dim"),
        (expected, ""),
        (f"Fix: {result.remedy}" if result.remedy else "", "green"),
    )
    for text, tone in lines:
        if text:
            yield Text(), Text(shorten(text, _LONGEST_VALUE), tone)


def _ground_rows(result: ResultPart) -> Iterable[tuple[Text, Text]]:
    """What a finding stands on: clauses, and the probes or lines that show it."""
    sources = "; ".join(each.ref + ("" if each.verified else " (unverified)") for each in result.sources)
    evidence = dict.fromkeys(each.at for each in result.evidence if each.at)
    for text in (f"Source: {sources}" if sources else "", f"Evidence: {', '.join(evidence)}" if evidence else ""):
        if text:
            yield Text(), Text(shorten(text, _LONGEST_VALUE), "dim")


def _findings_in_brief(console: Console, subject: Subject) -> None:
    for finding in findings(subject):
        line = Text.assemble((f"{finding.result.severity.upper():<10}", TONES[finding.result.severity]))
        line.append(label(finding.result))
        if finding.implied:
            line.append(f"  (and {len(finding.implied)} implied)", "dim")
        console.print(indented(line))
    rest = {"waived": with_outcome(subject, "waived"), "inconclusive": with_outcome(subject, "inconclusive")}
    words = [f"{len(results)} {outcome}" for outcome, results in rest.items() if results]
    if words:
        console.print(indented(Text(", ".join(words), "dim")))


def _waived(console: Console, subject: Subject) -> None:
    results = with_outcome(subject, "waived")
    if not results:
        return
    title(console, "Waived", "they cost no points, but what they cap stays capped")
    for result in results:
        line = headline(result)
        if result.suppression is not None:
            by = result.suppression
            until = f", until {by.expires}" if by.expires else ""
            owner = f", {by.owner}" if by.owner else ""
            line.append(f": {shorten(by.reason, _LONGEST_VALUE)} ({by.by}{owner}{until})", "dim")
        console.print(indented(line))


def _not_established(console: Console, subject: Subject) -> None:
    """What could not be decided, with the reason: it is no pass."""
    undecided = undecided_together(subject)
    untested = with_outcome(subject, "not_tested")
    unknown = unknown_facts(subject)
    if not (undecided or untested or unknown):
        return
    title(console, "Not established", "these count as neither passed nor failed")
    for paths, each in unknown:
        detail = f" ({shorten(each.detail, _LONGEST_VALUE)})" if each.detail else ""
        console.print(indented(Text(f"{paths}: {each.why.replace('_', ' ')}{detail}")))
    for group in undecided:
        words = f"  {named(group)}: {shorten(group.reason, _LONGEST_VALUE)}"
        console.print(indented(Text.assemble((group.severity, TONES[group.severity]), words)))
    if untested:
        console.print(indented(Text(f"not asked: {areas(untested)}", "dim")))


def _where(subject: Subject) -> str:
    return f"{subject.location.file}:{subject.location.line}" if subject.location is not None else ""


def _score(console: Console, subject: Subject) -> None:
    score = subject.score
    if score is None:
        return
    title(console, "Score", f"{score.value}/100, {score.coverage:.0%} of the rules decided")
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("100", Text("start", "dim"), "")
    for row in score_rows(subject):
        table.add_row(Text(f"−{row.points}" if row.points else "0", TONES[row.severity]), row.what, row.title)
    table.add_row(Text(str(score.value), "bold"), Text(f"grade {score.grade}", "bold"), "")
    console.print(indented(table))


def _summary(console: Console, document: Document) -> None:
    summary = document.summary
    data = document.data
    stores = ", ".join(f"{name} {version}" for name, version in data.trust_stores.items())
    statuses = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in summary.by_status.items())
    failures = ", ".join(f"{count} {severity}" for severity, count in total_counts(summary).items())
    heading(console, "Summary")
    rows = [
        ("Subjects", f"{summary.subjects} ({statuses})"),
        ("Failures", failures or "none"),
        ("Worst grade", summary.worst_grade or "none given"),
        ("Policy", f"{document.policy.id} {document.policy.version}, sha256 {document.policy.sha256[:16]}…"),
        ("Data", f"rules {data.ruleset}, scoring {data.scoring}, registry {data.registry}, trust stores {stores}"),
        ("As of", f"{rfc3339(document.as_of)}, {document.mode} mode, {document.tool.name} {document.tool.version}"),
        ("Exit code", f"{summary.exit_code}. {verdict(document)}"),
    ]
    rows += [("" if number else "Known", line) for number, line in enumerate(known_failures(document))]
    tones = {"Exit code": TONES["good"] if summary.exit_code == 0 else TONES["bad"]}
    console.print(
        indented(grid(_LABEL, ((Text(label, "dim"), Text(value, tones.get(label, ""))) for label, value in rows)))
    )


def _place(result: ResultPart) -> str:
    return f"{result.location.file}:{result.location.line}: " if result.location else ""
