"""Diffie-Hellman moduli that many servers share, by name."""

from __future__ import annotations

import re
from typing import Any

from cryptography.hazmat.primitives.serialization import load_der_parameters

from tools.data.snapshots import SourceError, cryptodatahub

_PRODUCTS = {
    "POSTFIX": "Postfix",
    "HAPROXY": "HAProxy",
    "PROFTPD": "ProFTPD",
    "NGINX": "nginx",
    "APACHE": "Apache httpd",
    "SOCAT": "socat",
}


def primes() -> list[dict[str, Any]]:
    """One record a modulus; where several products share it, the oldest name stands."""
    table: dict[int, dict[str, Any]] = {}
    for key, entry in cryptodatahub("common/dhparam-well-known.json").items():
        modulus = _modulus(key, entry)
        name, reference = _name(key, modulus.bit_length())
        record = {
            "name": name,
            "reference": reference,
            "standard": reference in {"RFC 3526", "RFC 7919"},
            "p": f"{modulus:X}",
        }
        table.setdefault(modulus, record)
    return list(table.values())


def _modulus(key: str, entry: dict[str, Any]) -> int:
    """The modulus; for some Postfix versions the source holds the whole DHParameter structure in its place."""
    octets = bytes.fromhex(re.sub(r"0x|[\s:,]", "", ",".join(entry["parameter_numbers"]["p"])))
    modulus = int.from_bytes(octets, "big")
    if modulus.bit_length() != entry["field_size"]:
        modulus = load_der_parameters(octets).parameter_numbers().p
    if modulus.bit_length() != entry["field_size"]:
        raise SourceError(f"{key} has {modulus.bit_length()} bits, not {entry['field_size']}")
    return modulus


def _name(key: str, bits: int) -> tuple[str, str]:
    rfc = re.match(r"RFC(\d+)_(\d+)_BIT", key)
    if rfc is None:
        product = re.match(r"APPLICATION_SERVER_([A-Z]+)_VERSION_(\w+)_BIT", key)
        if product is None:
            raise SourceError(f"a Diffie-Hellman prime of unknown kind: {key}")
        name = _PRODUCTS[product[1]]
        return f"{name} {product[2].replace('_', '.')} built-in {bits}-bit", name
    document, stated = rfc.groups()
    if int(stated) != bits:
        raise SourceError(f"{key} has {bits} bits")
    if document == "5114":
        subgroup = re.search(r"_WITH_(\d+)_BIT", key)
        return f"modp{bits} with {subgroup[1] if subgroup else '?'}-bit subgroup", "RFC 5114"
    if document == "7919":
        return f"ffdhe{bits}", "RFC 7919"
    return f"modp{bits}", "RFC 2409" if document == "2539" else f"RFC {document}"
