"""Holds facts against the opinion of a peer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.peers.peers import Opinion
from tests.peers.reasons import Item, Reason
from tests.probe.auditing import deployments, preference
from tlsaudit.data.groups import group_name
from tlsaudit.data.suites import suite_name
from tlsaudit.model.facts import Facts, Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why one peer says less of one server, or something else. `chacha`: it takes an order for the client's that
    only moves ChaCha20 up for clients that put it first (OpenSSL's PRIORITIZE_CHACHA), as it does itself.
    """

    suites: tuple[Reason, ...] = ()
    groups: tuple[Reason, ...] = ()
    chacha: bool = False


def compare(found: Facts, opinion: Opinion, explained: Explained) -> None:
    """Both say the same, but for what `explained` explains; no reason may be idle."""
    ours = set(found.cipher_suites.accepted)
    theirs = {(version, code) for version, codes in opinion.suites.items() for code in codes}
    _compare_items(found, ours, theirs, explained.suites, suite_name)
    # A version that the peer did not see is explained where each of its suites is.
    unseen = {version for version in found.versions() if version not in opinion.versions}
    assert opinion.versions <= set(found.versions())
    assert unseen <= {version for version, _ in ours}
    assert not unseen & {version for version, _ in theirs}
    _compare_groups(found, opinion, explained.groups)
    _compare_orders(found, opinion, chacha=explained.chacha)
    if opinion.certificates:
        assert {each.leaf.need().sha256 for each in deployments(found)} == opinion.certificates


def _compare_groups(found: Facts, opinion: Opinion, reasons: tuple[Reason, ...]) -> None:
    idle = set(reasons)
    for versions, codes in opinion.groups.items():
        accepted = {at for at in found.groups.accepted if at[0] in versions}
        ours, theirs = {code for _, code in accepted}, set(codes)
        assert not {group_name(code) for code in theirs - ours}
        more = {at for at in accepted if at[1] not in theirs}
        assert not _named({at for at in more if not any(reason(found, at) for reason in reasons)}, group_name)
        idle -= {reason for reason in reasons if any(reason(found, at) for at in more)}
    assert not {reason.__name__ for reason in idle}


def _compare_items(
    found: Facts, ours: set[Item], theirs: set[Item], reasons: tuple[Reason, ...], name: Callable[[int], str]
) -> None:
    assert not _named(theirs - ours, name)
    more = ours - theirs
    assert not _named({at for at in more if not any(reason(found, at) for reason in reasons)}, name)
    assert not {reason.__name__ for reason in reasons if not any(reason(found, at) for at in more)}


def _compare_orders(found: Facts, opinion: Opinion, *, chacha: bool) -> None:
    mistaken = False
    for version, theirs in opinion.preference.items():
        ours = preference(found, version)
        mistaken = mistaken or (ours is Preference.SERVER and theirs is Preference.CLIENT)
        assert ours is theirs or (chacha and mistaken), version
    assert mistaken is chacha
    for version, codes in opinion.order.items():
        both = set(found.suite_order[version]) & set(codes)
        order = [suite_name(code) for code in found.suite_order[version] if code in both]
        assert order == [suite_name(code) for code in codes if code in both]


def _named(items: set[Item], name: Callable[[int], str]) -> list[str]:
    return sorted(f"{version} {name(code)}" for version, code in items)
