"""Name constraints (RFC 5280 section 4.2.1.10): which names an authority may certify."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from tlsaudit.model.certificate import Certificate
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der, names, oids
from tlsaudit.pki.outline import outline

COMPARISONS_MAX = 100_000
"""Comparisons of a name with a base that are made for one chain; a comparison takes less than a microsecond."""
_WHERE = "nameConstraints"
_TOO_MANY = "name constraints cannot be checked: there are too many names"
_SUBJECT = 0xA4

Base = TypeVar("Base")
Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class _Form(Generic[Base, Name]):
    """How one kind of GeneralName is compared: both sides are read once, and then matched as often as need be.

    The readers raise ValueError or DecodeError; `matches` gets base, name, and whether the base excludes.
    """

    read_base: Callable[[bytes], Base]
    read_name: Callable[[bytes], Name]
    matches: Callable[[Base, Name, bool], bool]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A GeneralName and what its form reads from it; None where it is broken or of no form that is understood."""

    element: der.Element
    value: Any


@dataclass(frozen=True, slots=True)
class _Subtrees:
    """The base names of one extension that are permitted and excluded, by tag."""

    permitted: Mapping[int, tuple[_Entry, ...]]
    excluded: Mapping[int, tuple[_Entry, ...]]


@dataclass(slots=True)
class NameConstraints:
    """The name constraints of one chain. What a certificate holds is read once, a pair of certificates compared once.

    Many paths lead through the same certificates, and a hostile chain has as many names as it has room for.
    """

    _comparisons_left: int = COMPARISONS_MAX
    _subtrees: dict[str, tuple[_Subtrees, ...]] = field(default_factory=dict)
    _names: dict[str, tuple[_Entry, ...]] = field(default_factory=dict)
    _verdicts: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def violation(self, issuer: Certificate, certificate: Certificate) -> str | None:
        """What a certificate below `issuer` violates of its name constraints, in one sentence; None: nothing."""
        if not issuer.has_name_constraints:
            return None
        pair = (issuer.sha256, certificate.sha256)
        if pair not in self._verdicts:
            self._verdicts[pair] = self._compare(issuer, certificate)
        return self._verdicts[pair]

    def _compare(self, issuer: Certificate, certificate: Certificate) -> str | None:
        try:
            if issuer.sha256 not in self._subtrees:
                self._subtrees[issuer.sha256] = tuple(_read_constraints(issuer))
            if certificate.sha256 not in self._names:
                self._names[certificate.sha256] = tuple(_names_of(certificate))
        except DecodeError as error:
            return f"name constraints cannot be checked: {error}"
        for subtrees in self._subtrees[issuer.sha256]:
            for name in self._names[certificate.sha256]:
                excluded = subtrees.excluded.get(name.element.tag, ())
                permitted = subtrees.permitted.get(name.element.tag, ())
                needed = len(excluded) + len(permitted)
                if needed > self._comparisons_left:
                    return _TOO_MANY
                self._comparisons_left -= needed
                problem = _problem(name, excluded, permitted)
                if problem is not None:
                    return f"{_shown(name)} {problem}"
        return None


def _problem(name: _Entry, excluded: tuple[_Entry, ...], permitted: tuple[_Entry, ...]) -> str | None:
    """Why the name is not allowed by the bases of its form; None: it is."""
    if not excluded and not permitted:
        return None
    form = _FORMS.get(names.kind_of(name.element))
    if form is None:
        return "is of a form whose constraints are not understood"
    if name.value is None or any(base.value is None for base in (*excluded, *permitted)):
        return "cannot be compared with the constraints"
    if any(form.matches(base.value, name.value, True) for base in excluded):
        return "is in an excluded subtree"
    if permitted and not any(form.matches(base.value, name.value, False) for base in permitted):
        return "is in no permitted subtree"
    return None


def _shown(name: _Entry) -> str:
    return f"{names.kind_of(name.element)} name {names.shorten(names.general_name(name.element).value)!r}"


def _read_constraints(certificate: Certificate) -> Iterator[_Subtrees]:
    """The constraints of each such extension. Raises DecodeError."""
    for each in outline(certificate.der).extensions or ():
        if each.oid == oids.NAME_CONSTRAINTS:
            members = der.members(der.single(each.value, _WHERE), _WHERE)
            permitted, excluded = members.take_if(der.context(0)), members.take_if(der.context(1))
            members.end()
            yield _Subtrees(_bases(permitted), _bases(excluded))


