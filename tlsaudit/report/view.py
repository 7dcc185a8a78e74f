"""What a person wants to see of a subject, drawn from the document: the part that text and HTML have in common.

Nothing here judges. Colours and marks follow the results of the document; the order is by severity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tlsaudit.model.document import (
    BeforeTlsPart,
    BehavioursPart,
    CertificatePart,
    Document,
    HttpPart,
    Key,
    ResultPart,
    ScorePart,
    Subject,
    Suite,
    Summary,
    TimestampPart,
    UnknownPart,
    UpstreamPart,
)
from tlsaudit.report.sanitize import shorten

SEVERITIES: Final = ("critical", "high", "medium", "low", "info")
VERSIONS: Final = ("TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1.0", "SSLv3", "SSLv2")
STATUS: Final = {
    "audited": "audited",
    "incomplete": "incomplete: not every question was answered",
    "unreachable": "unreachable",
    "not_tls": "not TLS",
    "unparsable": "could not be parsed",
}

_VERSION_RULES: Final = {
    "SSLv2": "TLS-PROTO-001",
    "SSLv3": "TLS-PROTO-002",
    "TLSv1.0": "TLS-PROTO-003",
    "TLSv1.1": "TLS-PROTO-004",
}
# Rules that name a good suite or group beside the bad one, or what is missing: being named there is no blemish.
_COMPARISONS: Final = frozenset(
    ("TLS-CIPH-012", "TLS-CIPH-013", "TLS-CIPH-020", "TLS-CIPH-021", "TLS-KEX-011", "TLS-PQ-001", "TLS-PQ-002")
)
_WORD: Final = re.compile(r"[A-Za-z0-9_-]+")
_ORDER: Final = {"server": "the server's order", "client": "the client's order", "unknown": "order not established"}
_MOST_NUMBERED: Final = 6
"""Rules of one area that are listed one by one; where there are more, their number says as much."""
_MOST_WAIVERS: Final = 20
_NAMES_SHOWN: Final = 4
_LONGEST_NAME: Final = 120
_CAPS: Final = ("A", "A-", "B", "C", "D", "F")


@dataclass(frozen=True, slots=True)
class Finding:
    """A failing result with those that it implies."""

    result: ResultPart
    implied: tuple[ResultPart, ...]


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One step from 100 to the score. `points` is what it costs; a cap that holds nothing down costs 0."""

    what: str
    title: str
    severity: str
    points: int


@dataclass(frozen=True, slots=True)
class Validity:
    """How a certificate stands to the time of the audit: `state` is valid, expired or future."""

    state: str
    words: str


@dataclass(frozen=True, slots=True)
class SuiteList:
    """The cipher suites of one or more protocol versions; `order` says in words whose order decides."""

    versions: tuple[str, ...]
    order: str
    suites: tuple[Suite, ...]


def findings(subject: Subject) -> tuple[Finding, ...]:
    """The failing results, worst first, each with the failing results that it implies."""
    failing = _sorted(result for result in subject.results if result.outcome == "fail")
    by_rule = {result.rule: result for result in failing}
    implied: dict[str, list[ResultPart]] = {}
    for result in failing:
        cause = _root_cause(result, by_rule)
        if cause is not None:
            implied.setdefault(cause, []).append(result)
    below = {id(result) for results in implied.values() for result in results}
    return tuple(Finding(result, tuple(implied.get(result.rule, ()))) for result in failing if id(result) not in below)


def with_outcome(subject: Subject, outcome: str) -> tuple[ResultPart, ...]:
    """The results with this outcome, worst first."""
    return _sorted(result for result in subject.results if result.outcome == outcome)


def severity_counts(results: Iterable[ResultPart]) -> dict[str, int]:
    """How many results of each severity, worst first; severities that do not occur are left out."""
    severities = [result.severity for result in results]
    return {severity: severities.count(severity) for severity in SEVERITIES if severity in severities}


def failing_counts(subject: Subject) -> dict[str, int]:
    """How many failing results of each severity a subject has, implied ones included."""
    return severity_counts(result for result in subject.results if result.outcome == "fail")


