"""How rules cite: one short function for each document that they stand on.

`verified=False` marks a clause that was cited from memory; it is still to be checked against the text.
"""

from __future__ import annotations

from tlsaudit.model.result import Source


def rfc(number: int, section: str = "", *, verified: bool = True) -> Source:
    """An RFC, or one section of it ("4.2.1.6", "appendix A")."""
    place = f" section {section}" if section[:1].isdigit() else f" {section}" if section else ""
    return Source(f"RFC {number}{place}", verified=verified)


def baseline(section: str, *, verified: bool = True) -> Source:
    """A section of the CA/Browser Forum's Baseline Requirements for TLS server certificates, edition 2.2.6."""
    return Source(f"CA/B Forum TLS Baseline Requirements 2.2.6 section {section}", verified=verified)


def cheat_sheet(heading: str) -> Source:
    """A part of OWASP's Transport Layer Security Cheat Sheet, by its heading."""
    return Source(f'OWASP TLS Cheat Sheet, "{heading}"')


def asvs(clause: str) -> Source:
    """A requirement of OWASP's Application Security Verification Standard 5.0."""
    return Source(f"OWASP ASVS 5.0 {clause}")


def asvs4(clause: str) -> Source:
    """A requirement of OWASP's Application Security Verification Standard 4.0.3."""
    return Source(f"OWASP ASVS 4.0.3 {clause}")


def wstg(part: str = "") -> Source:
    """OWASP's Web Security Testing Guide on weak transport layer security."""
    return Source("OWASP WSTG-CRYP-01" + (f', "{part}"' if part else ""))


def pci(clause: str, *, verified: bool = True) -> Source:
    """A requirement of PCI DSS 4.0.1."""
    return Source(f"PCI DSS 4.0.1 {clause}", verified=verified)


def zlint(lint: str) -> Source:
    """A lint of zmap/zlint, which names the clause that it checks."""
    return Source(f"zlint {lint}")


def obsolete_kex(section: str) -> Source:
    """A section of the draft that deprecates static and finite-field key exchange at TLS 1.2."""
    return Source(f"draft-ietf-tls-deprecate-obsolete-kex section {section}")


STRONG_CIPHERS = cheat_sheet("Only Support Strong Ciphers")
DH_GROUPS = cheat_sheet("Set the appropriate Diffie-Hellman groups")
