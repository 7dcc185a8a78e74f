"""Entries of a policy that could never fail, for want of the limit that they are measured by: refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Limits
from tlsaudit.policy.policy import Policy
from tlsaudit.policy.reader import Place, Value, Written
from tlsaudit.rules import ALL_RULES
from tlsaudit.rules.rule import Rule

_MAY_BE_NONE: Final = frozenset(each.name for each in fields(Limits) if "None" in str(each.type))
_DECLARED: Final = "client_auth"


def refuse_inert(policy: Policy, written: Written) -> None:
    """Raise InputError, with its place, for an entry that no rule can enforce under the policy's limits."""
    for section, listed in (("forbidden", policy.forbidden), ("required", policy.required)):
        for name in listed:
            needs = [_missing(rule, policy) for rule in ALL_RULES if name in rule.enforces]
            if all(needs):
                needed = " or ".join(dict.fromkeys(each for each in needs if each))
                place = _place(section, name, written)
                other = "" if place[0] == section else f", or an end by no_longer_{section}"
                raise written.error(place, f"{section}: {name!r} can never fail: it needs {needed}{other}")


def _missing(rule: Rule, policy: Policy) -> str:
    """What the rule needs of the policy and has not; empty: nothing."""
    if _DECLARED in rule.reads:
        is_there = policy.expect.client_auth is ClientAuthMode.REQUIRED
        return "" if is_there else "expect: {client_auth: required}"
    needed = [name for name in rule.reads if name in _MAY_BE_NONE]
    if not needed or any(_is_set(policy, name) for name in needed):
        return ""
    return " or ".join(f"limits.{name}" for name in needed)


def _is_set(policy: Policy, name: str) -> bool:
    """Whether the limit is there; of required versions, an empty list demands nothing."""
    value = getattr(policy.limits, name)
    return value is not None and (name != "versions_required" or bool(value))


def _place(section: str, name: str, written: Written) -> Place:
    """The entry where it stands in this file; else what took its limit away, or the line that takes it over."""
    data: Value = written.data if isinstance(written.data, dict) else {}
    entries = data.get(section) if isinstance(data, dict) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and entry.get("what") == name:
            return (section, index, "what")
    limits = {limit for rule in ALL_RULES if name in rule.enforces for limit in rule.reads}
    own = next(((*("limits",), limit) for limit in sorted(limits) if ("limits", limit) in written.lines), None)
    if own is not None:
        return own
    return ("expect", "client_auth") if _DECLARED in limits else ("extends",)
