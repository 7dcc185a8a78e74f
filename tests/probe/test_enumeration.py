from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.model.knowledge import Basis, Known, Origin, Why
from tlsaudit.probe.dialogue import Answer, End
from tlsaudit.probe.enumeration import NONE_OF_THEM, Enumeration, remove_the_winner
from tlsaudit.wire import Alert, ClientHello, ServerHello

ITEMS = st.lists(st.integers(1, 500), min_size=1, max_size=30, unique=True)
SENT = ClientHello(cipher_suites=(1,), extensions=())


def answered(n: int, item: int) -> Answer:
    hello = ServerHello(version=0x0303, legacy_version=0x0303, cipher_suite=item)
    return Answer(n=n, sent=SENT, events=(hello,), end=End.DONE)


def refused(n: int, description: int = 40) -> Answer:
    return Answer(n=n, sent=SENT, events=(Alert(level=2, description=description),), end=End.DONE)


def chosen(answer: Answer) -> int | None:
    return answer.hello.cipher_suite if answer.hello is not None else None


@given(ITEMS, ITEMS, st.booleans())
def test_k_accepted_items_cost_k_plus_one_questions(known: list[int], offered: list[int], own_order: bool) -> None:
    asked: list[int] = []

    async def ask(items: Sequence[int]) -> Answer:
        asked.append(len(items))
        first, second = (known, items) if own_order else (items, known)
        item = next((each for each in first if each in second), None)
        return refused(len(asked)) if item is None else answered(len(asked), item)

    found = asyncio.run(remove_the_winner(ask, offered, chosen))
    common = set(known) & set(offered)
    order = known if own_order else offered
    assert list(found.accepted) == [item for item in order if item in common]
    assert found.refused == set(offered) - common
    assert len(asked) == len(common) + (1 if found.refused else 0)
    assert found.rest.why is Why.NOT_ASKED


def test_silence_refuses_nothing() -> None:
    for end in (End.TIMEOUT, End.CLOSED, End.RESET, End.MALFORMED, End.UNREACHED):
        found = Enumeration()
        assert found.take(Answer(n=1, sent=SENT, events=(), end=end), [1, 2], None) == []
        assert not found.refused
        assert found.rest.why is Why.NO_ANSWER


def test_an_alert_that_is_no_refusal_refuses_nothing() -> None:
    found = Enumeration()
    answer = replace(refused(1, description=112), sent=ClientHello(cipher_suites=(1, 2), extensions=()))
    assert found.take(answer, [1, 2], None) == []
    assert not found.refused
    assert found.rest.why is Why.NO_ANSWER


def test_a_server_that_wants_a_name_refuses_hellos_that_have_no_room_for_one() -> None:
    found = Enumeration()
    answer = replace(refused(1, description=112), sent=ClientHello(cipher_suites=(1, 2), extensions=None))
    assert found.take(answer, [1, 2], None) == []
    assert found.refused == {1, 2}


def test_a_confirmed_close_refuses() -> None:
    found = Enumeration()
    found.take(Answer(n=1, sent=SENT, events=(), end=End.CLOSED, confirmed_refusal=True), [1, 2], None)
    assert found.refused == {1, 2}


def test_another_version_refuses_what_was_asked_of_this_one() -> None:
    found = Enumeration()
    assert found.take(answered(1, 7), [1, 2], NONE_OF_THEM) == []
    assert found.refused == {1, 2}


def test_a_choice_that_was_not_on_offer_ends_it() -> None:
    found = Enumeration()
    assert found.take(answered(3, 7), [1, 2], 7) == []
    assert not found.accepted
    assert not found.refused
    assert found.unoffered == Known(7, Basis(Origin.OBSERVED, "probe:3"))
