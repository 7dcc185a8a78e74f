"""Writes docs/rules.md from the catalogue: `make docs`. With --check it says whether the page is fresh."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from tlsaudit.policy import Policy, load_policy
from tlsaudit.rules import ALL_RULES, RULESET, Rule

PAGE = Path(__file__).parent.parent / "docs" / "rules.md"

_AREAS = {
    "ALPN": "Application protocol negotiation",
    "CERT": "Leaf certificate",
    "CHAIN": "Certificate chain",
    "CIPH": "Cipher suites",
    "FLEET": "Several endpoints of one service",
    "HTTP": "HTTP",
    "IMPL": "Implementation",
    "KEX": "Key exchange",
    "MTLS": "Mutual TLS",
    "PQ": "Post-quantum",
    "PROTO": "Protocol versions",
    "REVO": "Revocation",
    "CT": "Certificate Transparency",
    "SESS": "Sessions",
    "SIG": "Signatures",
    "VULN": "Named vulnerabilities",
}


def page(policy: Policy) -> str:
    """The whole page; severities are those of `policy`."""
    lines = [
        "# Rules",
        "",
        "Made from the catalogue by `make docs`; do not edit.",
        "",
        f"Rule set {RULESET}, {len(ALL_RULES)} rules, severities of the policy `{policy.id}`. A source in parentheses",
        "was not read in its own text. `tlsaudit rules ID` explains one rule.",
    ]
    for area, rules in groupby(ALL_RULES, key=lambda rule: rule.area):
        lines += ["", f"## {_AREAS[area]}", "", "| id | fails when | severity | cap | expected | sources |"]
        lines.append("| --- | --- | --- | --- | --- | --- |")
        lines += [_row(rule, policy) for rule in rules]
    return "\n".join(lines) + "\n"


def _row(rule: Rule, policy: Policy) -> str:
    sources = "; ".join(source.ref if source.verified else f"({source.ref})" for source in rule.sources)
    cap = rule.cap.value if rule.cap else ""
    cells = (rule.id, rule.title, policy.severity_of(rule).value, cap, rule.expected, sources)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is fresh."""
    text = page(load_policy("owasp"))
    if arguments == ["--check"]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("docs/rules.md is fresh" if fresh else "docs/rules.md is stale: run make docs")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
