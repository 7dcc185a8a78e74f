"""Certificates, keys and the CAs of client verification that a server block names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tlsaudit.config.certificates import deployment, unread_deployment
from tlsaudit.config.client_ca import holds_public_root, is_public_bundle
from tlsaudit.config.commands import CERTIFICATES, VERIFICATION, replaced
from tlsaudit.config.nginx.commands import commands_of
from tlsaudit.config.nginx.guards import FAILED, NONE, requires
from tlsaudit.config.nginx.reading import Reading, read_flag, settled
from tlsaudit.config.nginx.refusals import UNVERIFIED, WITHOUT, undone
from tlsaudit.config.nginx.scope import Scope, Setting
from tlsaudit.config.pem import public_part, read_certificates
from tlsaudit.config.terms import ClientTerms
from tlsaudit.model.certificate import CertificateDeployment, Staple
from tlsaudit.model.configuration import Said
from tlsaudit.model.facts import ClientAuthMode, Layer
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

_MODES = {
    "on": ClientAuthMode.REQUIRED,
    "off": ClientAuthMode.NONE,
    "optional": ClientAuthMode.OPTIONAL,
    "optional_no_ca": ClientAuthMode.OPTIONAL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The certificates of a listener, the types of their keys (None: not known), and keys that fit none of them."""

    deployments: Fact[tuple[CertificateDeployment, ...]]
    keys: frozenset[str] | None
    mismatches: Fact[tuple[Said, ...]]


def identity_of(
    reading: Reading,
    scope: Scope,
    first: Scope,
    *,
    names: Sequence[str],
    versions: Sequence[ProtocolVersion],
    stapling: Fact[bool],
) -> Identity:
    """What ssl_certificate and ssl_certificate_key name, as far as the tree has it.

    `first` is the default server of the socket, of which the certificate is served where a server has none.
    """
    setting = scope.setting("ssl_certificate")
    if setting is None:
        scope, setting = first, first.setting("ssl_certificate")
    other = replaced(commands_of(scope), CERTIFICATES, "the certificate is")
    if other is not None:
        return Identity(deployments=other, keys=None, mismatches=other)
    if isinstance(setting, Unknown):
        return Identity(deployments=setting, keys=None, mismatches=setting)
    if setting is None:
        none = _missing(reading, "ssl_certificate")
        return Identity(deployments=none, keys=None, mismatches=none)
    staple: Fact[Staple | None] = NOT_ASKED
    if isinstance(stapling, Known) and not stapling.value:
        staple = Known(None, stapling.basis)
    found: list[CertificateDeployment] = []
    unknown: list[Unknown] = []
    for each in setting.directives:
        basis = Basis(setting.origin, each.at)
        content = reading.content(each.args[0]) if each.args else Unknown(Why.UNSUPPORTED, each.at)
        if isinstance(content, Unknown):
            unknown.append(content)
            found.append(unread_deployment(content, basis, versions))
            continue
        bundle = read_certificates(content)
        found.append(deployment(bundle, basis, names=names, versions=versions, staple=staple, anchors=reading.anchors))
    types = [each.leaf.value.key.type for each in found if isinstance(each.leaf, Known)]
    deployments: Fact[tuple[CertificateDeployment, ...]] = Known(tuple(found), setting.basis)
    if len(unknown) == len(found):
        deployments = unknown[0]
    return Identity(
        deployments=deployments,
        keys=frozenset(types) if len(types) == len(found) else None,
        mismatches=_mismatches(reading, scope, found),
    )


def _missing(reading: Reading, name: str) -> Unknown:
    """What nobody sets here: of a main file that is all there is, and nginx refuses it."""
    if reading.whole:
        return Unknown(Why.UNSUPPORTED, f"{name} is set nowhere, so that nginx does not start")
    return Unknown(Why.NOT_ASKED, f"{name} is left to what includes this file, which is not here")


def _mismatches(reading: Reading, scope: Scope, deployments: Sequence[CertificateDeployment]) -> Fact[tuple[Said, ...]]:
    setting = scope.setting("ssl_certificate_key")
    if not isinstance(setting, Setting):
        return setting or _missing(reading, "ssl_certificate_key")
    fails: list[Said] = []
    unknown: Unknown | None = None
    for each, key in zip(deployments, setting.directives, strict=False):
        content = reading.content(key.args[0]) if key.args else Unknown(Why.UNSUPPORTED, key.at)
        public = None if isinstance(content, Unknown) else public_part(content)
        if isinstance(content, Unknown) or not isinstance(each.leaf, Known):
            unknown = content if isinstance(content, Unknown) else NOT_ASKED
        elif public is None:
            unknown = Unknown(Why.UNSUPPORTED, f"the private key at {key.at} is locked or cannot be read")
        elif public != each.leaf.value.spki_sha256:
            what = f"the key {key.args[0][:200]!r} does not belong to the certificate at {each.basis.at}"
            fails.append(Said(what, Basis(setting.origin, key.at)))
    if unknown is not None and not fails:
        return unknown
    return Known(tuple(fails), setting.basis)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """Client authentication, and what a file says of its CAs."""

    terms: ClientTerms
    ca_is_public: Fact[bool]
    revocation: Fact[bool]
    ignored: Fact[tuple[Said, ...]] = NOT_ASKED


