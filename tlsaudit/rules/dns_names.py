"""What is wrong with a name in a certificate: wildcards, A-labels, the syntax of host names, names nobody owns.

Names are dNSName values as encoded, so anything may be in them (RFC 9525 section 6.3, RFC 5280 section 4.2.1.6).
"""

from __future__ import annotations

import ipaddress
import re

import idna

from tlsaudit.data.public_suffix import is_known_tld, is_public_suffix
from tlsaudit.model.address import is_address

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_LABEL_MAX = 63
_NAME_MAX = 253


def is_reserved(text: str) -> bool:
    """Whether the text is an address that nobody can own on the internet."""
    return is_address(text) and not ipaddress.ip_address(text).is_global


def is_ascii(name: str) -> bool:
    """Whether the name was encoded in ASCII; other bytes stand as \\xNN."""
    return name.isascii() and "\\x" not in name


def is_well_formed_wildcard(name: str) -> bool:
    """Whether the only asterisk is the whole left-most label, and something follows."""
    return name.startswith("*.") and len(name) > 2 and "*" not in name[1:]


def is_wildcard_over_public_suffix(name: str) -> bool:
    """Whether what follows the asterisk is a suffix under which a registry of a known domain hands out names."""
    parent = name.removeprefix("*.").lower()
    return is_well_formed_wildcard(name) and is_known_tld(parent.rpartition(".")[2]) and is_public_suffix(parent)


def is_unregistered(name: str) -> bool:
    """Whether the name has a single label or a top-level domain that does not exist."""
    labels = name.lower().removeprefix("*.").rstrip(".").split(".")
    return len(labels) < 2 or not is_known_tld(labels[-1])


def is_bad_label(label: str) -> bool:
    """Whether the label looks like an A-label and is none (IDNA 2008), or reserves the place of one."""
    # Over-long labels are bad for another reason; decoding them would cost time for nothing.
    if label[2:4] != "--" or len(label) > _LABEL_MAX:
        return False
    if label[:2].lower() != "xn":
        return True
    try:
        idna.ulabel(label.lower())
    except UnicodeError:
        return True
    return False


def syntax_problem(name: str) -> str | None:
    """Why the name is no host name, or None; misplaced asterisks do not count."""
    if name.endswith("."):
        return "ends in a dot"
    if len(name) > _NAME_MAX:
        return f"is longer than {_NAME_MAX} characters"
    labels = name.split(".")
    if not all(labels):
        return "has an empty label"
    if any(len(label) > _LABEL_MAX for label in labels):
        return f"has a label of more than {_LABEL_MAX} characters"
    if any("*" not in label and _LABEL.fullmatch(label) is None for label in labels):
        return "has characters that no host name has"
    return None
