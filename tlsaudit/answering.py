"""Which listener of a configuration answers for a name at a port, chosen as the servers choose. Pure: only the model.

nginx takes the very name, then the longest wildcard at the front, the longest at the end, the first expression that
fits, and the default of the socket (nginx.org, "Server names"; ngx_hash_find_combined). HAProxy takes the very name,
then the wildcard for one label (ssl_sock_switchctx_cbk), then the first certificate. Apache takes the first virtual
host of the address with a fitting ServerName or ServerAlias, else the first of all (ssl_find_vhost).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from tlsaudit.model.configuration import ServerNames
from tlsaudit.model.document import Subject
from tlsaudit.model.expression import finds

_Rank: TypeAlias = "tuple[int, int]"

_ANYONE: Final = ServerNames(is_default=True, chooser="nginx")
_DEFAULT: Final = (0, 0)
_PATTERN: Final = (1, 0)
_VERY_NAME: Final = (4, 0)


def choose(
    listeners: Sequence[Subject], names: Mapping[str, ServerNames], *, name: str | None, port: int
) -> tuple[Subject, ...]:
    """The listeners that answer for a name at a port: one, or none or several where that cannot be told.

    A file with but one listener is for any port: containers map them. Listeners at different addresses may both be
    meant; so may one with an expression of which it cannot be told whether it fits, unless another one goes before it.
    """
    usable = [each for each in listeners if each.facts is not None and _answers(names.get(each.id))]
    here = [each for each in usable if _listens(each, names.get(each.id), port)]
    if not here:
        return tuple(usable) if len(usable) == 1 else ()
    served = {each.id: names.get(each.id, _ANYONE) for each in here}
    wanted = (name or "").lower()
    ranks = {each.id: _rank(served[each.id], wanted) for each in here}
    best = max((rank for rank in ranks.values() if rank is not None), default=None)
    if best is None:
        return tuple(here)
    fitting = [each for each in here if ranks[each.id] == best]
    sockets = {served[each.id].socket for each in fitting}
    if len(sockets) == 1 and "" not in sockets:
        del fitting[1:]
    doubtful = [each for each in here if each not in fitting and best <= _PATTERN and _may_fit(served[each.id], wanted)]
    if best == _PATTERN and len(fitting) == 1:
        (first,) = fitting
        socket = served[first.id].socket
        before = here[: here.index(first)]
        doubtful = [each for each in doubtful if each in before or served[each.id].socket != socket]
    return (*fitting, *doubtful)


def _listens(listener: Subject, served: ServerNames | None, port: int) -> bool:
    """Whether it listens at a port, be it one of a range."""
    assert listener.facts is not None
    first = listener.facts.endpoint.port
    return port == first or (served is not None and 0 < first < port <= served.last_port)


def _answers(served: ServerNames | None) -> bool:
    """Whether it answers for anyone: settings of a part of a listener do not."""
    return served is None or served.is_default or bool(served.names)


def _rank(served: ServerNames, name: str) -> _Rank | None:
    """How well a listener fits; None: it is for other names, and not the default."""
    ranks = [rank for each in served.names if name and (rank := _fits(each, name, served)) is not None]
    if served.is_default:
        ranks.append(_DEFAULT)
    return max(ranks, default=None)


def _fits(written: str, name: str, served: ServerNames) -> _Rank | None:
    pattern = written.lower()
    if pattern == name:
        return _VERY_NAME
    if served.chooser == "apache":
        return _VERY_NAME if _matches(pattern, name) else None
    if served.chooser == "haproxy":
        one_label = name not in served.excluded and pattern.startswith("*.") and pattern[1:] == name[name.find(".") :]
        return (3, 0) if one_label else None
    return _fits_nginx(written, pattern, name)


def _fits_nginx(written: str, pattern: str, name: str) -> _Rank | None:
    if written.startswith("~"):
        return _PATTERN if finds(written[1:], name) else None
    if pattern.startswith(".") and name == pattern[1:]:
        return _VERY_NAME
    if pattern.startswith(("*.", ".")) and name.endswith(pattern.removeprefix("*")):
        return (3, len(pattern.removeprefix("*")))
    return (2, len(pattern)) if pattern.endswith(".*") and name.startswith(pattern[:-1]) else None


def _may_fit(served: ServerNames, name: str) -> bool:
    """Whether there is an expression of which it cannot be told."""
    if not name or served.chooser == "haproxy":
        return False
    if served.chooser == "apache":
        return any(_matches(each, name) is None for each in served.names)
    return any(each.startswith("~") and finds(each[1:], name) is None for each in served.names)


def _matches(pattern: str, name: str) -> bool | None:
    """Whether a name fits a ServerAlias, in which * and ? stand for anything; None: that cannot be told."""
    if "*" not in pattern and "?" not in pattern:
        return pattern.lower() == name
    wild = {"*": ".*", "?": "."}
    return finds(f"^{''.join(wild.get(each) or re.escape(each) for each in pattern)}$", name)
