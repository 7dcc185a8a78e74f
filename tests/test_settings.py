"""Settings: which file is found, what may stand in it, and that the environment is stronger."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from tlsaudit.cli import _application
from tlsaudit.model.errors import InputError
from tlsaudit.settings import KEYS, Setting, load_settings, settings_file, variable


def _written(folder: Path, text: str, name: str = "tlsaudit.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def _values(folder: Path | None, **environment: str) -> dict[str, Any]:
    return {key: setting.value for key, setting in load_settings(folder, environment).items()}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The root of a repository, below a folder whose settings are none of its business."""
    _written(tmp_path, "timeout = 99\n")
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    return tmp_path / "repository"


def test_without_a_file_nothing_is_set(repository: Path) -> None:
    assert load_settings(repository, {}) == {}
    assert load_settings(None, {}) == {}


def test_the_nearest_file_up_to_the_root_of_the_repository_counts(repository: Path) -> None:
    below = repository / "a" / "b"
    below.mkdir(parents=True)
    assert settings_file(below) is None, "what is above the repository is not its own"
    root = _written(repository, "timeout = 2\n")
    assert load_settings(below, {})["timeout"] == Setting(value=2.0, origin="file", where=str(root))
    _written(repository / "a", 'fail-on = "low"\n')
    assert _values(below) == {"fail-on": "low"}, "one file counts, the nearest"


def test_outside_of_a_repository_every_folder_above_is_looked_at(tmp_path: Path) -> None:
    _written(tmp_path, "timeout = 99\n")
    (tmp_path / "a").mkdir()
    assert _values(tmp_path / "a") == {"timeout": 99.0}


def test_a_project_file_counts_if_it_has_the_table(repository: Path) -> None:
    _written(repository, "timeout = 2\n")
    _written(repository / "a", "[project]\nname = 'x'\n[tool.other]\nx = 1\n", "pyproject.toml")
    assert _values(repository / "a") == {"timeout": 2.0}
    _written(repository / "a", "[tool.tlsaudit]\ntimeout = 3\n", "pyproject.toml")
    assert _values(repository / "a") == {"timeout": 3.0}
    _written(repository / "a", "timeout = 4\n")
    assert _values(repository / "a") == {"timeout": 4.0}, "its own file comes first"


def test_paths_are_those_of_the_file(repository: Path) -> None:
    _written(repository, 'waivers = "w.yaml"\nca-file = ["a.pem", "/b.pem"]\npolicy = "p.yaml"\n')
    (repository / "a").mkdir()
    assert _values(repository / "a") == {
        "waivers": str(repository / "w.yaml"),
        "ca-file": [str(repository / "a.pem"), "/b.pem"],
        "policy": str(repository / "p.yaml"),
    }
    _written(repository, 'policy = "owasp"\n')
    assert _values(repository) == {"policy": "owasp"}


def test_the_environment_is_stronger(repository: Path) -> None:
    _written(repository, "timeout = 2\nconnections = 7\n")
    found = load_settings(repository, {"TLSAUDIT_TIMEOUT": "3.5", "TLSAUDIT_CA_FILE": "a.pem:b.pem", "HOME": "/"})
    assert found["timeout"] == Setting(value=3.5, origin="environment", where="TLSAUDIT_TIMEOUT")
    assert found["ca-file"].value == ["a.pem", "b.pem"]
    assert found["connections"].origin == "file"


def test_an_empty_proxy_is_none(repository: Path) -> None:
    _written(repository, 'proxy = "http://127.0.0.1:3128"\n')
    assert _values(repository, TLSAUDIT_PROXY="") == {"proxy": ""}


