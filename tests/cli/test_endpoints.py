"""Endpoints that are not there, are something else, or mean harm: a clear line, the right code, bounded time."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.cli.program import Ended, tlsaudit
from tests.lab import hostile
from tests.lab.pki import LabPki
from tests.lab.process import HOST, reserved_port
from tests.lab.script import Script
from tests.lab.scripted import Behaviour, ScriptedServer
from tests.lab.servers import Lab, requires_ipv6
from tlsaudit.model.document import Document

TIMEOUT = 0.5
MOST_SECONDS = 10 * TIMEOUT
"""What one endpoint that answers nothing of use may take, by the program's own clock."""


def scan(*arguments: str | Path) -> Ended:
    return tlsaudit("scan", "--format", "json", "--timeout", str(TIMEOUT), *arguments)


def test_a_name_that_does_not_exist() -> None:
    ended = scan("does-not-exist.invalid")
    assert ended.code == 3
    assert ended.complaint().startswith("does-not-exist.invalid:443: the name does-not-exist.invalid does not resolve")
    subject = ended.document["subjects"][0]
    assert (subject["status"], subject["error"]["code"]) == ("unreachable", "dns")


def test_a_closed_port() -> None:
    target = f"{HOST}:{reserved_port()}"
    ended = scan(target)
    assert ended.code == 3
    assert ended.complaint() == f"{target}: {target} refused the connection"
    subject = ended.document["subjects"][0]
    assert (subject["status"], subject["error"]["code"]) == ("unreachable", "refused")


SCRIPT = Script()

MISBEHAVIOURS: dict[str, tuple[Behaviour, str, str]] = {
    "silence": (hostile.accept_and_silence, "unreachable", "does not answer a ClientHello"),
    "closes at once": (hostile.close_at_once, "unreachable", "closes the connection"),
    "resets at once": (hostile.reset_at_once, "unreachable", "resets the connection"),
    "junk": (hostile.junk, "not_tls", "does not speak TLS"),
    "endless bytes": (hostile.endless_bytes, "not_tls", "does not speak TLS"),
    "endless records": (hostile.endless_records, "not_tls", "262144"),
    "endless warnings": (hostile.endless_warnings, "not_tls", "more than 1024 records"),
    "ssh": (hostile.ssh_banner, "not_tls", "speaks SSH"),
    "plain HTTP": (hostile.http_plain, "not_tls", "speaks plain HTTP"),
    "resets in the flight": (hostile.reset_mid_flight(SCRIPT), "unreachable", "resets the connection"),
}


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_a_server_that_misbehaves_is_named_in_one_line_and_bounded_time(name: str) -> None:
    behaviour, status, words = MISBEHAVIOURS[name]
    with ScriptedServer(behaviour) as server:
        ended = scan(f"{server.host}:{server.port}")
    assert ended.code == 3
    assert words in ended.complaint()
    subject = ended.document["subjects"][0]
    assert subject["status"] == status
    assert subject["facts"] is None
    assert subject["error"]["message"] in ended.err
    assert subject["duration_s"] < MOST_SECONDS


@pytest.mark.parametrize("behaviour", [hostile.close_mid_flight(SCRIPT), hostile.drip_feed(SCRIPT)])
def test_a_server_that_never_ends_its_flight_is_judged_by_nothing(behaviour: Behaviour) -> None:
    with ScriptedServer(behaviour) as server:
        ended = scan(f"{server.host}:{server.port}")
    assert ended.code == 3
    assert ended.complaint()
    subject = ended.document["subjects"][0]
    assert subject["status"] != "audited"
    assert not [each for each in subject["results"] if each["outcome"] == "fail"]
    assert subject["duration_s"] < MOST_SECONDS


def test_a_certificate_that_is_none_is_shown_as_such() -> None:
    with ScriptedServer(hostile.unparsable_certificate()) as server:
        ended = scan(f"{server.host}:{server.port}")
    assert ended.code in {1, 3}
    assert "Traceback" not in ended.err
    deployment = ended.document["subjects"][0]["facts"]["certificate_deployments"][0]
    assert deployment["chain"] == []
    assert deployment["unparsed"][0].startswith("certificate 1: ")


