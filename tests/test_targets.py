"""Target lists."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tlsaudit.model.errors import InputError
from tlsaudit.targets import read_targets


def ids(*arguments: str, stdin: str = "") -> list[str]:
    return [target.id for target in read_targets(arguments, io.StringIO(stdin))]


def test_targets_keep_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("c.example\nd.example:8443\n")
    assert ids("b.example", f"@{file}", "-", "a.example", stdin="e.example\n") == [
        "b.example:443",
        "c.example:443",
        "d.example:8443",
        "e.example:443",
        "a.example:443",
    ]


def test_doubles_count_once_however_they_are_spelt() -> None:
    assert ids("Shop.example", "shop.example:443", "https://shop.example./", "SHOP.EXAMPLE", "shop.example:8443") == [
        "shop.example:443",
        "shop.example:8443",
    ]
    assert ids("::1", "[::1]", "[0:0::1]:443") == ["[::1]:443"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# heading\n\n  a.example  # ours\n#b.example\n\tc.example\t# theirs\n", ["a.example:443", "c.example:443"]),
        ("a.example\r\nb.example\r\n", ["a.example:443", "b.example:443"]),
        ("\ufeffa.example\n", ["a.example:443"]),
        ("a.example", ["a.example:443"]),
    ],
    ids=["comments", "Windows line ends", "byte order mark", "no line end"],
)
def test_a_list_has_one_target_a_line(text: str, expected: list[str]) -> None:
    assert ids("-", stdin=text) == expected


def test_a_byte_order_mark_and_line_ends_of_windows_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_bytes(b"\xef\xbb\xbfa.example\r\n\r\nb.example\r\n")
    assert ids(f"@{file}") == ["a.example:443", "b.example:443"]


def test_a_bad_line_is_named_by_its_number() -> None:
    with pytest.raises(InputError, match=r"^standard input line 4: target 'x:0': port '0'"):
        ids("-", stdin="# one\n\na.example\nx:0\n")


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_no_target_at_all_is_an_error(arguments: list[str]) -> None:
    with pytest.raises(InputError, match="no targets: the list is empty"):
        ids(*arguments)


def test_standard_input_that_cannot_be_read() -> None:
    with pytest.raises(InputError, match="it is closed"):
        read_targets(["-"], None)
    with pytest.raises(InputError, match="not UTF-8 text"):
        read_targets(["-"], io.TextIOWrapper(io.BytesIO(b"\xff\n"), encoding="utf-8"))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"a.example\n\xff\n")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        ids(f"@{tmp_path / 'list'}")
    with pytest.raises(InputError, match="Is a directory"):
        ids(f"@{tmp_path}")


def test_a_list_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(InputError, match="/dev/zero: the target list is longer than 67108864 characters"):
        ids("@/dev/zero")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.0/30", ["10.0.0.0:443", "10.0.0.1:443", "10.0.0.2:443", "10.0.0.3:443"]),
        ("10.0.0.8/31:8443", ["10.0.0.8:8443", "10.0.0.9:8443"]),
        ("https://10.0.0.7/32?sni=shop.example", ["10.0.0.7:443?sni=shop.example"]),
        ("2001:db8::/127", ["[2001:db8::]:443", "[2001:db8::1]:443"]),
        ("[2001:db8::]/127:8443", ["[2001:db8::]:8443", "[2001:db8::1]:8443"]),
        ("[2001:db8::/128]:8443", ["[2001:db8::]:8443"]),
    ],
)
def test_a_network_is_each_of_its_addresses(text: str, expected: list[str]) -> None:
    assert ids(text) == expected
    assert ids("-", stdin=f"{text}\n") == expected


def test_the_addresses_of_networks_that_overlap_count_once() -> None:
    assert len(ids("10.0.0.0/24", "10.0.0.128/25", "10.0.0.7", "10.0.0.7:8443")) == 257


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.0.0.1/24", "has host bits set"),
        ("10.0.0.0/33", "not a network"),
        ("10.0.0/24", "not a network"),
        ("10.0.0.0/24:0", "port '0'"),
        ("10.0.0.0/24/7", "has a path"),
        ("shop.example/24", "has a path"),
    ],
)
def test_what_is_no_network(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        ids(text)


def test_a_large_network_must_be_meant() -> None:
    assert len(ids("10.0.0.0/22")) == 1024
    with pytest.raises(InputError, match=r"1,280; if you mean to audit more than 1,024, say so with --yes-large"):
        ids("10.0.0.0/22", "10.1.0.0/24")
    with pytest.raises(InputError, match=r"^standard input line 2: 10.0.0.0/16 brings"):
        ids("-", stdin="a.example\n10.0.0.0/16\n")
    assert len(read_targets(["10.0.0.0/20"], None, large=True)) == 4096


@pytest.mark.parametrize("text", ["10.0.0.0/8", "2001:db8::/32"])
def test_a_network_that_no_run_can_hold_is_refused_at_once(text: str) -> None:
    with pytest.raises(InputError, match="is too large"):
        read_targets([text], None, large=True)