def test_every_setting_is_a_flag_of_a_scan_and_has_a_variable() -> None:
    command: Any = get_command(_application())
    flags = {option for param in command.commands["scan"].params for option in param.opts}
    assert {f"--{key}" for key in KEYS} <= flags
    assert variable("ca-file") == "TLSAUDIT_CA_FILE"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("fail_on = 'low'\n", "tlsaudit.toml: fail_on: no such setting; did you mean fail-on?"),
        ("bogus = 1\n", "tlsaudit.toml: bogus: no such setting; known are policy, mode, fail-on"),
        ("[scan]\ntimeout = 1\n", "tlsaudit.toml: scan: no such setting"),
        ("fail-on = 'dire'\n", "tlsaudit.toml: fail-on: input should be 'none', 'info'"),
        ("fail-on = ['low']\n", "tlsaudit.toml: fail-on: input should be"),
        ("timeout = 0\n", "tlsaudit.toml: timeout: input should be greater than 0"),
        ("timeout = nan\n", "tlsaudit.toml: timeout: input should be a finite number"),
        ("timeout = true\n", "tlsaudit.toml: timeout: input should be a valid number"),
        ("timeout = '3'\n", "tlsaudit.toml: timeout: input should be a valid number"),
        ("per-address = 1.5\n", "tlsaudit.toml: per-address: input should be a valid integer"),
        ("connections = 100000\n", "tlsaudit.toml: connections: input should be less than or equal to 65536"),
        ("ca-file = 'x'\n", "tlsaudit.toml: ca-file: input should be a valid list"),
        ("policy = 'nope'\n", "tlsaudit.toml: policy: unknown policy 'nope'"),
        ("waivers = ''\n", "tlsaudit.toml: waivers: string should have at least 1 character"),
        ("proxy = 'ftp://x'\n", "tlsaudit.toml: proxy: "),
        ("client-key-password = 'x'\n", "tlsaudit.toml: client-key-password: a passphrase is read from TLSAUDIT_CLIEN"),
        ("timeout = 1\ntimeout = 2\n", "tlsaudit.toml:2: not valid TOML: Cannot overwrite a value"),
        ("timeout =\n", "tlsaudit.toml:1: not valid TOML: "),
        ("x = " + "[" * 5000, "tlsaudit.toml: not valid TOML: nested too deep"),
        ("#" * 1024 * 1025, "tlsaudit.toml' is larger than 1024 kB"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_file_and_key(repository: Path, text: str, problem: str) -> None:
    _written(repository, text)
    with pytest.raises(InputError) as error:
        load_settings(repository, {})
    assert problem in str(error.value)
    assert str(repository) in str(error.value)
    assert str(error.value).isprintable()


def test_a_project_file_says_where_its_table_is(repository: Path) -> None:
    _written(repository, "[tool.tlsaudit]\ntimeout = 0\n", "pyproject.toml")
    with pytest.raises(InputError, match=r"pyproject\.toml: tool\.tlsaudit\.timeout: input should be greater than 0"):
        load_settings(repository, {})


@pytest.mark.parametrize("text", ['[tool]\ntlsaudit = "x"\n', '[[tool.tlsaudit]]\nfail-on = "info"\n'])
def test_a_table_that_is_none_is_not_passed_over(repository: Path, text: str) -> None:
    (repository / "pyproject.toml").write_text(text)
    with pytest.raises(InputError, match=r"tool\.tlsaudit: not a table"):
        load_settings(repository, {})


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("nowhere")])
@pytest.mark.parametrize("name", ["tlsaudit.toml", "pyproject.toml"])
def test_what_is_no_file_is_not_passed_over(repository: Path, name: str, make: Callable[[Path], None]) -> None:
    (repository.parent / "tlsaudit.toml").write_text('fail-on = "none"\n')
    make(repository / name)
    with pytest.raises(InputError, match="no regular file"):
        load_settings(repository, {})


def test_a_file_that_is_no_text(repository: Path) -> None:
    (repository / "tlsaudit.toml").write_bytes(b"\xff")
    with pytest.raises(InputError, match="not UTF-8 text"):
        load_settings(repository, {})


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("TLSAUDIT_TIMOUT", "3", "TLSAUDIT_TIMOUT in the environment: no such setting; did you mean TLSAUDIT_TIMEOUT?"),
        ("TLSAUDIT_", "3", "TLSAUDIT_ in the environment: no such setting"),
        ("TLSAUDIT_TIMEOUT", "soon", "TLSAUDIT_TIMEOUT: input should be a valid number"),
        ("TLSAUDIT_TIMEOUT", "", "TLSAUDIT_TIMEOUT: input should be a valid number"),
        ("TLSAUDIT_FAIL_ON", "dire", "TLSAUDIT_FAIL_ON: input should be 'none'"),
        ("TLSAUDIT_PER_ADDRESS", "0", "TLSAUDIT_PER_ADDRESS: input should be greater than or equal to 1"),
    ],
)
def test_what_is_wrong_in_the_environment_is_said_with_its_name(name: str, value: str, problem: str) -> None:
    with pytest.raises(InputError) as error:
        load_settings(None, {name: value})
    assert str(error.value).startswith(problem)


def test_no_secret_is_repeated() -> None:
    for proxy in ("ftp://me:secret@x", "http://me:secret@", "me:secret", "http://me:secret@x:99999"):
        with pytest.raises(InputError) as error:
            load_settings(None, {"TLSAUDIT_PROXY": proxy})
        assert "secret" not in str(error.value)
    for key in ("CLIENT_KEY", "CLIENT_CA_KEY", "TRIAL_KEY"):
        assert load_settings(None, {f"TLSAUDIT_{key}_PASSWORD": "secret"}) == {}


@given(st.dictionaries(st.sampled_from(KEYS).map(variable) | st.text(max_size=9).map("TLSAUDIT_".__add__), st.text()))
def test_no_environment_raises_anything_else(environment: dict[str, str]) -> None:
    with suppress(InputError):
        load_settings(None, environment)
