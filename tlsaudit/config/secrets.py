"""Private keys: in a repository, where everyone who can read it has them for ever, or on the machine that uses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tlsaudit.config.found import Context, Found, Unparsable
from tlsaudit.config.keys import find_key
from tlsaudit.config.pem import read_certificates
from tlsaudit.config.recognise import LOOK_AT
from tlsaudit.config.tree import Tree
from tlsaudit.model.configuration import Said, Setup
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.facts import Endpoint, Facts
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Known, Origin

_NOT_THE_OWNER = 0o077
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


def read_start(tree: Tree, path: Path) -> bytes:
    """What is in a file, of a long one what it is recognised by. Raises DecodeError where it cannot be read."""
    try:
        return tree.look_at(path)
    except DecodeError as error:
        if not error.problem.startswith("larger"):
            raise
        return tree.head(path, LOOK_AT)


def read(tree: Tree, paths: Sequence[Path], _context: Context) -> Iterator[Found | Unparsable]:
    """A subject for each file with a private key in it: where it lies, who can read it, and whose key it is."""
    served = _certified(tree)
    for path in paths:
        try:
            content = read_start(tree, path)
            mode = tree.mode(path)
        except DecodeError as error:
            yield Unparsable(file=tree.shown(path), line=1, code="unreadable", message=error.problem)
            continue
        found = find_key(content)
        if found is None or found.locked:
            continue
        shown, line = tree.shown(path), found.line
        certificate = served.get(found.spki_sha256) if found.spki_sha256 is not None else None
        is_authority = certificate is not None and certificate.is_authority
        if not (tree.is_repository or is_authority or mode & _NOT_THE_OWNER):
            continue  # a key where it belongs
        basis = Basis(Origin.EXPLICIT, f"{shown}:{line}")
        yield Found(
            kind="certificate",
            id=f"{shown}#key",
            name=shown,
            file=shown,
            line=line,
            facts=Facts(
                endpoint=Endpoint(host=shown, port=0),
                setup=_setup(tree, certificate, mode, basis),
            ),
        )


def _setup(tree: Tree, certificate: _Certified | None, mode: int, basis: Basis) -> Setup:
    """In a repository a key is there for all who have a copy; elsewhere it counts who may open the file."""
    whose = f", which belongs to the certificate {certificate.file}" if certificate is not None else ""
    authority: Said | None = None
    if certificate is not None and certificate.is_authority:
        authority = Said(f"the private key of the authority {certificate.subject}, whose certificate is here", basis)
    shared = tree.is_repository
    return Setup(
        private_key=Known(Said(f"a private key without a passphrase{whose}", basis), basis) if shared else NOT_ASKED,
        key_is_certified=Known(certificate is not None, basis),
        key_mode=NOT_ASKED if shared else Known(mode, basis),
        authority_key=Known(authority, basis),
    )


@dataclass(frozen=True, slots=True)
class _Certified:
    """A certificate in the tree: its file, and whether it is there to issue others."""

    file: str
    subject: str
    is_authority: bool


def _certified(tree: Tree) -> dict[str, _Certified]:
    """The certificates of the tree by the hash of their public keys."""
    found: dict[str, _Certified] = {}
    for path in tree.files():
        try:
            content = read_start(tree, path)
        except DecodeError:
            continue
        if _CERTIFICATE in content:
            for each in read_certificates(content).certificates:
                # What names hosts is served, whatever else it may do: openssl req -x509 makes such ones.
                issues = each.is_ca is True and not any(name.kind == "dns" for name in each.san or ())
                found.setdefault(each.spki_sha256, _Certified(tree.shown(path), each.subject, issues))
    return found
