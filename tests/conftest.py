"""Fixtures of all tests: the lab's certificates and servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.pki import LabPki
from tests.lab.servers import Lab


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
