"""The contract of exit codes, under every combination of what decides on them.

2 our own input is wrong, 1 something fails at or above `--fail-on`, 3 something could not be judged, 0 all is judged
and nothing fails: in this order. Most rows run in this process on reports and audits that are made up, the last are
real.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.program import tlsaudit
from tests.judged import document_of, subject_of, unreachable
from tests.lab.pki import LabPki
from tests.lab.process import HOST, reserved_port
from tests.lab.servers import Lab
from tests.rules.facts import TLS_1_0, sound, with_suites
from tlsaudit import app
from tlsaudit.__main__ import main
from tlsaudit.model.document import Subject
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.facts import Facts
from tlsaudit.model.target import Target
from tlsaudit.policy.baseline import Finding, baseline_findings, render_baseline
from tlsaudit.report import FORMATS

SEVERITIES = ("info", "low", "medium", "high", "critical")
FAIL_ON = ("none", *SEVERITIES)
RULE, OTHER = "TLS-PROTO-003", "TLS-PROTO-004"
FINGERPRINT = "00112233445566778899aabbccddeeff"


@dataclass(frozen=True, kw_only=True)
class World:
    """What a run found: the severity of the one failure, that of one undecided rule, and the status of the endpoint.

    `beside` is the status of a second endpoint without results, None: there is none.
    """

    fails: str | None = None
    undecided: str | None = None
    status: str = "audited"
    beside: str | None = None

    def subjects(self) -> list[Subject]:
        """As subjects of a report."""
        plain = unreachable().model_copy(update={"status": self.status, "error": None})
        results = [
            {"rule": rule, "outcome": outcome, "severity": severity, "title": "x", "fingerprint": FINGERPRINT}
            for rule, outcome, severity in (
                (RULE, "fail", self.fails),
                (OTHER, "inconclusive", self.undecided),
                ("TLS-PROTO-001", "pass", "critical"),
                ("TLS-PROTO-002", "not_tested", "critical"),
            )
            if severity is not None
        ]
        one = Subject.model_validate({**plain.model_dump(), "results": results})
        return [one, *([unreachable("b.example").model_copy(update={"status": self.beside})] if self.beside else [])]


WORLDS = [
    World(),
    *(World(fails=severity) for severity in SEVERITIES),
    *(World(undecided=severity) for severity in SEVERITIES),
    World(fails="low", undecided="high"),
    World(fails="high", undecided="low"),
    World(beside="unreachable"),
    World(status="incomplete"),
    World(status="incomplete", fails="high"),
    World(fails="high", beside="not_tls"),
    World(fails="low", beside="unreachable"),
]
KNOWN = {"": False, "waiver": True, "expired": False, "elsewhere": False, "baseline": True, "milder": False}
"""Ways in which the failure may be known, and whether it then fails nothing."""


def expected(world: World, known: str, fail_on: str) -> int:
    """The contract in its own words."""

    def reaches(severity: str | None) -> bool:
        return fail_on != "none" and severity is not None and SEVERITIES.index(severity) >= SEVERITIES.index(fail_on)

    # No baseline has a severity below info, so the milder one knows an informational failure as it is.
    passes = KNOWN[known] or (known == "milder" and world.fails == "info")
    if reaches(world.fails) and not passes:
        return 1
    if world.status != "audited" or world.beside is not None or reaches(world.undecided):
        return 3
    return 0


def known_by(folder: Path, known: str, world: World) -> list[str]:
    """The options under which the failure of a world is known in this way."""
    waiver = {
        "waiver": ("shop.*", "2099-12-31"),
        "expired": ("*", "2026-11-20"),
        "elsewhere": ("b.example:443", "2099-12-31"),
    }
    if known in waiver:
        scope, expires = waiver[known]
        path = folder / f"{known}.yaml"
        path.write_text(f'- {{rule: {RULE}, scope: "{scope}", owner: o, reason: r, expires: {expires}}}\n')
        return ["--waivers", str(path)]
    if known:
        severity = world.fails or "info"
        milder = SEVERITIES[max(0, SEVERITIES.index(severity) - 1)]
        finding = Finding.model_validate(
            {
                "fingerprint": FINGERPRINT, "rule": RULE, "subject": "shop.example.com:443",
                "severity": milder if known == "milder" else severity,
            }
        )  # fmt: skip
        path = folder / "baseline.json"
        document = document_of()
        path.write_text(render_baseline([finding], as_of=document.as_of, policy="owasp", mode="full"))
        return ["--baseline", str(path)]
    return []


def code_of(*arguments: str) -> int:
    """How the program ends, in this process."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    code = end.value.code
    assert isinstance(code, int)
    return code


