"""The sample reports in the repository."""

from __future__ import annotations

import pytest

from tools import samples


@pytest.mark.parametrize("name", sorted(samples.renderings()))
def test_the_sample_is_fresh(name: str) -> None:
    written = (samples.REPORTS / name).read_text(encoding="utf-8")
    assert written == samples.renderings()[name], "run: python -m tools.samples"
