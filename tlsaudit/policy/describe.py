"""Policies for people and for machines: one in full, and in what two of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from textwrap import wrap
from typing import TypeAlias

from tlsaudit.data.groups import group_name
from tlsaudit.data.suites import suite_name
from tlsaudit.model.limits import Limits
from tlsaudit.model.result import Source
from tlsaudit.policy.policy import Policy
from tlsaudit.rules import ALL_RULES

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"

LIMITS = tuple(sorted(each.name for each in fields(Limits)))
ANY = "any"
"""The word for a limit that a policy does not have."""

_NUMBERED = {"suites_allowed": suite_name, "groups_allowed": group_name, "groups_required": group_name}
_WIDTH = 100
_LONG = 6
"""More values than this go below their name."""


def limit(policy: Policy, name: str) -> Value:
    """The value of a limit, codes as names; None: the policy has no such limit."""
    value = getattr(policy.limits, name)
    if isinstance(value, frozenset):
        named = _NUMBERED.get(name, str)
        return [named(each) for each in sorted(value)]
    if isinstance(value, tuple):
        return [{"issued_from": since.isoformat(), "days": days} for since, days in value]
    return value if value is None or isinstance(value, int | float) else str(value)


def words(value: Value) -> str:
    """A value in a line."""
    if value is None:
        return ANY
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return " ".join(words(each) for each in value.values())
    return ", ".join(words(each) for each in value) if isinstance(value, list) else str(value)


def as_data(policy: Policy) -> dict[str, Value]:
    """The whole policy, every value with the policy that set it."""
    severities = {rule.id: policy.severity_of(rule) for rule in ALL_RULES}
    return {
        "id": policy.id,
        "version": policy.version,
        "title": policy.title,
        "description": policy.description,
        "extends": policy.parent,
        "sha256": policy.sha256,
        "sources": _sources(policy.sources),
        "cautions": list(policy.cautions),
        "expect": {"client_auth": policy.expect.client_auth},
        "limits": {
            name: {
                "value": limit(policy, name),
                "set_by": policy.set_by.get(f"limits.{name}"),
                "from_memory": name in policy.from_memory,
            }
            for name in LIMITS
        },
        "severities": {
            rule.id: {
                "severity": severities[rule.id],
                "default": rule.severity,
                "set_by": policy.set_by.get(f"severities.{rule.id}"),
                "from_memory": rule.id in policy.from_memory,
            }
            for rule in ALL_RULES
            if severities[rule.id] is not rule.severity
        },
        "forbidden": _entries(policy, "forbidden", policy.forbidden),
        "required": _entries(policy, "required", policy.required),
    }


def as_text(policy: Policy) -> str:
    """The whole policy for people; in parentheses what it takes over, with the policy that it comes from."""
    lines = [
        f"{policy.id} {policy.version}  {policy.title}",
        "",
        *wrap(policy.description, _WIDTH, break_on_hyphens=False),
    ]
    if policy.parent:
        lines += ["", f"Extends {policy.parent}. What comes from there is marked (so)."]
    lines += ["", "Sources", *(f"  {_cited(each)}" for each in policy.sources)]
    if policy.cautions:
        lines += ["", "Beware", *(line for each in policy.cautions for line in _item(each))]
    if policy.expect.client_auth:
        mark = _mark(policy, "expect.client_auth")
        lines += ["", f"Client authentication: {policy.expect.client_auth}{mark}, unless something else is declared"]
    for heading, section, listed in (
        ("Forbids", "forbidden", policy.forbidden),
        ("Requires", "required", policy.required),
    ):
        lines += ["", f"{heading}, as at least high"]
        lines += [f"  {name}{_mark(policy, f'{section}.{name}')}: {_refs(listed[name])}" for name in listed]
    lines += ["", "Limits"]
    for name in LIMITS:
        lines += _limit_lines(policy, name)
    changed = [rule for rule in ALL_RULES if policy.severity_of(rule) is not rule.severity]
    lines += ["", "Severities that are not the rules' own"]
    for rule in changed:
        severity = policy.severity_of(rule)
        memory = ", from memory" if rule.id in policy.from_memory else ""
        lines.append(f"  {rule.id:<15} {severity.value:<9} instead of {rule.severity.value}: {rule.title}{memory}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Difference:
    """A value in which two policies differ."""

    name: str
    first: Value
    second: Value

    def __str__(self) -> str:
        """The name and both values; of lists, what only one of them has."""
        if isinstance(self.first, list) and isinstance(self.second, list):
            here = [each for each in self.first if each not in self.second]
            there = [each for each in self.second if each not in self.first]
            parts = [f"- {words(here)}" if here else "", f"+ {words(there)}" if there else ""]
            return f"{self.name}: {'  '.join(part for part in parts if part)}"
        return f"{self.name}: {words(self.first)} -> {words(self.second)}"


def differences(first: Policy, second: Policy) -> tuple[Difference, ...]:
    """Every limit, severity, entry and expectation in which they differ."""
    pairs = zip(_values(first), _values(second), strict=True)
    return tuple(Difference(name, here, there) for (name, here), (_, there) in pairs if here != there)


def _values(policy: Policy) -> Iterator[tuple[str, Value]]:
    yield "expect.client_auth", policy.expect.client_auth
    yield "forbidden", [*sorted(policy.forbidden)]
    yield "required", [*sorted(policy.required)]
    for name in LIMITS:
        yield f"limits.{name}", limit(policy, name)
    for rule in ALL_RULES:
        yield f"severities.{rule.id}", policy.severity_of(rule).value


def _item(text: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)


def _sources(sources: Iterable[Source]) -> list[Value]:
    return [{"ref": each.ref, "verified": each.verified} for each in sources]


def _entries(policy: Policy, section: str, listed: Mapping[str, tuple[Source, ...]]) -> list[Value]:
    return [
        {
            "what": name,
            "rules": [rule.id for rule in ALL_RULES if name in rule.enforces],
            "sources": _sources(sources),
            "set_by": policy.set_by.get(f"{section}.{name}"),
        }
        for name, sources in listed.items()
    ]


def _limit_lines(policy: Policy, name: str) -> Iterator[str]:
    value = limit(policy, name)
    memory = "  from memory" if name in policy.from_memory else ""
    mark = _mark(policy, f"limits.{name}")
    if isinstance(value, list) and len(value) > _LONG:
        yield f"  {name:<30} {len(value)}{mark}{memory}"
        yield from (f"    {words(each)}" for each in value)
    else:
        yield f"  {name:<30} {words(value)}{mark}{memory}"


def _mark(policy: Policy, name: str) -> str:
    by = policy.set_by.get(name)
    return f" ({by})" if by is not None and by != policy.id else ""


def _refs(sources: Iterable[Source]) -> str:
    return "; ".join(_cited(each) for each in sources)


def _cited(source: Source) -> str:
    return source.ref if source.verified else f"{source.ref} [from memory]"
