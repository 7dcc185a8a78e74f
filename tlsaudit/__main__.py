"""The program: runs the command line and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import io
import logging
import sys
import traceback
from collections.abc import Sequence

from tlsaudit.model.errors import InputError

EXIT_INPUT = 2
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130
EXIT_CLOSED_PIPE = 141

_DEBUG = "--debug"
"""Taken out before the command line is parsed, so that it may stand before and after the command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code (see the exit codes in the README)."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # closed streams are None
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_run([each for each in given if each != _DEBUG], debug=_DEBUG in given))


def _run(arguments: list[str], *, debug: bool) -> int:
    if debug:
        logging.basicConfig()
        logging.getLogger("tlsaudit").setLevel(logging.DEBUG)
    try:
        from tlsaudit.cli import outputs, run  # noqa: PLC0415 - here, so that Ctrl-C while importing ends quietly too
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    try:
        return run(arguments)
    except InputError as error:
        outputs.complain(str(error))
        return EXIT_INPUT
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        outputs.discard()
        return EXIT_CLOSED_PIPE
    except Exception as error:  # noqa: BLE001 - the last place: whatever is left is our own mistake
        if debug:
            traceback.print_exc()
        hint = "" if debug else " (run with --debug for the traceback)"
        outputs.complain(f"internal error: {type(error).__name__}: {error!s:.200}{hint}")
        return EXIT_INTERNAL


if __name__ == "__main__":
    main()
