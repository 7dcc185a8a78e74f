"""Settings on TLS where nothing listens: they are for listeners of other files."""

from __future__ import annotations

from dataclasses import replace

from tlsaudit.config.assume import Version
from tlsaudit.config.terms import Terms, facts_of
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Known, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion


def facts_alone(terms: Terms, openssl: Version | None) -> Facts:
    """The facts of such settings; a cipher string counts at TLS 1.2, which listeners speak, whoever says so.

    Only what it lets in is known: what it leaves out at another version, the listener decides.
    """
    facts = facts_of(terms, openssl)
    left_open = terms.protocols
    if not (isinstance(left_open, Unknown) and left_open.why is Why.NOT_ASKED and isinstance(terms.ciphers, Known)):
        return facts
    spoken = Known({ProtocolVersion.TLS_1_2: terms.place}, terms.place)
    let_in = facts_of(replace(terms, protocols=spoken), openssl).cipher_suites.accepted
    return replace(facts, cipher_suites=Tried(let_in, rest=left_open))
