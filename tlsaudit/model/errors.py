"""The one exception family of tlsaudit.

    TlsauditError
    +-- InputError        our own input is wrong: usage, targets, policy, files (exit code 2)
    +-- DecodeError       bytes from outside break the format they claim to have
    +-- NetworkError      an endpoint could not be asked
    +-- Undecided         a fact that is needed is unknown (see knowledge.py); the judge turns it into an outcome

A message says what is wrong, where, and where it helps what to do. It never carries control characters, secrets or
more than a line.
"""

from __future__ import annotations


class TlsauditError(Exception):
    """Base of every error that tlsaudit raises on purpose."""


class InputError(TlsauditError):
    """What the user gave is wrong: the command line, a target, a file, a policy. Ends the program with code 2."""


class DecodeError(TlsauditError):
    """Bytes break the format they claim to have, or exceed a bound; `where` names the structure, as the RFC does."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class NetworkError(TlsauditError):
    """An endpoint could not be asked; `code` is one stable word for the report, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
