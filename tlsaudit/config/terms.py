"""What a text asks for at one listener, in one vocabulary for all systems; and from there to facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeGuard, TypeVar

from tlsaudit.config.assume import Version
from tlsaudit.config.ciphers import TLS_1_3_DEFAULT, CipherString
from tlsaudit.config.library import Effect, Request, effect
from tlsaudit.data.groups import group_name, groups_for
from tlsaudit.data.suites import SSL2_CIPHERS, SUITES, openssl_name, suites_for
from tlsaudit.model.certificate import CertificateDeployment
from tlsaudit.model.configuration import Said, Setup
from tlsaudit.model.facts import (
    Behaviours,
    ClientAuth,
    ClientAuthAt,
    ClientAuthMode,
    DhParameters,
    Endpoint,
    Facts,
    GroupAt,
    HttpAnswer,
    KeyExchange,
    Layer,
    Preference,
    Session,
    SuiteAt,
    When,
)
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

T = TypeVar("T")

_GROUP_VERSIONS = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTerms:
    """Client authentication as it is asked for; `ca_names` None: the file of the CAs was not read."""

    mode: Fact[ClientAuthMode]
    verifies: Fact[bool] = NOT_ASKED
    enforced_by: Layer | None = None
    ca_names: tuple[str, ...] = ()
    late: bool = False
    """It is asked for once the request is known, not in the handshake."""
    elsewhere: Mapping[str, Fact[ClientAuthMode]] = field(default_factory=dict)
    """By path, where more is asked for than usual: late. By other words, where the same application answers as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One listener. `place` is where TLS comes to be there, with the origin `default`.

    `keys`: types of the certificates' keys, None where those are not known. `dh` known None: there are no parameters.
    """

    endpoint: Endpoint
    place: Basis
    protocols: Fact[Mapping[ProtocolVersion, Basis]]
    without_gaps: bool = False
    """They are handed to the library as a range."""
    ciphers: Fact[CipherString]
    suites_1_3: Fact[tuple[int, ...]]
    groups: Fact[tuple[int, ...]]
    prefers: Fact[Preference]
    prefers_1_3: Fact[Preference]
    certificates: Fact[tuple[CertificateDeployment, ...]] = NOT_ASKED
    keys: frozenset[str] | None = None
    dh: Fact[DhParameters | None] = NOT_ASKED
    client: ClientTerms = field(default_factory=lambda: ClientTerms(mode=NOT_ASKED))
    alpn: Tried[str] = field(default_factory=Tried)
    early_data: Fact[int | None] = NOT_ASKED
    compression: Fact[bool] = NOT_ASKED
    tickets: Fact[bool] = NOT_ASKED
    """Session tickets below TLS 1.3; at that version the library sends some whatever is asked for."""
    insecure_renegotiation: Fact[bool] = NOT_ASKED
    http: Fact[HttpAnswer | None] = NOT_ASKED
    setup: Setup = field(default_factory=Setup)


def facts_of(terms: Terms, openssl: Version | None) -> Facts:
    """The effective facts of a listener with this library."""
    after = _effect(terms, openssl)
    protocols = _protocols(terms, after)
    suites = _suites(terms, after)
    order = _order(terms, suites)
    chosen = next((name for name in terms.alpn.accepted), None)
    return Facts(
        endpoint=terms.endpoint,
        protocols=protocols,
        cipher_suites=suites,
        suite_order=order,
        cipher_preference={version: _preference(terms, version) for version in order},
        groups=_groups(terms, protocols, suites),
        group_order=_group_order(terms, protocols),
        key_exchanges=_key_exchanges(terms, suites),
        certificate_deployments=terms.certificates,
        client_auth=_client_auth(terms, protocols),
        alpn=terms.alpn,
        alpn_chosen={version: Known(chosen, terms.place) for version in protocols.accepted} if chosen else {},
        session=Session(
            encrypt_then_mac=Known(True, terms.place) if openssl is None or openssl >= (1, 1) else NOT_ASKED,
            compression=terms.compression,
            session_ticket=terms.tickets,
            insecure_renegotiation=terms.insecure_renegotiation,
        ),
        behaviours=Behaviours(early_data=terms.early_data),
        http=terms.http,
        setup=_setup(terms, after, openssl),
    )


def requested_of(terms: Terms) -> dict[str, object]:
    """What the text asks for, before any library; without what it leaves to defaults."""
    found: dict[str, object] = {}
    if _is_said(terms.protocols):
        found["protocols"] = [version.value for version in terms.protocols.value]
    if _is_said(terms.ciphers):
        found["ciphers"] = terms.ciphers.value.text
        found["cipher_suites"] = [openssl_name(code) for code in terms.ciphers.value.suites]
    if _is_said(terms.suites_1_3):
        found["ciphersuites"] = [SUITES[code].name for code in terms.suites_1_3.value]
    if _is_said(terms.groups):
        found["groups"] = [group_name(code) for code in terms.groups.value]
    if _is_said(terms.setup.stapling):
        found["stapling"] = terms.setup.stapling.value
    if _is_said(terms.client.mode):
        found["client_auth"] = terms.client.mode.value.value
    return found


def where_both(first: Fact[bool], own: Fact[bool]) -> Fact[bool]:
    """On where both say so: OpenSSL asks the first server of a socket, and later the one with the name."""
    off = next((each for each in (first, own) if isinstance(each, Known) and not each.value), None)
    return off or (first if isinstance(first, Unknown) else own)


def _is_said(fact: Fact[T]) -> TypeGuard[Known[T]]:
    """Whether the text itself says it."""
    return isinstance(fact, Known) and fact.basis.origin is not Origin.DEFAULT


def _effect(terms: Terms, openssl: Version | None) -> Effect:
    """With what is known: unknown ciphers are none here, and the facts say that they are unknown."""
    dh = terms.dh
    strings = terms.ciphers
    return effect(
        Request(
            versions=terms.protocols.value if isinstance(terms.protocols, Known) else {},
            suites=strings.value.suites if isinstance(strings, Known) else (),
            suites_basis=strings.basis if isinstance(strings, Known) else terms.place,
            suites_1_3=terms.suites_1_3.value if isinstance(terms.suites_1_3, Known) else TLS_1_3_DEFAULT,
            suites_1_3_basis=terms.suites_1_3.basis if isinstance(terms.suites_1_3, Known) else terms.place,
            keys=terms.keys,
            dh_bits=None if not isinstance(dh, Known) else dh.value.bits if dh.value is not None else 0,
            level=_level(strings),
            without_gaps=terms.without_gaps,
        ),
        openssl,
    )


def _level(strings: Fact[CipherString]) -> int | None:
    """The level of the string; one that cannot be known may lower it as far as there is."""
    if isinstance(strings, Known):
        return strings.value.security_level
    return None if strings.why is Why.NOT_ASKED else 0


def _protocols(terms: Terms, after: Effect) -> Tried[ProtocolVersion]:
    if isinstance(terms.protocols, Unknown):
        return Tried(rest=terms.protocols)
    versions = after.allowed if isinstance(terms.ciphers, Unknown) else after.versions
    return Tried(dict(versions), frozenset(ProtocolVersion) - versions.keys())


def _suites(terms: Terms, after: Effect) -> Tried[SuiteAt]:
    unknown = next(
        (each for each in (terms.protocols, terms.ciphers, terms.suites_1_3) if isinstance(each, Unknown)), None
    )
    if unknown is None:
        return Tried(dict(after.suites), _every_suite(ProtocolVersion) - after.suites.keys())
    spoken = set(terms.protocols.value if isinstance(terms.protocols, Known) else ProtocolVersion)
    hidden = spoken if isinstance(terms.protocols, Unknown) else set()
    if isinstance(terms.ciphers, Unknown):
        hidden |= spoken - {ProtocolVersion.TLS_1_3}
    if isinstance(terms.suites_1_3, Unknown):
        hidden |= spoken & {ProtocolVersion.TLS_1_3}
    accepted = {pair: basis for pair, basis in after.suites.items() if pair[0] not in hidden}
    return Tried(accepted, _every_suite(set(ProtocolVersion) - hidden) - accepted.keys(), unknown)


def _every_suite(versions: Iterable[ProtocolVersion]) -> frozenset[SuiteAt]:
    found = {(version, suite.code) for version in versions for suite in suites_for(version)}
    if ProtocolVersion.SSL_2 in versions:
        found |= {(ProtocolVersion.SSL_2, code) for code in SSL2_CIPHERS}
    return frozenset(found)


def _order(terms: Terms, suites: Tried[SuiteAt]) -> dict[ProtocolVersion, tuple[int, ...]]:
    """What an offer of all suites, strongest first, would get: in the server's order, or in that of the offer."""
    found: dict[ProtocolVersion, list[int]] = {}
    for version, code in suites.accepted:
        found.setdefault(version, []).append(code)
    strongest = {code: place for place, code in enumerate(SUITES)}
    return {
        version: tuple(sorted(codes, key=strongest.__getitem__) if _client_decides(terms, version) else codes)
        for version, codes in found.items()
    }