def total_counts(summary: Summary) -> dict[str, int]:
    """The failures of the whole run by severity, worst first, without zeros."""
    failed = summary.failed_by_severity
    return {severity: failed[severity] for severity in SEVERITIES if failed.get(severity)}


def version_marks(subject: Subject) -> dict[str, str]:
    """The severity of the finding against each protocol version that has one."""
    severities = {result.rule: result.severity for result in _against(subject)}
    return {version: severities[rule] for version, rule in _VERSION_RULES.items() if rule in severities}


def named_marks(subject: Subject) -> dict[str, str]:
    """The worst severity of the findings that name a cipher suite or group, by that name."""
    marks: dict[str, str] = {}
    for result in reversed(_sorted(_against(subject))):
        if result.rule in _COMPARISONS:
            continue
        for text in (result.observed, *(evidence.observed for evidence in result.evidence)):
            marks |= dict.fromkeys(_WORD.findall(text), result.severity)
    return marks


def validity(certificate: CertificatePart, as_of: datetime) -> Validity:
    """Whether the certificate is in its validity period at `as_of` (inclusive of its last second), in words."""
    if as_of > certificate.not_after:
        return Validity("expired", f"expired {_span(as_of, certificate.not_after)} ago")
    if as_of < certificate.not_before:
        return Validity("future", f"not valid for another {_span(certificate.not_before, as_of)}")
    return Validity("valid", f"expires in {_span(certificate.not_after, as_of)}")


def first_expiry(subject: Subject, as_of: datetime) -> Validity | None:
    """The validity of the leaf that ends first, or None where no certificate was seen."""
    deployments = subject.facts.certificate_deployments if subject.facts else []
    leaves = [deployment.chain[0] for deployment in deployments if deployment.chain]
    return validity(min(leaves, key=lambda leaf: leaf.not_after), as_of) if leaves else None


def upstream_words(upstream: UpstreamPart) -> str:
    """Where a terminator passes on to, and how, in words."""
    where = {True: "on this machine", False: "on another machine", None: "it is not known where"}[upstream.local]
    how = {True: "over TLS", False: "in clear", None: "it is not known whether over TLS"}[upstream.tls]
    words = [upstream.destination, where, how]
    if upstream.tls:
        words.append({True: "verified", False: "not verified", None: "verification is not known"}[upstream.verifies])
    return ", ".join(words)


def plain_http_words(http: HttpPart) -> str:
    """What the port of plain HTTP answers, in words; "" where there is none, or it was not asked."""
    plain = http.plain
    if plain is None:
        return ""
    words = {
        "closed": "closed",
        "mute": "closes without an answer",
        "not_http": "what answers is not HTTP",
        "unknown": "not established",
        "http": f"HTTP {plain.status}" + (" with content" if plain.content else ""),
    }[plain.state]
    to = f", Location: {shorten(plain.location, 120)}" if plain.location else ""
    offer = f", offers TLS after an upgrade ({shorten(plain.upgrade, 80)})" if plain.upgrade else ""
    return f"port {plain.port}: {words}{to}{offer}"


def before_tls_words(before: BeforeTlsPart) -> str:
    """What a service that begins in plain text does with clients there, in words."""
    signs_in = {
        True: "a client may sign in without TLS",
        False: "nobody signs in without TLS",
        None: "whether a client may sign in without TLS is not established",
    }[before.signs_in]
    taken = {True: "what came in plain text is answered within TLS", False: "nothing is taken over into TLS", None: ""}
    return "; ".join(each for each in (signs_in, taken[before.takes_injected]) if each)


def declared_words(subject: Subject) -> str:
    """What the subject was judged against because its operator said so, in one line; "" where that is nothing."""
    part = subject.declared
    if part is None or subject.kind not in {"endpoint", "listener"}:
        return ""
    names = [shorten(each, _LONGEST_NAME) for each in part.names[:_NAMES_SHOWN]]
    names += [f"{len(part.names) - _NAMES_SHOWN} more"] if len(part.names) > _NAMES_SHOWN else []
    words = (
        f"client authentication {part.client_auth}" if part.client_auth is not None else "",
        {"api": "an API", "web": "for browsers", None: ""}[part.kind],
        f"certificate for {', '.join(names)}" if names else "",
    )
    return "; ".join(filter(None, words))


