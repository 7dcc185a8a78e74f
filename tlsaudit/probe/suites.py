"""Cipher suites, in the server's order, and whether it has one.

Some servers that have an order move ChaCha20 up for a client whose first known suite is ChaCha20 (OpenSSL's
PRIORITIZE_CHACHA), or is not AES-GCM (Go). So ChaCha20 always comes last in an offer, and AES-GCM first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tlsaudit.data.suites import SUITES, suites_for
from tlsaudit.model.facts import Preference
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.enumeration import NONE_OF_THEM, Ask, Enumeration, remove_the_winner
from tlsaudit.probe.hellos import Shape


def candidates(version: ProtocolVersion) -> tuple[int, ...]:
    """Every suite that can be negotiated at `version`, the strongest first, but ChaCha20 last.

    At SSL 3.0 these include the suites of TLS 1.0, elliptic curves among them: servers have accepted them.
    """
    suites = dict.fromkeys(suites_for(version))
    if version is ProtocolVersion.SSL_3:
        suites |= dict.fromkeys(suites_for(ProtocolVersion.TLS_1_0))
    return tuple(suite.code for suite in sorted(suites, key=lambda suite: suite.enc == "CHACHA20"))


def chosen_suite(answer: Answer, version: ProtocolVersion) -> int | None:
    """What an answer to a hello of `version` chose."""
    if answer.hello is None:
        return None
    return answer.hello.cipher_suite if answer.version is version else NONE_OF_THEM


async def enumerate_suites(
    dialogue: Dialogue, shape: Shape, version: ProtocolVersion, *, first: Answer | None, piece: int | None
) -> Enumeration:
    """The accepted suites at `version`, below TLS 1.3. `first` answered an offer of all of them, where there is one.

    Servers that break on long lists get them in pieces of `piece`, and what they accept once more for the order.
    """

    async def ask(suites: Sequence[int]) -> Answer:
        return await dialogue.ask(f"{version}, {len(suites)} cipher suites", shape.classic(version, suites))

    def chosen(answer: Answer) -> int | None:
        return chosen_suite(answer, version)

    offered = list(candidates(version))
    enumeration = Enumeration()
    if first is not None:
        offered = enumeration.take(first, offered, chosen(first))
    size = piece or max(1, len(offered))
    for start in range(0, len(offered), size):
        await remove_the_winner(ask, offered[start : start + size], chosen, enumeration)
        if enumeration.rest.why is not Why.NOT_ASKED:
            break
    if size < len(offered):
        await _put_in_order(ask, chosen, enumeration)
    return enumeration


async def _put_in_order(ask: Ask, chosen: Callable[[Answer], int | None], enumeration: Enumeration) -> None:
    """What was accepted out of several offers, in the order of one."""
    together = await remove_the_winner(ask, list(enumeration.accepted), chosen)
    enumeration.accepted = {code: enumeration.accepted[code] for code in (*together.accepted, *enumeration.accepted)}


async def find_preference(ask: Ask, version: ProtocolVersion, enumeration: Enumeration) -> Fact[Preference] | None:
    """Whose order decides at `version`: `ask` offers the accepted suites in reverse. None: fewer than two of them.

    The offer begins with a suite of AES-GCM other than the server's first choice, accepted or not, where the version
    has one: a client's order decides for it or for the server's last, a server's order for its first.
    """
    order = list(enumeration.accepted)
    if len(order) < 2:
        return None
    lead = [code for code in candidates(version) if SUITES[code].mode == "GCM" and code != order[0]][:1]
    answer = await ask([*lead, *(code for code in reversed(order) if code not in lead)])
    if answer.hello is None or answer.hello.cipher_suite not in order:
        return Unknown(Why.NO_ANSWER, f"probe {answer.n}: {answer.summary()}")
    own = answer.hello.cipher_suite == order[0]
    return Known(Preference.SERVER if own else Preference.CLIENT, Basis(Origin.OBSERVED, f"probe:{answer.n}"))
