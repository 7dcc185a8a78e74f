"""What is shipped: the wheel carries templates, policies and data, and runs where only it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _working_tree(copy: Path) -> Path:
    """A copy of what git has or would take: not what an earlier build left beside it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # a file that was deleted is still listed until the commit
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = _working_tree(folder / "source")
    build = [
        sys.executable,
        "-m",
        "build",
        "--quiet",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(source),
    ]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_carries_what_is_no_python(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package = ROOT / "tlsaudit"
    carried = {
        str(path.relative_to(ROOT))
        for path in package.rglob("*")
        if path.is_file() and path.suffix in {".json", ".yaml", ".j2", ".css", ".html", ".typed"}
    }
    assert carried
    assert carried <= names


@pytest.mark.slow
def test_the_wheel_carries_the_licences_of_what_it_ships(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    licences = {name.rpartition("/")[2]: name for name in archive.namelist() if "/licenses/" in name}
    assert {"LICENSE", "NOTICE"} <= licences.keys()
    notice = archive.read(licences["NOTICE"]).decode()
    foreign = {
        name
        for name in archive.namelist()
        if name.startswith("tlsaudit/data/") and re.search(rb"MPL-2.0|Apache-2.0|CC0", archive.read(name)[:500])
    }
    assert "tlsaudit/data/public_suffix.json" in foreign
    assert {name for name in foreign if name.endswith(".json") and name not in notice} == set()


@pytest.mark.slow
def test_the_wheel_is_of_the_working_tree(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    for path in (ROOT / "tlsaudit").rglob("*.py"):
        assert archive.read(str(path.relative_to(ROOT))) == path.read_bytes()


@pytest.mark.slow
def test_the_wheel_holds_no_tests_and_no_keys(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    assert {name.split("/")[0].split("-")[0] for name in archive.namelist()} == {"tlsaudit"}
    assert [name for name in archive.namelist() if b"PRIVATE KEY-----\n" in archive.read(name)] == []


@pytest.mark.slow
def test_the_installed_wheel_runs(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    script = (
        f"import sys; sys.path.insert(0, {str(target)!r}); import tlsaudit.__main__ as program; "
        f"assert program.__file__.startswith({str(target)!r}); program.main(['demo', '-o', {str(tmp_path)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "demo.html").exists()
