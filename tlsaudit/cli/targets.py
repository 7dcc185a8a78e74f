"""What `scan` and `mtls` audit: their targets, what inventories declare of them, and the scope of the run."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.app import Anchors
    from tlsaudit.inventory import Declared, Listed
    from tlsaudit.model.limits import Expectation
    from tlsaudit.model.target import Target
    from tlsaudit.policy import Policy
    from tlsaudit.proxies import Proxy
    from tlsaudit.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The targets, and by their ids what is expected of them and whom they are to trust, where that is declared."""

    targets: tuple[Target, ...]
    expectations: Mapping[str, Expectation] = field(default_factory=dict)
    anchors_for: Mapping[str, Anchors] = field(default_factory=dict)


def read_scope(path: Path | None, proxy: Proxy | None) -> Scope | None:
    """The scope of the run, if there is a file of it. Raises InputError."""
    if path is None:
        return None
    if proxy is not None:
        raise InputError("--scope cannot go with a proxy: the proxy resolves names, and tells nobody what it dials")
    from tlsaudit import inventory

    return inventory.read_scope(path)


def read(arguments: Sequence[str], *, large: bool, sni: str | None, http_port: str | None = None) -> Listed:
    """The targets of the command line, all with the server name `sni` where it is given. Raises InputError.

    `http_port` is the port of plain HTTP of those that do not name one.
    """
    from tlsaudit.inventory import list_targets
    from tlsaudit.model.target import canonical_host

    plain = _http_port(http_port)
    listed = list_targets(arguments, sys.stdin, large=large)
    if plain is not None:
        targets = (replace(each, http_port=plain) if each.http_port is None else each for each in listed.targets)
        listed = replace(listed, targets=tuple(targets))
    if sni is None:
        return listed
    name = canonical_host(sni) if sni else ""
    renamed = {target.id: replace(target, sni=name) for target in listed.targets}
    declared = {renamed[each].id: said for each, said in listed.declared.items()}
    return replace(listed, targets=tuple(renamed.values()), declared=declared)


def _http_port(text: str | None) -> int | None:
    from tlsaudit.model.target import parse_http_port

    try:
        return None if text is None else parse_http_port(text)
    except InputError as error:
        raise InputError(f"--http-port {error}") from None


def judged_by(listed: Listed, policy: Policy, anchors: Anchors, expect: Expectation) -> Wanted:
    """The targets with what is declared of them; `expect` fills what a group leaves open. Raises InputError."""
    for wanted, where in listed.policies.items():
        if wanted != policy.id:
            other = f"this group is to be judged by {wanted!r}, and the run judges by {policy.id!r}"
            raise InputError(f"{where}: {other}: audit its targets apart, with --policy {wanted}")
    loaded: dict[tuple[Path, ...], Anchors] = {}
    anchors_for: dict[str, Anchors] = {}
    expectations: dict[str, Expectation] = {}
    for target_id, said in listed.declared.items():
        expectations[target_id] = replace(said.expect, client_auth=said.expect.client_auth or expect.client_auth)
        if said.ca:
            if said.ca not in loaded:
                loaded[said.ca] = _authorities(said, anchors)
            anchors_for[target_id] = loaded[said.ca]
    return Wanted(targets=listed.targets, expectations=expectations, anchors_for=anchors_for)


def _authorities(said: Declared, anchors: Anchors) -> Anchors:
    from tlsaudit import app

    try:
        return app.with_authorities(anchors, *said.ca)
    except InputError as error:
        raise InputError(f"{said.where}: {error}") from None
