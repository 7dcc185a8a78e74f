"""What a rule says it reads of the policy is what its code reads: re-judging a report relies on it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

import tlsaudit.rules
from tlsaudit.model.limits import Limits
from tlsaudit.rules import ALL_RULES
from tlsaudit.rules.rule import Rule

_ROOM = Path(tlsaudit.rules.__file__).parent
_LIMITS = {each.name for each in fields(Limits)}

Place = tuple[str, str]
"""A module and a function in it."""


@cache
def _code() -> tuple[dict[Place, ast.FunctionDef], dict[Place, Place]]:
    """Every function of the room, and what each module calls the functions of the others."""
    functions: dict[Place, ast.FunctionDef] = {}
    imported: dict[Place, Place] = {}
    for path in _ROOM.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                functions[path.stem, node.name] = node
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tlsaudit.rules."):
                module = (node.module or "").rpartition(".")[2]
                imported |= {(path.stem, each.asname or each.name): (module, each.name) for each in node.names}
    return functions, imported


def _read_here(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Attribute):
            continue
        owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        if owner == "limits":
            assert node.attr in _LIMITS, f"{function.name} reads a limit that does not exist"
            yield node.attr
        if owner == "expect":
            yield node.attr


def _read(place: Place, seen: set[Place]) -> set[str]:
    """What a function reads itself or through another of the room."""
    functions, imported = _code()
    place = imported.get(place, place)
    if place in seen or place not in functions:
        return set()
    seen.add(place)
    names = {node.id for node in ast.walk(functions[place]) if isinstance(node, ast.Name)}
    return set(_read_here(functions[place])).union(*(_read((place[0], name), seen) for name in names))


@cache
def _rules() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for (module, name), function in _code()[0].items():
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "rule":
                first = decorator.args[0]
                assert isinstance(first, ast.Constant)
                found[str(first.value)] = _read((module, name), set())
    return found


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.id)
def test_a_rule_declares_what_it_reads(rule: Rule) -> None:
    assert set(rule.reads) == _rules()[rule.id]


def test_the_code_is_really_read() -> None:
    assert _rules()["TLS-CERT-023"] == {
        "expiry_alert_days", "expiry_alert_fraction", "expiry_page_days", "expiry_page_fraction",
    }  # fmt: skip
    assert _rules()["TLS-MTLS-001"] == {"client_auth"}
    assert _rules()["TLS-CIPH-001"] == set()
    assert {name for read in _rules().values() for name in read} == _LIMITS | {"client_auth", "kind"}
