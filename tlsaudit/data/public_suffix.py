"""Public suffixes: names under which registries hand out names (ICANN section of https://publicsuffix.org/list/).

The table `public_suffix.json` stays under the Mozilla Public License 2.0. Names are A-labels, in any case, with or
without a trailing dot; a name that is empty or has an empty label has no suffix.
"""

from __future__ import annotations

from tlsaudit.data.table import table

_TABLE = table("public_suffix.json")
_EXACT = frozenset(_TABLE["exact"])
_WILDCARD = frozenset(_TABLE["wildcard"])
_EXCEPTION = frozenset(_TABLE["exception"])
_TOP_LEVEL = frozenset(rule.rpartition(".")[2] for rule in (*_EXACT, *_WILDCARD))


def is_public_suffix(name: str) -> bool:
    """Whether `name` itself is a public suffix. An unknown top-level domain is one, as the list's algorithm says."""
    labels = _labels(name)
    return bool(labels) and _suffix_length(labels) == len(labels)


def is_known_tld(label: str) -> bool:
    """Whether this single label is a top-level domain of the list: `internal`, `local` and `corp` are not."""
    return label.lower() in _TOP_LEVEL


def _labels(name: str) -> list[str]:
    labels = name.lower().removesuffix(".").split(".")
    return labels if all(labels) else []


def _suffix_length(labels: list[str]) -> int:
    """How many labels the public suffix of a name has: the longest rule that matches, exceptions before all."""
    for start in range(len(labels)):
        candidate = ".".join(labels[start:])
        parent = candidate.partition(".")[2]
        if candidate in _EXCEPTION:
            return len(labels) - start - 1
        if candidate in _EXACT or parent in _WILDCARD:
            return len(labels) - start
    return min(1, len(labels))
