"""Findings for DefectDojo, held against what its importer accepts."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tests.report import hostile
from tlsaudit.model.document import Document, Location, Subject
from tlsaudit.report import FORMATS
from tlsaudit.report.matters import matters

ALLOWED = {
    *("title", "severity", "description", "date", "mitigation", "impact", "steps_to_reproduce", "references"),
    *("severity_justification", "active", "verified", "risk_accepted", "under_review", "file_path", "line"),
    *("unique_id_from_tool", "vuln_id_from_tool", "dynamic_finding", "static_finding", "service", "tags", "endpoints"),
}
"""The keys used here, all of them known to the importer; it refuses a report for any other."""


def findings(document: Document) -> list[dict[str, Any]]:
    report = json.loads(FORMATS["defectdojo"].render(document))
    assert report["type"] == "tlsaudit"
    found: list[dict[str, Any]] = report["findings"]
    return found


@pytest.mark.parametrize("which", ["sample", "hostile"])
def test_the_importer_finds_what_it_requires(which: str, document: Document) -> None:
    chosen = document if which == "sample" else hostile.document()
    found = findings(chosen)
    assert len(found) == len(matters(chosen))
    for each in found:
        assert set(each) <= ALLOWED
        assert each["severity"] in {"Info", "Low", "Medium", "High", "Critical"}
        assert 0 < len(each["title"]) <= 511
        assert 0 < len(each["service"] or "-") <= 200
        assert len(each.get("file_path", "")) <= 4000
        assert each["description"]
        assert date.fromisoformat(each["date"]).isoformat() == each["date"]
        assert "<script>" not in each["description"]


def test_each_kind_has_its_state(document: Document) -> None:
    states = {
        each["vuln_id_from_tool"]: (each["active"], each["verified"], each["risk_accepted"], each["under_review"])
        for each in findings(document)
    }
    waived = next(each.rule for each in matters(document) if each.kind == "waived")
    assert states["TLS-CERT-020"] == (True, True, False, False)
    assert states["TLS-VULN-010"] == (True, False, False, False)
    assert states["TLS-VULN-003"] == (True, False, False, True)
    assert states["TLSAUDIT-UNREACHABLE"] == (True, False, False, False)
    assert states[waived] == (False, False, True, False)


def test_ids_are_unique(document: Document) -> None:
    ids = [each["unique_id_from_tool"] for each in findings(document)]
    assert len(ids) == len(set(ids))


def test_only_what_is_a_host_and_port_is_an_endpoint(document: Document) -> None:
    assert findings(document)[0]["endpoints"] == ["shop.example.com:443"]
    assert not any("endpoints" in each for each in findings(hostile.document()))


def test_a_place_in_a_file_is_told(poor: Subject, document: Document) -> None:
    moved = poor.model_copy(update={"location": Location(file="deploy/a.conf", line=12)})
    first = findings(document.model_copy(update={"subjects": [moved]}))[0]
    assert (first["file_path"], first["line"], first["static_finding"]) == ("deploy/a.conf", 12, True)
