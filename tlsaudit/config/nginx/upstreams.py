"""What nginx says to the servers behind it: in clear or not, and whether it knows whom it talks to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from tlsaudit.config.commands import VERIFICATION, replaced
from tlsaudit.config.local import is_local
from tlsaudit.config.nginx import defaults
from tlsaudit.config.nginx.budget import Budget
from tlsaudit.config.nginx.commands import bounded, ciphers_of, commands_of
from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.reading import Reading, read_flag, read_protocols, settled
from tlsaudit.config.nginx.scope import Scope, Setting
from tlsaudit.config.nginx.values import before_path, possible
from tlsaudit.config.ports import port_of
from tlsaudit.config.terms import Terms, facts_of
from tlsaudit.config.userinfo import without_userinfo
from tlsaudit.model.address import is_address
from tlsaudit.model.configuration import Upstream
from tlsaudit.model.facts import Endpoint, Facts, Preference
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Tried, Unknown, Why

_PASSES = {
    "proxy_pass": ("http", "proxy"),
    "grpc_pass": ("grpc", "grpc"),
    "uwsgi_pass": ("uwsgi", "uwsgi"),
    "fastcgi_pass": ("fastcgi", ""),
    "scgi_pass": ("scgi", ""),
    "auth_http": ("http", ""),
}
"""Directive, scheme where none is written, and the prefix of its directives on TLS ("": it has none)."""
_TLS_SCHEMES = frozenset({"https", "grpcs", "suwsgi"})
_TELLING = ("verify", "protocols", "ciphers")
"""What makes a level worth judging although nothing is passed on there."""
_ABOVE = {"crit", "alert", "emerg"}
_DEEPEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One destination of a server block: `directive` passes requests to it."""

    destination: str
    directive: Directive
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """Who passes on: `groups` are the upstream blocks of its module by name, `terminated` is of `Upstream`."""

    reading: Reading
    module: str
    groups: Mapping[str, Scope]
    terminated: Fact[bool]
    budget: Budget
    """Of destinations, alike or not."""

    @property
    def in_clear(self) -> bool:
        """Nothing comes over TLS."""
        return isinstance(self.terminated, Known) and not self.terminated.value


def upstreams(passing: Passing, scope: Scope) -> Iterator[Passed]:
    """Every different destination of a server block; without those where neither way has TLS."""
    seen: set[tuple[object, ...]] = set()
    for level, directive in _passes(scope, 0) if passing.module != "mail" else _asks(scope):
        for passed in _passed(passing, level, directive):
            upstream = passed.facts.upstream
            if upstream is None or (passing.in_clear and isinstance(upstream.tls, Known) and not upstream.tls.value):
                continue
            key = _alike(passed, upstream)
            if key not in seen:
                seen.add(key)
                yield passed


def _alike(passed: Passed, upstream: Upstream) -> tuple[object, ...]:
    """The same for destinations of one name of which the same is known, wherever it is written."""
    said = (getattr(upstream, each.name) for each in fields(upstream))
    known = (
        each.value if isinstance(each, Known) else each.why if isinstance(each, Unknown) else each for each in said
    )
    return (
        passed.destination, *known, tuple(passed.facts.protocols.accepted), tuple(passed.facts.cipher_suites.accepted)
    )  # fmt: skip


