"""Rules on Certificate Transparency: TLS-CT-001 to 003, and what timestamps say of the time of issue: TLS-CERT-028.

Only publicly trusted certificates need timestamps. The list of logs is of some day (`--ct-logs` gives a newer one): a
log that it does not have is unknown, not wrong, where the timestamp is younger than the list, or the certificate has
expired by the list's day, so that its log may have left it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from tlsaudit.model.certificate import Certificate, CertificateDeployment, SctOrigin, Timestamp, Timestamps
from tlsaudit.model.knowledge import Undecided, Unknown, Why
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.deployments import each_deployment, each_public_leaf, is_public, lifetime, some
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import baseline

_CHROME = Source("Chrome Certificate Transparency Policy")
_LONG_LIVED = timedelta(days=180)
_GRACE = timedelta(hours=48)
_SHOW = (
    "openssl s_client -connect {connect} -servername {servername} -ct </dev/null 2>/dev/null"
    " | openssl x509 -noout -startdate -ext ct_precert_scts"
)


def _counts(each: Timestamp) -> bool:
    """The log signed it, and did so while its timestamps counted."""
    return each.verified is True and (each.out_since is None or each.at.date() < each.out_since)


def _is_open(each: Timestamp, leaf: Certificate, known: Timestamps) -> bool:
    """Whether nobody can tell if it counts."""
    if each.log is not None:
        return each.verified is None
    return each.at.date() >= known.logs_date or leaf.not_after.date() <= known.logs_date


def _undecided(count: int, known: Timestamps) -> Undecided:
    words = "1 timestamp is" if count == 1 else f"{count} timestamps are"
    detail = f"{words} of logs that the list of {known.logs_date} does not know, or cannot be verified"
    return Undecided(Unknown(Why.UNSUPPORTED, detail))


def _has_timestamps(case: Case, deployment: CertificateDeployment) -> bool:
    if not is_public(case, deployment):
        return False
    known = deployment.timestamps.need()
    return bool(known.found or known.unreadable)


@rule(
    "TLS-CT-001",
    title="Too few timestamps of transparency logs",
    severity=Severity.MEDIUM,
    expected="valid timestamps of two logs, of three where the certificate is valid for more than 180 days",
    why="Chrome and Safari refuse a public certificate that was not logged, since nobody could find a false one.",
    remedy="Have the CA issue the certificate again with embedded timestamps of enough logs.",
    sources=(_CHROME,),
    applies=some(is_public),
    cap=Cap.B,
    cwe=(295,),
    reproduce=_SHOW,
)
@each_deployment
def too_few(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """Distinct logs, counted as they came: two are enough in the handshake; those of a staple no longer count."""
    if not is_public(case, deployment):
        return
    known, leaf = deployment.timestamps.need(), deployment.leaf.need()
    needed = {SctOrigin.EMBEDDED: 3 if lifetime(leaf) > _LONG_LIVED else 2, SctOrigin.TLS: 2}
    counting: dict[SctOrigin, set[str]] = {origin: set() for origin in needed}
    open_: dict[SctOrigin, set[str]] = {origin: set() for origin in needed}
    for each in known.found:
        if _counts(each):
            counting[each.origin].add(each.log_id)
        elif _is_open(each, leaf, known):
            open_[each.origin].add(each.log_id)
    if any(len(counting[origin]) >= least for origin, least in needed.items()):
        return
    if any(len(counting[origin] | open_[origin]) >= least for origin, least in needed.items()):
        raise _undecided(sum(map(len, open_.values())), known)
    count = len(counting[SctOrigin.EMBEDDED])
    late = len(counting[SctOrigin.TLS])
    beside = f", and {late} in the handshake" if late else ""
    yield Fail(f"valid timestamps of {count} logs, where {needed[SctOrigin.EMBEDDED]} are needed{beside}")


@rule(
    "TLS-CT-002",
    title="Timestamps of one log operator only",
    severity=Severity.MEDIUM,
    expected="valid timestamps of logs of two operators",
    why="Browsers refuse the certificate: one operator alone could hide it.",
    remedy="Have the CA issue the certificate again with timestamps of logs of several operators.",
    sources=(_CHROME,),
    applies=some(_has_timestamps),
    cwe=(295,),
    reproduce=_SHOW,
)
@each_deployment
def one_operator(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """All valid timestamps are of logs that one operator runs."""
    if not _has_timestamps(case, deployment):
        return
    known, leaf = deployment.timestamps.need(), deployment.leaf.need()
    operators = {each.operator for each in known.found if _counts(each) and each.operator is not None}
    unknown = [each for each in known.found if not _counts(each) and _is_open(each, leaf, known)]
    if len(operators) >= 2:
        return
    if unknown:
        raise _undecided(len(unknown), known)
    if operators:
        yield Fail(f"all valid timestamps are of logs of {operators.pop()}")


@rule(
    "TLS-CT-003",
    title="Timestamp that does not verify",
    severity=Severity.MEDIUM,
    expected="timestamps that known logs signed for this certificate",
    why="It proves nothing, so the certificate may have too few that do, and something went wrong when it was issued.",
    remedy="Have the CA issue the certificate again, with timestamps of logs that browsers accept.",
    sources=(_CHROME, baseline("7.1.2.11.3")),
    applies=some(_has_timestamps),
    cwe=(347,),
    reproduce=_SHOW,
)
@each_deployment
def not_verified(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """A wrong signature, a log that is in no list or left it before, or what is no timestamp at all."""
    if not _has_timestamps(case, deployment):
        return
    known, leaf = deployment.timestamps.need(), deployment.leaf.need()
    problems = [*_problems(known, leaf)]
    yield from map(Fail, dict.fromkeys(problems))
    unknown = [each for each in known.found if not _counts(each) and _is_open(each, leaf, known)]
    if unknown and not problems:
        raise _undecided(len(unknown), known)


def _problems(known: Timestamps, leaf: Certificate) -> Iterator[str]:
    for each in known.found:
        if each.verified is False:
            yield f"{each.log}: the signature is wrong"
        elif each.verified is True and not _counts(each):
            yield f"{each.log}: the log has not counted since {each.out_since}"
        elif each.log is None and not _is_open(each, leaf, known):
            yield f"log {each.log_id[:16]}: not in the list of {known.logs_date}"
    if known.unreadable:
        yield f"{known.unreadable} of the embedded timestamps cannot be read"


@rule(
    "TLS-CERT-028",
    title="Backdated certificate",
    severity=Severity.LOW,
    expected="notBefore at most 48 hours before the certificate was logged",
    why="A false date of issue evades rules that hold from some day on; root programs take it as a breach of trust.",
    remedy="Ask the CA why, and have the certificate issued again.",
    sources=(baseline("7.1.2.7"),),
    applies=some(is_public),
    cwe=(295,),
    reproduce=_SHOW,
)
@each_public_leaf
def backdated(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """The earliest embedded timestamp is more than 48 hours after notBefore."""
    earliest = min((each.at for each in leaf.scts), default=None)
    if earliest is not None and earliest - leaf.not_before > _GRACE:
        yield Fail(f"valid from {leaf.not_before:%Y-%m-%d}, and logged first on {earliest:%Y-%m-%d}")


RULES: tuple[Rule, ...] = (too_few, one_operator, not_verified, backdated)
