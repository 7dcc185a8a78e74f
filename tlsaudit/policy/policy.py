"""A policy as judges use it, and the way there from its file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from tlsaudit.model.errors import InputError
from tlsaudit.model.limits import Limits
from tlsaudit.model.result import Severity, Source
from tlsaudit.policy.reader import Written, read_yaml
from tlsaudit.policy.schema import ListedEntry, PolicyFile
from tlsaudit.rules import ALL_RULES
from tlsaudit.rules.rule import Rule

FLOOR = Severity.HIGH
"""What a policy lists as forbidden or required is at least this bad under it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy, checked: every entry of its lists is enforced by a rule, every severity is that of a known rule.

    `sha256` is of the file as read. `severities` replace those of the rules; `forbidden` and `required` hold the
    names that `Rule.enforces` knows, with the clauses behind them.
    """

    id: str
    version: str
    title: str
    description: str
    sha256: str
    sources: tuple[Source, ...]
    limits: Limits
    severities: Mapping[str, Severity]
    forbidden: Mapping[str, tuple[Source, ...]]
    required: Mapping[str, tuple[Source, ...]]

    def severity_of(self, rule: Rule, found: Severity | None = None) -> Severity:
        """How bad it is to fail `rule` under this policy.

        `found` is what the rule says of one failure, where that is worse or milder than usual. The policy's own
        severity comes before both, and nothing that the policy lists is below `FLOOR`.
        """
        severity = self.severities.get(rule.id, found or rule.severity)
        if self.lists(rule) and severity.rank < FLOOR.rank:
            return FLOOR
        return severity

    def lists(self, rule: Rule) -> bool:
        """Whether the rule enforces something that the policy forbids or requires."""
        return any(name in self.forbidden or name in self.required for name in rule.enforces)


def policy_ids() -> tuple[str, ...]:
    """The ids of the policies that come with tlsaudit."""
    profiles = resources.files("tlsaudit.policy") / "profiles"
    return tuple(sorted(each.name.removesuffix(".yaml") for each in profiles.iterdir() if each.name.endswith(".yaml")))


def load_policy(id_or_path: str) -> Policy:
    """The policy with this id, or in the file at this path. Raises InputError in one line for whatever is wrong."""
    if id_or_path in policy_ids():
        content = (resources.files("tlsaudit.policy") / "profiles" / f"{id_or_path}.yaml").read_bytes()
        return _policy(content, f"{id_or_path}.yaml")
    if not id_or_path.endswith((".yaml", ".yml")):
        known = ", ".join(policy_ids())
        raise InputError(f"unknown policy {id_or_path!r}: known are {known}, or give a file that ends in .yaml")
    try:
        content = Path(id_or_path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot read policy {id_or_path!r}: {reason}") from None
    return _policy(content, id_or_path)


def _policy(content: bytes, file: str) -> Policy:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise InputError(f"{file}: not UTF-8 text") from None
    written = read_yaml(text, file)
    checked = written.checked(PolicyFile)
    _refuse_unknown_rules(checked, written)
    return Policy(
        id=checked.id,
        version=checked.version,
        title=checked.title,
        description=checked.description,
        sha256=hashlib.sha256(content).hexdigest(),
        sources=tuple(each.source() for each in checked.sources),
        limits=checked.limits.limits(),
        severities=checked.severities,
        forbidden=_listed(checked.forbidden, "forbidden", written),
        required=_listed(checked.required, "required", written),
    )


def _refuse_unknown_rules(checked: PolicyFile, written: Written) -> None:
    known = {rule.id for rule in ALL_RULES}
    for rule_id in checked.severities:
        if rule_id not in known:
            raise written.error(("severities", rule_id), f"severities: there is no rule {rule_id!r}")


def _listed(entries: list[ListedEntry], section: str, written: Written) -> dict[str, tuple[Source, ...]]:
    enforced = {name for rule in ALL_RULES for name in rule.enforces}
    listed: dict[str, tuple[Source, ...]] = {}
    for index, entry in enumerate(entries):
        if entry.what not in enforced:
            raise written.error((section, index, "what"), f"{section}: no rule enforces {entry.what!r}")
        if entry.what in listed:
            raise written.error((section, index, "what"), f"{section}: {entry.what!r} is listed twice")
        listed[entry.what] = tuple(each.source() for each in entry.sources)
    return listed
