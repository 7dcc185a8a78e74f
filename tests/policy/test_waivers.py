"""Waivers: what a file may say, what a scope covers, and when one has expired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tlsaudit.model.errors import InputError
from tlsaudit.policy.waivers import Waiver, load_waivers, parse_waivers

_WHOLE = """\
- rule: TLS-PROTO-003
  scope: "{scope}"
  owner: network-team@example.com
  reason: the load balancer is replaced in January
  expires: 2027-01-31
"""


def _waiver(scope: str = "*") -> Waiver:
    return parse_waivers(_WHOLE.format(scope=scope), "w.yaml")[0]


def test_a_waiver_says_who_answers_for_what_until_when() -> None:
    found = _waiver("legacy-*.example.com:443")
    assert (found.rule, found.owner, found.at) == ("TLS-PROTO-003", "network-team@example.com", "w.yaml:1")
    assert (found.reason, found.expires.isoformat()) == ("the load balancer is replaced in January", "2027-01-31")


def test_the_list_may_stand_under_its_name_and_may_be_empty() -> None:
    indented = "".join(f"  {line}\n" for line in _WHOLE.format(scope="*").splitlines())
    (found,) = parse_waivers(f"waivers:\n{indented}", "w.yaml")
    assert found.at == "w.yaml:2"
    assert parse_waivers("[]", "w.yaml") == parse_waivers("waivers: []", "w.yaml") == ()


@pytest.mark.parametrize(
    ("scope", "subject", "covered"),
    [
        ("shop.example.com:443", "shop.example.com:443", True),
        ("shop.example.com", "shop.example.com:443", False),
        ("example.com:443", "shop.example.com:443", False),
        ("*", "anything", True),
        ("*.example.com:*", "shop.example.com:8443", True),
        ("*.example.com:*", "shop.example.com.evil.test:443", False),
        ("*.example.com:443", "shop.example.com:443@192.0.2.1", False),
        ("shop.example.com:44?", "shop.example.com:443", True),
        ("shop?example.com:443", "shop.example.com:443", True),
        ("shop.example.com:443", "shopxexample.com:443", False),
        ("[2001:db8::1]:443", "[2001:db8::1]:443", True),
        ("[2001:db8::*]:443", "[2001:db8::1]:443", True),
        ("[ab]:443", "a:443", False),
        ("*", "two\nlines", True),
        ("a*", "b\na", False),
    ],
)
def test_a_scope_is_a_glob_over_whole_ids(scope: str, subject: str, covered: bool) -> None:
    assert _waiver(scope).covers(subject) is covered


def test_a_scope_of_many_stars_is_matched_in_no_time() -> None:
    assert not _waiver("*a" * 300).covers("a" * 1000 + "b")


@pytest.mark.parametrize(
    ("moment", "expired"),
    [
        (datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2027, 2, 1, tzinfo=UTC), True),
        (datetime(2027, 2, 1, 1, tzinfo=timezone(timedelta(hours=2))), False),
    ],
)
def test_a_waiver_holds_to_the_end_of_its_last_day_in_utc(moment: datetime, expired: bool) -> None:
    assert _waiver().has_expired(moment) is expired


def _without(key: str) -> str:
    lines = [line for line in _WHOLE.format(scope="*").splitlines() if not line.strip(" -").startswith(key)]
    return "- " + "\n".join(lines).strip(" -") + "\n"


@pytest.mark.parametrize("key", ["rule", "scope", "owner", "reason", "expires"])
def test_every_key_is_mandatory(key: str) -> None:
    with pytest.raises(InputError, match=rf"^w\.yaml:1: waivers\.0\.{key}: field required$"):
        parse_waivers(_without(key), "w.yaml")


def _with(key: str, value: str) -> str:
    lines = _WHOLE.format(scope="*").splitlines()
    return "\n".join(
        f"{line.partition(':')[0]}: {value}" if line.strip(" -").startswith(key) else line for line in lines
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_with("rule", "TLS-NOPE-001"), "w.yaml:1: waivers.0.rule: there is no rule 'TLS-NOPE-001'"),
        (_with("rule", "'*'"), "w.yaml:1: waivers.0.rule: there is no rule '*'"),
        (_with("owner", "~"), "w.yaml:3: waivers.0.owner: a value is needed"),
        (_with("reason", "Null"), "w.yaml:4: waivers.0.reason: a value is needed"),
        (_with("owner", ""), "w.yaml:3: waivers.0.owner: string should have at least 1 character"),
        (_with("reason", "'  '"), "w.yaml:4: waivers.0.reason: string should have at least 1 character"),
        (_with("expires", "never"), "w.yaml:5: waivers.0.expires: 'never' is no date; write 2027-01-31"),
        (_with("expires", "2027-02-30"), "w.yaml:5: waivers.0.expires: '2027-02-30' is no date"),
        (_with("expires", "20270131"), "w.yaml:5: waivers.0.expires: '20270131' is no date"),
        (_with("expires", "[2027]"), "w.yaml:5: waivers.0.expires: ['2027'] is no date"),
        (_with("scope", "[a]"), "w.yaml:2: waivers.0.scope: input should be a valid string"),
        (_WHOLE + "  bogus: 1\n", "w.yaml:6: waivers.0.bogus: extra inputs are not permitted"),
        (_WHOLE + "  owner: x\n", "w.yaml:6: the key 'owner' is given twice"),
        (_WHOLE + _with("owner", ""), "w.yaml:8: waivers.1.owner: "),
        ("- words\n", "w.yaml:1: waivers.0: "),
        ("waiver: []\n", "w.yaml:1: waivers: field required"),
        ("words\n", "w.yaml:1: the file: "),
        ("", "w.yaml: empty"),
        ("- &a {}\n- *a\n", "w.yaml:2: aliases are not supported"),
        ("- {\n", "w.yaml:2: not valid YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(InputError) as error:
        parse_waivers(text, "w.yaml")
    assert str(error.value).startswith(problem)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^cannot read waivers '.*none': No such file or directory$"):
        load_waivers(tmp_path / "none")
    with pytest.raises(InputError, match="Is a directory"):
        load_waivers(tmp_path)
    with pytest.raises(InputError, match="larger than 4 MB"):
        load_waivers(Path("/dev/zero"))
    (tmp_path / "w.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        load_waivers(tmp_path / "w.yaml")
