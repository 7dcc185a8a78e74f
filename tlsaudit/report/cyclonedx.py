"""CycloneDX 1.7: a bill of the cryptography that was seen (CBOM).

A subject is a service. Each protocol version, certificate, public key and algorithm is a cryptographic asset; the
dependencies say who uses what, the compositions whether the list of a subject is whole, and the vulnerabilities what
failed or could not be decided. A subject that was not audited is a service of which nothing is known.
Source: CycloneDX 1.7 (ECMA-424), JSON schema.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, Final

from tlsaudit.model.document import CertificatePart, DeploymentPart, Document, FactsPart, Group, Subject, rfc3339
from tlsaudit.report import Style
from tlsaudit.report.cyclonedx_algorithms import Algorithm, of_group, of_key, of_signature, of_suite
from tlsaudit.report.matters import Matter, matters, sentence
from tlsaudit.report.sanitize import ascii_json, ascii_text, presentable, shorten
from tlsaudit.report.view import VERSIONS

_LONGEST: Final = 2000
_STATES: Final = {
    "failure": {"state": "exploitable"},
    "waived": {"state": "exploitable", "response": ["will_not_fix"]},
    "undecided": {"state": "in_triage"},
    "unaudited": {"state": "in_triage"},
}


def render(document: Document, _style: Style) -> str:
    """The bill in one line of ASCII. Its serial number follows from the report, so that it can be made again."""
    shown = presentable(document)
    bill = _Bill()
    services = [bill.service(subject, f"subject-{place}") for place, subject in enumerate(shown.subjects, 1)]
    refs = {id(subject): f"subject-{place}" for place, subject in enumerate(shown.subjects, 1)}
    digest = hashlib.sha256(ascii_json(document).encode()).digest()
    content = {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=5)}",
        "version": 1,
        "metadata": _metadata(shown),
        "components": list(bill.components.values()),
        "services": services,
        "dependencies": [{"ref": ref, "dependsOn": list(uses)} for ref, uses in bill.uses.items()],
        "compositions": bill.compositions,
        "vulnerabilities": [
            _vulnerability(each, refs[id(each.subject)], place) for place, each in enumerate(matters(shown), 1)
        ],
    }
    return ascii_text(content) + "\n"


class _Bill:
    """What was listed by now. Assets that several subjects share, such as an issuing certificate, are listed once."""

    def __init__(self) -> None:
        self.components: dict[str, dict[str, Any]] = {}
        self.uses: dict[str, dict[str, None]] = {}
        self.compositions: list[dict[str, Any]] = []

    def service(self, subject: Subject, ref: str) -> dict[str, Any]:
        """List all that a subject uses; returns the service that stands for it."""
        self.uses[ref] = {}
        aggregate = "unknown"
        properties = {"status": subject.status, "id": subject.id}
        if subject.error is not None:
            properties["error"] = f"{subject.error.code}: {subject.error.message}"
        if subject.score is not None:
            properties["grade"] = subject.score.grade
        if subject.facts is not None:
            self._facts(subject.facts, subject.name, ref)
            properties["client_auth"] = subject.facts.client_auth.mode
            aggregate = "complete" if subject.status == "audited" and not subject.unknown else "incomplete"
        self.compositions.append({"aggregate": aggregate, "assemblies": [ref]})
        return {"bom-ref": ref, "name": _bounded(subject.name) or ref, "properties": _properties(properties)}

    def _facts(self, facts: FactsPart, name: str, ref: str) -> None:
        for version in VERSIONS:
            if facts.protocols.get(version) == "accepted":
                self._use(ref, self._protocol(facts, version, name, f"{ref}-{version}"))
        for deployment in facts.certificate_deployments:
            self._deployment(deployment, ref)

    def _protocol(self, facts: FactsPart, version: str, name: str, ref: str) -> str:
        self.uses[ref] = {}
        groups = facts.groups.get(version, [])
        schemes = facts.signature_schemes.get(version, [])
        suites: list[dict[str, Any]] = []
        for suite in facts.cipher_suites.get(version, []):
            algorithms = [self._algorithm(each) for each in of_suite(suite.name)]
            for each in algorithms:
                self._use(ref, each)
            entry: dict[str, Any] = {"name": suite.name, "identifiers": _octets(suite.code)}
            entry |= {"algorithms": algorithms} if algorithms else {}
            entry |= {"tlsGroups": [group.name for group in groups]} if _uses_groups(suite.name, groups) else {}
            entry |= {"tlsSignatureSchemes": schemes} if schemes else {}
            suites.append(entry)
        for group in groups:
            self._use(ref, self._algorithm(of_group(group.name)))
        label = version.replace("v", " ", 1)
        kind = {"tcp": "tls", "quic": "quic", "dtls": "dtls"}[facts.endpoint.transport]
        properties: dict[str, Any] = {"type": kind, "version": version.partition("v")[2]}
        # Without suites they were not asked about: an empty list would say that there are none.
        properties |= {"cipherSuites": suites} if suites else {}
        self.components[ref] = _asset(ref, f"{label} at {_bounded(name)}", "protocol", protocolProperties=properties)
        return ref

    def _deployment(self, deployment: DeploymentPart, ref: str) -> None:
        for certificate in deployment.chain:
            self._use(ref, self._certificate(certificate))

    def _certificate(self, certificate: CertificatePart) -> str:
        ref = f"certificate-{certificate.sha256}"
        if ref in self.components:
            return ref
        self.uses[ref] = {}
        key, signature = self._key(certificate), self._algorithm(of_signature(certificate.signature_algorithm))
        self._use(ref, key)
        self._use(ref, signature)
        properties: dict[str, Any] = {
            "serialNumber": certificate.serial,
            "subjectName": _bounded(certificate.subject),
            "issuerName": _bounded(certificate.issuer),
            "notValidBefore": rfc3339(certificate.not_before),
            "notValidAfter": rfc3339(certificate.not_after),
            "certificateFormat": "X.509",
            "fingerprint": {"alg": "SHA-256", "content": certificate.sha256},
            "relatedCryptographicAssets": [
                {"type": "publicKey", "ref": key},
                {"type": "algorithm", "ref": signature},
            ],
        }
        name = _bounded(certificate.subject) or certificate.sha256
        self.components[ref] = _asset(ref, name, "certificate", certificateProperties=properties)
        return ref

    def _key(self, certificate: CertificatePart) -> str:
        ref = f"key-{certificate.spki_sha256}"
        if ref in self.components:
            return ref
        algorithm = self._algorithm(of_key(certificate.key))
        self.uses[ref] = {algorithm: None}
        properties: dict[str, Any] = {
            "type": "public-key",
            "id": certificate.spki_sha256,
            "relatedCryptographicAssets": [{"type": "algorithm", "ref": algorithm}],
        }
        properties |= {"size": certificate.key.bits} if certificate.key.bits is not None else {}
        name = f"public key {certificate.spki_sha256[:16]}"
        self.components[ref] = _asset(ref, name, "related-crypto-material", relatedCryptoMaterialProperties=properties)
        return ref

    def _algorithm(self, algorithm: Algorithm) -> str:
        ref = f"algorithm-{algorithm.properties['primitive']}-{algorithm.name}"
        self.components.setdefault(
            ref, _asset(ref, _bounded(algorithm.name), "algorithm", algorithmProperties=algorithm.properties)
        )
        self.uses.setdefault(ref, {})
        return ref

    def _use(self, ref: str, used: str) -> None:
        self.uses[ref][used] = None


def _metadata(document: Document) -> dict[str, Any]:
    told = {
        "policy": f"{document.policy.id} {document.policy.version}",
        "mode": document.mode,
        "ruleset": document.data.ruleset,
        "exit_code": str(document.summary.exit_code),
    }
    return {
        "timestamp": rfc3339(document.finished_at),
        "lifecycles": [{"phase": "operations"}],
        "tools": {
            "components": [{"type": "application", "name": document.tool.name, "version": document.tool.version}]
        },
        "properties": _properties(told),
    }


def _vulnerability(matter: Matter, ref: str, place: int) -> dict[str, Any]:
    told = {"kind": matter.kind, "fingerprint": matter.fingerprint, "blocks": str(matter.blocks).lower()}
    entry: dict[str, Any] = {
        "bom-ref": f"matter-{place}",
        "id": matter.rule,
        "source": {"name": "tlsaudit"},
        "ratings": [{"severity": matter.severity, "method": "other"}],
        "description": _bounded(matter.title or matter.rule),
        "detail": _bounded(sentence(matter)),
        "analysis": _STATES[matter.kind],
        "affects": [{"ref": ref}],
        "properties": _properties(told),
    }
    if matter.result is not None and matter.result.remedy:
        entry["recommendation"] = _bounded(matter.result.remedy)
    return entry


def _asset(ref: str, name: str, kind: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "cryptographic-asset",
        "bom-ref": ref,
        "name": name,
        "cryptoProperties": {"assetType": kind, **properties},
    }


def _properties(told: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": f"tlsaudit:{name}", "value": _bounded(value)} for name, value in told.items()]


def _octets(code: str) -> list[str]:
    """0xC02F as the two octets that CycloneDX lists, in their order."""
    digits = code.removeprefix("0x").upper()
    return [f"0x{digits[place : place + 2]}" for place in range(0, len(digits), 2)]


def _uses_groups(suite: str, groups: list[Group]) -> bool:
    """Whether the suite agrees on a key in a named group: those of TLS 1.3 do, before it those with ECDHE."""
    return bool(groups) and ("_ECDHE_" in suite or "_WITH_" not in suite)


def _bounded(text: str) -> str:
    return shorten(text, _LONGEST)
