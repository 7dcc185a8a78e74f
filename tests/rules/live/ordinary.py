"""Servers as people run them, well configured or as their packages come: what an audit of them should say."""

from __future__ import annotations

from collections.abc import Mapping

from tests.lab.servers import Lab
from tests.rules.live.postures import Posture

_MOZILLA = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
_HSTS = 'add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;'
_INTERMEDIATE = f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {_MOZILLA}; {_HSTS}"
_DEBIAN_APACHE = "SSLCipherSuite HIGH:!aNULL\nSSLProtocol all -SSLv3\nSSLSessionTickets off"


def _nginx(server: str, *kinds: str) -> Posture:
    """nginx with the lab's certificates of these kinds: rsa, ecdsa."""
    return Posture(start=lambda lab: lab.nginx(server, certificates=[getattr(lab.pki, kind) for kind in kinds]).port)


def _apache(host: str, *kinds: str) -> Posture:
    return Posture(start=lambda lab: lab.apache(host, certificates=[getattr(lab.pki, kind) for kind in kinds]).port)


def _mutual_node(lab: Lab) -> int:
    options = {"requestCert": True, "rejectUnauthorized": True, "caFile": str(lab.pki.client_ca_file)}
    return lab.node(options).port


ORDINARY: Mapping[str, Posture] = {
    "nginx, Mozilla intermediate, ECDSA": _nginx(_INTERMEDIATE, "ecdsa"),
    "nginx, Mozilla intermediate, RSA": _nginx(_INTERMEDIATE, "rsa"),
    "nginx, Mozilla intermediate, both": _nginx(_INTERMEDIATE, "rsa", "ecdsa"),
    "nginx, Mozilla intermediate, its own order": _nginx(f"{_INTERMEDIATE} ssl_prefer_server_ciphers on;", "rsa"),
    "nginx, TLS 1.3 only": _nginx(f"ssl_protocols TLSv1.3; {_HSTS}", "ecdsa"),
    "nginx as it comes": _nginx("", "rsa"),
    "Apache as Debian has it, RSA": _apache(_DEBIAN_APACHE, "rsa"),
    "Apache as Debian has it, both": _apache(_DEBIAN_APACHE, "rsa", "ecdsa"),
    "HAProxy as it comes": Posture(start=lambda lab: lab.haproxy("alpn h2,http/1.1").port),
    "Node as it comes": Posture(start=lambda lab: lab.node().port),
    "GnuTLS as it comes": Posture(start=lambda lab: lab.gnutls().port),
    "nginx, mutual TLS": Posture(
        start=lambda lab: (
            lab.nginx(f"{_INTERMEDIATE} ssl_client_certificate {lab.pki.client_ca_file}; ssl_verify_client on;").port
        )
    ),
    "HAProxy, mutual TLS": Posture(
        start=lambda lab: lab.haproxy(f"verify required ca-file {lab.pki.client_ca_file}").port
    ),
    "Node, mutual TLS": Posture(start=_mutual_node),
}
