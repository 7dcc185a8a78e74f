"""From bind lines to listeners: one for each group of certificates that clients can ask for by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tlsaudit.config.assume import Assumptions
from tlsaudit.config.ciphers import TLS_1_3_DEFAULT, CipherString, Evaluator, tls_1_3_suites
from tlsaudit.config.found import Anchors
from tlsaudit.config.groups import default_groups, read_groups
from tlsaudit.config.haproxy import defaults, headers, identity_headers
from tlsaudit.config.haproxy.addresses import address_of, last_port
from tlsaudit.config.haproxy.diffie_hellman import dh_of
from tlsaudit.config.haproxy.entries import entries
from tlsaudit.config.haproxy.files import Files
from tlsaudit.config.haproxy.identity import (
    Group,
    clients_of,
    concrete,
    deployments_of,
    grouped,
    keys_of,
    load,
    mismatches_of,
)
from tlsaudit.config.haproxy.options import Option, Options
from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.reached import Ways
from tlsaudit.config.haproxy.routes import QUIC, speaks_tls
from tlsaudit.config.haproxy.sections import Config, Proxy
from tlsaudit.config.terms import ClientTerms, Terms
from tlsaudit.model.address import is_address
from tlsaudit.model.configuration import Said, ServerNames, Setup
from tlsaudit.model.facts import ClientAuthMode, Endpoint, HttpAnswer, Layer, Preference
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A bind line, or one of the names that it serves, and what it asks for there."""

    proxy: Proxy
    line: Line
    name: str
    terms: Terms
    names: ServerNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the parts share: one configuration, and what is assumed of the machine."""

    config: Config
    files: Files
    assume: Assumptions
    evaluator: Evaluator
    anchors: Anchors


@dataclass(frozen=True, slots=True)
class _Section:
    """A section that listens, and what is the same at all of its bind lines: it is looked for once.

    `forgeable`: headers by which clients may lie about their certificate, by whether all of them need one.
    """

    proxy: Proxy
    place: Basis
    http: Fact[HttpAnswer | None]
    budget: headers.Budget
    ways: Ways
    forgeable: dict[bool, Fact[tuple[Said, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A bind line with what `global` adds; `unlisted`: why there may be more certificates than are known."""

    section: _Section
    options: Options
    place: Basis
    unlisted: Unknown | None
    unserved: Fact[tuple[Said, ...]]
    host: str = ""


def listeners(reading: Reading) -> Iterator[Listener]:
    """Every bind line that speaks TLS."""
    budget, ways = headers.Budget(), Ways(reading.config)
    for proxy in reading.config.proxies:
        lines = [(line, own) for line, own in proxy.binds() if speaks_tls(line, own) is not False]
        if lines:
            place = Basis(Origin.DEFAULT, lines[0][0].at)
            http = headers.answer_of(reading.config, proxy, place, budget)
            section = _Section(proxy, place, http, budget, ways)
            for line, own in lines:
                yield from _listeners(reading, section, line, own)


def _listeners(reading: Reading, section: _Section, line: Line, own: Options) -> Iterator[Listener]:
    proxy = section.proxy
    options = proxy.bind_defaults.then(own)
    certificates = entries(reading.config, proxy, own, reading.files)
    groups = grouped([load(reading.files, each) for each in certificates.found]) or [Group((), Options(), [])]
    bound = _Bound(section, options, Basis(Origin.DEFAULT, line.at), certificates.unknown, _unserved(line, own))
    for address in line.args[0].split(","):
        host, port = address_of(address)
        for place, group in enumerate(groups):
            names = concrete(group.names) or (group.served if place else ())
            title = names[0] if names else proxy.title
            terms = _terms(
                reading,
                replace(bound, host=host),
                group,
                Endpoint(
                    host=names[0] if names else host,
                    port=port or 0,
                    sni=next(iter(names or (concrete(group.served) if is_address(host) else ())), None),
                    transport="quic" if address.startswith(QUIC) else "tcp",
                ),
            )
            foreign = _foreign(options, groups, line) if place == 0 else Known(False, bound.place)
            terms = replace(terms, setup=replace(terms.setup, foreign_default=foreign))
            yield Listener(
                proxy=proxy,
                line=line,
                name=f"{title}:{port}" if port else f"{title} {address}"[:200],
                terms=terms,
                names=ServerNames(
                    names=group.served,
                    is_default=place == 0 or (group.is_fallback and defaults.has_fallbacks(reading.assume.haproxy)),
                    chooser="haproxy",
                    excluded=group.excluded,
                    last_port=last_port(address),
                ),
            )


