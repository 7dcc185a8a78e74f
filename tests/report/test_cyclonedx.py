"""The bill of cryptography, held against the official schema of CycloneDX 1.7."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.report import hostile
from tlsaudit.model.document import Document, Key, Subject
from tlsaudit.report import FORMATS
from tlsaudit.report.cyclonedx_algorithms import Algorithm, of_group, of_key, of_signature, of_suite
from tlsaudit.report.matters import matters


@pytest.fixture(scope="module")
def validator() -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.V1_7)


def bill_of(document: Document) -> Any:
    return json.loads(FORMATS["cyclonedx"].render(document))


@pytest.mark.parametrize("which", ["sample", "hostile", "empty"])
def test_the_official_schema_accepts_it(which: str, document: Document, validator: JsonStrictValidator) -> None:
    chosen = {
        "sample": document,
        "hostile": hostile.document(),
        "empty": document.model_copy(update={"subjects": []}),
    }[which]
    assert validator.validate_str(FORMATS["cyclonedx"].render(chosen)) is None


def test_every_reference_leads_somewhere(document: Document) -> None:
    for bill in (bill_of(document), bill_of(hostile.document())):
        assets = [*bill["components"], *bill["services"]]
        refs = [each["bom-ref"] for each in assets]
        assert len(refs) == len(set(refs))
        used = {ref for each in bill["dependencies"] for ref in (each["ref"], *each["dependsOn"])}
        used |= {ref for each in bill["compositions"] for ref in each["assemblies"]}
        used |= {affected["ref"] for each in bill["vulnerabilities"] for affected in each["affects"]}
        for asset in bill["components"]:
            suites = asset["cryptoProperties"].get("protocolProperties", {}).get("cipherSuites", [])
            used |= {ref for suite in suites for ref in suite.get("algorithms", [])}
        assert used <= set(refs)


def test_protocols_have_their_suites_and_groups(document: Document) -> None:
    bill = bill_of(document)
    protocol = next(each for each in bill["components"] if each["name"] == "TLS 1.3 at www.example.com:443")
    told = protocol["cryptoProperties"]["protocolProperties"]
    assert (told["type"], told["version"]) == ("tls", "1.3")
    first = told["cipherSuites"][0]
    assert (first["name"], first["identifiers"]) == ("TLS_AES_256_GCM_SHA384", ["0x13", "0x02"])
    assert "X25519MLKEM768" in first["tlsGroups"]


def test_suites_that_were_not_asked_about_are_left_out(mutual: Subject, document: Document) -> None:
    assert mutual.facts is not None
    facts = mutual.facts.model_copy(update={"cipher_suites": {}, "groups": {}})
    bill = bill_of(document.model_copy(update={"subjects": [mutual.model_copy(update={"facts": facts})]}))
    protocols = [each["cryptoProperties"].get("protocolProperties") for each in bill["components"]]
    assert [each for each in protocols if each] == [
        {"type": "tls", "version": "1.3"},
        {"type": "tls", "version": "1.2"},
    ]


def test_what_was_not_audited_is_a_service_of_which_nothing_is_known(document: Document) -> None:
    bill = bill_of(document)
    lost = next(each for each in bill["services"] if each["name"] == "old.example.com:443")
    assert {"name": "tlsaudit:status", "value": "unreachable"} in lost["properties"]
    aggregates = {each["assemblies"][0]: each["aggregate"] for each in bill["compositions"]}
    assert aggregates[lost["bom-ref"]] == "unknown"
    assert aggregates["subject-1"] == "incomplete"
    assert [each["dependsOn"] for each in bill["dependencies"] if each["ref"] == lost["bom-ref"]] == [[]]


def test_every_matter_is_a_vulnerability_with_its_state(document: Document) -> None:
    found = bill_of(document)["vulnerabilities"]
    assert [each["id"] for each in found] == [each.rule for each in matters(document)]
    states = {each["id"]: each["analysis"] for each in found}
    assert states["TLS-CERT-020"] == {"state": "exploitable"}
    assert states["TLS-VULN-003"] == {"state": "in_triage"}
    assert states["TLSAUDIT-UNREACHABLE"] == {"state": "in_triage"}


def test_an_asset_that_two_subjects_share_is_listed_once(sound: Subject, document: Document) -> None:
    one = bill_of(document.model_copy(update={"subjects": [sound]}))
    two = bill_of(document.model_copy(update={"subjects": [sound, sound]}))

    def certificates(bill: Any) -> int:
        kinds = [each["cryptoProperties"]["assetType"] for each in bill["components"]]
        return kinds.count("certificate")

    assert certificates(one) == certificates(two) > 0


def test_the_same_report_gives_the_same_serial_number(document: Document, sound: Subject) -> None:
    assert bill_of(document)["serialNumber"] == bill_of(document)["serialNumber"]
    other = document.model_copy(update={"subjects": [sound]})
    assert bill_of(other)["serialNumber"] != bill_of(document)["serialNumber"]


def told(algorithm: Algorithm) -> tuple[str, object, object]:
    properties = algorithm.properties
    return properties["primitive"], properties.get("algorithmFamily"), properties.get("nistQuantumSecurityLevel")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("X25519MLKEM768", ("combiner", None, 3)),
        ("SecP384r1MLKEM1024", ("combiner", None, 5)),
        ("MLKEM512", ("kem", "ML-KEM", 1)),
        ("x25519", ("key-agree", "ECDH", 0)),
        ("secp256r1", ("key-agree", "ECDH", 0)),
        ("ffdhe2048", ("key-agree", "FFDH", 0)),
        ("something new", ("unknown", None, None)),
    ],
)
def test_groups(name: str, expected: tuple[str, object, object]) -> None:
    assert told(of_group(name)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TLS_AES_256_GCM_SHA384", ["AES-256-GCM", "SHA-384"]),
        ("TLS_CHACHA20_POLY1305_SHA256", ["CHACHA20-POLY1305", "SHA-256"]),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", ["3DES-EDE-CBC", "SHA-1"]),
        ("TLS_RSA_WITH_RC4_128_MD5", ["RC4-128", "MD5"]),
        ("TLS_RSA_WITH_NULL_SHA256", ["SHA-256"]),
        ("TLS_NEW", []),
        ("", []),
    ],
)
def test_suites(name: str, expected: list[str]) -> None:
    assert [each.name for each in of_suite(name)] == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Key(type="rsa", bits=2048), ("other", None, 0)),
        (Key(type="ec", bits=256, curve="secp256r1"), ("signature", "ECDSA", 0)),
        (Key(type="ec", bits=256, curve="odd"), ("signature", "ECDSA", 0)),
        (Key(type="ed25519", bits=256), ("signature", "EdDSA", 0)),
        (Key(type="ml-dsa-65", bits=None), ("signature", "ML-DSA", 3)),
        (Key(type="?", bits=None), ("unknown", None, None)),
    ],
)
def test_keys(key: Key, expected: tuple[str, object, object]) -> None:
    assert told(of_key(key)) == expected


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("sha256WithRSAEncryption", "RSASSA-PKCS1"),
        ("RSASSA-PSS", "RSASSA-PSS"),
        ("ecdsa-with-SHA256", "ECDSA"),
        ("ed448", "EdDSA"),
    ],
)
def test_signatures(name: str, family: str) -> None:
    assert told(of_signature(name)) == ("signature", family, 0)