def _preference(terms: Terms, version: ProtocolVersion) -> Fact[Preference]:
    return terms.prefers_1_3 if version is ProtocolVersion.TLS_1_3 else terms.prefers


def _client_decides(terms: Terms, version: ProtocolVersion) -> bool:
    preference = _preference(terms, version)
    return isinstance(preference, Known) and preference.value is Preference.CLIENT


def _groups(terms: Terms, protocols: Tried[ProtocolVersion], suites: Tried[SuiteAt]) -> Tried[GroupAt]:
    every = {(version, group.code) for version in _GROUP_VERSIONS for group in groups_for(version)}
    if isinstance(terms.groups, Unknown):
        return Tried(rest=terms.groups)
    if protocols.rest is not NOT_ASKED:
        return Tried(rest=protocols.rest)
    basis = terms.groups.basis
    accepted = {
        (version, code): basis
        for version in _GROUP_VERSIONS
        if version in protocols.accepted and _uses_groups(version, suites)
        for code in terms.groups.value
        if (version, code) in every
    }
    return Tried(accepted, frozenset(every - accepted.keys()))


def _uses_groups(version: ProtocolVersion, suites: Tried[SuiteAt]) -> bool:
    if version is ProtocolVersion.TLS_1_3 or suites.rest is not NOT_ASKED:
        return True
    return any(at is version and SUITES[code].kx.startswith("ECDH") for at, code in suites.accepted)