def _terms(reading: Reading, bound: _Bound, group: Group, endpoint: Endpoint) -> Terms:
    proxy, place = bound.section.proxy, bound.place
    options = bound.options.then(group.options)
    protocols = defaults.versions(options, defaults.least_version(reading.assume.haproxy), place)
    if endpoint.transport == "quic":
        protocols = Known({ProtocolVersion.TLS_1_3: place}, place)
    versions = tuple(protocols.value) if isinstance(protocols, Known) else ()
    clients = clients_of(reading.files, options, reading.anchors, place)
    client = _client(bound, clients.terms)
    completed = isinstance(reading.config.globals.last("issuers-chain-path"), Option)
    preference = _preference(options, place)
    early = _early_data(options, versions, place)
    return Terms(
        endpoint=endpoint,
        place=place,
        protocols=protocols,
        ciphers=cipher_string(reading, options, place),
        suites_1_3=suites_1_3(options, place),
        groups=_groups(reading, bound.options, place),  # those of a crt-list change nothing (measured: 2.6)
        prefers=preference,
        prefers_1_3=preference,
        certificates=deployments_of(group, bound.unlisted, versions, reading.anchors, completed=completed),
        keys=keys_of(group),
        dh=dh_of(reading.config, reading.files, group, reading.assume, place),
        client=client,
        alpn=_alpn(reading, proxy, options, endpoint, place),
        early_data=early,
        tickets=_tickets(options, place),
        http=bound.section.http,
        setup=Setup(
            ticket_key=_ticket_key(options, place),
            early_data_guarded=_guarded(proxy, early),
            client_ca_is_public=clients.ca_is_public,
            client_revocation=clients.revocation,
            client_errors_ignored=clients.ignored,
            forgeable_headers=_forgeable(reading, bound.section, client),
            key_mismatches=mismatches_of(group),
            unserved=bound.unserved,
            version_defaults=_version_defaults(reading, options, place),
        ),
    )


def _client(bound: _Bound, asked: ClientTerms) -> ClientTerms:
    """With what the rules do to clients that have no certificate, and the ways past TLS."""
    if isinstance(asked.mode, Unknown) or asked.mode.value is ClientAuthMode.NONE:
        return asked
    section = bound.section
    if asked.mode.value is ClientAuthMode.OPTIONAL:
        refuses = section.ways.enforced(section.proxy)
        if not isinstance(refuses, Known):
            return replace(asked, mode=refuses or asked.mode)
        mode = Known(ClientAuthMode.REQUIRED, refuses.basis)
        asked = replace(asked, mode=mode, enforced_by=Layer.APPLICATION)
    return replace(asked, in_clear=section.ways.past(section.proxy, bound.host))


def settings_alone(reading: Reading) -> Terms | None:
    """What `global` sets for bind lines where none speaks TLS: they are elsewhere, or to come.

    Only what is said is known; what is left out may be said there. None where nothing is said.
    """
    options = reading.config.bind
    if not options.items:
        return None
    place = Basis(Origin.DEFAULT, options.items[0].basis.at)
    elsewhere = Unknown(Why.NOT_ASKED, "left to the bind lines that this is for, which are not here")
    bounded = not defaults.relies_on_default(options)
    preference = _preference(options, place)
    return Terms(
        endpoint=Endpoint(host="*", port=0),
        place=place,
        protocols=defaults.versions(options, None, place) if bounded else elsewhere,
        ciphers=cipher_string(reading, options, place) if any(options.all("ciphers")) else elsewhere,
        suites_1_3=suites_1_3(options, place) if any(options.all("ciphersuites")) else elsewhere,
        groups=_groups(reading, options, place) if any(options.all("curves", "ecdhe")) else elsewhere,
        prefers=preference,
        prefers_1_3=preference,
        certificates=elsewhere,
        dh=dh_of(reading.config, reading.files, Group((), Options(), []), reading.assume, place),
        client=ClientTerms(mode=elsewhere),
        http=elsewhere,
    )


def cipher_string(reading: Reading, options: Options, place: Basis) -> Fact[CipherString]:
    """The cipher string that holds, evaluated; OpenSSL's own where the text is silent."""
    option = options.last("ciphers")
    if isinstance(option, Unknown):
        return option
    text, basis = (option.value, option.basis) if option is not None else (defaults.CIPHERS, place)
    found = reading.evaluator.evaluate(text)
    if found.system:
        return Unknown(Why.UNRESOLVED, f"what {text[:80]!r} means is up to the machine ({basis.at})")
    if found.problem is not None:
        return Unknown(Why.UNSUPPORTED, f"{found.problem}, so that the server does not start ({basis.at})")
    level = reading.config.globals.last("ssl-security-level")
    if isinstance(level, Unknown):
        return level
    if level is not None and found.security_level is None and level.value in {"0", "1", "2", "3", "4", "5"}:
        return Known(replace(found, security_level=int(level.value)), level.basis)
    return Known(found, basis)


def suites_1_3(options: Options, place: Basis) -> Fact[tuple[int, ...]]:
    """The suites of TLS 1.3."""
    option = options.last("ciphersuites")
    if isinstance(option, Unknown):
        return option
    if option is None:
        return Known(TLS_1_3_DEFAULT, place)
    suites, unknown = tls_1_3_suites(option.value)
    if unknown:
        return Unknown(Why.UNSUPPORTED, f"{unknown[0][:60]!r} is no suite of TLS 1.3 ({option.basis.at})")
    return Known(suites, option.basis)


