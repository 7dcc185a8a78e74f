"""Metrics in the text format of Prometheus, for the textfile collector of node_exporter or a push gateway.

No sample has a time of its own: the collector refuses those. Series are one a subject; for large fleets read the store.
Source: Prometheus, "Exposition formats" (text, version 0.0.4) and "Metric and label naming".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from tlsaudit.model.document import Document, Subject
from tlsaudit.report import Style
from tlsaudit.report.matters import matters
from tlsaudit.report.sanitize import presentable, shorten
from tlsaudit.report.view import SEVERITIES

_LONGEST_LABEL: Final = 300

Series = dict[tuple[tuple[str, str], ...], float]
"""Values by labels; a second value of the same labels would make the whole page invalid."""


def render(document: Document, _style: Style) -> str:
    """Every metric with its help and type, and its samples; a metric without samples is left out."""
    shown = presentable(document)
    return "".join(
        f"# HELP tlsaudit_{name} {about}\n# TYPE tlsaudit_{name} gauge\n{_samples(f'tlsaudit_{name}', series)}"
        for name, about, series in _metrics(shown)
        if series
    )


def _metrics(document: Document) -> Iterator[tuple[str, str, Series]]:
    # Should an id come twice, the last one counts: that is one that was not audited as a whole.
    subjects = sorted(document.subjects, key=lambda subject: subject.status != "audited")
    endpoints = [(each.id, each) for each in subjects]
    info = _labels(
        version=document.tool.version,
        policy=document.policy.id,
        ruleset=document.data.ruleset,
        mode=document.mode,
    )
    yield "build_info", "The program, policy and rules that judged, and how much was asked; always 1.", {info: 1}
    up = {_labels(endpoint=name): float(_speaks_tls(each)) for name, each in endpoints}
    yield "endpoint_up", "Whether the endpoint was reached and spoke TLS.", up
    audited = {_labels(endpoint=name): float(each.status == "audited") for name, each in endpoints}
    yield "endpoint_audited", "Whether the endpoint was audited as a whole; 0 is no pass.", audited
    statuses: Series = {_labels(endpoint=name, status=each.status): 1 for name, each in endpoints}
    yield "endpoint_status", "How the audit of the endpoint ended; always 1.", statuses
    scored = [(name, each.score) for name, each in endpoints if each.score is not None]
    grades: Series = {_labels(endpoint=name, grade=score.grade): 1 for name, score in scored}
    yield "endpoint_grade", "The grade of the endpoint; always 1.", grades
    scores: Series = {_labels(endpoint=name): score.value for name, score in scored}
    yield "endpoint_score", "The score of the endpoint, 0 to 100.", scores
    yield "endpoint_findings", "Failing rules of the endpoint, without those waived.", _counted(subjects, "fail")
    untested = _counted(subjects, "not_tested")
    yield "endpoint_not_tested", "Rules that were not asked at the endpoint; that is no pass.", untested
    told = matters(document)
    for name, kind, about in (
        ("findings", "failure", "Subjects that fail a rule, without those waived."),
        ("undecided", "undecided", "Subjects at which a rule could not be decided; that is no pass."),
        ("waived", "waived", "Subjects at which a failure is waived."),
    ):
        counts = Counter(_labels(severity=each.severity, check=each.rule) for each in told if each.kind == kind)
        yield name, about, {labels: float(count) for labels, count in counts.items()}
    blocking = sum(each.blocks for each in told)
    yield "blocking", "What keeps the run from ending with 0: failures, undecided rules, endpoints.", {(): blocking}
    before, after = _validity(subjects)
    yield "cert_not_before_timestamp_seconds", "When the leaf certificate becomes valid.", before
    yield "cert_not_after_timestamp_seconds", "When the leaf certificate ceases to be valid.", after
    judged = all(each.kind == "failure" or not each.blocks for each in told)
    yield from _run(document, judged)


def _run(document: Document, judged: bool) -> Iterator[tuple[str, str, Series]]:
    finished = document.finished_at.timestamp()
    outcomes = Counter(each.status for each in document.subjects)
    counted: Series = {_labels(outcome=status): count for status, count in outcomes.items()}
    yield "run_endpoints", "Subjects of the run by how their audit ended.", counted
    yield "run_exit_code", "The exit code of the run.", {(): document.summary.exit_code}
    yield "run_finished_timestamp_seconds", "When the run ended.", {(): finished}
    succeeded: Series = {(): finished} if judged and document.summary.exit_code in {0, 1} else {}
    yield "run_last_success_timestamp_seconds", "When a run ended that could judge everything.", succeeded


def _counted(subjects: list[Subject], outcome: str) -> Series:
    """Results by severity. Zeros too, so that what is mended goes to zero; none where nothing could be judged."""
    return {
        _labels(endpoint=each.id, severity=severity): sum(
            result.outcome == outcome and result.severity == severity for result in each.results
        )
        for each in subjects
        if each.results
        for severity in SEVERITIES
    }


def _validity(subjects: list[Subject]) -> tuple[Series, Series]:
    before: Series = {}
    after: Series = {}
    for subject in subjects:
        for deployment in subject.facts.certificate_deployments if subject.facts else ():
            for leaf in deployment.chain[:1]:
                labels = _labels(endpoint=subject.id, sha256=leaf.sha256, key_type=leaf.key.type)
                before[labels] = leaf.not_before.timestamp()
                after[labels] = leaf.not_after.timestamp()
    return before, after


def _speaks_tls(subject: Subject) -> bool:
    return subject.facts is not None and subject.status in {"audited", "incomplete"}


def _labels(**labels: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, shorten(value, _LONGEST_LABEL)) for name, value in labels.items())


def _samples(name: str, series: Series) -> str:
    return "".join(f"{name}{_written(labels)} {value:.15g}\n" for labels, value in series.items())


def _written(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
