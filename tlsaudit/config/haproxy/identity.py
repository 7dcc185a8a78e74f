"""Who a bind line is: its certificates by the names that they are for, their keys, and whom it lets in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from tlsaudit.config.certificates import deployment
from tlsaudit.config.client_ca import holds_public_root, is_public_bundle
from tlsaudit.config.found import Anchors
from tlsaudit.config.haproxy.entries import Entry, read_entry
from tlsaudit.config.haproxy.files import Files
from tlsaudit.config.haproxy.options import Option, Options
from tlsaudit.config.pem import Bundle, public_part, read_certificates, read_dh
from tlsaudit.config.terms import ClientTerms
from tlsaudit.model.certificate import Certificate, CertificateDeployment
from tlsaudit.model.configuration import Said
from tlsaudit.model.facts import ClientAuthMode, DhParameters, Layer
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

_SYSTEM = "@system-ca"
_MODES = {
    "none": ClientAuthMode.NONE,
    "optional": ClientAuthMode.OPTIONAL,
    "required": ClientAuthMode.REQUIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """An entry and what is in its file; `key` is the hash of the public half of its private key."""

    entry: Entry
    bundle: Bundle | Unknown
    key: str | Unknown | None
    dh: DhParameters | None

    @property
    def leaf(self) -> Certificate | None:
        """The certificate, where it can be read."""
        return None if isinstance(self.bundle, Unknown) else next(iter(self.bundle.certificates), None)


@dataclass(slots=True)
class Group:
    """Certificates for the same names, of which a client gets one; `options` are those of their crt-list lines."""

    names: tuple[str, ...]
    options: Options
    members: list[Loaded]

    @property
    def served(self) -> tuple[str, ...]:
        """The names that clients get it for: the filters, or without any those in the certificate."""
        first = next(iter(self.members), None)
        return self.names if first is None or first.entry.filtered else names_of(first)

    @property
    def excluded(self) -> tuple[str, ...]:
        """Names that its wildcards are not for."""
        return self.members[0].entry.excluded if self.members else ()

    @property
    def is_fallback(self) -> bool:
        """Whether it is for all names that no other one has, by its filter."""
        return bool(self.members) and self.members[0].entry.default


def load(files: Files, entry: Entry) -> Loaded:
    """Read a certificate with its key, which stands in the same file, beside it in `.key`, or where a store says."""
    content = read_entry(files, entry)
    if isinstance(content, Unknown):
        return Loaded(entry=entry, bundle=content, key=content, dh=None)
    key: str | Unknown | None = public_part(content)
    if key is None:
        beside = files.content(entry.key or _beside(files, entry.crt), entry.base)
        key = beside if isinstance(beside, Unknown) else public_part(beside)
    bundle = read_certificates(content)
    return Loaded(entry=entry, bundle=bundle, key=key, dh=read_dh(content) if b"DH PARAMETERS" in content else None)


def _beside(files: Files, crt: str) -> str:
    """The name of the key's file: `site.pem.key`, or `site.key` with ssl-load-extra-del-ext."""
    shortened = isinstance(files.globals.last("ssl-load-extra-del-ext"), Option)
    return str(PurePosixPath(crt).with_suffix(".key")) if shortened and PurePosixPath(crt).name else f"{crt}.key"


def grouped(loaded: Sequence[Loaded]) -> list[Group]:
    """The certificates by what clients ask for, in their order: the first group is also for all other names."""
    groups: dict[object, Group] = {}
    for each in loaded:
        entry = each.entry
        if entry.filtered or entry.options.items:
            filters = (entry.names, entry.excluded, entry.filtered, entry.default)
            key: object = (filters, tuple((option.name, option.value) for option in entry.options.items))
        else:
            key = frozenset(names_of(each))
        groups.setdefault(key, Group(entry.names, entry.options, [])).members.append(each)
    return list(groups.values())


def names_of(loaded: Loaded) -> tuple[str, ...]:
    """The names in a certificate."""
    if isinstance(loaded.bundle, Unknown) or not loaded.bundle.certificates:
        return ()
    leaf = loaded.bundle.certificates[0]
    return tuple(each.value for each in leaf.san or () if each.kind == "dns") or leaf.common_names


def deployments_of(
    group: Group, unknown: Unknown | None, versions: Sequence[ProtocolVersion], anchors: Anchors, *, completed: bool
) -> Fact[tuple[CertificateDeployment, ...]]:
    """The chains as they will be sent. `completed`: issuers-chain-path adds what is missing in them."""
    found: list[CertificateDeployment] = []
    for each in group.members:
        if isinstance(each.bundle, Unknown):
            return each.bundle
        made = deployment(
            each.bundle,
            each.entry.basis,
            names=concrete(group.names),
            versions=versions,
            staple=NOT_ASKED,
            anchors=anchors,
        )
        if completed and len(made.chain) == 1:
            made = replace(made, analysis=Unknown(Why.NOT_ASKED, "issuers-chain-path may complete the chain"))
        found.append(made)
    if not found:
        return unknown or Unknown(Why.UNSUPPORTED, "no certificate is configured, so that HAProxy does not start")
    return Known(tuple(found), group.members[0].entry.basis)


