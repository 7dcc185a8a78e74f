"""A bench with certificates for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.linting import Bench
from tests.lab.pki import LabPki
from tlsaudit.app import Anchors, load_anchors


@pytest.fixture(scope="session")
def anchors(lab_pki: LabPki) -> Anchors:
    """Everyone's trust stores, and the lab's."""
    return load_anchors(lab_pki.root_file)


@pytest.fixture
def bench(tmp_path: Path, lab_pki: LabPki, anchors: Anchors) -> Bench:
    """A folder with certificates, for configurations."""
    return Bench(tmp_path, lab_pki, anchors)
