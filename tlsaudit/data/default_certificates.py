"""Certificates that products generate or ship until someone installs a real one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tlsaudit.data.table import table


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultCertificate:
    """A sign of a default certificate: a value of one attribute of its subject or issuer, whole or its beginning."""

    product: str
    where: str
    attribute: str
    match: str
    text: str
    reference: str

    def found_in(self, name: str) -> bool:
        """Whether the distinguished name `name` (RFC 4514) bears the sign."""
        end = "(?=[,+]|$)" if self.match == "exact" else ""
        escaped = re.escape(re.sub(r'([,+"\\<>;])', r"\\\1", self.text))
        return re.search(f"(?:^|[,+])\\s*{self.attribute}={escaped}{end}", name) is not None


_TABLE = table("default_certificates.json")
DEFAULT_CERTIFICATES = tuple(DefaultCertificate(**entry) for entry in _TABLE["certificates"])
_FINGERPRINTS = {entry["sha256"]: str(entry["product"]) for entry in _TABLE["fingerprints"]}


def find_default_certificate(*, subject: str, issuer: str, sha256: str) -> str | None:
    """The product whose default certificate this is, or None.

    `subject` and `issuer` are distinguished names as RFC 4514 strings, `sha256` is in lower-case hexadecimal.
    """
    names = {"subject": subject, "issuer": issuer}
    signs = (default.product for default in DEFAULT_CERTIFICATES if default.found_in(names[default.where]))
    return _FINGERPRINTS.get(sha256) or next(signs, None)
