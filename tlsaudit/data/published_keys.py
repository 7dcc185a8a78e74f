"""Keys whose private half anybody can read: in an RFC, in the sources of a language; and lists of keys in files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tlsaudit.data.table import records, table
from tlsaudit.model.errors import InputError

_LARGEST = 128 * 1024 * 1024
_LINE = re.compile(r"(?P<digest>[0-9A-Fa-f]{64})(?:[\s,;]+(?P<name>.*))?")

PUBLISHED: Mapping[str, str] = MappingProxyType(
    {
        record["spki_sha256"]: f"{record['name']} of {record['reference']}"
        for record in records(table("published_keys.json"), "keys")
    }
)
"""Where a private key can be read, by the SHA-256 of its SubjectPublicKeyInfo in lower-case hexadecimal."""


def keys_from_file(path: Path) -> dict[str, str]:
    """A list of compromised keys: a line each with the SHA-256 of the SubjectPublicKeyInfo, and a name if you like.

    Empty lines and those that begin with # are passed over. Raises InputError with the number of a line that is none.
    """
    named = f"list of keys {str(path)!r}"
    found: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            if file.seek(0, 2) > _LARGEST:
                raise InputError(f"{named}: larger than {_LARGEST >> 20} MB")
            file.seek(0)
            for number, line in enumerate(file, 1):
                text = line.decode("utf-8", "replace").strip()
                if not text or text.startswith("#"):
                    continue
                match = _LINE.fullmatch(text)
                if match is None:
                    raise InputError(f"{named}, line {number}: no SHA-256 in hexadecimal")
                found[match["digest"].lower()] = (match["name"] or "").strip()[:100] or f"the list {path.name}"
    except OSError as error:
        raise InputError(f"{named}: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{named}: not a file name") from None
    return found
