"""A main file from which more would be made than anybody reads ends with an error, and not as if that were all."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench
from tests.config.nginx.test_listeners import PAIR
from tlsaudit.config import nginx

_TLS = f"listen 443 ssl; {PAIR}"


@pytest.mark.parametrize(
    ("text", "too_much"),
    [
        (f"http {{ server {{ {PAIR} listen 1001; listen 1002; listen 1003; listen 1004; }} }}", True),
        (f"http {{ server {{ {PAIR} listen 1 ssl; listen 2 ssl; listen 3 ssl; listen 4 ssl; }} }}", True),
        (f"http {{ server {{ {PAIR} listen 1; listen 2; listen 3; }} }}", False),
        (
            f"http {{ server {{ {_TLS} " + "".join(f"location /{n} {{ proxy_pass https://b{n}; }}" for n in range(3)),
            True,
        ),
        ("http { ssl_protocols TLSv1; } " * 4, True),
    ],
)
def test_subjects_of_a_main_file(bench: Bench, monkeypatch: pytest.MonkeyPatch, text: str, too_much: bool) -> None:
    monkeypatch.setattr(nginx, "MOST_SUBJECTS", 3)
    text += " }" * (text.count("{") - text.count("}"))
    document = bench.lint(f"events {{}} {text}")
    errors = [each.error for each in document.subjects if each.error is not None]
    assert [each.code for each in errors] == ["excess"] * too_much
    if too_much:
        assert errors[0].message.endswith(": more than 3 listeners and upstreams")
        assert document.summary.exit_code != 0


def test_destinations_count_although_they_are_alike(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "MOST_DESTINATIONS", 3)
    text = "".join(f"location /{number} {{ proxy_pass https://b; }}" for number in range(4))
    document = bench.lint(f"events {{}} http {{ server {{ {_TLS} {text} }} }}")
    assert [each.error.code for each in document.subjects if each.error is not None] == ["excess"]
