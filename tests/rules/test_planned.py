"""The rules to come are listed with their reasons, and none of them is there already."""

from __future__ import annotations

import json
import re

import pytest

from tlsaudit.cli import run
from tlsaudit.rules import ALL_RULES
from tlsaudit.rules.planned import PLANNED


def test_no_rule_is_both_there_and_to_come() -> None:
    ids = [each.id for each in PLANNED]
    assert len(set(ids)) == len(ids)
    assert not {rule.id for rule in ALL_RULES} & set(ids)


def test_each_says_what_it_is_about_and_why_it_is_not_there() -> None:
    for each in PLANNED:
        assert re.fullmatch(r"TLS-[A-Z]+-\d{3}", each.id)
        assert each.title
        assert each.reason


def test_the_command_explains_every_rule_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    for rule in ALL_RULES:
        assert run(["rules", rule.id]) == 0
        assert "{" not in capsys.readouterr().out
    assert run(["rules", "TLS-HTTP-006"]) == 0
    assert "curl -sS -o /dev/null -D - --connect-to ::HOST:80 http://HOST/" in capsys.readouterr().out


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--planned", "--format", "json"]) == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out)] == [each.id for each in PLANNED]
    assert run(["rules", "--planned"]) == 0
    assert "TLS-CONF-001    Plain text behind a terminator: needs configuration files" in capsys.readouterr().out
