"""The sample reports in the repository."""

from __future__ import annotations

import pytest

from tools import samples


@pytest.mark.parametrize("name", ["sample.html", "sample.json", "sample.txt"])
def test_the_sample_is_fresh(name: str) -> None:
    written = (samples.REPORTS / name).read_text(encoding="utf-8")
    assert written == samples.renderings()[name], "run: python -m tools.samples"


def test_an_ordinary_endpoint_stays_under_25_kb() -> None:
    document = samples.document()
    for subject in document.subjects:
        if subject.name != "trap.example.net:443":
            assert len(subject.model_dump_json(by_alias=True)) < 25_000
