"""PostgreSQL from Debian's package, with TLS: a cluster of its own for every server.

It refuses to run as root, and its user may not look into our directories: as root the cluster lies in one of its own.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.lab import process
from tests.lab.pki import CertificateFiles
from tests.lab.process import HOST, Running, program
from tests.lab.servers import Lab, absent

_USER = "postgres"
_SECONDS = 60


_PASSWORDS = "hostssl all all all scram-sha-256"


def start_postgres(
    lab: Lab, *settings: str, hba: str = _PASSWORDS, tls: bool = True, certificate: CertificateFiles | None = None
) -> Running:
    """PostgreSQL with lines of postgresql.conf and of pg_hba.conf; its certificate is the lab's ECDSA one
    unless told otherwise, as `server.crt` and `server.key`.

    `ca.crt` and `ca.crl` in a setting are the client CA and its revocation list.
    """
    return lab.keep(_running(lab, settings, hba, certificate or lab.pki.ecdsa, tls=tls))


@contextmanager
def _running(
    lab: Lab, settings: Sequence[str], hba: str, certificate: CertificateFiles, *, tls: bool
) -> Iterator[Running]:
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None)
    if binaries is None or not (binaries / "initdb").exists():
        absent("postgresql")
        raise AssertionError("unreachable")
    with tempfile.TemporaryDirectory(prefix="tlsaudit-postgres-") as name:
        folder = Path(name)
        data = folder / "data"
        as_user = _as_user(folder)
        made = subprocess.run(
            [*as_user, binaries / "initdb", "-D", data, "-N", "-A", "trust", "-E", "UTF8", "--locale=C"],
            check=False,
            capture_output=True,
            timeout=_SECONDS,
            cwd=folder,
        )
        assert made.returncode == 0, made.stderr.decode(errors="replace")
        files = {"server.crt": certificate.chain, "server.key": certificate.key}
        files |= {"ca.crt": lab.pki.client_ca_file, "ca.crl": lab.pki.client_crl_file}
        for target, source in files.items():
            shutil.copyfile(source, data / target)
            (data / target).chmod(0o600)
            shutil.chown(data / target, *_owner(data))
        (data / "pg_hba.conf").write_text(f"{hba}\n")
        lines = (*settings, f"ssl = {'on' if tls else 'off'}", "unix_socket_directories = ''", "fsync = off")
        (data / "postgresql.auto.conf").write_text("".join(f"{line}\n" for line in lines))

        def command(port: int) -> list[str | Path]:
            return [*as_user, binaries / "postgres", "-D", data, "-h", HOST, "-p", str(port)]

        with process.start("postgres", command, directory=folder) as running:
            yield running


def _as_user(folder: Path) -> list[str | Path]:
    """What goes before a command so that it does not run as root; `folder` then belongs to that user."""
    if os.geteuid():
        return []
    user = pwd.getpwnam(_USER)
    shutil.chown(folder, user.pw_uid, user.pw_gid)
    setpriv = program("setpriv") or "setpriv"
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _owner(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid
