"""The configuration that a policy is exported as: started for real, and scanned under that policy with no finding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.program import tlsaudit
from tests.lab.pki import CertificateFiles
from tests.lab.servers import Lab
from tests.policy.test_live import audited, certificate, findings
from tlsaudit.config import WRITERS
from tlsaudit.config.writers import CERTIFICATE, CLIENT_CA, COMBINED, KEY
from tlsaudit.model.errors import InputError
from tlsaudit.policy import load_policy, policy_ids
from tlsaudit.policy.wanted import wanted

_OPENSSL_HERE = (3, 0)
_SERVED_HERE = sorted({*policy_ids()} - {"cnsa-2", "internal-mtls"})
"""The others need an OpenSSL with ML-KEM."""


def exported(policy_id: str, product: str, files: CertificateFiles) -> str:
    text = WRITERS[product](wanted(load_policy(policy_id), _OPENSSL_HERE))
    for placeholder, file in ((CERTIFICATE, files.chain), (KEY, files.key), (COMBINED, files.combined)):
        text = text.replace(placeholder, str(file))
    return text


def _nginx(lab: Lab, text: str, files: CertificateFiles) -> int:
    return lab.nginx(text, certificates=(files,)).port


def _apache(lab: Lab, text: str, files: CertificateFiles) -> int:
    return lab.apache(text, certificates=(files,)).port


def _haproxy(lab: Lab, text: str, files: CertificateFiles) -> int:
    bind, *rest = (line for line in text.splitlines() if not line.startswith("#"))
    return lab.haproxy(bind.removeprefix("bind :443 "), certificate=files, frontend="\n".join(rest)).port


_START: dict[str, Callable[[Lab, str, CertificateFiles], int]] = {
    "apache": _apache, "haproxy": _haproxy, "nginx": _nginx,
}  # fmt: skip


def test_every_product_is_started() -> None:
    assert _START.keys() == WRITERS.keys()


@pytest.mark.parametrize("policy_id", _SERVED_HERE)
@pytest.mark.parametrize("product", WRITERS)
def test_what_is_exported_passes_its_own_policy(module_lab: Lab, product: str, policy_id: str) -> None:
    files = certificate(module_lab, rsa=policy_id == "mozilla-old")
    port = _START[product](module_lab, exported(policy_id, product, files), files)
    subject = audited(module_lab, port, policy_id)
    assert subject.status == "audited", subject.error
    assert findings(subject) == {}
    assert subject.facts is not None
    versions = {name for name, verdict in subject.facts.protocols.items() if verdict == "accepted"}
    assert versions == {str(each) for each in wanted(load_policy(policy_id), _OPENSSL_HERE).versions}


@pytest.mark.parametrize("policy_id", ["cnsa-2", "internal-mtls"])
def test_what_this_openssl_cannot_serve_is_refused(policy_id: str) -> None:
    with pytest.raises(InputError, match=rf"OpenSSL 3\.0 cannot satisfy {policy_id}: .* 3\.5 and later"):
        wanted(load_policy(policy_id), (3, 0))
    assert wanted(load_policy(policy_id), (3, 5)).groups


def test_client_certificates_are_asked_for() -> None:
    needed = wanted(load_policy("internal-mtls"), (3, 5))
    texts = {product: write(needed) for product, write in WRITERS.items()}
    assert f"ssl_client_certificate {CLIENT_CA};\nssl_verify_client on;\n" in texts["nginx"]
    assert f"SSLCACertificateFile {CLIENT_CA}\nSSLVerifyClient require\n" in texts["apache"]
    assert f"ca-file {CLIENT_CA} verify required" in texts["haproxy"]
    assert all("X25519MLKEM768:X25519:P-256:P-384" in text for text in texts.values())
    assert not any("ssl_ciphers" in text or "ECDHE" in text for text in texts.values())


def test_the_order_of_suites_is_the_servers_only_where_some_are_weak() -> None:
    old, new = (wanted(load_policy(each), _OPENSSL_HERE) for each in ("mozilla-old", "mozilla-intermediate"))
    assert old.server_order
    assert not new.server_order
    assert "@SECLEVEL=0" in WRITERS["nginx"](old)
    assert "@SECLEVEL" not in WRITERS["nginx"](new)


def test_the_command_writes_it(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "id: own\nextends: owasp-l2\nversion: '1'\ntitle: Ours\ndescription: Ours.\n"
        "sources: [{ref: our board, verified: 'true'}]\nlimits: {groups_allowed: [secp384r1]}\n"
        "severities: {TLS-KEX-012: high}\n"
    )
    text = tlsaudit("policy", "export", own, "--for", "nginx").out
    assert text.startswith("# policy own 1\n")
    assert "ssl_ecdh_curve P-384;\n" in text
    assert 'max-age=31536000; includeSubDomains"' in text
    assert "X25519MLKEM768" in tlsaudit("policy", "export", "owasp", "--for", "haproxy", "--openssl", "3.5.4").out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("owasp",), "Missing option"),
        (("owasp", "--for", "iis"), "--for 'iis' is none of apache, haproxy, nginx"),
        (("owasp", "--for", "nginx", "--openssl", "three"), "--openssl 'three' is no version of OpenSSL"),
        (("owasp", "--for", "nginx", "--openssl", "1.0.2"), "--openssl '1.0.2' is no version of OpenSSL from 1.1 on"),
        (("cnsa-2", "--for", "nginx"), "OpenSSL 3.0 cannot satisfy cnsa-2"),
        (("nonsense", "--for", "nginx"), "unknown policy 'nonsense'"),
    ],
)
def test_a_wrong_wish_is_our_input(arguments: tuple[str, ...], problem: str) -> None:
    ended = tlsaudit("policy", "export", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert problem in ended.complaint()
