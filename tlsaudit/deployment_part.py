"""A certificate deployment as the report shows it."""

from __future__ import annotations

from tlsaudit.model import document as doc
from tlsaudit.model.certificate import (
    Certificate,
    CertificateDeployment,
    RevocationCheck,
    SctOrigin,
    Staple,
    StatusSource,
    Timestamps,
)
from tlsaudit.model.knowledge import Fact, Known, Unknown, Why


def deployment_part(deployment: CertificateDeployment) -> doc.DeploymentPart:
    """A chain with what is known of it: trust, name, staple, timestamps, revocation."""
    analysis = deployment.analysis.value if isinstance(deployment.analysis, Known) else None
    name = deployment.name.value if isinstance(deployment.name, Known) else None
    leaf = deployment.leaf.value if isinstance(deployment.leaf, Known) else None
    return doc.DeploymentPart(
        chain=[_certificate(each) for each in deployment.chain],
        chain_status=analysis.status.value if analysis else "unknown",
        trust={
            store: doc.TrustPart(trusted=trust.trusted, reason=trust.reason)
            for store, trust in (analysis.trust.items() if analysis else ())
        },
        name_match=name.matches if name else None,
        name=doc.NamePart(reference=name.reference, matched=name.matched, reason=name.reason) if name else None,
        stapled_ocsp=_staple(deployment.staple),
        scts=leaf.sct_count if leaf else None,
        versions=[version.value for version in deployment.versions],
        missing_issuer=analysis.missing_issuer if analysis else None,
        unparsed=[f"certificate {each.index + 1}: {each.error}" for each in deployment.unparsed],
        timestamps=_timestamps(deployment.timestamps),
        revocation=_revocation(deployment.revocation),
    )


def _timestamps(fact: Fact[Timestamps]) -> list[doc.TimestampPart] | None:
    if not isinstance(fact, Known):
        return None
    return [
        doc.TimestampPart(
            log=each.log or each.log_id,
            operator=each.operator,
            at=each.at,
            origin="embedded" if each.origin is SctOrigin.EMBEDDED else "tls",
            verified=each.verified,
        )
        for each in fact.value.found
    ]


def _revocation(fact: Fact[tuple[RevocationCheck, ...]]) -> list[doc.RevocationPart] | None:
    return [_check(each) for each in fact.value] if isinstance(fact, Known) else None


def _check(check: RevocationCheck) -> doc.RevocationPart:
    part = doc.RevocationPart(
        certificate=check.sha256,
        source="ocsp" if check.source is StatusSource.OCSP else "crl",
        place=check.place,
        status="undecided",
    )
    if isinstance(check.answer, Unknown):
        why = check.answer.why
        status = why.value if why in {Why.NOT_ASKED, Why.NO_ANSWER} else "undecided"
        return part.model_copy(update={"status": status, "detail": check.answer.detail})
    answer = check.answer.value
    return part.model_copy(
        update={
            "status": answer.status.value,
            "this_update": answer.this_update,
            "next_update": answer.next_update,
            "revoked_at": answer.revoked_at,
            "reason": answer.reason,
            "verified": answer.verified,
            "detail": answer.detail,
        }
    )


def _certificate(certificate: Certificate) -> doc.CertificatePart:
    return doc.CertificatePart(
        subject=certificate.subject,
        issuer=certificate.issuer,
        serial=f"{certificate.serial:x}",
        sha256=certificate.sha256,
        spki_sha256=certificate.spki_sha256,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        sans=[name.value for name in certificate.san or ()],
        key=doc.Key(type=certificate.key.type, bits=certificate.key.bits, curve=certificate.key.curve),
        signature_algorithm=certificate.signature_algorithm,
    )


def _staple(fact: Fact[Staple | None]) -> doc.StaplePart | None:
    staple = fact.value if isinstance(fact, Known) else None
    if staple is None:
        return None
    return doc.StaplePart(
        status=staple.status.value,
        this_update=staple.this_update,
        next_update=staple.next_update,
        verified=staple.verified,
        detail=staple.detail,
    )
