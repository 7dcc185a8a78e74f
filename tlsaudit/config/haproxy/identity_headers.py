"""Headers that tell the application about the client's certificate, and ways past them."""

from __future__ import annotations

import re

from tlsaudit.config.haproxy.headers import behind_of, holds_over_tls
from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.sections import Config, Proxy
from tlsaudit.model.configuration import Said
from tlsaudit.model.knowledge import Basis, Origin

_ABOUT_THE_CLIENT = "ssl_c_"
_HAS_CERTIFICATE = re.compile(r"\{\s*(?:ssl_c_used|ssl_fc_has_crt|ssl_c_verify\s+0)\s*\}")


def forgeable(config: Config, proxy: Proxy, *, required: bool) -> tuple[Said, ...]:
    """Rules that leave in place what the client sent: they add to it, or set it only sometimes.

    `required`: nobody gets here without a certificate, so that a condition on one is always met.
    """
    behind = behind_of(config, proxy)
    lines = [line for line, _ in proxy.lines("http-request")]
    if behind is not None and behind is not proxy:
        lines += [line for line, _ in behind.lines("http-request")]
    cleared: set[str] = set()
    found: list[Said] = []
    for line in lines:
        action, *rest = line.args or ("",)
        if action not in {"set-header", "add-header", "del-header"} or not rest:
            continue
        name = rest[0].lower()
        always = _always(line, required=required)
        if always and action != "add-header":
            cleared.add(name)
        elif name not in cleared and action != "del-header" and _ABOUT_THE_CLIENT in " ".join(rest[1:2]):
            how = "added to" if action == "add-header" else "set under a condition only, beside"
            what = f"{name} is {how} what the client sent"
            found.append(Said(what, Basis(Origin.EXPLICIT, line.at)))
    return tuple(found)


def _always(line: Line, *, required: bool) -> bool:
    if line.doubt is not None:
        return False
    if holds_over_tls(line.args):
        return True
    return required and "if" in line.args and _HAS_CERTIFICATE.fullmatch(_condition(line)) is not None


def _condition(line: Line) -> str:
    words = line.args
    return " ".join(words[len(words) - words[::-1].index("if") :])
