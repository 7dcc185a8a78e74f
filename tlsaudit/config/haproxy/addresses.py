"""Addresses of bind lines."""

from __future__ import annotations

import re

_PORT = re.compile(r":(?P<port>[0-9]{1,5})(?:-(?P<last>[0-9]{1,5}))?\Z")


def address_of(word: str) -> tuple[str, int | None]:
    """Host and port of an address; no port where it is a socket in the file system, or comes from elsewhere."""
    bare = word.rpartition("@")[2] if "@" in word.partition(":")[0] else word
    found = _PORT.search(bare)
    if found is None or word.startswith(("unix@", "abns@", "fd@", "sockpair@", "/")):
        return bare[:255], None
    host = bare[: found.start()].strip("[]")
    return ("*" if host in {"", "*", "0.0.0.0", "::"} else host), int(found["port"])  # noqa: S104 - nothing is bound


def last_port(word: str) -> int:
    """The end of a range of ports; 0 where there is none."""
    found = _PORT.search(word)
    return int(found["last"]) if found is not None and found["last"] else 0