def clients_of(reading: Reading, scope: Scope, module: str, place: Basis) -> Clients:
    """What ssl_verify_client and its companions ask for, and commands for OpenSSL in their place."""
    commands = commands_of(scope)
    other = replaced(commands, ["verifymode"], "whether clients are verified is")
    if other is not None:
        return Clients(terms=ClientTerms(mode=other, verifies=other), ca_is_public=other, revocation=other)
    found = _served_all_the_same(scope, _clients_of(reading, scope, module, place))
    found = _asked_by_configuration(scope, found) if module == "http" else found
    other = replaced(commands, VERIFICATION, "the CAs of clients are")
    mode = found.terms.mode
    if other is None or (isinstance(mode, Known) and mode.value is ClientAuthMode.NONE):
        return found
    return replace(found, terms=replace(found.terms, verifies=other, ca_names=()), ca_is_public=other)


def _served_all_the_same(scope: Scope, found: Clients) -> Clients:
    """With what error_page does to clients that are refused."""
    terms = found.terms
    asks = isinstance(terms.verifies, Known) and terms.verifies.value  # else nobody is refused
    if terms.enforced_by is Layer.APPLICATION:
        gap = undone(scope, scope, WITHOUT)
        terms = replace(terms, mode=gap, enforced_by=None) if gap is not None else terms
    gap = undone(scope, scope, UNVERIFIED) if asks else None
    return replace(found, terms=replace(terms, verifies=gap) if gap is not None else terms)


def _asked_by_configuration(scope: Scope, found: Clients) -> Clients:
    """With conditions that refuse clients whom ssl_verify_client lets in."""
    mode, verifies = found.terms.mode, found.terms.verifies
    if not isinstance(mode, Known) or mode.value is not ClientAuthMode.OPTIONAL:
        return found
    asked = requires(scope, (NONE,) if isinstance(verifies, Known) and verifies.value else (NONE, FAILED))
    if isinstance(asked, Unknown):
        return replace(found, terms=replace(found.terms, mode=asked))
    if not asked.value:
        return found
    sure = Known(True, asked.basis) if isinstance(verifies, Known) else verifies
    terms = replace(
        found.terms, mode=Known(ClientAuthMode.REQUIRED, mode.basis), verifies=sure, enforced_by=Layer.APPLICATION
    )
    return replace(found, terms=terms)


def _clients_of(reading: Reading, scope: Scope, module: str, place: Basis) -> Clients:
    setting = settled(scope.setting("ssl_verify_client"))
    if isinstance(setting, Unknown):
        return Clients(terms=ClientTerms(mode=setting), ca_is_public=setting, revocation=setting)
    if setting is None:
        none = ClientTerms(mode=Known(ClientAuthMode.NONE, place))
        return Clients(terms=none, ca_is_public=NOT_ASKED, revocation=NOT_ASKED)
    mode = _MODES.get(setting.word.lower())
    if mode is None:
        unknown = Unknown(Why.UNSUPPORTED, f"ssl_verify_client {setting.word[:60]!r} ({setting.basis.at})")
        return Clients(terms=ClientTerms(mode=unknown), ca_is_public=unknown, revocation=unknown)
    layer = Layer.APPLICATION if module == "http" else Layer.TLS
    asks = mode is not ClientAuthMode.NONE
    return Clients(
        terms=ClientTerms(
            mode=Known(mode, setting.basis),
            verifies=Known(setting.word.lower() != "optional_no_ca", setting.basis) if asks else NOT_ASKED,
            enforced_by=layer if mode is ClientAuthMode.REQUIRED else None,
            ca_names=_ca_names(reading, scope) if asks else (),
        ),
        ca_is_public=_ca_is_public(reading, scope) if asks else NOT_ASKED,
        revocation=_revocation(scope, setting.basis) if asks else NOT_ASKED,
        ignored=Known((), setting.basis) if asks else NOT_ASKED,  # nginx cannot leave out a part of verification
    )


def _ca_names(reading: Reading, scope: Scope) -> tuple[str, ...]:
    setting = settled(scope.setting("ssl_client_certificate"))
    content = reading.content(setting.word) if isinstance(setting, Setting) else None
    if content is None or isinstance(content, Unknown):
        return ()
    return tuple(dict.fromkeys(each.subject for each in read_certificates(content).certificates))


def _ca_is_public(reading: Reading, scope: Scope) -> Fact[bool]:
    """A CA file is public where it is the machine's, or holds a root of Mozilla's store."""
    unknown: Unknown | None = None
    basis: Basis | None = None
    for name in ("ssl_client_certificate", "ssl_trusted_certificate"):
        setting = settled(scope.setting(name))
        if isinstance(setting, Unknown):
            unknown = setting
        elif setting is not None:
            basis = setting.basis
            if is_public_bundle(setting.word):
                return Known(True, basis)
            content = reading.content(setting.word)
            if isinstance(content, Unknown):
                unknown = content
            elif holds_public_root(content, reading.anchors):
                return Known(True, basis)
    if unknown is not None or basis is None:
        return unknown or Unknown(Why.NOT_ASKED, "no CA file is configured here")
    return Known(False, basis)


def _revocation(scope: Scope, place: Basis) -> Fact[bool]:
    crl = scope.setting("ssl_crl")
    if isinstance(crl, Setting):
        return Known(True, crl.basis)
    ocsp = settled(scope.setting("ssl_ocsp"))
    if isinstance(ocsp, Setting) and ocsp.word.lower() in {"on", "leaf"}:
        return Known(True, ocsp.basis)
    hidden = next((each for each in (crl, ocsp) if isinstance(each, Unknown)), None)
    return hidden or Known(False, place)


def stapling_of(scope: Scope, place: Basis) -> Fact[bool]:
    """Whether OCSP responses are stapled."""
    return read_flag(scope.setting("ssl_stapling"), Basis(Origin.DEFAULT, place.at))
