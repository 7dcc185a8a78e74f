"""What a verdict was judged against stands beside it."""

from __future__ import annotations

import pytest

from tests.report import hostile
from tlsaudit.model.document import DeclaredPart, Document, Subject
from tlsaudit.report import FORMATS, Style
from tlsaudit.report.view import declared_words


def _declared(subject: Subject, **said: object) -> Subject:
    return subject.model_copy(update={"declared": DeclaredPart.model_validate(said)})


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"client_auth": "required"}, "client authentication required"),
        ({"kind": "api"}, "an API"),
        ({"kind": "web", "names": ["a.example"]}, "for browsers; certificate for a.example"),
        ({"names": [f"{each}.example" for each in "abcdef"]},
         "certificate for a.example, b.example, c.example, d.example, 2 more"),
    ],
)  # fmt: skip
def test_the_words(poor: Subject, said: dict[str, object], words: str) -> None:
    assert declared_words(_declared(poor, **said)) == words
    assert declared_words(_declared(poor.model_copy(update={"kind": "upstream"}), **said)) == ""


def test_nothing_declared_is_nothing_said(poor: Subject) -> None:
    assert declared_words(poor) == ""


@pytest.mark.parametrize("name", ["text", "html", "markdown"])
def test_it_is_shown(document: Document, poor: Subject, name: str) -> None:
    def rendered(subject: Subject) -> str:
        return FORMATS[name].render(document.model_copy(update={"subjects": [subject]}), Style(width=200))

    assert "eclared" not in rendered(poor)
    shown = rendered(_declared(poor, client_auth="required"))
    assert "eclared" in shown
    assert "client authentication required" in shown
    for attack in hostile.ATTACKS:
        safe = rendered(_declared(poor, names=[attack]))
        assert "\x1b" not in safe
        assert name == "text" or "<script" not in safe
