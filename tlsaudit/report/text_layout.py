"""How text for a terminal is laid out: the console, headings, rows, and what a finding is called."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import Final

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tlsaudit.model.document import ResultPart
from tlsaudit.report import Style
from tlsaudit.report.text_facts import TONES
from tlsaudit.report.together import Open

_NARROWEST: Final = 40


def console_for(output: StringIO, style: Style) -> Console:
    """A console that writes into memory and asks neither the terminal nor the environment."""
    return Console(
        file=output,
        width=max(style.width, _NARROWEST),
        height=100,
        color_system="standard" if style.colour else None,
        force_terminal=style.colour,
        force_interactive=False,
        force_jupyter=False,
        no_color=not style.colour,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )


def heading(console: Console, words: str) -> None:
    """Words over a line."""
    console.print(Text(words, "bold"))
    console.print(Text("─" * console.width, "dim"))


def title(console: Console, words: str, note: str = "") -> None:
    """What comes next, after an empty line."""
    console.print()
    console.print(indented(Text.assemble((words, "bold"), (f"  {note}", "dim"))))


def label(result: ResultPart) -> str:
    """Rule id and title, and whether the finding is an inference."""
    return f"{result.rule}  {result.title}" + (
        "  (possible, to be verified)" if result.confidence == "possible" else ""
    )


def headline(result: ResultPart) -> Text:
    """Severity, rule and title in one line."""
    return Text.assemble((result.severity, TONES[result.severity]), f"  {label(result)}")


def named(group: Open) -> str:
    """What could not be decided: a rule with its title, or several."""
    return f"{group.rules}  {group.title}" if group.title else group.rules


def grid(width: int, rows: Iterable[tuple[Text, RenderableType]]) -> Table:
    """Rows of a narrow label and a value that folds."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=width, no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in rows:
        table.add_row(label, value)
    return table


def indented(content: RenderableType, by: int = 2) -> Padding:
    """`content` so many columns to the right."""
    return Padding(content, (0, 0, 0, by))
