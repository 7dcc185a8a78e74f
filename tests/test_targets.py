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
