"""Credentials in addresses: they are no part of where something is, and must not get into a report."""

from __future__ import annotations

import re

_USERINFO = re.compile(r"(\A|//)[^/?#]*@")


def without_userinfo(address: str) -> str:
    """An address, with or without its scheme, that lacks the user and password before the host (RFC 3986, 3.2.1)."""
    return _USERINFO.sub(r"\1", address, count=1)
