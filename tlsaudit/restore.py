"""From a subject of the report document back to facts, as far as the document holds them.

It holds what people read, not everything that was seen. What is not in it is unknown here, and what is restored of
certificates and Diffie-Hellman parameters is only what `HELD` names: rules that look at more must not be given it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Final, TypeVar

from tlsaudit.data.groups import groups_for
from tlsaudit.data.suites import suites_for
from tlsaudit.model import document as doc
from tlsaudit.model.certificate import Certificate, CertificateDeployment, PublicKey
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import (
    ClientAuth,
    ClientAuthAt,
    ClientAuthMode,
    DhParameters,
    Endpoint,
    Facts,
    Hsts,
    HttpAnswer,
    KeyExchange,
)
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

Item = TypeVar("Item", doc.Suite, doc.Group)

HELD: Final = (
    "protocol versions, cipher suites and the first choice, named groups, size and name of Diffie-Hellman parameters, "
    "key, signature algorithm and lifetime of leaves, HSTS, the mode of client authentication"
)
"""What a report is enough for."""

_VERSIONS = {version.value: version for version in ProtocolVersion}
_SUITES = {version: frozenset(each.code for each in suites_for(version)) for version in ProtocolVersion}
_GROUPS = {
    version: frozenset(each.code for each in groups_for(version))
    for version in (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
}
"""What there is at each version at which it is tried."""
_NOT_HELD = Unknown(Why.NOT_ASKED, "the report does not hold it")
_FIRST_UNREADABLE = "certificate 1:"


def restored(subject: doc.Subject) -> Facts | None:
    """The facts of an endpoint, or None where the report has none. Raises InputError where it cannot be a report's."""
    part = subject.facts
    if part is None:
        return None
    protocols = _protocols(subject, part)
    return Facts(
        endpoint=Endpoint(**{each.name: getattr(part.endpoint, each.name) for each in fields(Endpoint)}),
        connections=part.connections,
        protocols=protocols,
        cipher_suites=_tried(subject, protocols, "cipher_suites", part.cipher_suites, _SUITES),
        suite_order={
            _VERSIONS[version]: (_number(listed[0].code),)
            for version, listed in part.cipher_suites.items()
            if listed and version in _VERSIONS
        },
        groups=_tried(subject, protocols, "groups", part.groups, _GROUPS),
        key_exchanges=_key_exchanges(subject, part),
        certificate_deployments=_deployments(subject, part),
        client_auth=_client_auth(subject, part.client_auth),
        http=_http(subject, part.http),
    )


def _unknown(subject: doc.Subject, path: str) -> Unknown | None:
    """Why the report does not know what is at this path, if it does not."""
    found = subject.unknown.get(path)
    return None if found is None else Unknown(Why(found.why), found.detail)


def _basis(subject: doc.Subject, *paths: str) -> Basis:
    """Where the first of these facts was seen that says so."""
    found = next((subject.basis[path] for path in paths if path in subject.basis), None)
    if found is None:
        return Basis(Origin.DERIVED, "")
    if found.location is not None:
        return Basis(Origin(found.origin), f"{found.location.file}:{found.location.line}")
    return Basis(Origin(found.origin), f"probe:{found.probe}")


def _protocols(subject: doc.Subject, part: doc.FactsPart) -> Tried[ProtocolVersion]:
    named = {_VERSIONS[name]: verdict for name, verdict in part.protocols.items() if name in _VERSIONS}
    accepted = {
        version: _basis(subject, f"protocols.{version}") for version, verdict in named.items() if verdict == "accepted"
    }
    refused = frozenset(version for version, verdict in named.items() if verdict == "rejected")
    open_ = [version for version in ProtocolVersion if version not in accepted and version not in refused]
    return Tried(accepted, refused, _worst(_unknown(subject, f"protocols.{version}") for version in open_))


def _tried(
    subject: doc.Subject,
    protocols: Tried[ProtocolVersion],
    path: str,
    listed: Mapping[str, list[Item]],
    universe: Mapping[ProtocolVersion, frozenset[int]],
) -> Tried[tuple[ProtocolVersion, int]]:
    """An enumeration: at a version whose list is whole, and at one that is refused, what is not listed was refused."""
    accepted: dict[tuple[ProtocolVersion, int], Basis] = {}
    refused: set[tuple[ProtocolVersion, int]] = set()
    open_: list[Unknown | None] = []
    for version, every in universe.items():
        codes = [_number(each.code) for each in listed.get(version.value, ())]
        accepted |= {(version, code): _proof(subject, path, version, code) for code in codes}
        why = _unknown(subject, f"{path}.{version}")
        whole = version in protocols.accepted and (why is None or _only_hidden(path, version, why))
        if whole or version in protocols.refused:
            refused |= {(version, code) for code in every}
        else:
            open_.append(why or _unknown(subject, f"protocols.{version}"))
    return Tried(accepted, frozenset(refused - accepted.keys()), _worst(open_))


def _only_hidden(path: str, version: ProtocolVersion, why: Unknown) -> bool:
    """Groups at TLS 1.2 that no client ever gets count as refused (see the reference on the report document)."""
    return path == "groups" and version is ProtocolVersion.TLS_1_2 and why.why is Why.UNSUPPORTED


def _proof(subject: doc.Subject, path: str, version: ProtocolVersion, code: int) -> Basis:
    """The probe whose answer names the item, else where the first of its version was seen."""
    name = f"group 0x{code:04X}" if path == "groups" else f"{version} 0x{code:04X}"
    for probe in subject.probes:
        if name in probe.answered and f" {version} " in probe.answered:
            return Basis(Origin.OBSERVED, f"probe:{probe.n}")
    return _basis(subject, f"{path}.{version}", f"protocols.{version}")


