"""A bench with certificates for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.linting import Bench
from tests.lab.pki import LabPki


@pytest.fixture
def bench(tmp_path: Path, lab_pki: LabPki) -> Bench:
    """A folder with certificates, for configurations."""
    return Bench(tmp_path, lab_pki)
