"""The registry of report formats."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tlsaudit.model.document import Document
from tlsaudit.report import FORMATS, format_for


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_ends_in_a_line_break(name: str, document: Document) -> None:
    text = FORMATS[name].render(document)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_report_read_from_json_renders_the_same(name: str, document: Document) -> None:
    again = Document.model_validate_json(FORMATS["json"].render(document))
    assert FORMATS[name].render(again) == FORMATS[name].render(document)


def test_json_is_one_line(document: Document) -> None:
    text = FORMATS["json"].render(document)
    assert text.count("\n") == 1
    assert json.loads(text)["schema"] == "tlsaudit.report/1"


@pytest.mark.parametrize(
    ("path", "name"),
    [("out.html", "html"), ("dir.json/OUT.HTM", "html"), ("r.json", "json"), ("r.txt", "text")],
)
def test_the_suffix_of_a_file_means_a_format(path: str, name: str) -> None:
    found = format_for(path)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("path", ["-", "report", "report.docx", ".json"])
def test_other_suffixes_mean_none(path: str) -> None:
    assert format_for(path) is None


def test_no_suffix_means_two_formats() -> None:
    suffixes = [suffix for each in FORMATS.values() for suffix in each.suffixes]
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize(("name", "unneeded"), [("json", "rich jinja2"), ("text", "jinja2"), ("html", "rich")])
def test_a_format_imports_only_what_it_needs(name: str, unneeded: str, document: Document) -> None:
    program = (
        "import sys\n"
        "from tlsaudit.model.document import Document\n"
        "from tlsaudit.report import FORMATS\n"
        f"FORMATS[{name!r}].render(Document.model_validate_json(sys.stdin.buffer.read()))\n"
        f"sys.exit(any(each in sys.modules for each in {unneeded.split()!r}))\n"
    )
    command = [sys.executable, "-c", program]
    subprocess.run(command, input=FORMATS["json"].render(document).encode(), check=True, timeout=60)
