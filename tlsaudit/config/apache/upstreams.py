"""What a server says to those behind it: in clear or not, and whether it knows whom it talks to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tlsaudit.config.apache import defaults, protocols
from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.reading import Reading, ciphers_of
from tlsaudit.config.apache.rewrites import before_path, inherits_rewrites, is_proxy, may_rewrite
from tlsaudit.config.apache.scope import Level, Setting, flag
from tlsaudit.config.local import is_local
from tlsaudit.config.ports import port_of
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.terms import Terms, facts_of
from tlsaudit.config.userinfo import without_userinfo
from tlsaudit.model.address import is_address
from tlsaudit.model.configuration import Upstream
from tlsaudit.model.expression import finds
from tlsaudit.model.facts import Endpoint, Facts, Preference
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why

_TLS_SCHEMES = frozenset({"https", "wss", "h2", "ajps", "uwsgis"})
_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<rest>[^\s]*)", re.IGNORECASE)
_BALANCER = "balancer"
_LITERAL = re.compile(r"\^(?P<text>(?:[a-z0-9:/_-]|\\[./])*)(?![*?{+|])", re.IGNORECASE)
"""What an expression begins with that fits nothing but itself."""
_END = re.compile(r"[/?#]")
_HANDLER = re.compile(r"proxy:(?P<url>.+)\Z", re.IGNORECASE)
_ABOVE_ERROR = frozenset({"crit", "alert", "emerg"})
_LOG_NAME = ".log"
"""The end of what is a file, whatever folder a variable says that it is in."""
_DEEPEST = 8
_MOST = 500
_MOST_TRIED = 10_000
_VERIFIES = {"none": False, "off": False, "optional": True, "require": True, "on": True, "optional_no_ca": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One destination of a virtual host: `directive` passes requests to it."""

    destination: str
    directive: Directive
    facts: Facts


def upstreams(reading: Reading, level: Level, terminated: Fact[bool]) -> Iterator[Passed]:
    """Every different destination of a server, and of the main server's sections around it.

    Without those where neither way has TLS; `terminated` is of `Upstream`.
    """
    seen: set[tuple[object, ...]] = set()
    in_clear = isinstance(terminated, Known) and not terminated.value
    for address, directive in _addresses(level):
        passed = _passed(reading, level, address, directive, terminated)
        if passed is None:
            continue
        upstream = passed.facts.upstream
        if upstream is None or (in_clear and isinstance(upstream.tls, Known) and not upstream.tls.value):
            continue
        key = (passed.destination, repr(upstream), tuple(passed.facts.protocols.accepted))
        if key not in seen:
            seen.add(key)
            yield passed


def _addresses(level: Level) -> Iterator[tuple[str, Directive]]:
    """Every different address, of a balancer those of its members."""
    pairs = ((address, directive) for url, directive in _urls(level) for address in _members(level, url))
    found: set[tuple[str, Directive]] = set()
    for number, pair in enumerate(pairs):
        if number >= _MOST_TRIED or (len(found) >= _MOST and pair not in found):
            directive = pair[1]
            what = f"more than {_MOST} destinations of one server"
            raise SyntaxProblemError(directive.file, directive.line, what, "excess")
        if pair not in found:
            found.add(pair)
            yield pair


def _urls(level: Level) -> Iterator[tuple[str, Directive]]:
    """What requests are passed to, with the directive that does it; ProxyPass of the main server holds as well."""
    if level.around is not None:
        outer = level.around.others("virtualhost")
        yield from _urls_in(_running(outer, runs=inherits_rewrites(level) and may_rewrite(level)), 0, inside=False)
    yield from _urls_in(_running(level.others("virtualhost"), runs=may_rewrite(level)), 0, inside=False)


def _running(directives: Sequence[Directive], *, runs: bool) -> Sequence[Directive]:
    """The directives, without the rules among them where those do not run."""
    return directives if runs else tuple(each for each in directives if each.name != "rewriterule")


def _urls_in(directives: Sequence[Directive], depth: int, *, inside: bool) -> Iterator[tuple[str, Directive]]:
    for each in directives:
        if each.block is not None:
            if depth < _DEEPEST and each.name not in {"virtualhost", "proxy", "proxymatch"}:
                runs = (Level(each.block).written("rewriteengine") or "on").lower() != "off"
                yield from _urls_in(_running(each.block, runs=runs), depth + 1, inside=True)
            continue
        url = _url(each, inside=inside)
        if url:
            yield url, each


