"""The program: runs the command line and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from tlsaudit.model.errors import InputError, TlsauditError

EXIT_INPUT = 2
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130
EXIT_CLOSED_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code (see the exit codes in the README)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_run(given))


def _run(arguments: list[str]) -> int:
    from tlsaudit.cli import run  # noqa: PLC0415 - imported here, so that Ctrl-C while importing ends quietly too

    try:
        code = run(arguments)
        sys.stdout.flush()
    except InputError as error:
        return _fail(str(error), EXIT_INPUT)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_CLOSED_PIPE
    except TlsauditError as error:
        return _fail(str(error), EXIT_INTERNAL)
    except Exception as error:  # noqa: BLE001 - the last place: whatever is left is our own mistake
        if "--debug" in arguments:
            traceback.print_exc()
        return _fail(f"internal error: {type(error).__name__} (run with --debug for the traceback)", EXIT_INTERNAL)
    return code


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split())
    printable = "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in line)
    print(f"tlsaudit: {printable}", file=sys.stderr)  # noqa: T201 - the one place that speaks without a report
    return code


if __name__ == "__main__":
    main()
