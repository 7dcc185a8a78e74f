"""The JSON Schema of the report document."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest

from tlsaudit.model.document import Document
from tlsaudit.report import FORMATS
from tlsaudit.report.schema import report_schema


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture
def report(document: Document) -> Any:
    return json.loads(FORMATS["json"].render(document))


def test_the_samples_are_valid(validator: jsonschema.Draft202012Validator, report: Any) -> None:
    assert [error.message for error in validator.iter_errors(report)] == []


def test_the_schema_says_what_it_is() -> None:
    schema = report_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:tlsaudit:report:1"
    assert schema["properties"]["schema"]["const"] == "tlsaudit.report/1"
    assert "schema_" not in json.dumps(schema)


def test_keys_may_be_added_anywhere(validator: jsonschema.Draft202012Validator, report: Any) -> None:
    for place in (report, report["tool"], report["subjects"][0], report["subjects"][0]["results"][0]):
        place["new_key"] = {"of": "a later version"}
    assert validator.is_valid(report)


def test_brief_results_are_valid(validator: jsonschema.Draft202012Validator, report: Any) -> None:
    brief = [result for result in report["subjects"][0]["results"] if set(result) == {"rule", "outcome", "severity"}]
    assert {result["outcome"] for result in brief} == {"pass", "not_applicable", "not_tested"}
    assert validator.is_valid(report)


@pytest.mark.parametrize("outcome", ["fail", "waived", "inconclusive"])
def test_a_result_that_did_not_pass_must_explain_itself(
    validator: jsonschema.Draft202012Validator, report: Any, outcome: str
) -> None:
    report["subjects"][0]["results"] = [{"rule": "TLS-PROTO-001", "outcome": outcome, "severity": "critical"}]
    assert not validator.is_valid(report)


def test_a_waived_result_must_say_who_waived_it(validator: jsonschema.Draft202012Validator, report: Any) -> None:
    for result in report["subjects"][0]["results"]:
        result.pop("suppression", None) if result["outcome"] != "waived" else result.update(suppression=None)
    assert not validator.is_valid(report)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "tlsaudit.report/2"),
        (("as_of",), "2026-11-21T07:30:00+01:00"),
        (("mode",), "quick"),
        (("subjects", 0, "status"), "fine"),
        (("subjects", 0, "facts", "protocols", "TLSv1.2"), True),
        (("subjects", 0, "score", "value"), 101),
    ],
)
def test_a_wrong_value_is_refused(
    validator: jsonschema.Draft202012Validator, report: Any, path: tuple[str | int, ...], value: object
) -> None:
    changed = copy.deepcopy(report)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert not validator.is_valid(changed)


def test_the_schema_key_is_required(validator: jsonschema.Draft202012Validator, report: Any) -> None:
    del report["schema"]
    assert not validator.is_valid(report)
