"""The rooms of the house and the arrows between them: who may import whom, and who may touch the outside world."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tlsaudit

ROOT = Path(tlsaudit.__file__).parent

ARROWS = {
    "model": set(),
    "data": {"model"},
    "wire": {"model", "data"},
    "pki": {"model", "data"},
    "proxies": {"model"},
    "manners": set(),
    "net": {"model", "manners", "proxies", "scope"},
    "scope": {"model"},
    "credentials": {"model"},
    "probe": {"wire", "pki", "net", "manners", "data", "model", "credentials"},
    "fold": {"model", "data"},
    "rules": {"model", "data", "fold"},
    "policy": {"rules", "model", "data"},
    "score": {"model"},
    "tally": {"model"},
    "judge": {"rules", "policy", "score", "model", "data"},
    "suppress": {"model", "policy", "score", "document"},
    "document": {"model", "data", "client_auth_part", "beside_part", "deployment_part"},
    "deployment_part": {"model"},
    "beside_part": {"model"},
    "settings": {"model", "policy", "proxies"},
    "compare": {"model", "compare_facts"},
    "compare_facts": {"model"},
    "drift": {"model"},
    "answering": {"model"},
    "drifting": {"drift", "answering", "linting", "model"},
    "client_auth_part": {"model", "data"},
    "config": {"pki", "model", "data"},
    "restore": {"model", "data"},
    "rejudge": {"judge", "restore", "document", "policy", "rules", "score", "model"},
    "file_document": {"document", "model"},
    "ignores": {"config", "model"},
    "linting": {
        "ignores", "config", "app", "judge", "rules", "score", "policy", "file_document", "document", "data", "model",
    },
    "targets": {"model"},
    "inventory": {"model", "policy", "scope", "targets"},
    "app": {
        "probe", "judge", "rules", "score", "tally", "policy", "pki", "net", "proxies", "document", "data", "model",
        "targets", "credentials", "scope", "suppress", "given",
    },
    "given": {"probe", "pki", "data", "model"},
    "report": {"model"},
    "demo": {"model"},
    "cli": {
        "app", "config", "rejudge", "report", "demo", "policy", "proxies", "rules", "targets", "model", "credentials",
        "inventory", "scope", "suppress", "compare", "drifting", "tally", "settings", "linting",
    },
    "__main__": {"cli", "model"},
    "__init__": set(),
}  # fmt: skip
"""Each room and the rooms that it may know."""

PURE = {
    "model",
    "wire",
    "pki",
    "proxies",
    "scope",
    "fold",
    "rules",
    "judge",
    "score",
    "tally",
    "document",
    "client_auth_part",
    "beside_part",
    "deployment_part",
    "suppress",
    "compare",
    "compare_facts",
    "drift",
    "answering",
    "restore",
    "rejudge",
    "file_document",
    "ignores",
}
OUTSIDE_WORLD = {
    "asyncio", "http", "io", "logging", "multiprocessing", "os", "pathlib", "select", "selectors", "shutil", "signal",
    "socket", "socketserver", "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request",
}  # fmt: skip
EXCEPTIONS = {("wire", "os"): "os.urandom makes the random of a hello"}

SLOW_TO_IMPORT = {"sslyze", "nassl"}


def all_modules() -> Iterator[tuple[str, Path, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT)
        room = relative.parts[0] if len(relative.parts) > 1 else relative.stem
        yield room, path, ast.parse(path.read_text(encoding="utf-8"))


MODULES = list(all_modules())


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module that `tree` imports, also inside functions; imports for the type checker alone do not count."""
    checked_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in checked_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "relative imports hide the arrows"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_is_known() -> None:
    assert {room for room, _, _ in MODULES} == set(ARROWS)


@pytest.mark.parametrize(
    ("room", "path", "tree"), MODULES, ids=lambda value: value.name if isinstance(value, Path) else ""
)
def test_imports_follow_the_arrows(room: str, path: Path, tree: ast.Module) -> None:
    known = ARROWS[room] | {room}
    for name in imports(tree):
        parts = name.split(".")
        if parts[0] != "tlsaudit" or len(parts) == 1:
            continue
        target = parts[1]
        if target in ARROWS:
            assert target in known, f"{path.relative_to(ROOT)} imports {name}: {room} may know only {sorted(known)}"


@pytest.mark.parametrize(
    ("room", "path", "tree"), MODULES, ids=lambda value: value.name if isinstance(value, Path) else ""
)
def test_pure_rooms_do_not_touch_the_outside_world(room: str, path: Path, tree: ast.Module) -> None:
    if room not in PURE:
        return
    for name in imports(tree):
        outside = name in OUTSIDE_WORLD or name.split(".")[0] in OUTSIDE_WORLD - {"urllib.request"}
        assert not outside or (room, name.split(".")[0]) in EXCEPTIONS, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("room", sorted(set(ARROWS) - {"__init__"}))
def test_no_room_imports_what_is_slow_and_not_used(room: str) -> None:
    script = f"import sys, tlsaudit.{room}; print([name for name in {sorted(SLOW_TO_IMPORT)!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_line_starts_without_the_rooms_that_do_the_work() -> None:
    script = (
        "import sys, tlsaudit.cli; "
        "print(sorted({name.split('.')[1] for name in sys.modules if name.startswith('tlsaudit.')}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['cli', 'model']"
