"""Whether an address in a configuration is of the same machine."""

from __future__ import annotations

import ipaddress

from tlsaudit.model.address import is_address

_NAMES = frozenset(
    {
        "localhost",
        "localhost.localdomain",
        "ip6-localhost",
        "ip6-loopback",
        "host.docker.internal",
        "gateway.docker.internal",
        "host.containers.internal",
    }
)
"""Loopback, and what Docker and Podman call the machine that a container runs on."""


def is_local(host: str) -> bool:
    """Whether what is sent to a name or address (without brackets) stays on the machine.

    The unspecified address is the machine itself to whoever connects to it (ip(7)), and names below localhost resolve
    to loopback only (RFC 6761 section 6.3).
    """
    if not is_address(host):
        name = host.lower().rstrip(".")
        return name in _NAMES or name.endswith(".localhost")
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified
