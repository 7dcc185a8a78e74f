"""Private keys that lie in a repository, where everyone who can read it has them, for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tlsaudit.config.found import Context, Found, Unparsable
from tlsaudit.config.pem import public_part, read_certificates
from tlsaudit.config.tree import Tree
from tlsaudit.model.configuration import Said, Setup
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.facts import Endpoint, Facts
from tlsaudit.model.knowledge import Basis, Known, Origin

_KEY = re.compile(
    rb"^[ \t\"']*-----BEGIN (?:RSA |EC |DSA )?PRIVATE KEY-----\s+(?![^-]*ENCRYPTED)[A-Za-z0-9+/=\s]{40,}-----END ",
    re.MULTILINE,
)
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


def holds_key(content: bytes) -> bool:
    """Whether there is a private key in PEM that no passphrase protects."""
    return b"PRIVATE KEY-----" in content and _KEY.search(content) is not None


def read(tree: Tree, paths: Sequence[Path], _context: Context) -> Iterator[Found | Unparsable]:
    """A subject for each file with a private key in it; whether it is that of a certificate in the tree."""
    served = _certified(tree)
    for path in paths:
        try:
            content = tree.read(path)
        except DecodeError:
            continue
        found = _KEY.search(content)
        if found is None:
            continue
        shown, line = tree.shown(path), content.count(b"\n", 0, found.start()) + 1
        public = public_part(content)
        certificate = served.get(public) if public is not None else None
        basis = Basis(Origin.EXPLICIT, f"{shown}:{line}")
        whose = f", which belongs to the certificate {certificate}" if certificate is not None else ""
        yield Found(
            kind="certificate",
            id=f"{shown}#key",
            name=shown,
            file=shown,
            line=line,
            facts=Facts(
                endpoint=Endpoint(host=shown, port=0),
                setup=Setup(
                    private_key=Known(Said(f"a private key without a passphrase{whose}", basis), basis),
                    key_is_certified=Known(certificate is not None, basis),
                ),
            ),
        )


def _certified(tree: Tree) -> dict[str, str]:
    """The files of the tree that hold certificates, by the hash of each leaf's public key."""
    found: dict[str, str] = {}
    for path in tree.files():
        try:
            content = tree.read(path)
        except DecodeError:
            continue
        if _CERTIFICATE in content:
            for each in read_certificates(content).certificates:
                found.setdefault(each.spki_sha256, tree.shown(path))
    return found
