"""What a policy file may say.

A policy that stands alone names every limit that has no word for "none"; one that extends another names what differs.
"""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from tlsaudit.data.groups import GROUPS
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Limits
from tlsaudit.model.protocol import ProtocolVersion
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


_ANY = "any"
_DOTTED = re.compile(r"[0-2](\.\d+)+")
_KEY_TYPES = frozenset({"rsa", "dsa", "ed25519", "ed448"})
_CURVES = frozenset(group.name for group in GROUPS.values() if group.kind == "ec")


def _or_any(value: object) -> object:
    """`any` takes a limit away."""
    return None if value == _ANY else value


def _key(name: str) -> str:
    if name not in _KEY_TYPES | _CURVES and not _DOTTED.fullmatch(name):
        raise ValueError(f"{name!r} is no kind of key: a curve, {', '.join(sorted(_KEY_TYPES))} or a dotted OID")
    return name


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
OrAny = BeforeValidator(_or_any)
Words = Annotated[str, Field(min_length=1, max_length=2000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,64}$")]


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

    versions_allowed: Annotated[list[ProtocolVersion] | None, OrAny] = None
    versions_required: Annotated[list[ProtocolVersion] | None, OrAny] = None
    suites_allowed: Annotated[list[Suite] | None, OrAny] = None
    groups_allowed: Annotated[list[Group] | None, OrAny] = None
    groups_required: Annotated[list[Group] | None, OrAny] = None
    certificate_keys_allowed: Annotated[list[Annotated[str, AfterValidator(_key)]] | None, OrAny] = None
    certificate_signatures_allowed: Annotated[list[Name] | None, OrAny] = None
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
    lifetime_days_max: Annotated[Count | None, OrAny] = None
    short_lived_days: Count
    intermediate_expiry_days: Count
    san_count_max: Count
    certificate_message_bytes_max: Count
    path_depth_max: Count
    ticket_seconds_max: Count
    status_without_end_days_max: Count
    hsts_seconds_broken: Count
    hsts_seconds_min: Count
    client_ca_expiry_days: Annotated[Count | None, OrAny] = None
    client_lifetime_hours_max: Annotated[Count | None, OrAny] = None
    workload_lifetime_hours_max: Annotated[Count | None, OrAny] = None

    def limits(self) -> Limits:
        """The thresholds as rules read them."""
        values = dict(self)
        sets = {name: frozenset(value) for name, value in values.items() if isinstance(value, list)}
        rows = tuple((row.issued_from, row.days) for row in self.public_lifetime_days)
        return Limits(**{**values, **sets, "public_lifetime_days": rows})


class ExpectEntry(_Part):
    """What the policy declares of every target, where the operator declares nothing."""

    client_auth: ClientAuthMode


class PolicyFile(_Part):
    """A whole policy file, or with `extends` what makes it differ from its parent.

    Of the parent everything is taken over but title, description, version, sources and cautions. A limit or severity
    replaces the parent's whole; an entry of `forbidden` or `required` joins the parent's, or replaces the one of the
    same name; `no_longer_forbidden` and `no_longer_required` take entries of the parent's away. `from_memory` names the
    limits and severities of this file that were not read in their source.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
    extends: Words | None = None
    version: Annotated[str, Field(min_length=1, max_length=32)]
    title: Words
    description: Words
    sources: Annotated[list[SourceEntry], Field(min_length=1)]
    cautions: list[Words] = []
    limits: LimitsEntry
    from_memory: list[Words] = []
    severities: dict[str, Severity] = {}
    no_longer_forbidden: list[Words] = []
    forbidden: list[ListedEntry] = []
    no_longer_required: list[Words] = []
    required: list[ListedEntry] = []
    expect: ExpectEntry | None = None
