"""Writes docs/policies.md from the policies: `make docs`. With --check it says whether the page is fresh."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tlsaudit.data.groups import GROUPS
from tlsaudit.data.suites import SUITES
from tlsaudit.model.result import Source
from tlsaudit.policy import Policy, load_policy, policy_ids
from tlsaudit.policy.describe import LIMITS, limit, words
from tlsaudit.rules import ALL_RULES, Rule

PAGE = Path(__file__).parent.parent / "docs" / "policies.md"

_ORDER = (
    "owasp", "owasp-l2", "owasp-l3", "mozilla-modern", "mozilla-intermediate", "mozilla-old", "nist-800-52r2",
    "pci-dss-4", "bsi-tr-02102-2", "fips-140-3", "cnsa-2", "internal-mtls", "smtp-opportunistic",
)  # fmt: skip
_BELOW = frozenset({"suites_allowed", "groups_allowed"})
"""Lists that have a table of their own."""

Cell = Callable[[Policy], str]


def page() -> str:
    """The whole page."""
    policies = [load_policy(each) for each in sorted(policy_ids(), key=_ORDER.index)]
    parts: list[Iterable[str]] = [
        _INTRODUCTION,
        ["", "## Values", "", *_table("limit", policies, _limits())],
        ["", "## What is forbidden and required", "", _LISTED, "", *_table("what", policies, _entries(policies))],
        ["", "## Cipher suites", "", _SUITES, "", *_table("suite", policies, _suites(policies))],
        ["", "## Named groups", "", *_table("group", policies, _groups(policies))],
        ["", "## Severities", "", _SEVERITIES, "", *_table("rule", policies, _severities(policies))],
        ["", "## Sources and cautions"],
        *(_about(each) for each in policies),
    ]
    return "\n".join(line for part in parts for line in part) + "\n"


_INTRODUCTION = (
    "# Policies",
    "",
    "Made from `tlsaudit/policy/profiles/` by `make docs`; do not edit.",
    "",
    "`tlsaudit policy show ID` prints one in full, `tlsaudit policy diff A B` compares two. In the tables a value in",
    "parentheses is taken over from the policy that it extends, mostly from `owasp`, and is not the standard's own;",
    "`?` marks what was not read in its source but is from memory.",
)
_LISTED = (
    "At least `high` under the policy. `(x)`: taken over; `x?`: every source of it is from memory. Names that end in "
    "`unlisted` stand for what the lists above lack."
)
_SUITES = "Of the policies that have a list; the others judge suites by their properties."
_SEVERITIES = "Where a policy weighs a rule otherwise than the rule itself; empty: as the rule does."


def _table(first: str, policies: Sequence[Policy], rows: Iterable[tuple[str, Cell]]) -> Iterator[str]:
    yield f"| {first} | {' | '.join(f'`{each.id}`' for each in policies)} |"
    yield "| --- " * (len(policies) + 1) + "|"
    for name, cell in rows:
        yield f"| {name} | {' | '.join(cell(each) for each in policies)} |"


def _limits() -> Iterator[tuple[str, Cell]]:
    yield "client authentication", lambda policy: policy.expect.client_auth or ""
    for name in LIMITS:
        yield f"`{name}`", partial(_limit, name=name)


def _limit(policy: Policy, name: str) -> str:
    value = limit(policy, name)
    text = f"{len(value)}, below" if name in _BELOW and isinstance(value, list) else words(value)
    memory = "?" if name in policy.from_memory else ""
    by = policy.set_by.get(f"limits.{name}")
    if by is None:
        return ""
    return f"{text}{memory}" if by == policy.id else f"({text}{memory})"


def _entries(policies: Sequence[Policy]) -> Iterator[tuple[str, Cell]]:
    for section in ("forbidden", "required"):
        names = {name for policy in policies for name in getattr(policy, section)}
        for name in sorted(names):
            yield f"{section}: `{name}`", partial(_entry, section=section, name=name)


def _entry(policy: Policy, section: str, name: str) -> str:
    sources = getattr(policy, section).get(name)
    if sources is None:
        return ""
    text = "x" if any(source.verified for source in sources) else "x?"
    return text if policy.set_by.get(f"{section}.{name}") == policy.id else f"({text})"


def _suites(policies: Sequence[Policy]) -> Iterator[tuple[str, Cell]]:
    for suite in SUITES.values():
        if any(suite.code in (policy.limits.suites_allowed or ()) for policy in policies):
            yield suite.name, partial(_listed, limit="suites_allowed", code=suite.code)


def _groups(policies: Sequence[Policy]) -> Iterator[tuple[str, Cell]]:
    for group in GROUPS.values():
        if any(group.code in (policy.limits.groups_allowed or ()) for policy in policies):
            yield group.name, partial(_listed, limit="groups_allowed", code=group.code)


def _listed(policy: Policy, limit: str, code: int) -> str:
    return "x" if code in (getattr(policy.limits, limit) or ()) else ""


def _severities(policies: Sequence[Policy]) -> Iterator[tuple[str, Cell]]:
    for rule in ALL_RULES:
        if any(policy.severity_of(rule) is not rule.severity for policy in policies):
            title = f"{rule.id} {rule.title} ({rule.severity.value})"
            yield title, partial(_other, rule=rule)


def _other(policy: Policy, rule: Rule) -> str:
    severity = policy.severity_of(rule)
    return "" if severity is rule.severity else severity.value


def _about(policy: Policy) -> Iterator[str]:
    yield from ("", f"### {policy.id}", "", f"{policy.title}, version {policy.version}. {policy.description}", "")
    for source in policy.sources:
        yield f"- {_marked(source)}"
    for caution in policy.cautions:
        yield f"- Beware: {caution}"


def _marked(source: Source) -> str:
    return f"Verified: {source.ref}" if source.verified else f"Not verified, from memory: {source.ref}"


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is fresh."""
    text = page()
    if arguments == ["--check"]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("docs/policies.md is fresh" if fresh else "docs/policies.md is stale: run make docs")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
