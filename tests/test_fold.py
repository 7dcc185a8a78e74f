"""What differs between endpoints that should be one."""

from __future__ import annotations

from tests.rules.facts import TLS_1_0, TLS_1_2, TLS_1_3, answers, asks, groups, hsts, known, sound, speaks, with_suites
from tlsaudit.fold import Comparison, fold
from tlsaudit.model.facts import ClientAuth, ClientAuthMode, Facts
from tlsaudit.model.knowledge import NOT_ASKED, Tried, Unknown, Why

_SILENT = Unknown(Why.NO_ANSWER, "no answer")


def compared(*members: Facts) -> Comparison:
    return fold({f"192.0.2.{n}": facts for n, facts in enumerate(members, 1)})


def lines(*members: Facts) -> list[str]:
    return [str(each) for each in compared(*members).differences]


def same(**changes: object) -> Facts:
    return sound(certificate_deployments=known(()), **changes)


def test_what_is_the_same_does_not_differ() -> None:
    assert compared(same(), same(), same()) == Comparison(differences=(), unknown=())


def test_each_aspect_differs_by_itself() -> None:
    assert lines(same(), same(protocols=speaks(TLS_1_0, TLS_1_2, TLS_1_3))) == [
        "TLSv1.0: refused at 192.0.2.1, accepted at 192.0.2.2"
    ]
    assert lines(same(), with_suites(0x009C, certificate_deployments=known(()))) == [
        "TLSv1.2 cipher suite TLS_RSA_WITH_AES_128_GCM_SHA256: refused at 192.0.2.1, accepted at 192.0.2.2"
    ]
    assert lines(same(), same(groups=groups({TLS_1_2: (29, 23), TLS_1_3: (29, 23)}))) == [
        "TLSv1.3 group X25519MLKEM768: accepted at 192.0.2.1, refused at 192.0.2.2"
    ]
    assert lines(same(), same(client_auth=asks(ClientAuthMode.REQUIRED)), same()) == [
        "client authentication: none at 192.0.2.1, 192.0.2.3, required at 192.0.2.2"
    ]
    assert lines(same(), same(http=answers(hsts=None)), same(http=known(None))) == [
        "HSTS: max-age=63072000; includeSubDomains at 192.0.2.1, none at 192.0.2.2, no HTTP at 192.0.2.3"
    ]


def test_a_version_that_one_lacks_is_one_difference_and_not_one_for_each_of_its_suites() -> None:
    assert lines(same(), same(protocols=speaks(TLS_1_2))) == ["TLSv1.3: accepted at 192.0.2.1, refused at 192.0.2.2"]


def test_what_is_unknown_is_neither_a_difference_nor_agreement() -> None:
    found = compared(same(), same(client_auth=ClientAuth(mode=_SILENT), groups=Tried(rest=_SILENT), http=_SILENT))
    assert found.differences == ()
    assert {aspect for aspect, _ in found.unknown} >= {"client authentication", "HSTS", "TLSv1.3 group x25519"}
    assert {unknown for _, unknown in found.unknown} == {_SILENT}


def test_what_nobody_was_asked_is_not_compared() -> None:
    assert compared(same(http=NOT_ASKED), same(http=NOT_ASKED)) == Comparison(differences=(), unknown=())
    assert compared(same(), same(http=NOT_ASKED)).unknown == (("HSTS", NOT_ASKED),)


def test_a_difference_of_many_names_some() -> None:
    members = [same() for _ in range(9)] + [same(client_auth=asks(ClientAuthMode.REQUIRED))]
    assert "and 3 more, required at 192.0.2.10" in lines(*members)[0]


def test_a_long_value_is_cut() -> None:
    long = answers(hsts=hsts(raw="max-age=1; " + "x" * 5000))
    assert len(lines(same(http=long), same())[0]) < 500
