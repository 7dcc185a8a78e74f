"""The real servers of the lab, each with the smallest configuration that serves, plus what a test asks for.

    def test_something(lab):
        server = lab.nginx("ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;")
        ... server.host, server.port, server.log()

All of them answer `GET /` with 200, need no root, and end with the fixture (see tests/conftest.py).
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import pytest

from tests.lab import process
from tests.lab.pki import CertificateFiles, LabPki
from tests.lab.process import HOST, Command, Running, program
from tlsaudit.demo.server import Respond, TlsServer, plain_answer

_HERE = Path(__file__).parent
_APACHE_CONTENT = 'Redirect 200 /\nErrorDocument 200 "ok"\n'
_STUNNEL_ANSWER = """#!/bin/sh
while read -r line && [ "$line" != "$(printf '\\r')" ]; do :; done
printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\nConnection: close\\r\\n\\r\\nok\\n'
"""
_APACHE_MODULES = Path("/usr/lib/apache2/modules")

T = TypeVar("T")


def requires(*programs: str) -> None:
    """Skip the test where a program is not installed; with CI=true fail it instead."""
    for name in programs:
        if not (node() if name == "node" else program(name)):
            absent(name)


def absent(name: str) -> None:
    """Skip, or in CI fail, for want of a program."""
    _missing(f"{name} is not installed; tools/install_servers.sh does it")


def requires_ipv6() -> None:
    """Skip the test where the loopback has no IPv6 address, in CI as well: nothing that is installed gives it one."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 loopback")


