"""Conditions of rules (`if`, `unless`): true, false, or not known here, of a request over TLS.

Follows parse_acl_cond in HAProxy's src/acl.c: terms are joined by nothing (and) or by `or` and `||`; there are no
parentheses. What fetches data of the request that is gone when the response comes finds nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.sections import Proxy
from tlsaudit.config.haproxy.words import is_unresolved

_OR = frozenset({"or", "||"})
_ALWAYS = {"TRUE": True, "FALSE": False, "HTTP": True, "always_true": True, "always_false": False}
ABOUT_CERTIFICATE = "ssl_c_"
"""What samples of the client's certificate begin with."""
_ALWAYS_THERE = frozenset({"ssl_c_used", "ssl_c_ca_err", "ssl_c_ca_err_depth", "ssl_c_err", "ssl_fc_has_crt"})
_FLAGS = frozenset({"-i", "--", "-m"})
_KEPT_BY = frozenset({"lower", "url_dec"})
"""Converters that leave `/` as it is."""
_PATH_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "str": str.__eq__,
    "beg": str.startswith,
    "end": str.endswith,
    "sub": lambda path, value: value in path,
    "dir": lambda path, value: f"/{value.strip('/')}/" in f"{path}/",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known of a request over TLS; None: it may be any."""

    path: str | None = None
    method: str | None = None
    answered: bool = False
    """The rule looks at the response."""
    tls: bool = True
    certificate: bool | None = None
    """Whether the client has shown one."""
    port: int | None = None


ANY = Asked()
Acls = Mapping[str, Sequence[Line]]


def acls(proxy: Proxy) -> Acls:
    """The lines of the ACLs that the rules of this proxy may name."""
    found: dict[str, list[Line]] = {}
    for line, _ in proxy.lines("acl"):
        if line.args:
            found.setdefault(line.args[0], []).append(line)
    return found


def condition(words: Sequence[str]) -> tuple[bool, Sequence[str]] | None:
    """Whether a rule waits for its condition to hold (`if`) or to fail (`unless`), and the condition."""
    place = next((at for at, word in enumerate(words) if word in {"if", "unless"} and at), None)
    return None if place is None else (words[place] == "if", words[place + 1 :])


def applies(named: Acls, line: Line, asked: Asked = ANY) -> bool | None:
    """Whether a rule is applied; None: nobody can tell."""
    if line.doubt is not None:
        return None
    found = condition(line.args)
    if found is None:
        return True
    verdict = _holds(named, found[1], asked)
    return verdict if found[0] or verdict is None else not verdict


def _holds(named: Acls, words: Sequence[str], asked: Asked) -> bool | None:
    """Terms of terms."""
    whole: list[bool | None] = []
    terms: list[bool | None] = []
    waiting = iter(words)
    negated = False
    for word in waiting:
        if word in _OR:
            whole.append(_every(terms))
            terms = []
            continue
        bare = word.lstrip("!")
        negated ^= (len(word) - len(bare)) % 2 == 1
        if not bare:
            continue
        if bare == "{":
            inside: list[str] = []
            for each in waiting:
                if each == "}":
                    break
                inside.append(each)
            verdict = _test(inside, asked)
        else:
            verdict = _named(named, bare, asked)
        terms.append(verdict if verdict is None else verdict ^ negated)
        negated = False
    return _any([*whole, _every(terms)])


def _every(verdicts: Sequence[bool | None]) -> bool | None:
    return False if False in verdicts else None if None in verdicts else True


def _any(verdicts: Sequence[bool | None]) -> bool | None:
    return True if True in verdicts else None if None in verdicts else False


def _named(named: Acls, name: str, asked: Asked) -> bool | None:
    """An ACL by its name: one of several lines is enough; else one of HAProxy's own."""
    lines = named.get(name)
    if lines:
        return _any([None if line.doubt is not None else _test(line.args[1:], asked) for line in lines])
    if name.startswith("METH_"):
        return None if asked.method is None else name.removeprefix("METH_") == asked.method
    return _flag(name, asked)


def _flag(fetch: str, asked: Asked) -> bool | None:
    """A sample that is true or false by itself."""
    if fetch == "ssl_fc":
        return asked.tls
    if fetch in {"ssl_c_used", "ssl_fc_has_crt"}:
        return asked.certificate if asked.tls else False
    return _ALWAYS.get(fetch)


def _of_connection(fetch: str, values: Sequence[str], asked: Asked, *, plain: bool) -> bool | None:
    """What TLS and the port tell. Of a client without a certificate there is nothing to fetch (measured: 2.6).

    Only the result of its verification is there, and says that all is well.
    """
    if not values and plain:
        return _flag(fetch, asked)
    numbers = plain and bool(values) and all(each.isdigit() for each in values)
    if fetch == "dst_port":
        return str(asked.port) in values if numbers and asked.port is not None else None
    if fetch in _ALWAYS_THERE or not fetch.startswith((ABOUT_CERTIFICATE, "ssl_fc_")):
        return None
    if asked.tls and fetch == "ssl_c_verify" and asked.certificate is False:
        return "0" in values if numbers else None
    is_missing = not asked.tls or (asked.certificate is False and fetch.startswith(ABOUT_CERTIFICATE))
    return False if is_missing else None


def _test(words: Sequence[str], asked: Asked) -> bool | None:
    """One test: what is fetched, flags, and the values of which one is to match."""
    if not words or any(is_unresolved(each) for each in words):
        return None
    fetch, *converters = words[0].split(",")
    values = list(words[1:])
    match: str | None = None
    any_case = False
    while values and values[0] in _FLAGS:
        flag = values.pop(0)
        any_case |= flag == "-i"
        match = values.pop(0) if flag == "-m" and values else match
    plain = not converters and match in {None, "str"}
    known = _of_connection(fetch, values, asked, plain=plain)
    if known is not None:
        return known
    if not values or values[0].startswith("-") or not _KEPT_BY.issuperset(converters):
        return None
    if fetch == "method":
        return asked.method in values if plain and not any_case and asked.method is not None else None
    kind, _, how = fetch.partition("_")
    if kind != "path" or (how and match is not None):
        return None
    return _path_is(how or match or "str", values, asked)


def _path_is(match: str, values: Sequence[str], asked: Asked) -> bool | None:
    compare = _PATH_MATCHES.get(match)
    if asked.answered:
        return False
    return None if asked.path is None or compare is None else any(compare(asked.path, each) for each in values)
