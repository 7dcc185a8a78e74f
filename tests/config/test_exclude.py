"""What `--exclude` leaves out: patterns as of git, and nothing that a judged configuration includes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.linting import Bench
from tlsaudit.app import load_anchors
from tlsaudit.config.exclude import Exclusion
from tlsaudit.linting import Linted, LintOptions, lint
from tlsaudit.model.errors import InputError
from tlsaudit.policy import load_policy


@pytest.mark.parametrize(
    ("pattern", "path", "out"),
    [
        ("*.j2", "a/b/x.conf.j2", True),
        ("*.j2", "a.j2/x.conf", True),
        ("*.j2", "x.conf", False),
        ("templates", "a/templates/x.conf", True),
        ("templates", "a/mytemplates/x.conf", False),
        ("templates/", "templates", False),
        ("templates/**", "templates/a/x.conf", True),
        ("templates/**", "a/templates/x.conf", False),
        ("**/templates/**", "a/b/templates/x.conf", True),
        ("roles/*/templates", "roles/web/templates/x.conf", True),
        ("roles/*/templates", "roles/a/b/templates/x.conf", False),
        ("/x.conf", "x.conf", True),
        ("/x.conf", "a/x.conf", False),
        ("x.con?", "x.conf", True),
        ("[!a-w].conf", "x.conf", True),
        ("[!a-x].conf", "x.conf", False),
        ("a+b.conf", "aab.conf", False),
    ],
)
def test_patterns(pattern: str, path: str, out: bool) -> None:
    exclusion = Exclusion([pattern])
    assert exclusion.leaves_out(path, path) is out
    assert list(exclusion.left_out) == [path] * out
    assert exclusion.unused() == ([] if out else [pattern])


@pytest.mark.parametrize("pattern", ["", "/", "!keep", "[z-a]", "a" * 400])
def test_no_pattern(pattern: str) -> None:
    with pytest.raises(InputError, match="is no pattern"):
        Exclusion([pattern])


def _lint(folder: Path, *exclude: str) -> Linted:
    return lint([folder], LintOptions(policy=load_policy("owasp"), anchors=load_anchors(), exclude=exclude))


def test_a_template_is_left_out_and_counted(bench: Bench) -> None:
    assert "--exclude it" in str(bench.lint("server { listen {{ port }}; }", name="site.conf.j2").subjects[0].error)
    (bench.folder / "nginx.conf").write_text("events {} http { server { listen 80; } }")
    done = _lint(bench.folder, "*.j2", "*.nothing")
    assert done.document.summary.exit_code == 0
    assert "1 file was left out, as --exclude says: site.conf.j2" in done.notes
    assert "--exclude '*.nothing' fits no file" in done.notes
    assert done.document.notes == list(done.notes)


def test_what_a_judged_file_includes_is_read_all_the_same(bench: Bench) -> None:
    (bench.folder / "conf.d").mkdir()
    (bench.folder / "conf.d/weak.conf").write_text("ssl_protocols TLSv1;")
    (bench.folder / "nginx.conf").write_text(
        "events {} http { include conf.d/*.conf; server { listen 443 ssl; ssl_certificate a; ssl_certificate_key b; } }"
    )
    (subject,) = _lint(bench.folder, "conf.d").document.subjects
    assert "TLS-PROTO-003" in {each.rule for each in subject.results if each.outcome == "fail"}


def test_all_left_out_is_no_pass(bench: Bench) -> None:
    (bench.folder / "nginx.conf").write_text("events {} http { server { listen 80; } }")
    with pytest.raises(InputError, match="as --exclude says"):
        _lint(bench.folder, "*")
