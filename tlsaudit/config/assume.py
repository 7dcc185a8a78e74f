"""What is assumed of the products that read a configuration: `--assume nginx=1.22,openssl=3.0`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tlsaudit.model.errors import InputError

Version = tuple[int, ...]

PRODUCTS = ("nginx", "haproxy", "apache", "openssl")
_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}[a-z]?")


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The versions that a configuration is for; None: not said, so that the newest defaults hold.

    Without `openssl` everything that the text requests is judged as accepted.
    """

    nginx: Version | None = None
    haproxy: Version | None = None
    apache: Version | None = None
    openssl: Version | None = None


def parse_assumptions(text: str) -> Assumptions:
    """The assumptions in `product=version,product=version`. Raises InputError."""
    found: dict[str, Version] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        product, equals, version = part.partition("=")
        if not equals or product not in PRODUCTS:
            raise InputError(
                f"--assume {part!r}: write PRODUCT=VERSION, the product being one of {', '.join(PRODUCTS)}"
            )
        if not _VERSION.fullmatch(version):
            raise InputError(f"--assume {part!r}: {version!r} is no version such as 1.22")
        found[product] = tuple(int(number) for number in re.findall(r"[0-9]+", version))
    return Assumptions(**found)


def version_words(version: Version) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))
