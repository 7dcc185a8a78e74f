"""Inventories and scope files, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlsaudit.inventory import list_targets, read_scope
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation

_WHOLE = """\
groups:
  - name: payments
    owner: team-pay@example.com
    zone: prod
    tags: [pci, internal]
    schedule: "0 3 * * *"
    policy: owasp
    expect:
      client_auth: required
      kind: api
      ca: ca/internal.pem
      names: [pay.internal.example, "spiffe://prod.example/pay"]
    targets:
      - pay.internal.example:8443
      - postgres://db.internal.example
      - 192.0.2.0/30:9443
  - name: shop
    targets: ["shop.example?http=8080"]
"""


def inventory(folder: Path, text: str) -> str:
    path = folder / "fleet.yaml"
    path.write_text(text)
    return f"@{path}"


def test_targets_with_what_is_declared_of_them(tmp_path: Path) -> None:
    listed = list_targets(["other.example", inventory(tmp_path, _WHOLE), "shop.example"], None)
    assert [target.id for target in listed.targets] == [
        "other.example:443",
        "pay.internal.example:8443",
        "postgres://db.internal.example:5432",
        *(f"192.0.2.{last}:9443" for last in range(4)),
        "shop.example:443",
    ]
    names = ("pay.internal.example", "spiffe://prod.example/pay")
    expected = Expectation(client_auth=ClientAuthMode.REQUIRED, kind="api", names=names)
    assert "other.example:443" not in listed.declared
    assert listed.declared["192.0.2.2:9443"].expect == expected
    assert listed.declared["192.0.2.2:9443"].ca == (tmp_path / "ca/internal.pem",)
    assert listed.declared["shop.example:443"].expect == Expectation()
    assert listed.targets[-1].plain_http_port == 8080
    assert list(listed.policies) == ["owasp"]
    assert listed.policies["owasp"].endswith("fleet.yaml:7")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("groups: []\n", 1, "at least 1 item"),
        ("groups:\n  - {name: a, targets: [x.example], color: red}\n", 2, "groups.0.color"),
        ("groups:\n  - name: a\n    name: b\n    targets: [x.example]\n", 3, "given twice"),
        ("groups:\n  - name: a\n    expect: {mtls: required}\n    targets: [x.example]\n", 3, "mtls"),
        (
            "groups:\n  - name: a\n    expect:\n      client_auth: yes\n    targets: [x.example]\n",
            4,
            "'none', 'optional'",
        ),
        ("groups:\n  - name: a\n    expect: {names: [not a name]}\n    targets: [x.example]\n", 3, "not a valid host"),
        ("groups:\n  - name: a\n    expect: {names: ['spiffe://X/y']}\n    targets: [x.example]\n", 3, "no SPIFFE ID"),
        ("groups:\n  - name: a\n    targets:\n      - x.example\n      - x.example:0\n", 5, "port '0'"),
        ("groups:\n  - name: a\n    targets:\n      - x.example\n      - X.example.\n", 5, "listed twice"),
        ("groups:\n  - {name: a, targets: [x.example]}\n  - {name: b, targets: [x.example]}\n", 3, "listed twice"),
        ("groups:\n  - name: a\n    targets: [10.0.0.0/8]\n", 3, "--yes-large|too large"),
        ("groups:\n  - name: a\n    targets: []\n", 3, "at least 1 item"),
        ("groups:\n  - name: a\n", 2, "targets: field required"),
        ("- x.example\n", 1, "the file"),
        ("", 1, "empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as error:
        list_targets([inventory(tmp_path, text)], None)
    assert str(error.value).startswith(f"{tmp_path / 'fleet.yaml'}:{line}" if text else f"{tmp_path / 'fleet.yaml'}:")
    assert str(error.value).isprintable()


def test_a_target_is_in_one_inventory_only(tmp_path: Path) -> None:
    one = inventory(tmp_path, "groups: [{name: a, targets: [x.example]}]")
    other = tmp_path / "other.yml"
    other.write_text("groups: [{name: b, targets: [x.example]}]")
    with pytest.raises(InputError, match="another inventory"):
        list_targets([one, f"@{other}"], None)


def test_an_inventory_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the inventory"):
        list_targets([f"@{tmp_path}/none.yaml"], None)
    (tmp_path / "fleet.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        list_targets([f"@{tmp_path}/fleet.yaml"], None)


def test_a_scope(tmp_path: Path) -> None:
    path = tmp_path / "scope.yaml"
    path.write_text("allow: [10.0.0.0/8, '*.internal.example']\ndeny:\n  - 10.9.0.0/16\n")
    found = read_scope(path)
    assert found.refusal("10.1.1.1", None) is None
    assert found.refusal("10.9.1.1", "a.internal.example") is not None


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("allow: [10.0.0.0/8]\ndeny:\n  - 10.0.0.1/8\n", 3, "not a network"),
        ("allow: [a.example]\nallowed: [b.example]\n", 2, "allowed"),
        ("deny: [a.example]\n", 1, "allow: field required"),
        ("allow: ['*.-']\n", 1, "not a valid host name"),
    ],
)
def test_what_is_wrong_with_a_scope(tmp_path: Path, text: str, line: int, problem: str) -> None:
    path = tmp_path / "scope.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=problem) as error:
        read_scope(path)
    assert str(error.value).startswith(f"{path}:{line}: ")
