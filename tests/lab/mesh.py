"""HAProxy in the part of a service mesh's sidecar, as Istio's treats what reaches a port of its workload."""

from __future__ import annotations

from pathlib import Path

from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.lab import process
from tests.lab.process import HOST, Running, program
from tests.lab.servers import Lab, requires

WORKLOAD = "spiffe://cluster.local/ns/shop/sa/pay"
_PURPOSES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
_MUTUAL = "{ req.ssl_alpn -m sub istio }"


def start_mesh(lab: Lab, *, strict: bool, mutual: bool = True, tls_behind: bool = False) -> Running:
    """A port of a workload: `strict` takes mutual TLS alone; else the application gets what does not offer the mesh.

    Without `mutual` the sidecar asks nobody for a certificate; `tls_behind`: the application speaks TLS itself.
    """
    requires("haproxy")
    folder = lab.directory / f"mesh-{len(list(lab.directory.iterdir()))}"
    folder.mkdir()
    svid = lab.pki.write("svid", lab.pki.intermediate.issue(WORKLOAD, purposes=_PURPOSES))
    verify = f"verify required ca-file {lab.pki.client_ca_file}" if mutual else ""
    application = f"ssl crt {lab.pki.ecdsa.combined}" if tls_behind else ""
    route = "" if strict else f"if {_MUTUAL}"
    behind = "" if strict else "  default_backend application\n"

    def command(port: int) -> list[str | Path]:
        (folder / "haproxy.cfg").write_text(
            "defaults\n  timeout client 10s\n  timeout server 10s\n  timeout connect 10s\n"
            f"frontend port\n  mode tcp\n  bind {HOST}:{port}\n  tcp-request inspect-delay 5s\n"
            "  tcp-request content accept if { req.ssl_hello_type 1 }\n"
            "  tcp-request content accept if { req.len gt 0 }\n"
            f"  use_backend sidecar {route}\n{behind}"
            f"backend sidecar\n  mode tcp\n  server s unix@{folder}/sidecar.sock\n"
            f"backend application\n  mode tcp\n  server a unix@{folder}/application.sock\n"
            f"frontend terminates\n  mode http\n  bind unix@{folder}/sidecar.sock ssl crt {svid.combined} {verify} "
            "ssl-min-ver TLSv1.2 alpn istio-peer-exchange,istio,http/1.1\n"
            '  http-request return status 200 content-type text/plain string "mesh"\n'
            f"frontend speaks\n  mode http\n  bind unix@{folder}/application.sock {application}\n"
            '  http-request return status 200 content-type text/plain string "application"\n'
        )
        return [program("haproxy") or "haproxy", "-db", "-f", folder / "haproxy.cfg"]

    return lab.keep(process.start("mesh", command, directory=folder))
