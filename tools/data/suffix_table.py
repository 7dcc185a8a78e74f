"""The ICANN section of the Public Suffix List, names as A-labels."""

from __future__ import annotations

import re
from dataclasses import dataclass

import idna

from tools.data.snapshots import SourceError, public_suffix_list


@dataclass(frozen=True, slots=True, kw_only=True)
class Suffixes:
    """The rules by their kind: `co.uk`, `ck` for `*.ck`, `www.ck` for `!www.ck`."""

    version: str
    date: str
    commit: str
    exact: list[str]
    wildcard: list[str]
    exception: list[str]


def suffixes() -> Suffixes:
    """Read and sort the rules between the ICANN markers."""
    text = public_suffix_list()
    version = re.search(r"^// VERSION: ((\d{4}-\d\d-\d\d)\S*)$", text, re.MULTILINE)
    commit = re.search(r"^// COMMIT: ([0-9a-f]{40})$", text, re.MULTILINE)
    section = re.search(r"// ===BEGIN ICANN DOMAINS===\n(.*)// ===END ICANN DOMAINS===", text, re.DOTALL)
    if version is None or commit is None or section is None:
        raise SourceError("the Public Suffix List has lost its VERSION, COMMIT or ICANN markers")
    rules = [line.split()[0] for line in section[1].splitlines() if line.strip() and not line.startswith("//")]
    return Suffixes(
        version=version[1],
        date=version[2],
        commit=commit[1],
        exact=sorted(_ascii(rule) for rule in rules if rule[0] not in "*!"),
        wildcard=sorted(_ascii(rule[2:]) for rule in rules if rule.startswith("*.")),
        exception=sorted(_ascii(rule[1:]) for rule in rules if rule.startswith("!")),
    )


def _ascii(name: str) -> str:
    """A rule as A-labels; the list writes U-labels."""
    return idna.encode(name, uts46=True).decode("ascii")
