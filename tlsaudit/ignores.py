"""Inline comments applied to what was found: a failure whose every place is covered becomes `waived`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tlsaudit.config.inline import Ignore
from tlsaudit.model import document as doc

_MOST_TOLD: Final = 20


class Ignores:
    """The comments of a run, and which of them were of use."""

    def __init__(self, comments: Sequence[Ignore], *, as_of: datetime) -> None:
        self._comments = comments
        self._today = as_of.date()
        self._used: set[Ignore] = set()

    def apply(self, subject: doc.Subject) -> doc.Subject:
        """The subject with what is waived."""
        if not self._comments:
            return subject
        results = [self._judged(result) for result in subject.results]
        return subject.model_copy(update={"results": results})

    def notes(self) -> list[str]:
        """Comments that have expired, or stand for nothing."""
        odd = []
        for each in self._comments:
            if each.until < self._today:
                odd.append(f"{each.file}:{each.line}: the inline ignore has expired on {each.until}")
            elif each not in self._used:
                odd.append(f"{each.file}:{each.line}: the inline ignore stands for nothing that fails")
        if len(odd) > _MOST_TOLD:
            odd[_MOST_TOLD:] = [f"{len(odd) - _MOST_TOLD} more inline ignores have expired or stand for nothing"]
        return odd

    def _judged(self, result: doc.ResultPart) -> doc.ResultPart:
        if result.outcome != "fail" or result.location is None:
            return result
        places = {place for each in result.evidence if (place := _place(each.at)) is not None}
        places = places or {(result.location.file, result.location.line)}
        covering = [self._covering(result.rule, file, line) for file, line in sorted(places)]
        comments = [each for each in covering if each is not None]
        if len(comments) < len(covering):
            return result
        self._used.update(comments)
        first = min(comments, key=lambda each: each.until)
        suppression = doc.Suppression(by="inline", reason=first.reason, owner=None, expires=first.until.isoformat())
        return result.model_copy(update={"outcome": "waived", "suppression": suppression})

    def _covering(self, rule: str, file: str, line: int) -> Ignore | None:
        return next(
            (each for each in self._comments if each.until >= self._today and each.covers(rule, file, line)), None
        )


def _place(at: str) -> tuple[str, int] | None:
    file, _, line = at.rpartition(":")
    return (file, int(line)) if file and line.isdigit() else None
