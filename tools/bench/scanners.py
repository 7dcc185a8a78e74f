"""The scanners that are measured: tlsaudit in each of its modes, and its peers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.process import HOST, program

MODES = ("gate", "inventory", "full")
"""The modes in which tlsaudit is measured, where its command line knows them."""
_ONE_BY_ONE = (
    "--mozilla_config=disable", "--certinfo", "--elliptic_curves",
    "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be scanned: addresses of this machine, and the port at which they all listen."""

    folder: Path
    """Where files may be written."""
    port: int
    ca_file: Path
    hosts: tuple[str, ...] = (HOST,)

    def target_list(self) -> Path:
        """A file with all of them, one a line."""
        path = self.folder / "targets"
        path.write_text("".join(f"{host}:{self.port}\n" for host in self.hosts))
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """A program with options. `proof` stands in its output once for every endpoint that it got through with."""

    name: str
    command: Callable[[Work], Sequence[str]]
    proof: str
    program: str = ""
    """What has to be installed; tlsaudit and sslyze come with the project."""

    @property
    def missing(self) -> bool:
        """Whether its program is not installed."""
        return bool(self.program) and program(self.program) is None


def tlsaudit(mode: str) -> Scanner:
    """tlsaudit, which writes a JSON document, or of many endpoints a line each."""

    def command(work: Work) -> list[str]:
        many = len(work.hosts) > 1
        what = f"@{work.target_list()}" if many else f"localhost@{work.hosts[0]}:{work.port}"
        options = ["--mode", mode, "--format", "jsonl" if many else "json", "--ca-file", str(work.ca_file)]
        return [sys.executable, "-m", "tlsaudit", "scan", what, *options]

    return Scanner(name=f"tlsaudit {mode}", command=command, proof='"status":"audited"')


def _sslyze(work: Work, *options: str) -> list[str]:
    # By a name where it is one: of an address it would make a server_name, which RFC 6066 forbids.
    many = len(work.hosts) > 1
    what = f"--targets_in={work.target_list()}" if many else f"localhost:{work.port}{{{work.hosts[0]}}}"
    return [sys.executable, "-m", "sslyze", *options, "--json_out=-", what]


SSLYZE_INVENTORY = Scanner(
    name="sslyze, versions, suites, curves, certificates",
    command=lambda work: _sslyze(work, *_ONE_BY_ONE),
    proof='"scan_status": "COMPLETED"',
)
SSLYZE_FULL = Scanner(name="sslyze, everything", command=_sslyze, proof='"scan_status": "COMPLETED"')
SSLSCAN = Scanner(
    name="sslscan",
    command=lambda work: ["sslscan", "--no-colour", "--xml=-", f"{work.hosts[0]}:{work.port}"],
    proof="</ssltest>",
    program="sslscan",
)
NMAP = Scanner(
    name="nmap ssl-enum-ciphers",
    command=lambda work: [
        "nmap", "-Pn", "-n", "-p", str(work.port), "--script", "+ssl-enum-ciphers", "-oX", "-", work.hosts[0],
    ],
    proof='<script id="ssl-enum-ciphers"',
    program="nmap",
)  # fmt: skip
PEERS = (SSLYZE_INVENTORY, SSLYZE_FULL, SSLSCAN, NMAP)


def modes() -> tuple[str, ...]:
    """The modes that tlsaudit's command line knows."""
    command = [sys.executable, "-m", "tlsaudit", "scan", "--help"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    )
    return named_modes(done.stdout)


def named_modes(page: str) -> tuple[str, ...]:
    """Those of `MODES` that the help text names at --mode."""
    option = re.search(r"^\s*--mode\b.*?(?=^\s*(?:-\w, )?--|\Z)", page, re.MULTILINE | re.DOTALL)
    words = set(re.findall(r"\w+", option.group())) if option else set()
    return tuple(mode for mode in MODES if mode in words)