def _group_order(terms: Terms, protocols: Tried[ProtocolVersion]) -> dict[ProtocolVersion, tuple[int, ...]]:
    if isinstance(terms.groups, Unknown) or ProtocolVersion.TLS_1_3 not in protocols.accepted:
        return {}
    known = {group.code for group in groups_for(ProtocolVersion.TLS_1_3)}
    return {ProtocolVersion.TLS_1_3: tuple(code for code in terms.groups.value if code in known)}


def _key_exchanges(terms: Terms, suites: Tried[SuiteAt]) -> Fact[tuple[KeyExchange, ...]]:
    """The parameters for DHE, where a suite uses them; all else of a key exchange is seen on the wire only."""
    with_dhe = [
        pair for pair in suites.accepted if pair[0] is not ProtocolVersion.SSL_2 and SUITES[pair[1]].kx == "DHE"
    ]
    if not with_dhe:
        return NOT_ASKED
    if isinstance(terms.dh, Unknown):
        return terms.dh
    if terms.dh.value is None:
        return NOT_ASKED
    version, suite = with_dhe[0]
    return Known((KeyExchange(version=version, suite=suite, basis=terms.dh.basis, dh=terms.dh.value),), terms.dh.basis)


def _client_auth(terms: Terms, protocols: Tried[ProtocolVersion]) -> ClientAuth:
    client = terms.client
    at = _client_auth_at(client.mode, client.enforced_by, late=client.late)
    return ClientAuth(
        mode=client.mode,
        enforced_by=client.enforced_by,
        verifies=client.verifies,
        when=at.when,
        per_protocol=dict.fromkeys(protocols.accepted, at),
        ca_names=client.ca_names,
        elsewhere={
            where: dict.fromkeys(protocols.accepted, _elsewhere(where, mode))
            for where, mode in client.elsewhere.items()
        },
    )


def _elsewhere(where: str, mode: Fact[ClientAuthMode]) -> ClientAuthAt:
    at = _client_auth_at(mode, Layer.TLS, late=True)
    return at if where.startswith("/") or isinstance(mode, Unknown) else replace(at, served=True)


def _client_auth_at(mode: Fact[ClientAuthMode], enforced_by: Layer | None, *, late: bool) -> ClientAuthAt:
    if isinstance(mode, Unknown):
        return ClientAuthAt(requested=mode, mode=mode)
    asks = mode.value is not ClientAuthMode.NONE
    return ClientAuthAt(
        requested=Known(asks, mode.basis),
        mode=mode,
        enforced_by=enforced_by if mode.value is ClientAuthMode.REQUIRED else None,
        when=(When.LATE if late else When.HANDSHAKE) if asks else None,
    )


def _setup(terms: Terms, after: Effect, openssl: Version | None) -> Setup:
    asked = (pair for pair in after.refused if pair[1].origin is not Origin.DEFAULT)
    refused = tuple(Said(what, basis) for what, basis in asked)
    level: Fact[int | None] = NOT_ASKED
    tokens: Fact[tuple[Said, ...]] = NOT_ASKED
    if isinstance(terms.ciphers, Known):
        text, basis = terms.ciphers.value, terms.ciphers.basis
        level = Known(text.security_level, basis)
        tokens = Known(tuple(Said(f"{each!a} is no cipher", basis) for each in text.unknown), basis)
    where = Basis(Origin.DERIVED, terms.place.at)
    return replace(
        terms.setup,
        security_level=level,
        unknown_tokens=tokens,
        dh_parameters=terms.dh,
        refused=Known(refused, where) if openssl is not None else NOT_ASKED,
    )
