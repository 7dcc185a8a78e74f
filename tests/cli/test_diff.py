"""`tlsaudit diff` on stored reports and on real servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import ROOT, Ended, tlsaudit
from tests.judged import document_of, subject_of, unreachable
from tests.lab.pki import LabPki
from tests.lab.process import HOST, reserved_port
from tests.lab.servers import Lab
from tests.rules.facts import TLS_1_0, sound, with_suites
from tlsaudit.model.document import Subject

GOOD = subject_of(sound())
POOR = subject_of(with_suites(0xC013, version=TLS_1_0))

UNASKED = GOOD.model_copy(
    update={"results": [each.model_copy(update={"outcome": "not_tested"}) for each in GOOD.results]}
)
"""A subject of which no rule says anything."""


def stored(path: Path, *subjects: Subject) -> Path:
    """A report of these subjects."""
    path.write_text(document_of(*subjects).to_json())
    return path


@pytest.mark.parametrize(
    ("old", "new", "arguments", "code"),
    [
        (GOOD, GOOD, (), 0),
        (POOR, POOR, (), 0),
        (GOOD, POOR, (), 1),
        (GOOD, POOR, ("--fail-on", "critical"), 0),
        (GOOD, POOR, ("--fail-on", "none"), 0),
        (POOR, GOOD, ("--fail-on", "info"), 0),
        (GOOD, unreachable(), (), 3),
        (GOOD, unreachable(), ("--fail-on", "none"), 3),
        (unreachable(), POOR, (), 3),
    ],
)
def test_the_exit_codes(tmp_path: Path, old: Subject, new: Subject, arguments: tuple[str, ...], code: int) -> None:
    one, two = stored(tmp_path / "old.json", old), stored(tmp_path / "new.json", new)
    ended = tlsaudit("diff", one, two, "--format", "json", *arguments)
    assert (ended.code, ended.err) == (code, "")
    assert ended.document["summary"]["exit_code"] == code
    assert ended.document["old"]["source"] == str(one)


@pytest.mark.parametrize("subjects", [(), (UNASKED,)])
def test_a_report_of_nothing_is_none(tmp_path: Path, subjects: tuple[Subject, ...]) -> None:
    old, new = stored(tmp_path / "old.json", GOOD), stored(tmp_path / "new.json", *subjects)
    ended = tlsaudit("diff", old, new)
    assert ended.code == 2
    assert "new.json' is no tlsaudit report: " in ended.complaint()


def test_text_goes_to_a_file(tmp_path: Path) -> None:
    one, two = stored(tmp_path / "old.json", GOOD), stored(tmp_path / "new.json", POOR)
    ended = tlsaudit("diff", one, two, "-o", tmp_path / "diff.txt")
    assert (ended.code, ended.out) == (1, "")
    assert "TLS-PROTO-003" in (tmp_path / "diff.txt").read_text()
    assert (tmp_path / "diff.txt").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nginx.conf", "x"), "cannot read 'nginx.conf': No such file or directory"),
        (("old.json", "x"), "cannot read 'old.json': No such file"),
        (
            ("README.md", "x"),
            "nothing that is known here under 'README.md'; say with --type what it is",
        ),
        (("x", "tests/cli/"), "nothing that is known here under 'tests/cli'"),
        (("x", "@nowhere.txt"), "cannot read"),
        (("x", "@requirements/none.txt"), "cannot read"),
        (("x:0", "y"), "port '0' is not between"),
        (("x",), "Missing argument 'NEW'"),
        (("x", "y", "--format", "sarif"), "unknown format 'sarif'; known: text, json"),
        (("x", "y", "--fail-on", "dire"), "--fail-on 'dire' is no severity"),
        (("x", "y", "--mode", "quick"), "--mode 'quick' is none of"),
        (("x", "y", "--timeout", "0"), "--timeout 0 is not"),
        (("x", "y", "--policy", "nope"), "unknown policy 'nope'"),
        (("x", "y", "--as-of", "soon"), "--as-of 'soon' is no date"),
        (("x", "y", "-o", "/nowhere/x.txt"), "there is no directory"),
        (("reports/sample.json", "elsewhere.example"), "the report has 5 subjects, and none of them is elsewhere"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], words: str) -> None:
    ended = tlsaudit("diff", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.complaint()


def test_a_file_that_is_json_and_no_report(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    ended = tlsaudit("diff", tmp_path / "x.json", tmp_path / "x.json")
    assert ended.code == 2
    assert "is no tlsaudit report: " in ended.complaint()


@pytest.fixture(scope="module")
def targets(module_lab: Lab) -> tuple[str, str]:
    """A server without TLS 1.0, and one with it."""
    sound_one = module_lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;").port
    weak = module_lab.nginx("ssl_protocols TLSv1 TLSv1.2 TLSv1.3; ssl_ciphers DEFAULT:@SECLEVEL=0;").port
    return f"localhost@{HOST}:{sound_one}", f"localhost@{HOST}:{weak}"


def test_a_server_against_its_own_report(tmp_path: Path, lab_pki: LabPki, targets: tuple[str, str]) -> None:
    ca = ("--ca-file", lab_pki.root_file)
    report = tmp_path / "r.json"
    assert tlsaudit("scan", "--mode", "inventory", *targets, *ca, "-o", report).code == 1
    ended = tlsaudit("diff", report, targets[1], *ca, "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.document["new"]["mode"] == "inventory", "asked as the report was"
    assert ended.document["summary"]["subjects"] == 1
    assert ended.document["summary"]["new"] == 0


def test_two_servers(lab_pki: LabPki, targets: tuple[str, str]) -> None:
    wanted = ("--ca-file", lab_pki.root_file, "--mode", "inventory", "--format", "json")
    worse, better = tlsaudit("diff", *targets, *wanted), tlsaudit("diff", *reversed(targets), *wanted)
    assert (worse.code, better.code) == (1, 0)
    new = {each["rule"]: each for each in worse.document["subjects"][0]["results"] if each["change"] == "new"}
    assert new["TLS-PROTO-003"]["reasons"] == ["protocols.TLSv1.0: rejected -> accepted"]
    fixed = {each["rule"] for each in better.document["subjects"][0]["results"] if each["change"] == "fixed"}
    assert "TLS-PROTO-003" in fixed


def test_a_server_that_went_away_is_not_fixed(tmp_path: Path) -> None:
    target = f"localhost@{HOST}:{reserved_port()}"
    report = stored(tmp_path / "r.json", subject_of(with_suites(0xC013, version=TLS_1_0), target))
    ended = tlsaudit("diff", report, target, "--format", "json")
    assert ended.code == 3
    assert "refused" in ended.err
    assert ended.document["summary"]["fixed"] == 0


@pytest.mark.parametrize("named", [{"id": "our-own"}, {"sha256": "0" * 64}])
def test_a_target_is_not_judged_by_another_policy_than_its_report(tmp_path: Path, named: dict[str, str]) -> None:
    """By a milder one, what fails as it did would seem to be fixed."""
    target = f"localhost@{HOST}:{reserved_port()}"
    content = json.loads(stored(tmp_path / "r.json", subject_of(sound(), target)).read_text())
    content["policy"] |= named
    (tmp_path / "r.json").write_text(json.dumps(content))
    for pair in ((tmp_path / "r.json", target), (target, tmp_path / "r.json")):
        ended = tlsaudit("diff", *pair)
        assert ended.code == 2
        assert "which does not come with this tlsaudit: say --policy" in ended.complaint()
    ended = tlsaudit("diff", tmp_path / "r.json", target, "--policy", "owasp", "--format", "json")
    assert ended.code == 3, "the target is asked"
    assert "NEW by owasp" in ended.document["notes"][0]


def test_authorities_that_decided_in_the_report_have_to_be_given_again(
    tmp_path: Path, lab_pki: LabPki, targets: tuple[str, str]
) -> None:
    report = tmp_path / "r.json"
    tlsaudit("scan", "--mode", "inventory", targets[0], "--ca-file", lab_pki.root_file, "-o", report)
    ended = tlsaudit("diff", report, targets[0])
    assert (ended.code, ended.complaint()) == (2, "CA files decided on trust in the report: say --ca-file")


@pytest.fixture(scope="module")
def open_to_all(module_lab: Lab) -> str:
    """A server that asks for no client certificate."""
    return f"localhost@{HOST}:{module_lab.nginx('ssl_protocols TLSv1.2 TLSv1.3;').port}"


@pytest.fixture(scope="module")
def guarded(module_lab: Lab) -> str:
    """A server that demands one."""
    settings = f"ssl_verify_client on; ssl_client_certificate {module_lab.pki.client_ca_file};"
    return f"localhost@{HOST}:{module_lab.nginx(settings).port}"


def _declared(pki: LabPki, path: Path, target: str) -> Path:
    """A report of the target, declared to demand client certificates."""
    wanted = ("--mode", "inventory", "--ca-file", pki.root_file, "--expect-client-auth", "required")
    tlsaudit("scan", target, *wanted, "-o", path)
    return path


def _changes(ended: Ended) -> dict[str, str]:
    return {each["rule"]: each["change"] for subject in ended.document["subjects"] for each in subject["results"]}


def test_what_was_declared_is_demanded_of_the_target(
    tmp_path: Path, lab_pki: LabPki, guarded: str, open_to_all: str
) -> None:
    ca = ("--ca-file", lab_pki.root_file, "--format", "json")
    report = _declared(lab_pki, tmp_path / "r.json", guarded)
    assert json.loads(report.read_text())["subjects"][0]["declared"] == {"client_auth": "required"}
    gone = tlsaudit("diff", report, open_to_all, *ca)
    assert (gone.code, _changes(gone)["TLS-MTLS-001"]) == (1, "new")
    intended = tlsaudit("diff", report, open_to_all, *ca, "--expect-client-auth", "none")
    assert intended.code == 0
    assert "OLD was judged with client authentication required declared, NEW with " in intended.document["notes"][-1]


def test_what_still_fails_is_not_fixed(tmp_path: Path, lab_pki: LabPki, open_to_all: str) -> None:
    ca = ("--ca-file", lab_pki.root_file, "--format", "json")
    report = _declared(lab_pki, tmp_path / "r.json", open_to_all)
    same = tlsaudit("diff", report, open_to_all, *ca)
    assert (same.code, same.document["summary"]["fixed"]) == (0, 0)
    dropped = tlsaudit("diff", report, open_to_all, *ca, "--expect-client-auth", "none")
    assert (dropped.code, _changes(dropped)["TLS-MTLS-001"]) == (3, "unknown")


def test_settings_declare_where_the_report_does_not(tmp_path: Path, lab_pki: LabPki, open_to_all: str) -> None:
    ca = ("--ca-file", lab_pki.root_file)
    plain = tmp_path / "plain.json"
    tlsaudit("scan", open_to_all, "--mode", "inventory", *ca, "-o", plain)
    assert "declared" not in json.loads(plain.read_text())["subjects"][0]
    declared = _declared(lab_pki, tmp_path / "r.json", open_to_all)
    required, none = ({"TLSAUDIT_EXPECT_CLIENT_AUTH": each} for each in ("required", "none"))
    assert tlsaudit("diff", plain, open_to_all, *ca, environment=required).code == 1
    assert tlsaudit("diff", declared, open_to_all, *ca, environment=none).code == 0, "the report's comes first"


def test_a_target_may_be_named_like_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tlsaudit.cli.diff import _source
    from tlsaudit.model.target import Target

    monkeypatch.chdir(tmp_path)
    (tmp_path / "localhost").mkdir()
    assert isinstance(_source("localhost"), Target)
    assert isinstance(_source("https://localhost/"), Target)
    assert isinstance(_source(str(ROOT / "reports" / "sample.json")), Path)