def _url(directive: Directive, *, inside: bool) -> str:
    """The address that a directive passes requests to, empty where it passes none."""
    args = directive.args
    match directive.name:
        case "proxypass" | "proxypassmatch":
            words = [each for each in args if "=" not in each.partition("://")[0]]
            # In a section that is for a path there is none before the address.
            path, found = ("", *words[:1]) if inside or len(words) < 2 else words[:2]
            if found == "!":
                return ""
            return before_path(found, path, whole=True) if directive.name == "proxypassmatch" else found
        case "rewriterule":
            return before_path(args[1], args[0], whole=not inside) if len(args) > 2 and is_proxy(args[2]) else ""
        case "sethandler":
            handler = _HANDLER.match(args[0]) if args else None
            return handler["url"] if handler is not None else ""
        case _:
            return ""


def _members(level: Level, url: str) -> Iterator[str]:
    """The address itself, or those of the members of a balancer; its own where none are here."""
    name = _balancer(url)
    found = list(_balanced(level, name)) if name else []
    yield from found or (url,)


def _balanced(level: Level, name: str) -> Iterator[str]:
    for section in _proxies(level):
        if _balancer(section.word) == name:
            yield from (each.word for each in Level(section.block or ()).own("balancermember"))
    for around in (level.around, level):
        for each in around.own("balancermember") if around is not None else ():
            if len(each.args) > 1 and _balancer(each.word) == name:
                yield each.args[1]


def _balancer(url: str) -> str:
    """The name of a balancer, empty where it is none."""
    scheme, _, rest = url.lower().partition("://")
    return rest.partition("/")[0] if scheme == _BALANCER else ""


def _proxies(level: Level) -> Iterator[Directive]:
    if level.around is not None:
        yield from level.around.sections("proxy")
    yield from level.sections("proxy")


def _passed(reading: Reading, level: Level, url: str, directive: Directive, terminated: Fact[bool]) -> Passed | None:
    """What is known of an address; None where it is none."""
    basis = Basis(Origin.EXPLICIT, directive.at)
    is_socket, text = url.startswith("unix:"), url
    if is_socket:  # unix:/run/app.sock|http://localhost/
        text = url.partition("|")[2] or "http://localhost"
    text = without_userinfo(text)
    found = _SCHEME.match(text)
    if found is None and "${" not in text and "%{" not in text:
        return None
    scheme = found["scheme"].lower() if found is not None else ""
    server = _END.split(found["rest"], maxsplit=1)[0] if found is not None else text
    tls: Fact[bool] = Known(scheme in _TLS_SCHEMES, basis)
    host = _host(server)
    local = Known(True, basis) if is_socket else _local(host, basis)
    if found is None:
        tls = Unknown(Why.UNRESOLVED, f"the address is a variable: {text[:100]!r} ({directive.at})")
    elif scheme == _BALANCER:
        tls = local = Unknown(Why.UNRESOLVED, f"no members of {text[:100]!r} are here ({directive.at})")
    upstream = Upstream(
        destination=(url.partition("|")[0] if is_socket else server)[:255],
        terminated=terminated,
        local=local,
        by_name=Known(not is_address(host), basis),
        tls=tls,
    )
    shown = upstream.destination if is_socket or found is None else f"{scheme}://{server}"
    inside = _section_for(level, f"{scheme}://{found['rest']}" if found is not None else text)
    return Passed(
        destination=shown[:300],
        directive=directive,
        facts=_facts(reading, inside, upstream, port_of(server), Basis(Origin.DEFAULT, directive.at)),
    )


def _facts(reading: Reading, level: Level, upstream: Upstream, port: int, place: Basis) -> Facts:
    endpoint = Endpoint(host=upstream.destination, port=port)
    if not (isinstance(upstream.tls, Known) and upstream.tls.value):
        return Facts(endpoint=endpoint, upstream=upstream)
    upstream = replace(
        upstream,
        verifies=_verifies(level.setting("sslproxyverify"), place),
        checks_name=_checks_name(level, place),
        sends_name=Known(True, place),  # ssl_io_filter_handshake sends it wherever it is no address
        failures_logged=_logged(level, place),
    )
    terms = Terms(
        endpoint=endpoint,
        place=place,
        protocols=_protocols(reading, level, place),
        without_gaps=True,
        ciphers=ciphers_of(reading, level, "sslproxyciphersuite", {}, place),
        suites_1_3=NOT_ASKED,
        groups=NOT_ASKED,
        prefers=Known(Preference.CLIENT, place),
        prefers_1_3=Known(Preference.CLIENT, place),
    )
    facts = facts_of(terms, reading.context.assume.openssl)
    return Facts(
        endpoint=endpoint,
        protocols=facts.protocols,
        cipher_suites=facts.cipher_suites,
        setup=facts.setup,
        upstream=upstream,
    )


