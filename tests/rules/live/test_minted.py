"""The rules on certificates fail and pass over the network as they do on the facts of their own tests.

What needs more than certificates, a staple or a signature of the right key, has a posture of its own instead.
"""

from __future__ import annotations

import pytest

from tests.rules.live.audits import assert_proves, result
from tests.rules.live.minted import FAILS, PASSES, audited
from tests.rules.live.proofs import PROVEN

RULES = sorted(FAILS.keys() - PROVEN.keys())


@pytest.mark.parametrize("rule", RULES)
def test_bad_certificate_fails(rule: str) -> None:
    subject = audited(FAILS[rule]())
    found = result(subject, rule)
    assert found.outcome == "fail", found
    assert found.observed
    assert_proves(subject, found)


@pytest.mark.parametrize("rule", RULES)
def test_sound_certificate_passes(rule: str) -> None:
    assert result(audited(PASSES[rule]()), rule).outcome == "pass"
