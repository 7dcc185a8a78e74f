"""What nginx refuses: a directive that is read here with too few or too many words, or with one that it does not know.

Counts and values as in the tables of commands of nginx's modules (ngx_http_ssl_module.c and its twins); words are
compared without regard to case, as ngx_conf_set_flag_slot, -enum_slot and -bitmask_slot do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tlsaudit.config.assume import Version, version_words
from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.problem import SyntaxProblemError

_ANY = 10_000
_OTHER_LANGUAGES = frozenset({"map", "geo", "types", "split_clients", "charset_map", "match", "rtmp"})
"""Blocks of which the lines are no directives, or those of another module."""
_SWITCH = frozenset({"on", "off"})
_VERSIONS = frozenset({"sslv2", "sslv3", "tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"})
_CLIENTS = {
    f"{prefix}_ssl_{name}": (count, values)
    for prefix in ("proxy", "grpc", "uwsgi")
    for name, count, values in (
        ("certificate", 1, None),
        ("certificate_key", 1, None),
        ("ciphers", 1, None),
        ("crl", 1, None),
        ("name", 1, None),
        ("protocols", _ANY, _VERSIONS),
        ("server_name", 1, _SWITCH),
        ("session_reuse", 1, _SWITCH),
        ("trusted_certificate", 1, None),
        ("verify", 1, _SWITCH),
        ("verify_depth", 1, None),
    )
}
_ONE_WORD = {
    "http2": _SWITCH,
    "proxy_ssl": _SWITCH,
    "ssl": _SWITCH,
    "ssl_buffer_size": None,
    "ssl_certificate": None,
    "ssl_certificate_key": None,
    "ssl_ciphers": None,
    "ssl_client_certificate": None,
    "ssl_crl": None,
    "ssl_dhparam": None,
    "ssl_early_data": _SWITCH,
    "ssl_ecdh_curve": None,
    "ssl_ocsp": _SWITCH | {"leaf"},
    "ssl_password_file": None,
    "ssl_prefer_server_ciphers": _SWITCH,
    "ssl_preread": _SWITCH,
    "ssl_reject_handshake": _SWITCH,
    "ssl_session_ticket_key": None,
    "ssl_session_tickets": _SWITCH,
    "ssl_session_timeout": None,
    "ssl_stapling": _SWITCH,
    "ssl_stapling_file": None,
    "ssl_stapling_responder": None,
    "ssl_stapling_verify": _SWITCH,
    "ssl_trusted_certificate": None,
    "ssl_verify_client": _SWITCH | {"optional", "optional_no_ca"},
    "ssl_verify_depth": None,
    "starttls": _SWITCH | {"only"},
    **dict.fromkeys(("auth_http", "fastcgi_pass", "grpc_pass", "include", "proxy_pass", "scgi_pass")),
    "uwsgi_pass": None,
}
_COUNTS = {
    "add_header": (2, 3),
    "error_log": (1, _ANY),
    "index": (1, _ANY),
    "listen": (1, _ANY),
    "return": (1, 2),
    "rewrite": (2, 3),
    "server_name": (1, _ANY),
    "set": (2, 2),
    "ssl_alpn": (1, _ANY),
    "ssl_conf_command": (2, 2),
    "ssl_protocols": (1, _ANY),
    "ssl_session_cache": (1, 2),
    "try_files": (2, _ANY),
    **dict.fromkeys(_ONE_WORD, (1, 1)),
    **{name: (1, count) for name, (count, _) in _CLIENTS.items()},
}
"""The least and the greatest number of words behind the name."""
_VALUES = {
    "ssl_protocols": _VERSIONS,
    **{name: values for name, values in _ONE_WORD.items() if values},
    **{name: values for name, (_, values) in _CLIENTS.items() if values},
}
_REPEATABLE = frozenset(
    {"include", "proxy_ssl_protocols", "grpc_ssl_protocols", "uwsgi_ssl_protocols", "ssl_certificate"}
    | {"ssl_certificate_key", "ssl_session_ticket_key", "starttls"}
)
_ONCE = frozenset({*_ONE_WORD, *_CLIENTS} - _REPEATABLE)
"""What nginx takes at a level once alone."""
_WITHOUT_SSL = (1, 25, 1)
"""nginx CHANGES: the directive `ssl` was removed."""


def refuse(directives: Iterable[Directive], version: Version | None) -> None:
    """Raises SyntaxProblemError at the first directive that nginx refuses; `version` None: nobody says which."""
    waiting = list(directives)
    for each in waiting:
        if each.block is None:
            _refuse(each, version)
        elif each.name not in _OTHER_LANGUAGES:
            waiting += each.block


def refuse_twice(directives: Sequence[Directive]) -> None:
    """Raises SyntaxProblemError at a directive that stands a second time at its level, includes in place."""
    levels = [directives]
    for level in levels:
        seen: set[str] = set()
        for each in level:
            if each.block is not None:
                levels += [each.block] if each.name not in _OTHER_LANGUAGES else []
            elif each.name in _ONCE and not each.shipped:
                if each.name in seen:
                    raise _problem(each, f"{each.name!r} stands here a second time at its level")
                seen.add(each.name)


def _refuse(directive: Directive, version: Version | None) -> None:
    name, args = directive.name, directive.args
    least, greatest = _COUNTS.get(name, (0, _ANY))
    if not least <= len(args) <= greatest:
        most = "or more" if greatest == _ANY else f"to {greatest}"
        wanted = str(least) if least == greatest else f"{least} {most}"
        words = "words" if greatest > 1 else "word"
        raise _problem(directive, f"{name!r} takes {wanted} {words}, not {len(args)}; is a semicolon missing?")
    known = _VALUES.get(name)
    wrong = next((each for each in args if known and "$" not in each and each.lower() not in known), "")
    if name == "add_header" and len(args) == 3 and args[2] != "always":
        wrong = args[2]
    if wrong:
        raise _problem(directive, f"{name!r} does not know {wrong[:60]!r}")
    if name == "listen" and "ssl" in args[1:] and {"udp", "quic"} & {*args[1:]}:
        raise _problem(directive, "'ssl' is for TCP, and not for a socket of UDP or QUIC")
    if name == "ssl" and version is not None and version >= _WITHOUT_SSL:
        what = f"the directive 'ssl' was removed in nginx {version_words(_WITHOUT_SSL)}: write 'listen ... ssl'"
        raise _problem(directive, what)


def _problem(directive: Directive, problem: str) -> SyntaxProblemError:
    return SyntaxProblemError(directive.file, directive.line, f"nginx does not start: {problem}", "refused")