@pytest.mark.parametrize("fail_on", FAIL_ON)
@pytest.mark.parametrize("known", KNOWN)
def test_every_combination(tmp_path: Path, capsys: pytest.CaptureFixture[str], known: str, fail_on: str) -> None:
    report = tmp_path / "r.json"
    for world in WORLDS:
        report.write_text(document_of(*world.subjects()).to_json())
        options = known_by(tmp_path, known, world)
        code = code_of("report", str(report), "--format", "json", "--fail-on", fail_on, *options)
        assert code == expected(world, known, fail_on), (world, known, fail_on)
        assert json.loads(capsys.readouterr().out)["summary"]["exit_code"] == code


@pytest.mark.parametrize("known", ["", "waiver"])
@pytest.mark.parametrize("world", [World(), World(fails="high"), World(undecided="high"), World(beside="unreachable")])
def test_formats_do_not_change_the_code(tmp_path: Path, world: World, known: str) -> None:
    report = tmp_path / "r.json"
    report.write_text(document_of(*world.subjects()).to_json())
    options = known_by(tmp_path, known, world)
    wanted = expected(world, known, "high")
    pairs = [(name, str(tmp_path / f"out.{name}")) for name in FORMATS]
    for name, file in pairs:
        assert code_of("report", str(report), "--format", name, "-o", file, *options) == wanted, name
    several = itertools.chain.from_iterable(("--format", name, "-o", file) for name, file in pairs)
    assert code_of("report", str(report), *several, *options) == wanted


