"""TLS-MTLS-016 and 017 on facts that pass, fail, and do not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.facts import AS_OF, ENDPOINT, OWASP, TLS_1_2, TLS_1_3, Row, asks, at, known, sound
from tlsaudit.judge import judge
from tlsaudit.model.facts import ClientAuth, ClientAuthAt, ClientAuthMode, Facts, When
from tlsaudit.model.knowledge import Fact, Known, Unknown, Why
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Result
from tlsaudit.rules import FLEET_RULES

_NONE, _OPTIONAL, _REQUIRED = ClientAuthMode
_UNKNOWN = Unknown(Why.NO_ANSWER, "reset")


def at_version(mode: ClientAuthMode, probe: int = 1, *, served: bool | None = None) -> ClientAuthAt:
    return ClientAuthAt(requested=known(mode is not _NONE, probe), mode=known(mode, probe), served=served)


_STRICT = {TLS_1_2: at_version(_REQUIRED), TLS_1_3: at_version(_REQUIRED)}


def auth(**changes: object) -> Facts:
    whole = {"mode": known(_REQUIRED), "per_protocol": _STRICT} | changes
    return sound(client_auth=ClientAuth(**whole))  # type: ignore[arg-type]


def elsewhere(where: str, mode: ClientAuthMode, *, served: bool | None = True) -> Facts:
    return auth(elsewhere={where: {TLS_1_2: at_version(mode, 7, served=served)}})


def unknown_elsewhere(*, served: bool | None) -> Facts:
    return auth(elsewhere={"x": {TLS_1_2: ClientAuthAt(requested=_UNKNOWN, mode=_UNKNOWN, served=served)}})


def resumed(fact: Fact[str | None]) -> Facts:
    return auth(resumed={TLS_1_2: known(None), TLS_1_3: fact})


_BY_VERSION = auth(per_protocol={TLS_1_2: at_version(_OPTIONAL, 4), TLS_1_3: at_version(_REQUIRED)})
_PATH_BY_VERSION = auth(
    per_protocol={TLS_1_2: at_version(_NONE), TLS_1_3: at_version(_NONE)},
    elsewhere={"/admin": {TLS_1_2: at_version(_REQUIRED), TLS_1_3: at_version(_NONE, 9)}},
)
_ASKED_NOWHERE = sound(client_auth=asks(_NONE))

ROWS = (
    Row("TLS-MTLS-016", "pass", auth(), "everywhere alike"),
    Row("TLS-MTLS-016", "fail", _BY_VERSION, severity="critical", cap="F", observed="but optional at TLSv1.2"),
    Row("TLS-MTLS-016", "fail", elsewhere("/health", _OPTIONAL), observed="for / at TLSv1.2, but optional for /health"),
    Row("TLS-MTLS-016", "fail", elsewhere("/x", _OPTIONAL, served=False), "an error of the application is an answer"),
    Row("TLS-MTLS-016", "fail", elsewhere("without a server name", _NONE), observed="but none without a server name"),
    Row("TLS-MTLS-016", "pass", elsewhere("without a server name", _NONE, served=False), "another application"),
    Row("TLS-MTLS-016", "pass", elsewhere("/admin", _REQUIRED)),
    Row("TLS-MTLS-016", "inconclusive", unknown_elsewhere(served=None)),
    Row("TLS-MTLS-016", "pass", unknown_elsewhere(served=False), "it was sent away"),
    Row("TLS-MTLS-016", "not_applicable", _ASKED_NOWHERE),
    Row("TLS-PROTO-015", "pass", auth(plaintext=known(False))),
    Row(
        "TLS-PROTO-015",
        "fail",
        auth(plaintext=known(True, 6)),
        severity="critical",
        cap="F",
        observed="and so without a client certificate",
    ),
    Row("TLS-PROTO-015", "fail", sound(client_auth=asks(_NONE, plaintext=known(True))), severity="medium", cap="B"),
    Row(
        "TLS-PROTO-015",
        "fail",
        sound(client_auth=asks(_NONE, plaintext=known(True))),
        "it was declared",
        severity="critical",
        expect=Expectation(client_auth=_REQUIRED),
    ),
    Row("TLS-PROTO-015", "inconclusive", auth(plaintext=_UNKNOWN)),
    Row("TLS-PROTO-015", "not_tested", auth()),
    Row("TLS-PROTO-015", "not_applicable", sound(endpoint=replace(ENDPOINT, starttls="postgres"))),
    Row("TLS-MTLS-017", "pass", resumed(known(None))),
    Row(
        "TLS-MTLS-017",
        "fail",
        resumed(known("without a server name", 8)),
        severity="high",
        cap="C",
        observed="a session made without a server name is resumed at TLSv1.3 and served",
    ),
    Row("TLS-MTLS-017", "inconclusive", resumed(_UNKNOWN)),
    Row("TLS-MTLS-017", "not_tested", auth(), "only `mtls` asks"),
    Row("TLS-MTLS-017", "not_applicable", sound(client_auth=asks(_OPTIONAL)), "nothing is required"),
    Row("TLS-MTLS-017", "inconclusive", sound(client_auth=ClientAuth(mode=_UNKNOWN, per_protocol={
        TLS_1_2: ClientAuthAt(requested=known(True), mode=_UNKNOWN)
    }))),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()


def test_a_path_that_is_protected_at_one_version_alone() -> None:
    observed = "required at TLSv1.2 for /admin, but none at TLSv1.3"
    Row("TLS-MTLS-016", "fail", _PATH_BY_VERSION, observed=observed).check()


def test_late_requests_are_not_resumed_into() -> None:
    late = ClientAuthAt(requested=known(True), mode=known(_REQUIRED), when=When.LATE)
    Row("TLS-MTLS-017", "not_applicable", auth(per_protocol={TLS_1_2: late})).check()


def of_addresses(**members: Fact[Facts]) -> Result:
    """The verdict on several addresses of one name."""
    nothing = Expectation()
    case = judge(
        sound(), OWASP, as_of=AS_OF, expect=nothing, mode="full", subject_id="x", rules=FLEET_RULES, members=members
    )
    return next(each for each in case.results if each.rule == "TLS-MTLS-016")


def seen(mode: ClientAuthMode) -> Fact[Facts]:
    return Known(sound(client_auth=asks(mode)), at(1))


@pytest.mark.parametrize(
    ("members", "outcome"),
    [
        ({"a": seen(_REQUIRED), "b": seen(_REQUIRED)}, "pass"),
        ({"a": seen(_REQUIRED), "b": seen(_OPTIONAL)}, "fail"),
        ({"a": seen(_REQUIRED), "b": seen(_NONE)}, "fail"),
        ({"a": seen(_REQUIRED), "b": Unknown(Why.NO_ANSWER, "unreachable")}, "inconclusive"),
        ({"a": seen(_NONE), "b": seen(_NONE)}, "not_applicable"),
    ],
)
def test_addresses_of_one_name(members: dict[str, Fact[Facts]], outcome: str) -> None:
    result = of_addresses(**members)
    assert result.outcome == outcome
    if outcome == "fail":
        assert [each.at for each in result.evidence] == ["b"]
