"""Keys that anybody knows: the table, and lists in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlsaudit.data.published_keys import PUBLISHED, keys_from_file
from tlsaudit.model.errors import InputError

ONE, TWO, THREE = "aa" * 32, "BB" * 32, "cc" * 32


def test_the_table_has_those_of_the_rfc() -> None:
    assert PUBLISHED["b2b04340cfaee616ec9c2c62d261b208e54bb197498df52e8cadede23ac0ba5e"] == "testECCP256 of RFC 9500"
    assert len([name for name in PUBLISHED.values() if "RFC 9500" in name]) == 4
    assert all(len(digest) == 64 and digest == digest.lower() for digest in PUBLISHED)


def test_reads_sums_with_and_without_names(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(f"# ours\n\n{ONE}\n{TWO}  laptop that was stolen\r\n{THREE}, a backup\n")
    assert keys_from_file(path) == {
        ONE: "the list keys.txt",
        TWO.lower(): "laptop that was stolen",
        THREE: "a backup",
    }


@pytest.mark.parametrize("line", ["aa", "zz" * 32, "aa" * 33, "sha256/" + "A" * 44, "\0"])
def test_a_line_that_is_no_sum_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(f"{ONE}\n{line}\n")
    with pytest.raises(InputError, match="line 2: no SHA-256"):
        keys_from_file(path)


def test_missing_and_oversized_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        keys_from_file(tmp_path / "none")
    with pytest.raises(InputError, match="not a file name"):
        keys_from_file(Path("a\0b"))
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(129 * 1024 * 1024)
    with pytest.raises(InputError, match="larger than 128 MB"):
        keys_from_file(big)
