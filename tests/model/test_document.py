"""The document's own types."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import TypeAdapter, ValidationError

from tlsaudit.model.document import BasisPart, Location, Moment, ResultPart, rfc3339

MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 21, 7, 30, 15, 999999, tzinfo=UTC), "2026-11-21T07:30:15Z"),
        (datetime(2026, 11, 21, 7, 30, tzinfo=timezone(timedelta(hours=2))), "2026-11-21T05:30:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "9999-12-31T23:59:59Z"),
    ],
)
def test_times_are_rfc_3339_in_utc_and_can_be_read_again(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text
    assert MOMENT.dump_json(moment).decode() == f'"{text}"'
    assert MOMENT.validate_json(f'"{text}"') == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    "text", ["2026-11-21T07:30:15", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "now"]
)
def test_times_without_a_zone_or_beyond_the_calendar_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(text)


def test_a_basis_is_a_probe_or_a_place() -> None:
    assert BasisPart(origin="observed", probe=7).model_dump() == {"origin": "observed", "probe": 7}
    place = BasisPart(origin="explicit", location=Location(file="nginx.conf", line=3))
    assert place.model_dump() == {"origin": "explicit", "location": {"file": "nginx.conf", "line": 3}}
    assert BasisPart.model_validate(place.model_dump()) == place


@pytest.mark.parametrize("outcome", ["pass", "not_applicable", "not_tested"])
def test_a_result_that_needs_no_words_is_brief(outcome: str) -> None:
    result = ResultPart.model_validate({"rule": "R", "outcome": outcome, "severity": "low", "observed": "much"})
    assert result.model_dump() == {"rule": "R", "outcome": outcome, "severity": "low"}


@pytest.mark.parametrize("outcome", ["fail", "waived", "inconclusive"])
def test_a_result_that_needs_words_has_every_key(outcome: str) -> None:
    result = ResultPart.model_validate({"rule": "R", "outcome": outcome, "severity": "low"})
    assert set(result.model_dump()) == set(ResultPart.model_fields) - {"own_severity"}
    other = ResultPart.model_validate({"rule": "R", "outcome": outcome, "severity": "low", "own_severity": "high"})
    assert set(other.model_dump()) == set(ResultPart.model_fields)
