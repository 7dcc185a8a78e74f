"""`.htaccess`: what one asks for in its folder, where AllowOverride lets it; all the rest is up to the virtual host.

SSLCipherSuite and SSLVerifyClient are allowed there with AuthConfig, Header and RewriteRule with FileInfo; no other
directive on TLS is, except that SSLRequireSSL refuses what came without it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tlsaudit.config.apache import headers
from tlsaudit.config.apache.clients import late_terms
from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.reading import Reading
from tlsaudit.config.apache.renegotiated import suites_alone
from tlsaudit.config.apache.scope import Level
from tlsaudit.config.apache.sections import all_in_sections
from tlsaudit.config.terms import ClientTerms, Terms
from tlsaudit.model.configuration import Setup
from tlsaudit.model.facts import Endpoint
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Known, Origin, Unknown
from tlsaudit.model.protocol import ProtocolVersion


def as_folder(directives: tuple[Directive, ...], file: str, beyond: Unknown) -> Level:
    """The file as the section of its folder, which is what httpd makes of it."""
    folder = file.removesuffix(".htaccess").rstrip("/")
    section = Directive(name="directory", raw=f'"/{folder}"', file=file, line=1, block=directives)
    return Level((section,), beyond=beyond)


def folder_terms(reading: Reading, level: Level, beyond: Unknown) -> tuple[Terms, ...]:
    """What is asked for there: suites, client certificates, Strict-Transport-Security."""
    (section,) = level.directives
    said = [directive for _, directive in all_in_sections(level, "sslciphersuite")]
    suites = tuple(suites_alone(reading, each, _renegotiating(each)) for each in said)
    asked = [directive for _, directive in all_in_sections(level, "sslverifyclient")]
    changes = headers.changed_in(section)
    first = min((*asked, *changes), key=lambda each: each.line, default=None)
    if first is None:
        return suites
    place = Basis(Origin.EXPLICIT, first.at)
    others = Terms(
        endpoint=Endpoint(host="*", port=0),
        place=place,
        protocols=beyond,
        ciphers=beyond,
        suites_1_3=beyond,
        groups=NOT_ASKED,
        prefers=beyond,
        prefers_1_3=beyond,
        client=late_terms(asked[-1], beyond) if asked else ClientTerms(mode=beyond),
        http=headers.answer_in(section, beyond),
        setup=Setup(hsts_lost=Known(headers.taken_away(section), place) if changes else beyond),
    )
    return (*suites, others)


def _renegotiating(directive: Directive) -> Known[Mapping[ProtocolVersion, Basis]]:
    """The newest version that renegotiates: which of them are spoken is up to the virtual host."""
    place = Basis(Origin.EXPLICIT, directive.at)
    return Known({ProtocolVersion.TLS_1_2: place}, place)
