"""Markdown, read back by a parser that knows tables and, as the worst case, links what looks like one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.report import hostile
from tlsaudit.model.document import Document, Subject
from tlsaudit.report import FORMATS
from tlsaudit.report.markdown import code, literal
from tlsaudit.report.sanitize import visible

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
COMMENT = "<!---->"
"""What keeps an at sign from the name that follows it."""


def tokens(text: str) -> list[Token]:
    """All tokens, those within lines too."""
    return [each for token in PARSER.parse(text) for each in (token, *(token.children or ()))]


def shown(text: str) -> str:
    """What a reader of the rendered text sees."""
    return "".join(each.content for each in tokens(text) if each.type in {"text", "text_special", "code_inline"})


@pytest.mark.parametrize("text", hostile.ATTACKS)
def test_hostile_text_stays_text(text: str) -> None:
    safe = visible(text)
    found = tokens(literal(safe))
    assert {each.type for each in found} <= {"paragraph_open", "paragraph_close", "inline", "text", "html_inline"}
    assert {each.content for each in found if each.type == "html_inline"} <= {COMMENT}
    assert shown(literal(safe)) == safe.strip()


@given(st.text(st.characters(codec=None)))
def test_any_text_stays_text_in_every_place(text: str) -> None:
    safe = visible(text).strip()
    for template in ("{}\n", "- {}\n", "### {}\n", "- **Seen:** {}\n"):
        found = tokens(template.format(literal(safe)))
        assert {each.content for each in found if each.type.startswith("html")} <= {COMMENT}
        allowed = {"paragraph", "heading", "list_item", "bullet_list", "strong"}
        assert {each.type.rpartition("_")[0] for each in found if each.nesting} <= allowed
    assert shown(f"### x{literal(safe)}x\n") == f"x{safe}x"


@given(st.text(st.characters(codec=None)))
def test_any_text_stays_in_its_cell(text: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| x{literal(visible(text))}x | y |\n"
    found = tokens(table)
    assert [each.type for each in found].count("td_open") == 2
    cells = [token.content for token in found if token.type == "inline"]
    assert cells[-1] == "y"


@given(st.text(st.characters(codec=None), min_size=1))
def test_code_shows_what_it_was_given(text: str) -> None:
    safe = visible(text).strip() or "x"
    found = [each for each in tokens(f"- **Reproduce:** {code(safe)}\n") if each.type == "code_inline"]
    assert [each.content for each in found] == [safe]


@pytest.mark.parametrize("text", ["https://evil.example", "www.evil.example", "HTTP://X", "WWW.X.example", "xhttp://y"])
def test_what_looks_like_a_link_is_none(text: str) -> None:
    linking = MarkdownIt("gfm-like", {"linkify": False})
    assert "<a " not in linking.render(literal(text))
    assert not re.search(r"(?i)(?<!\\):(?=//)|www\.", literal(text))


def test_the_summary_and_every_subject_are_told(document: Document) -> None:
    text = FORMATS["markdown"].render(document)
    assert "**Exit code 1.** There are failures at or above the threshold." in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for subject in document.subjects:
        assert any(line.startswith(f"| {literal(subject.name)} |") for line in rows)


def test_what_was_not_audited_decided_or_counted_is_told(document: Document) -> None:
    text = FORMATS["markdown"].render(document)
    assert "| old.example.com:443 | unreachable |" in text
    assert "**Not judged as a whole.** unreachable (timeout): 192.0.2.200:443 did not answer" in text
    assert "### Not decided, so neither passed nor failed\n\n- critical TLS-PROTO-001" in text
    assert "### Waived\n\n- " in text


def test_what_was_not_audited_comes_first_and_then_the_worst(document: Document) -> None:
    text = FORMATS["markdown"].render(document.model_copy(update={"subjects": document.subjects[::-1]}))
    rows = [line.split(" | ")[1] for line in text.partition("## Subjects")[2].splitlines() if line.endswith("|")]
    assert [row.partition(":")[0] for row in rows[2:7]] == ["incomplete", "unreachable", *["audited"] * 3]


def test_who_got_in_is_a_table(mutual: Subject, document: Document) -> None:
    text = FORMATS["markdown"].render(document.model_copy(update={"subjects": [mutual], "mode": "mtls"}))
    assert "| Client certificate | TLSv1.2 | TLSv1.3 |\n| --- | --- | --- |\n| no certificate | refused by TLS" in text
    assert "| self-signed | got in \\[TLS-MTLS-003\\]: HTTP 200 |" in text
    assert "\n- Not tested: revoked (give one with --trial revoked=FILE)\n" in text


def test_blank_lines_are_single(document: Document) -> None:
    assert "\n\n\n" not in FORMATS["markdown"].render(document)


def test_hostile_documents_have_the_shape_of_others() -> None:
    found = tokens(FORMATS["markdown"].render(hostile.document()))
    assert {each.content for each in found if each.type.startswith("html")} <= {COMMENT, f"{COMMENT}\n"}
    assert not {"link_open", "image", "fence", "hr"} & {each.type for each in found}
    rows = [each.type for each in found].count("tr_open")
    assert rows == 1 + 5 + 1 + 2 * len(hostile.ATTACKS) + 2 * len(hostile.ATTACKS)


def test_it_fits_into_a_step_summary(document: Document) -> None:
    many = document.model_copy(update={"subjects": document.subjects * 1000})
    text = FORMATS["markdown"].render(many)
    assert len(text.encode()) < 1024 * 1024
    assert "more subjects are left out: see the JSON report.\n" in text
    assert "\n## Subjects\n" in text
