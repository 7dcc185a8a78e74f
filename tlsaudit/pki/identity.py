"""Matches the name that a client meant against the names that a certificate presents (RFC 9525 section 6)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from tlsaudit.model.certificate import Certificate, GeneralName, NameMatch
from tlsaudit.model.spiffe import is_spiffe, parse
from tlsaudit.pki.names import format_address, shorten

_SHOWN_MAX = 3


def match_name(reference: str, certificate: Certificate) -> NameMatch:
    """Match a DNS name (A-labels), an IP address or a SPIFFE ID against subjectAltName; the common name never counts.

    One trailing dot is taken off the reference, never off the certificate. Addresses match by their octets, so that
    ::ffff:192.0.2.1 is not 192.0.2.1 (RFC 9525 section 6.4).
    """
    if certificate.san is None:
        return NameMatch(reference, matches=False, matched=None, reason="the certificate has no subjectAltName")
    address = _address(reference)
    if is_spiffe(reference):
        entries = [each for each in certificate.san if each.kind == "uri"]
        matched = next((each.value for each in entries if _matches_workload(reference, each.value)), None)
        kind = "uniformResourceIdentifier"
    elif address is not None:
        entries = [each for each in certificate.san if each.kind == "ip"]
        wanted = format_address(address)
        matched = next((each.value for each in entries if each.value == wanted), None)
        kind = "iPAddress"
    else:
        entries = [each for each in certificate.san if each.kind == "dns"]
        host = reference.removesuffix(".")
        matched = next((each.value for each in entries if _matches_dns(host, each.value)), None)
        kind = "dNSName"
    if matched is not None:
        return NameMatch(reference, matches=True, matched=matched, reason=f"the {kind} {shorten(matched)} matches")
    return NameMatch(reference, matches=False, matched=None, reason=_mismatch(kind, entries))


def _address(reference: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(reference.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _matches_dns(reference: str, presented: str) -> bool:
    """Compare whole names; "*" as the complete left-most label stands for exactly one label (section 6.3)."""
    if not reference or not reference.isascii() or not presented.isascii() or "*" in reference:
        return False
    wanted, offered = reference.lower(), presented.lower()
    if not offered.startswith("*."):
        return wanted == offered and "*" not in offered
    label, dot, parent = wanted.partition(".")
    suffix = offered[2:]
    return bool(label and dot and suffix) and parent == suffix and "*" not in suffix


def _matches_workload(reference: str, presented: str) -> bool:
    """The same SPIFFE ID; a reference without a path stands for every ID of its trust domain."""
    wanted, offered = parse(reference), parse(presented)
    return wanted is not None and offered is not None and wanted.covers(offered)


def _mismatch(kind: str, entries: Iterable[GeneralName]) -> str:
    values = list(dict.fromkeys(each.value for each in entries))
    if not values:
        return f"the certificate has no {kind}"
    shown = ", ".join(ascii(shorten(each))[1:-1] for each in values[:_SHOWN_MAX])
    more = f" and {len(values) - _SHOWN_MAX} more" if len(values) > _SHOWN_MAX else ""
    return f"no {kind} matches; the certificate is for {shown}{more}"
