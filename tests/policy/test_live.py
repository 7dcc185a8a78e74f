"""Every policy on real servers: one that is made for it passes with nothing at low or worse, the weakest fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509

from tests.lab.pki import NAMES, CertificateFiles
from tests.lab.servers import Lab
from tests.rules.live.postures import POSTURES
from tlsaudit.app import ScanOptions, load_anchors, scan
from tlsaudit.demo import mint
from tlsaudit.model import document as doc
from tlsaudit.model.target import parse_target
from tlsaudit.policy import load_policy, policy_ids

_SECONDS = 20.0
_HSTS = 'add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;'
_GCM = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
_AES_1_3 = "ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384;"
_BOTH = "ssl_protocols TLSv1.2 TLSv1.3;"
_OLD = (
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-SHA256:"
    "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES256-SHA:AES128-GCM-SHA256:AES256-GCM-SHA384:"
    "AES128-SHA256:AES256-SHA256:AES128-SHA:AES256-SHA:@SECLEVEL=0"
)

SERVED = frozenset({"low", "medium", "high", "critical"})
"""What a server that complies has no finding of."""


@cache
def _rsa_root() -> mint.Authority:
    return mint.Authority.root("Lab RSA Root", key=mint.rsa_key())


def certificate(lab: Lab, *, rsa: bool = False) -> CertificateFiles:
    """For 80 days and with a revocation list, as a public authority would issue it."""
    authority = _rsa_root() if rsa else lab.pki.intermediate
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://crl.lab.test/")], None, None, None)
    now = datetime.now(UTC)
    leaf = authority.issue(
        *NAMES,
        key=mint.rsa_key() if rsa else None,
        not_before=now - timedelta(days=1),
        not_after=now + timedelta(days=79),
        usages=("digital_signature", "key_encipherment") if rsa else ("digital_signature",),
        extra=((x509.CRLDistributionPoints([point]), False),),
    )
    return lab.pki.write(f"policy-{leaf.certificate.serial_number}", leaf)


def _nginx(server: str, *, rsa: bool = False) -> Callable[[Lab], int]:
    return lambda lab: lab.nginx(f"{server} {_HSTS}", certificates=(certificate(lab, rsa=rsa),)).port


def _mutual_node(lab: Lab) -> int:
    options = {
        "minVersion": "TLSv1.3",
        "ecdhCurve": "X25519MLKEM768:X25519",
        "requestCert": True,
        "rejectUnauthorized": True,
        "caFile": str(lab.pki.client_ca_file),
    }
    return lab.node(options, certificate=certificate(lab)).port


def _self_signed(lab: Lab) -> int:
    """What nobody trusts."""
    files = lab.pki.write("self-signed", mint.self_signed(*NAMES))
    return lab.nginx(f"{_BOTH} ssl_ciphers {_GCM}; {_HSTS}", certificates=(files,)).port


COMPLIANT: Mapping[str, Callable[[Lab], int]] = {
    "owasp": _nginx(f"{_BOTH} ssl_ciphers {_GCM}; ssl_ecdh_curve X25519:prime256v1;"),
    "owasp-l2": _nginx(f"{_BOTH} ssl_ciphers {_GCM}; ssl_ecdh_curve X25519:prime256v1;"),
    "owasp-l3": _nginx(f"{_BOTH} ssl_ciphers {_GCM}; ssl_ecdh_curve X25519:prime256v1;"),
    "mozilla-modern": _nginx("ssl_protocols TLSv1.3; ssl_ecdh_curve X25519:prime256v1:secp384r1;"),
    "mozilla-intermediate": _nginx(f"{_BOTH} ssl_ciphers {_GCM}; ssl_ecdh_curve X25519:prime256v1:secp384r1;"),
    "mozilla-old": _nginx(
        f"ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers {_OLD}; ssl_prefer_server_ciphers on; "
        "ssl_ecdh_curve X25519:prime256v1:secp384r1;",
        rsa=True,
    ),
    "nist-800-52r2": _nginx(f"{_BOTH} ssl_ciphers {_GCM}; {_AES_1_3} ssl_ecdh_curve prime256v1:secp384r1;"),
    "pci-dss-4": _nginx(f"{_BOTH} ssl_ciphers {_GCM};"),
    "bsi-tr-02102-2": _nginx(f"{_BOTH} ssl_ciphers {_GCM}; {_AES_1_3} ssl_ecdh_curve prime256v1:secp384r1:secp521r1;"),
    "fips-140-3": _nginx(f"{_BOTH} ssl_ciphers {_GCM}; {_AES_1_3} ssl_ecdh_curve prime256v1:secp384r1;"),
    "internal-mtls": _mutual_node,
    "smtp-opportunistic": _self_signed,
}
"""A server for each policy. CNSA 2.0 has none: no library here makes an ML-DSA certificate."""


def audited(lab: Lab, port: int, policy_id: str, mode: doc.Mode = "inventory") -> doc.Subject:
    root = lab.pki.directory / "rsa-root.pem"
    root.write_bytes(mint.pem(_rsa_root().certificate))
    options = ScanOptions(
        policy=load_policy(policy_id), anchors=load_anchors(lab.pki.root_file, root), mode=mode, timeout=_SECONDS
    )
    (subject,) = asyncio.run(scan([parse_target(f"localhost@127.0.0.1:{port}")], options)).subjects
    return subject


def findings(subject: doc.Subject) -> dict[str, str]:
    return {
        each.rule: f"{each.severity}: {each.observed}"
        for each in subject.results
        if each.outcome == "fail" and each.severity in SERVED
    }


def test_every_policy_that_can_be_served_here_is() -> None:
    assert COMPLIANT.keys() == {*policy_ids()} - {"cnsa-2"}


@pytest.mark.parametrize("policy_id", COMPLIANT)
def test_a_server_made_for_a_policy_passes_it(module_lab: Lab, policy_id: str) -> None:
    port = COMPLIANT[policy_id](module_lab)
    subject = audited(module_lab, port, policy_id)
    assert subject.status == "audited", subject.error
    assert findings(subject) == {}
    assert findings(audited(module_lab, port, policy_id, "gate")) == {}


@pytest.fixture(scope="module")
def weakest(module_lab: Lab) -> int:
    """What accepts the worst that a server can."""
    port = POSTURES["museum"].start(module_lab)
    assert isinstance(port, int)
    return port


@pytest.mark.parametrize("policy_id", policy_ids())
def test_the_weakest_server_fails_every_policy(module_lab: Lab, weakest: int, policy_id: str) -> None:
    for mode in ("inventory", "gate"):
        found = findings(audited(module_lab, weakest, policy_id, mode))
        assert any(each.startswith("critical") for each in found.values()), mode
        for rule in ("TLS-CIPH-003", "TLS-CIPH-007"):
            assert found[rule].startswith("critical"), mode


@pytest.mark.parametrize("policy_id", ["cnsa-2", "internal-mtls", "nist-800-52r2"])
def test_gate_mode_asks_for_what_is_required(module_lab: Lab, policy_id: str) -> None:
    """A gate that looked for forbidden groups alone would pass a server without any of the required ones."""
    port = module_lab.nginx("ssl_ecdh_curve X25519; ssl_protocols TLSv1.2 TLSv1.3;").port
    assert findings(audited(module_lab, port, policy_id, "gate"))["TLS-KEX-015"].startswith("high")


def test_gate_mode_asks_for_post_quantum_groups_where_they_are_required(module_lab: Lab, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "id: own\nextends: owasp\nversion: '1'\ntitle: Ours\ndescription: ML-KEM.\n"
        "sources: [{ref: our board, verified: 'true'}]\n"
        "required: [{what: group/post-quantum, sources: [{ref: our board, verified: 'true'}]}]\n"
    )
    port = module_lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;").port
    assert findings(audited(module_lab, port, str(own), "gate"))["TLS-PQ-001"].startswith("high")
    hybrid = module_lab.node({"ecdhCurve": "X25519:X25519MLKEM768"}).port
    assert "TLS-PQ-001" not in findings(audited(module_lab, hybrid, str(own), "gate"))


def test_a_modern_server_fails_the_policies_of_the_future_alone(module_lab: Lab) -> None:
    port = COMPLIANT["owasp"](module_lab)
    assert "TLS-KEX-015" in findings(audited(module_lab, port, "cnsa-2"))
    found = findings(audited(module_lab, port, "internal-mtls"))
    assert found["TLS-MTLS-001"].startswith("critical")
    assert found["TLS-PROTO-017"] == "high: TLSv1.2 is accepted"


def test_the_lab_has_what_the_page_of_policies_says(module_lab: Lab, tmp_path: Path) -> None:
    """A policy of one's own, on top of one of ours, on a real server."""
    own = tmp_path / "own.yaml"
    own.write_text(
        "id: own\nextends: mozilla-intermediate\nversion: '1'\ntitle: Ours\ndescription: No TLS 1.2.\n"
        "sources: [{ref: our board, verified: 'true'}]\nlimits: {versions_allowed: [TLSv1.3]}\n"
        "forbidden: [{what: protocol/unlisted, sources: [{ref: our board, verified: 'true'}]}]\n"
    )
    port = COMPLIANT["mozilla-intermediate"](module_lab)
    subject = audited(module_lab, port, str(own))
    assert findings(subject) == {"TLS-PROTO-017": "high: TLSv1.2 is accepted"}
    result = next(each for each in subject.results if each.rule == "TLS-PROTO-017")
    assert result.sources[0].ref == "our board"
