"""A policy as judges use it; `load` makes it from its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tlsaudit.model.limits import Expectation, Limits
from tlsaudit.model.result import Severity, Source
from tlsaudit.rules.rule import Rule

FLOOR = Severity.HIGH
"""What a policy lists as forbidden or required is at least this bad under it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy, checked: every entry of its lists is enforced by a rule, every severity is that of a known rule.

    `sha256` is of the file as read and, where it extends another, of that one's. `severities` replace those of the
    rules; `forbidden` and `required` hold the names that `Rule.enforces` knows, with the clauses behind them.
    `cautions` are what a reader of its verdicts has to know; `from_memory` names the limits and rules whose value was
    not read in its source. `set_by` says which policy of the line of parents set a value: `limits.dh_bits_min`,
    `severities.TLS-KEX-012`, `forbidden.suite/rc4`.
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
    parent: str | None = None
    cautions: tuple[str, ...] = ()
    from_memory: frozenset[str] = frozenset()
    set_by: Mapping[str, str] = field(default_factory=dict)
    expect: Expectation = field(default_factory=Expectation)

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

    def clauses(self, rule: Rule) -> tuple[Source, ...]:
        """What the rule stands on under this policy: the policy's own clauses, then the rule's."""
        named = (each.get(name, ()) for name in rule.enforces for each in (self.forbidden, self.required))
        own = [source for sources in named for source in sources]
        seen = {source.ref for source in own}
        return tuple(dict.fromkeys([*own, *(source for source in rule.sources if source.ref not in seen)]))

    def expected(self, declared: Expectation) -> Expectation:
        """What is expected of a target: what its operator declares, else what the policy does."""
        return replace(declared, client_auth=declared.client_auth or self.expect.client_auth)