def _worst(reasons: Iterable[Unknown | None]) -> Unknown:
    """One reason for all that is open: one that leaves a rule inconclusive before "was not asked"."""
    every = [each for each in reasons if each is not None]
    return next((each for each in every if each.why is not Why.NOT_ASKED), every[0] if every else _NOT_HELD)


def _key_exchanges(subject: doc.Subject, part: doc.FactsPart) -> Fact[tuple[KeyExchange, ...]]:
    """Those with Diffie-Hellman parameters. Whether a modulus is sound is not held, and not to be asked of these."""
    unknown = _unknown(subject, "key_exchanges")
    if unknown is not None:
        return unknown
    return Known(tuple(_exchanges(subject, part)), _basis(subject))


def _exchanges(subject: doc.Subject, part: doc.FactsPart) -> Iterator[KeyExchange]:
    for each in part.key_exchanges:
        version = _VERSIONS.get(each.version)
        if version is None or each.dh_bits is None:
            continue
        dh = DhParameters(bits=each.dh_bits, generator=0, is_prime=False, is_safe_prime=None, name=each.dh_name)
        yield KeyExchange(version=version, suite=0, basis=_basis(subject, f"cipher_suites.{version}"), dh=dh)


def _deployments(subject: doc.Subject, part: doc.FactsPart) -> Fact[tuple[CertificateDeployment, ...]]:
    unknown = _unknown(subject, "certificate_deployments")
    if unknown is not None:
        return unknown
    basis = _basis(subject, "certificate_deployments")
    return Known(tuple(_deployment(each, basis) for each in part.certificate_deployments), basis)


def _deployment(part: doc.DeploymentPart, basis: Basis) -> CertificateDeployment:
    readable = part.chain and not any(each.startswith(_FIRST_UNREADABLE) for each in part.unparsed)
    unreadable = Unknown(Why.UNSUPPORTED, "the first certificate cannot be read")
    return CertificateDeployment(
        leaf=Known(_certificate(part.chain[0]), basis) if readable else unreadable,
        chain=tuple(_certificate(each) for each in part.chain),
        unparsed=(),
        analysis=_NOT_HELD,
        name=_NOT_HELD,
        staple=_NOT_HELD,
        leaf_signs=_NOT_HELD,
        revocation=_NOT_HELD,
        timestamps=_NOT_HELD,
        published=_NOT_HELD,
        versions=tuple(_VERSIONS[each] for each in part.versions if each in _VERSIONS),
        message_bytes=0,
        basis=basis,
    )


def _certificate(part: doc.CertificatePart) -> Certificate:
    """Its key, dates and signature algorithm; extensions are not held, and not to be asked of it."""
    return Certificate(
        der=b"",
        sha256=part.sha256,
        spki_sha256=part.spki_sha256,
        version=3,
        serial=_number(part.serial),
        subject=part.subject,
        issuer=part.issuer,
        subject_der=b"",
        issuer_der=b"",
        common_names=(),
        not_before=part.not_before,
        not_after=part.not_after,
        key=PublicKey(type=part.key.type, bits=part.key.bits, curve=part.key.curve),
        signature_algorithm=part.signature_algorithm,
        signature_hash=None,
        signature_matches_tbs=True,
        self_issued=False,
        self_signed=False,
        san=None,
        san_critical=False,
        is_ca=None,
        path_length=None,
        key_usage=None,
        extended_key_usage=None,
        subject_key_id=None,
        authority_key_id=None,
        authority_info_access=False,
        ocsp_urls=(),
        ca_issuer_urls=(),
        crl_urls=(),
        policies=(),
        has_name_constraints=False,
        has_ct_poison=False,
        must_staple=False,
        sct_count=0,
        unknown_critical=(),
        defects=(),
    )


def _client_auth(subject: doc.Subject, part: doc.ClientAuthPart) -> ClientAuth:
    return ClientAuth(
        mode=_mode(subject, "client_auth.mode", part.mode),
        verifies=_verifies(subject, part.verifies),
        per_protocol={
            _VERSIONS[name]: ClientAuthAt(
                requested=_NOT_HELD,
                mode=_mode(subject, f"client_auth.per_protocol.{name}.mode", at.mode),
                evidence=at.evidence,
            )
            for name, at in part.per_protocol.items()
            if name in _VERSIONS
        },
    )


def _mode(subject: doc.Subject, path: str, name: str) -> Fact[ClientAuthMode]:
    if name == "unknown":
        return _unknown(subject, path) or NOT_ASKED
    return Known(ClientAuthMode(name), _basis(subject, path, "client_auth.mode"))


def _verifies(subject: doc.Subject, value: bool | None) -> Fact[bool]:
    path = "client_auth.verifies"
    if value is None:
        return _unknown(subject, path) or NOT_ASKED
    return Known(value, _basis(subject, path, "client_auth.mode"))


def _http(subject: doc.Subject, part: doc.HttpPart) -> Fact[HttpAnswer | None]:
    unknown = _unknown(subject, "http")
    if unknown is not None:
        return unknown
    basis = _basis(subject, "http")
    if part.status is None:
        return Known(None, basis)
    header = part.hsts
    hsts = None
    if header is not None:
        hsts = Hsts(
            raw=header.raw,
            count=1,
            max_age=header.max_age,
            include_subdomains=header.include_subdomains,
            preload=header.preload,
            error=header.error,
        )
    return Known(HttpAnswer(status=part.status, server=part.server, location=part.location, hsts=hsts), basis)


def _number(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        raise InputError(f"not a report of tlsaudit: {text!r} is no hexadecimal number") from None
