"""What a policy file may say. Every limit is named; nothing has a default, so that a file shows all that it decides."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from tlsaudit.model.limits import Limits
from tlsaudit.model.result import Severity, Source
from tlsaudit.rules.registry import group_code, suite_code


def _suite(name: object) -> int:
    code = suite_code(str(name))
    if code is None:
        raise ValueError(f"{name!r} is no cipher suite of the IANA registry")
    return code


def _group(name: object) -> int:
    code = group_code(str(name))
    if code is None:
        raise ValueError(f"{name!r} is no named group of the IANA registry")
    return code


def _fraction(text: object) -> float:
    """1/3 or 0.25 as a number."""
    try:
        return float(Fraction(str(text)))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ValueError(f"{text!r} is no fraction") from None


def _oldest_first(rows: tuple[LifetimeRow, ...]) -> tuple[LifetimeRow, ...]:
    if [row.issued_from for row in rows] != sorted({row.issued_from for row in rows}):
        raise ValueError("rows must be in the order of their dates, each date once")
    return rows


Suite = Annotated[int, BeforeValidator(_suite)]
Group = Annotated[int, BeforeValidator(_group)]
Part = Annotated[float, BeforeValidator(_fraction), Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=2**31)]
Words = Annotated[str, Field(min_length=1, max_length=2000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceEntry(_Part):
    """A clause that the policy stands on."""

    ref: Words
    verified: bool

    def source(self) -> Source:
        """The clause as results carry it."""
        return Source(self.ref, verified=self.verified)


class ListedEntry(_Part):
    """Something that the policy forbids or requires, by a name that a rule enforces."""

    what: Words
    sources: Annotated[list[SourceEntry], Field(min_length=1)]


class LifetimeRow(_Part):
    """The longest lifetime of a publicly trusted certificate that is issued from this day on."""

    issued_from: date
    days: Count


class LimitsEntry(_Part):
    """The thresholds, named and measured as in `model.limits.Limits`."""

    suites_allowed: list[Suite] | None = None
    groups_allowed: list[Group] | None = None
    symmetric_bits_broken: Count
    symmetric_bits_min: Count
    block_bits_min: Count
    dh_bits_broken: Count
    dh_bits_min: Count
    dh_bits_wanted: Count
    curve_bits_min: Count
    rsa_bits_broken: Count
    rsa_bits_min: Count
    rsa_bits_wanted: Count
    rsa_exponent_min: Count
    certificate_curves: list[Words]
    certificate_curve_bits_min: Count
    signature_hash_bits_min: Count
    expiry_page_days: Count
    expiry_page_fraction: Part
    expiry_alert_days: Count
    expiry_alert_fraction: Part
    clock_tolerance_seconds: Count
    public_lifetime_days: Annotated[tuple[LifetimeRow, ...], Field(min_length=1), AfterValidator(_oldest_first)]
    lifetime_days_max: Count | None = None
    short_lived_days: Count
    intermediate_expiry_days: Count
    san_count_max: Count
    certificate_message_bytes_max: Count
    path_depth_max: Count
    ticket_seconds_max: Count
    hsts_seconds_broken: Count
    hsts_seconds_min: Count

    def limits(self) -> Limits:
        """The thresholds as rules read them."""
        plain = self.model_dump(
            exclude={"suites_allowed", "groups_allowed", "certificate_curves", "public_lifetime_days"}
        )
        return Limits(
            suites_allowed=None if self.suites_allowed is None else frozenset(self.suites_allowed),
            groups_allowed=None if self.groups_allowed is None else frozenset(self.groups_allowed),
            certificate_curves=frozenset(self.certificate_curves),
            public_lifetime_days=tuple((row.issued_from, row.days) for row in self.public_lifetime_days),
            **plain,
        )


class PolicyFile(_Part):
    """A whole policy file."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
    version: Annotated[str, Field(min_length=1, max_length=32)]
    title: Words
    description: Words
    sources: Annotated[list[SourceEntry], Field(min_length=1)]
    limits: LimitsEntry
    severities: dict[str, Severity] = {}
    forbidden: list[ListedEntry] = []
    required: list[ListedEntry] = []
