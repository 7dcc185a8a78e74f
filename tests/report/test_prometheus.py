"""Metrics, read back by the client's parser and by promtool."""

from __future__ import annotations

import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.lab.process import program
from tests.lab.servers import requires
from tests.report import hostile
from tlsaudit.model.document import Document, Subject
from tlsaudit.report import FORMATS

Samples = dict[str, list[tuple[dict[str, str], float]]]


def samples_of(document: Document) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(FORMATS["prometheus"].render(document)):
        for sample in family.samples:
            assert sample.timestamp is None
            found.setdefault(sample.name.removeprefix("tlsaudit_"), []).append((sample.labels, sample.value))
    return found


def value(samples: Samples, name: str, **labels: str) -> float:
    (found,) = [value for each, value in samples[name] if each.items() >= labels.items()]
    return found


def test_what_was_not_audited_is_told(document: Document) -> None:
    samples = samples_of(document)
    assert value(samples, "endpoint_up", endpoint="old.example.com:443") == 0
    assert value(samples, "endpoint_audited", endpoint="old.example.com:443") == 0
    assert value(samples, "endpoint_status", endpoint="old.example.com:443", status="unreachable") == 1
    assert value(samples, "endpoint_up", endpoint="shop.example.com:443") == 1
    assert value(samples, "endpoint_audited", endpoint="shop.example.com:443") == 0
    assert value(samples, "undecided", check="TLS-VULN-003", severity="critical") == 1
    assert value(samples, "run_endpoints", outcome="unreachable") == 1
    assert value(samples, "run_exit_code") == 1
    assert "run_last_success_timestamp_seconds" not in samples


def test_a_run_that_judged_everything_has_a_time_of_success(document: Document) -> None:
    judged = [each for each in document.subjects if each.name == "payments.internal.example.com:8443"]
    samples = samples_of(document.model_copy(update={"subjects": judged}))
    assert value(samples, "run_last_success_timestamp_seconds") == document.finished_at.timestamp()
    assert value(samples, "blocking") == 2


def test_findings_are_counted_and_zeros_are_told(document: Document) -> None:
    samples = samples_of(document)
    assert value(samples, "endpoint_findings", endpoint="shop.example.com:443", severity="critical") == 2
    assert value(samples, "endpoint_findings", endpoint="www.example.com:443", severity="critical") == 0
    assert value(samples, "findings", check="TLS-CERT-020", severity="critical") == 1
    total = sum(value for _, value in samples["findings"])
    assert total == sum(result.outcome == "fail" for each in document.subjects for result in each.results)


def test_the_validity_of_leaf_certificates_is_told(document: Document) -> None:
    samples = samples_of(document)
    facts = document.subjects[0].facts
    assert facts is not None
    leaf = facts.certificate_deployments[0].chain[0]
    labels = {"endpoint": document.subjects[0].id, "sha256": leaf.sha256}
    assert value(samples, "cert_not_after_timestamp_seconds", **labels) == leaf.not_after.timestamp()
    assert value(samples, "cert_not_before_timestamp_seconds", **labels) == leaf.not_before.timestamp()


def test_the_same_subject_twice_gives_no_series_twice_and_the_worse_one_counts(document: Document) -> None:
    lost = document.subjects[-1].model_copy(update={"id": document.subjects[1].id})
    samples = samples_of(document.model_copy(update={"subjects": [lost, document.subjects[1]]}))
    for name, found in samples.items():
        keys = [tuple(sorted(labels.items())) for labels, _ in found]
        assert len(keys) == len(set(keys)), name
    assert value(samples, "endpoint_audited", endpoint=document.subjects[1].id) == 0


def test_ids_that_differ_only_in_what_is_cut_share_one_series(sound: Subject, document: Document) -> None:
    twins = [sound.model_copy(update={"id": "x" * 5000 + end}) for end in "ab"]
    samples = samples_of(document.model_copy(update={"subjects": twins}))
    assert len(samples["endpoint_up"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("which", ["sample", "hostile", "empty"])
def test_promtool_accepts_it(which: str, document: Document) -> None:
    requires("promtool")
    chosen = {
        "sample": document,
        "hostile": hostile.document(),
        "empty": document.model_copy(update={"subjects": []}),
    }[which]
    text = FORMATS["prometheus"].render(chosen).encode()
    command = [program("promtool") or "", "check", "metrics"]
    done = subprocess.run(command, input=text, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_hostile_names_are_labels_and_nothing_else() -> None:
    samples = samples_of(hostile.document())
    assert len(samples["endpoint_up"]) == 2 * len(hostile.ATTACKS)
    assert set(samples) <= set(samples_of(hostile.document())) | {"forged"}
    assert "forged" not in samples
    assert any("<script>" in labels["endpoint"] for labels, _ in samples["endpoint_up"])
