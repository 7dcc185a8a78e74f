"""What the judge says: outcomes, severities, findings, the score. Plain data, made by `judge`, read by `report`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tlsaudit.model.knowledge import Basis


class Severity(StrEnum):
    """How bad a failure is; compare by `rank`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info to 4 for critical."""
        return _SEVERITY_RANKS[self]


_SEVERITY_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Outcome(StrEnum):
    """What became of one rule at one subject. `waived` replaces `fail`; only `fail` costs points, both set caps."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    NOT_TESTED = "not_tested"
    INCONCLUSIVE = "inconclusive"
    WAIVED = "waived"


class Confidence(StrEnum):
    """`possible` is an inference that never costs points."""

    CONFIRMED = "confirmed"
    POSSIBLE = "possible"


class Cap(StrEnum):
    """The best letter an endpoint may have while a finding stands; T (trust) and M (name) replace the letter."""

    A = "A"
    A_MINUS = "A-"
    B = "B"
    C = "C"
    D = "D"
    F = "F"
    TRUST = "T"
    MISMATCH = "M"


@dataclass(frozen=True, slots=True)
class Source:
    """A clause that a rule stands on. `verified` is False where the reference is from memory, not from the text."""

    ref: str
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Fail:
    """What a rule returns for each thing that proves its failure.

    `observed` says what was seen, in words; `at` are the bases that prove it. The others replace the rule's own
    values where one condition of a rule is worse or milder than the rest; `cause` does where all failures name it.
    """

    observed: str
    at: tuple[Basis, ...] = ()
    expected: str | None = None
    severity: Severity | None = None
    cap: Cap | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One proof: what was seen and where (a probe of the report, or a place in a file)."""

    observed: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of one rule at one subject. Beyond the first three, fields are filled for what did not pass."""

    rule: str
    outcome: Outcome
    severity: Severity
    own_severity: Severity | None = None
    """What the rule itself says, where the policy says otherwise."""
    title: str = ""
    cause: str | None = None
    observed: str = ""
    expected: str = ""
    why: str = ""
    """What an attacker or an outage makes of it."""
    evidence: tuple[Evidence, ...] = ()
    sources: tuple[Source, ...] = ()
    remedy: str = ""
    reproduce: str | None = None
    fingerprint: str | None = None
    confidence: Confidence = Confidence.CONFIRMED
    implied_by: str | None = None
    cap: Cap | None = None
    reason: str | None = None
    """Why a rule is inconclusive or not tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """A row of the score: the points that one cause costs, by its worst finding."""

    rule: str
    cause: str
    severity: Severity
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CapRow:
    """A row of the score: the cap that one finding sets."""

    rule: str
    cap: Cap


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """0 to 100, a letter, and every row that explains them.

    `grade` carries a trailing "?" where coverage is below 0.8 (the letter may be better than the truth);
    `letter_if_trusted` stands beside T and M.
    """

    value: int
    grade: str
    letter_if_trusted: str | None
    caps: tuple[CapRow, ...]
    deductions: tuple[Deduction, ...]
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All results of one subject, one a rule, in catalogue order, and its score (None: nothing to score)."""

    results: tuple[Result, ...] = field(default_factory=tuple)
    score: Score | None = None
