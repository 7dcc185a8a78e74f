"""Every rule of configuration files on a file that breaks it and one that does not: fixtures/nginx, a pair a rule.

The line that is at fault ends in `# here`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.linting import Bench, results
from tlsaudit.rules import configuration, upstream

FIXTURES = Path(__file__).parents[2] / "fixtures" / "nginx"
RULES = sorted(each.id for each in (*configuration.RULES, *upstream.RULES))
_FOR_A_LIBRARY = {"TLS-CONF-022": "nginx=1.22,openssl=3.0"}


def test_every_rule_has_a_pair() -> None:
    for folder in ("fails", "passes"):
        assert sorted(path.stem for path in (FIXTURES / folder).glob("*.conf")) == RULES


@pytest.mark.parametrize("rule", RULES)
def test_rule_fails_at_the_line(bench: Bench, rule: str) -> None:
    text = (FIXTURES / "fails" / f"{rule}.conf").read_text()
    found = results(bench.lint(text, assume=_FOR_A_LIBRARY.get(rule, "")), rule)
    failing = [each for each in found if each.outcome == "fail"]
    assert len(failing) == 1, found
    assert failing[0].location is not None
    assert failing[0].location.file == "nginx.conf"
    assert text.splitlines()[failing[0].location.line - 1].endswith("# here")
    assert failing[0].evidence
    assert failing[0].reproduce is None


@pytest.mark.parametrize("rule", RULES)
def test_rule_passes_where_nothing_is_wrong(bench: Bench, rule: str) -> None:
    text = (FIXTURES / "passes" / f"{rule}.conf").read_text()
    outcomes = {each.outcome for each in results(bench.lint(text, assume=_FOR_A_LIBRARY.get(rule, "")), rule)}
    assert outcomes <= {"pass", "not_applicable"}
    assert "pass" in outcomes
