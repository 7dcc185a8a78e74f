"""The HTML report: well-formed, self-contained, safe, readable."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlsaudit.model.document import Document, Subject
from tlsaudit.report import FORMATS
from tlsaudit.report.html import probe_number, sheet_hash, source_link
from tools import samples

_VOID = {"meta", "br", "link", "img", "input", "hr", "wbr"}


class _Page(HTMLParser):
    """Reads a page strictly: what is opened is closed, in order; collects what the tests ask about."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice on {tag}"
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids.update(value or "" for name, value in attrs if name == "id")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


@pytest.fixture(scope="module")
def source() -> str:
    return FORMATS["html"].render(samples.document())


@pytest.fixture(scope="module")
def page(source: str) -> _Page:
    return _Page(source)


def test_the_page_is_well_formed(source: str, page: _Page) -> None:
    assert source.startswith("<!DOCTYPE html>\n<html lang=")
    assert page.tags["html"] == page.tags["head"] == page.tags["body"] == page.tags["main"] == page.tags["h1"] == 1
    assert max(page.ids.values()) == 1


def test_nothing_is_loaded_or_run(page: _Page) -> None:
    assert not page.tags.keys() & {"script", "link", "img", "iframe", "object", "embed", "svg", "form", "base"}
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in {"src", "srcset", "style"}]


def test_links_lead_into_the_page_or_to_https(page: _Page) -> None:
    targets = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    assert all(target.startswith(("#", "https://www.rfc-editor.org/", "https://www.cve.org/")) for target in targets)
    assert {target[1:] for target in targets if target.startswith("#")} <= page.ids.keys()


def test_the_policy_allows_only_the_own_style_sheet(source: str, page: _Page) -> None:
    sheet = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
    assert sheet is not None
    policy = next(value for _, name, value in page.attributes if name == "content" and "default-src" in value)
    assert policy.split("; ")[:2] == ["default-src 'none'", f"style-src '{sheet_hash(sheet[1])}'"]
    assert "url(" not in sheet[1]
    assert "@import" not in sheet[1]


def test_text_of_a_server_stays_text(source: str, page: _Page) -> None:
    assert "<script" not in source
    assert "<img" not in source
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in source
    assert "{{7*7}}" in page.text
    assert "\\x1b[2J" in page.text
    assert "\\u202egnp.exe\\u200b" in page.text
    assert all(character.isprintable() or character == "\n" for character in source)


def test_long_values_and_lists_are_cut(source: str, page: _Page) -> None:
    assert "A" * 400 not in source
    assert "characters)" in page.text
    assert "and 128 more" in page.text


def test_the_overview_names_every_subject_with_what_to_fix_first(page: _Page) -> None:
    for words in ("shop.example.com:443", "Certificate expired", "expired 2 days ago", "did not answer within 5.0 s"):
        assert words in page.text


def test_a_finding_carries_its_proof_and_its_remedy(page: _Page) -> None:
    for words in (
        "Renew the certificate now",
        "notAfter lies ahead",
        "openssl s_client -connect shop.example.com:443",
        "OWASP WSTG-CRYP-01",
        "(unverified)",
        "implies high TLS 1.1 accepted",
        "possible",
    ):
        assert words in page.text
    assert page.ids["subject-1-probe-2"] == 1


def test_waivers_unknowns_score_and_versions_are_told(page: _Page) -> None:
    for words in (
        "CHG-4711",
        "network-team@example.com",
        "no answer within 3.0 s, twice",
        "not asked: TLS-KEX-007, TLS-MTLS-004, TLS-SESS-003 006",
        "grade at most F",
        "Who got in",
        "no: any certificate gets in",
        "2026-10-18",
        "tlsaudit.report/1",
        "As of 2026-11-21T07:30:00Z",
    ):
        assert words in page.text


def test_every_table_has_headers_and_every_section_a_name(page: _Page) -> None:
    assert page.tags["table"] == page.tags["thead"]
    assert page.tags["th"] == sum(1 for tag, name, _ in page.attributes if (tag, name) == ("th", "scope"))
    named = {value for _, name, value in page.attributes if name == "aria-labelledby"}
    assert named <= page.ids.keys()
    assert page.tags["section"] == len(
        [1 for tag, name, _ in page.attributes if (tag, name) == ("section", "aria-labelledby")]
    )


@pytest.mark.parametrize(
    ("reference", "link"),
    [
        ("RFC 8996 §4", "https://www.rfc-editor.org/rfc/rfc8996"),
        ("CVE-2016-2183 (SWEET32)", "https://www.cve.org/CVERecord?id=CVE-2016-2183"),
        ("OWASP ASVS 5.0 12.1.1", None),
        ("javascript:alert(1)", None),
        ("NISTRFC 1", None),
    ],
)
def test_only_known_sources_become_links(reference: str, link: str | None) -> None:
    assert source_link(reference) == link


@pytest.mark.parametrize(
    ("at", "number"), [("probe:7", 7), ("nginx.conf:3", None), ("probe:x", None), ("probe:7\n", None)]
)
def test_evidence_of_a_probe_is_told_from_a_place_in_a_file(at: str, number: int | None) -> None:
    assert probe_number(at) == number


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_has_the_contrast_that_wcag_aa_asks_for(source: str, scheme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", source, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    words = ("critical", "high", "medium", "low", "info", "good")
    pairs = [(word, f"{word}-bg") for word in words]
    pairs += [(ink, ground) for ink in (*words, "ink", "soft", "link") for ground in ("card", "page")]
    pairs += [("ink", "code"), ("soft", "code")]
    poor = {pair: round(_contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


_HOSTILE = st.text(st.sampled_from("<>&\"'/{}%#-! \x00\x1b\u202e\n") | st.characters(codec="utf-8"), max_size=60)


@settings(max_examples=25, deadline=None)
@given(text=_HOSTILE)
def test_no_text_breaks_the_page(text: str) -> None:
    document = samples.document()
    subject = document.subjects[0]
    results = [
        each.model_copy(update=dict.fromkeys(("title", "observed", "expected", "remedy", "reproduce", "rule"), text))
        for each in subject.results
    ]
    hostile = subject.model_copy(update={"name": text, "results": results})
    _Page(FORMATS["html"].render(document.model_copy(update={"subjects": [hostile]})))


def test_a_report_without_subjects_renders(document: Document) -> None:
    _Page(FORMATS["html"].render(document.model_copy(update={"subjects": []})))


def test_a_subject_with_nothing_known_renders(document: Document, sound: Subject) -> None:
    assert sound.facts is not None
    empty = sound.facts.model_copy(
        update={"cipher_suites": {}, "groups": {}, "certificate_deployments": [], "alpn": []}
    )
    bare = sound.model_copy(update={"facts": empty, "score": None, "results": [], "probes": []})
    _Page(FORMATS["html"].render(document.model_copy(update={"subjects": [bare]})))
