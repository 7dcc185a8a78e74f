"""The settings of the tool: from a file, from the environment, and where each value came from.

The file is the nearest `tlsaudit.toml`, or `pyproject.toml` with a table `[tool.tlsaudit]`, upwards from the working
directory to the root of the repository it lies in, else to the root of the file system. The environment
(`TLSAUDIT_*`) is stronger, the flags of a command are stronger still. A key that is unknown, or a value that is none,
is refused with its place: a gate that reads half of its settings is none.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from tlsaudit.model.errors import InputError
from tlsaudit.policy import policy_ids
from tlsaudit.proxies import parse_proxy

PREFIX: Final = "TLSAUDIT_"
PASSPHRASES: Final = ("client-key-password", "client-ca-key-password", "trial-key-password")
"""The passphrases of the client's key and of those of its trials: read where needed, from the environment alone."""

_FILE = "tlsaudit.toml"
_PROJECT = "pyproject.toml"
_LARGEST = 1024 * 1024
_AT_LINE = re.compile(r"(?P<problem>.*) \(at line (?P<line>\d+), column \d+\)\Z")


def _policy(text: str) -> str:
    if text not in policy_ids() and not text.endswith((".yaml", ".yml")):
        raise ValueError(f"unknown policy {text!r}")
    return text


def _proxy(text: str) -> str:
    try:
        if text:
            parse_proxy(text)
    except InputError as error:
        raise ValueError(str(error)) from None
    return text


_Words = Annotated[str, Field(min_length=1, max_length=4096)]
_Seconds = Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)]
_Connections = Annotated[int, Field(ge=1, le=65536)]


class _Settings(BaseModel):
    """Every setting, named and bounded as the flag of the same name."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: name.replace("_", "-"))

    policy: Annotated[_Words, AfterValidator(_policy)] | None = None
    mode: Literal["gate", "inventory", "full"] | None = None
    fail_on: Literal["none", "info", "low", "medium", "high", "critical"] | None = None
    waivers: _Words | None = None
    baseline: _Words | None = None
    scope: _Words | None = None
    ca_file: list[_Words] | None = None
    fetch: bool | None = None
    crl: list[_Words] | None = None
    ct_logs: _Words | None = None
    blocklist: _Words | None = None
    client_cert: _Words | None = None
    client_key: _Words | None = None
    expect_client_auth: Literal["none", "optional", "required"] | None = None
    timeout: _Seconds | None = None
    max_rate: Annotated[float, Field(gt=0, le=65536, allow_inf_nan=False)] | None = None
    per_address: _Connections | None = None
    connections: _Connections | None = None
    proxy: Annotated[str, Field(max_length=4096), AfterValidator(_proxy)] | None = None


KEYS: Final = tuple(name.replace("_", "-") for name in _Settings.model_fields)
_LISTS = frozenset({"ca-file", "crl"})
_PATHS = frozenset(
    {"waivers", "baseline", "scope", "ca-file", "crl", "ct-logs", "blocklist", "client-cert", "client-key"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value with the file, or the variable of the environment, that it came from."""

    value: Any
    origin: Literal["file", "environment"]
    where: str


def load_settings(folder: Path | None, environment: Mapping[str, str]) -> dict[str, Setting]:
    """Every setting that is set, by its key; `folder` is where the search for the file begins, None: nowhere.

    Raises InputError with the place for what is wrong.
    """
    found = settings_file(folder) if folder is not None else None
    settings: dict[str, Setting] = {}
    if found is not None:
        path, prefix, data = found
        values = _checked(data, str(path), prefix, strict=True)
        settings = {
            key: Setting(value=_from(path.parent, key, value), origin="file", where=str(path))
            for key, value in values.items()
        }
    return settings | _from_environment(environment)


def working_directory() -> Path | None:
    """Where the search begins; None where the working directory is gone."""
    try:
        return Path.cwd()
    except OSError:
        return None


def settings_file(folder: Path) -> tuple[Path, str, dict[str, Any]] | None:
    """The nearest file with settings, what its keys are called in messages, and its settings. Raises InputError."""
    for each in (folder, *folder.parents):
        own, project = each / _FILE, each / _PROJECT
        if _is_file(own):
            return own, "", _read(own)
        if _is_file(project):
            table = _table(project, _read(project))
            if table is not None:
                return project, "tool.tlsaudit.", table
        if (each / ".git").exists():
            return None
    return None


def variable(key: str) -> str:
    """The variable of the environment for a setting."""
    return PREFIX + key.upper().replace("-", "_")


def _is_file(path: Path) -> bool:
    """Whether it is there; raises InputError where it is something that has no settings to read."""
    try:
        is_there, is_file = os.path.lexists(path), path.is_file()
    except OSError:
        return False
    if is_there and not is_file:
        raise InputError(f"{path}: no regular file: settings that cannot be read are not passed over")
    return is_file


def _table(path: Path, data: dict[str, Any]) -> dict[str, Any] | None:
    tool = data.get("tool")
    if not isinstance(tool, dict) or "tlsaudit" not in tool:
        return None
    found = tool["tlsaudit"]
    if not isinstance(found, dict):
        raise InputError(f"{path}: tool.tlsaudit: not a table: write [tool.tlsaudit]")
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from None
    if len(content) > _LARGEST:
        raise InputError(f"{str(path)!r} is larger than {_LARGEST // 1024} kB")
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        match = _AT_LINE.match(str(error))
        where, problem = (f"{path}:{match['line']}", match["problem"]) if match else (str(path), str(error))
        raise InputError(f"{where}: not valid TOML: {problem}") from None
    except RecursionError:
        raise InputError(f"{path}: not valid TOML: nested too deep") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    names = {variable(key): key for key in KEYS}
    passphrases = {variable(key) for key in PASSPHRASES}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name in passphrases:
            continue
        key = names.get(name)
        if key is None:
            raise InputError(f"{name} in the environment: no such setting{_meant(name, names)}")
        given = [part for part in text.split(os.pathsep) if part] if key in _LISTS else text
        value = _checked({key: given}, name, None, strict=False)[key]
        found[key] = Setting(value=value, origin="environment", where=name)
    return found


def _checked(data: Mapping[str, Any], place: str, prefix: str | None, *, strict: bool) -> dict[str, Any]:
    """The values of these keys; `prefix` None: the place names the key already."""
    for key in data:
        if key in PASSPHRASES:
            raise InputError(f"{place}: {prefix}{key}: a passphrase is read from {variable(key)} alone")
        if key not in KEYS:
            raise InputError(f"{place}: {prefix}{key}: no such setting{_meant(key, KEYS)}")
    try:
        checked = _Settings.model_validate(data, strict=strict)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        key = str(first["loc"][0])
        message = first["msg"].removeprefix("Value error, ")
        named = "" if prefix is None else f"{prefix}{key}: "
        raise InputError(f"{place}: {named}{message[:1].lower()}{message[1:]}") from None
    return {key: getattr(checked, key.replace("-", "_")) for key in data}


def _meant(name: str, known: Mapping[str, str] | tuple[str, ...]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def _from(folder: Path, key: str, value: Any) -> Any:
    """A value with the paths in it from the folder of its file."""
    if key in _PATHS or (key == "policy" and value.endswith((".yaml", ".yml"))):
        return [str(folder / each) for each in value] if isinstance(value, list) else str(folder / value)
    return value
