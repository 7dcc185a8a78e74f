"""The scope of a run: what may be dialled, by name and by address. Pure; `inventory` reads it from its file.

An entry is an address, a network, a name, or `*.` and a name for everything below that name. What `deny` lists is
never dialled; of the rest only what `allow` lists is. A name counts only for the addresses that it resolved to: an
address that was pinned by hand has to be listed itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from tlsaudit.model.errors import InputError
from tlsaudit.model.target import canonical_host

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_BELOW = "*."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """One list of the file. `below` are the names of which everything below is meant."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()

    def match(self, address: str, name: str | None) -> bool:
        """Whether an entry is about this address, or about the name that it was resolved from."""
        plain = ipaddress.ip_address(address.partition("%")[0])
        mapped = plain.ipv4_mapped if isinstance(plain, ipaddress.IPv6Address) else None
        if any(each in network for each in (plain, mapped) if each is not None for network in self.networks):
            return True
        if name is None:
            return False
        labels = name.split(".")
        return name in self.names or any(".".join(labels[cut:]) in self.below for cut in range(1, len(labels)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What may be dialled; nothing is allowed that is not listed."""

    allow: Entries
    deny: Entries

    def refusal(self, address: str, name: str | None) -> str | None:
        """Why `address` may not be dialled, None where it may; `name` is what it was resolved from, if it was."""
        if self.deny.match(address, name):
            return "the scope file denies it"
        return None if self.allow.match(address, name) else "the scope file does not allow it"


def read_entries(texts: Iterable[str]) -> Entries:
    """The entries that `texts` spell; raises InputError for what is none."""
    networks: list[Network] = []
    names: set[str] = set()
    below: set[str] = set()
    for text in texts:
        entry = text.strip()
        try:
            networks.append(ipaddress.ip_network(entry.removeprefix("[").removesuffix("]")))
        except ValueError:
            if "/" in entry:
                raise InputError(f"{text!a} is not a network of addresses: write it as 192.0.2.0/24") from None
            name = canonical_host(entry.removeprefix(_BELOW))
            (below if entry.startswith(_BELOW) else names).add(name)
    return Entries(networks=tuple(networks), names=frozenset(names), below=frozenset(below))
