"""The audits that the tests of one module share."""

from __future__ import annotations

import pytest

from tests.lab.servers import Lab
from tests.rules.live.audits import Audits


@pytest.fixture(scope="module")
def audits(module_lab: Lab) -> Audits:
    """Postures and their reports, each made when it is first asked for."""
    return Audits(module_lab)
