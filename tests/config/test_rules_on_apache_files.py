"""Every rule of configuration files that Apache can break, on a file that does and one that does not: fixtures/apache.

The line that is at fault stands below `# here`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.linting import Bench, results
from tlsaudit.rules import configuration, upstream

FIXTURES = Path(__file__).parents[2] / "fixtures" / "apache"
NOT_IN_APACHE = {"TLS-CONF-015"}
"""mod_ssl has no early data."""
RULES = sorted({each.id for each in (*configuration.RULES, *upstream.RULES)} - NOT_IN_APACHE)
_FOR_A_LIBRARY = {"TLS-CONF-022": "apache=2.4.71,openssl=3.0"}


def test_every_rule_has_a_pair() -> None:
    for folder in ("fails", "passes"):
        assert sorted(path.stem for path in (FIXTURES / folder).glob("*.conf")) == RULES


@pytest.mark.parametrize("rule", RULES)
def test_rule_fails_at_the_line(bench: Bench, rule: str) -> None:
    text = (FIXTURES / "fails" / f"{rule}.conf").read_text()
    found = results(bench.lint(text, name="httpd.conf", assume=_FOR_A_LIBRARY.get(rule, "")), rule)
    failing = [each for each in found if each.outcome == "fail"]
    assert len(failing) == 1, found
    assert failing[0].location is not None
    assert failing[0].location.file == "httpd.conf"
    assert text.splitlines()[failing[0].location.line - 2].strip() == "# here"
    assert failing[0].evidence


@pytest.mark.parametrize("rule", RULES)
def test_rule_passes_where_nothing_is_wrong(bench: Bench, rule: str) -> None:
    text = (FIXTURES / "passes" / f"{rule}.conf").read_text()
    found = results(bench.lint(text, name="httpd.conf", assume=_FOR_A_LIBRARY.get(rule, "")), rule)
    outcomes = {each.outcome for each in found}
    assert outcomes <= {"pass", "not_applicable"}
    assert "pass" in outcomes
