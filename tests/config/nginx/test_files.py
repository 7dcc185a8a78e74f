"""Which files an include means, and what it is when they are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.linting import Bench
from tests.config.nginx.test_listeners import SOUND, http, server
from tlsaudit.model import document as doc

_STOCK = Path("/etc/nginx/nginx.conf")


def unresolved(document: doc.Document) -> list[str]:
    """Why something is not known because of a file that is not here."""
    return [
        each.detail
        for subject in document.subjects
        for each in subject.unknown.values()
        if each.why == "unresolved" and "not in the scanned tree" in each.detail
    ]


@pytest.mark.parametrize(
    "word", ["conf.d/*.conf", "/etc/nginx/conf.d/*.conf", "/etc/nginx/default.d/*.conf", "sites-enabled/*"]
)
def test_a_pattern_in_a_folder_that_is_empty_is_nothing(bench: Bench, word: str) -> None:
    """git keeps no empty folders: of Debian's own tree conf.d is missing."""
    document = bench.lint(http(f"include {word};\n{server(SOUND)}"))
    assert unresolved(document) == []
    assert document.summary.exit_code != 3


@pytest.mark.parametrize(
    "word",
    [
        "/opt/app/*.conf",  # elsewhere
        "../shared/*.conf",
        "conf.d/../../shared/*.conf",
        "/etc/nginx/conf.d/tls.conf",  # nginx does not start without it
        "conf.d/tls.conf",
        "$folder/*.conf",
    ],
)
def test_what_may_be_elsewhere_is_unknown(bench: Bench, word: str) -> None:
    document = bench.lint(http(f"include {word};\n{server('')}"))
    assert unresolved(document)
    assert document.summary.exit_code == 3


def test_folders_of_packages_are_empty_whatever_the_main_file_is_called(bench: Bench) -> None:
    """A main file of another name may be anywhere, and then the rest of /etc/nginx is another folder."""
    for word in ("conf.d/*.conf", "default.d/*.conf", "sites-enabled/*"):
        assert not unresolved(bench.lint(http(f"include /etc/nginx/{word};\n{server('')}"), name="gateway.conf")), word
    text = http(f"include /etc/nginx/shared/*.conf;\n{server('')}")
    assert unresolved(bench.lint(text, name="gateway.conf"))
    (bench.folder / "gateway.conf").unlink()
    (bench.folder / "etc" / "nginx").mkdir(parents=True)
    assert unresolved(bench.lint(text, name="gateway.conf")) == []


def test_the_stock_file_alone_hides_nothing(bench: Bench) -> None:
    document = bench.lint(_STOCK.read_text(), assume="nginx=1.22,openssl=3.0")
    assert unresolved(document) == []
    assert document.summary.exit_code == 0
