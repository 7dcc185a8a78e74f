"""Whether a credential that is given for a trial is what it is given as: a sound one would show the wrong thing."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tlsaudit.credentials.authority import is_signed_by
from tlsaudit.credentials.credential import Credential, public_bytes
from tlsaudit.credentials.load import ClientCa, refuse_out_of_time
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import TrialKind

_RSA_OF_112_BITS, _CURVE_OF_112_BITS = 2048, 224
"""NIST SP 800-57 part 1, table 2."""
_FOR_CLIENTS = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


def refuse_other_kind(
    what: str, kind: TrialKind, credential: Credential, *, good: Credential | None, ca: ClientCa | None, now: datetime
) -> None:
    """Raise InputError unless `credential`, which messages call `what`, is of this kind and has no other fault."""
    certificate = credential.certificate
    if good is not None and kind is not TrialKind.GOOD and _same_key(credential, good):
        raise InputError(f"{what} is the good certificate, or has its key")
    _refuse_other_time(what, kind, certificate, now)
    _refuse_other_purpose(what, kind, certificate)
    if kind is TrialKind.WEAK_KEY and not _is_weak(certificate):
        raise InputError(
            f"{what} has no weak key (RSA below {_RSA_OF_112_BITS} bits, ECDSA below {_CURVE_OF_112_BITS})"
        )
    own = is_signed_by(certificate, certificate)
    if kind is not TrialKind.GOOD and own != (kind is TrialKind.SELF_SIGNED):
        raise InputError(f"{what} is {'' if own else 'not '}self-signed")
    if kind in {TrialKind.UNKNOWN_CA, TrialKind.IMPOSTOR_CA}:
        _refuse_accepted_issuer(what, kind, certificate, ca)


def _refuse_other_time(what: str, kind: TrialKind, certificate: x509.Certificate, now: datetime) -> None:
    if kind is TrialKind.EXPIRED:
        if certificate.not_valid_after_utc >= now:
            raise InputError(f"{what} has not expired: it is valid until {certificate.not_valid_after_utc:%Y-%m-%d}")
    elif kind is TrialKind.NOT_YET_VALID:
        if certificate.not_valid_before_utc <= now:
            raise InputError(f"{what} is valid already, since {certificate.not_valid_before_utc:%Y-%m-%d}")
    else:
        refuse_out_of_time(what, certificate, now)


def _refuse_other_purpose(what: str, kind: TrialKind, certificate: x509.Certificate) -> None:
    try:
        purposes = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        purposes = None
    except (ValueError, UnsupportedAlgorithm):
        raise InputError(f"{what} has extensions that cannot be read") from None
    if kind is TrialKind.SERVER_AUTH_ONLY:
        if purposes is None or ExtendedKeyUsageOID.SERVER_AUTH not in purposes or purposes & _FOR_CLIENTS:
            raise InputError(f"{what} is not for servers only (extendedKeyUsage)")
    elif purposes is not None and not purposes & _FOR_CLIENTS:
        raise InputError(f"{what} is not for clients (extendedKeyUsage)")


def _refuse_accepted_issuer(what: str, kind: TrialKind, certificate: x509.Certificate, ca: ClientCa | None) -> None:
    if ca is None:
        raise InputError(f"{what} needs --client-ca, to see that this CA did not sign it")
    if any(is_signed_by(certificate, each) for each in (ca.certificate, *ca.above)):
        raise InputError(f"{what} is signed by the client CA")
    named = certificate.issuer.public_bytes() == ca.certificate.subject.public_bytes()
    if named != (kind is TrialKind.IMPOSTOR_CA):
        raise InputError(f"{what} {'bears' if named else 'does not bear'} the name of the client CA as its issuer")


def _same_key(one: Credential, other: Credential) -> bool:
    return public_bytes(one.key.public_key()) == public_bytes(other.key.public_key())


def _is_weak(certificate: x509.Certificate) -> bool:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size < _RSA_OF_112_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _CURVE_OF_112_BITS
