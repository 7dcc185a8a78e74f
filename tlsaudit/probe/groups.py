"""Named groups of TLS 1.2, asked with ECDHE suites that the server is known to accept.

With an ECDSA certificate supported_groups also limits the certificate's curve (RFC 8422 section 5.1.1), so that curve
stays in every offer until the server picks it. What is left then is asked without the curve: a refusal means that no
client ever gets one of these groups, but not that the server lacks them, and the facts say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tlsaudit.data.groups import GROUPS, groups_for
from tlsaudit.data.suites import SUITES
from tlsaudit.model.knowledge import Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.enumeration import Enumeration, remove_the_winner
from tlsaudit.probe.hellos import Shape
from tlsaudit.probe.key_exchange import read_key_exchange

_NAMED_CURVE = 3
_CURVES = {group.name: group.code for group in GROUPS.values() if group.kind == "ec"}


def chosen_group(answer: Answer) -> int | None:
    """The named group of a ServerKeyExchange; None where there is none."""
    exchange = read_key_exchange(answer)
    return exchange.group if exchange is not None and exchange.curve_type == _NAMED_CURVE else None


def curve_code(name: str | None) -> int | None:
    """The code of a certificate's curve, by its IANA name."""
    return _CURVES.get(name) if name is not None else None


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
    suites = [code for code in accepted if SUITES[code].kx in {"ECDHE", "ECDH_anon", "ECDHE_PSK"}]
    if not suites:
        return None
    free = [code for code in suites if SUITES[code].auth != "ECDSA"]
    kept = None if free else certificate_curve
    usable = free or suites
    offered = [group.code for group in groups_for(ProtocolVersion.TLS_1_2)]
    enumeration = Enumeration()
    if first is not None and first.hello is not None and first.hello.cipher_suite in usable:
        offered = enumeration.take(first, offered, chosen_group(first))

    async def ask(groups: Sequence[int]) -> Answer:
        hello = shape.classic(ProtocolVersion.TLS_1_2, usable, groups=groups)
        return await dialogue.ask(f"TLSv1.2, {len(groups)} named groups", hello)

    while kept is not None and offered and kept not in enumeration.accepted:
        answer = await ask([*(group for group in offered if group != kept), kept])
        offered = enumeration.take(answer, offered, chosen_group(answer))
    hidden = len(offered) if kept is not None else 0
    await remove_the_winner(ask, offered, chosen_group, enumeration)
    if kept is not None and hidden and enumeration.rest.why is Why.NOT_ASKED:
        reason = f"a group may hide behind {GROUPS[kept].name}, which the certificate needs and the server prefers"
        enumeration.rest = Unknown(Why.UNSUPPORTED, reason)
    return enumeration
