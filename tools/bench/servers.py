"""The servers of the bench: directives for the lab's nginx, and an nginx that answers at all of 127.0.0.0/8."""

from __future__ import annotations

import http.client
import re
import ssl
from contextlib import AbstractContextManager
from pathlib import Path

from tests.lab import process
from tests.lab.pki import LabPki
from tests.lab.process import HOST, Running, program

SIX_SUITES = (
    "ssl_protocols TLSv1.2 TLSv1.3;"
    "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305;"
)
"""Three cipher suites of TLS 1.2, and the three of TLS 1.3 that OpenSSL offers by itself."""


FOUR_VERSIONS = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0;"
"""TLS 1.0 to 1.3 with all that OpenSSL 3 still has: at TLS 1.2 29 suites for an RSA certificate, 44 with ECDSA too."""
ORDERS = {
    "the client's order": "ssl_prefer_server_ciphers off;",
    "the server's order": "ssl_prefer_server_ciphers on;",
}
"""Whose order decides; the client's unless nginx is told otherwise."""


def everywhere(folder: Path, pki: LabPki) -> AbstractContextManager[Running]:
    """nginx with six suites at every address of this machine; it says how many connections it accepted."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
    files = pki.ecdsa

    def command(port: int) -> list[str | Path]:
        (folder / "nginx.conf").write_text(
            "daemon off; master_process off; pid nginx.pid; error_log stderr;\n"
            f"events {{ worker_connections 4096; }}\nhttp {{ access_log off; {temporary}\n"
            f"server {{ listen 0.0.0.0:{port} ssl backlog=4096; {SIX_SUITES}\n"
            f"ssl_certificate {files.chain}; ssl_certificate_key {files.key};\n"
            "location / { return 200; } location /status { stub_status; } } }\n"
        )
        return [program("nginx") or "nginx", "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"]

    return process.start("nginx", command, directory=folder)


def accepted(server: Running) -> int:
    """How many connections an nginx of `everywhere` has accepted before this question."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(HOST, server.port, context=context, timeout=10)
    try:
        connection.request("GET", "/status")
        return accepts(connection.getresponse().read().decode()) - 1
    finally:
        connection.close()


def accepts(status: str) -> int:
    """The number of accepted connections in what ngx_http_stub_status_module says."""
    found = re.search(r"accepts handled requests\s+(\d+)", status)
    if found is None:
        raise ValueError(f"this is no page of stub_status: {status[:100]!r}")
    return int(found.group(1))


def addresses(number: int) -> tuple[str, ...]:
    """As many addresses of the loopback network."""
    return tuple(f"127.{10 + n // 62_500}.{n // 250 % 250}.{1 + n % 250}" for n in range(number))
