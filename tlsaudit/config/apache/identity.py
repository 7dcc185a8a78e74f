"""Certificates and keys that a virtual host names: SSLCertificateFile, SSLCertificateKeyFile, and the chain beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tlsaudit.config.apache.reading import Commands, Reading, commands_of
from tlsaudit.config.apache.scope import Level, Setting
from tlsaudit.config.certificates import deployment, unread_deployment
from tlsaudit.config.commands import CERTIFICATES, replaced
from tlsaudit.config.pem import Bundle, public_part, read_certificates, read_dh
from tlsaudit.model.certificate import Certificate, CertificateDeployment, Staple
from tlsaudit.model.configuration import Said
from tlsaudit.model.facts import DhParameters
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

_LONGEST_CHAIN = 10
_DH = b"-----BEGIN DH PARAMETERS-----"
_BY_KEY = ((7680, 8192), (4096, 4096), (3072, 3072), (2048, 2048), (0, 1024))
"""Bits of an RSA key, and of the parameters that OpenSSL picks for it (ssl_get_auto_dh in ssl/t1_lib.c)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The certificates of a listener, the types of their keys (None: not known), and keys that fit none of them.

    `first` is what is in the first file: Diffie-Hellman parameters and a curve may stand there as well.
    """

    deployments: Fact[tuple[CertificateDeployment, ...]]
    keys: frozenset[str] | None
    mismatches: Fact[tuple[Said, ...]]
    first: bytes | Unknown | None = None


def identity_of(
    reading: Reading, level: Level, names: Sequence[str], versions: Sequence[ProtocolVersion], stapling: Fact[bool]
) -> Identity:
    """What the directives name, as far as the tree has it; of two with one type of key the last is sent."""
    files, keys = level.all("sslcertificatefile"), level.all("sslcertificatekeyfile")
    command = replaced(commands_of(level), CERTIFICATES, "the certificate is")
    unknown = next(
        (each for each in (files, keys, command, _elsewhere(level, files)) if isinstance(each, Unknown)), None
    )
    if isinstance(files, Unknown) or isinstance(keys, Unknown) or unknown is not None:
        open_ = unknown or NOT_ASKED
        return Identity(deployments=open_, keys=None, mismatches=open_)
    staple: Fact[Staple | None] = NOT_ASKED
    if isinstance(stapling, Known) and not stapling.value:
        staple = Known(None, stapling.basis)
    found: dict[str, CertificateDeployment] = {}
    contents: list[bytes | Unknown] = []
    fails: list[Said] = []
    open_key: Unknown | None = None
    for place, each in enumerate(files):
        content = reading.content(each.word)
        contents.append(content)
        made = _deployment(reading, level, each, content, names=names, versions=versions, staple=staple)
        # As OpenSSL has one slot for each type of key; what could not be read has one of its own.
        slot = made.leaf.value.key.type if isinstance(made.leaf, Known) else f"?{place}"
        found.pop(slot, None)
        found[slot] = made
        problem = _mismatch(reading, made, keys[place] if place < len(keys) else each)
        if isinstance(problem, Unknown):
            open_key = problem
        elif problem is not None:
            fails.append(problem)
    made_all = tuple(found.values())
    read = [each for each in made_all if isinstance(each.leaf, Known)]
    basis = files[-1].basis
    return Identity(
        deployments=Known(made_all, basis) if read else _why(made_all),
        keys=frozenset(found) if len(read) == len(made_all) else None,
        mismatches=open_key if open_key is not None and not fails else Known(tuple(fails), basis),
        first=contents[0],
    )


def dh_of(reading: Reading, identity: Identity, commands: Commands, openssl_picks: Basis) -> Fact[DhParameters | None]:
    """DHParameters, or what stands in the first certificate file, else what OpenSSL picks for the key."""
    if isinstance(commands, Unknown):
        return commands
    command = commands.get("dhparameters")
    if command is not None:
        return _dh_in(reading.content(command.args[1]), command)
    if isinstance(identity.first, bytes) and _DH in identity.first and isinstance(identity.deployments, Known):
        parameters = read_dh(identity.first[identity.first.index(_DH) :])
        if parameters is not None:
            return Known(parameters, identity.deployments.basis)
    return _picked(identity, openssl_picks)


def _dh_in(content: bytes | Unknown, command: Setting) -> Fact[DhParameters | None]:
    if isinstance(content, Unknown):
        return content
    parameters = read_dh(content)
    if parameters is None:
        return Unknown(Why.UNSUPPORTED, f"{command.args[1][:200]!r} holds no parameters for Diffie-Hellman")
    return Known(parameters, command.basis)


def _picked(identity: Identity, place: Basis) -> Fact[DhParameters | None]:
    """What OpenSSL picks for the size of the RSA key."""
    if isinstance(identity.deployments, Unknown):
        return Unknown(Why.NOT_ASKED, "the parameters follow from the size of the certificate's key")
    leaves = [each.leaf.value for each in identity.deployments.value if isinstance(each.leaf, Known)]
    sizes = [leaf.key.bits for leaf in leaves if leaf.key.type == "rsa" and leaf.key.bits is not None]
    if not sizes:
        return NOT_ASKED
    bits = next(chosen for least, chosen in _BY_KEY if sizes[0] >= least)
    picked = DhParameters(
        bits=bits, generator=2, is_prime=True, is_safe_prime=True, name=f"modp{bits}", well_known=True
    )
    return Known(picked, place)


def has_curve(identity: Identity) -> bool:
    """Whether the first certificate file names a curve, which is then the only group (modssl_ec_group_from_file)."""
    return isinstance(identity.first, bytes) and b"-----BEGIN EC PARAMETERS-----" in identity.first


def _elsewhere(level: Level, files: tuple[Setting, ...] | Unknown) -> Unknown | None:
    """Certificates that no SSLCertificateFile names."""
    if files:
        return None
    hidden = level.hidden()
    if hidden is not None:
        return Unknown(Why.UNRESOLVED, f"a certificate may be named in {hidden.word[:200]!r} ({hidden.at})")
    managed = level.setting("mdomain") or level.setting("mdomainset")
    if managed is not None:
        return Unknown(Why.NOT_ASKED, "the certificate is got by mod_md")
    return Unknown(Why.NOT_ASKED, "no certificate is configured here")


def _why(deployments: Sequence[CertificateDeployment]) -> Unknown:
    return next((each.leaf for each in deployments if isinstance(each.leaf, Unknown)), NOT_ASKED)


def _deployment(
    reading: Reading,
    level: Level,
    file: Setting,
    content: bytes | Unknown,
    *,
    names: Sequence[str],
    versions: Sequence[ProtocolVersion],
    staple: Fact[Staple | None],
) -> CertificateDeployment:
    if isinstance(content, Unknown):
        return unread_deployment(content, file.basis, versions)
    bundle = _with_chain(reading, level, read_certificates(content))
    if isinstance(bundle, Unknown):
        return unread_deployment(bundle, file.basis, versions)
    anchors = reading.context.anchors
    return deployment(bundle, file.basis, names=names, versions=versions, staple=staple, anchors=anchors)


def _with_chain(reading: Reading, level: Level, bundle: Bundle) -> Bundle | Unknown:
    """The certificate with what is sent behind it: the rest of its file, or SSLCertificateChainFile, or known CAs."""
    chain = level.setting("sslcertificatechainfile")
    if isinstance(chain, Unknown):
        return chain
    if chain is not None:
        content = reading.content(chain.word)
        if isinstance(content, Unknown):
            return content
        others = read_certificates(content).certificates
        own = any(each.word == chain.word for each in level.own("sslcertificatefile"))
        return replace(bundle, certificates=bundle.certificates[:1] + others[1 if own else 0 :])
    if len(bundle.certificates) != 1:
        return bundle
    authorities = level.setting("sslcacertificatefile")
    content = reading.content(authorities.word) if isinstance(authorities, Setting) else b""
    known = read_certificates(content).certificates if isinstance(content, bytes) else ()
    return replace(bundle, certificates=_completed(bundle.certificates, known))


def _completed(chain: tuple[Certificate, ...], known: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """OpenSSL adds the issuers that it finds among the CAs of client verification (ssl_add_cert_chain)."""
    while not chain[-1].self_issued and len(chain) < _LONGEST_CHAIN:
        issuer = next((each for each in known if each.subject_der == chain[-1].issuer_der), None)
        if issuer is None or issuer in chain:
            break
        chain = (*chain, issuer)
    return chain


def _mismatch(reading: Reading, made: CertificateDeployment, key: Setting) -> Said | Unknown | None:
    """Why the key, which may stand in the file of the certificate, is not that of the certificate."""
    content = reading.content(key.word)
    if isinstance(content, Unknown):
        return content
    if not isinstance(made.leaf, Known):
        return NOT_ASKED
    public = public_part(content)
    if public is None:
        return Unknown(Why.UNSUPPORTED, f"the private key at {key.directive.at} is locked or cannot be read")
    if public == made.leaf.value.spki_sha256:
        return None
    what = f"the key {key.word[:200]!r} does not belong to the certificate at {made.basis.at}"
    return Said(what, key.basis)


def stapling_of(level: Level, place: Basis) -> Fact[bool]:
    """Whether OCSP responses are stapled; with SSLStaplingForceURL it does not matter what the certificate says."""
    setting = level.setting("sslusestapling")
    if isinstance(setting, Unknown):
        return setting
    if setting is None or setting.word.lower() != "on":
        return Known(False, setting.basis if setting is not None else Basis(Origin.DEFAULT, place.at))
    if level.setting("sslstaplingforceurl") is not None:
        return Unknown(Why.NOT_ASKED, "SSLStaplingForceURL names the responder")
    return Known(True, setting.basis)
