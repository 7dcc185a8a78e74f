"""Named groups of TLS 1.2, asked with ECDHE suites that the server is known to accept.

With an ECDSA certificate supported_groups also limits the certificate's curve (RFC 8422 section 5.1.1), so that curve
stays in every offer, as the last, until the server picks it. Where the client's order decides, what is left then is
refused. Where the server's does, no client ever gets one of the groups that are left, but the server may have them,
and the facts say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tlsaudit.data.groups import GROUPS, groups_for
from tlsaudit.data.suites import SUITES, CipherSuite
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.knowledge import Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.pki import parse_certificate
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.enumeration import NONE_OF_THEM, Ask, Enumeration, remove_the_winner
from tlsaudit.probe.hellos import Shape
from tlsaudit.probe.key_exchange import read_parameters
from tlsaudit.probe.suites import candidates
from tlsaudit.wire import CertificateMessage, EcdheParameters

_NAMED_CURVE = 3
WITH_GROUPS = {"ECDHE", "ECDH_anon", "ECDHE_PSK"}
"""Key exchanges that use a named group."""
_CURVES = {group.name: group.code for group in GROUPS.values() if group.kind == "ec"}


def chosen_group(answer: Answer) -> int | None:
    """The named group that a ServerKeyExchange chose, or `NONE_OF_THEM` where it spells a curve out."""
    parameters = read_parameters(answer)
    if not isinstance(parameters, EcdheParameters):
        return None
    return parameters.group if parameters.curve_type == _NAMED_CURVE else NONE_OF_THEM


def certificate_curve(answer: Answer) -> int | None:
    """The curve of the certificate that an answer shows; None where it shows none, or one without a named curve."""
    message = answer.first(CertificateMessage)
    try:
        leaf = parse_certificate(message.certificates[0]) if message and message.certificates else None
    except DecodeError:
        return None
    return _CURVES.get(leaf.key.curve) if leaf is not None and leaf.key.type == "ec" and leaf.key.curve else None


def suite_for_groups(answer: Answer) -> CipherSuite | None:
    """The suite of TLS 1.2 that an answer chose, if groups can be asked for with it."""
    if answer.hello is None or answer.version is not ProtocolVersion.TLS_1_2:
        return None
    suite = SUITES.get(answer.hello.cipher_suite)
    return suite if suite is not None and suite.kx in WITH_GROUPS else None


async def ask_free(dialogue: Dialogue, shape: Shape) -> Answer:
    """The answer to an offer of all suites with which groups are no matter of the certificate's curve."""
    offered = [code for code in candidates(ProtocolVersion.TLS_1_2) if _is_free(SUITES[code])]
    hello = shape.classic(ProtocolVersion.TLS_1_2, offered)
    return await dialogue.ask(f"TLSv1.2, {len(offered)} suites, not of ECDSA", hello)


def _is_free(suite: CipherSuite) -> bool:
    """Whether groups asked with this suite are no matter of the certificate's curve."""
    return suite.kx in WITH_GROUPS and suite.auth != "ECDSA"


async def enumerate_groups(
    dialogue: Dialogue,
    shape: Shape,
    accepted: Iterable[int],
    *,
    first: Answer | None,
    certificate_curve: int | None,
) -> Enumeration | None:
    """The named groups at TLS 1.2; None where no ECDHE suite is accepted.

    `accepted` are the suites at TLS 1.2; `first` an answer to an offer of all groups and, where the suites of an RSA
    certificate are used, of all suites; `certificate_curve` that of the ECDSA certificate, if there is one.
    """
    suites = [code for code in accepted if SUITES[code].kx in WITH_GROUPS]
    if not suites:
        return None
    free = [code for code in suites if _is_free(SUITES[code])]
    kept = None if free else certificate_curve
    usable = free or suites
    offered = [group.code for group in groups_for(ProtocolVersion.TLS_1_2)]
    enumeration = Enumeration()

    async def ask(groups: Sequence[int]) -> Answer:
        hello = shape.classic(ProtocolVersion.TLS_1_2, usable, groups=groups)
        return await dialogue.ask(f"TLSv1.2, {len(groups)} groups", hello)

    if first is not None and first.hello is not None and first.hello.cipher_suite in usable:
        chosen = chosen_group(first)
        if chosen is not None and (kept is None or chosen != kept):
            offered = enumeration.take(first, offered, chosen)
    if kept is not None:
        offered = await _enumerate_before(ask, offered, kept, enumeration)
    await remove_the_winner(ask, offered, chosen_group, enumeration)
    if kept is not None and await _may_hide(ask, kept, enumeration):
        reason = f"a group may hide behind {GROUPS[kept].name}, which the certificate needs and the server prefers"
        enumeration.rest = Unknown(Why.UNSUPPORTED, reason)
    return enumeration


async def _enumerate_before(ask: Ask, offered: list[int], kept: int, enumeration: Enumeration) -> list[int]:
    """The groups that the server prefers to the certificate's curve, and the curve; returns those that are left."""
    while offered and kept not in enumeration.accepted:
        answer = await ask([*(group for group in offered if group != kept), kept])
        offered = enumeration.take(answer, offered, chosen_group(answer))
    return offered


async def _may_hide(ask: Ask, kept: int, enumeration: Enumeration) -> bool:
    """Whether the server may have more groups than it shows: unless a client that puts the curve first gets it."""
    if kept not in enumeration.accepted or enumeration.rest.why is not Why.NOT_ASKED:
        return False
    other = next((group for group in enumeration.accepted if group != kept), None)
    return other is None or chosen_group(await ask((kept, other))) != kept
