"""How much is made of one main file at most, with what it includes: files of strangers may ask for any amount."""

from __future__ import annotations

from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.problem import SyntaxProblemError


class Budget:
    """So many of one kind, counted as they are made."""

    def __init__(self, most: int, kind: str) -> None:
        self._left = most
        self._problem = f"more than {most} {kind}"

    def spend(self, at: Directive) -> None:
        """One more. Raises SyntaxProblemError where that is one too many."""
        self._left -= 1
        if self._left < 0:
            raise SyntaxProblemError(at.file, at.line, self._problem, "excess")
