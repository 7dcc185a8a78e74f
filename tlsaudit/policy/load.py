"""From policy files to policies: finding them, following `extends`, and refusing what is wrong with file and line."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path

from tlsaudit.model.errors import InputError
from tlsaudit.model.limits import Expectation, Limits
from tlsaudit.model.result import Source
from tlsaudit.policy.inert import refuse_inert
from tlsaudit.policy.policy import Policy
from tlsaudit.policy.reader import Place, Value, Written, read_yaml
from tlsaudit.policy.schema import ListedEntry, PolicyFile
from tlsaudit.rules import ALL_RULES

_SUFFIXES = (".yaml", ".yml")
_LARGEST_FILE = 4_000_000
_MOST_PARENTS = 8

Listed = dict[str, tuple[Source, ...]]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A policy, and its limits as they were written, for those that extend it."""

    policy: Policy
    limits: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a policy file is: on disk, or with tlsaudit (no folder). `key` is the same for the same file."""

    name: str
    key: str
    folder: Path | None


def policy_ids() -> tuple[str, ...]:
    """The ids of the policies that come with tlsaudit."""
    return tuple(sorted(each.name.removesuffix(".yaml") for each in _PROFILES.iterdir() if each.name.endswith(".yaml")))


def load_policy(id_or_path: str) -> Policy:
    """The policy with this id, or in the file at this path. Raises InputError in one line for whatever is wrong."""
    return _load(_find(id_or_path, None), ()).policy


_PROFILES = resources.files("tlsaudit.policy") / "profiles"


def _find(id_or_path: str, folder: Path | None) -> _Place:
    """Where this policy is; a path is relative to `folder`."""
    if id_or_path in policy_ids():
        return _Place(f"{id_or_path}.yaml", id_or_path, None)
    if not id_or_path.endswith(_SUFFIXES):
        known = ", ".join(policy_ids())
        raise InputError(f"unknown policy {id_or_path!r}: known are {known}, or give a file that ends in .yaml")
    path = (folder or Path()) / id_or_path
    try:
        key = str(path.resolve())
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"cannot read policy {id_or_path!r}: {error}") from None
    return _Place(str(path), key, path.parent)


def _content(place: _Place) -> bytes:
    if place.folder is None:
        return (_PROFILES / place.name).read_bytes()
    try:
        # Not before: whoever opens a pipe that nobody writes to waits for ever.
        if not stat.S_ISREG(Path(place.name).stat().st_mode) and not Path(place.name).is_dir():
            raise InputError(f"cannot read policy {place.name!r}: not a regular file")
        with Path(place.name).open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot read policy {place.name!r}: {reason}") from None
    if len(content) > _LARGEST_FILE:
        raise InputError(f"{place.name}: larger than {_LARGEST_FILE} bytes")
    return content


def _load(place: _Place, children: tuple[str, ...]) -> _Loaded:
    """The policy at this place; `children` are the keys of those that are being loaded because they extend it."""
    content = _content(place)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise InputError(f"{place.name}: not UTF-8 text") from None
    written = read_yaml(text, place.name)
    return _policy(written, _parent(written, place, children), hashlib.sha256(content).hexdigest())


def _parent(written: Written, place: _Place, children: tuple[str, ...]) -> _Loaded | None:
    name = written.data.get("extends") if isinstance(written.data, dict) else None
    if not isinstance(name, str):
        return None  # nothing, or what the schema refuses
    try:
        found = _find(name, place.folder)
    except InputError as error:
        raise written.error(("extends",), f"extends: {error}") from None
    line = (*children, place.key)
    if found.key in line:
        raise written.error(("extends",), f"extends: {name!r} leads back to this file")
    if len(line) > _MOST_PARENTS:
        raise written.error(("extends",), f"extends: more than {_MOST_PARENTS} policies one above the other")
    if found.folder is not None and not Path(found.name).is_file():
        raise written.error(("extends",), f"extends: there is no file {found.name!r}")
    return _load(found, line)


def _policy(written: Written, parent: _Loaded | None, digest: str) -> _Loaded:
    above = parent.policy if parent else None
    checked = _with_limits_of(parent, written).checked(PolicyFile)
    _refuse_unknown_rules(checked, written)
    own = _own_limits(written)
    _refuse_unset(checked, {*own, *checked.severities}, written)
    forbidden = _merged("forbidden", checked.forbidden, checked.no_longer_forbidden, above, written)
    required = _merged("required", checked.required, checked.no_longer_required, above, written)
    both = next((name for name in forbidden if name in required), None)
    if both is not None:
        raise written.error(("required",), f"required: {both!r} is forbidden as well")
    if above is not None:
        digest = hashlib.sha256(f"{digest}\n{above.sha256}".encode()).hexdigest()
    named = [f"limits.{name}" for name in own] + [f"severities.{name}" for name in checked.severities]
    named += [f"forbidden.{each.what}" for each in checked.forbidden]
    named += [f"required.{each.what}" for each in checked.required]
    named += ["expect.client_auth"] if checked.expect else []
    set_here = dict.fromkeys(named, checked.id)
    still_from_memory = (above.from_memory if above else frozenset()) - {*own, *checked.severities}
    policy = Policy(
        id=checked.id,
        version=checked.version,
        title=checked.title,
        description=checked.description,
        sha256=digest,
        sources=tuple(each.source() for each in checked.sources),
        limits=checked.limits.limits(),
        severities={**(above.severities if above else {}), **checked.severities},
        forbidden=forbidden,
        required=required,
        parent=above.id if above else None,
        cautions=tuple(checked.cautions),
        from_memory=still_from_memory | {*checked.from_memory},
        set_by={**(above.set_by if above else {}), **set_here},
        expect=Expectation(client_auth=checked.expect.client_auth)
        if checked.expect
        else (above.expect if above else Expectation()),
    )
    refuse_inert(policy, written)
    return _Loaded(policy, {**(parent.limits if parent else {}), **own})


def _own_limits(written: Written) -> Mapping[str, Value]:
    """The limits that the file itself sets."""
    limits = written.data.get("limits") if isinstance(written.data, dict) else None
    return limits if isinstance(limits, dict) else {}


def _with_limits_of(parent: _Loaded | None, written: Written) -> Written:
    """The file with the limits that it takes over; what is no mapping is left for the schema to refuse."""
    if parent is None or not isinstance(written.data, dict):
        return written
    if not isinstance(written.data.get("limits", {}), dict):
        return written
    merged: dict[str, Value] = {**written.data, "limits": {**parent.limits, **_own_limits(written)}}
    return Written(written.file, merged, written.lines)


def _refuse_unknown_rules(checked: PolicyFile, written: Written) -> None:
    known = {rule.id for rule in ALL_RULES}
    for rule_id in checked.severities:
        if rule_id not in known:
            raise written.error(("severities", rule_id), f"severities: there is no rule {rule_id!r}")


def _refuse_unset(checked: PolicyFile, own: Iterable[str], written: Written) -> None:
    for index, name in enumerate(checked.from_memory):
        if name not in own:
            known = {each.name for each in fields(Limits)} | {rule.id for rule in ALL_RULES}
            problem = "is not set in this file" if name in known else "is neither a limit nor a rule"
            raise written.error(("from_memory", index), f"from_memory: {name!r} {problem}")


def _merged(
    section: str, entries: list[ListedEntry], removed: list[str], above: Policy | None, written: Written
) -> Listed:
    """The parent's list without what is removed, with what this file adds or cites otherwise."""
    own = _listed(entries, section, written)
    taken: Listed = dict(getattr(above, section)) if above else {}
    for index, name in enumerate(removed):
        place: Place = (f"no_longer_{section}", index)
        if name not in taken:
            raise written.error(place, f"no_longer_{section}: the policy that this one extends does not list {name!r}")
        if name in own:
            raise written.error(place, f"no_longer_{section}: {name!r} is listed under {section} as well")
        del taken[name]
    return taken | own


def _listed(entries: list[ListedEntry], section: str, written: Written) -> Listed:
    enforced = {name for rule in ALL_RULES for name in rule.enforces}
    listed: Listed = {}
    for index, entry in enumerate(entries):
        if entry.what not in enforced:
            raise written.error((section, index, "what"), f"{section}: no rule enforces {entry.what!r}")
        if entry.what in listed:
            raise written.error((section, index, "what"), f"{section}: {entry.what!r} is listed twice")
        listed[entry.what] = tuple(each.source() for each in entry.sources)
    return listed
