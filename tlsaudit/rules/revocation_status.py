"""Rules on what responders and CRLs say of the certificates of a path: TLS-REVO-001, 002, 007, 008 and 010.

A stapled answer decides by itself. All else is known only where somebody asked for it (`--fetch`, `--crl`), so these
rules are `not_tested` otherwise. A revocation is final (RFC 5280 section 5.3.1, but for certificateHold): an
old answer still proves it, while only a fresh one says that there was none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tlsaudit.model.certificate import (
    Certificate,
    CertificateDeployment,
    OcspStatus,
    RevocationCheck,
    Staple,
    StatusSource,
)
from tlsaudit.model.knowledge import Known, Undecided, Unknown, Why
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.deployments import (
    deciding_paths,
    each_deployment,
    each_leaf,
    intermediates,
    printable,
    serves_certificate,
    some,
)
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, baseline, pci, rfc
from tlsaudit.rules.status_age import OLD_WITHOUT_END, is_old_without_end

_CHECK = "openssl s_client -connect {connect} -servername {servername} -crl_download -crl_check </dev/null"
_CHECK_ALL = "openssl s_client -connect {connect} -servername {servername} -crl_download -crl_check_all </dev/null"
_SHOW_PLACES = (
    "openssl s_client -connect {connect} -servername {servername} </dev/null 2>/dev/null"
    " | openssl x509 -noout -ext authorityInfoAccess,crlDistributionPoints"
)
_SAYS = {StatusSource.OCSP: "the OCSP responder", StatusSource.CRL: "the CRL"}
_REMEDY_OF_PUBLISHER = "Have the CA publish it again, or leave the URL out of the certificates; look at its monitoring."
_NO_ISSUER = Unknown(Why.UNSUPPORTED, "the issuer was not sent, so that no answer could be verified")
_NEVER_FRESH = Unknown(Why.NO_ANSWER, "nothing that was asked gave a fresh answer signed by the issuer")


def _checks(deployment: CertificateDeployment) -> tuple[RevocationCheck, ...]:
    fact = deployment.revocation
    return fact.value if isinstance(fact, Known) else ()


def _statements(deployment: CertificateDeployment, certificate: Certificate) -> Iterator[tuple[str, Staple]]:
    """Who says something of the certificate, and what."""
    stapled, leaf = deployment.staple, deployment.leaf
    is_leaf = isinstance(leaf, Known) and certificate.sha256 == leaf.value.sha256
    if is_leaf and isinstance(stapled, Known) and stapled.value is not None:
        yield "the stapled OCSP response", stapled.value
    for check in _checks(deployment):
        if check.sha256 == certificate.sha256 and isinstance(check.answer, Known):
            yield f"{_SAYS[check.source]} {printable(check.place)}", check.answer.value


def _can_be_asked(deployment: CertificateDeployment, certificate: Certificate) -> bool:
    """There is an issuer who could have revoked it, and somebody who could tell."""
    if certificate.self_signed:
        return False
    told = next(_statements(deployment, certificate), None) is not None
    return told or bool(certificate.ocsp_urls or certificate.crl_urls)


def _is_proof(case: Case, answer: Staple) -> bool:
    """Whether an answer says for good that the certificate was revoked."""
    if answer.status is not OcspStatus.REVOKED or answer.verified is not True or answer.serial_matches is not True:
        return False
    return _is_fresh(case, answer) or (answer.reason != "certificateHold" and not _is_early(case, answer))


def _is_fresh(case: Case, answer: Staple) -> bool:
    if _is_early(case, answer) or is_old_without_end(case, answer):
        return False
    return answer.next_update is None or answer.next_update >= case.as_of


def _is_early(case: Case, answer: Staple) -> bool:
    tolerance = timedelta(seconds=case.limits.clock_tolerance_seconds)
    return answer.this_update is not None and answer.this_update - case.as_of > tolerance


def _revocation(case: Case, deployment: CertificateDeployment, certificate: Certificate) -> str | None:
    """Who says that the certificate was revoked, in words; None: a fresh answer says that it was not.

    Raises Undecided where nobody says either.
    """
    cleared = False
    for who, answer in _statements(deployment, certificate):
        if _is_proof(case, answer):
            when = f" on {answer.revoked_at:%Y-%m-%d}" if answer.revoked_at is not None else ""
            why = f" ({printable(answer.reason)})" if answer.reason else ""
            return f"revoked{when}{why}, says {who}"
        good = answer.status is OcspStatus.GOOD and answer.verified is True and answer.serial_matches is True
        cleared = cleared or (good and _is_fresh(case, answer))
    if cleared:
        return None
    return _undecided(deployment, certificate).need()


def _undecided(deployment: CertificateDeployment, certificate: Certificate) -> Unknown:
    """Why nothing is known: not asked counts only where nothing was."""
    answers = [check.answer for check in _checks(deployment) if check.sha256 == certificate.sha256]
    if not answers:
        return _not_there(deployment)
    unknown = [each for each in answers if isinstance(each, Unknown)]
    if len(unknown) < len(answers):
        return _NEVER_FRESH
    asked = next((each for each in unknown if each.why is not Why.NOT_ASKED), None)
    return asked or unknown[0]


def _not_there(deployment: CertificateDeployment) -> Unknown:
    """Why a place that a certificate names has no entry."""
    return _NO_ISSUER if isinstance(deployment.revocation, Known) else deployment.revocation


def _leaf_can_be_asked(_case: Case, deployment: CertificateDeployment) -> bool:
    return _can_be_asked(deployment, deployment.leaf.need())


@rule(
    "TLS-REVO-001",
    title="Certificate revoked",
    severity=Severity.CRITICAL,
    reads=("clock_tolerance_seconds", "status_without_end_days_max"),
    expected="a certificate that its issuer still stands by",
    why="The key may be in the hands of others, and clients that check refuse the connection.",
    remedy="Replace the certificate, with a new key unless you know that this one is safe.",
    sources=(pci("4.2.1"), asvs("12.1.4 (L3)"), Source("SSL Labs Server Rating Guide 2009k"), rfc(6960, "2.2")),
    applies=some(_leaf_can_be_asked),
    cap=Cap.TRUST,
    cwe=(299,),
    reproduce=_CHECK,
)
@each_deployment
def leaf_revoked(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The stapled response, a responder or a CRL says so, signed by the issuer."""
    leaf = deployment.leaf.need()
    if _can_be_asked(deployment, leaf):
        said = _revocation(case, deployment, leaf)
        if said is not None:
            yield Fail(said)


