"""Headers that tell the application about the client's certificate, and ways past them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tlsaudit.config.haproxy.acl import Acls, acls, applies
from tlsaudit.config.haproxy.headers import Budget
from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.sections import Config, Proxy
from tlsaudit.model.configuration import Said
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

_ABOUT_THE_CLIENT = "ssl_c_"
_MOST_BACKENDS = 100
_HAS_CERTIFICATE = re.compile(r"\{\s*(?:ssl_c_used|ssl_fc_has_crt|ssl_c_verify\s+0)\s*\}")


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule on requests, and the ACLs of its section."""

    line: Line
    named: Acls


def forgeable(config: Config, proxy: Proxy, place: Basis, budget: Budget, *, required: bool) -> Fact[tuple[Said, ...]]:
    """Rules that leave in place what the client sent: they add to it, or set it only sometimes.

    `required`: nobody gets here without a certificate, so that a condition on one is always met. Unknown where no such
    rule is found, and the rules of a backend are not known.
    """
    named = acls(proxy)
    first = [_Rule(line, named) for line, _ in proxy.lines("http-request")]
    found = dict.fromkeys(_left_open(first, required=required))
    unknown: Unknown | None = None
    backends = config.backends()
    for number, (name, at) in enumerate(_behind(proxy, named).items()):
        backend = backends.get(name) if number < _MOST_BACKENDS else None
        if backend is None:
            unknown = Unknown(
                Why.UNRESOLVED, f"headers may be set in the backend {name[:100]!r}, not known here ({at})"
            )
        elif backend.section is not proxy.section:
            theirs = acls(backend)
            rules = [*first, *(_Rule(line, theirs) for line, _ in backend.lines("http-request"))]
            budget.left -= len(rules)
            if budget.left < 0:
                unknown = Unknown(Why.UNSUPPORTED, f"more rules set headers than are looked at ({at})")
                break
            found |= dict.fromkeys(_left_open(rules, required=required))
    return unknown if unknown is not None and not found else Known(tuple(found), place)


def _behind(proxy: Proxy, named: Acls) -> dict[str, str]:
    """The backends that requests over TLS may get to, with the place that names each."""
    lines = [line for line, _ in proxy.lines("use_backend") if applies(named, line) is not False]
    lines += [line for line, _ in proxy.lines("default_backend")][-1:]
    return {line.args[0]: line.at for line in lines if line.args}


def _left_open(rules: Sequence[_Rule], *, required: bool) -> tuple[Said, ...]:
    cleared: set[str] = set()
    found: list[Said] = []
    for each in rules:
        line = each.line
        action, *rest = line.args or ("",)
        if action not in {"set-header", "add-header", "del-header"} or not rest:
            continue
        name = rest[0].lower()
        always = _always(each, required=required)
        if always and action != "add-header":
            cleared.add(name)
        elif name not in cleared and action != "del-header" and _ABOUT_THE_CLIENT in " ".join(rest[1:2]):
            how = "added to" if action == "add-header" else "set under a condition only, beside"
            what = f"{name} is {how} what the client sent"
            found.append(Said(what, Basis(Origin.EXPLICIT, line.at)))
    return tuple(found)


def _always(each: _Rule, *, required: bool) -> bool:
    line = each.line
    if line.doubt is not None:
        return False
    if applies(each.named, line):
        return True
    return required and "if" in line.args and _HAS_CERTIFICATE.fullmatch(_condition(line)) is not None


def _condition(line: Line) -> str:
    words = line.args
    return " ".join(words[len(words) - words[::-1].index("if") :])
