"""Runs the program as its users do: as a process, with what it writes and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "tlsaudit")
_PATIENCE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run of the program that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it wrote to standard output, as JSON."""
        return json.loads(self.out)

    def complaint(self) -> str:
        """The one line on standard error, without the program's name; fails where there is anything else."""
        assert "Traceback" not in self.err
        assert self.err.startswith("tlsaudit: "), self.err
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1, self.err
        assert self.err.rstrip("\n").isprintable()
        return self.err.removeprefix("tlsaudit: ").rstrip("\n")


def tlsaudit(*arguments: str | Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> Ended:
    """Run it to its end."""
    done = subprocess.run(
        [*COMMAND, *(str(each) for each in arguments)],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    return Ended(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())
