"""Strict-Transport-Security as HAProxy sets it, and who answers `GET /`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.sections import Config, Proxy
from tlsaudit.config.haproxy.words import is_unresolved
from tlsaudit.model.facts import HttpAnswer
from tlsaudit.model.hsts import parse_hsts
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

_FIELD = "strict-transport-security"
_ANSWERS = {"return": 200, "redirect": 302, "deny": 403, "reject": None, "silent-drop": None, "tarpit": 500}
_SETS = frozenset({"set-header", "add-header"})


def answer_of(config: Config, proxy: Proxy, place: Basis) -> Fact[HttpAnswer | None]:
    """What `GET /` gets, as far as the text says: whoever is behind may add header fields of his own."""
    if not proxy.speaks_http:
        return Unknown(Why.NOT_ASKED, "mode tcp: what is behind speaks for itself")
    behind = behind_of(config, proxy)
    own = _own_answer(proxy)
    if isinstance(own, Unknown):
        return own
    keywords = ("http-after-response",) if own is not None else ("http-response", "http-after-response")
    fields: list[str] = []
    basis = place
    for line, origin in _rules(proxy, behind, keywords):
        found = _field(line)
        if found is None:
            continue
        verdict = holds_over_tls(line.args)
        if verdict is None or line.doubt is not None or is_unresolved(found) or "%[" in found:
            return Unknown(Why.UNRESOLVED, f"Strict-Transport-Security hangs on a condition or variable ({line.at})")
        if verdict:
            fields = [*fields, found] if line.args[0] == "add-header" else [found]
            basis = Basis(origin, line.at)
    if own is not None:
        fields = fields or _in_answer(own)
        return Known(HttpAnswer(status=_status(own), hsts=parse_hsts(fields)), Basis(Origin.EXPLICIT, own.at))
    if not fields:
        return Unknown(Why.NOT_ASKED, "what is behind may send Strict-Transport-Security itself")
    return Known(HttpAnswer(status=None, hsts=parse_hsts(fields)), basis)


def behind_of(config: Config, proxy: Proxy) -> Proxy | None:
    """The one backend that answers, where there is but one."""
    named = [line.args[0] for line, _ in proxy.lines("default_backend", "use_backend") if line.args]
    return config.backends().get(named[0]) if len(set(named)) == 1 else None


def holds_over_tls(words: Sequence[str]) -> bool | None:
    """Whether `if` or `unless` at the end of a rule is met by every request over TLS; None: nobody can tell."""
    place = next((at for at, word in enumerate(words) if word in {"if", "unless"} and at), None)
    if place is None:
        return True
    condition = " ".join(words[place + 1 :]).replace("{ ", "{").replace(" }", "}")
    verdict = {"{ssl_fc}": True, "!{ssl_fc}": False, "TRUE": True, "FALSE": False}.get(condition)
    if verdict is None:
        return None
    return verdict if words[place] == "if" else not verdict


def _own_answer(proxy: Proxy) -> Line | Unknown | None:
    """The rule by which HAProxy answers every request over TLS itself; unknown where some may be answered so."""
    for line, _ in proxy.lines("http-request", "redirect"):
        action = "redirect" if line.name == "redirect" else line.args[0] if line.args else ""
        if action not in _ANSWERS:
            continue
        if holds_over_tls(line.args) and line.doubt is None:
            return line
    return None


def _rules(proxy: Proxy, behind: Proxy | None, keywords: Sequence[str]) -> Iterator[tuple[Line, Origin]]:
    """Rules on responses: those of the backend first, as they are applied."""
    if behind is not None and behind is not proxy:
        yield from behind.lines(*keywords)
    yield from proxy.lines(*keywords)


def _field(line: Line) -> str | None:
    """The value of the field that a rule sets."""
    args = line.args
    if len(args) < 3 or args[0] not in _SETS or args[1].lower() != _FIELD:
        return None
    return args[2]


def _in_answer(line: Line) -> list[str]:
    """The field among those that `return` adds: `hdr NAME VALUE`."""
    words = line.args
    return [
        words[place + 2]
        for place in range(len(words) - 2)
        if words[place] == "hdr" and words[place + 1].lower() == _FIELD
    ]


def _status(line: Line) -> int | None:
    words = line.args if line.name == "http-request" else ("redirect", *line.args)
    for name in ("status", "code", "deny_status"):
        if name in words[:-1] and (number := words[words.index(name) + 1]).isdigit() and len(number) == 3:
            return int(number)
    return _ANSWERS.get(words[0])
