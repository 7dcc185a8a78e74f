"""The report document: the keys of the contract, what stands in them, and what is said to be missing."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from tests.lab import hostile
from tests.lab.pki import LabPki
from tests.lab.process import HOST, reserved_port
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.rules.facts import TLS_1_2, TLS_1_3, asks, at, behaves, known, session, sound, speaks
from tlsaudit import app
from tlsaudit.document import audited, facts_part, not_audited
from tlsaudit.model.certificate import CertificateDeployment, Unparsed
from tlsaudit.model.document import Document, Problem, Subject
from tlsaudit.model.facts import Behaviours, Facts, Probe, Session
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Known, Origin, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Judgement, Outcome, Result, Severity
from tlsaudit.model.target import Target
from tlsaudit.model.vulnerability import Verdict, Vulnerability
from tlsaudit.policy import load_policy
from tlsaudit.report import FORMATS
from tlsaudit.report.schema import report_schema

ORDINARY_BYTES = 28_500
"""The bar is 25 kB; each rule takes 63 bytes, and there are more of them than when it was set."""
SIX_SUITES = (
    "ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_ciphers "
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;"
)
TARGET = Target(host="shop.example.com")
UNANSWERED = Unknown(Why.NO_ANSWER, "no answer in time")

CERTIFICATE = "subject issuer serial sha256 spki_sha256 not_before not_after sans key.type key.bits signature_algorithm"
CONTRACT = {
    "": "schema tool.name tool.version mode policy.id policy.version policy.sha256 data.ruleset data.scoring "
    "data.registry data.trust_stores.mozilla data.ct_logs as_of started_at finished_at subjects summary.subjects "
    "summary.by_status summary.failed_by_severity summary.worst_grade summary.exit_code",
    "subjects.0": "id kind name status error duration_s location facts requested basis unknown probes results score",
    "subjects.0.facts": "endpoint.host endpoint.port endpoint.address endpoint.sni endpoint.transport "
    "endpoint.starttls connections protocols.SSLv2 protocols.SSLv3 protocols.TLSv1\\.0 protocols.TLSv1\\.1 "
    "protocols.TLSv1\\.2 protocols.TLSv1\\.3 cipher_suites.TLSv1\\.2.0.code cipher_suites.TLSv1\\.2.0.name "
    "cipher_suites.TLSv1\\.2.0.openssl_name cipher_preference.TLSv1\\.2 groups.TLSv1\\.3.0.code "
    "groups.TLSv1\\.3.0.name certificate_deployments client_auth alpn session http vulnerabilities",
    "subjects.0.facts.certificate_deployments.0": "chain chain_status trust.mozilla.trusted trust.mozilla.reason "
    "trust.custom.trusted trust.custom.reason name_match stapled_ocsp scts",
    "subjects.0.facts.certificate_deployments.0.chain.0": CERTIFICATE,
    "subjects.0.facts.certificate_deployments.0.chain.1": CERTIFICATE,
    "subjects.0.facts.client_auth": "mode enforced_by verifies when per_protocol ca_names signature_schemes trials",
    "subjects.0.basis.protocols\\.TLSv1\\.2": "origin probe",
    "subjects.0.probes.0": "n asked answered",
    "subjects.0.score": "value grade letter_if_trusted caps deductions coverage",
}
RESULT_KEYS = {
    "rule", "outcome", "severity", "title", "cause", "observed", "expected", "evidence", "sources", "remedy",
    "reproduce", "fingerprint", "confidence", "implied_by", "location", "suppression",
}  # fmt: skip
FULL_OUTCOMES = {"fail", "waived", "inconclusive"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(report_schema())


@pytest.fixture(scope="module")
def rendered(module_lab: Lab, lab_pki: LabPki) -> str:
    """The report of one ordinary endpoint and of all kinds of others, as JSON text."""
    ordinary = module_lab.nginx(SIX_SUITES)
    asking = module_lab.nginx(
        f"ssl_protocols TLSv1.2 TLSv1.3; ssl_client_certificate {lab_pki.client_ca_file}; ssl_verify_client on;"
    )
    with (
        ScriptedServer(hostile.ssh_banner) as ssh,
        ScriptedServer(hostile.unparsable_certificate()) as broken,
        ScriptedServer(hostile.accept_and_silence) as silent,
    ):
        targets = [Target(host="localhost", address=HOST, port=ordinary.port)]
        targets += [Target(host=HOST, port=each.port) for each in (asking, ssh, broken, silent)]
        targets.append(Target(host=HOST, port=reserved_port()))
        targets.append(Target(host="does-not-exist.invalid"))
        options = app.ScanOptions(policy=load_policy("owasp"), anchors=app.load_anchors(lab_pki.root_file), timeout=1.0)
        return FORMATS["json"].render(asyncio.run(app.scan(targets, options)))


@pytest.fixture(scope="module")
def report(rendered: str) -> Any:
    return json.loads(rendered)


def walk(place: Any, path: str) -> Any:
    for key in re.split(r"(?<!\\)\.", path) if path else ():
        place = place[int(key)] if isinstance(place, list) else place[key.replace("\\.", ".")]
    return place


def leaves(place: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(place, dict | list):
        for key, value in place.items() if isinstance(place, dict) else enumerate(place):
            yield from leaves(value, f"{path}.{key}")
    else:
        yield path, place


def test_every_kind_of_endpoint_is_valid_by_the_schema(report: Any, validator: jsonschema.Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(report)] == []
    assert {each["status"] for each in report["subjects"]} == {"audited", "not_tls", "unreachable"}


def test_what_is_written_can_be_read_and_written_again(rendered: str) -> None:
    assert FORMATS["json"].render(Document.model_validate_json(rendered)) == rendered


def test_it_is_one_line_of_compact_json(rendered: str) -> None:
    assert rendered.count("\n") == 1
    assert '": ' not in re.sub(r'"(?:[^"\\]|\\.)*"(?!:)', '""', rendered)


@pytest.mark.parametrize(("at_path", "keys"), CONTRACT.items(), ids=CONTRACT)
def test_every_key_of_the_contract_is_there(report: Any, at_path: str, keys: str) -> None:
    place = walk(report, at_path)
    for key in keys.split():
        walk(place, key)


def test_an_ordinary_endpoint_is_small(report: Any) -> None:
    ordinary = {**report, "subjects": report["subjects"][:1]}
    size = len(json.dumps(ordinary, separators=(",", ":"), ensure_ascii=False).encode())
    assert size < ORDINARY_BYTES


def test_times_end_in_z(report: Any) -> None:
    times = [value for _, value in leaves(report) if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value)]
    assert len(times) > 6
    assert all(TIME.fullmatch(each) for each in times)


def test_results_have_all_keys_or_three(report: Any) -> None:
    results = [each for subject in report["subjects"] for each in subject["results"]]
    assert {"fail", "pass", "inconclusive", "not_applicable"} <= {each["outcome"] for each in results}
    for each in results:
        if each["outcome"] in FULL_OUTCOMES:
            assert set(each) >= RESULT_KEYS
        else:
            assert set(each) == {"rule", "outcome", "severity"}


def test_a_failure_can_be_traced_to_its_probes(report: Any) -> None:
    for subject in report["subjects"]:
        numbers = [probe["n"] for probe in subject["probes"]]
        assert numbers == list(range(1, len(numbers) + 1))
        assert all(probe["asked"] and probe["answered"] for probe in subject["probes"])
        seen = [each["at"] for result in subject["results"] for each in result.get("evidence", ())]
        seen += [f"probe:{basis['probe']}" for basis in subject["basis"].values()]
        assert {each for each in seen if each} <= {f"probe:{n}" for n in numbers}
        if subject["facts"]:
            assert subject["facts"]["connections"] == len(numbers)


def test_what_has_a_basis_is_in_the_facts(report: Any) -> None:
    for subject in report["subjects"]:
        for path in subject["basis"]:
            walk(subject["facts"], re.sub(r"\.(TLSv1|SSLv\d)\.", r".\1\\.", path))
        for path in subject["unknown"]:
            walk(subject["facts"], re.sub(r"\.TLSv1\.", r".TLSv1\\.", path))


def test_what_was_not_audited_says_why_and_nothing_else(report: Any) -> None:
    for subject in report["subjects"]:
        if subject["status"] == "audited":
            assert subject["error"] is None
            continue
        assert set(subject["error"]) == {"code", "message"}
        assert subject["error"]["message"]
        assert (subject["facts"], subject["score"]) == (None, None)
        assert subject["basis"] == subject["unknown"] == {}
        assert subject["probes"] == subject["results"] == []


def test_a_certificate_that_cannot_be_read_is_counted_and_explained(report: Any) -> None:
    deployment = report["subjects"][3]["facts"]["certificate_deployments"][0]
    assert deployment["unparsed"][0].startswith("certificate 1: ")
    unknown = report["subjects"][3]["unknown"]
    assert deployment["chain_status"] == "unknown"
    assert unknown["certificate_deployments.0.chain_status"]["detail"]
    assert deployment["name_match"] is None
    assert unknown["certificate_deployments.0.name_match"]["detail"]


def test_a_server_that_asks_for_certificates_is_shown_with_its_names(report: Any) -> None:
    auth = report["subjects"][1]["facts"]["client_auth"]
    assert (auth["mode"], auth["enforced_by"]) == ("required", "application")
    assert auth["ca_names"] == ["CN=Lab Clients,O=tlsaudit demo"]
    assert auth["per_protocol"]["TLSv1.3"]["mode"] == "required"


def subject_of(facts: Facts, **given: Any) -> Subject:
    judgement = given.pop("judgement", Judgement())
    return audited(TARGET, facts, judgement, problem=given.pop("problem", None), seconds=0.12345)


def why(facts: Facts) -> dict[str, str]:
    return {path: each.why for path, each in subject_of(facts).unknown.items()}


def test_of_what_is_known_only_what_is_never_asked_is_unknown() -> None:
    facts = sound(
        certificate_deployments=Known((), at(1)), client_auth=asks(verifies=Known(True, at(1))), vulnerabilities={}
    )
    assert why(facts) == {"vulnerabilities": "not_asked"}


def test_a_session_that_was_not_asked_about_is_said_to_be_so_once() -> None:
    assert {path for path in why(sound(session=Session())) if path.startswith("session")} == {"session"}


def test_each_attack_has_its_verdict_and_where_it_is_unknown_its_reason() -> None:
    verdicts = {
        Vulnerability.HEARTBLEED: Known(Verdict.NOT_APPLICABLE, at(1)),
        Vulnerability.CCS_INJECTION: Known(Verdict.VULNERABLE, at(2)),
        Vulnerability.ROBOT: UNANSWERED,
    }
    subject = subject_of(sound(vulnerabilities=verdicts))
    assert subject.facts is not None
    assert subject.facts.vulnerabilities == {
        "heartbleed": "not_applicable",
        "ccs_injection": "vulnerable",
        "robot": "inconclusive",
    }
    assert subject.basis["vulnerabilities.ccs_injection"].probe == 2
    assert {path: each.why for path, each in subject.unknown.items() if path.startswith("vuln")} == {
        "vulnerabilities.robot": "no_answer"
    }
    none = subject_of(sound(vulnerabilities={})).facts
    assert none is not None
    assert set(none.vulnerabilities.values()) == {"not_tested"}


def test_a_list_that_was_cut_short_is_a_lower_bound() -> None:
    plain = sound()
    cut = replace(
        plain,
        cipher_suites=Tried(plain.cipher_suites.accepted, frozenset(), UNANSWERED),
        groups=Tried(plain.groups.accepted, plain.groups.refused, UNANSWERED),
    )
    unknown = subject_of(cut).unknown
    assert {path for path in unknown if path.startswith("cipher_suites")} == {
        "cipher_suites.TLSv1.2",
        "cipher_suites.TLSv1.3",
    }
    assert unknown["cipher_suites.TLSv1.2"].model_dump() == {"why": "no_answer", "detail": "no answer in time"}
    assert not {path for path in unknown if path.startswith("groups")}, "all groups were accepted or refused"


def test_groups_that_hide_behind_the_certificates_curve_make_a_lower_bound() -> None:
    plain = sound()
    hidden = Unknown(Why.UNSUPPORTED, "a group may hide")
    unknown = subject_of(replace(plain, groups=replace(plain.groups, rest=hidden))).unknown
    assert unknown["groups.TLSv1.2"].detail == "a group may hide"
    assert "groups.TLSv1.3" not in unknown


def test_groups_of_which_none_is_known_hide_behind_nothing() -> None:
    hidden = Unknown(Why.UNSUPPORTED, "a group may hide")
    unknown = why(sound(groups=Tried(rest=hidden)))
    assert {path: reason for path, reason in unknown.items() if path.startswith("groups")} == {
        "groups.TLSv1.2": "unsupported",
        "groups.TLSv1.3": "unsupported",
    }


def test_an_accepted_version_of_which_nothing_was_enumerated_is_unknown() -> None:
    facts = sound(protocols=speaks(*ProtocolVersion), cipher_suites=Tried(), groups=Tried())
    assert [path for path in why(facts) if path.startswith(("cipher_suites", "groups"))] == [
        "cipher_suites.SSLv2",
        "cipher_suites.SSLv3",
        "cipher_suites.TLSv1.0",
        "cipher_suites.TLSv1.1",
        "cipher_suites.TLSv1.2",
        "groups.TLSv1.2",
        "cipher_suites.TLSv1.3",
        "groups.TLSv1.3",
    ], "in the order of the versions"
    assert not [path for path in why(sound(protocols=speaks())) if path.startswith("cipher_suites")]


@pytest.mark.parametrize(
    ("accepted", "refused", "whole"),
    [
        ({"h2", "http/1.1"}, set(), True),
        ({"http/1.1"}, {"h2"}, True),
        (set(), {"h2", "http/1.1"}, True),
        ({"h2"}, set(), False),
        (set(), set(), False),
    ],
)
def test_alpn_is_a_lower_bound_where_a_name_was_neither_chosen_nor_refused(
    accepted: set[str], refused: set[str], whole: bool
) -> None:
    alpn = Tried({name: at(1) for name in accepted}, frozenset(refused), NOT_ASKED)
    assert ("alpn" not in why(sound(alpn=alpn))) is whole


def test_single_facts_that_are_unknown_are_named_by_their_path() -> None:
    deployment = CertificateDeployment(
        leaf=UNANSWERED, chain=(), unparsed=(Unparsed(index=0, sha256="00", error="no DER"),), analysis=UNANSWERED,
        name=UNANSWERED, staple=NOT_ASKED, leaf_signs=UNANSWERED, versions=(TLS_1_2,), message_bytes=10, basis=at(1),
    )  # fmt: skip
    facts = sound(
        protocols=Tried({TLS_1_2: at(1)}, frozenset(set(ProtocolVersion) - {TLS_1_2, TLS_1_3}), UNANSWERED),
        cipher_preference={TLS_1_2: UNANSWERED},
        session=session(heartbeat=UNANSWERED, compression=NOT_ASKED),
        http=UNANSWERED,
        key_exchanges=UNANSWERED,
        certificate_deployments=Known((deployment,), at(1)),
        client_auth=replace(asks(), mode=UNANSWERED),
    )
    assert why(facts) == {
        "protocols.TLSv1.3": "no_answer",
        "cipher_preference.TLSv1.2": "no_answer",
        "session.heartbeat": "no_answer",
        "session.compression": "not_asked",
        "http": "no_answer",
        "key_exchanges": "no_answer",
        "certificate_deployments.0.chain_status": "no_answer",
        "certificate_deployments.0.name_match": "no_answer",
        "certificate_deployments.0.stapled_ocsp": "not_asked",
        "client_auth.mode": "no_answer",
        "client_auth.verifies": "not_asked",
    }
    part = subject_of(facts).facts
    assert part is not None
    assert part.protocols["TLSv1.3"] == "unknown"
    assert part.cipher_preference == {"TLSv1.2": "unknown"}
    assert part.session["heartbeat"] is None
    assert part.certificate_deployments[0].unparsed == ["certificate 1: no DER"]
    assert (part.client_auth.mode, part.client_auth.verifies) == ("unknown", None)
    assert part.http.status is None


def test_suites_and_groups_stand_in_the_servers_order() -> None:
    order = (0xC030, 0xC02F)
    part = subject_of(sound(suite_order={TLS_1_2: order}, group_order={TLS_1_3: (23, 29)})).facts
    assert part is not None
    assert [each.code for each in part.cipher_suites["TLSv1.2"]] == ["0xC030", "0xC02F", "0xCCA8"]
    assert part.cipher_suites["TLSv1.2"][0].model_dump() == {
        "code": "0xC030",
        "name": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "openssl_name": "ECDHE-RSA-AES256-GCM-SHA384",
    }
    assert [each.name for each in part.groups["TLSv1.3"]] == ["secp256r1", "x25519", "X25519MLKEM768"]


def test_each_version_is_accepted_rejected_or_unknown() -> None:
    part = subject_of(sound(protocols=speaks(TLS_1_3))).facts
    assert part is not None
    assert list(part.protocols) == ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
    assert set(part.protocols.values()) == {"accepted", "rejected"}


def test_a_basis_in_a_file_has_a_place() -> None:
    explicit = Basis(Origin.EXPLICIT, "deploy/nginx.conf:3")
    subject = subject_of(sound(protocols=Tried({TLS_1_2: explicit}, frozenset(), NOT_ASKED)))
    assert subject.basis["protocols.TLSv1.2"].model_dump() == {
        "origin": "explicit",
        "location": {"file": "deploy/nginx.conf", "line": 3},
    }


def test_an_audit_that_was_cut_short_is_incomplete_and_keeps_what_is_known() -> None:
    subject = subject_of(
        sound(probes=(Probe(1, "asked", "answered"),)), problem=Problem(code="deadline", message="the time ran out")
    )
    assert subject.status == "incomplete"
    assert subject.error is not None
    assert subject.error.message == "the time ran out"
    assert subject.facts is not None
    assert subject.duration_s == 0.123
    assert [each.model_dump() for each in subject.probes] == [{"n": 1, "asked": "asked", "answered": "answered"}]


def test_an_inconclusive_result_says_what_stood_in_its_way() -> None:
    result = Result(rule="R", outcome=Outcome.INCONCLUSIVE, severity=Severity.HIGH, reason="no answer in time")
    part = subject_of(sound(), judgement=Judgement(results=(result,))).results[0]
    assert part.observed == "no answer in time"
    assert set(part.model_dump()) >= RESULT_KEYS


def test_an_endpoint_that_was_not_audited_has_its_reason() -> None:
    subject = not_audited(TARGET, status="unreachable", code="refused", message="it refused", seconds=1.0)
    assert subject.id == "shop.example.com:443"
    assert subject.error is not None
    assert subject.error.model_dump() == {"code": "refused", "message": "it refused"}


def test_behaviours_are_shown_as_far_as_they_are_known() -> None:
    part = facts_part(sound(behaviours=behaves(draft_version=known(0x7F1C), large_hello=UNANSWERED))).behaviours
    shown = json.loads(part.model_dump_json())
    assert shown["draft_version"] == "draft 28"
    assert (shown["negotiated_version"], shown["unknown_sni"], shown["consistent"]) == ("TLSv1.3", "refused", True)
    assert not {"large_hello", "early_data"} & shown.keys()
    assert facts_part(sound(behaviours=behaves(inconsistency=known("the version")))).behaviours.consistent is False


def test_why_a_behaviour_is_unknown_is_told_and_what_was_not_asked_once() -> None:
    told = why(sound(behaviours=Behaviours(large_hello=UNANSWERED)))
    assert {path for path in told if path.startswith("behaviours")} == {"behaviours", "behaviours.large_hello"}