def _some_intermediate_can_be_asked(_case: Case, deployment: CertificateDeployment) -> bool:
    return any(_can_be_asked(deployment, each) for path in deciding_paths(deployment) for each in intermediates(path))


@rule(
    "TLS-REVO-002",
    title="Intermediate certificate revoked",
    severity=Severity.CRITICAL,
    reads=("clock_tolerance_seconds", "status_without_end_days_max"),
    expected="no certificate of the path revoked",
    why="Clients that check refuse every certificate below it; whoever holds its key can make others.",
    remedy="Have the CA issue the certificate again below another intermediate, and send that chain.",
    sources=(pci("4.2.1"), baseline("4.9.1.2"), Source("SSL Labs Server Rating Guide 2009k")),
    applies=some(_some_intermediate_can_be_asked),
    cap=Cap.TRUST,
    cwe=(299,),
    reproduce=_CHECK_ALL,
)
@each_deployment
def intermediate_revoked(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """Milder where another path to an anchor remains, each of whose certificates a fresh answer cleared."""
    paths = [intermediates(path) for path in deciding_paths(deployment)]
    asked = {each.sha256: each for path in paths for each in path if _can_be_asked(deployment, each)}
    revoked: dict[str, str] = {}
    cleared: set[str] = set()
    unknown: Undecided | None = None
    for certificate in asked.values():
        try:
            said = _revocation(case, deployment, certificate)
        except Undecided as undecided:
            unknown = undecided
            continue
        if said is None:
            cleared.add(certificate.sha256)
        else:
            revoked[certificate.sha256] = f"{printable(certificate.subject)}: {said}"
    clean_path = any(all(each.sha256 in cleared for each in path) for path in paths)
    for words in revoked.values():
        yield Fail(words, severity=Severity.MEDIUM if clean_path else None)
    if unknown is not None and not revoked:
        raise unknown


def _names_crl(_case: Case, deployment: CertificateDeployment) -> bool:
    return _names_any(deployment, StatusSource.CRL)


def _names_responder(_case: Case, deployment: CertificateDeployment) -> bool:
    return _names_any(deployment, StatusSource.OCSP)


def _names_any(deployment: CertificateDeployment, source: StatusSource) -> bool:
    if any(check.source is source for check in _checks(deployment)):
        return True
    leaf = deployment.leaf.need()
    return not leaf.self_signed and bool(leaf.crl_urls if source is StatusSource.CRL else leaf.ocsp_urls)


def _unusable(case: Case, deployment: CertificateDeployment, source: StatusSource) -> Iterator[Fail]:
    """What no client can use of the places that the certificates name."""
    checks = [check for check in _checks(deployment) if check.source is source]
    unknown = None if checks else _not_there(deployment)
    places: dict[str, str] = {}
    for check in checks:
        if isinstance(check.answer, Unknown) and check.answer.why is not Why.NO_ANSWER:
            unknown = check.answer
            continue
        problem = _problem(case, check)
        if problem:
            places.setdefault(check.place, problem)
        elif isinstance(check.answer, Known) and is_old_without_end(case, check.answer.value):
            unknown = OLD_WITHOUT_END
    for place, problem in places.items():
        yield Fail(f"{printable(place)}: {problem}")
    if unknown is not None and not places:
        unknown.need()


def _problem(case: Case, check: RevocationCheck) -> str | None:
    if isinstance(check.answer, Unknown):
        return printable(check.answer.detail, 200)
    answer = check.answer.value
    detail = f" ({printable(answer.detail)})" if answer.detail else ""
    ends = answer.next_update
    problems = (
        (answer.status is OcspStatus.ERROR, f"answers with an error{detail}"),
        (answer.status is OcspStatus.UNREADABLE, f"cannot be read{detail}"),
        (answer.serial_matches is False, "answers about another certificate"),
        (answer.verified is False, "is not signed by the issuer of the certificate"),
        (_is_early(case, answer), f"is valid only from {_minute(answer.this_update)}"),
        (ends is not None and ends < case.as_of, f"has been out of date since {_minute(ends)}"),
        (answer.status is OcspStatus.UNKNOWN, "does not know the certificate"),
    )
    return next((words for applies, words in problems if applies), None)


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


@rule(
    "TLS-REVO-007",
    title="CRL cannot be used",
    severity=Severity.MEDIUM,
    reads=("clock_tolerance_seconds", "status_without_end_days_max"),
    expected="a current CRL, signed by the issuer, at the URL that the certificate names",
    why="Clients that check refuse the connection, and all others never learn of a revocation.",
    remedy=_REMEDY_OF_PUBLISHER,
    sources=(baseline("4.9.7"), rfc(5280, "6.3.3")),
    applies=some(_names_crl),
    cwe=(299,),
    reproduce=_SHOW_PLACES,
)
@each_deployment
def crl_unusable(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """It is not delivered, cannot be read, is past its nextUpdate, or the issuer's key did not sign it."""
    return _unusable(case, deployment, StatusSource.CRL)


@rule(
    "TLS-REVO-008",
    title="OCSP responder does not serve",
    severity=Severity.LOW,
    reads=("clock_tolerance_seconds", "status_without_end_days_max"),
    expected="a current response, signed for the issuer, from the responder that the certificate names",
    why="Clients wait for it in vain, servers have nothing to staple, and a revocation goes unnoticed.",
    remedy=_REMEDY_OF_PUBLISHER,
    sources=(baseline("4.9.9"), rfc(6960, "2.2")),
    applies=some(_names_responder),
    cwe=(299,),
    reproduce=_SHOW_PLACES,
)
@each_deployment
def responder_dead(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """It does not answer, with an error, or with what no client can use. One run cannot tell for how long."""
    return _unusable(case, deployment, StatusSource.OCSP)


@rule(
    "TLS-REVO-010",
    title="Certificate without OCSP, by design",
    severity=Severity.INFO,
    expected="any working way to learn of revocations; a CRL alone is one",
    why="Public CAs give OCSP up, since it tells them who visits what; stapling cannot work then.",
    remedy="Nothing to do; leave out stapling, which has nothing to staple.",
    sources=(baseline("7.1.2.7.7"), baseline("7.1.2.11.2")),
    applies=serves_certificate,
    reproduce=_SHOW_PLACES,
)
@each_leaf
def no_ocsp(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """A CRL and no responder: recorded, never scored."""
    if leaf.crl_urls and not leaf.ocsp_urls:
        yield Fail("a CRL and no OCSP responder")


RULES: tuple[Rule, ...] = (leaf_revoked, intermediate_revoked, crl_unusable, responder_dead, no_ocsp)
