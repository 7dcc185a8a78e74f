"""Broken signature schemes: does the server sign with one where a client offers nothing better?

What it signs with for others is in the key exchanges. Trying all schemes would cost a connection each and tell
little, so only those are tried that no server may use: MD5 and SHA-1 (RFC 9155), at TLS 1.3 also RSASSA-PKCS1-v1_5
(RFC 8446 section 4.2.3).
"""

from __future__ import annotations

from collections.abc import Sequence

from tlsaudit.data.signatures import SCHEMES
from tlsaudit.data.suites import SUITES
from tlsaudit.model.knowledge import Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.behaviours.offers import Ground, Offer
from tlsaudit.probe.dialogue import Answer
from tlsaudit.probe.enumeration import NONE_OF_THEM, Enumeration, remove_the_winner
from tlsaudit.probe.handshake import COMPUTABLE_GROUPS, handshake
from tlsaudit.probe.key_exchange import read_parameters
from tlsaudit.probe.notes import Notes
from tlsaudit.wire import CertificateVerify, RsaParameters

BROKEN = tuple(code for code, scheme in SCHEMES.items() if scheme.hash in {"sha1", "md5"})
BROKEN_13 = tuple(code for code, scheme in SCHEMES.items() if code in BROKEN or scheme.algorithm == "rsa_pkcs1")


async def try_broken(ground: Ground, notes: Notes) -> None:
    """Note which broken schemes are accepted at TLS 1.2 and at TLS 1.3."""
    if ProtocolVersion.TLS_1_2 in ground.versions:
        notes.schemes[ProtocolVersion.TLS_1_2] = await _at_12(ground)
    if notes.tls13 is not None and any(each.first(CertificateVerify) for each in notes.tls13.handshakes):
        notes.schemes[ProtocolVersion.TLS_1_3] = await _at_13(ground)


async def _at_12(ground: Ground) -> Enumeration:
    suites = [code for code in ground.suites[ProtocolVersion.TLS_1_2] if _is_signed(code)]
    if not suites:
        return Enumeration(refused=set(BROKEN))

    async def ask(schemes: Sequence[int]) -> Answer:
        offer = Offer(shape=ground.shape, versions=(), suites=suites, groups=ground.groups, schemes=schemes)
        return await ground.dialogue.ask(f"TLSv1.2, {len(schemes)} broken signature schemes", offer.hello())

    def chosen(answer: Answer) -> int | None:
        if answer.hello is None:
            return None
        if answer.version is not ProtocolVersion.TLS_1_2:
            return NONE_OF_THEM
        parameters = read_parameters(answer)
        if parameters is None or isinstance(parameters, RsaParameters) or parameters.signature_scheme is None:
            return None
        # A server that looks past the list and signs as ever does not sign with what is on it.
        return parameters.signature_scheme if parameters.signature_scheme in BROKEN else NONE_OF_THEM

    return await remove_the_winner(ask, BROKEN, chosen)


def _is_signed(code: int) -> bool:
    suite = SUITES[code]
    return suite.kx in {"ECDHE", "DHE"} and suite.auth in {"RSA", "ECDSA", "DSS"}


async def _at_13(ground: Ground) -> Enumeration:
    """As remove-the-winner, with handshakes: at TLS 1.3 only the CertificateVerify shows the scheme.

    Handshakes with usual schemes came that far, so that an alert is about these.
    """
    found = Enumeration()
    remaining = list(BROKEN_13)
    while remaining:
        asked = f"TLSv1.3, handshake with {len(remaining)} broken signature schemes"
        done = await handshake(ground.dialogue, ground.shape, asked, groups=COMPUTABLE_GROUPS, schemes=remaining)
        proof = done.first(CertificateVerify)
        if proof is not None and proof.scheme in remaining:
            found.accepted[proof.scheme] = done.basis
            remaining.remove(proof.scheme)
        elif proof is not None or done.alert is not None:
            found.refused.update(remaining)
            break
        else:
            found.rest = Unknown(Why.NO_ANSWER, f"probe {done.n}: {done.summary()}")
            break
    return found
