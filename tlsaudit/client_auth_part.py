"""Client authentication as the report shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from tlsaudit.data.signatures import scheme_name
from tlsaudit.model import document as doc
from tlsaudit.model.facts import Attempt, ClientAuth, ClientAuthAt, ClientAuthMode, Trial, TrialKind
from tlsaudit.model.knowledge import Fact, Known, Why
from tlsaudit.model.protocol import ProtocolVersion

_PROBE = "probe:"
_CERTIFICATE_TYPES = {
    1: "rsa_sign",
    2: "dss_sign",
    3: "rsa_fixed_dh",
    4: "dss_fixed_dh",
    64: "ecdsa_sign",
    65: "rsa_fixed_ecdh",
    66: "ecdsa_fixed_ecdh",
}
"""TLS ClientCertificateType Identifiers (RFC 5246 section 7.4.4, RFC 8422 section 5.5)."""


def client_auth_part(auth: ClientAuth) -> doc.ClientAuthPart:
    """Client authentication as a whole, per version, and what trials showed."""
    return doc.ClientAuthPart(
        mode=_mode(auth.mode),
        enforced_by=auth.enforced_by.value if auth.enforced_by else None,
        verifies=auth.verifies.value if isinstance(auth.verifies, Known) else None,
        when=auth.when.value if auth.when else None,
        per_protocol=_per_protocol(auth.per_protocol, auth),
        ca_names=list(auth.ca_names),
        signature_schemes=[scheme_name(code) for code in auth.signature_schemes],
        certificate_types=_types(auth.certificate_types),
        elsewhere={where: _per_protocol(each) for where, each in auth.elsewhere.items()},
        trials=[
            _trial(kind, trial)
            for each in (auth.trials, *auth.trials_elsewhere.values())
            for kind, trial in each.items()
        ],
        plaintext=auth.plaintext.value if isinstance(auth.plaintext, Known) else None,
        mesh=auth.mesh.value.value if isinstance(auth.mesh, Known) and auth.mesh.value is not None else None,
    )


def unknown_modes(auth: ClientAuth) -> dict[str, Fact[object]]:
    """The modes that may be unknown, by their paths in the report."""
    found: dict[str, Fact[object]] = {
        f"client_auth.per_protocol.{version}.mode": at.mode for version, at in auth.per_protocol.items()
    }
    for where, each in auth.elsewhere.items():
        found |= {f"client_auth.elsewhere.{where}.{version}.mode": at.mode for version, at in each.items()}
    return found


def _types(numbers: Iterable[int]) -> list[str]:
    return [_CERTIFICATE_TYPES.get(number, f"type {number}") for number in numbers]


def _per_protocol(
    found: Mapping[ProtocolVersion, ClientAuthAt], whole: ClientAuth | None = None
) -> dict[str, doc.ClientAuthAtPart]:
    """Each version; what it lists is there where `whole`, which lists what any of them does, has more."""
    return {
        version.value: doc.ClientAuthAtPart(
            mode=_mode(at.mode),
            enforced_by=at.enforced_by.value if at.enforced_by else None,
            evidence=at.evidence,
            when=at.when.value if at.when else None,
            **_listed(at, whole),
        )
        for version, at in found.items()
    }


def _listed(at: ClientAuthAt, whole: ClientAuth | None) -> dict[str, list[str] | None]:
    if whole is None or not (isinstance(at.requested, Known) and at.requested.value):
        return {}
    schemes = [scheme_name(code) for code in at.signature_schemes]
    return {
        "ca_names": None if at.ca_names == whole.ca_names else list(at.ca_names),
        "signature_schemes": None if at.signature_schemes == whole.signature_schemes else schemes,
        "certificate_types": None if at.certificate_types == whole.certificate_types else _types(at.certificate_types),
    }


def _mode(fact: Fact[ClientAuthMode]) -> Literal["none", "optional", "required", "unknown"]:
    return fact.value.value if isinstance(fact, Known) else "unknown"


def _trial(kind: TrialKind, trial: Trial) -> doc.TrialPart:
    return doc.TrialPart(
        credential=kind.value,
        serial=trial.serial,
        made_here=trial.made_here,
        path=trial.path,
        per_protocol={version.value: _attempt(fact) for version, fact in trial.at.items()},
    )


def _attempt(fact: Fact[Attempt]) -> doc.TrialAtPart:
    if not isinstance(fact, Known):
        outcome: Literal["not_tested", "inconclusive"] = "not_tested" if fact.why is Why.NOT_ASKED else "inconclusive"
        return doc.TrialAtPart(outcome=outcome, evidence=fact.detail)
    attempt = fact.value
    return doc.TrialAtPart(
        outcome="accepted" if attempt.admitted else "refused",
        by=attempt.layer.value if attempt.layer else None,
        evidence=attempt.evidence,
        probe=int(fact.basis.at.removeprefix(_PROBE)) if fact.basis.at.startswith(_PROBE) else None,
    )