def score_rows(subject: Subject) -> tuple[ScoreRow, ...]:
    """Every row between 100 and the score: what each cause costs, and what the lowest cap takes on top."""
    score = subject.score
    if score is None:
        return ()
    titles = {result.rule: result.title for result in subject.results}
    rows = [
        ScoreRow(row.rule, titles.get(row.rule, ""), row.severity, row.points)
        for row in sorted(score.deductions, key=lambda row: -row.points)
    ]
    rest = max(0, 100 - sum(row.points for row in rows))
    severities = {result.rule: result.severity for result in subject.results}
    caps = sorted(score.caps, key=lambda row: -_cap_rank(row.cap))
    for row in caps:
        held = rest - score.value if row is caps[0] else 0
        what = f"grade is {row.cap}" if row.cap in {"T", "M"} else f"grade at most {row.cap}"
        rows.append(ScoreRow(row.rule, what, severities.get(row.rule, "info"), held))
    return tuple(rows)


def grade_words(score: ScorePart) -> str:
    """What the letter means beyond itself; empty where it speaks for itself."""
    letter = score.grade.removesuffix("?")
    words = {"T": "the certificate is not trusted", "M": "the certificate is for another name"}.get(letter, "")
    if words and score.letter_if_trusted:
        words += f"; {score.letter_if_trusted} if it were"
        words += " trusted" if letter == "T" else " for this one"
    if score.grade.endswith("?"):
        words += f"{'; ' if words else ''}only {score.coverage:.0%} of the rules could be decided"
    return words


def grade_tone(grade: str) -> str:
    """How a grade is coloured: good, or the severity that its letter stands for."""
    tones = {"A": "good", "B": "low", "C": "medium", "D": "high"}
    return tones.get(grade[:1], "critical")


def key_words(key: Key) -> str:
    """A public key in words: EC secp256r1, RSA 2048 bits."""
    size = key.curve or (f"{key.bits} bits" if key.bits is not None else "size unknown")
    return f"{key.type.upper() if key.type in {'rsa', 'ec', 'dsa'} else key.type} {size}"


def timestamp_words(timestamps: Iterable[TimestampPart]) -> str:
    """The logs that have the certificate, with the day, and what is wrong with a timestamp."""
    doubts = {True: "", False: ", wrong signature", None: ", not verified"}
    return "; ".join(f"{each.log} ({each.at:%Y-%m-%d}{doubts[each.verified]})" for each in timestamps)


def session_words(session: Mapping[str, bool | None]) -> str:
    """The session features in one line."""
    words = {True: "yes", False: "no", None: "not established"}
    return ", ".join(f"{name.replace('_', ' ')}: {words[value]}" for name, value in session.items())


def behaviour_words(behaviours: BehavioursPart) -> str:
    """The behaviours that are known, in one line."""
    words: list[str] = []
    for name, value in behaviours:
        label = name.replace("_", " ")
        if isinstance(value, bool):
            words.append(f"{label}: {'yes' if value else 'no'}")
        elif isinstance(value, list):
            words.append(f"{label}: {', '.join(value) or 'nothing'}")
        elif value is not None:
            words.append(f"{label}: {str(value).replace('_', ' ')}")
    return ", ".join(words)


def suite_lists(subject: Subject) -> tuple[SuiteList, ...]:
    """The cipher suites, newest version first; versions with the same list and preference share one."""
    facts = subject.facts
    if facts is None:
        return ()
    lists: dict[tuple[str, tuple[Suite, ...]], list[str]] = {}
    for version in versions_of(facts.cipher_suites):
        order = _ORDER[facts.cipher_preference.get(version, "unknown")]
        order = open_list(subject, f"cipher_suites.{version}") or order
        lists.setdefault((order, tuple(facts.cipher_suites[version])), []).append(version)
    return tuple(SuiteList(tuple(versions), order, suites) for (order, suites), versions in lists.items())