def _missing(message: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def node() -> Path | None:
    """The Node.js that tools/install_servers.sh put here."""
    return next(iter(sorted(_HERE.glob("node/node_modules/node-*/bin/node"))), None)


class Lab:
    """Starts servers that live until the lab is closed. `directory` holds a folder for each of them."""

    def __init__(self, directory: Path, pki: LabPki) -> None:
        self.directory = directory
        self.pki = pki
        self._started = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def keep(self, server: AbstractContextManager[T]) -> T:
        """Enter any other context manager, to be left when the lab is closed."""
        return self._stack.enter_context(server)

    def nginx(self, server: str = "", *, certificates: Sequence[CertificateFiles] = (), http: str = "") -> Running:
        """nginx with directives of the server block (and of http); ECDSA certificate unless told otherwise."""
        requires("nginx")
        pairs = "".join(
            f"ssl_certificate {each.chain}; ssl_certificate_key {each.key};\n" for each in self._or_ecdsa(certificates)
        )
        folder = self._folder("nginx")
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )

        def command(port: int) -> list[str | Path]:
            # One process: nothing can be left over, and no user has to be changed to.
            (folder / "nginx.conf").write_text(
                "daemon off; master_process off; pid nginx.pid; error_log stderr;\n"
                "events { worker_connections 512; }\n"
                f"http {{\naccess_log off;\n{temporary}{http}\n"
                f"server {{\nlisten {HOST}:{port} ssl backlog=511;\nserver_name localhost;\n{pairs}{server}\n"
                'location / { default_type text/plain; return 200 "ok\\n"; }\n}\n}\n'
            )
            return [program("nginx") or "nginx", "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"]

        return self._start("nginx", command, folder)

    def haproxy(self, bind: str = "", *, certificate: CertificateFiles | None = None, frontend: str = "") -> Running:
        """HAProxy with options of the bind line and lines of the frontend."""
        requires("haproxy")
        folder = self._folder("haproxy")
        combined = (certificate or self.pki.ecdsa).combined

        def command(port: int) -> list[str | Path]:
            (folder / "haproxy.cfg").write_text(
                "global\n  tune.ssl.default-dh-param 2048\n"
                "defaults\n  mode http\n  timeout client 10s\n  timeout server 10s\n  timeout connect 10s\n"
                f"frontend lab\n  bind {HOST}:{port} ssl crt {combined} {bind}\n{frontend}\n"
                "  http-request return status 200 content-type text/plain string ok\n"
            )
            return [program("haproxy") or "haproxy", "-db", "-f", folder / "haproxy.cfg"]

        return self._start("haproxy", command, folder)

    def apache(
        self,
        host: str = "",
        *,
        certificates: Sequence[CertificateFiles] = (),
        content: str = _APACHE_CONTENT,
        server: str = "",
    ) -> Running:
        """Apache httpd with directives of the virtual host (and of the server).

        Its usual content is there before access is checked.
        """
        requires("apache2")
        folder = self._folder("apache")
        modules = ("mpm_event", "authz_core", "alias", "headers", "http2", "socache_shmcb", "ssl")
        loads = "".join(f"LoadModule {name}_module {_APACHE_MODULES}/mod_{name}.so\n" for name in modules)
        pairs = "".join(
            f"SSLCertificateFile {each.chain}\nSSLCertificateKeyFile {each.key}\n"
            for each in self._or_ecdsa(certificates)
        )
        # As root httpd insists on another user; in its one-process mode it stays what it is.
        user = "User nobody\nGroup nogroup\n" if os.geteuid() == 0 else ""

        def command(port: int) -> list[str | Path]:
            (folder / "apache.conf").write_text(
                f'{loads}{user}ServerName localhost\nServerRoot "{folder}"\nDefaultRuntimeDir "{folder}"\n'
                f"PidFile apache.pid\nErrorLog /dev/stderr\nListen {HOST}:{port}\nMutex pthread\n"
                f"SSLSessionCache none\nTimeout 10\n{server}\n"
                f"<VirtualHost *:{port}>\nSSLEngine on\n{pairs}{host}\n"
                f"{content}</VirtualHost>\n"
            )
            return [program("apache2") or "apache2", "-X", "-f", folder / "apache.conf"]

        return self._start("apache", command, folder)

    def openssl(self, *options: str | Path, certificate: CertificateFiles | None = None) -> Running:
        """`openssl s_server -www` with further options; one connection at a time."""
        requires("openssl")
        files = certificate or self.pki.ecdsa
        words = ["-cert", files.chain, "-cert_chain", files.chain, "-key", files.key, "-www", *options]

        def command(port: int) -> list[str | Path]:
            return ["openssl", "s_server", "-accept", f"{HOST}:{port}", *words]

        return self._start("openssl", command, self._folder("openssl"), any_port=True)

    def gnutls(self, priority: str = "NORMAL", *options: str, certificate: CertificateFiles | None = None) -> Running:
        """`gnutls-serv --http` with a priority string. It listens on every address, having no option for one."""
        requires("gnutls-serv")
        files = certificate or self.pki.ecdsa
        words: list[str | Path] = [
            "--http",
            "--x509certfile",
            files.chain,
            "--x509keyfile",
            files.key,
            "--priority",
            priority,
            *options,
        ]
        client_auth = [] if any(each.startswith("--x509cafile") for each in options) else ["--disable-client-cert"]

        def command(port: int) -> list[str | Path]:
            return [program("gnutls-serv") or "gnutls-serv", "--port", str(port), *client_auth, *words]

        return self._start("gnutls", command, self._folder("gnutls"))

    def node(
        self, options: Mapping[str, object] | None = None, *, certificate: CertificateFiles | None = None
    ) -> Running:
        """Node.js with options of https.createServer, such as {"ecdhCurve": "X25519MLKEM768:X25519"}; OpenSSL 3.5."""
        requires("node")
        files = certificate or self.pki.ecdsa
        argument = json.dumps({"certFile": str(files.chain), "keyFile": str(files.key), **(options or {})})

        def command(_port: int) -> list[str | Path]:
            return [node() or "node", _HERE / "node" / "server.mjs", argument]

        return self._start("node", command, self._folder("node"), any_port=True)

    def tlslite(
        self,
        settings: Mapping[str, object] | None = None,
        *,
        certificate: CertificateFiles | None = None,
        refuse: int | None = None,
        late: Sequence[str] | None = None,
    ) -> Running:
        """tlslite-ng with attributes of its HandshakeSettings: SSL 3.0, RC4, 3DES, MD5.

        `refuse`: it asks for client certificates, and refuses clients without one with this alert. `late`: it asks for
        them after the request, on these of h2 and http/1.1.
        """
        files = certificate or self.pki.rsa
        asked = {
            "chain": str(files.chain),
            "key": str(files.key),
            "settings": settings or {},
            "refuse": refuse,
            "late": late,
        }
        argument = json.dumps(asked)

        def command(_port: int) -> list[str | Path]:
            return [sys.executable, _HERE / "tlslite_server.py", argument]

        return self._start("tlslite", command, self._folder("tlslite"), any_port=True)

    def stunnel(self, *options: str, certificate: CertificateFiles | None = None) -> Running:
        """stunnel with options of its service, such as "sslVersionMin = TLSv1.2"; a shell script answers behind it."""
        requires("stunnel4")
        files = certificate or self.pki.ecdsa
        folder = self._folder("stunnel")
        script = folder / "answer.sh"
        script.write_text(_STUNNEL_ANSWER)
        script.chmod(0o700)

        def command(port: int) -> list[str | Path]:
            service = (f"accept = {HOST}:{port}", f"cert = {files.chain}", f"key = {files.key}", f"exec = {script}")
            lines = ("foreground = yes", "pid =", "[lab]", *service, *options)
            (folder / "stunnel.conf").write_text("".join(f"{line}\n" for line in lines))
            return [program("stunnel4") or "stunnel4", folder / "stunnel.conf"]

        return self._start("stunnel", command, folder)

    def python(self, context: ssl.SSLContext, respond: Respond = plain_answer) -> Running:
        """The standard library's TLS, in this process, with a context of the test's making."""
        server = self.keep(TlsServer(context, respond))
        return Running(name="python", port=server.port)

    def _or_ecdsa(self, certificates: Sequence[CertificateFiles]) -> Sequence[CertificateFiles]:
        return certificates or (self.pki.ecdsa,)

    def _folder(self, name: str) -> Path:
        self._started += 1
        folder = self.directory / f"{self._started}-{name}"
        folder.mkdir()
        return folder

    def _start(self, name: str, command: Command, folder: Path, *, any_port: bool = False) -> Running:
        return self.keep(process.start(name, command, directory=folder, any_port=any_port))
