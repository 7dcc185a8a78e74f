"""What HAProxy says to the servers behind it: in clear or not, and whether it knows whom it talks to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tlsaudit.config.haproxy import defaults
from tlsaudit.config.haproxy.listeners import Reading, cipher_string
from tlsaudit.config.haproxy.options import SERVER_VALUES, Option, Options, read_options
from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.routes import Routes, is_logged, routes
from tlsaudit.config.haproxy.sections import Proxy
from tlsaudit.config.haproxy.words import is_unresolved
from tlsaudit.config.local import is_local
from tlsaudit.config.terms import Terms, facts_of
from tlsaudit.model.address import is_address
from tlsaudit.model.configuration import Said, Setup, Upstream
from tlsaudit.model.facts import Endpoint, Facts, Preference
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

_AS_REQUESTED = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104 - nothing is bound here
"""A server here is the address that the client asked for (HAProxy documentation, `server`)."""
_OF_THE_MACHINE = ("unix@", "abns@", "abnsz@", "fd@", "sockpair@", "/")
_QUIC = ("quic4@", "quic6@")
SERVERS = {"server": 2, "server-template": 3, "peer": 2, "dispatch": 1}
"""Lines that name a server, with the words up to its address and with it."""
_SNI_DEPENDS = "neither sni nor verifyhost is set: before HAProxy 3.3 the name is neither sent nor checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One server that is passed on to."""

    name: str
    line: Line
    facts: Facts


def upstreams(reading: Reading) -> Iterator[Passed]:
    """Every server, but those that get in clear what came so."""
    ways = routes(reading.config)
    for proxy in reading.config.proxies:
        yield from _servers(reading, proxy, ways)
    yield from _own_requests(reading)


def _own_requests(reading: Reading) -> Iterator[Passed]:
    """What HAProxy asks by itself (httpclient: Lua, OCSP, ACME), where it believes anybody; by default it does not."""
    verify = reading.config.globals.last("httpclient.ssl.verify")
    if not isinstance(verify, Option) or verify.value != "none":
        return
    file, _, number = verify.basis.at.rpartition(":")
    basis, destination = verify.basis, "any (httpclient)"
    upstream = Upstream(
        destination=destination,
        local=Known(False, basis),
        tls=Known(True, basis),
        verifies=Known(False, basis),
        checks_name=Known(False, basis),
    )
    line = Line(("httpclient.ssl.verify", "none"), file, int(number))
    facts = Facts(endpoint=Endpoint(host=destination, port=0), upstream=upstream)
    yield Passed(name="httpclient", line=line, facts=facts)


