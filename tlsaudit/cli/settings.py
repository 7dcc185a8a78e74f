"""Settings on the command line: the defaults that they make, and `tlsaudit settings`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tlsaudit.cli import outputs
from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.settings import Setting

FLAGS: Final = {"allow_extra_args": True, "ignore_unknown_options": True}
"""What `settings` takes besides its own options: those of a scan."""

_THE_REPORTS: Final = frozenset({("diff", "mode"), ("diff", "policy"), ("report", "policy")})
"""What `diff` takes from the report beside a target, and `report` from its report, unless a flag says otherwise."""
_UNSET: Final = {
    "mode": "full; inventory for lists and networks",
    "ca-file": "none, Mozilla's store decides",
    "ct-logs": "those that came with tlsaudit",
}
_WIDEST = 60


def load() -> dict[str, Setting]:
    """The settings of this process: of the file that is nearest to its working directory, and of its environment."""
    from tlsaudit.settings import load_settings, working_directory

    return load_settings(working_directory(), os.environ)


def defaults(command: str, params: Iterable[Any], settings: Mapping[str, Setting]) -> dict[str, object]:
    """The defaults of a command's parameters, by their names, as far as settings make them."""
    found: dict[str, object] = {}
    for param in params:
        for option in param.opts:
            key = option.removeprefix("--")
            if option.startswith("--") and key in settings and (command, key) not in _THE_REPORTS:
                found[param.name] = settings[key].value
    return found


def settings(
    context: typer.Context,
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")] = "text",
) -> int:
    """Say what a scan with these flags would be set to, and where each value came from.

    The file is the nearest tlsaudit.toml, or pyproject.toml with [tool.tlsaudit], up to the root of the repository;
    TLSAUDIT_... in the environment is stronger, and flags of scan, given here, are stronger still.
    """
    if format_ not in {"text", "json"}:
        raise InputError(f"unknown format {format_!r}; known: text, json")
    rows = [_masked(row) for row in _rows(context.args, load())]
    if format_ == "json":
        outputs.put(f"{json.dumps(rows)}\n")
        return 0
    shown = [(row["name"], _shown(row["value"]) or _UNSET.get(row["name"], "none"), row) for row in rows]
    width = min(max(len(value) for _, value, _ in shown), _WIDEST)
    for name, value, row in shown:
        outputs.put(f"{name:<20} {value:<{width}}  {row['where'] or row['origin']}\n")
    return 0


def _rows(flags: list[str], found: Mapping[str, Setting]) -> list[dict[str, Any]]:
    """Name, value, origin and place of every setting."""
    from typer.main import get_command

    from tlsaudit.cli import scan
    from tlsaudit.settings import KEYS, PASSPHRASES

    application = typer.Typer(add_completion=False)
    application.command()(scan.scan)
    command = get_command(application)
    # A target is needed by the parser alone.
    with command.make_context("settings", [*flags, "x"], default_map=defaults("scan", command.params, found)) as asked:
        params = {option.removeprefix("--"): param for param in command.params for option in param.opts}
        rows = []
        for key in KEYS:
            name = str(params[key].name)
            source = asked.get_parameter_source(name)
            origin, where = "default", ""
            if source is not None and source.name == "COMMANDLINE":
                origin, where = "flag", f"--{key}"
            elif key in found:
                origin, where = found[key].origin, found[key].where
            rows.append({"name": key, "value": _plain(asked.params[name]), "origin": origin, "where": where})
    return [*rows, *(_passphrase(key) for key in PASSPHRASES)]


def _passphrase(key: str) -> dict[str, Any]:
    """The row of a passphrase, which is never shown."""
    from tlsaudit.settings import variable

    name = variable(key)
    is_set = name in os.environ
    return {
        "name": key,
        "value": "set, and not shown" if is_set else None,
        "origin": "environment" if is_set else "default",
        "where": name if is_set else "",
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    return value if value is None or isinstance(value, int | float) else str(value)


def _masked(row: dict[str, Any]) -> dict[str, Any]:
    """The row without the credentials of a proxy."""
    if row["name"] != "proxy" or not row["value"]:
        return row
    from tlsaudit.proxies import parse_proxy

    proxy = parse_proxy(str(row["value"]))
    return {**row, "value": proxy.name + (" with credentials, which are not shown" if proxy.username else "")}


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
