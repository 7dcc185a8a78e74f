"""Nothing outside of the scanned path is read, and nothing is read without bounds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.config.linting import Bench
from tlsaudit.config.tree import LARGEST, Tree
from tlsaudit.model.errors import DecodeError, InputError

_SERVER = "server { listen 443 ssl; ssl_certificate server.pem; ssl_certificate_key server.key; %s }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to scan, beside a secret."""
    (tmp_path / "secret.conf").write_text("ssl_protocols TLSv1;")
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


def test_a_link_out_of_the_tree_leads_nowhere(folder: Path) -> None:
    (folder / "link.conf").symlink_to("../secret.conf")
    (folder / "folder").symlink_to("..")
    tree = Tree(folder)
    for name in ("link.conf", "folder/secret.conf", "../secret.conf", "folder/tree/../secret.conf"):
        assert tree.inside(folder / name) is None
        with pytest.raises(DecodeError, match="not below the scanned folder"):
            tree.read(folder / name)
    assert tree.glob(folder / "folder" / "*.conf") == ()
    assert [path.name for path in tree.files()] == ["link.conf"]


def test_a_link_in_the_tree_is_followed(folder: Path) -> None:
    (folder / "a.conf").write_text("a;")
    (folder / "b.conf").symlink_to("a.conf")
    assert Tree(folder).read(folder / "b.conf") == b"a;"


def test_a_byte_order_mark_is_no_part_of_the_text(folder: Path) -> None:
    (folder / "a.conf").write_bytes(b"\xef\xbb\xbfa;")
    assert Tree(folder).read(folder / "a.conf") == b"a;"


@pytest.mark.parametrize("name", ["pipe", "folder"])
def test_only_regular_files_are_read(folder: Path, name: str) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    with pytest.raises(DecodeError):
        Tree(folder).read(folder / name)


def test_a_file_is_read_up_to_a_bound(folder: Path) -> None:
    with (folder / "long.conf").open("wb") as file:
        file.truncate(100 * LARGEST)
    with pytest.raises(DecodeError, match="larger than 1024 kB"):
        Tree(folder).read(folder / "long.conf")


def test_a_path_has_to_be_there(folder: Path) -> None:
    for name in ("nowhere", "nul\0"):
        with pytest.raises(InputError):
            Tree(folder / name)


def test_names_are_shown_as_annotations_need_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Tree(folder).shown(folder / "a.conf") == "a.conf"
    monkeypatch.chdir(folder.parent)
    assert Tree(folder).shown(folder / "a.conf") == "tree/a.conf"


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("http { include nginx.conf; }", 1, "include"),
        ("\nhttp {\nserver {", 3, "syntax"),
        ("http {" + "location / {" * 3000 + "}" * 3001, 1, "syntax"),
        ("http {\n\0 }", 2, "syntax"),
        ("http {\nserver { listen {{ port }} ssl; } }", 2, "template"),
        ("http { # " + "x" * LARGEST, 1, "unreadable"),
    ],
)
def test_a_file_that_breaks_is_one_finding_and_stops_nothing(bench: Bench, text: str, line: int, code: str) -> None:
    good = f"http {{ {_SERVER % 'ssl_protocols TLSv1.3;'} }}"
    (bench.folder / "other").mkdir()
    (bench.folder / "other" / "nginx.conf").write_text(good.replace("server.pem", "../server.pem"))
    document = bench.lint(text)
    assert [(each.status, each.kind) for each in document.subjects] == [
        ("audited", "listener"),
        ("unparsable", "listener"),
    ]
    broken = document.subjects[1]
    assert broken.error is not None
    assert broken.error.code == code
    assert broken.location is not None
    assert (broken.location.file, broken.location.line) == ("nginx.conf", line)
    assert document.summary.exit_code == 3


def test_includes_out_of_the_tree_are_not_read(bench: Bench) -> None:
    outside = bench.folder.parent / "outside.conf"
    outside.write_text("ssl_protocols TLSv1;")
    (bench.folder / "link.conf").symlink_to(outside)
    for word in (str(outside), "../outside.conf", "link.conf", "l*.conf"):
        document = bench.lint(f"http {{ {_SERVER % f'include {word};'} }}")
        (found,) = document.subjects
        assert found.facts is not None
        assert found.facts.protocols["TLSv1.0"] != "accepted", word
    outside.unlink()
