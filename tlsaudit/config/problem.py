"""A configuration file that cannot be read: where, and why."""

from __future__ import annotations

from tlsaudit.model.errors import DecodeError


class SyntaxProblemError(DecodeError):
    """A file that breaks the grammar, or is no configuration yet; `line` is where, `code` says which."""

    def __init__(self, file: str, line: int, problem: str, code: str = "syntax") -> None:
        super().__init__(f"{file}:{line}", problem)
        self.file = file
        self.line = line
        self.code = code
