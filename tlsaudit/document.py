"""From facts and a judgement to one subject of the report document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Literal, TypeVar

from tlsaudit.beside_part import before_tls_part, beside_facts, http_part, twin_part
from tlsaudit.client_auth_part import client_auth_part, unknown_modes
from tlsaudit.data.groups import group_name, groups_for
from tlsaudit.data.signatures import scheme_name
from tlsaudit.data.suites import SSL2_CIPHERS, openssl_name, suite_name, suites_for
from tlsaudit.deployment_part import deployment_part
from tlsaudit.model import document as doc
from tlsaudit.model.facts import (
    Behaviours,
    Facts,
    KeyExchange,
    Preference,
)
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Tried, Unknown, Why
from tlsaudit.model.limits import Expectation
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Judgement, Outcome, Result, Score
from tlsaudit.model.target import Target
from tlsaudit.model.vulnerability import Verdict, Vulnerability

Entry = TypeVar("Entry")

_PROBE = "probe:"
_GROUP_VERSIONS = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
"""The versions at which named groups are tried."""
_HTTP_NAMES = frozenset({"h2", "http/1.1"})
_SESSION_NAMES = (
    "secure_renegotiation",
    "insecure_renegotiation",
    "extended_master_secret",
    "encrypt_then_mac",
    "compression",
    "heartbeat",
    "truncated_hmac",
    "session_ticket",
    "resumption_by_id",
    "resumption_by_ticket",
)


def audited(
    target: Target, facts: Facts, judgement: Judgement, *, problem: doc.Problem | None, seconds: float
) -> doc.Subject:
    """The subject of an endpoint that was audited, wholly or (with `problem`) in part."""
    return doc.Subject(
        id=target.id,
        kind="endpoint",
        name=target.name,
        status="incomplete" if problem else "audited",
        error=problem,
        duration_s=round(seconds, 3),
        location=None,
        facts=facts_part(facts),
        basis=bases(facts),
        unknown=unknowns(facts),
        probes=[doc.ProbePart(n=probe.n, asked=probe.asked, answered=probe.answered) for probe in facts.probes],
        results=[result_part(result) for result in judgement.results],
        score=score_part(judgement.score),
    )


def not_audited(target: Target, *, status: str, code: str, message: str, seconds: float) -> doc.Subject:
    """The subject of an endpoint of which nothing can be said."""
    return doc.Subject.model_validate(
        {
            "id": target.id,
            "kind": "endpoint",
            "name": target.name,
            "status": status,
            "error": {"code": code, "message": message},
            "duration_s": round(seconds, 3),
            "location": None,
            "facts": None,
            "basis": {},
            "unknown": {},
            "probes": [],
            "results": [],
            "score": None,
        }
    )


def declared_part(expect: Expectation) -> doc.DeclaredPart | None:
    """What was declared, as the report shows it; None: nothing was."""
    if expect == Expectation():
        return None
    return doc.DeclaredPart(
        client_auth=expect.client_auth.value if expect.client_auth is not None else None,
        kind=expect.kind,
        names=list(expect.names),
    )


def facts_part(facts: Facts) -> doc.FactsPart:
    """The facts as the report shows them."""
    endpoint = facts.endpoint
    deployments = facts.certificate_deployments
    return doc.FactsPart(
        endpoint=doc.EndpointPart.model_validate(
            {name: getattr(endpoint, name) for name in doc.EndpointPart.model_fields}
        ),
        connections=facts.connections,
        protocols={version.value: _verdict(facts.protocols, version) for version in ProtocolVersion},
        cipher_suites=_per_version(facts.cipher_suites, facts.suite_order, _suite),
        cipher_preference={
            version.value: fact.value.value if isinstance(fact, Known) else "unknown"
            for version, fact in _in_order(facts.cipher_preference)
        },
        groups=_per_version(facts.groups, facts.group_order, lambda _version, code: _group(code)),
        key_exchanges=_key_exchanges(facts.key_exchanges),
        certificate_deployments=[
            deployment_part(each) for each in (deployments.value if isinstance(deployments, Known) else ())
        ],
        client_auth=client_auth_part(facts.client_auth),
        alpn=list(facts.alpn.accepted),
        session=_session(facts),
        signature_schemes=_per_version(facts.signature_schemes, {}, lambda _version, code: scheme_name(code)),
        behaviours=_behaviours(facts.behaviours),
        http=http_part(facts),
        vulnerabilities={each.value: _attack(facts.verdict(each)) for each in Vulnerability},
        before_tls=before_tls_part(facts.before_tls),
        twin=twin_part(facts.twin),
    )


def result_part(result: Result) -> doc.ResultPart:
    """One result as the report shows it."""
    reason = result.reason or ""
    return doc.ResultPart(
        rule=result.rule,
        outcome=result.outcome.value,
        severity=result.severity.value,
        own_severity=result.own_severity.value if result.own_severity else None,
        title=result.title,
        cause=result.cause,
        observed=result.observed or (reason if result.outcome is Outcome.INCONCLUSIVE else ""),
        expected=result.expected,
        why=result.why,
        evidence=[doc.EvidencePart(observed=each.observed, at=each.at) for each in result.evidence],
        sources=[doc.SourcePart(ref=source.ref, verified=source.verified) for source in result.sources],
        remedy=result.remedy,
        reproduce=result.reproduce,
        fingerprint=result.fingerprint,
        confidence=result.confidence.value,
        implied_by=result.implied_by,
    )


def score_part(score: Score | None) -> doc.ScorePart | None:
    """The score as the report shows it."""
    if score is None:
        return None
    return doc.ScorePart(
        value=score.value,
        grade=score.grade,
        letter_if_trusted=score.letter_if_trusted,
        caps=[doc.CapPart(rule=row.rule, cap=row.cap.value) for row in score.caps],
        deductions=[
            doc.DeductionPart(rule=row.rule, cause=row.cause, severity=row.severity.value, points=row.points)
            for row in score.deductions
        ],
        coverage=round(score.coverage, 4),
    )


def _verdict(tried: Tried[ProtocolVersion], version: ProtocolVersion) -> Literal["accepted", "rejected", "unknown"]:
    if version in tried.accepted:
        return "accepted"
    return "rejected" if version in tried.refused else "unknown"


def _in_order(by_version: Mapping[ProtocolVersion, Fact[Preference]]) -> list[tuple[ProtocolVersion, Fact[Preference]]]:
    return sorted(by_version.items(), key=lambda item: item[0].rank)


def _per_version(
    tried: Tried[tuple[ProtocolVersion, int]],
    order: Mapping[ProtocolVersion, tuple[int, ...]],
    entry: Callable[[ProtocolVersion, int], Entry],
) -> dict[str, list[Entry]]:
    """The accepted items of each version, in the order in which the server chose them."""
    versions = sorted({version for version, _ in tried.accepted}, key=lambda version: version.rank)
    found: dict[str, list[Entry]] = {}
    for version in versions:
        codes = [code for at, code in tried.accepted if at is version]
        first = [code for code in order.get(version, ()) if code in codes]
        found[version.value] = [entry(version, code) for code in (*first, *(c for c in codes if c not in first))]
    return found


def _suite(version: ProtocolVersion, code: int) -> doc.Suite:
    if version is ProtocolVersion.SSL_2:
        known = SSL2_CIPHERS.get(code)
        return doc.Suite(code=f"0x{code:06X}", name=known.name if known else f"0x{code:06X}", openssl_name=None)
    return doc.Suite(code=f"0x{code:04X}", name=suite_name(code), openssl_name=openssl_name(code))


def _group(code: int) -> doc.Group:
    return doc.Group(code=f"0x{code:04X}", name=group_name(code))


def _key_exchanges(fact: Fact[tuple[KeyExchange, ...]]) -> list[doc.KeyExchangePart]:
    """Each different finite-field key exchange once; the groups of the others are listed as such."""
    parts = [
        doc.KeyExchangePart(
            version=each.version.value,
            suite=suite_name(each.suite),
            group=group_name(each.group) if each.group is not None else None,
            dh_bits=each.dh.bits,
            dh_name=each.dh.name,
            signature_scheme=scheme_name(each.signature_scheme) if each.signature_scheme is not None else None,
        )
        for each in (fact.value if isinstance(fact, Known) else ())
        if each.dh is not None
    ]
    return list({part.model_dump_json(): part for part in parts}.values())


def _session(facts: Facts) -> dict[str, bool | None]:
    values: dict[str, Fact[bool]] = {name: getattr(facts.session, name) for name in _SESSION_NAMES}
    found = {name: fact.value if isinstance(fact, Known) else None for name, fact in values.items()}
    granted = facts.session.client_renegotiations
    return found | {"client_renegotiation": granted.value > 0 if isinstance(granted, Known) else None}


def _attack(
    fact: Fact[Verdict],
) -> Literal["vulnerable", "not_vulnerable", "not_applicable", "not_tested", "inconclusive"]:
    if isinstance(fact, Known):
        return fact.value.value
    return "not_tested" if fact.why is Why.NOT_ASKED else "inconclusive"


def _behaviours(found: Behaviours) -> doc.BehavioursPart:
    values = {name: fact.value for name, fact in _behaviour_facts(found).items() if isinstance(fact, Known)}
    draft = values.get("draft_version")
    values["draft_version"] = f"draft {draft & 0xFF}" if isinstance(draft, int) else None
    if "inconsistency" in values:
        values["consistent"] = values.pop("inconsistency") is None
    for name in values.keys() & {"no_sni", "unknown_sni"}:
        values[name] = values[name].outcome
    return doc.BehavioursPart.model_validate(values)


def _behaviour_facts(found: Behaviours) -> dict[str, Fact[Any]]:
    return {each.name: getattr(found, each.name) for each in fields(found)}


def bases(facts: Facts) -> dict[str, doc.BasisPart]:
    """The basis of each fact, by its path."""
    found = {f"protocols.{version}": basis for version, basis in facts.protocols.accepted.items()}
    found |= _firsts("cipher_suites", facts.cipher_suites.accepted.items())
    found |= _firsts("groups", facts.groups.accepted.items())
    paths: dict[str, Fact[object]] = {
        "certificate_deployments": facts.certificate_deployments,
        "client_auth.mode": facts.client_auth.mode,
        "http": facts.http,
    }
    paths |= {f"vulnerabilities.{name}": fact for name, fact in facts.vulnerabilities.items()}
    found |= {path: fact.basis for path, fact in paths.items() if isinstance(fact, Known)}
    return {path: basis_part(basis) for path, basis in found.items()}


def _firsts(path: str, accepted: Iterable[tuple[tuple[ProtocolVersion, int], Basis]]) -> dict[str, Basis]:
    found: dict[str, Basis] = {}
    for (version, _), basis in accepted:
        found.setdefault(f"{path}.{version}", basis)
    return found


def basis_part(basis: Basis) -> doc.BasisPart:
    """Where a fact comes from, as the report shows it."""
    if basis.at.startswith(_PROBE):
        return doc.BasisPart(origin=basis.origin.value, probe=int(basis.at.removeprefix(_PROBE)))
    file, _, line = basis.at.rpartition(":")
    return doc.BasisPart(origin=basis.origin.value, location=doc.Location(file=file, line=int(line)))


def unknowns(facts: Facts) -> dict[str, doc.UnknownPart]:
    """Why what is missing is missing, by path."""
    found = {path: fact for path, fact in _single_facts(facts).items() if isinstance(fact, Unknown)}
    for version in ProtocolVersion:
        if _verdict(facts.protocols, version) == "unknown":
            found[f"protocols.{version}"] = facts.protocols.rest
    for version in ProtocolVersion:
        if version not in facts.protocols.accepted:
            continue
        if not _is_whole(facts.cipher_suites, version, _suites_at(version)):
            found[f"cipher_suites.{version}"] = facts.cipher_suites.rest
        if version in _GROUP_VERSIONS and not _is_whole(facts.groups, version, _groups_at(version)):
            found[f"groups.{version}"] = facts.groups.rest
    hidden = facts.groups.rest
    if hidden.why is Why.UNSUPPORTED and any(
        version is ProtocolVersion.TLS_1_2 for version, _ in facts.groups.accepted
    ):
        found.setdefault(f"groups.{ProtocolVersion.TLS_1_2}", hidden)
    if not facts.alpn.refused.issuperset(_HTTP_NAMES - facts.alpn.accepted.keys()):
        found["alpn"] = Unknown(facts.alpn.rest.why, "a server names one protocol of those it is offered")
    attacks = {each: facts.verdict(each) for each in Vulnerability}
    if set(attacks.values()) == {NOT_ASKED}:
        found["vulnerabilities"] = NOT_ASKED
    else:
        found |= {f"vulnerabilities.{each}": fact for each, fact in attacks.items() if isinstance(fact, Unknown)}
    return {path: doc.UnknownPart(why=fact.why.value, detail=fact.detail) for path, fact in found.items()}


def _single_facts(facts: Facts) -> dict[str, Fact[object]]:
    """What is known or unknown as a whole, by path."""
    auth = facts.client_auth
    paths: dict[str, Fact[object]] = {
        "key_exchanges": facts.key_exchanges,
        "certificate_deployments": facts.certificate_deployments,
        "client_auth.mode": auth.mode,
        "client_auth.verifies": auth.verifies,
        "http": facts.http,
        **beside_facts(facts),
    }
    paths |= {f"cipher_preference.{version}": fact for version, fact in facts.cipher_preference.items()}
    paths |= unknown_modes(auth)
    session = {f"session.{name}": getattr(facts.session, name) for name in _SESSION_NAMES}
    session["session.client_renegotiation"] = facts.session.client_renegotiations
    paths |= session if any(fact != NOT_ASKED for fact in session.values()) else {"session": NOT_ASKED}
    # Of the behaviours, what was not asked is said once for all.
    behaviours = _behaviour_facts(facts.behaviours)
    paths |= {"behaviours" if fact == NOT_ASKED else f"behaviours.{name}": fact for name, fact in behaviours.items()}
    deployments = facts.certificate_deployments
    for place, each in enumerate(deployments.value if isinstance(deployments, Known) else ()):
        at = f"certificate_deployments.{place}"
        paths |= {f"{at}.chain_status": each.analysis, f"{at}.name_match": each.name, f"{at}.stapled_ocsp": each.staple}
    return paths


def _suites_at(version: ProtocolVersion) -> list[int]:
    return list(SSL2_CIPHERS) if version is ProtocolVersion.SSL_2 else [suite.code for suite in suites_for(version)]


def _groups_at(version: ProtocolVersion) -> list[int]:
    return [group.code for group in groups_for(version)]


def _is_whole(tried: Tried[tuple[ProtocolVersion, int]], version: ProtocolVersion, universe: Iterable[int]) -> bool:
    """Whether every item there is at `version` was accepted or refused."""
    return all((version, code) in tried.accepted or (version, code) in tried.refused for code in universe)
