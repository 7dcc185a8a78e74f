"""The command line: each command parses its options, calls the room that does the work, and returns an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.exceptions import Exit, TyperException
from typer.main import get_command

from tlsaudit import __version__
from tlsaudit.cli import demo, diff, lint, mtls, outputs, policy, report, rules, scan, schema, settings
from tlsaudit.model.errors import InputError

_SETTINGS = {"help_option_names": ["-h", "--help"]}
_WITH_SETTINGS = frozenset({"scan", "mtls", "report", "diff", "rules"})


def run(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name and return its exit code; raises InputError for a wrong command line."""
    command = get_command(_application())
    try:
        # Not by calling it: that would turn errors of the output into an exit code of its own.
        made = _defaults(command, arguments)
        with command.make_context("tlsaudit", list(arguments), default_map=made) as context:
            code = command.invoke(context)
    except TyperException as error:
        at = getattr(error, "ctx", None)
        usage = f"{at.command_path if at else 'tlsaudit'} --help"
        raise InputError(f"{error.format_message().rstrip('.')} (see {usage})") from None
    except Exit as error:
        return error.exit_code
    return code if isinstance(code, int) else 0


def _defaults(command: Any, arguments: Sequence[str]) -> dict[str, dict[str, object]]:
    """What settings make of the options of the command that is asked for; nothing where only help is wanted."""
    name = next((each for each in arguments if not each.startswith("-")), "")
    asked = command.commands.get(name)
    if name not in _WITH_SETTINGS or asked is None or _wants_help(asked, arguments[arguments.index(name) + 1 :]):
        return {}
    return {name: settings.defaults(name, asked.params, settings.load())}


def _wants_help(command: Any, arguments: Sequence[str]) -> bool:
    """Whether these ask for the help of the command: what looks like it may be the value of an option."""
    if {*_SETTINGS["help_option_names"]}.isdisjoint(arguments):
        return False
    with command.make_context(command.name, [], resilient_parsing=True) as context:
        try:
            found, _, _ = command.make_parser(context).parse_args(list(arguments))
        except TyperException:
            return False  # what is wrong is said when it is parsed in earnest
    return bool(found.get("help"))


def _application() -> typer.Typer:
    application = typer.Typer(
        name="tlsaudit",
        help="Audits TLS and mutual-TLS endpoints: what they speak, what it means, what to do about it.",
        context_settings=_SETTINGS,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        add_completion=False,
    )
    application.callback()(_global_options)
    for name, function, short_help in (
        ("scan", scan.scan, "Audit live endpoints."),
        ("mtls", mtls.mtls, "Audit client authentication: who gets in?"),
        ("lint", lint.lint, "Audit configuration files before they are deployed."),
        ("report", report.report, "Render a stored report in another format."),
        ("diff", diff.diff, "What is new, fixed and changed between two reports or targets."),
        ("rules", rules.rules, "List the rules, or explain one."),
        ("demo", demo.demo, "Audit demo endpoints with well-known flaws."),
        ("schema", schema.schema, "Print the JSON schema of the report document."),
    ):
        application.command(name, short_help=short_help, context_settings=_SETTINGS)(function)
    application.add_typer(_policies(), name="policy", short_help="List, show, check and compare policies.")
    application.command(
        "settings", short_help="Say what is set, and where.", context_settings={**_SETTINGS, **settings.FLAGS}
    )(settings.settings)
    return application


def _policies() -> typer.Typer:
    commands = typer.Typer(
        help="The policies that scans judge by: what they demand, and from where.",
        context_settings=_SETTINGS,
    )
    for name, function, short_help in (
        ("list", policy.list_policies, "List the policies that come with tlsaudit."),
        ("show", policy.show, "Show a policy in full."),
        ("check", policy.check, "Check policy files."),
        ("diff", policy.diff, "Show every value in which two policies differ."),
        ("export", policy.export, "Write the configuration that satisfies a policy."),
    ):
        commands.command(name, short_help=short_help, context_settings=_SETTINGS)(function)
    return commands


def _show_version(wanted: bool) -> None:
    if wanted:
        outputs.put(f"tlsaudit {__version__}\n")
        raise Exit


def _global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an internal error.")] = False,
) -> None:
    """Options that every command has; `--debug` is read before any of this runs, and is here for the help."""
