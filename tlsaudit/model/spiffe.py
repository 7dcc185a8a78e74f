"""SPIFFE IDs: `spiffe://trust-domain/path` (SPIFFE-ID specification, section 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tlsaudit.model.errors import InputError

SCHEME = "spiffe://"
_LONGEST = 2048
"""Bytes of a whole ID (section 2.3)."""
_TRUST_DOMAIN = re.compile(r"[a-z0-9._-]{1,255}")
"""Section 2.1; no port, no user."""
_SEGMENT = re.compile(r"[a-zA-Z0-9._-]+")
"""Section 2.2."""


@dataclass(frozen=True, slots=True)
class SpiffeId:
    """A workload's name. `path` begins with a slash; "" is the trust domain itself."""

    trust_domain: str
    path: str

    @property
    def text(self) -> str:
        """The ID as it is written."""
        return f"{SCHEME}{self.trust_domain}{self.path}"

    def covers(self, other: SpiffeId) -> bool:
        """Whether `other` is this ID, or where this is a trust domain alone, is of it."""
        return self.trust_domain == other.trust_domain and self.path in {"", other.path}


def is_spiffe(uri: str) -> bool:
    """Whether a URI claims to be a SPIFFE ID; schemes are compared without case (RFC 3986 section 3.1)."""
    return uri[: len(SCHEME)].lower() == SCHEME


def problem_of(uri: str) -> str | None:
    """What is wrong with a URI as a SPIFFE ID, None where nothing is."""
    if len(uri.encode()) > _LONGEST:
        return f"it is longer than {_LONGEST} bytes"
    if not uri.startswith(SCHEME):
        return "it does not begin with spiffe://"
    domain, slash, path = uri[len(SCHEME) :].partition("/")
    if not _TRUST_DOMAIN.fullmatch(domain):
        return "its trust domain has other characters than a-z 0-9 . _ -, or none"
    segments = path.split("/") if slash else []
    if any(segment in {"", ".", ".."} for segment in segments):
        return "its path has an empty segment, or one of dots, or ends with a slash"
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        return "its path has other characters than a-z A-Z 0-9 . _ - between slashes"
    return None


def parse(uri: str) -> SpiffeId | None:
    """The SPIFFE ID that `uri` is; None where it is none."""
    if problem_of(uri) is not None:
        return None
    domain, slash, path = uri[len(SCHEME) :].partition("/")
    return SpiffeId(domain, slash + path)


def parse_expected(text: str) -> SpiffeId:
    """What an operator declares; raises InputError with the reason."""
    found = parse(text)
    if found is None:
        raise InputError(f"{text!a} is no SPIFFE ID: {problem_of(text)}")
    return found
