"""Every rule of configuration files on a file that breaks it and one that does not: a pair a rule and system.

The line that is at fault ends in `# here`; in Apache, which has no comments behind a directive, it is above.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.linting import Bench, results
from tlsaudit.rules import CATALOGUE, LISTENER_RULES, UPSTREAM_RULES

FIXTURES = Path(__file__).parents[2] / "fixtures"
RULES = sorted({each.id for each in (*LISTENER_RULES, *UPSTREAM_RULES)} - {each.id for each in CATALOGUE})
SYSTEMS = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg", "apache": "httpd.conf"}
CANNOT_FAIL = {
    "nginx": {"TLS-CONF-007"},  # verification cannot be told to leave out errors
    "apache": {
        "TLS-CONF-007",  # nor here
        "TLS-CONF-015",  # mod_ssl has no early data
    },
    "haproxy": {
        "TLS-CONF-016",  # header fields are not lost in inner blocks: there are none
        "TLS-CONF-018",  # stapling is not switched on: it is done where a response is there
    },
}
"""Rules that no configuration of a system can break."""
_FOR_A_LIBRARY = {"TLS-CONF-022": "nginx=1.22,haproxy=2.6,apache=2.4.71,openssl=3.0"}


def _pairs(folder: str) -> list[tuple[str, str]]:
    return sorted((path.parts[-3], path.stem) for path in FIXTURES.glob(f"*/{folder}/*"))


def test_every_rule_has_a_pair_in_every_system_that_can_break_it() -> None:
    expected = {(system, rule) for system in SYSTEMS for rule in RULES if rule not in CANNOT_FAIL[system]}
    assert set(_pairs("fails")) == expected
    assert set(_pairs("passes")) >= expected
    assert {rule for _, rule in _pairs("fails")} == set(RULES)


def _text(system: str, folder: str, rule: str) -> str:
    (path,) = (FIXTURES / system / folder).glob(f"{rule}.*")
    return path.read_text()


@pytest.mark.parametrize(("system", "rule"), _pairs("fails"))
def test_rule_fails_at_the_line(bench: Bench, system: str, rule: str) -> None:
    text = _text(system, "fails", rule)
    found = results(bench.lint(text, name=SYSTEMS[system], assume=_FOR_A_LIBRARY.get(rule, "")), rule)
    failing = [each for each in found if each.outcome == "fail"]
    assert len(failing) == 1, found
    assert failing[0].location is not None
    assert failing[0].location.file == SYSTEMS[system]
    line = failing[0].location.line
    assert any(each.endswith("# here") for each in text.splitlines()[line - 2 + (system != "apache") : line])
    assert failing[0].evidence
    assert failing[0].reproduce is None


@pytest.mark.parametrize(("system", "rule"), _pairs("passes"))
def test_rule_passes_where_nothing_is_wrong(bench: Bench, system: str, rule: str) -> None:
    text = _text(system, "passes", rule)
    found = results(bench.lint(text, name=SYSTEMS[system], assume=_FOR_A_LIBRARY.get(rule, "")), rule)
    outcomes = {each.outcome for each in found}
    assert outcomes <= {"pass", "not_applicable"}
    assert "pass" in outcomes
