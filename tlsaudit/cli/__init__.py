"""The command line: each command parses its options, calls the room that does the work, and returns an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import Abort, Exit, TyperException

from tlsaudit import __version__
from tlsaudit.cli import demo, report, rules, scan, schema
from tlsaudit.model.errors import InputError

_SETTINGS = {"help_option_names": ["-h", "--help"]}


def run(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name and return its exit code; raises InputError for a wrong command line."""
    try:
        code = _application()(list(arguments), prog_name="tlsaudit", standalone_mode=False)
    except TyperException as error:
        raise InputError(f"{error.format_message()} (see tlsaudit --help)") from None
    except Abort:
        raise KeyboardInterrupt from None
    except Exit as error:
        return error.exit_code
    return code if isinstance(code, int) else 0


def _application() -> typer.Typer:
    application = typer.Typer(
        name="tlsaudit",
        help="Audits TLS and mutual-TLS endpoints: what they speak, what it means, what to do about it.",
        context_settings=_SETTINGS,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        add_completion=False,
        no_args_is_help=True,
    )
    application.callback()(_global_options)
    for name, function in (
        ("scan", scan.scan),
        ("report", report.report),
        ("rules", rules.rules),
        ("demo", demo.demo),
        ("schema", schema.schema),
    ):
        application.command(name, context_settings=_SETTINGS)(function)
    return application


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tlsaudit {__version__}")
        raise Exit


def _global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an internal error.")] = False,
) -> None:
    """Options that every command has."""
