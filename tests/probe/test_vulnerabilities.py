"""Attacks that are tried with sslyze: on servers with the flaws, on real ones, and when sslyze itself is in trouble."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.lab import vulnerable
from tests.lab.process import Running
from tests.lab.proxy import DelayProxy
from tests.lab.script import Script
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import TLS_1_2, audit, ders, facts
from tests.probe.processes import children, sslyze_children
from tlsaudit.manners import Allowance
from tlsaudit.model.facts import ClientAuthMode, Facts
from tlsaudit.model.knowledge import Fact, Known, Unknown, Why
from tlsaudit.model.vulnerability import RENEGOTIATIONS_ASKED, Verdict, Vulnerability
from tlsaudit.probe import Sslyze

OF_SSLYZE = HEARTBLEED, CCS_INJECTION, ROBOT = (
    Vulnerability.HEARTBLEED,
    Vulnerability.CCS_INJECTION,
    Vulnerability.ROBOT,
)
VULNERABLE, NOT_VULNERABLE, NOT_APPLICABLE = Verdict

_TEST_SECONDS = 60.0
_SILENT = "the server fell silent in the middle of the handshake"


def verdicts(found: Facts) -> list[Verdict]:
    """The verdicts of an audit that decided them all: Heartbleed, CCS injection, ROBOT."""
    return [found.verdict(each).need() for each in OF_SSLYZE]


def why(fact: Fact[Verdict]) -> tuple[Why, str]:
    """Why a verdict is unknown."""
    assert isinstance(fact, Unknown)
    return fact.why, fact.detail


@contextlib.contextmanager
def signalling(number: signal.Signals) -> Iterator[list[int]]:
    """Sends a signal to the first child that comes up while the block lasts; gives its id."""
    hit: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not hit and not over.wait(0.01):
            for pid in sslyze_children():
                time.sleep(0.2)  # in the middle of its questions
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
                    hit.append(pid)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield hit
    finally:
        over.set()
        watcher.join()


def test_heartbleed_is_seen(lab: Lab) -> None:
    with ScriptedServer(vulnerable.heartbleed(ders(lab.pki.rsa.leaf))) as server:
        found = facts(server, timeout=2.0, full=True)
    assert verdicts(found) == [VULNERABLE, NOT_VULNERABLE, NOT_APPLICABLE]


def test_ccs_injection_is_seen(lab: Lab) -> None:
    with ScriptedServer(vulnerable.ccs_injection(ders(lab.pki.rsa.leaf))) as server:
        found = facts(server, timeout=2.0, full=True)
    assert verdicts(found) == [NOT_APPLICABLE, VULNERABLE, NOT_APPLICABLE]


def test_a_robot_oracle_is_seen_and_asked_three_times(lab: Lab) -> None:
    behind = lab.nginx("ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256;", certificates=(lab.pki.rsa,))
    key = lab.pki.rsa.leaf.key
    assert isinstance(key, RSAPrivateKey)
    with ScriptedServer(vulnerable.robot(behind.port, key.private_numbers())) as server:
        found = facts(server, full=True)
        assert found.connections == server.connections
    assert verdicts(found) == [NOT_APPLICABLE, NOT_VULNERABLE, VULNERABLE]
    assert sum("robot" in probe.asked for probe in found.probes) == 18


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nginx", [NOT_APPLICABLE, NOT_VULNERABLE, NOT_VULNERABLE]),
        ("apache", [NOT_APPLICABLE, NOT_VULNERABLE, NOT_APPLICABLE]),
        ("haproxy", [NOT_APPLICABLE, NOT_VULNERABLE, NOT_APPLICABLE]),
        ("gnutls", [NOT_VULNERABLE, NOT_VULNERABLE, NOT_VULNERABLE]),
    ],
)
def test_real_servers_are_not_vulnerable(lab: Lab, name: str, expected: list[Verdict]) -> None:
    rsa = lab.pki.rsa
    servers: dict[str, Callable[[], Running]] = {
        "nginx": lambda: lab.nginx(
            "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA;", certificates=(rsa,)
        ),
        "apache": lambda: lab.apache("SSLCipherSuite ECDHE+AESGCM"),
        "haproxy": lab.haproxy,
        "gnutls": lambda: lab.gnutls("NORMAL", "--heartbeat", certificate=rsa),
    }
    with DelayProxy(servers[name]().port, round_trip=0.0) as proxy:
        found = facts(proxy, full=True)
    assert verdicts(found) == expected
    assert found.connections == proxy.connections == len(found.probes)
    assert found.session.insecure_renegotiation.need() is False
    for each in OF_SSLYZE:
        fact = found.verdict(each)
        assert isinstance(fact, Known)
        if fact.value is NOT_VULNERABLE:
            n = int(fact.basis.at.removeprefix("probe:"))
            assert f"{each} at" in found.probes[n - 1].asked


def test_renegotiation_is_counted_and_unbound_renegotiation_is_insecure(lab: Lab) -> None:
    server = lab.gnutls("NORMAL:%DISABLE_SAFE_RENEGOTIATION", certificate=lab.pki.rsa)
    found = facts(server, full=True).session
    assert found.secure_renegotiation.need() is False
    assert found.client_renegotiations.need() == RENEGOTIATIONS_ASKED
    assert found.insecure_renegotiation.need() is True


@pytest.mark.parametrize(
    ("directives", "by_id", "by_ticket"),
    [
        ("ssl_session_cache shared:a:1m; ssl_session_tickets on;", True, True),
        ("ssl_session_cache shared:a:1m; ssl_session_tickets off;", True, False),
        ("ssl_session_cache off; ssl_session_tickets on;", False, True),
        ("ssl_session_cache off; ssl_session_tickets off;", False, False),
    ],
)
def test_resumption_by_id_and_by_ticket(lab: Lab, directives: str, by_id: bool, by_ticket: bool) -> None:
    found = facts(lab.nginx(f"ssl_protocols TLSv1.2 TLSv1.3; {directives}"), full=True)
    assert (found.session.resumption_by_id.need(), found.session.resumption_by_ticket.need()) == (by_id, by_ticket)
    assert sum("(sslyze)" in each.asked and "resumption" in each.asked for each in found.probes) <= 4


def test_a_session_is_resumed_by_a_server_that_forgets_those_that_end_without_close_notify(lab: Lab) -> None:
    found = facts(lab.openssl("-tls1_2"), full=True).session
    assert (found.resumption_by_id.need(), found.resumption_by_ticket.need()) == (True, True)


def test_a_server_of_tls_1_3_alone_is_not_asked(lab: Lab) -> None:
    server = lab.nginx("ssl_protocols TLSv1.3;")
    found = facts(server, full=True)
    assert verdicts(found) == [NOT_APPLICABLE] * 3
    assert not [each for each in found.probes if "sslyze" in each.asked]
    assert found.session.client_renegotiations.need() == 0
    assert found.session.resumption_by_ticket.need() is False


def test_without_sslyze_nothing_is_asked(lab: Lab) -> None:
    found = facts(lab.nginx())
    assert {found.verdict(each) for each in Vulnerability} == {Unknown(Why.NOT_ASKED)}
    assert found.session.client_renegotiations == Unknown(Why.NOT_ASKED)


def test_what_needs_a_client_certificate_is_not_tried_without(lab: Lab) -> None:
    server = lab.haproxy(
        f"verify required ca-file {lab.pki.client_ca_file} ssl-max-ver TLSv1.2 ciphers AES128-GCM-SHA256:ECDHE+AESGCM",
        certificate=lab.pki.rsa,
    )
    found = facts(server, full=True)
    assert found.verdict(CCS_INJECTION).need() is NOT_VULNERABLE
    assert why(found.verdict(ROBOT))[0] is Why.NOT_ASKED
    assert found.session.client_renegotiations == found.verdict(ROBOT) == found.session.resumption_by_id


def test_silence_is_no_verdict(lab: Lab) -> None:
    with ScriptedServer(vulnerable.silent(ders(lab.pki.rsa.leaf))) as server:
        done = audit(server, timeout=1.0, full=True)
    assert done.problem is None
    assert why(done.facts.verdict(CCS_INJECTION)) == (
        Why.NO_ANSWER,
        _SILENT,
    )
    assert isinstance(done.facts.session.client_renegotiations, Unknown)
    assert sslyze_children() == set()


@pytest.mark.parametrize(
    ("number", "timeout", "reason"),
    [
        (signal.SIGKILL, 3.0, "sslyze's process ended without an answer"),
        (signal.SIGSTOP, 1.0, "sslyze did not answer in time and was stopped"),
    ],
)
def test_a_child_that_dies_or_hangs_costs_only_its_own_answers(
    lab: Lab, number: signal.Signals, timeout: float, reason: str
) -> None:
    with ScriptedServer(vulnerable.silent(ders(lab.pki.rsa.leaf))) as server, signalling(number) as hit:
        done = audit(server, timeout=timeout, deadline=timeout * 6, full=True)
    assert len(hit) == 1
    assert done.problem is None
    assert done.facts.protocols.offers(TLS_1_2)
    assert why(done.facts.verdict(CCS_INJECTION)) == (Why.NO_ANSWER, reason)
    assert done.facts.verdict(HEARTBLEED).need() is NOT_APPLICABLE
    assert sslyze_children() == set()


def test_a_shortage_of_descriptors_costs_only_the_attacks(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    server = lab.nginx("ssl_protocols TLSv1.2;")

    def exhausted(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("socket.create_server", exhausted)
    done = audit(server, full=True)
    assert done.problem is None
    assert done.facts.protocols.offers(TLS_1_2)
    expected = (Why.NO_ANSWER, "this machine has no resources for another connection: Too many open files")
    assert why(done.facts.verdict(CCS_INJECTION)) == expected


def test_to_wait_for_the_attacks_on_others_takes_no_time_from_an_endpoint() -> None:
    async def ninth(sslyze: Sslyze, allowance: Allowance) -> None:
        async with allowance.bounds(), sslyze.place(allowance):
            pass

    async def wait() -> None:
        sslyze, allowance = Sslyze(), Allowance(0.2)
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(8):
                await stack.enter_async_context(sslyze.place(Allowance(60)))
            waiting = asyncio.create_task(ninth(sslyze, allowance))
            await asyncio.sleep(0.5)
            assert not waiting.done()
        await waiting
        assert allowance.left > 0

    asyncio.run(wait())


def test_after_a_child_has_died_the_next_endpoint_is_asked(lab: Lab) -> None:
    with ScriptedServer(vulnerable.silent(ders(lab.pki.rsa.leaf))) as server, signalling(signal.SIGKILL):
        audit(server, timeout=2.0, full=True)
    assert facts(lab.nginx(), full=True).verdict(CCS_INJECTION).need() is NOT_VULNERABLE


def test_an_unstable_server_is_not_attacked(lab: Lab) -> None:
    script = Script(chain=ders(lab.pki.rsa.leaf))
    given: list[int] = []

    def intolerant(_hello: object) -> bool:
        given.append(1)
        return len(given) > 3

    with ScriptedServer(replace(script, intolerant=intolerant)) as server:
        done = audit(server, timeout=1.0, full=True)
    assert done.problem is not None
    assert why(done.facts.verdict(CCS_INJECTION))[0] is Why.NO_ANSWER
    assert not any("sslyze" in probe.asked for probe in done.facts.probes)


def _in_session(leader: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            columns = stat.read_text().rpartition(")")[2].split()
            if int(columns[3]) == leader and columns[0] != "Z":
                found.add(int(stat.parent.name))
    return found


def _until(condition: Callable[[], bool], seconds: float = _TEST_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_run_that_was_ended(lab: Lab, number: signal.Signals) -> None:
    """Ctrl-C goes to all processes of a terminal; a kill to the program alone."""
    with ScriptedServer(vulnerable.silent(ders(lab.pki.rsa.leaf))) as server:
        command = [sys.executable, "-m", "tlsaudit", "scan", "--timeout", "2", f"127.0.0.1:{server.port}"]
        program = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        _until(lambda: len([pid for pid in _in_session(program.pid) if children(pid)]) > 1)
        if number is signal.SIGINT:
            os.killpg(program.pid, number)
        else:
            program.kill()
        _, said = program.communicate(timeout=_TEST_SECONDS)
        assert "Traceback" not in said
        _until(lambda: not _in_session(program.pid))
    assert program.returncode == (130 if number is signal.SIGINT else -signal.SIGKILL)


@pytest.mark.parametrize("victim", ["child", "fork server"])
def test_a_run_goes_on_without_a_process_that_was_killed(lab: Lab, tmp_path: Path, victim: str) -> None:
    """Three servers that keep their child waiting; whichever loses its own is inconclusive, and nothing else is."""
    file = tmp_path / "report.json"
    with contextlib.ExitStack() as stack:
        behaviour = vulnerable.silent(ders(lab.pki.rsa.leaf))
        targets = [f"127.0.0.1:{stack.enter_context(ScriptedServer(behaviour)).port}" for _ in range(3)]
        options = ["--mode", "full", "--timeout", "3", "--format", "json", "-o", str(file)]
        program = subprocess.Popen(
            [sys.executable, "-m", "tlsaudit", "scan", *options, *targets], stderr=subprocess.PIPE, text=True
        )
        _until(lambda: bool(_forked(program.pid)))
        server, child = _forked(program.pid)[0]
        os.kill(child if victim == "child" else server, signal.SIGKILL)
        _, said = program.communicate(timeout=_TEST_SECONDS)
    assert "Traceback" not in said
    subjects = json.loads(file.read_text())["subjects"]
    details = [each["unknown"]["vulnerabilities.ccs_injection"]["detail"] for each in subjects]
    lost = {"sslyze's process ended without an answer"}
    if victim == "fork server":  # it may have been about to fork
        lost.add("sslyze's process could not be started: unexpected EOF")
    # A child that was forked before its server died goes on, so that it may be that none is lost.
    assert sum(each in lost for each in details) == 1 or victim == "fork server"
    assert set(details) <= {*lost, _SILENT}
    for each in subjects:
        assert each["status"] == "audited"
        assert each["facts"]["protocols"]["TLSv1.2"] == "accepted"
        assert each["facts"]["vulnerabilities"]["ccs_injection"] == "inconclusive"
        assert _outcome(each, "TLS-VULN-002") == "inconclusive"
        assert _outcome(each, "TLS-PROTO-001") == "pass"
    assert program.returncode == 1


@pytest.mark.parametrize("when", ["before it forks", "with its child", "interrupted"])
def test_a_fork_server_that_does_not_answer_holds_up_nothing(lab: Lab, tmp_path: Path, when: str) -> None:
    file = tmp_path / "report.json"
    with ScriptedServer(vulnerable.silent(ders(lab.pki.rsa.leaf))) as server:
        seconds = "60" if when == "interrupted" else "1"
        options = ["--mode", "full", "--timeout", seconds, "--format", "json", "-o", str(file)]
        program = subprocess.Popen(
            [sys.executable, "-m", "tlsaudit", "scan", *options, f"127.0.0.1:{server.port}"],
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            _until(lambda: bool(_forked(program.pid) if when == "with its child" else _fork_servers(program.pid)))
            forked = [child for pair in _forked(program.pid) for child in pair]
            for each in forked or _fork_servers(program.pid):
                os.kill(each, signal.SIGSTOP)
            if when == "interrupted":
                time.sleep(3)  # until it is waited for
                program.send_signal(signal.SIGINT)
            _, said = program.communicate(timeout=_TEST_SECONDS)
        finally:
            program.kill()
        _until(lambda: not _in_session(program.pid))
    assert "Traceback" not in said
    (subject,) = json.loads(file.read_text())["subjects"]
    if when == "interrupted":
        assert (program.returncode, subject["error"]["code"]) == (130, "interrupted")
        return
    assert subject["status"] == "audited"
    assert subject["unknown"]["vulnerabilities.ccs_injection"]["detail"] == (
        "sslyze did not answer in time and was stopped"
    )


def test_a_fork_server_that_breaks_says_nothing(tmp_path: Path) -> None:
    """As it does where descriptors run out between calling it and telling it what to start."""
    script = tmp_path / "break.py"
    script.write_text(
        "import asyncio, multiprocessing.forkserver as forkserver, os, socket\n"
        "from tlsaudit.probe import Sslyze\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(Sslyze().warm_up())\n"
        "    with socket.socket(socket.AF_UNIX) as client:\n"
        "        client.connect(forkserver._forkserver._forkserver_address)\n"
        "    print(os.waitpid(forkserver._forkserver._forkserver_pid, 0)[1] != 0, flush=True)\n"
        "    os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=_TEST_SECONDS)
    assert (done.stdout, done.stderr) == ("True\n", "")


def _fork_servers(program: int) -> list[int]:
    """The fork server of a program, once it is one and no copy of the program any more."""
    return [
        pid for pid in children(program) if b"multiprocessing.forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def _forked(program: int) -> list[tuple[int, int]]:
    """The fork server of a program, with each child that it has."""
    return [(server, child) for server in children(program) for child in children(server)]


def _outcome(subject: dict[str, Any], rule: str) -> str:
    (found,) = (result["outcome"] for result in subject["results"] if result["rule"] == rule)
    return str(found)


@pytest.mark.parametrize("refuse", [48, 49])
def test_a_server_on_which_sslyze_hangs_is_audited(lab: Lab, refuse: int) -> None:
    """sslyze's own connectivity test never returns where TLS 1.3 refuses an empty certificate with these alerts."""
    server = lab.tlslite({"minVersion": [3, 3]}, refuse=refuse)
    done = audit(server, full=True)
    assert done.problem is None
    found = done.facts
    assert found.client_auth.mode.need() is ClientAuthMode.REQUIRED
    assert found.verdict(CCS_INJECTION).need() is NOT_VULNERABLE
    assert found.verdict(HEARTBLEED).need() is NOT_VULNERABLE
    assert why(found.verdict(ROBOT))[0] is Why.NOT_ASKED
    assert sslyze_children() == set()


def test_an_inventory_never_imports_sslyze(lab: Lab) -> None:
    script = (
        "import sys, multiprocessing\nfrom tlsaudit.__main__ import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print([name for name in ('sslyze', 'nassl', 'multiprocessing.popen_forkserver') if name in sys.modules])"
    )
    options = ["scan", "--mode", "inventory", "-o", os.devnull, f"127.0.0.1:{lab.nginx().port}"]
    done = subprocess.run([sys.executable, "-c", script, *options], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