def _protocols(reading: Reading, level: Level, place: Basis) -> Fact[protocols.Versions]:
    setting = level.setting("sslproxyprotocol")
    if isinstance(setting, Unknown):
        return setting
    if setting is not None:
        return protocols.evaluated(setting)
    assume = reading.context.assume
    return Known(dict.fromkeys(defaults.protocols(assume.apache, assume.openssl, None), place), place)


def _verifies(setting: Setting | Unknown | None, place: Basis) -> Fact[bool]:
    """Nothing is verified unless SSLProxyVerify says so."""
    if isinstance(setting, Unknown):
        return setting
    if setting is None:
        return Known(False, place)
    verdict = _VERIFIES.get(setting.word.lower())
    if verdict is None:
        return Unknown(Why.UNSUPPORTED, f"SSLProxyVerify {setting.word[:60]!r} ({setting.basis.at})")
    return Known(verdict, setting.basis)


def _checks_name(level: Level, place: Basis) -> Fact[bool]:
    """SSLProxyCheckPeerName, and the older SSLProxyCheckPeerCN that takes it away where it is off alone."""
    name, common = level.setting("sslproxycheckpeername"), level.setting("sslproxycheckpeercn")
    by_name, by_common = flag(name, place, default=True), flag(common, place, default=True)
    if isinstance(by_name, Unknown):
        return by_name
    if isinstance(by_common, Unknown):
        return by_common
    if name is not None and by_name.value:
        return by_name
    if not by_common.value:
        return by_common
    # An explicit off leaves the check of the common name only where that was asked for.
    return by_common if common is not None else by_name


def _logged(level: Level, place: Basis) -> Fact[bool]:
    """Failed handshakes are logged by mod_proxy at level error; the default of LogLevel is warn."""
    log, found = level.setting("errorlog"), level.setting("loglevel")
    if isinstance(log, Unknown) and not (level.written("errorlog") or "").endswith(_LOG_NAME):
        return log
    if isinstance(log, Setting) and log.word == "/dev/null":
        return Known(False, log.basis)
    if not isinstance(found, Setting):
        return found or Known(True, log.basis if isinstance(log, Setting) else place)
    words = [each.lower() for each in found.args]
    of_proxy = [
        each.partition(":")[2] for each in words if each.startswith(("proxy:", "proxy_module:", "mod_proxy.c:"))
    ]
    plain = [each for each in words if ":" not in each]
    taken = (of_proxy or plain or ["warn"])[-1]
    return Known(taken not in _ABOVE_ERROR, found.basis)


def _section_for(level: Level, url: str) -> Level:
    """The Proxy sections of an address, which settle what the virtual host does not (since 2.4.30)."""
    found = level
    for section in _for_proxies(level):
        block = section.block or ()
        holds = _is_for(section, url)
        if holds is None:
            doubt = f"whether <{section.name}> is for {url[:100]!r} cannot be told ({section.at})"
            block = tuple(replace(each, doubt=each.doubt or doubt) for each in block)
        if holds is not False:
            found = Level(block, found)
    return found


def _for_proxies(level: Level) -> Iterator[Directive]:
    if level.around is not None:
        yield from level.around.sections("proxy", "proxymatch")
    yield from level.sections("proxy", "proxymatch")


def _is_for(section: Directive, url: str) -> bool | None:
    """Whether a section holds for an address, of which the end comes with each request (proxy_walk in mod_proxy.c)."""
    word = section.word
    if section.name == "proxy" and word != "~":
        return word == "*" or url.lower().startswith(word.rstrip("*").lower())
    pattern = section.args[-1] if section.args else ""
    begin = _LITERAL.match(pattern) if "|" not in pattern else None
    literal = begin["text"].replace("\\", "").lower() if begin is not None else ""
    if begin is not None and not url.lower().startswith(literal) and not literal.startswith(url.lower()):
        return False
    # What ends the expression, or looks ahead, may hang on the rest of the path; letters count in their case.
    is_plain = "$" not in pattern and "(?!" not in pattern and pattern == pattern.lower()
    return True if is_plain and finds(pattern, url) else None


def _host(server: str) -> str:
    if server.startswith("["):
        return server[1:].partition("]")[0]
    return server.partition(":")[0]


def _local(host: str, basis: Basis) -> Fact[bool]:
    """Whether what is sent stays on the machine."""
    if "$" in host or "%" in host:
        return Unknown(Why.UNRESOLVED, f"the destination is a variable: {host[:100]!r} ({basis.at})")
    return Known(is_local(host), basis)
