"""TLS-KEY of files on facts that break it, that do not, and that do not say."""

from __future__ import annotations

import pytest

from tests.rules.facts import Row, at, known, sound
from tlsaudit.model.configuration import Said, Setup

_KEY = known(Said("a private key without a passphrase", at(1)))

ROWS = (
    Row("TLS-KEY-002", "fail", sound(setup=Setup(private_key=_KEY, key_is_certified=known(False))), severity="high"),
    Row("TLS-KEY-002", "fail", sound(setup=Setup(private_key=_KEY, key_is_certified=known(True))), severity="critical"),
    Row("TLS-KEY-002", "pass", sound(setup=Setup(private_key=known(None)))),
    Row("TLS-KEY-002", "not_tested", sound()),
    Row("TLS-KEY-001", "fail", sound(setup=Setup(key_mode=known(0o644))), severity="high", observed="mode 0644"),
    Row("TLS-KEY-001", "fail", sound(setup=Setup(key_mode=known(0o640))), severity="low", observed="a group"),
    Row("TLS-KEY-001", "pass", sound(setup=Setup(key_mode=known(0o600)))),
    Row("TLS-KEY-001", "not_tested", sound(setup=Setup(private_key=_KEY)), why="a repository"),
    Row("TLS-KEY-006", "fail", sound(setup=Setup(authority_key=_KEY)), severity="critical", cap="F"),
    Row("TLS-KEY-006", "pass", sound(setup=Setup(authority_key=known(None)))),
    Row("TLS-KEY-006", "not_tested", sound()),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
