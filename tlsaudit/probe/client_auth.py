"""Client authentication: is a certificate asked for, and does going on without one work, at TLS and at HTTP.

A handshake that succeeds proves nothing: at TLS 1.3 the client finishes first, and nginx refuses with HTTP 400. Only
an alert, or an answer of the application, decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from tlsaudit.model.errors import DecodeError
from tlsaudit.model.facts import ClientAuth, ClientAuthAt, ClientAuthMode, Layer, When
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.pki import format_name
from tlsaudit.probe import http
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.handshake import Handshake, Verdict
from tlsaudit.probe.starttls import Said
from tlsaudit.wire import Alert, AlertDescription, CertificateRequest

OF_A_CREDENTIAL: Final = frozenset(
    {
        AlertDescription.HANDSHAKE_FAILURE,
        AlertDescription.NO_CERTIFICATE,
        AlertDescription.BAD_CERTIFICATE,
        AlertDescription.UNSUPPORTED_CERTIFICATE,
        AlertDescription.CERTIFICATE_REVOKED,
        AlertDescription.CERTIFICATE_EXPIRED,
        AlertDescription.CERTIFICATE_UNKNOWN,
        AlertDescription.UNKNOWN_CA,
        AlertDescription.ACCESS_DENIED,
        AlertDescription.CERTIFICATE_REQUIRED,
        AlertDescription.DECODE_ERROR,
    }
)
"""Alerts that refuse a client for its certificate, or for having none, as GnuTLS does with decode_error."""

PROVES_NOTHING: Final = frozenset({401, 403})
"""Statuses that a good certificate may or may not change."""

CUT_SHORT: Final = "the head of the answer is cut short"
NOT_HTTP: Final = "the answer is not HTTP"

_RENEGOTIATED = Unknown(Why.UNSUPPORTED, "what is listed in a CertificateRequest by renegotiation was not read")
_STRENGTH = [ClientAuthMode.NONE, ClientAuthMode.OPTIONAL, ClientAuthMode.REQUIRED]


def at_version(requested: Fact[bool], handshake: Handshake | None, exchange: Exchange | None) -> ClientAuthAt:
    """Client authentication at one version, from whether it was asked for and what came of going on without."""
    return replace(_at_version(requested, handshake, exchange), served=served(exchange) if exchange else None)


def _at_version(requested: Fact[bool], handshake: Handshake | None, exchange: Exchange | None) -> ClientAuthAt:
    if isinstance(requested, Unknown):
        return ClientAuthAt(requested=requested, mode=requested)
    if not requested.value:
        mode = Known(ClientAuthMode.NONE, requested.basis)
        return ClientAuthAt(requested=requested, mode=mode, evidence="no CertificateRequest")
    if handshake is not None and handshake.verdict is Verdict.REFUSED and handshake.alert is not None:
        return _by_alert(requested, handshake.basis, handshake.alert)
    if exchange is not None:
        return _by_exchange(requested, exchange)
    undecided = Unknown(Why.UNSUPPORTED, "a certificate is asked for; whether one is needed was not established")
    return ClientAuthAt(requested=requested, mode=undecided)


def late(exchange: Exchange) -> ClientAuthAt:
    """Client authentication at a version that asks for the certificate by renegotiation, after the request."""
    return replace(_by_exchange(Known(True, exchange.basis), exchange), when=When.LATE, served=served(exchange))


def served(exchange: Exchange) -> bool | None:
    """Whether the application gave the client more than an error; None where it was not heard."""
    if exchange.said is not None:
        return None if exchange.said.refused is None else not exchange.said.refused
    if exchange.alpn == "h2" or not exchange.data:
        return False if exchange.alert is not None else None
    reading = http.read(exchange.data, ended=exchange.ended)
    return None if reading is None else reading.status < http.FIRST_ERROR


def _by_exchange(requested: Known[bool], exchange: Exchange) -> ClientAuthAt:
    alert = exchange.alert
    if (
        alert is not None
        and exchange.certificate_requested
        and (alert.description in OF_A_CREDENTIAL or not exchange.data)
    ):
        # It counts even after data: a TLS 1.3 server may speak before it has seen that there is no certificate.
        return _by_alert(requested, exchange.basis, alert)
    if alert is not None and not exchange.data:
        detail = f"the handshake failed before a certificate was asked for: {alert.name}"
        return ClientAuthAt(requested=requested, mode=Unknown(Why.NO_ANSWER, detail))
    if exchange.data:
        return _by_answer(requested, exchange)
    reason = exchange.problem or "the application says nothing"
    detail = f"a certificate is asked for; without one TLS goes on, but {reason}"
    return ClientAuthAt(requested=requested, mode=Unknown(Why.NO_ANSWER, detail))


def _by_answer(requested: Known[bool], exchange: Exchange) -> ClientAuthAt:
    if exchange.alpn == "h2":
        detail = "without a certificate TLS goes on, and the application was not asked: it speaks HTTP/2 alone"
        return ClientAuthAt(requested=requested, mode=Unknown(Why.UNSUPPORTED, detail))
    if exchange.said is not None:
        return _by_saying(requested, exchange.basis, exchange.said)
    reading = http.read(exchange.data, ended=exchange.ended)
    if reading is not None:
        return _by_reading(requested, exchange.basis, reading)
    if not exchange.accepted_by_tls:
        # What is no answer to the request may have been sent before TLS has decided.
        return ClientAuthAt(requested=requested, mode=Unknown(Why.NO_ANSWER, "the application speaks, and TLS has not"))
    words = CUT_SHORT if http.may_be_http(exchange.data) else f"{NOT_HTTP}: whether it serves or refuses is open"
    return ClientAuthAt(requested=requested, mode=Unknown(Why.NO_ANSWER, f"without a certificate TLS goes on; {words}"))


def _by_saying(requested: Known[bool], basis: Basis, said: Said) -> ClientAuthAt:
    if said.refused is None:
        detail = f"without a certificate TLS goes on, but {said.words}, which proves nothing"
        return ClientAuthAt(requested=requested, mode=Unknown(Why.NO_ANSWER, detail))
    if said.refused:
        return _decided(requested, basis, ClientAuthMode.REQUIRED, Layer.APPLICATION, said.words)
    return _decided(requested, basis, ClientAuthMode.OPTIONAL, None, said.words)


def _by_reading(requested: Known[bool], basis: Basis, reading: http.Reading) -> ClientAuthAt:
    if http.refuses_certificate(reading):
        return _decided(requested, basis, ClientAuthMode.REQUIRED, Layer.APPLICATION, http.describe(reading))
    if reading.status in PROVES_NOTHING:
        detail = f"without a certificate TLS goes on; whether HTTP {reading.status} refuses its absence is open"
        return ClientAuthAt(requested=requested, mode=Unknown(Why.NO_ANSWER, detail))
    if reading.status >= 300:
        detail = f"without a certificate TLS goes on; whether {http.describe(reading)} is a refusal is open"
        return ClientAuthAt(requested=requested, mode=Unknown(Why.NO_ANSWER, detail))
    return _decided(requested, basis, ClientAuthMode.OPTIONAL, None, http.describe(reading))


def _decided(
    requested: Known[bool], basis: Basis, mode: ClientAuthMode, layer: Layer | None, evidence: str
) -> ClientAuthAt:
    return ClientAuthAt(
        requested=requested, mode=Known(mode, basis), enforced_by=layer, when=When.HANDSHAKE, evidence=evidence
    )


def _by_alert(requested: Known[bool], basis: Basis, alert: Alert) -> ClientAuthAt:
    """A refusal of the empty certificate, if the alert can mean that (RFC 8446 section 6.2)."""
    evidence = str(alert)
    if alert.description in OF_A_CREDENTIAL:
        return _decided(requested, basis, ClientAuthMode.REQUIRED, Layer.TLS, evidence)
    detail = f"a certificate is asked for; without one came {evidence}, which says nothing of the certificate"
    return ClientAuthAt(requested=requested, mode=Unknown(Why.NO_ANSWER, detail))


def overall(
    per_protocol: Mapping[ProtocolVersion, ClientAuthAt],
    requests: Mapping[ProtocolVersion, CertificateRequest],
    late: Mapping[tuple[str, ProtocolVersion], CertificateRequest] | None = None,
) -> ClientAuth:
    """Client authentication as a whole: the weakest mode decides, and what the CertificateRequests list.

    What any version lists counts, the latest first; `late` are those that came after a request.
    """
    in_order = sorted(requests.items(), key=lambda item: item[0].rank, reverse=True)
    after = sorted((late or {}).items(), key=lambda item: item[0][1].rank, reverse=True)
    listed = [*(each for _, each in in_order), *(each for _, each in after)]
    unread = listed and not any(each.signature_schemes or each.certificate_types for each in listed)
    mode = _weakest([entry.mode for entry in per_protocol.values()])
    enforced = {entry.enforced_by for entry in per_protocol.values()} - {None}
    required = isinstance(mode, Known) and mode.value is ClientAuthMode.REQUIRED
    layer = Layer.APPLICATION if Layer.APPLICATION in enforced else Layer.TLS
    return ClientAuth(
        mode=mode,
        enforced_by=layer if required else None,
        when=_when(per_protocol.values(), bool(requests)),
        per_protocol={
            version: _listing(at, requests.get(version) or (late or {}).get(("/", version)))
            for version, at in per_protocol.items()
        },
        ca_names=tuple(dict.fromkeys(_name(der) for each in listed for der in each.ca_names)),
        signature_schemes=tuple(dict.fromkeys(code for each in listed for code in each.signature_schemes)),
        schemes_unread=_RENEGOTIATED if unread else None,
        certificate_types=tuple(dict.fromkeys(number for each in listed for number in each.certificate_types)),
    )


def _listing(at: ClientAuthAt, request: CertificateRequest | None) -> ClientAuthAt:
    if request is None:
        return at
    return replace(
        at,
        ca_names=tuple(map(_name, request.ca_names)),
        signature_schemes=request.signature_schemes,
        certificate_types=request.certificate_types,
    )


def _when(entries: Collection[ClientAuthAt], in_handshake: bool) -> When | None:
    if in_handshake:
        return When.HANDSHAKE
    return When.LATE if any(entry.when is When.LATE for entry in entries) else None


def _weakest(modes: list[Fact[ClientAuthMode]]) -> Fact[ClientAuthMode]:
    """The weakest mode; unknown where an unknown one could be weaker than all that are known."""
    if not modes:
        return Unknown(Why.NO_ANSWER, "no protocol version could be established")
    known = [mode for mode in modes if isinstance(mode, Known)]
    unknown = [mode for mode in modes if isinstance(mode, Unknown)]
    weakest = min(known, key=lambda mode: _STRENGTH.index(mode.value), default=None)
    if weakest is None or (unknown and weakest.value is not ClientAuthMode.NONE):
        return unknown[0]
    return Known(weakest.value, Basis(Origin.DERIVED, weakest.basis.at))


def _name(der: bytes) -> str:
    try:
        return format_name(der)
    except DecodeError:
        return f"unreadable name {der[:16].hex()}"
