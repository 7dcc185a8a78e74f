from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab import process
from tests.lab.asking import ask, hello_13, server_hello
from tests.lab.pki import LabPki
from tests.lab.process import Running, ServerFailedError, listening_ports
from tests.lab.servers import Lab, requires
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import SSL_3

SERVERS: dict[str, Callable[[Lab], Running]] = {
    "nginx": lambda lab: lab.nginx(),
    "haproxy": lambda lab: lab.haproxy(),
    "apache": lambda lab: lab.apache(),
    "openssl": lambda lab: lab.openssl(),
    "gnutls": lambda lab: lab.gnutls(),
    "node": lambda lab: lab.node(),
    "tlslite": lambda lab: lab.tlslite(),
    "stunnel": lambda lab: lab.stunnel(),
    "python": lambda lab: lab.python(python_context(lab.pki)),
}


def python_context(pki: LabPki) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.ecdsa.chain, pki.ecdsa.key)
    return context


def get(server: Running, pki: LabPki) -> bytes:
    """GET / with full verification: the chain and the name of every lab server are sound."""
    client = ssl.create_default_context(cafile=str(pki.root_file))
    with (
        socket.create_connection(server.address, timeout=20) as raw,
        client.wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        secured.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while data := secured.recv(65536):
            answer += data
        return answer


def s_client(server: Running, *options: str) -> str:
    requires("openssl")
    command = ["openssl", "s_client", "-connect", f"{server.host}:{server.port}", *options]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=30, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_answers_over_verified_tls(lab: Lab, name: str) -> None:
    status = get(SERVERS[name](lab), lab.pki).partition(b"\r\n")[0]
    assert status.split(b" ")[0] in (b"HTTP/1.0", b"HTTP/1.1")
    assert status.split(b" ")[1] == b"200"


@pytest.mark.parametrize("name", [name for name in SERVERS if name != "python"])
def test_a_stopped_server_leaves_no_process_behind(tmp_path: Path, lab_pki: LabPki, name: str) -> None:
    with Lab(tmp_path, lab_pki) as lab:
        server = SERVERS[name](lab)
        assert server.pid is not None
        assert server.port in listening_ports(server.pid)
    assert not Path(f"/proc/{server.pid}").exists()
    assert not [group for group in process_groups() if group == server.pid]


def test_a_server_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    requires("openssl", "setpriv")
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from tests.lab import process\n"
        "command = ['openssl', 's_server', '-nocert', '-accept', '127.0.0.1:0']\n"
        "with process.start('openssl', lambda port: command, directory=Path(sys.argv[1]), any_port=True) as server:\n"
        "    print(server.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program, tmp_path], cwd=root, capture_output=True, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 20
    while listening_ports(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def process_groups() -> list[int]:
    groups = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            groups.append(int(stat.read_text().rpartition(")")[2].split()[2]))
        except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
            continue
    return groups


def test_a_server_that_cannot_start_fails_with_its_own_words(lab: Lab) -> None:
    with pytest.raises(ServerFailedError, match="no_such_directive"):
        lab.nginx("no_such_directive on;")


def test_a_port_that_is_taken_is_tried_again_with_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requires("openssl")
    with socket.create_server((process.HOST, 0)) as taken:
        free = process.reserved_port
        ports = iter((taken.getsockname()[1], free()))
        monkeypatch.setattr(process, "reserved_port", lambda: next(ports))
        with process.start(
            "openssl",
            lambda port: ["openssl", "s_server", "-nocert", "-accept", f"{process.HOST}:{port}"],
            directory=tmp_path,
        ) as server:
            assert server.port != taken.getsockname()[1]


def test_nginx_serves_two_certificates(lab: Lab) -> None:
    server = lab.nginx("ssl_protocols TLSv1.2;", certificates=(lab.pki.ecdsa, lab.pki.rsa))
    assert "Peer signature type: RSA" in s_client(server, "-cipher", "ECDHE-RSA-AES128-GCM-SHA256")
    assert "Peer signature type: ECDSA" in s_client(server, "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")


@pytest.mark.parametrize("name", ["haproxy", "apache", "openssl"])
def test_options_reach_the_server(lab: Lab, name: str) -> None:
    match name:
        case "haproxy":
            server = lab.haproxy("ssl-min-ver TLSv1.3")
        case "apache":
            server = lab.apache("SSLProtocol TLSv1.3")
        case _:
            server = lab.openssl("-tls1_3")
    assert "alert protocol version" in s_client(server, "-tls1_2")
    assert "TLSv1.3" in s_client(server, "-tls1_3")


def test_gnutls_asks_for_a_certificate_where_it_is_told_to(lab: Lab) -> None:
    server = lab.gnutls("NORMAL:-VERS-TLS1.3", "--require-client-cert", f"--x509cafile={lab.pki.client_ca_file}")
    assert "Acceptable client certificate CA names" in s_client(server)


def test_node_knows_the_hybrid_post_quantum_group(lab: Lab) -> None:
    server = lab.node({"ecdhCurve": "X25519MLKEM768"})
    retry = server_hello(ask(server.address, hello_13(groups=(29, 0x11EC))))
    assert retry.is_retry
    assert retry.selected_group == 0x11EC


def test_tlslite_speaks_ssl_3_with_rc4_and_md5(lab: Lab) -> None:
    settings = {"minVersion": [3, 0], "maxVersion": [3, 0], "cipherNames": ["rc4"], "macNames": ["md5"]}
    server = lab.tlslite(settings)
    answer = server_hello(ask(server.address, ClientHello(version=SSL_3, cipher_suites=(0x0004, 0x0005))))
    assert (answer.version, answer.cipher_suite) == (SSL_3, 0x0004)