def _servers(reading: Reading, backend: Proxy, ways: Routes) -> Iterator[Passed]:
    lines = [each for each in backend.lines("default-server", *SERVERS) if each[0].args]
    if not any(line.name != "default-server" and origin is Origin.EXPLICIT for line, origin in lines):
        return
    options = backend.server_defaults
    listening = ways.to(backend)
    reached = _Reached(
        terminated=ways.terminated(backend, Basis(Origin.DEFAULT, backend.section.opened.at)),
        logged=is_logged(reading.config, listening) if listening else None,
    )
    for line, origin in lines:
        if line.name == "default-server":
            options = options.then(read_options(line.args, SERVER_VALUES, line, origin=Origin.INHERITED))
            continue
        skipped = SERVERS[line.name]
        if origin is Origin.INHERITED or len(line.args) < skipped:
            continue
        held = Options() if line.name == "dispatch" else options
        own = held.then(read_options(line.args[skipped:], SERVER_VALUES, line))
        facts = _facts(reading, backend, own, _Server(line, line.args[skipped - 1]), reached)
        if facts is not None:
            name = line.name if line.name == "dispatch" else line.args[0]
            yield Passed(name=f"{backend.title}/{name}", line=line, facts=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reached:
    """How a backend is got to: over TLS that ends here, and by way of sections that all have a log."""

    terminated: Fact[bool]
    logged: bool | None


@dataclass(frozen=True, slots=True)
class _Server:
    line: Line
    address: str


def _facts(reading: Reading, backend: Proxy, options: Options, server: _Server, reached: _Reached) -> Facts | None:
    """What is said to one server; None where all that is said there came in clear, and goes on so."""
    line, address = server.line, server.address
    basis, place = Basis(Origin.EXPLICIT, line.at), Basis(Origin.DEFAULT, line.at)
    host, port = _split(address)
    tls = _tls(options, address, place)
    if isinstance(tls, Known) and isinstance(reached.terminated, Known) and not (tls.value or reached.terminated.value):
        return None
    scheme = ("https" if isinstance(tls, Known) and tls.value else "http") if backend.speaks_http else "tcp"
    endpoint = Endpoint(host=address[:255], port=port)
    upstream = Upstream(
        destination=f"{scheme}://{address}"[:255],
        terminated=reached.terminated,
        local=_local(address, host, basis),
        by_name=Known(not is_address(host), basis),
        tls=tls,
        failures_logged=Known(reached.logged, place)
        if reached.logged is not None and isinstance(tls, Known)
        else NOT_ASKED,
    )
    if not (isinstance(tls, Known) and tls.value):
        return Facts(endpoint=endpoint, upstream=upstream, setup=Setup(version_defaults=Known((), place)))
    verifies = _verifies(reading, options, place)
    named = _named(reading, backend, options, place)
    upstream = replace(
        upstream, verifies=verifies, sends_name=named.sends, checks_name=_checks(verifies, named.checks, place)
    )
    silent = reading.assume.haproxy is None and named.by_default
    terms = Terms(
        endpoint=endpoint,
        place=place,
        # OpenSSL sets the lowest version where nobody does; the newest one does nothing below TLS 1.2.
        protocols=defaults.versions(
            options, None if reading.assume.openssl is not None else ProtocolVersion.TLS_1_2, place
        ),
        ciphers=cipher_string(reading, options, place),
        suites_1_3=NOT_ASKED,
        groups=NOT_ASKED,
        prefers=Known(Preference.CLIENT, place),
        prefers_1_3=Known(Preference.CLIENT, place),
    )
    facts = facts_of(terms, reading.assume.openssl)
    depends = Known((Said(_SNI_DEPENDS, place),) if silent else (), place)
    return Facts(
        endpoint=endpoint,
        protocols=facts.protocols,
        cipher_suites=facts.cipher_suites,
        setup=replace(facts.setup, version_defaults=depends if reading.assume.haproxy is None else NOT_ASKED),
        upstream=upstream,
    )


def _tls(options: Options, address: str, place: Basis) -> Fact[bool]:
    option = options.last("ssl", "no-ssl")
    if isinstance(option, Unknown):
        return option
    if option is not None:
        return Known(option.name == "ssl", option.basis)
    return Known(address.startswith(_QUIC), place)


def _verifies(reading: Reading, options: Options, place: Basis) -> Fact[bool]:
    """`verify` of the server, else ssl-server-verify, else required."""
    option = options.last("verify")
    option = option if option is not None else reading.config.globals.last("ssl-server-verify")
    if isinstance(option, Unknown):
        return option
    return Known(option.value != "none", option.basis) if option is not None else Known(True, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """Whether the name is sent and checked; `by_default`: the text does not say."""

    sends: Fact[bool]
    checks: Fact[bool]
    by_default: bool


def _named(reading: Reading, backend: Proxy, options: Options, place: Basis) -> _Named:
    """By `sni`, which is also what the certificate is compared with, or `verifyhost`; by itself since 3.3 in HTTP."""
    sni, host = options.last("sni", "no-sni-auto", "sni-auto"), options.last("verifyhost", "no-verifyhost")
    for each in (sni, host):
        if isinstance(each, Unknown):
            return _Named(sends=each, checks=each, by_default=False)
    automatic = defaults.sends_names(reading.assume.haproxy) and backend.speaks_http
    sends = Known(sni.name != "no-sni-auto", sni.basis) if isinstance(sni, Option) else Known(automatic, place)
    is_checked = isinstance(host, Option) and host.name == "verifyhost"
    checks = Known(True, host.basis) if is_checked and isinstance(host, Option) else sends
    return _Named(sends=sends, checks=checks, by_default=sni is None and not is_checked and automatic)


def _checks(verifies: Fact[bool], checks: Fact[bool], place: Basis) -> Fact[bool]:
    """Without verification no name is looked at."""
    if isinstance(verifies, Unknown) or isinstance(checks, Unknown):
        return verifies if isinstance(verifies, Unknown) else checks
    return checks if verifies.value else Known(False, verifies.basis if verifies.basis.at else place)


def _split(address: str) -> tuple[str, int]:
    bare = address.rpartition("@")[2]
    host, colon, port = bare.rpartition(":")
    if not colon or not port.lstrip("+-").isdigit() or len(port) > 6:
        return bare.strip("[]"), 0
    return host.strip("[]"), abs(int(port))


def _local(address: str, host: str, basis: Basis) -> Fact[bool]:
    """Whether what is sent stays on the machine."""
    if address.startswith(_OF_THE_MACHINE):
        return Known(True, basis)
    if is_unresolved(address):
        return Unknown(Why.UNRESOLVED, f"the destination comes from the environment: {address[:100]!r} ({basis.at})")
    if host in _AS_REQUESTED:
        return Unknown(Why.UNRESOLVED, f"{host} is the address that the client asked for ({basis.at})")
    return Known(is_local(host), basis)
