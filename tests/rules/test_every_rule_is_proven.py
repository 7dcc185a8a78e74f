"""No rule without proof: each fails and passes on a real server or on minted certificates, seen over the network.

The proofs themselves are in `live`; here it is only counted that none is missing.
"""

from __future__ import annotations

from tests.rules.live import test_fleet, test_mutual, test_revocation, test_transparency, test_twin
from tests.rules.live.minted import FAILS, PASSES
from tests.rules.live.ordinary import ORDINARY
from tests.rules.live.postures import POSTURES
from tests.rules.live.proofs import PROVEN, PROVEN_APART
from tests.rules.live.test_ordinary import FAILING
from tlsaudit.rules import CATALOGUE, FLEET_RULES


def test_every_rule_has_a_proof_that_it_fails_and_one_that_it_passes() -> None:
    ids = {rule.id for rule in CATALOGUE}
    apart = PROVEN_APART | test_mutual.PROVEN | test_revocation.PROVEN | test_transparency.PROVEN | test_twin.PROVEN
    assert PROVEN.keys() | apart | FAILS.keys() == ids
    assert PROVEN.keys() | apart | PASSES.keys() == ids
    assert len(ids) >= 80


def test_every_rule_of_several_endpoints_is_proven() -> None:
    assert {rule.id for rule in FLEET_RULES} == test_fleet.PROVEN


def test_every_posture_proves_something() -> None:
    used = {name for proof in PROVEN.values() for name in (proof.fails, proof.passes)}
    assert used == POSTURES.keys()
    assert all(proof.fails != proof.passes for proof in PROVEN.values())
    assert FAILING.keys() == ORDINARY.keys()
