"""Fixtures of all tests: the lab's certificates and servers."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.pki import LabPki
from tests.lab.servers import Lab


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """What the tests start can be interrupted, even where the tests run in the background of a shell.

    Such a shell has its children ignore SIGINT, and children inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def lab_pki(tmp_path_factory: pytest.TempPathFactory) -> LabPki:
    """The certificates of the session."""
    return LabPki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def lab(tmp_path: Path, lab_pki: LabPki) -> Iterator[Lab]:
    """Servers for one test."""
    with Lab(tmp_path, lab_pki) as servers:
        yield servers


@pytest.fixture(scope="module")
def module_lab(tmp_path_factory: pytest.TempPathFactory, lab_pki: LabPki) -> Iterator[Lab]:
    """Servers that the tests of one module share."""
    with Lab(tmp_path_factory.mktemp("lab"), lab_pki) as servers:
        yield servers
