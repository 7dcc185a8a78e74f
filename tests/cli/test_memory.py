"""A run over thousands of endpoints: memory stays flat, and 1,024 descriptors are enough."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.program import ROOT
from tests.lab import process
from tests.lab.pki import LabPki
from tests.lab.process import Command, program
from tests.lab.servers import requires

MOST_GROWTH_MB = 40
DESCRIPTORS = 1024

MEASURED = """
import resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[1])))
done = subprocess.run([sys.executable, "-m", "tlsaudit", "scan", *sys.argv[2:]])
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def nginx_everywhere(folder: Path, pki: LabPki) -> Command:
    """nginx at every address of this machine, so that all of 127.0.0.0/8 answers."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
    files = pki.ecdsa

    def command(port: int) -> list[str | Path]:
        (folder / "nginx.conf").write_text(
            "daemon off; master_process off; pid nginx.pid; error_log stderr;\n"
            f"events {{ worker_connections 2048; }}\nhttp {{ access_log off; {temporary}\n"
            f"server {{ listen 0.0.0.0:{port} ssl backlog=2048; ssl_protocols TLSv1.3;\n"
            f"ssl_certificate {files.chain}; ssl_certificate_key {files.key}; location / {{ return 200; }} }} }}\n"
        )
        return [program("nginx") or "nginx", "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"]

    return command


def run(targets: list[str], file: Path) -> tuple[int, int]:
    """The exit code of a run that writes lines, and its peak memory in MB."""
    words = ["--format", "jsonl", "-o", str(file), "--timeout", "20"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(DESCRIPTORS), *targets, *words],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, megabytes = done.stdout.split()
    return int(code), int(megabytes)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_endpoints(tmp_path: Path, lab_pki: LabPki) -> None:
    requires("nginx")
    folder, file = tmp_path / "nginx", tmp_path / "run.jsonl"
    folder.mkdir()
    with process.start("nginx", nginx_everywhere(folder, lab_pki), directory=folder) as server:
        _, few = run([f"127.5.0.0/24:{server.port}"], file)
        assert len(file.read_text().splitlines()) == 256
        many = [f"127.5.{n}.0/24:{server.port}" for n in range(4)]  # networks beyond 1,024 would need --yes-large
        listed = tmp_path / "targets"
        listed.write_text("".join(f"127.6.{n // 250}.{n % 250}:{server.port}\n" for n in range(976)))
        code, most = run([*many, f"@{listed}"], file)
    with file.open() as lines:
        statuses = Counter(json.loads(line)["status"] for line in lines)
    assert statuses == {"audited": 2000}
    assert code == 1
    assert most - few < MOST_GROWTH_MB, (few, most)
