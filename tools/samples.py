"""Sample reports, built in code: `python -m tools.samples` writes reports/sample.*; `--check` says if they are old."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path

from tlsaudit.model.document import DataVersions, Document, PolicyReference, Summary, Tool
from tlsaudit.report import FORMATS, Style
from tools.sample_facts import AS_OF
from tools.sample_results import digest
from tools.sample_subjects import hostile, mutual, poor, sound, unreachable

REPORTS = Path(__file__).parent.parent / "reports"


def document() -> Document:
    """The whole sample report."""
    subjects = [poor(), mutual(), sound(), hostile(), unreachable()]
    failing = [result for subject in subjects for result in subject.results if result.outcome == "fail"]
    severities = [result.severity for result in failing]
    statuses = [subject.status for subject in subjects]
    return Document(
        tool=Tool(name="tlsaudit", version="0.1.0"),
        mode="full",
        policy=PolicyReference(id="owasp", version="1", sha256=digest("policy")),
        data=DataVersions(
            ruleset="1",
            scoring="1",
            registry="2026-11-12",
            trust_stores={"mozilla": "2026-10-18"},
            ct_logs="2026-11-10",
        ),
        as_of=AS_OF,
        started_at=AS_OF,
        finished_at=AS_OF + timedelta(seconds=6),
        subjects=subjects,
        summary=Summary(
            subjects=len(subjects),
            by_status={status: statuses.count(status) for status in dict.fromkeys(statuses)},
            failed_by_severity={severity: severities.count(severity) for severity in dict.fromkeys(severities)},
            worst_grade="T",
            exit_code=1,
            fail_on="high",
        ),
    )


def renderings() -> dict[str, str]:
    """File name and content of every sample report."""
    report = document()
    return {
        "sample.csv": FORMATS["csv"].render(report),
        "sample.html": FORMATS["html"].render(report),
        "sample.json": FORMATS["json"].render(report),
        "sample.junit.xml": FORMATS["junit"].render(report),
        "sample.md": FORMATS["markdown"].render(report),
        "sample.prom": FORMATS["prometheus"].render(report),
        "sample.sarif": FORMATS["sarif"].render(report),
        "sample.txt": FORMATS["text"].render(report, Style(width=100)),
    }


def main() -> int:
    """Write the samples, or with --check exit with 1 where one is stale."""
    parser = argparse.ArgumentParser(description="Write the sample reports, or check that they are fresh.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a file is stale")
    check = parser.parse_args().check
    stale = False
    for name, text in renderings().items():
        path = REPORTS / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale = True
        if check:
            print(f"stale: reports/{name}", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"written: reports/{name}")
    return int(check and stale)


if __name__ == "__main__":
    raise SystemExit(main())
