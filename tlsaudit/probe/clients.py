"""What the operator gives of the clients, read like any certificate; and which public roots a server names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tlsaudit.credentials import Credential, Credentials
from tlsaudit.model.certificate import Certificate
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.facts import ClientAuth, ClientCertificate
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.pki import TrustStore, analyse_chain, format_name, normalise, parse_certificate
from tlsaudit.probe.certificates import Trusting
from tlsaudit.probe.notes import Notes

_PUBLIC = "mozilla"
"""The store of roots that certify whoever asks."""
_NO_NAMES = Unknown(Why.NOT_ASKED, "the server names no CA; whom it trusts can only be tried")


def described(auth: ClientAuth, notes: Notes, credentials: Credentials, trusting: Trusting) -> ClientAuth:
    """`auth` with what is known of the clients that should get in, and of the roots that the server names."""
    plan = credentials.trials
    authority = plan.mint.ca.certificate if plan is not None and plan.mint.ca is not None else None
    return replace(
        auth,
        client=_client(credentials.good, trusting) if credentials.good is not None else NOT_ASKED,
        authority=_read(authority, "--client-ca") if authority is not None else NOT_ASKED,
        public_ca_names=_public_names(notes, trusting),
    )


def _client(credential: Credential, trusting: Trusting) -> Fact[ClientCertificate]:
    leaf = _read(credential.certificate, "--client-cert")
    if isinstance(leaf, Unknown):
        return leaf
    above = [each.value for each in (_read(one, "") for one in credential.above) if isinstance(each, Known)]
    analysis = analyse_chain([leaf.value, *above], trusting.stores, trusting.deciding)
    return Known(ClientCertificate(certificate=leaf.value, public=analysis.public), leaf.basis)


def _read(certificate: x509.Certificate, given: str) -> Fact[Certificate]:
    try:
        parsed = parse_certificate(certificate.public_bytes(Encoding.DER))
    except DecodeError as error:
        return Unknown(Why.UNSUPPORTED, f"the certificate cannot be read: {error}")
    return Known(parsed, Basis(Origin.EXPLICIT, given))


def _public_names(notes: Notes, trusting: Trusting) -> Fact[tuple[str, ...]]:
    """The names that publicly trusted roots bear, among those of every CertificateRequest."""
    seen = notes.certificate_requests()
    requests = [*seen.values(), *notes.late_requests.values()]
    names = dict.fromkeys(name for request in requests for name in request.ca_names)
    store = trusting.stores.get(_PUBLIC)
    if not names or store is None:
        return _NO_NAMES
    version = max(seen, key=lambda each: each.rank, default=None)
    entry = notes.client_auth.get(version) if version is not None else None
    at = entry.requested.basis.at if entry is not None and isinstance(entry.requested, Known) else "probe:1"
    return Known(tuple(_borne(names, store)), Basis(Origin.DERIVED, at))


def _borne(names: Iterable[bytes], store: TrustStore) -> Iterator[str]:
    for name in names:
        try:
            if store.issuers(normalise(name)):
                yield format_name(name)
        except DecodeError:
            continue