@pytest.mark.parametrize(
    "wrong",
    [
        ("--fail-on", "dire"),
        ("--format", "pdf"),
        ("--format", "json", "--format", "html"),
        ("-o", "/nowhere/at/all.json"),
        ("--waivers", "none.yaml"),
        ("--baseline", "none.json"),
        ("--waivers", "README.md"),
        ("--baseline", "README.md"),
        ("--write-baseline", "/nowhere/at/all.json"),
        ("--bogus",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("world", [World(), World(fails="critical"), World(beside="unreachable")])
def test_our_own_mistake_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], world: World, wrong: Sequence[str]
) -> None:
    report = tmp_path / "r.json"
    report.write_text(document_of(*world.subjects()).to_json())
    assert code_of("report", str(report), *wrong) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [report]


POOR = with_suites(0xC013, version=TLS_1_0)


_WAIVED = '- {rule: TLS-PROTO-003, scope: "poor*", owner: o, reason: r, expires: 2099-12-31}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with waivers and a baseline; endpoints are audited by their names, without a network."""

    async def audit(target: Target, *_: object, **__: object) -> SimpleNamespace:
        facts: Facts = POOR if target.host.startswith("poor") else sound()
        if target.host.startswith("gone"):
            raise NetworkError("refused", "refused")
        if target.host.startswith("broken"):
            raise ZeroDivisionError
        there = replace(facts, endpoint=replace(facts.endpoint, host=target.host, port=target.port))
        return SimpleNamespace(facts=there, problem=None)

    monkeypatch.setattr(app, "audit_endpoint", audit)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.yaml").write_text(_WAIVED)
    (tmp_path / "list").write_text("poor\nx:0\n")
    known = subject_of(POOR, "poor")
    text = render_baseline(baseline_findings(known), as_of=document_of().as_of, policy="owasp", mode="full")
    (tmp_path / "b.json").write_text(text)
    return tmp_path


@pytest.mark.parametrize("formats", [["text"], ["jsonl"], ["sarif", "json", "jsonl"]], ids="+".join)
@pytest.mark.parametrize(
    ("targets", "options", "code"),
    [
        ("good", (), 0),
        ("good", ("--fail-on", "info"), 0),
        ("poor", ("--fail-on", "info"), 1),
        ("poor", (), 1),
        ("poor", ("--fail-on", "critical"), 0),
        ("poor", ("--fail-on", "none"), 0),
        ("gone", (), 3),
        ("gone", ("--fail-on", "none"), 3),
        ("good gone", (), 3),
        ("poor gone", (), 1),
        ("poor gone", ("--fail-on", "none"), 3),
        ("poor", ("--waivers", "w.yaml"), 0),
        ("poor gone", ("--waivers", "w.yaml"), 3),
        ("poor", ("--waivers", "w.yaml", "--fail-on", "low"), 1),
        ("poor", ("--waivers", "w.yaml", "--as-of", "2100-01-01"), 1),
        ("gone", ("--waivers", "w.yaml"), 3),
        ("poor", ("--baseline", "b.json"), 0),
        ("poor", ("--baseline", "b.json", "--fail-on", "info"), 0),
        ("poor poor2", ("--baseline", "b.json"), 1),
        ("gone", ("--baseline", "b.json"), 3),
        ("poor", ("--write-baseline", "new.json"), 1),
        ("broken", (), 70),
        ("poor broken", (), 70),
        ("poor x:0", (), 2),
        ("poor gone", ("--waivers", "b.json"), 2),
        ("poor", ("--baseline", "w.yaml"), 2),
        ("poor", ("--policy", "nope"), 2),
        ("@list", (), 2),
    ],
)
def test_a_scan(folder: Path, formats: list[str], targets: str, options: list[str], code: int) -> None:
    outputs = itertools.chain.from_iterable(("--format", name, "-o", f"out.{name}") for name in formats)
    assert code_of("scan", *targets.split(), *options, *outputs) == code
    written = [name for name in formats if (folder / f"out.{name}").exists()]
    assert written == ([] if code == 2 else formats)


def test_real_servers(tmp_path: Path, lab: Lab, lab_pki: LabPki) -> None:
    good = f"localhost@{HOST}:{lab.nginx('ssl_protocols TLSv1.2 TLSv1.3;').port}"
    poor_settings = "ssl_protocols TLSv1 TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AES:@SECLEVEL=0;"
    poor = f"localhost@{HOST}:{lab.nginx(poor_settings).port}"
    gone = f"{HOST}:{reserved_port()}"
    (tmp_path / "w.yaml").write_text(_WAIVED.replace("poor*", "localhost*"))
    always = ("--mode", "gate", "--ca-file", lab_pki.root_file, "--format", "json")
    waived = ("--waivers", tmp_path / "w.yaml")
    baseline = tmp_path / "b.json"
    for arguments, code in (
        ((good,), 0),
        ((good, "--fail-on", "none"), 0),
        ((poor,), 1),
        ((poor, good, gone), 1),
        ((good, gone), 3),
        ((poor, gone, *waived), 3),
        ((poor, *waived), 0),
        ((poor, *waived, "--as-of", "2100-01-01"), 1),
        ((poor, "--write-baseline", baseline), 1),
        ((poor, "--baseline", baseline), 0),
        ((good, "--baseline", baseline), 0),
        ((poor, good, "x:0"), 2),
    ):
        ended = tlsaudit("scan", *always, *arguments)
        assert ended.code == code, (arguments, ended.err)
        if code != 2:
            assert ended.document["summary"]["exit_code"] == code
