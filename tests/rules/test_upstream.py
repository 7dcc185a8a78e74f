"""TLS-CONF of upstreams on facts that break them, that do not, and that do not say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.facts import Row, known, sound
from tlsaudit.model.configuration import Upstream
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Unknown, Why

_OPEN = Unknown(Why.UNRESOLVED, "the destination is a variable")


def behind(**changes: Any) -> Facts:
    """A sound upstream on another machine, or with what is named instead."""
    plain: dict[str, Any] = {
        "destination": "app.example.com:8443",
        "terminated": known(True),
        "local": known(False),
        "by_name": known(True),
        "tls": known(True),
        "verifies": known(True),
        "checks_name": known(True),
        "sends_name": known(True),
        "failures_logged": known(True),
    }
    return sound(upstream=Upstream(**(plain | changes)))


ROWS = (
    Row("TLS-CONF-001", "fail", behind(tls=known(False)), severity="high", cap="B", observed="app.example.com:8443"),
    Row("TLS-CONF-001", "pass", behind()),
    Row("TLS-CONF-001", "not_applicable", behind(tls=known(False), local=known(True))),
    Row("TLS-CONF-001", "not_applicable", behind(tls=known(False), terminated=known(False))),
    Row("TLS-CONF-001", "not_applicable", behind(tls=known(False), terminated=known(False), local=_OPEN)),
    Row("TLS-CONF-001", "not_applicable", behind(tls=known(False), terminated=_OPEN, local=known(True))),
    Row("TLS-CONF-001", "inconclusive", behind(tls=known(False), terminated=_OPEN)),
    Row("TLS-CONF-001", "pass", behind(terminated=_OPEN)),
    Row("TLS-CONF-001", "inconclusive", behind(local=_OPEN)),
    Row("TLS-CONF-001", "inconclusive", behind(tls=_OPEN), why="scheme"),
    Row("TLS-CONF-001", "not_tested", sound(), why="no upstream"),
    Row("TLS-CONF-002", "fail", behind(verifies=known(False)), severity="high", cap="C", observed="not verified"),
    Row("TLS-CONF-002", "pass", behind()),
    Row("TLS-CONF-002", "not_applicable", behind(tls=known(False))),
    Row("TLS-CONF-002", "not_applicable", behind(verifies=known(False), local=known(True))),
    Row("TLS-CONF-002", "fail", behind(verifies=known(False), local=_OPEN)),
    Row("TLS-CONF-002", "inconclusive", behind(verifies=_OPEN)),
    Row("TLS-CONF-003", "fail", behind(sends_name=known(False)), severity="medium", observed="no server name is sent"),
    Row("TLS-CONF-003", "fail", behind(checks_name=known(False)), observed="is not checked"),
    Row("TLS-CONF-003", "pass", behind()),
    Row("TLS-CONF-003", "not_applicable", behind(by_name=known(False), sends_name=known(False))),
    Row("TLS-CONF-003", "not_applicable", behind(checks_name=known(False), local=known(True))),
    Row("TLS-CONF-003", "inconclusive", behind(checks_name=_OPEN)),
    Row("TLS-CONF-019", "fail", behind(failures_logged=known(False)), severity="low", observed="leave no trace"),
    Row("TLS-CONF-019", "pass", behind()),
    Row("TLS-CONF-019", "not_applicable", behind(tls=known(False), failures_logged=known(False))),
    Row("TLS-CONF-019", "inconclusive", behind(failures_logged=_OPEN)),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