def keys_of(group: Group) -> frozenset[str] | None:
    """The types of the certificates' keys; None where one is not known."""
    types: set[str] = set()
    for each in group.members:
        if isinstance(each.bundle, Unknown) or not each.bundle.certificates:
            return None
        types.add(each.bundle.certificates[0].key.type)
    return frozenset(types) or None


def mismatches_of(group: Group) -> Fact[tuple[Said, ...]]:
    """Private keys that do not belong to the certificate that they are used with."""
    found: list[Said] = []
    unknown: Unknown | None = None
    for each in group.members:
        if isinstance(each.bundle, Unknown) or isinstance(each.key, Unknown):
            unknown = (
                each.bundle if isinstance(each.bundle, Unknown) else each.key if isinstance(each.key, Unknown) else None
            )
        elif each.key is None or not each.bundle.certificates:
            unknown = Unknown(
                Why.UNSUPPORTED, f"the private key of {each.entry.crt[:200]!r} is locked or cannot be read"
            )
        elif each.key != each.bundle.certificates[0].spki_sha256:
            what = f"the private key does not belong to the certificate in {each.entry.crt[:200]!r}"
            found.append(Said(what, each.entry.basis))
    if (unknown is not None and not found) or not group.members:
        return unknown or NOT_ASKED
    return Known(tuple(found), group.members[0].entry.basis)


def concrete(names: Sequence[str]) -> tuple[str, ...]:
    """Names that clients ask for; one below it stands for a wildcard."""
    return tuple(f"any{each[1:]}" if each.startswith("*.") else each for each in names if each != "*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """Client authentication, and what a file says of its CAs."""

    terms: ClientTerms
    ca_is_public: Fact[bool]
    revocation: Fact[bool]
    ignored: Fact[tuple[Said, ...]]


def clients_of(files: Files, options: Options, anchors: Anchors, place: Basis) -> Clients:
    """What `verify` and its companions ask for."""
    verify = options.last("verify")
    if isinstance(verify, Unknown):
        return Clients(terms=ClientTerms(mode=verify), ca_is_public=verify, revocation=verify, ignored=verify)
    mode = _MODES.get(verify.value) if verify is not None else ClientAuthMode.NONE
    basis = verify.basis if verify is not None else place
    if mode is None:
        wrong = Unknown(Why.UNSUPPORTED, f"verify {verify.value[:60] if verify else ''!r} ({basis.at})")
        return Clients(terms=ClientTerms(mode=wrong), ca_is_public=wrong, revocation=wrong, ignored=wrong)
    if mode is ClientAuthMode.NONE:
        none = ClientTerms(mode=Known(mode, basis))
        return Clients(terms=none, ca_is_public=NOT_ASKED, revocation=NOT_ASKED, ignored=NOT_ASKED)
    crl = options.last("crl-file")
    return Clients(
        terms=ClientTerms(
            mode=Known(mode, basis),
            verifies=_verifies(options, basis),
            enforced_by=Layer.TLS if mode is ClientAuthMode.REQUIRED else None,
            ca_names=_ca_names(files, options),
        ),
        ca_is_public=_ca_is_public(files, options, anchors),
        revocation=crl if isinstance(crl, Unknown) else Known(crl is not None, crl.basis if crl else basis),
        ignored=_ignored(options, basis),
    )


def _verifies(options: Options, basis: Basis) -> Fact[bool]:
    """Not at all where every error is ignored."""
    for name in ("ca-ignore-err", "crt-ignore-err"):
        found = options.last(name)
        if isinstance(found, Unknown):
            return found
        if found is not None and found.value == "all":
            return Known(False, found.basis)
    return Known(True, basis)


def _ignored(options: Options, basis: Basis) -> Fact[tuple[Said, ...]]:
    found: list[Said] = []
    for name in ("ca-ignore-err", "crt-ignore-err"):
        option = options.last(name)
        if isinstance(option, Unknown):
            return option
        if option is not None:
            found.append(Said(f"{name} {option.value[:100]}", option.basis))
    return Known(tuple(found), basis)


def _ca_names(files: Files, options: Options) -> tuple[str, ...]:
    ca = options.last("ca-file")
    if not isinstance(ca, Option) or any(options.all("no-ca-names")):
        return ()
    content = files.content(ca.value, "ca-base")
    if isinstance(content, Unknown):
        return ()
    return tuple(dict.fromkeys(each.subject for each in read_certificates(content).certificates))


def _ca_is_public(files: Files, options: Options, anchors: Anchors) -> Fact[bool]:
    """A CA file is public where it is the machine's, or holds a root of Mozilla's store."""
    unknown: Unknown | None = None
    basis: Basis | None = None
    for name in ("ca-file", "ca-verify-file"):
        option = options.last(name)
        if isinstance(option, Unknown):
            unknown = option
        elif option is not None:
            basis = option.basis
            if option.value.startswith(_SYSTEM) or is_public_bundle(option.value):
                return Known(True, basis)
            content = files.content(option.value, "ca-base")
            if isinstance(content, Unknown):
                unknown = content
            elif holds_public_root(content, anchors):
                return Known(True, basis)
    if unknown is not None or basis is None:
        return unknown or Unknown(Why.NOT_ASKED, "no CA file is configured here")
    return Known(False, basis)