def test_targets_keep_their_order_and_leave_each_other_alone(module_lab: Lab, lab_pki: LabPki) -> None:
    good = module_lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;")
    with (
        ScriptedServer(hostile.accept_and_silence) as silent,
        ScriptedServer(hostile.endless_bytes) as endless,
        ScriptedServer(hostile.ssh_banner) as ssh,
    ):
        targets = [f"{HOST}:{server.port}" for server in (silent, endless, good, ssh)]
        ended = scan(*targets, targets[2], "--ca-file", lab_pki.root_file)
    document = Document.model_validate_json(ended.out)
    assert [subject.id for subject in document.subjects] == targets
    assert [subject.status for subject in document.subjects] == ["unreachable", "not_tls", "audited", "not_tls"]
    assert document.summary.by_status == {"unreachable": 1, "not_tls": 2, "audited": 1}
    assert ended.code == document.summary.exit_code == 3
    assert len(ended.err.splitlines()) == 3
    alone = Document.model_validate_json(scan(targets[2], "--ca-file", lab_pki.root_file).out).subjects[0]
    assert [(each.rule, each.outcome) for each in alone.results] == [
        (each.rule, each.outcome) for each in document.subjects[2].results
    ]


def test_a_failure_comes_before_what_could_not_be_judged(module_lab: Lab) -> None:
    untrusted = module_lab.nginx()
    closed = f"{HOST}:{reserved_port()}"
    assert scan(f"{HOST}:{untrusted.port}", closed).code == 1
    assert scan(f"{HOST}:{untrusted.port}", closed, "--fail-on", "none").code == 3
    assert scan(f"{HOST}:{untrusted.port}", "--fail-on", "none").code == 0


def test_an_ipv6_literal_with_brackets_and_without() -> None:
    requires_ipv6()
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as held:
        port = held.getsockname()[1]
    ended = scan(f"[::1]:{port}")
    assert ended.complaint() == f"[::1]:{port}: [::1]:{port} refused the connection"
    bare = scan("::1", "[::1]")
    assert [subject["id"] for subject in bare.document["subjects"]] == ["[::1]:443"]


def test_a_name_with_several_addresses_is_audited_at_one_that_answers(module_lab: Lab) -> None:
    requires_ipv6()
    # localhost is ::1 and 127.0.0.1 on most machines, and nginx listens on the second only.
    server = module_lab.nginx()
    subject = scan(f"localhost:{server.port}").document["subjects"][0]
    assert subject["status"] == "audited"
    assert subject["facts"]["endpoint"]["address"] == HOST
    assert subject["facts"]["endpoint"]["sni"] == "localhost"


@pytest.mark.parametrize(
    ("arguments", "mode"),
    [
        (["{target}"], "full"),
        (["@{list}"], "inventory"),
        (["-"], "inventory"),
        (["{target}", "@{list}"], "inventory"),
        (["--mode", "inventory", "{target}"], "inventory"),
        (["--mode", "full", "{target}"], "full"),
        (["--mode", "full", "@{list}"], "full"),
    ],
    ids=" ".join,
)
def test_attacks_are_tried_only_where_they_are_asked_for(
    module_lab: Lab, tmp_path: Path, arguments: list[str], mode: str
) -> None:
    target = f"{HOST}:{module_lab.nginx().port}"
    listed = tmp_path / "list"
    listed.write_text(f"{target}\n")
    words = [each.format(target=target, list=listed) for each in arguments]
    ended = tlsaudit("scan", "--format", "json", *words, stdin=target.encode())
    assert ended.document["mode"] == mode
    subject = ended.document["subjects"][0]
    tried = {each["rule"]: each["outcome"] for each in subject["results"]}
    expected = {"full": ("not_vulnerable", "pass"), "inventory": ("not_tested", "not_tested")}[mode]
    assert (subject["facts"]["vulnerabilities"]["ccs_injection"], tried["TLS-VULN-002"]) == expected
    assert (tried["TLS-SESS-003"] == "pass") == (mode == "full")
