"""The HTML report in a real browser: it asks for nothing, runs nothing, and fits screen and paper."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Browser
from tlsaudit.report import FORMATS
from tools import samples

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is missing (apt-get install chromium)")
        pytest.skip("chromium is missing")
    with Browser(program, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def page(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """The sample report, loaded."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(FORMATS["html"].render(samples.document()), encoding="utf-8")
    chromium.load(path.as_uri())
    return chromium


def test_the_page_asks_for_itself_only(page: Browser) -> None:
    urls = [event["request"]["url"] for event in page.seen("Network.requestWillBeSent")]
    assert [Path(url).name for url in urls] == ["report.html"]


def test_nothing_runs_and_the_policy_has_nothing_to_block(page: Browser) -> None:
    assert page.value("document.scripts.length + document.images.length") == 0
    assert page.seen("Runtime.consoleAPICalled") == page.seen("Page.javascriptDialogOpening") == []
    assert [event["entry"]["text"] for event in page.seen("Log.entryAdded")] == []


def test_the_policy_would_block_what_slipped_through(page: Browser) -> None:
    markup = '<img src=x onerror="window.ran = 1"><i style="top: 1px"></i>'
    page.value(f"document.body.insertAdjacentHTML('beforeend', '{markup}')")
    assert page.value("window.ran === undefined")
    assert page.value("document.querySelector('i').style.top") == ""
    page.value("document.querySelectorAll('i, img').forEach(each => each.remove())")


def test_the_page_shows_what_it_must(page: Browser) -> None:
    text = page.value("document.body.innerText")
    for words in ("TLS audit report", "shop.example.com:443", "Certificate expired", "How the score comes about"):
        assert words in text
    assert "<script>alert(1)</script>\\x1b[2J" in text
    assert page.value("document.querySelectorAll('section.subject').length") == 5


def test_the_style_sheet_is_let_through_by_its_hash(page: Browser) -> None:
    assert page.value("getComputedStyle(document.querySelector('.finding')).borderLeftWidth") == "5px"


@pytest.mark.parametrize("width", [320, 420, 768, 1280])
def test_nothing_sticks_out_sideways(page: Browser, width: int) -> None:
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    assert page.value("document.documentElement.scrollWidth") <= width
    page.call("Emulation.clearDeviceMetricsOverride")


def test_dark_readers_get_a_dark_page(page: Browser) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        grounds.append(page.value("getComputedStyle(document.body).backgroundColor"))
    page.call("Emulation.setEmulatedMedia", features=[])
    assert grounds == ["rgb(245, 246, 248)", "rgb(17, 21, 28)"]


def test_paper_shows_what_is_folded_on_screen(page: Browser) -> None:
    log = "[...document.querySelectorAll('details')].at(-1).querySelector('table').checkVisibility()"
    assert page.value(log) is False
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.value(log) is True
    page.call("Emulation.setEmulatedMedia", media="")


def test_the_page_prints(page: Browser) -> None:
    paper = base64.b64decode(page.call("Page.printToPDF", printBackground=True)["data"])
    assert paper.startswith(b"%PDF-")
