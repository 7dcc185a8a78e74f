"""Cipher suites of sections: at TLS 1.2 and older mod_ssl renegotiates to them once it knows the path.

They replace those of the handshake, be they weaker (ssl_engine_kernel.c, ssl_hook_Access_classic). TLS 1.3 has no
renegotiation: there mod_ssl does not look at them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.reading import Reading
from tlsaudit.config.apache.scope import Level
from tlsaudit.config.apache.sections import all_in_sections, said
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.terms import Terms
from tlsaudit.model.facts import Endpoint
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown
from tlsaudit.model.protocol import ProtocolVersion

_SUITES = "sslciphersuite"
_MOST = 50


def renegotiated(reading: Reading, level: Level, handshake: Terms, done: set[str]) -> Iterator[tuple[str, Terms]]:
    """What is spoken at each path of a virtual host that has suites of its own.

    `done` are the places that were told of: a section of the main server holds for all, and is told of once.
    """
    spoken: Fact[Mapping[ProtocolVersion, Basis]] = handshake.protocols
    if isinstance(spoken, Known):
        older = dict(spoken.value)
        older.pop(ProtocolVersion.TLS_1_3, None)
        if not older:
            return
        spoken = Known(older, spoken.basis)
    told = ((path, each) for path, each in all_in_sections(level, _SUITES) if each.at not in done)
    for number, (path, directive) in enumerate(told):
        if number >= _MOST:
            what = f"more than {_MOST} sections with cipher suites"
            raise SyntaxProblemError(directive.file, directive.line, what, "excess")
        done.add(directive.at)
        yield path, suites_alone(reading, directive, spoken, handshake)


def suites_alone(
    reading: Reading,
    directive: Directive,
    spoken: Fact[Mapping[ProtocolVersion, Basis]],
    handshake: Terms | None = None,
) -> Terms:
    """The suites of a section and nothing else: all the rest is that of the handshake."""
    found, place = said(directive), Basis(Origin.EXPLICIT, directive.at)
    suites = found if isinstance(found, Unknown) else reading.cipher_string(directive.args[-1], place)
    return Terms(
        endpoint=Endpoint(host=handshake.endpoint.host if handshake is not None else "*", port=0),
        place=place,
        protocols=spoken,
        without_gaps=True,
        ciphers=suites,
        suites_1_3=Known((), place),
        groups=NOT_ASKED,
        prefers=NOT_ASKED,
        prefers_1_3=NOT_ASKED,
        keys=handshake.keys if handshake is not None else None,
        dh=handshake.dh if handshake is not None else NOT_ASKED,
    )
