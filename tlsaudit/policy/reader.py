"""The one reader of the YAML files that people write: strings, lists and mappings, and the line of each.

Scalars stay strings, so that `1.10` or `no` means what was typed; the models that check the data convert them.
Duplicate keys, aliases and custom tags are refused. Every problem is an `InputError` with file and line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from tlsaudit.model.errors import InputError

Value: TypeAlias = "str | list[Value] | dict[str, Value]"
Place = tuple[str | int, ...]
"""Keys and indices that lead to a value."""
Model = TypeVar("Model", bound=BaseModel)

_LARGEST_FILE = 4_000_000
_DEEPEST = 20
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "merge", "value")
)


@dataclass(frozen=True, slots=True)
class Written:
    """The data of a file, and the line (from 1) of every value in it."""

    file: str
    data: Value
    lines: Mapping[Place, int]

    def line(self, place: Place) -> int:
        """The line of a value, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, place: Place, problem: str) -> InputError:
        """The problem at this place, as one line."""
        shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in problem)
        return InputError(f"{self.file}:{self.line(place)}: {shown}")

    def checked(self, model: type[Model]) -> Model:
        """The data as `model` reads it; raises InputError for the first thing that is wrong."""
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = first["loc"]
            name = ".".join(str(part) for part in place) or "the file"
            message = first["msg"].removeprefix("Value error, ")
            raise self.error(place, f"{name}: {message[:1].lower()}{message[1:]}") from None


def read_yaml(text: str, file: str) -> Written:
    """The data of `text`; `file` names it in messages. Raises InputError where it is not plain YAML."""
    if len(text) > _LARGEST_FILE:
        raise InputError(f"{file}: larger than {_LARGEST_FILE} characters")
    try:
        _refuse_tricks(text, file)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{file}:{mark.line + 1}" if mark is not None else file
        raise InputError(f"{where}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise InputError(f"{file}: not valid YAML: a character is not allowed") from None
    if node is None:
        raise InputError(f"{file}: empty")
    lines: dict[Place, int] = {}
    data = _value(node, (), lines, file)
    return Written(file, data, lines)


def _refuse_tricks(text: str, file: str) -> None:
    """Refuse what makes a small file large or deep before anything is built from it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        where = f"{file}:{event.start_mark.line + 1}" if event.start_mark is not None else file
        if isinstance(event, yaml.AliasEvent):
            raise InputError(f"{where}: aliases are not supported")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise InputError(f"{where}: nested deeper than {_DEEPEST} levels")


def _value(node: yaml.Node, place: Place, lines: dict[Place, int], file: str) -> Value:
    line = node.start_mark.line + 1
    lines[place] = line
    if node.tag not in _PLAIN_TAGS:
        raise InputError(f"{file}:{line}: the tag {node.tag!r} is not supported")
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*place, index), lines, file) for index, item in enumerate(node.value)]
    mapping: dict[str, Value] = {}
    for key_node, value_node in node.value:
        key, key_line = key_node.value, key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise InputError(f"{file}:{key_line}: a key must be a word")
        if key in mapping:
            raise InputError(f"{file}:{key_line}: the key {key!r} is given twice")
        mapping[key] = _value(value_node, (*place, key), lines, file)
        lines[*place, key] = key_line
    return mapping
