"""Servers with TLS of other makes: Go (built from go_server.go) and Caddy. They are large: slow tests alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.lab import process
from tests.lab.process import HOST, Command, Running, program
from tests.lab.servers import Lab, requires

_SOURCE = Path(__file__).with_name("go_server.go")


def build_go(directory: Path) -> Path:
    """The Go server, compiled without anything from the network."""
    requires("go")
    binary = directory / "go-server"
    environment = {
        "PATH": "/usr/bin:/bin:/usr/local/go/bin",
        "HOME": str(directory),
        "GOCACHE": str(directory / "cache"),
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GO111MODULE": "off",
        "CGO_ENABLED": "0",
    }
    done = subprocess.run(
        ["go", "build", "-o", str(binary), str(_SOURCE)],
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return binary


def start_go(lab: Lab, binary: Path, mode: str) -> Running:
    """The Go server with a tls.ClientAuthType by name, at TLS 1.2 and 1.3."""
    files = lab.pki.ecdsa

    def command(_port: int) -> list[str | Path]:
        return [binary, files.chain, files.key, lab.pki.client_ca_file, mode, "0x0303", "0x0304"]

    return _start(lab, "go", command, any_port=True)


def start_caddy(lab: Lab, mode: str) -> Running:
    """Caddy with a mode of client_auth; "" for none."""
    files = lab.pki.ecdsa
    authority = f"trusted_ca_cert_file {lab.pki.client_ca_file}" if "verify" in mode else ""
    client_auth = f"client_auth {{\nmode {mode}\n{authority}\n}}" if mode else ""
    return start_caddy_site(lab, f"tls {files.chain} {files.key} {{\n{client_auth}\n}}")


def start_caddy_site(lab: Lab, site: str) -> Running:
    """Caddy with directives of a site block, the certificate among them."""
    requires("caddy")
    folder = lab.directory / f"caddy-{len(list(lab.directory.iterdir()))}"
    folder.mkdir()

    def command(port: int) -> list[str | Path]:
        (folder / "Caddyfile").write_text(
            "{\nadmin off\nauto_https off\n"
            f"storage file_system {folder}\ndefault_sni localhost\n}}\n"
            f"https://localhost:{port} {{\nbind {HOST}\n"
            f"{site}\nrespond ok\n}}\n"
        )
        caddy = program("caddy") or "caddy"
        return [caddy, "run", "--config", folder / "Caddyfile", "--adapter", "caddyfile"]

    return _start(lab, "caddy", command)


def _start(lab: Lab, name: str, command: Command, *, any_port: bool = False) -> Running:
    folder = lab.directory / f"{name}-{len(list(lab.directory.iterdir()))}-log"
    folder.mkdir()
    return lab.keep(process.start(name, command, directory=folder, any_port=any_port))