def _bases(subtrees: der.Element | None) -> Mapping[int, tuple[_Entry, ...]]:
    """The bases of GeneralSubtrees, whose minimum and maximum RFC 5280 leaves at their defaults."""
    by_tag: dict[int, list[_Entry]] = {}
    for each in der.elements(subtrees.content if subtrees else b"", _WHERE):
        subtree = der.members(der.expect(each, _WHERE, der.SEQUENCE), _WHERE)
        base = subtree.take()
        subtree.end()
        form = _FORMS.get(names.kind_of(base))
        by_tag.setdefault(base.tag, []).append(_Entry(base, form and _value(form.read_base, base)))
    return {tag: tuple(bases) for tag, bases in by_tag.items()}


def _names_of(certificate: Certificate) -> Iterator[_Entry]:
    """All names of a certificate that constraints speak of. Raises DecodeError."""
    for name in _general_names(certificate):
        form = _FORMS.get(names.kind_of(name))
        yield _Entry(name, form and _value(form.read_name, name))


def _general_names(certificate: Certificate) -> Iterable[der.Element]:
    """The subject, subjectAltName and, where that has no mailbox, the e-mail addresses of the subject."""
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
    return found


def _value(read: Callable[[bytes], Any], element: der.Element) -> Any:
    try:
        return read(element.content)
    except (ValueError, DecodeError):
        return None


def _ascii(name: bytes) -> str:
    return name.decode("ascii").lower()


def _read_dns(name: bytes) -> str:
    return _ascii(name).removesuffix(".")


def _matches_dns(base: str, host: str, excluding: bool) -> bool:
    """A base holds itself and all below it; with a leading dot, as is common practice, only what is below."""
    if excluding and host.startswith("*."):
        # A wildcard is excluded as soon as one name that it stands for is.
        first, _, rest = base.removeprefix(".").partition(".")
        if first and rest == host[2:] and not base.startswith("."):
            return True
    if base.startswith("."):
        return host.endswith(base)
    return not base or host == base or host.endswith(f".{base}")


def _read_network(base: bytes) -> tuple[bytes, bytes]:
    """An address and a mask (RFC 4632)."""
    if len(base) not in (8, 32):
        raise ValueError("no network")
    half = len(base) // 2
    return base[:half], base[half:]


def _read_address(name: bytes) -> bytes:
    if len(name) not in (4, 16):
        raise ValueError("no address")
    return name


def _matches_ip(base: tuple[bytes, bytes], name: bytes, _excluding: bool) -> bool:
    """A base says nothing of addresses of the other family."""
    network, masks = base
    return len(network) == len(name) and all(
        wanted & mask == octet & mask for wanted, mask, octet in zip(network, masks, name, strict=True)
    )


def _read_uri(name: bytes) -> str:
    """The host of a URI; one without a host name cannot be compared (RFC 5280 section 4.2.1.10)."""
    host = urlsplit(_ascii(name)).hostname
    if not host or host.replace(".", "").isdigit() or ":" in host:
        raise ValueError("no host name")
    return host


def _matches_uri(base: str, host: str, _excluding: bool) -> bool:
    return _matches_host(base, host)


def _matches_host(base: str, host: str) -> bool:
    """For URIs and mailboxes: a base with a leading dot holds what is below it, any other one exactly itself."""
    return host.endswith(base) if base.startswith(".") else not base or host == base


def _read_email_base(base: bytes) -> tuple[str | None, str]:
    """One mailbox, all mailboxes of a host (the local part is None) or, with a leading dot, of all hosts below it."""
    local, at, host = base.decode("ascii").rpartition("@")
    return local if at else None, host.lower()


def _read_email(name: bytes) -> tuple[str, str]:
    local, host = _read_email_base(name)
    if local is None:
        raise ValueError("no mailbox")
    return local, host


def _matches_email(base: tuple[str | None, str], name: tuple[str, str], _excluding: bool) -> bool:
    local, host = base
    return _matches_host(host, name[1]) if local is None else (local, host) == name


def _matches_directory(base: names.NormalisedName, name: names.NormalisedName, _excluding: bool) -> bool:
    return name[: len(base)] == base


_FORMS: Mapping[str, _Form[Any, Any]] = MappingProxyType(
    {
        "dns": _Form(_read_dns, _read_dns, _matches_dns),
        "ip": _Form(_read_network, _read_address, _matches_ip),
        "uri": _Form(_ascii, _read_uri, _matches_uri),
        "email": _Form(_read_email_base, _read_email, _matches_email),
        "directory": _Form(names.normalise, names.normalise, _matches_directory),
    }
)
