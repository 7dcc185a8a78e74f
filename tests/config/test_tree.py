"""Nothing outside of the scanned path is read, and nothing is read without bounds."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.config.linting import Bench
from tlsaudit.app import load_anchors
from tlsaudit.config.tree import LARGEST, Tree
from tlsaudit.linting import Linted, LintOptions, lint
from tlsaudit.model import document as doc
from tlsaudit.model.errors import DecodeError, InputError
from tlsaudit.policy import load_policy
from tlsaudit.report import FORMATS

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


def test_a_file_that_is_too_long_is_known_by_its_start(bench: Bench) -> None:
    (bench.folder / "site.conf").write_text("server { listen 443 ssl; }\n" + "#" * 2 * LARGEST)
    (bench.folder / "lb.cfg").write_text("global\n  maxconn 1\n#" + "x" * 2 * LARGEST)
    found = {each.name: (each.status, each.error) for each in bench.lint_folder().subjects}
    assert {name: status for name, (status, _) in found.items()} == {"lb.cfg": "unparsable", "site.conf": "unparsable"}
    assert all(error is not None and "larger than 1024 kB" in error.message for _, error in found.values())


def test_what_a_tree_includes_is_bounded(bench: Bench) -> None:
    (bench.folder / "part.conf").write_text("#" * (LARGEST - 1))
    text = "events {}\nhttp {\n" + "include part.conf;\n" * 100 + "}\n"
    (found,) = bench.lint(text).subjects
    assert found.error is not None
    assert found.error.message.startswith("nginx.conf:19: more than 2000 includes, or 16384 kB")


def test_servers_are_bounded(bench: Bench) -> None:
    nginx = "events {}\nhttp {\n" + "server { listen 443 ssl; }\n" * 5001 + "}\n"
    (found,) = bench.lint(nginx).subjects
    assert (found.status, found.location) == ("unparsable", doc.Location(file="nginx.conf", line=5003))
    (bench.folder / "nginx.conf").unlink()
    (found,) = bench.lint("listen a\n" + "  bind :443 ssl\n" * 5001, name="haproxy.cfg").subjects
    assert (found.status, found.location) == ("unparsable", doc.Location(file="haproxy.cfg", line=5002))


@pytest.mark.parametrize(
    "text",
    [
        "server {\n  listen {{ .Values.port }} ssl;\n}\n",
        "server {\n  listen 443 ssl;\n{% if old %}  ssl_protocols TLSv1;\n{% endif %}}\n",
        "global\n  maxconn {{ connections }}\nfrontend a\n  bind :443 ssl\n",
    ],
)
def test_a_template_is_named_whatever_it_is_called(bench: Bench, text: str) -> None:
    (found,) = bench.lint(text, name="site.conf").subjects
    assert found.error is not None
    assert found.error.code == "template"


def test_a_link_out_of_the_tree_is_said(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "nginx.conf"
    outside.write_text(f"events {{}} http {{ {_SERVER % 'ssl_protocols TLSv1;'} }}")
    (bench.folder / "linked.conf").symlink_to(outside)
    (bench.folder / "nginx.conf").write_text(f"events {{}} http {{ {_SERVER % ''} }}")
    options = LintOptions(policy=load_policy("owasp"), anchors=load_anchors())
    linted = lint([bench.folder], options)
    assert linted.notes == ("linked.conf leads out of the scanned folder and was not followed",)
    assert all("TLSv1.0" not in subject.basis for subject in linted.document.subjects)


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Root can read everything: for a while the tests are somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everyone can look into, with all that is above it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(
    ("locked", "mode", "said"),
    [
        ("sites/shop", 0, "sites/shop"),
        ("sites", 0, "sites"),
        ("sites", 0o444, "sites/shop"),
        ("link", None, "link"),
        ("sites/nginx.conf", 0, "sites/nginx.conf"),
        ("sites/server.key", 0, None),
    ],
)
@pytest.mark.parametrize("beside", ["", "events {} http { server { listen 80; } include sites/*op; }"])
def test_what_cannot_be_read_is_no_pass(
    open_folder: Path, locked: str, mode: int | None, said: str | None, beside: str
) -> None:
    (open_folder / "sites").mkdir()
    (open_folder / "away").mkdir()
    (open_folder / "site.conf").write_text("server { listen 80; }")
    path = open_folder / locked
    if mode is None:
        path.symlink_to("away/shop")
        path = open_folder / "away"
    elif locked == "sites":
        (path / "shop").write_text(f"events {{}} http {{ {_SERVER % 'ssl_protocols TLSv1;'} }}")
    else:
        path.write_text("server { listen 443 ssl; ssl_protocols TLSv1; }")
    if beside:
        (open_folder / "nginx.conf").write_text(beside)
    options = LintOptions(policy=load_policy("owasp"), anchors=load_anchors())
    lint([open_folder], options)  # what is loaded once is loaded
    path.chmod(mode or 0)
    with _as_nobody():
        document = lint([open_folder], options).document
    broken = {each.id: each.error.code for each in document.subjects if each.error is not None}
    if mode is None:
        broken.pop("away")
    assert broken == ({said: "unreadable"} if said else {})
    assert document.summary.exit_code == (3 if broken or mode is None else 0)


def test_nothing_but_what_cannot_be_read_is_no_wrong_path(open_folder: Path) -> None:
    (open_folder / "shop").write_text("server { listen 443 ssl; }")
    (open_folder / "shop").chmod(0)
    options = LintOptions(policy=load_policy("owasp"), anchors=load_anchors())
    with _as_nobody():
        (found,) = lint([open_folder], options).document.subjects
    assert found.error == doc.Problem(code="unreadable", message="shop:1: Permission denied")


def test_a_socket_hides_no_configuration(bench: Bench) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(bench.folder / "app"))
        assert [each.error for each in bench.lint("events {} http { server { listen 443 ssl; } }").subjects] == [None]


def _linted(folder: Path) -> Linted:
    return lint([folder], LintOptions(policy=load_policy("owasp"), anchors=load_anchors()))


_OLD = "server { listen 443 ssl; ssl_protocols TLSv1; }\n"


@pytest.mark.parametrize(
    "name",
    [
        *("nginx.conf.bak", "nginx.conf.orig", "nginx.conf.old", "nginx.conf~", "shop.dpkg-dist", "nginx.conf.rpmnew"),
        *("shop.conf.disabled", "nginx.conf.bak.2024-01-31", "nginx.conf.BAK2", "#nginx.conf#", "nginx.conf.~1~"),
    ],
)
def test_a_backup_copy_is_no_configuration(folder: Path, name: str) -> None:
    (folder / "nginx.conf").write_text("events {} http { server { listen 80; } }")
    (folder / name).write_text(_OLD)
    linted = _linted(folder)
    assert linted.document.subjects == []
    assert linted.notes == (f"{name} looks like a backup copy and was not read",)
    assert linted.document.summary.exit_code == 0


def test_a_backup_copy_that_is_included_or_named_is_read(folder: Path) -> None:
    """`include sites-enabled/*` takes it in: nginx does not look at names."""
    (folder / "sites-enabled").mkdir()
    (folder / "sites-enabled" / "shop.bak").write_text(_OLD)
    (folder / "nginx.conf").write_text("events {} http { include sites-enabled/*; }")
    for path in (folder, folder / "sites-enabled" / "shop.bak"):
        linted = _linted(path)
        assert [each.name for each in linted.document.subjects] == ["*:443"]
        assert linted.notes == ()
        assert linted.document.summary.exit_code == 1


def test_where_there_are_but_backup_copies(folder: Path) -> None:
    (folder / "nginx.conf.old").write_text(_OLD)
    (folder / "haproxy.cfg.bak").write_text("global\n  maxconn 1\n")
    with pytest.raises(InputError, match=r"haproxy\.cfg\.bak looks like a backup copy .*\(and 1 more like it\)"):
        _linted(folder)


_MAP = "kind: ConfigMap\ndata:\n  nginx.conf: |\n    events {}\n    http {\n      server {\n        listen 443 ssl;\n"
_HAPROXY_MAP = "data:\n  haproxy.cfg: |\n    global\n      maxconn 1\n    frontend a\n      bind :443 ssl\n"


def test_text_of_a_configuration_in_yaml_is_named(folder: Path) -> None:
    for name in ("a.yaml", "b.yml", "c.yaml.j2"):
        (folder / name).write_text(_MAP)
    (folder / "lb.yaml").write_text(_HAPROXY_MAP)
    (folder / "values.yaml").write_text("global:\n  listen: 443\n  server: {name: a}\n")
    with pytest.raises(InputError, match=r"a\.yaml holds nginx text, which was not judged"):
        _linted(folder)
    (folder / "nginx.conf").write_text("events {} http { server { listen 80; } }")
    linted = _linted(folder)
    assert linted.notes == (
        "a.yaml holds nginx text, which was not judged (and 2 more like it)",
        "lb.yaml holds haproxy text, which was not judged",
    )
    assert linted.document.summary.exit_code == 0


@pytest.mark.parametrize("name", ["a.yaml", "a.yaml.j2"])
def test_such_a_file_that_is_named_is_none_to_judge(folder: Path, name: str) -> None:
    (folder / name).write_text(_MAP)
    with pytest.raises(InputError, match="holds nginx text, which was not judged"):
        _linted(folder / name)


def test_names_that_no_terminal_should_see(folder: Path) -> None:
    names = (b"new\nline.conf", b"esc\x1b[31mred.conf", b"\xff\xfe.conf", b"bad\xff.conf", b"\xff.conf.bak")
    for name in names:
        text = "server { listen {{ a }} ssl; }" if name.startswith(b"bad") else _OLD
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text(text)
    linted = _linted(folder)
    files = {each.location.file for each in linted.document.subjects if each.location is not None}
    assert files == {"new\nline.conf", "esc\x1b[31mred.conf", "\\xff\\xfe.conf", "bad\\xff.conf"}
    assert linted.notes == ("\\xff.conf.bak looks like a backup copy and was not read",)
    for each in FORMATS.values():
        assert not set(each.render(linted.document).encode()) & {0x1B, 0x0D, 0xFF}


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        ([f' setenv A{n} "${{A{n - 1}}}${{A{n - 1}}}"' for n in range(1, 60)], 23, "a line that grows too long"),
        ([' setenv B "' + "x" * 60_000 + '"', *['  log "$B$B$B$B$B$B$B$B"'] * 60], 38, "more than 16384 kB"),
    ],
)
def test_variables_of_haproxy_are_bounded(folder: Path, lines: list[str], line: int, said: str) -> None:
    (folder / "haproxy.cfg").write_text(
        "\n".join(["global", " setenv A0 x", *lines, "frontend a", "  bind :443 ssl", ""])
    )
    (found,) = _linted(folder).document.subjects
    assert found.error is not None
    assert found.error.message.startswith(f"haproxy.cfg:{line}: {said}")


def test_devices_pipes_and_loops_of_links(folder: Path) -> None:
    os.mkfifo(folder / "haproxy.cfg")
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    (folder / "self").symlink_to(".")
    (folder / "zero.conf").symlink_to("/dev/zero")
    (folder / "nginx.conf").write_text("events {} http { include self/self/*.inc; include a; server { listen 80; } }")
    linted = _linted(folder)
    assert {each.id: each.status for each in linted.document.subjects} == {"haproxy.cfg": "unparsable"}
    assert linted.notes == ("zero.conf leads out of the scanned folder and was not followed",)
    assert linted.document.summary.exit_code == 3


def test_folders_deeper_than_a_path_may_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "nginx.conf").write_text("events {} http { server { listen 80; } }")
    monkeypatch.chdir(folder)
    for _ in range(30):
        Path("d" * 200).mkdir()
        monkeypatch.chdir("d" * 200)
    monkeypatch.chdir(folder)
    (found,) = _linted(folder).document.subjects
    assert found.error is not None
    assert found.error.message.endswith(":1: File name too long")
