"""Who gets in, with which client certificate, at servers as they are packaged: every cell at TLS 1.2 and TLS 1.3."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.lab.clients import LabClients
from tests.lab.pki import LabPki
from tests.lab.process import Running
from tests.lab.servers import Lab
from tests.probe.trying import Outcomes, mutual, outcomes
from tlsaudit.credentials import Credentials, Mint, TrialPlan
from tlsaudit.model.facts import TrialKind
from tlsaudit.model.knowledge import Unknown
from tlsaudit.model.protocol import ProtocolVersion

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
(
    NONE, SELF_SIGNED, UNKNOWN_CA, IMPOSTOR_CA, EXPIRED, NOT_YET_VALID, SERVER_AUTH_ONLY, WRONG_IDENTITY, WEAK_KEY,
    REVOKED, GOOD,
) = TrialKind  # fmt: skip

EVERYBODY: Outcomes = dict.fromkeys(TrialKind, "in")
_SIGNED = {WRONG_IDENTITY: "in", GOOD: "in"}
NGINX_ON: Outcomes = {**dict.fromkeys(TrialKind, "app"), **_SIGNED}
NGINX_OPTIONAL: Outcomes = {**NGINX_ON, NONE: "in"}
NGINX_ANY_CA: Outcomes = {**NGINX_OPTIONAL, SELF_SIGNED: "in", UNKNOWN_CA: "in", REVOKED: "in"}
NGINX_ANY_CA_CRL: Outcomes = {**NGINX_OPTIONAL, UNKNOWN_CA: "in"}
OPENSSL_OPTIONAL: Outcomes = {
    NONE: "in", SELF_SIGNED: "48", UNKNOWN_CA: "48", IMPOSTOR_CA: "51", EXPIRED: "45", NOT_YET_VALID: "42",
    SERVER_AUTH_ONLY: "43", WEAK_KEY: "42", REVOKED: "44", **_SIGNED,
}  # fmt: skip
APACHE_ANY_CA: Outcomes = {**OPENSSL_OPTIONAL, SELF_SIGNED: "in", UNKNOWN_CA: "in", REVOKED: "in"}


def requiring(plain: Outcomes, version: ProtocolVersion) -> Outcomes:
    """The same, but a client without a certificate is refused as OpenSSL does it."""
    return {**plain, NONE: "40" if version is TLS_1_2 else "116"}


Start = Callable[[Lab], Running]


def nginx(verify: str, *, crl: bool = True) -> Start:
    def start(lab: Lab) -> Running:
        revoked = f"ssl_crl {lab.pki.client_crl_file};" if crl else ""
        return lab.nginx(
            f"ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client {verify}; "
            f"ssl_client_certificate {lab.pki.client_ca_file}; {revoked}"
        )

    return start


def haproxy(bind: str) -> Start:
    def start(lab: Lab) -> Running:
        ca = f"ca-file {lab.pki.client_ca_file} crl-file {lab.pki.client_crl_file}"
        return lab.haproxy(f"ssl-min-ver TLSv1.2 verify {bind} {ca}")

    return start


def apache(verify: str, *, crl: bool = True) -> Start:
    def start(lab: Lab) -> Running:
        revoked = f"SSLCARevocationFile {lab.pki.client_crl_file}\nSSLCARevocationCheck chain" if crl else ""
        return lab.apache(
            f"SSLProtocol -all +TLSv1.2 +TLSv1.3\nSSLVerifyClient {verify}\n"
            f"SSLCACertificateFile {lab.pki.client_ca_file}\n{revoked}"
        )

    return start


def python(verify: ssl.VerifyMode) -> Start:
    def start(lab: Lab) -> Running:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(lab.pki.ecdsa.chain, lab.pki.ecdsa.key)
        context.load_verify_locations(lab.pki.client_ca_file)
        context.load_verify_locations(lab.pki.client_crl_file)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = verify
        return lab.python(context)

    return start


def openssl(verify: str) -> Start:
    def start(lab: Lab) -> Running:
        crl = ("-CRL", lab.pki.client_crl_file, "-crl_check")
        return lab.openssl(verify, "2", "-verify_return_error", "-CAfile", lab.pki.client_ca_file, *crl)

    return start


_IGNORING = "crt-ignore-err all ca-ignore-err all"
MATRIX: dict[str, tuple[Start, Outcomes, bool]] = {
    "nginx on": (nginx("on"), NGINX_ON, False),
    "nginx optional": (nginx("optional"), NGINX_OPTIONAL, False),
    "nginx optional_no_ca": (nginx("optional_no_ca", crl=False), NGINX_ANY_CA, False),
    "nginx optional_no_ca, CRL": (nginx("optional_no_ca"), NGINX_ANY_CA_CRL, False),
    "HAProxy required": (haproxy("required"), OPENSSL_OPTIONAL, True),
    "HAProxy optional": (haproxy("optional"), OPENSSL_OPTIONAL, False),
    "HAProxy optional, errors ignored": (haproxy(f"optional {_IGNORING}"), EVERYBODY, False),
    "HAProxy required, errors ignored": (haproxy(f"required {_IGNORING}"), EVERYBODY, True),
    "Apache require": (apache("require"), OPENSSL_OPTIONAL, True),
    "Apache optional": (apache("optional"), OPENSSL_OPTIONAL, False),
    "Apache optional_no_ca": (apache("optional_no_ca", crl=False), APACHE_ANY_CA, False),
    "Python CERT_REQUIRED": (python(ssl.CERT_REQUIRED), OPENSSL_OPTIONAL, True),
    "Python CERT_OPTIONAL": (python(ssl.CERT_OPTIONAL), OPENSSL_OPTIONAL, False),
    "OpenSSL -Verify": (openssl("-Verify"), OPENSSL_OPTIONAL, True),
    "OpenSSL -verify": (openssl("-verify"), OPENSSL_OPTIONAL, False),
}


@pytest.fixture(scope="module")
def clients(lab_pki: LabPki) -> LabClients:
    return LabClients.of(lab_pki)


@pytest.mark.parametrize("row", MATRIX)
def test_every_cell_of_the_matrix(lab: Lab, clients: LabClients, row: str) -> None:
    start, expected, required = MATRIX[row]
    found = mutual(start(lab), clients.trials())
    for version in (TLS_1_2, TLS_1_3):
        wanted = expected
        if required:
            wanted = requiring(expected, version)
        assert outcomes(found.client_auth, version) == wanted
    lets_in = expected[SELF_SIGNED] == "in" or expected[UNKNOWN_CA] == "in"
    assert found.client_auth.verifies.need() is not lets_in


@pytest.mark.parametrize("start", [nginx("off"), haproxy("none"), apache("none"), python(ssl.CERT_NONE)])
def test_who_is_not_asked_shows_nothing(lab: Lab, clients: LabClients, start: Start) -> None:
    """No credential is presented to a server that asks for none."""
    found = mutual(start(lab), clients.trials())
    assert found.client_auth.mode.need() == "none"
    assert not found.client_auth.trials
    assert not any("serial" in probe.asked for probe in found.probes)


def admin(lab: Lab, spoken: str) -> Running:
    """Apache that asks for a certificate only once it has seen the path; there is no page behind it."""
    return lab.apache(
        f"SSLProtocol -all {spoken}\nSSLCACertificateFile {lab.pki.client_ca_file}\n"
        f"SSLCARevocationFile {lab.pki.client_crl_file}\nSSLCARevocationCheck chain\n"
        "<Location /admin>\nSSLVerifyClient require\n</Location>",
        content="",
    )


@pytest.mark.parametrize("spoken", ["+TLSv1.2 +TLSv1.3", "+TLSv1.3", "+TLSv1.2"])
def test_a_path_that_is_protected_alone(lab: Lab, clients: LabClients, spoken: str) -> None:
    """By renegotiation at TLS 1.2, by post-handshake authentication at TLS 1.3."""
    auth = mutual(admin(lab, spoken), clients.trials(), paths=("/admin",)).client_auth
    assert auth.mode.need() == "none"
    for version in (each for each in (TLS_1_2, TLS_1_3) if f"+{each}" in spoken):
        entry = auth.elsewhere["/admin"][version]
        assert (entry.mode.need(), entry.when, entry.enforced_by) == ("required", "late", "tls")
        assert outcomes(auth, version) == requiring(OPENSSL_OPTIONAL, version)


def test_every_path_that_asks_is_tried(lab: Lab, clients: LabClients) -> None:
    server = lab.apache(
        f"SSLProtocol -all +TLSv1.2\nSSLCACertificateFile {lab.pki.client_ca_file}\n"
        "<Location /strict>\nSSLVerifyClient require\n</Location>\n"
        "<Location /lax>\nSSLVerifyClient optional_no_ca\n</Location>",
        content="",
    )
    auth = mutual(server, clients.trials(), paths=("/open", "/strict", "/lax")).client_auth
    assert {trial.path for trial in auth.trials.values()} == {"/strict"}
    assert list(auth.trials_elsewhere) == ["/lax"]
    lax = replace(auth, trials=auth.trials_elsewhere["/lax"])
    unknown = {"strict": outcomes(auth, TLS_1_2)[UNKNOWN_CA], "lax": outcomes(lax, TLS_1_2)[UNKNOWN_CA]}
    assert unknown == {"strict": "48", "lax": "in"}
    assert auth.verifies.need() is False


def test_a_good_client_gets_past_mutual_tls_and_the_mode_stays(lab: Lab, clients: LabClients) -> None:
    server = lab.nginx(
        f"ssl_verify_client on; ssl_client_certificate {lab.pki.client_ca_file}; ssl_protocols TLSv1.2 TLSv1.3; "
        'add_header Strict-Transport-Security "max-age=63072000";'
    )
    stranger = mutual(server, paths=None)
    known = mutual(server, Credentials(good=clients.good), paths=None)
    answer = known.http.need()
    assert answer is not None
    assert answer.status == 200
    assert answer.hsts is not None
    for found in (stranger, known):
        assert (found.client_auth.mode.need(), found.client_auth.enforced_by) == ("required", "application")
    assert set(known.client_auth.trials) == {GOOD}
    assert known.alpn.accepted.keys() == {"http/1.1"}


def test_a_client_that_is_not_good_after_all_hides_nothing(lab: Lab, clients: LabClients) -> None:
    """Strangers are served, and this certificate is refused: HTTP is what strangers get."""
    server = lab.nginx(f"ssl_verify_client optional; ssl_client_certificate {lab.pki.root_file};")
    answer = mutual(server, Credentials(good=clients.good), paths=None).http.need()
    assert answer is not None
    assert answer.status == 200
    server = lab.nginx(f"ssl_verify_client on; ssl_client_certificate {lab.pki.root_file};")
    refused = mutual(server, Credentials(good=clients.good), paths=None).http
    assert isinstance(refused, Unknown)
    assert refused.detail == "the client certificate that was presented is refused"


def test_each_credential_is_presented_once_a_version_and_logged_with_its_serial(lab: Lab, clients: LabClients) -> None:
    found = mutual(haproxy("required")(lab), clients.trials())
    for kind, trial in found.client_auth.trials.items():
        if kind is not NONE:
            assert trial.serial is not None
            asked = [probe.asked for probe in found.probes if f"serial {trial.serial}" in probe.asked]
            assert len(asked) == 2
            assert all(kind.replace("_", " ") in each for each in asked)
    assert found.client_auth.trials[REVOKED].serial == clients.revoked.serial


def test_without_the_ca_what_cannot_be_made_is_not_tested(lab: Lab) -> None:
    found = mutual(haproxy("required")(lab), Credentials(trials=TrialPlan(mint=Mint(run="x"))))
    seen = outcomes(found.client_auth, TLS_1_3)
    assert {kind for kind, outcome in seen.items() if not outcome.startswith("? not_asked")} == {
        NONE, SELF_SIGNED, UNKNOWN_CA, IMPOSTOR_CA,
    }  # fmt: skip
    assert "--client-ca-key" in seen[EXPIRED]
    assert "--trial revoked=FILE" in seen[REVOKED]


def test_403_is_a_refusal_beside_a_credential_that_gets_in(lab: Lab, clients: LabClients) -> None:
    """An application that looks at the name: nginx verifies, and lets one subject in."""
    server = lab.nginx(
        f"ssl_verify_client optional; ssl_client_certificate {lab.pki.client_ca_file}; "
        'if ($ssl_client_s_dn !~ "client.lab.test") { return 403; }'
    )
    found = mutual(server, clients.trials()).client_auth
    seen = outcomes(found, TLS_1_2)
    assert (seen[NONE], seen[WRONG_IDENTITY], seen[GOOD]) == ("app", "app", "in")
    alone = mutual(server, clients.trials(good=False)).client_auth
    assert outcomes(alone, TLS_1_2)[NONE].startswith("? no_answer HTTP 403")


def test_an_rsa_only_server_is_shown_rsa_keys(lab: Lab, clients: LabClients) -> None:
    server = lab.openssl(
        "-Verify", "2", "-verify_return_error", "-CAfile", lab.pki.client_ca_file, "-client_sigalgs",
        "rsa_pss_rsae_sha256:rsa_pkcs1_sha256",
    )  # fmt: skip
    found = mutual(server, clients.trials(good=False)).client_auth
    for version in (TLS_1_2, TLS_1_3):
        seen = outcomes(found, version)
        assert (seen[GOOD], seen[SELF_SIGNED], seen[EXPIRED]) == ("in", "48", "45")
        assert seen[REVOKED].startswith("? unsupported it was not presented")
