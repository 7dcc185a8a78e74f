"""Name constraints (RFC 5280 section 4.2.1.10): which names an authority may certify."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from tlsaudit.model.certificate import Certificate
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der, names, oids
from tlsaudit.pki.outline import outline

_WHERE = "nameConstraints"
_COMPARISONS_MAX = 100_000
_SUBJECT = 0xA4


@dataclass(frozen=True, slots=True)
class Subtrees:
    """The base names that are permitted and excluded, as GeneralName elements."""

    permitted: tuple[der.Element, ...]
    excluded: tuple[der.Element, ...]


def read_constraints(certificate: Certificate) -> tuple[Subtrees, ...]:
    """The name constraints of a certificate: none, or one for each such extension. Raises DecodeError."""
    if not certificate.has_name_constraints:
        return ()
    found = outline(certificate.der).extensions or ()
    return tuple(_subtrees(each.value) for each in found if each.oid == oids.NAME_CONSTRAINTS)


def names_of(certificate: Certificate) -> tuple[der.Element, ...]:
    """All names of a certificate that constraints speak of, as GeneralName elements. Raises DecodeError.

    They are its subject, its subjectAltName and, where that has no address, the e-mail addresses of the subject.
    """
    found: list[der.Element] = []
    for each in outline(certificate.der).extensions or ():
        if each.oid == oids.SUBJECT_ALT_NAME:
            found += names.general_names(each.value, "subjectAltName")
    subject = names.read_name(certificate.subject_der)
    if not any(names.kind_of(each) == "email" for each in found):
        found += [
            der.Element(0x81, each.value.content, each.value.content)
            for rdn in subject
            for each in rdn
            if each.oid == oids.EMAIL_ADDRESS
        ]
    if subject:
        found.append(der.Element(_SUBJECT, certificate.subject_der, certificate.subject_der))
    return tuple(found)


def violation(issuer: Certificate, certificate: Certificate) -> str | None:
    """What a certificate below `issuer` in a path violates of its name constraints, in one sentence; None: nothing."""
    try:
        constraints = read_constraints(issuer)
        if not constraints:
            return None
        presented = names_of(certificate)
    except DecodeError as error:
        return f"name constraints cannot be checked: {error}"
    if sum(len(each.permitted) + len(each.excluded) for each in constraints) * len(presented) > _COMPARISONS_MAX:
        return "name constraints cannot be checked: there are too many names"
    return next((found for each in constraints for found in _violations(each, presented)), None)


def _violations(subtrees: Subtrees, presented: tuple[der.Element, ...]) -> Iterator[str]:
    for name in presented:
        kind = names.kind_of(name)
        matches = _MATCHERS.get(kind)
        excluded = [base for base in subtrees.excluded if _same_form(base, name)]
        permitted = [base for base in subtrees.permitted if _same_form(base, name)]
        shown = f"{kind} name {names.shorten(names.general_name(name).value)!r}"
        if matches is None:
            if excluded or permitted:
                yield f"{shown} is of a form whose constraints are not understood"
            continue
        try:
            if any(matches(base.content, name.content, True) for base in excluded):
                yield f"{shown} is in an excluded subtree"
            elif permitted and not any(matches(base.content, name.content, False) for base in permitted):
                yield f"{shown} is in no permitted subtree"
        except (ValueError, DecodeError):
            yield f"{shown} cannot be compared with the constraints"


def _same_form(base: der.Element, name: der.Element) -> bool:
    return base.tag == name.tag


def _subtrees(value: bytes) -> Subtrees:
    members = der.members(der.single(value, _WHERE), _WHERE)
    permitted, excluded = members.take_if(der.context(0)), members.take_if(der.context(1))
    members.end()
    return Subtrees(_bases(permitted), _bases(excluded))


def _bases(subtrees: der.Element | None) -> tuple[der.Element, ...]:
    """The bases of GeneralSubtrees, whose minimum and maximum RFC 5280 leaves at their defaults."""
    found = []
    for each in der.elements(subtrees.content if subtrees else b"", _WHERE):
        subtree = der.members(der.expect(each, _WHERE, der.SEQUENCE), _WHERE)
        found.append(subtree.take())
        subtree.end()
    return tuple(found)


def _matches_dns(base: bytes, name: bytes, excluding: bool) -> bool:
    """A base holds itself and all below it; with a leading dot, as is common practice, only what is below."""
    host, constraint = _ascii(name).removesuffix("."), _ascii(base).removesuffix(".")
    if excluding and host.startswith("*."):
        # A wildcard is excluded as soon as one name that it stands for is.
        first, _, rest = constraint.removeprefix(".").partition(".")
        if first and rest == host[2:] and not constraint.startswith("."):
            return True
    return _is_within(host, constraint)


def _is_within(host: str, constraint: str) -> bool:
    if constraint.startswith("."):
        return host.endswith(constraint)
    return not constraint or host == constraint or host.endswith(f".{constraint}")


def _matches_host(base: str, host: str) -> bool:
    """For URIs and mailboxes: a base with a leading dot holds what is below it, any other one exactly itself."""
    return host.endswith(base) if base.startswith(".") else not base or host == base


def _matches_ip(base: bytes, name: bytes, _excluding: bool) -> bool:
    """A base is an address and a mask (RFC 4632); it says nothing of addresses of the other family."""
    half = len(base) // 2
    if len(base) not in (8, 32) or len(name) not in (4, 16):
        raise ValueError("no address")
    return half == len(name) and all(
        wanted & mask == octet & mask for wanted, mask, octet in zip(base[:half], base[half:], name, strict=True)
    )


def _matches_uri(base: bytes, name: bytes, _excluding: bool) -> bool:
    """Compares the host of a URI; one without a host name cannot be compared (RFC 5280 section 4.2.1.10)."""
    host = urlsplit(_ascii(name)).hostname
    if not host or host.replace(".", "").isdigit() or ":" in host:
        raise ValueError("no host name")
    return _matches_host(_ascii(base), host)


def _matches_email(base: bytes, name: bytes, _excluding: bool) -> bool:
    """A base is one mailbox, all mailboxes of a host, or, with a leading dot, of all hosts below a domain."""
    local, at, host = name.decode("ascii").rpartition("@")
    if not at:
        raise ValueError("no mailbox")
    constraint_local, constraint_at, constraint_host = base.decode("ascii").rpartition("@")
    if constraint_at:
        return local == constraint_local and host.lower() == constraint_host.lower()
    return _matches_host(constraint_host.lower(), host.lower())


def _matches_directory(base: bytes, name: bytes, _excluding: bool) -> bool:
    constraint = names.normalise(base)
    return names.normalise(name)[: len(constraint)] == constraint


def _ascii(name: bytes) -> str:
    return name.decode("ascii").lower()


_MATCHERS: Mapping[str, Callable[[bytes, bytes, bool], bool]] = MappingProxyType(
    {
        "dns": _matches_dns,
        "ip": _matches_ip,
        "uri": _matches_uri,
        "email": _matches_email,
        "directory": _matches_directory,
    }
)
