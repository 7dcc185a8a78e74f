"""The port behind an address in a configuration."""

from __future__ import annotations


def port_of(server: str) -> int:
    """The number behind the last colon; 0 where there is none."""
    _, _, number = server.rpartition(":")
    return int(number) if number.isdigit() and len(number) <= 5 else 0
