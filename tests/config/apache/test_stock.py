"""Debian's /etc/apache2 as its package ships it: no false finding, and none missed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.config.apache_and_wire import DEBIAN, both, judged_otherwise
from tests.config.linting import Bench
from tests.config.static_and_live import differences
from tests.lab.pki import LabPki
from tests.lab.servers import Lab, requires
from tlsaudit.app import Anchors, load_anchors
from tlsaudit.model import document as doc

_STOCK = Path("/etc/apache2")
_SETTINGS = "mods-available/ssl.conf"
_SITE = "sites-available/default-ssl.conf"


@pytest.fixture
def stock(tmp_path: Path, lab_pki: LabPki, anchors: Anchors) -> Bench:
    """A bench whose folder is a copy of what the package brings."""
    requires("apache2")
    shutil.copytree(_STOCK, tmp_path / "apache2", symlinks=True)
    (tmp_path / "bench").mkdir()
    bench = Bench(tmp_path / "bench", lab_pki, anchors)
    for each in bench.folder.iterdir():
        each.unlink()
    shutil.copytree(tmp_path / "apache2", bench.folder, symlinks=True, dirs_exist_ok=True)
    return bench


def failing(subject: doc.Subject) -> dict[str, doc.Location | None]:
    return {each.rule: each.location for each in subject.results if each.outcome == "fail"}


def line_of(file: str, word: str) -> doc.Location:
    lines = (_STOCK / file).read_text().splitlines()
    number = next(number for number, line in enumerate(lines, start=1) if line.split()[:1] == [word])
    return doc.Location(file=file, line=number)


def enable(folder: Path) -> None:
    """What a2enmod ssl and a2ensite default-ssl do."""
    links = {
        "mods-enabled": ("ssl.load", "ssl.conf", "socache_shmcb.load"),
        "sites-enabled": ("default-ssl.conf",),
    }
    for place, names in links.items():
        for name in names:
            (folder / place / name).symlink_to(f"../{place.replace('enabled', 'available')}/{name}")


@pytest.mark.parametrize("enabled", [False, True])
def test_as_shipped_it_asks_for_old_versions_at_one_line(stock: Bench, enabled: bool) -> None:
    """Without a library that refuses them; the site is judged before it is switched on as well."""
    if enabled:
        enable(stock.folder)
    document = stock.lint_folder()
    (site,) = document.subjects
    assert site.location == line_of(_SITE, "<VirtualHost")
    found = failing(site)
    assert found["TLS-PROTO-003"] == found["TLS-PROTO-004"] == line_of(_SETTINGS, "SSLProtocol")
    assert document.summary.exit_code == 1


@pytest.mark.parametrize("enabled", [False, True])
def test_with_debians_versions_that_is_a_note(stock: Bench, enabled: bool) -> None:
    if enabled:
        enable(stock.folder)
    (site,) = stock.lint_folder(assume=DEBIAN).subjects
    found = failing(site)
    assert not {"TLS-PROTO-003", "TLS-PROTO-004"} & found.keys()
    assert found["TLS-CONF-022"] == line_of(_SETTINGS, "SSLProtocol")
    assert found["TLS-CIPH-010"] == line_of(_SETTINGS, "SSLCipherSuite")


def test_settings_that_no_site_uses_are_judged_alone(stock: Bench) -> None:
    (stock.folder / _SITE).unlink()
    (found,) = stock.lint_folder().subjects
    assert found.name == "settings for virtual hosts"
    assert failing(found)["TLS-PROTO-003"] == line_of(_SETTINGS, "SSLProtocol")


def test_sites_that_are_not_switched_on_are_many(stock: Bench) -> None:
    """Each is read behind the main file, which is read once."""
    for number in range(40):
        text = (stock.folder / _SITE).read_text().replace("*:443", f"*:{10_000 + number}")
        (stock.folder / "sites-available" / f"{number}.conf").write_text(text)
    enable(stock.folder)
    for number in range(40):
        plain = f"<VirtualHost *:80>\nServerName {number}.example\n</VirtualHost>"
        (stock.folder / "sites-enabled" / f"x{number}.conf").write_text(plain)
    document = stock.lint_folder(assume=DEBIAN)
    assert len(document.subjects) == 41
    assert {failing(each).get("TLS-CIPH-010") for each in document.subjects} == {line_of(_SETTINGS, "SSLCipherSuite")}


def test_what_is_found_in_it_is_found_on_the_wire(lab: Lab) -> None:
    """Of what both sides judge, they find the same."""
    lines = [line.strip() for line in (_STOCK / _SETTINGS).read_text().splitlines()]
    said = [line for line in lines if line.startswith(("SSLProtocol", "SSLCipherSuite", "SSLSessionTickets"))]
    assert len(said) == 3
    anchors = load_anchors(lab.pki.root_file)
    static, live = both(lab, anchors, "", base="\n".join(said), certificates=[lab.pki.rsa])
    assert differences(static, live) == []
    assert judged_otherwise(static, live) == {}
