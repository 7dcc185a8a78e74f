from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.lab import hostile
from tests.lab.pki import LabPki
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import TLS_1_2, TLS_1_3, deployments, facts
from tlsaudit.demo import mint
from tlsaudit.model.certificate import OcspStatus
from tlsaudit.model.knowledge import Known, Unknown
from tlsaudit.model.protocol import ProtocolVersion


@pytest.mark.parametrize("spoken", [(TLS_1_2,), (TLS_1_3,), (TLS_1_2, TLS_1_3)])
def test_rsa_and_ecdsa_certificates_are_two_deployments(lab: Lab, spoken: tuple[ProtocolVersion, ...]) -> None:
    names = " ".join(version.value for version in spoken)
    found = facts(lab.nginx(f"ssl_protocols {names};", certificates=(lab.pki.rsa, lab.pki.ecdsa)))
    both = {each.leaf.need().key.type: each for each in deployments(found)}
    assert both.keys() == {"rsa", "ec"}
    for each in both.values():
        assert each.versions == spoken
        assert len(each.chain) == 2
        assert isinstance(each.leaf_signs, Known)
        assert each.leaf_signs.value


@pytest.mark.parametrize("spoken", ["-no_tls1_3", "-tls1_3"])
def test_ed25519_and_rsa_certificates_are_told_apart(lab: Lab, spoken: str) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    edwards = lab.pki.write(
        "ed25519", lab.pki.intermediate.issue("localhost", key=ed25519.Ed25519PrivateKey.generate())
    )
    second = ("-dcert", edwards.chain, "-dkey", edwards.key, "-dcert_chain", edwards.chain)
    found = facts(lab.openssl(spoken, *second, certificate=lab.pki.rsa))
    assert {each.leaf.need().key.type for each in deployments(found)} == {"rsa", "ed25519"}


def staple(pki: LabPki, directory: Path) -> Path:
    now = datetime.now(UTC).replace(microsecond=0)
    response = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=pki.ecdsa.leaf.certificate,
            issuer=pki.intermediate.certificate,
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=now,
            next_update=now + timedelta(days=3),
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, pki.intermediate.certificate)
        .sign(pki.intermediate.key, hashes.SHA256())
    )
    file = directory / "staple.der"
    file.write_bytes(response.public_bytes(Encoding.DER))
    return file


@pytest.mark.parametrize("spoken", ["-no_tls1_3", "-tls1_3"])
def test_an_ocsp_staple_is_read_at_both_versions(lab: Lab, tmp_path: Path, spoken: str) -> None:
    found = facts(lab.openssl(spoken, "-status_file", staple(lab.pki, tmp_path)))
    (deployment,) = deployments(found)
    seen = deployment.staple.need()
    assert seen is not None
    assert (seen.status, seen.serial_matches, seen.verified) == (OcspStatus.GOOD, True, True)


def test_without_a_staple_there_is_known_to_be_none(lab: Lab) -> None:
    (deployment,) = deployments(facts(lab.openssl()))
    assert deployment.staple == Known(None, deployment.basis)


def test_the_name_and_the_chain_are_judged_for_what_was_meant(lab: Lab) -> None:
    stranger = lab.pki.write("stranger", lab.pki.intermediate.issue("other.lab.test"))
    (deployment,) = deployments(facts(lab.nginx(certificates=(stranger,))))
    assert not deployment.name.need().matches
    (deployment,) = deployments(facts(lab.nginx()))
    assert deployment.name.need().matches


def test_a_certificate_that_cannot_be_read_is_said_to_be_so() -> None:
    with ScriptedServer(hostile.unparsable_certificate()) as server:
        (deployment,) = deployments(facts(server))
    assert isinstance(deployment.leaf, Unknown)
    assert len(deployment.unparsed) == 1


def test_a_small_rsa_key_is_no_obstacle(lab: Lab) -> None:
    small = lab.pki.write("small", lab.pki.intermediate.issue("localhost", key=mint.rsa_key(1024)))
    server = lab.openssl("-cipher", "ALL:@SECLEVEL=0", certificate=small)
    (deployment,) = deployments(facts(server))
    assert deployment.leaf.need().key.bits == 1024
    assert {TLS_1_2, TLS_1_3} <= set(deployment.versions)
