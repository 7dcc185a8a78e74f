"""Client authentication that the application enforces: a certificate is optional, and who has none is refused.

`Require ssl-verify-client` (mod_ssl, ssl_authz_verify_client), and the same as an expression; measured with 2.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.scope import Level
from tlsaudit.config.apache.sections import inner_sections, is_for_all, path_sections, root_sections
from tlsaudit.config.apache.served import served_root
from tlsaudit.model.knowledge import Basis, Known, Origin, Unknown, Why

_VERIFIED = re.compile(r"%\{SSL_CLIENT_VERIFY\}\s*(?:==|=|-eq|eq)\s*(?P<quote>['\"]?)SUCCESS(?P=quote)")
_ABOUT_CLIENTS = ("ssl_client_", "ssl-verify-client")
_OF_ACCESS = frozenset(
    {
        "require",
        "requireall",
        "requireany",
        "requirenone",
        "authmerging",
        "satisfy",
        "limit",
        "limitexcept",
        "if",
        "elseif",
        "else",
    }
)
_DEEPEST = 4


def enforced(level: Level) -> Known[bool] | Unknown | None:
    """Whether nobody without a good certificate is served; None: nothing of it is said for `/`."""
    sections = path_sections(level)
    last = next((each for each in reversed(sections) if is_for_all(each) and _access(each)), None)
    behind = sections[sections.index(last) + 1 :] if last is not None else sections
    if last is not None and last.doubt is None and _needs_certificate(_access(last)):
        more = (*behind, *level.sections("if", "elseif", "else"))
        other = next((each for each in more if _access(each)), None)
        other = other or next(_loosened(level), None)
        if other is None:
            return Known(True, Basis(Origin.EXPLICIT, _access(last)[0].at))
        return _open(other)
    served, _ = served_root(level)
    root = (each for each in root_sections(level, served))
    conditions = (each for each in level.directives if each.name == "rewritecond")
    told = next((each for each in (*root, *conditions) if _tells_of_clients(each, 0)), None)
    return None if told is None else _open(told)


def _loosened(level: Level) -> Iterator[Directive]:
    """`Satisfy`, by which one of two conditions is enough, and files that are not here."""
    for around in (level, level.around):
        if around is not None:
            yield from around.own("satisfy")
            yield from (each for each in around.directives if each.hidden and not set("*?[").intersection(each.word))
    for section in inner_sections(level):
        yield from (each for each in section.block or () if each.name == "satisfy")


def _open(directive: Directive) -> Unknown:
    reason = f"whether clients without a certificate are refused hangs on {directive.name} ({directive.at})"
    return Unknown(Why.UNRESOLVED, reason)


def _access(section: Directive) -> Sequence[Directive]:
    """What a section says of who gets in."""
    return [each for each in section.block or () if each.name in _OF_ACCESS or each.hidden]


def _needs_certificate(access: Sequence[Directive]) -> bool:
    if len(access) != 1 or access[0].name != "require" or access[0].doubt is not None:
        return False
    kind, _, rest = access[0].raw.strip().partition(" ")
    if kind.lower() == "ssl-verify-client":
        return not rest.strip()
    bare = rest.strip()
    if bare[:1] == bare[-1:] == '"' and bare.count('"') == 2:
        bare = bare[1:-1]
    return kind.lower() == "expr" and _VERIFIED.fullmatch(bare.strip()) is not None


def _tells_of_clients(directive: Directive, depth: int) -> bool:
    if any(each in directive.raw.lower() for each in _ABOUT_CLIENTS):
        return directive.name in {"rewritecond", "require", "sslrequire", "if", "elseif"}
    inside: Iterator[Directive] = iter(directive.block or ())
    return depth < _DEEPEST and any(_tells_of_clients(each, depth + 1) for each in inside)
