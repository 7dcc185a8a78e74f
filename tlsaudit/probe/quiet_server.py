"""Imported by multiprocessing's fork server before anything else: what it has to say is none of our report's business.

It ends with a traceback where we run out of descriptors between calling it and telling it what to start. We see that it
is gone, and say so in the report. In any other process the import does nothing.
"""

from __future__ import annotations

import os
import sys


def _silence() -> None:
    """Let standard error lead nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


if "multiprocessing.forkserver" in sys.orig_argv[-1]:
    _silence()
