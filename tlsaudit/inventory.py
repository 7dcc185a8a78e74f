"""Files about targets that people write in YAML: inventories, and the scope of a run.

    groups: [{name, owner, zone, tags, schedule, policy, expect: {client_auth, kind, ca, names}, targets: [TARGET...]}]

    allow: [10.20.0.0/16, "*.internal.example"]
    deny: [10.20.9.0/24]

Everything is read and checked before anything is dialled; a problem names its file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TextIO

from pydantic import BaseModel, ConfigDict, Field

from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation
from tlsaudit.model.spiffe import parse_expected
from tlsaudit.model.target import Target, canonical_host
from tlsaudit.policy.reader import Place, Written, read_yaml
from tlsaudit.scope import Entries, Scope, read_entries
from tlsaudit.targets import TargetReader

_SUFFIXES = (".yaml", ".yml")
_MOST_NAMES = 100

Words = Annotated[str, Field(min_length=1, max_length=1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a group of an inventory says of its targets. `ca` are the files of the only authorities to be trusted."""

    expect: Expectation
    ca: tuple[Path, ...] = ()
    where: str = ""
    """The place of `ca`, for messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The targets of a run in order, and what is declared of those that an inventory lists, by their ids.

    `policies` are those by which groups are to be judged, with the place that says so.
    """

    targets: tuple[Target, ...]
    declared: Mapping[str, Declared] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectEntry(_Part):
    """What is expected of the targets of a group."""

    client_auth: ClientAuthMode | None = None
    kind: Literal["api", "web"] | None = None
    ca: Words | list[Words] | None = None
    names: Annotated[list[Words], Field(min_length=1, max_length=_MOST_NAMES)] | None = None


class GroupEntry(_Part):
    """A group of targets. Owner, zone, tags and schedule are for fleets: an audit has no use for them."""

    name: Words
    owner: Words | None = None
    zone: Words | None = None
    tags: list[Words] = []
    schedule: Words | None = None
    policy: Words | None = None
    expect: ExpectEntry = ExpectEntry()
    targets: Annotated[list[Words], Field(min_length=1)]


class InventoryFile(_Part):
    """A whole inventory."""

    groups: Annotated[list[GroupEntry], Field(min_length=1)]


class ScopeFile(_Part):
    """A whole scope file."""

    allow: Annotated[list[Words], Field(min_length=1)]
    deny: list[Words] = []


def list_targets(arguments: Iterable[str], stdin: TextIO | None, *, large: bool = False) -> Listed:
    """The targets that `arguments` name, as `targets.read_targets` has them; `@FILE.yaml` is an inventory.

    A target counts once; an inventory may list it once. Raises InputError.
    """
    reader = TargetReader(large=large)
    found: dict[str, Target] = {}
    declared: dict[str, Declared] = {}
    policies: dict[str, str] = {}
    for argument in arguments:
        if not is_inventory(argument):
            for target in reader.all([argument], stdin):
                found.setdefault(target.id, target)
            continue
        listed = _inventory(Path(argument[1:]), reader)
        for target in listed.targets:
            if target.id in declared:
                raise InputError(f"{argument[1:]}: the target {target.id} is in another inventory as well")
            found.setdefault(target.id, target)
        declared |= listed.declared
        policies |= listed.policies
    if not found:
        raise InputError("no targets: the list is empty")
    return Listed(targets=tuple(found.values()), declared=declared, policies=policies)


def is_inventory(argument: str) -> bool:
    """Whether an argument of the command line names an inventory."""
    return argument.startswith("@") and argument.lower().endswith(_SUFFIXES)


def _inventory(path: Path, reader: TargetReader) -> Listed:
    written = _read(path, "inventory")
    targets: dict[str, Target] = {}
    declared: dict[str, Declared] = {}
    policies: dict[str, str] = {}
    for number, group in enumerate(written.checked(InventoryFile).groups):
        at: Place = ("groups", number)
        said = _declared(group.expect, (*at, "expect"), written, path.parent)
        if group.policy is not None:
            policies.setdefault(group.policy, f"{written.file}:{written.line((*at, 'policy'))}")
        for place, text in enumerate(group.targets):
            for target in _targets(text, (*at, "targets", place), written, reader):
                if target.id in targets:
                    raise written.error((*at, "targets", place), f"the target {target.id} is listed twice")
                targets[target.id] = target
                declared[target.id] = said
    return Listed(targets=tuple(targets.values()), declared=declared, policies=policies)


def _targets(text: str, at: Place, written: Written, reader: TargetReader) -> list[Target]:
    try:
        return list(reader.one(text))
    except InputError as error:
        raise written.error(at, str(error)) from None


def _declared(entry: ExpectEntry, at: Place, written: Written, folder: Path) -> Declared:
    names = tuple(_name(text, (*at, "names", number), written) for number, text in enumerate(entry.names or ()))
    files = [entry.ca] if isinstance(entry.ca, str) else entry.ca or []
    return Declared(
        expect=Expectation(client_auth=entry.client_auth, kind=entry.kind, names=names),
        ca=tuple(folder / each for each in files),
        where=f"{written.file}:{written.line((*at, 'ca'))}",
    )


def _name(text: str, at: Place, written: Written) -> str:
    """A host name, an address, or a SPIFFE ID (without a path: any of that trust domain)."""
    try:
        return parse_expected(text).text if "://" in text else canonical_host(text)
    except InputError as error:
        raise written.error(at, str(error)) from None


def read_scope(path: Path) -> Scope:
    """The scope in the file at `path`. Raises InputError."""
    written = _read(path, "scope file")
    checked = written.checked(ScopeFile)
    return Scope(allow=_entries(checked.allow, "allow", written), deny=_entries(checked.deny, "deny", written))


def _entries(texts: list[str], section: str, written: Written) -> Entries:
    for number, text in enumerate(texts):
        try:
            read_entries([text])
        except InputError as error:
            raise written.error((section, number), str(error)) from None
    return read_entries(texts)


def _read(path: Path, what: str) -> Written:
    try:
        return read_yaml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"cannot read the {what} {str(path)!r}: {reason}") from None
