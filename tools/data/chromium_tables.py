"""Takes two snapshots from a Chromium program: its Certificate Transparency logs, and the ends of trust in roots.

    .venv/bin/python -m tools.data.chromium_tables /usr/lib/chromium/chromium VERSION

Chrome's list of logs and its root store are compiled into the program (components/certificate_transparency,
net/cert/root_store_proto_lite). Their layouts are those of Chromium 156; where nothing fits, nothing is written.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from tools.data.elf import Program
from tools.data.snapshots import SOURCES, SourceError

_KEY = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""How the SubjectPublicKeyInfo of a P-256 key begins; it has 91 bytes."""
_KEY_SIZE = 91
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
"""Where base::Time begins."""
_FIRST, _LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
_KINDS = {1: "rfc6962", 2: "static"}
_FEWEST_LOGS, _FEWEST_ENDS = 20, 10


def main() -> int:
    """Write both snapshots; returns the exit code."""
    program, version = Program(Path(sys.argv[1])), sys.argv[2]
    logs = sorted(_logs(program), key=lambda row: (row["operator"].lower(), row["name"].lower()))
    ends = sorted(_ends(program), key=lambda row: (row["after"], row["name"], row["sha256"]))
    if len(logs) < _FEWEST_LOGS or len(ends) < _FEWEST_ENDS:
        raise SourceError(f"{len(logs)} logs and {len(ends)} ends of trust: the layout is another one")
    for name, rows in ((f"chromium-{version}-ct-logs.csv", logs), (f"chromium-{version}-root-ends.csv", ends)):
        with (SOURCES / name).open("w", encoding="ascii", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        print(f"wrote tools/data/sources/{name}: {len(rows)} rows")
    return 0


def _logs(program: Program) -> Iterator[dict[str, str]]:
    """Every CTLogInfo: {key, length, name, kind, operator, previous operators}; before one that is out, its id."""
    for at, target in program.targets.items():
        if not program.holds(target) or program.read(target, len(_KEY)) != _KEY or program.word(at + 8) != _KEY_SIZE:
            continue
        name, operator = program.targets.get(at + 16), program.targets.get(at + 32)
        if name is None or operator is None:
            continue
        key = program.read(target, _KEY_SIZE)
        is_out = program.read(at - 40, 32) == hashlib.sha256(key).digest()
        kind = program.word(at + 24)
        yield {
            "name": program.text(name),
            "operator": program.text(operator),
            "kind": _KINDS.get(kind, ""),
            "out_since": f"{_EPOCH + timedelta(microseconds=program.word(at + 56)):%Y-%m-%d}" if is_out else "",
            "key": base64.b64encode(key).decode("ascii"),
        }


def _ends(program: Program) -> Iterator[dict[str, str]]:
    """Every ChromeRootCertInfo {certificate, length, constraints, count} with a last moment of issue."""
    for at, target in program.targets.items():
        constraints = program.targets.get(at + 16)
        if constraints is None or not program.holds(target) or not program.holds(constraints):
            continue
        size = program.word(at + 8)
        der = program.read(target, size) if size < 65536 else b""
        if der[:2] != b"\x30\x82" or int.from_bytes(der[2:4], "big") + 4 != size:
            continue
        if program.word(constraints + 8) != 1 or program.word(constraints) > 1 << 62:
            continue
        after = _EPOCH + timedelta(microseconds=program.word(constraints))
        if not _FIRST < after < _LAST:
            continue
        subject = x509.load_der_x509_certificate(der).subject
        names = [*subject.get_attributes_for_oid(NameOID.COMMON_NAME), *subject]
        yield {
            "sha256": hashlib.sha256(der).hexdigest(),
            "after": f"{after:%Y-%m-%dT%H:%M:%SZ}",
            "name": str(names[0].value).encode("ascii", "replace").decode("ascii"),
        }


if __name__ == "__main__":
    sys.exit(main())
