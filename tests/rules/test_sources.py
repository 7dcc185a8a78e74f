"""Every clause that was cited from memory says so, and none is added unnoticed."""

from __future__ import annotations

from importlib import resources

from tlsaudit.policy import load_policy
from tlsaudit.policy.policy import Policy
from tlsaudit.rules import CATALOGUE

UNVERIFIED = 50
"""Places of the catalogue that cite a clause whose text was not read. Whoever reads one lowers the number."""
UNVERIFIED_BY_POLICY = {
    **dict.fromkeys(("owasp", "owasp-l2", "owasp-l3", "mozilla-modern", "mozilla-intermediate", "mozilla-old"), 0),
    "bsi-tr-02102-2": 1,
    "cnsa-2": 15,
    "fips-140-3": 5,
    "internal-mtls": 0,
    "nist-800-52r2": 14,
    "pci-dss-4": 3,
    "smtp-opportunistic": 1,
}


def _policies() -> list[Policy]:
    profiles = resources.files("tlsaudit.policy") / "profiles"
    return [load_policy(each.name.removesuffix(".yaml")) for each in profiles.iterdir() if each.name.endswith(".yaml")]


def test_unverified_clauses_of_the_catalogue_are_counted() -> None:
    found = [(rule.id, source.ref) for rule in CATALOGUE for source in rule.sources if not source.verified]
    assert len(found) == UNVERIFIED, found


def test_unverified_clauses_of_the_policies_are_counted() -> None:
    found = {
        policy.id: [
            source.ref
            for sources in (policy.sources, *policy.forbidden.values(), *policy.required.values())
            for source in sources
            if not source.verified
        ]
        for policy in _policies()
    }
    assert {name: len(refs) for name, refs in found.items()} == UNVERIFIED_BY_POLICY, found


def test_a_clause_is_either_read_or_not() -> None:
    """Two rules may stand on one requirement of PCI DSS in different ways, but a section was read or was not."""
    verdicts: dict[str, set[bool]] = {}
    for source in (source for rule in CATALOGUE for source in rule.sources):
        verdicts.setdefault(source.ref, set()).add(source.verified)
    assert [ref for ref, known in verdicts.items() if len(known) > 1] == ["PCI DSS 4.0.1 4.2.1"]
