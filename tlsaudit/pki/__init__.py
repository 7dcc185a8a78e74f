"""Certificates without opinion: bytes become facts. No sockets, no files, no clock."""

from tlsaudit.pki.certificate import parse_certificate
from tlsaudit.pki.chain import analyse_chain
from tlsaudit.pki.dh import inspect_dh
from tlsaudit.pki.identity import match_name
from tlsaudit.pki.names import format_name, normalise
from tlsaudit.pki.ocsp import parse_staple
from tlsaudit.pki.signatures import verify_signature
from tlsaudit.pki.store import TrustStore

__all__ = [
    "TrustStore",
    "analyse_chain",
    "format_name",
    "inspect_dh",
    "match_name",
    "normalise",
    "parse_certificate",
    "parse_staple",
    "verify_signature",
]
