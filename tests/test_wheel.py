"""What is shipped: the wheel carries templates, policies and data, and runs where only it is installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", ROOT.as_uri(), source], check=True)
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
