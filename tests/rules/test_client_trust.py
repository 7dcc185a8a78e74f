"""TLS-CONF of listeners that ask for client certificates, on facts that break them, do not, and do not say."""

from __future__ import annotations

import pytest

from tests.rules.facts import Row, known
from tests.rules.test_configuration import OPEN, mutual, said, says

ROWS = (
    Row(
        "TLS-CONF-007",
        "fail",
        mutual(client_errors_ignored=said("crt-ignore-err 10")),
        severity="critical",
        cap="F",
        observed="ignore-err",
    ),
    Row("TLS-CONF-007", "pass", mutual(client_errors_ignored=known(()))),
    Row("TLS-CONF-007", "inconclusive", mutual(client_errors_ignored=OPEN)),
    Row("TLS-CONF-007", "not_applicable", says(client_errors_ignored=said("crt-ignore-err 10"))),
    Row("TLS-CONF-010", "fail", mutual(forgeable_headers=said("x-dn")), severity="critical", observed="x-dn"),
    Row("TLS-CONF-010", "pass", mutual(forgeable_headers=known(()))),
    Row("TLS-CONF-010", "inconclusive", mutual(forgeable_headers=OPEN)),
    Row("TLS-CONF-010", "not_tested", mutual()),
    Row("TLS-CONF-010", "not_applicable", says(forgeable_headers=said("x-dn"))),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
