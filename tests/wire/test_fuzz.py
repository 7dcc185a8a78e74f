"""The fuzz target itself, for a moment."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tools.fuzz_wire import mutate, run, seeds, try_input


def test_the_seeds_and_a_few_mutations_find_nothing() -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - to repeat a finding
    assert run(0.5, seed) >= len(seeds())


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_find_nothing(data: bytes) -> None:
    try_input(data)


@given(st.integers(0, 2**32))
def test_mutations_repeat_with_their_seed(seed: int) -> None:
    corpus = [b"abc", b"defg"]
    assert mutate(random.Random(seed), corpus) == mutate(random.Random(seed), corpus)