def _groups(reading: Reading, options: Options, place: Basis) -> Fact[tuple[int, ...]]:
    """Of `curves`; without it `ecdhe` names one."""
    curves = options.last("curves")
    option = curves if curves is not None else options.last("ecdhe")
    if isinstance(option, Unknown):
        return option
    if option is None:
        return Known(default_groups(reading.assume.openssl), place)
    groups, unknown = read_groups(option.value, reading.assume.openssl)
    if unknown:
        return Unknown(Why.UNSUPPORTED, f"{unknown[0][:60]!r} is no group that is known here ({option.basis.at})")
    return Known(groups, option.basis)


def _unserved(line: Line, own: Options) -> Fact[tuple[Said, ...]]:
    """Nothing, where TLS is spoken for certain."""
    if speaks_tls(line, own):
        return Known((), Basis(Origin.EXPLICIT, line.at))
    return Unknown(Why.UNRESOLVED, f"whether ssl is said is decided elsewhere ({line.at})")


def _preference(options: Options, place: Basis) -> Fact[Preference]:
    option = options.last("prefer-client-ciphers")
    if isinstance(option, Unknown):
        return option
    return Known(Preference.CLIENT, option.basis) if option is not None else Known(Preference.SERVER, place)


def _alpn(reading: Reading, proxy: Proxy, options: Options, endpoint: Endpoint, place: Basis) -> Tried[str]:
    option = options.last("alpn", "no-alpn")
    if isinstance(option, Unknown):
        return Tried(rest=option)
    silent = proxy.speaks_http and defaults.has_default_alpn(reading.assume.haproxy)
    if option is not None and option.name == "alpn":
        names: tuple[str, ...] = tuple(filter(None, option.value.split(",")))
    elif endpoint.transport == "quic":
        names = ("h3",)
    else:
        names = ("h2", "http/1.1") if silent and option is None else ()
    basis = option.basis if option is not None else place
    return Tried(dict.fromkeys(names, basis), frozenset({"h2", "http/1.1"} - set(names)))


def _early_data(options: Options, versions: tuple[ProtocolVersion, ...], place: Basis) -> Fact[int | None]:
    option = options.last("allow-0rtt")
    if isinstance(option, Unknown) or not versions:
        return option if isinstance(option, Unknown) else NOT_ASKED
    if option is None or ProtocolVersion.TLS_1_3 not in versions:
        return Known(None, place)
    return Known(defaults.EARLY_DATA_OCTETS, option.basis)


def _guarded(proxy: Proxy, early: Fact[int | None]) -> Fact[bool]:
    """HAProxy adds `Early-Data: 1` to such requests by itself (http_process_request), where it speaks HTTP."""
    return early if isinstance(early, Unknown) else Known(proxy.speaks_http, early.basis)


def _forgeable(reading: Reading, section: _Section, client: ClientTerms) -> Fact[tuple[Said, ...]]:
    if isinstance(client.mode, Unknown):
        return client.mode
    if client.mode.value is ClientAuthMode.NONE or not section.proxy.speaks_http:
        return NOT_ASKED
    required = client.mode.value is ClientAuthMode.REQUIRED
    if required not in section.forgeable:
        found = identity_headers.forgeable(
            reading.config, section.proxy, section.place, section.budget, required=required
        )
        section.forgeable[required] = found
    return section.forgeable[required]


def _tickets(options: Options, place: Basis) -> Fact[bool]:
    option = options.last("no-tls-tickets", "tls-tickets")
    if isinstance(option, Unknown):
        return option
    return Known(option is None or option.name == "tls-tickets", place if option is None else option.basis)


def _ticket_key(options: Options, place: Basis) -> Fact[bool]:
    file, tickets = options.last("tls-ticket-keys"), options.last("no-tls-tickets", "tls-tickets")
    for each in (file, tickets):
        if isinstance(each, Unknown):
            return each
    on = not (isinstance(tickets, Option) and tickets.name == "no-tls-tickets")
    return Known(on and file is not None, file.basis if isinstance(file, Option) else place)


def _foreign(options: Options, groups: list[Group], line: Line) -> Fact[bool]:
    """Without strict-sni the first certificate is for all names that no other one has."""
    strict = options.last("strict-sni", "no-strict-sni")
    if isinstance(strict, Unknown):
        return strict
    is_strict = strict is not None and strict.name == "strict-sni"
    return Known(len(groups) > 1 and not is_strict, Basis(Origin.DEFAULT, line.at))


def _version_defaults(reading: Reading, options: Options, place: Basis) -> Fact[tuple[Said, ...]]:
    if reading.assume.haproxy is not None:
        return NOT_ASKED
    relies = defaults.relies_on_default(options)
    return Known((Said(defaults.MINIMUM_DEPENDS, place),) if relies else (), place)
