"""How old an answer on revocation may be that does not say when the next one comes."""

from __future__ import annotations

from datetime import timedelta

from tlsaudit.model.certificate import Staple
from tlsaudit.model.knowledge import Unknown, Why
from tlsaudit.rules.rule import Case

OLD_WITHOUT_END = Unknown(Why.NO_ANSWER, "the answer is old and does not say when the next one comes (nextUpdate)")


def is_old_without_end(case: Case, answer: Staple) -> bool:
    """Whether an answer without nextUpdate is too old to prove anything good (RFC 6960 section 3.2, item 5).

    Clients differ: OpenSSL takes it whatever its age, so it is no fault either.
    """
    if answer.next_update is not None:
        return False
    longest = timedelta(days=case.limits.status_without_end_days_max)
    return answer.this_update is None or case.as_of - answer.this_update > longest
