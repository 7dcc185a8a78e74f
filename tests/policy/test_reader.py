"""The YAML reader: strings only, lines kept, and a one-line error for everything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.model.errors import InputError
from tlsaudit.policy.reader import read_yaml


def test_scalars_stay_what_was_typed() -> None:
    written = read_yaml('a: 1.10\nb: no\nc: [2026-01-01, 0x10, "q"]\nd: ~\n', "f.yaml")
    assert written.data == {"a": "1.10", "b": "no", "c": ["2026-01-01", "0x10", "q"], "d": "~"}


def test_every_value_knows_its_line() -> None:
    written = read_yaml("a:\n  b:\n    - x\n    - y\n", "f.yaml")
    assert [written.line(place) for place in (("a",), ("a", "b"), ("a", "b", 1), ("a", "b", 7), ("z",))] == [
        1,
        2,
        4,
        2,
        1,
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "f.yaml: empty"),
        ("# only a comment\n", "f.yaml: empty"),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: the key 'a' is given twice"),
        ("a: {x: 1, x: 2}\n", "f.yaml:1: the key 'x' is given twice"),
        ("a: &x 1\nb: *x\n", "f.yaml:2: aliases are not supported"),
        ("a: !!python/object:os.system x\n", "f.yaml:1: the tag 'tag:yaml.org,2002:python/object:os.system'"),
        ("a: !secret x\n", "f.yaml:1: the tag '!secret' is not supported"),
        ("[a, b]: c\n", "f.yaml:1: a key must be a word"),
        ("a: 1\n--- \nb: 2\n", "f.yaml:2: not valid YAML"),
        ("a: [\n", "f.yaml:2: not valid YAML"),
        ("a: \x07\n", "f.yaml: not valid YAML"),
        ("[" * 30 + "]" * 30, "f.yaml:1: nested deeper than 20 levels"),
        ("x" * 4_000_001, "f.yaml: larger than"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(InputError) as error:
        read_yaml(text, "f.yaml")
    assert str(error.value).startswith(problem)
    assert "\n" not in str(error.value)


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(text: str) -> None:
    message = ""
    try:
        read_yaml(text, "f.yaml")
    except InputError as error:
        message = str(error)
    assert message.isprintable()
