"""error_page: what becomes of clients that are refused. A page for an error may be the application itself.

nginx answers 495 to a client whose certificate does not verify and 496 to one that shows none, and both can be given
pages like other errors (ngx_http_ssl_module, "Error Processing").
"""

from __future__ import annotations

from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.scope import Scope, Setting
from tlsaudit.config.nginx.ways import HANDLERS, Way, ways
from tlsaudit.model.knowledge import Unknown, Why

UNVERIFIED, WITHOUT = 495, 496
_FIRST_REDIRECT, _FIRST_ERROR = 300, 400


def undone(server: Scope, level: Scope, status: int) -> Unknown | None:
    """Why clients that are refused with this status at a level may be served all the same; None: they are not.

    A page that sends them elsewhere or refuses them again changes nothing, nor does a file, sent as an error. A file
    that is not here is not thought to hold a page for these errors.
    """
    setting = level.setting("error_page")
    page = (
        next((each for each in setting.directives if str(status) in each.args[:-1]), None)
        if isinstance(setting, Setting)
        else None
    )
    if page is None or _is_refusal(server, level, page):
        return None
    reason = f"a client that is refused with {status} gets {page.args[-1][:200]!r}, and maybe the application"
    return Unknown(Why.UNRESOLVED, f"{reason} ({page.at})")


def _is_refusal(server: Scope, level: Scope, page: Directive) -> bool:
    *words, target = page.args
    code = next((each[1:] for each in words if each.startswith("=")), None)
    keeps = code is None or (code.isdigit() and int(code) >= _FIRST_ERROR)
    if not target.startswith(("/", "@")):
        return "$" not in target[:1]  # an address elsewhere
    again = level.setting("recursive_error_pages")
    if "$" in target or (again is not None and not (isinstance(again, Setting) and again.word == "off")):
        return False
    found = ways(server, target)
    if isinstance(found, Unknown):
        return False
    return bool(found) and all(_refuses(each, keeps and not target.endswith("/")) for each in found)


def _refuses(way: Way, is_error: bool) -> bool:
    if way.answers:
        return way.status is not None and (way.status >= _FIRST_REDIRECT or is_error)
    at: Scope | None = way.level
    while at is not None and at.words:  # a location, and an `if` in it
        if any(at.own(name) for name in HANDLERS):
            return False
        at = at.parent
    return is_error
