"""Certificates without opinion: bytes become facts. No sockets, no files, no clock."""

from tlsaudit.pki.certificate import parse_certificate
from tlsaudit.pki.chain import analyse_chain
from tlsaudit.pki.crl import Crl, parse_crl, read_crl_file, status_in
from tlsaudit.pki.dh import inspect_dh
from tlsaudit.pki.identity import match_name
from tlsaudit.pki.issuers import issued
from tlsaudit.pki.names import format_name, normalise
from tlsaudit.pki.ocsp import ocsp_request, parse_staple
from tlsaudit.pki.scts import Entry, checked, delivered
from tlsaudit.pki.signatures import verify_signature
from tlsaudit.pki.store import TrustStore

__all__ = [
    "Crl",
    "Entry",
    "TrustStore",
    "analyse_chain",
    "checked",
    "delivered",
    "format_name",
    "inspect_dh",
    "issued",
    "match_name",
    "normalise",
    "ocsp_request",
    "parse_certificate",
    "parse_crl",
    "parse_staple",
    "read_crl_file",
    "status_in",
    "verify_signature",
]
