"""Many targets: lines as they are made, networks, all addresses of a name, proxies, the bar on a terminal."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import COMMAND, ROOT, tlsaudit
from tests.lab import hostile, process
from tests.lab.pki import LabPki
from tests.lab.process import HOST, program, reserved_port
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab, requires
from tests.lab.socks import SocksServer

SECRET = "hunter2"
CREDENTIALS = ("auditor", SECRET)


def lines(text: str) -> list[Any]:
    found = [json.loads(line) for line in text.splitlines()]
    assert all(each["schema"] == "tlsaudit.report/1" for each in found)
    return found


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "scan", *arguments], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_a_subject_is_written_while_others_are_still_asked() -> None:
    closed = f"{HOST}:{reserved_port()}"
    with ScriptedServer(hostile.accept_and_silence) as silent:
        process_ = start(closed, f"{HOST}:{silent.port}", "--timeout", "60", "--format", "jsonl")
        assert process_.stdout is not None
        (first,) = lines(process_.stdout.readline())
        assert process_.poll() is None
        process_.send_signal(signal.SIGINT)
        out, err = process_.communicate(timeout=60)
    assert (first["id"], first["status"]) == (closed, "unreachable")
    assert process_.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "tlsaudit: interrupted: 1 line is written, of 2 targets"


def test_ctrl_c_keeps_the_lines_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    closed = f"{HOST}:{reserved_port()}"
    with ScriptedServer(hostile.accept_and_silence) as silent:
        process_ = start(closed, f"{HOST}:{silent.port}", "--timeout", "60", "-o", str(file))
        assert process_.stderr is not None
        assert closed in process_.stderr.readline()
        assert not file.exists()
        process_.send_signal(signal.SIGINT)
        process_.communicate(timeout=60)
    assert [each["id"] for each in lines(file.read_text())] == [closed]
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(
            [*COMMAND, "scan", f"{HOST}:{reserved_port()}", "--format", "jsonl"],
            cwd=ROOT, stdout=gone, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (141, b"")


def test_lines_that_cannot_be_written_are_said_once() -> None:
    target = f"{HOST}:{reserved_port()}"
    ended = tlsaudit("scan", target, "--format", "jsonl", "-o", "/dev/full")
    assert ended.code == 2
    assert ended.complaint() == "cannot write '/dev/full': No space left on device"


def test_lines_and_a_document_of_one_run_agree(tmp_path: Path, module_lab: Lab) -> None:
    target = f"{HOST}:{module_lab.nginx().port}"
    file = tmp_path / "report.json"
    ended = tlsaudit(
        "scan", target, f"{HOST}:{reserved_port()}", "--format", "jsonl", "-o", "-", "--format", "json", "-o", file
    )
    document = json.loads(file.read_text())
    assert {each["id"]: each for each in lines(ended.out)} == {
        each["id"]: {"schema": document["schema"], **each} for each in document["subjects"]
    }
    again = tlsaudit("report", file, "--format", "jsonl")
    assert [each["id"] for each in lines(again.out)] == [each["id"] for each in document["subjects"]]
    assert ended.code == again.code == document["summary"]["exit_code"] == 1


def test_three_hundred_targets_of_every_kind(tmp_path: Path, module_lab: Lab, lab_pki: LabPki) -> None:
    good = module_lab.nginx("ssl_protocols TLSv1.3;")
    closed = reserved_port()
    with ScriptedServer(hostile.ssh_banner) as ssh, ScriptedServer(hostile.reset_at_once) as resets:
        kinds = [f"{HOST}:{good.port}?sni=n{n}.localhost" for n in range(40)]
        kinds += [f"127.0.7.{n}:{closed}" for n in range(135)] + [f"no{n}.invalid" for n in range(60)]
        kinds += [f"{HOST}:{ssh.port}?sni=n{n}.x" for n in range(60)] + [
            f"{HOST}:{resets.port}?sni=n{n}.x" for n in range(5)
        ]
        listed = tmp_path / "targets"
        listed.write_text("\n".join(kinds) + "\n")
        ended = tlsaudit("scan", f"@{listed}", "--timeout", "5", "--format", "jsonl", "--ca-file", lab_pki.root_file)
    found = lines(ended.out)
    assert Counter(each["id"] for each in found).most_common(1)[0][1] == 1
    assert len(found) == 300
    assert Counter(each["status"] for each in found) == {"audited": 40, "unreachable": 200, "not_tls": 60}
    assert len(ended.err.splitlines()) == 260
    assert ended.code == 1, "the name of the certificate does not match"


def test_a_network_is_audited_address_by_address() -> None:
    ended = tlsaudit("scan", f"127.0.9.0/30:{reserved_port()}", "--format", "json")
    assert [each["id"].rpartition(":")[0] for each in ended.document["subjects"]] == [f"127.0.9.{n}" for n in range(4)]
    assert tlsaudit("scan", "10.0.0.0/16").complaint().endswith("say so with --yes-large")


def test_a_bar_is_drawn_on_a_terminal_and_only_on_standard_error() -> None:
    port = reserved_port()
    for targets, drawn in ((f"127.0.9.0/28:{port}", True), (f"127.0.9.1:{port}", False)):
        ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm"}
        done = subprocess.run(
            [*COMMAND, "scan", targets, "--format", "json"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, env=environment, check=False, timeout=60,
        )  # fmt: skip
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 65536):
                seen += part
        except OSError:  # the terminal has ended
            pass
        os.close(ours)
        assert (b"auditing" in seen) is drawn
        assert b"refused the connection" in seen
        assert b"\x1b" not in done.stdout
        json.loads(done.stdout)


@pytest.mark.parametrize("most", [12, 18, 24])
def test_few_descriptors_are_no_internal_error(tmp_path: Path, module_lab: Lab, most: int) -> None:
    file = tmp_path / "report.json"
    targets = [f"{HOST}:{module_lab.nginx().port}?sni={name}.localhost" for name in "abc"]
    done = subprocess.run(
        ["prlimit", f"--nofile={most}", *COMMAND, "scan", *targets, "--mode", "full", "-o", file],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    subjects = json.loads(file.read_text())["subjects"]
    assert len(subjects) == 3
    for each in subjects:
        assert each["error"] is None or each["error"]["code"] == "local"
    assert done.returncode in {1, 3}


TINYPROXY = "Port {port}\nListen 127.0.0.1\nTimeout 30\nMaxClients 100\nLogLevel Error\nBasicAuth auditor hunter2\n"


def test_through_a_real_http_proxy(tmp_path: Path, module_lab: Lab, lab_pki: LabPki) -> None:
    requires("tinyproxy")
    server = module_lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;")
    folder = tmp_path / "tinyproxy"
    folder.mkdir()

    def command(port: int) -> list[str | Path]:
        (folder / "conf").write_text(TINYPROXY.format(port=port))
        return [program("tinyproxy") or "tinyproxy", "-d", "-c", folder / "conf"]

    target = f"localhost:{server.port}"
    words = ("--ca-file", str(lab_pki.root_file), "--format", "json")
    direct = tlsaudit("scan", target, *words).document["subjects"][0]
    with process.start("tinyproxy", command, directory=folder) as proxy:
        url = f"http://auditor:{SECRET}@{HOST}:{proxy.port}"
        ended = tlsaudit("scan", target, *words, environment={"TLSAUDIT_PROXY": url})
        seen = ended.document["subjects"][0]
        assert seen["facts"]["endpoint"]["address"] is None
        for key in ("protocols", "cipher_suites", "groups", "certificate_deployments", "client_auth", "http"):
            assert seen["facts"][key] == direct["facts"][key]
        assert SECRET not in ended.out + ended.err
        for given, words_ in (
            (f"http://{HOST}:{proxy.port}", "asks for credentials (HTTP status 407)"),
            (f"http://auditor:wr0ng@{HOST}:{proxy.port}", "refuses the credentials"),
        ):
            ended = tlsaudit("scan", target, *words, "--proxy", given)
            assert words_ in ended.complaint()
            assert ended.code == 3
            assert "wr0ng" not in ended.out + ended.err
        closed = tlsaudit("scan", f"{HOST}:{reserved_port()}", *words, "--proxy", url)
    assert (closed.document["subjects"][0]["status"], closed.document["subjects"][0]["error"]["code"]) == (
        "incomplete",
        "proxy",
    )
    assert SECRET not in closed.out + closed.err


def test_through_a_socks_proxy_that_resolves_the_name(module_lab: Lab, lab_pki: LabPki) -> None:
    server = module_lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;")
    words = ("--ca-file", str(lab_pki.root_file), "--format", "json")
    with SocksServer({"only-there.invalid": HOST}, CREDENTIALS) as proxy:
        url = f"socks5://auditor:{SECRET}@{HOST}:{proxy.port}"
        ended = tlsaudit("scan", f"only-there.invalid:{server.port}", *words, "--proxy", url)
        (subject,) = ended.document["subjects"]
        assert subject["status"] == "audited"
        assert subject["facts"]["endpoint"] == {
            "host": "only-there.invalid", "port": server.port, "address": None, "sni": "only-there.invalid",
            "transport": "tcp", "starttls": None,
        }  # fmt: skip
        assert set(proxy.asked) == {"only-there.invalid"}
        proxy.asked.clear()
        tlsaudit("scan", f"shop.example@{HOST}:{server.port}", *words, "--proxy", url)
        assert set(proxy.asked) == {HOST}
        unknown = tlsaudit("scan", "nowhere.invalid", *words, "--proxy", url)
    assert "host unreachable" in unknown.complaint()
    assert unknown.document["subjects"][0]["error"]["code"] == "proxy"
    assert SECRET not in ended.out + ended.err + unknown.err


def test_a_proxy_that_is_not_there() -> None:
    ended = tlsaudit("scan", f"{HOST}:1", "--format", "json", "--proxy", f"http://u:{SECRET}@{HOST}:{reserved_port()}")
    assert "cannot be used" in ended.complaint()
    assert ended.document["subjects"][0]["status"] == "incomplete"
    assert ended.code == 3
    assert SECRET not in ended.out + ended.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--proxy", f"ftp://u:{SECRET}@x:1"], "the proxy has no known scheme"),
        (["--proxy", "http://x:1", "--all-addresses"], "--all-addresses cannot go with a proxy"),
        (["--max-rate", "0"], "--max-rate 0 is not above 0"),
        (["--max-rate", "nan"], "--max-rate nan"),
        (["--per-address", "0"], "--per-address 0 is not between"),
        (["--connections", "99999999"], "--connections 99999999 is not between"),
    ],
)
def test_wrong_limits_and_proxies(words: list[str], complaint: str) -> None:
    ended = tlsaudit("scan", "x", *words)
    assert ended.code == 2
    assert complaint in ended.complaint()
    assert SECRET not in ended.err
