"""Gate mode on every server that proves a rule: it says what full mode says, with fewer questions."""

from __future__ import annotations

import pytest

from tests.rules.live.audits import Audits
from tests.rules.live.ordinary import ORDINARY
from tests.rules.live.postures import POSTURES
from tlsaudit.policy import load_policy

DECIDED = {"pass", "fail", "not_applicable"}


@pytest.mark.slow
@pytest.mark.parametrize("posture", [*POSTURES, *ORDINARY])
def test_what_gate_mode_decides_full_mode_decides_alike(audits: Audits, posture: str) -> None:
    full = audits.subject(posture)
    gate = audits.judged(posture, load_policy("owasp"), "gate")
    beside = {each.rule: (each.outcome, each.severity) for each in full.results}
    here = {each.rule: (each.outcome, each.severity) for each in gate.results if each.outcome in DECIDED}
    assert here.items() <= beside.items()
    assert len(gate.probes) < len(full.probes)
    assert gate.score is None