def settings_alone(reading: Reading, scope: Scope) -> Iterator[Passed]:
    """Directives on upstreams at a level where nothing is passed on: they hold for those of other files.

    Only what is said is known; what is left out may be said there.
    """
    elsewhere = Unknown(Why.NOT_ASKED, "left to the locations that this is for, which are not here")
    for prefix in ("proxy", "grpc", "uwsgi"):
        said = [each for name in _TELLING for each in scope.own(f"{prefix}_ssl_{name}")]
        if not said:
            continue
        basis = Basis(Origin.EXPLICIT, said[0].at)
        upstream = Upstream(destination=f"any ({prefix}_pass)", tls=Known(True, basis))
        whole = _facts(reading, scope, prefix, upstream, Basis(Origin.DEFAULT, said[0].at))
        known = whole.upstream or upstream
        kept = replace(
            known,
            verifies=known.verifies if scope.own(f"{prefix}_ssl_verify") else elsewhere,
            checks_name=elsewhere,
            sends_name=elsewhere,
            failures_logged=elsewhere,
        )
        facts = replace(whole, upstream=kept)
        if not scope.own(f"{prefix}_ssl_protocols"):
            facts = replace(facts, protocols=Tried(rest=elsewhere), cipher_suites=Tried(rest=elsewhere))
        yield Passed(destination=kept.destination, directive=said[0], facts=facts)


def _passes(scope: Scope, depth: int) -> Iterator[tuple[Scope, Directive]]:
    for each in scope.directives:
        if each.name in _PASSES and each.args:
            yield scope, each
        elif each.block is not None and depth < _DEEPEST and each.name in {"location", "if", "limit_except"}:
            yield from _passes(scope.inner(each), depth + 1)


def _asks(scope: Scope) -> Iterator[tuple[Scope, Directive]]:
    """Whom a mail server asks about each client, with the client's password."""
    found = scope.setting("auth_http")
    if isinstance(found, Setting):
        yield scope, found.directives[-1]


def _passed(passing: Passing, scope: Scope, directive: Directive) -> Iterator[Passed]:
    over_tls = passing.terminated.value if isinstance(passing.terminated, Known) else None
    words = possible(scope, directive.args[0], tls=over_tls)
    if isinstance(words, Unknown):
        name = without_userinfo(_split(directive.args[0], "")[1])[:255]
        upstream = Upstream(destination=name, terminated=passing.terminated, local=words, tls=words)
        facts = Facts(endpoint=Endpoint(host=upstream.destination, port=0), upstream=upstream)
        yield Passed(destination=upstream.destination, directive=directive, facts=facts)
        return
    for word in words:
        if word:
            yield from _passed_to(passing, scope, replace(directive, args=(word,)))


def _passed_to(passing: Passing, scope: Scope, directive: Directive) -> Iterator[Passed]:
    groups = passing.groups
    word = directive.args[0]
    default, prefix = _PASSES[directive.name]
    scheme, rest = _split(word, "tcp" if passing.module == "stream" else default)
    rest = rest if rest.startswith("unix:") else without_userinfo(rest)
    basis = Basis(Origin.EXPLICIT, directive.at)
    tls = _tls(scope, scheme, passing.module, basis)
    name = rest if rest.startswith("unix:") else before_path(scope, rest).partition("/")[0]
    group = groups.get(name.partition(":")[0] if name not in groups else name)
    servers = [each.args[0] for each in group.own("server") if each.args] if group is not None else [name]
    for server in servers or [name]:
        passing.budget.spend(directive)
        yield Passed(
            destination=f"{scheme}://{server.partition('/')[0] if not server.startswith('unix:') else server}",
            directive=directive,
            facts=_facts(
                passing.reading,
                scope,
                prefix,
                _upstream(passing, server, tls, basis, named=group is not None),
                Basis(Origin.DEFAULT, basis.at),
            ),
        )


def _upstream(passing: Passing, server: str, tls: Fact[bool], basis: Basis, *, named: bool) -> Upstream:
    """What is known of a server before the settings are looked at; `named`: it is one of a group."""
    local = _local(server, basis)
    by_name = named or not is_address(_host(server))
    if isinstance(passing.terminated, Unknown) and by_name and not (isinstance(local, Known) and local.value):
        local = Unknown(Why.NOT_ASKED, f"a group of this name may be elsewhere ({basis.at})")
    return Upstream(
        destination=server[:255],
        terminated=passing.terminated,
        local=local,
        by_name=Known(by_name, basis),
        tls=tls,
    )