def open_list(subject: Subject, path: str) -> str:
    """Why the list at this path of the facts may be longer than what it shows, in words; "" where it is whole."""
    unknown = subject.unknown.get(path)
    if unknown is None:
        return ""
    return f"perhaps more: {unknown.detail}" if unknown.detail else "perhaps more"


def areas(results: Iterable[ResultPart]) -> str:
    """The rules of these results, those of one area together: TLS-MTLS-004 005, TLS-CERT (44 rules)."""
    numbers: dict[str, list[str]] = {}
    for rule in sorted(result.rule for result in results):
        area, _, number = rule.rpartition("-")
        numbers.setdefault(area, []).append(number)
    return ", ".join(_area(area, each) for area, each in numbers.items())


def _area(area: str, numbers: Sequence[str]) -> str:
    if area and len(numbers) > _MOST_NUMBERED:
        return f"{area} ({len(numbers)} rules)"
    return f"{area}-{' '.join(numbers)}" if area else " ".join(numbers)


def unknown_together(subject: Subject) -> tuple[tuple[str, UnknownPart], ...]:
    """Each unknown fact with its reason; of a file, those of one reason together, without what no file could say."""
    if subject.location is None:
        return tuple(subject.unknown.items())
    found: dict[tuple[str, str], list[str]] = {}
    for path, unknown in subject.unknown.items():
        if unknown.detail or unknown.why != "not_asked":
            found.setdefault((unknown.why, unknown.detail), []).append(path)
    return tuple((", ".join(paths), subject.unknown[paths[0]]) for paths in found.values())


def versions_of(*tables: Mapping[str, object]) -> tuple[str, ...]:
    """The protocol versions that occur in these tables, newest first."""
    seen = {version for table in tables for version in table}
    return (*(version for version in VERSIONS if version in seen), *sorted(seen.difference(VERSIONS)))


def known_failures(document: Document) -> tuple[str, ...]:
    """What became of the waivers and the baseline of the run, a line each; what is odd about a waiver comes after."""
    lines: list[str] = []
    states = [waiver.state for waiver in document.waivers]
    if states:
        counts = ", ".join(
            f"{states.count(state)} {state}" for state in ("used", "expired", "unused") if state in states
        )
        lines.append(f"Waivers: {counts}")
    odd = [waiver for waiver in document.waivers if waiver.detail]
    lines += [f"The waiver of {each.rule} at {each.scope} ({each.owner}) {each.detail}" for each in odd[:_MOST_WAIVERS]]
    if len(odd) > _MOST_WAIVERS:
        lines.append(f"and {plural(len(odd) - _MOST_WAIVERS, 'more such waiver')}")
    if document.baseline is not None:
        baseline = document.baseline
        fate = f"{baseline.waived} fail as they did, {baseline.gone} are gone"
        lines.append(f"Baseline of {baseline.as_of:%Y-%m-%d}: of {plural(baseline.findings, 'known failure')} {fate}")
    return tuple(lines)


def plural(count: int, noun: str) -> str:
    """`count` with its noun: 1 finding, 2 findings."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _sorted(results: Iterable[ResultPart]) -> tuple[ResultPart, ...]:
    return tuple(sorted(results, key=lambda result: (SEVERITIES.index(result.severity), result.rule)))


def _against(subject: Subject) -> tuple[ResultPart, ...]:
    return tuple(result for result in subject.results if result.outcome in {"fail", "waived"})


def _root_cause(result: ResultPart, failing: Mapping[str, ResultPart]) -> str | None:
    """The failing rule at the end of the implied_by links, or None if there is none or the links run in a circle."""
    seen = {result.rule}
    cause: str | None = None
    following = result.implied_by
    while following is not None and following in failing:
        if following in seen:
            return None
        seen.add(following)
        cause, following = following, failing[following].implied_by
    return cause


def _cap_rank(cap: str) -> int:
    return _CAPS.index(cap) if cap in _CAPS else -1


def _span(later: datetime, earlier: datetime) -> str:
    """The time between two moments in the largest unit that says enough."""
    seconds = int((later - earlier).total_seconds())
    for unit, noun in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit * (2 if unit == 3600 else 1):
            return plural(seconds // unit, noun)
    return plural(seconds, "second")
