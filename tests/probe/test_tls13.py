from __future__ import annotations

import pytest

from tests.lab.pki import LabPki
from tests.lab.script import Script
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import TLS_1_2, TLS_1_3, audit, deployments, ders, facts, groups, suites, versions
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.knowledge import Known, Unknown, Why
from tlsaudit.wire import ClientHello, ExtensionType


@pytest.mark.parametrize(
    "listed",
    [("X25519MLKEM768", "x25519"), ("SecP256r1MLKEM768", "X25519MLKEM768", "x25519"), ("x25519", "X25519MLKEM768")],
)
def test_hybrid_groups_are_found_without_any_post_quantum_cryptography(lab: Lab, listed: tuple[str, ...]) -> None:
    found = facts(lab.node({"ecdhCurve": ":".join(listed)}))
    assert groups(found, TLS_1_3) == list(listed)
    assert groups(found, TLS_1_2) == ["x25519"]
    (deployment,) = deployments(found)
    assert deployment.versions == (TLS_1_2, TLS_1_3)
    assert deployment.staple == Known(None, deployment.basis)


def test_a_server_of_one_hybrid_group_alone_is_read_through_openssl(lab: Lab) -> None:
    found = facts(lab.node({"ecdhCurve": "X25519MLKEM768"}))
    assert versions(found) == {TLS_1_3}
    assert groups(found, TLS_1_3) == ["X25519MLKEM768"]
    (deployment,) = deployments(found)
    assert len(deployment.chain) == 2
    assert isinstance(deployment.staple, Unknown)
    assert found.client_auth.mode.need() is ClientAuthMode.NONE
    answer = found.http.need()
    assert answer is not None
    assert answer.status == 200


@pytest.mark.parametrize("required", [False, True])
def test_client_authentication_is_seen_through_openssl_too(lab: Lab, required: bool) -> None:
    options = {"ecdhCurve": "X25519MLKEM768", "requestCert": True, "rejectUnauthorized": required}
    found = facts(lab.node({**options, "caFile": str(lab.pki.client_ca_file)}))
    expected = ClientAuthMode.REQUIRED if required else ClientAuthMode.OPTIONAL
    assert found.client_auth.mode.need() is expected


def test_what_a_group_keeps_from_us_is_unsupported_and_the_server_reached(lab: Lab) -> None:
    found = facts(lab.node({"ecdhCurve": "SecP256r1MLKEM768"}))
    assert versions(found) == {TLS_1_3}
    assert groups(found, TLS_1_3) == ["SecP256r1MLKEM768"]
    for fact in (found.certificate_deployments, found.client_auth.mode):
        assert isinstance(fact, Unknown)
        assert fact.why is Why.UNSUPPORTED
        assert "SecP256r1MLKEM768" in fact.detail


@pytest.mark.parametrize("group", ["P-521", "X448", "ffdhe2048", "ffdhe3072"])
def test_a_server_of_one_classical_group_shows_its_whole_handshake(lab: Lab, group: str) -> None:
    found = facts(lab.openssl("-tls1_3", "-groups", group))
    assert len(groups(found, TLS_1_3)) == 1
    (deployment,) = deployments(found)
    assert isinstance(deployment.staple, Known)
    assert deployment.leaf_signs == Known(True, deployment.basis)


def test_finite_field_groups_are_found_beside_curves(lab: Lab) -> None:
    found = facts(lab.openssl("-tls1_3", "-groups", "P-256:ffdhe4096:X25519:ffdhe2048"))
    assert groups(found, TLS_1_3) == ["secp256r1", "x25519", "ffdhe4096", "ffdhe2048"]


def test_ccm_suites_are_found(lab: Lab) -> None:
    listed = ("TLS_AES_128_CCM_8_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256")
    found = facts(lab.openssl("-tls1_3", "-serverpref", "-ciphersuites", ":".join(listed)))
    assert suites(found, TLS_1_3) == list(listed)


def without_share(hello: ClientHello) -> bool:
    shares = [each.data for each in hello.extensions or () if each.type == ExtensionType.KEY_SHARE]
    return shares == [b"\x00\x00"]


def test_a_server_that_needs_a_key_share_still_speaks_tls_1_3(lab_pki: LabPki) -> None:
    script = Script(versions=(TLS_1_2.code, TLS_1_3.code), chain=ders(lab_pki.rsa.leaf), intolerant=without_share)
    with ScriptedServer(script) as server:
        found = facts(server)
    assert versions(found) == {TLS_1_2, TLS_1_3}
    assert suites(found, TLS_1_3) == ["TLS_AES_128_GCM_SHA256"]
    assert not [at for at in found.cipher_suites.refused if at[0] is TLS_1_3]
    assert found.cipher_suites.rest.why is Why.UNSUPPORTED


def test_an_answer_of_an_older_version_to_a_hello_of_tls_1_3_is_no_tls_1_3(lab_pki: LabPki) -> None:
    class Ignorant(Script):
        """Takes any hello for one of TLS 1.2, with its own suite."""

        def answer(self, hello: ClientHello) -> bytes:
            fields = {"random": hello.random, "cipher_suites": (0xC02F,)}
            return Script.answer(self, ClientHello(**fields))  # type: ignore[arg-type]  # one dictionary for both

    with ScriptedServer(Ignorant(chain=ders(lab_pki.rsa.leaf))) as server:
        done = audit(server)
    assert TLS_1_3 in done.facts.protocols.refused
    assert done.facts.session.unoffered_choice.need() is not None