def _facts(reading: Reading, scope: Scope, prefix: str, upstream: Upstream, place: Basis) -> Facts:
    endpoint = Endpoint(host=upstream.destination, port=port_of(upstream.destination))
    if not (isinstance(upstream.tls, Known) and upstream.tls.value):
        return Facts(endpoint=endpoint, upstream=upstream)
    commands = commands_of(scope, f"{prefix}_")
    verifies = read_flag(scope.setting(f"{prefix}_ssl_verify"), place)
    if isinstance(verifies, Known) and verifies.value:
        verifies = replaced(commands, VERIFICATION, "the CAs of upstreams are") or verifies
    upstream = replace(
        upstream,
        verifies=verifies,
        checks_name=verifies,  # nginx checks chain and name together (ngx_ssl_check_host)
        sends_name=read_flag(scope.setting(f"{prefix}_ssl_server_name"), place),
        failures_logged=_logged(scope, place),
    )
    terms = Terms(
        endpoint=endpoint,
        place=place,
        protocols=bounded(
            read_protocols(
                settled(scope.setting(f"{prefix}_ssl_protocols")),
                defaults.PROTOCOLS,
                defaults.default_protocols(reading.assume.nginx),
                place,
            ),
            commands,
        ),
        ciphers=ciphers_of(reading, scope, commands, place, prefix=f"{prefix}_", default=defaults.PROXY_CIPHERS),
        suites_1_3=NOT_ASKED,
        groups=NOT_ASKED,
        prefers=Known(Preference.CLIENT, place),
        prefers_1_3=Known(Preference.CLIENT, place),
    )
    facts = facts_of(terms, reading.assume.openssl)
    return Facts(
        endpoint=endpoint,
        protocols=facts.protocols,
        cipher_suites=facts.cipher_suites,
        setup=facts.setup,
        upstream=upstream,
    )


def _logged(scope: Scope, place: Basis) -> Fact[bool]:
    """Failed handshakes are logged at level error (ngx_ssl_connection_error), which is the default of error_log."""
    found = settled(scope.setting("error_log"))
    if isinstance(found, Unknown):
        return found
    if found is None:
        return Known(True, place)
    taking = [each for each in found.directives if each.args[:1] != ("/dev/null",) and not _ABOVE & {*each.args[1:]}]
    return Known(bool(taking), found.basis)


def _tls(scope: Scope, scheme: str, module: str, basis: Basis) -> Fact[bool]:
    if module == "stream":
        return read_flag(scope.setting("proxy_ssl"), Basis(Origin.DEFAULT, basis.at))
    if "$" in scheme:
        return Unknown(Why.UNRESOLVED, f"the scheme is a variable: {scheme[:60]!r} ({basis.at})")
    return Known(scheme in _TLS_SCHEMES, basis)


def _split(word: str, default: str) -> tuple[str, str]:
    scheme, separator, rest = word.partition("://")
    return (scheme.lower(), rest) if separator else (default, word)


def _host(server: str) -> str:
    if server.startswith("["):
        return server[1:].partition("]")[0]
    return server.rpartition(":")[0] if server.count(":") == 1 else server


def _local(server: str, basis: Basis) -> Fact[bool]:
    """Whether what is sent stays on the machine."""
    if server.startswith("unix:"):
        return Known(True, basis)
    host = _host(server)
    if "$" in host:
        return Unknown(Why.UNRESOLVED, f"the destination is a variable: {host[:100]!r} ({basis.at})")
    return Known(is_local(host), basis)


def group_scopes(top: Scope, module: str) -> dict[str, Scope]:
    """The upstream blocks of a module, by their names."""
    found: dict[str, Scope] = {}
    for block in top.blocks(module):
        inside = top.inner(block)
        found |= {each.args[0]: inside.inner(each) for each in inside.blocks("upstream") if each.args}
    return found
