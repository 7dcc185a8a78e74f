from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest

from tests.lab.pki import LabPki
from tests.lab.process import Running
from tests.lab.script import Script
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.lab.splitting import by_version
from tests.probe.auditing import TLS_1_0, TLS_1_2, TLS_1_3, audit, ders, facts, versions
from tlsaudit.client_auth_part import client_auth_part
from tlsaudit.model.facts import ClientAuthAt, ClientAuthMode, Layer, When
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.pki import format_name
from tlsaudit.probe.client_auth import at_version, overall
from tlsaudit.probe.full import Exchange
from tlsaudit.wire import Alert, CertificateRequest

NONE, OPTIONAL, REQUIRED = ClientAuthMode
SPOKEN = {"1.2": (TLS_1_2,), "1.3": (TLS_1_3,), "both": (TLS_1_2, TLS_1_3)}


def nginx(lab: Lab, spoken: tuple[ProtocolVersion, ...], verify: str) -> Running:
    names = " ".join(version.value for version in spoken)
    return lab.nginx(
        f"ssl_protocols {names}; ssl_verify_client {verify}; ssl_client_certificate {lab.pki.client_ca_file};"
    )


def haproxy(lab: Lab, spoken: tuple[ProtocolVersion, ...], verify: str) -> Running:
    limits = f"ssl-min-ver {spoken[0].value} ssl-max-ver {spoken[-1].value}"
    return lab.haproxy(f"{limits} verify {verify} ca-file {lab.pki.client_ca_file}")


def apache(lab: Lab, spoken: tuple[ProtocolVersion, ...], verify: str) -> Running:
    names = " ".join(f"+{version.value}" for version in spoken)
    return lab.apache(
        f"SSLProtocol -all {names}\nSSLVerifyClient {verify}\nSSLCACertificateFile {lab.pki.client_ca_file}"
    )


def openssl(lab: Lab, spoken: tuple[ProtocolVersion, ...], verify: str) -> Running:
    limits = ("-min_protocol", spoken[0].value, "-max_protocol", spoken[-1].value)
    return lab.openssl(*limits, verify, "2", "-CAfile", lab.pki.client_ca_file)


def gnutls(lab: Lab, spoken: tuple[ProtocolVersion, ...], verify: str) -> Running:
    names = "".join(f":+VERS-{version.value.replace('v', '')}" for version in spoken)
    options = ("--require-client-cert",) if verify == "require" else ()
    return lab.gnutls(f"NORMAL:-VERS-ALL{names}", f"--x509cafile={lab.pki.client_ca_file}", *options)


def python(lab: Lab, spoken: tuple[ProtocolVersion, ...], verify: str) -> Running:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.pki.ecdsa.chain, lab.pki.ecdsa.key)
    context.load_verify_locations(lab.pki.client_ca_file)
    context.minimum_version = ssl.TLSVersion(spoken[0].code)
    context.maximum_version = ssl.TLSVersion(spoken[-1].code)
    context.verify_mode = ssl.VerifyMode[verify]
    return lab.python(context)


Start = Callable[[Lab, tuple[ProtocolVersion, ...], str], Running]
MATRIX: list[tuple[Start, str, ClientAuthMode, Layer | None]] = [
    (nginx, "off", NONE, None),
    (nginx, "optional", OPTIONAL, None),
    (nginx, "optional_no_ca", OPTIONAL, None),
    (nginx, "on", REQUIRED, Layer.APPLICATION),
    (haproxy, "none", NONE, None),
    (haproxy, "optional", OPTIONAL, None),
    (haproxy, "required", REQUIRED, Layer.TLS),
    (apache, "none", NONE, None),
    (apache, "optional", OPTIONAL, None),
    (apache, "require", REQUIRED, Layer.TLS),
    (openssl, "-verify", OPTIONAL, None),
    (openssl, "-Verify", REQUIRED, Layer.TLS),
    (gnutls, "request", OPTIONAL, None),
    (gnutls, "require", REQUIRED, Layer.TLS),
    (python, "CERT_NONE", NONE, None),
    (python, "CERT_OPTIONAL", OPTIONAL, None),
    (python, "CERT_REQUIRED", REQUIRED, Layer.TLS),
]


@pytest.mark.parametrize("spoken", SPOKEN)
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row[0].__name__}-{row[1]}")
def test_each_server_is_seen_for_what_it_asks(
    lab: Lab, row: tuple[Start, str, ClientAuthMode, Layer | None], spoken: str
) -> None:
    start, verify, mode, layer = row
    found = facts(start(lab, SPOKEN[spoken], verify))
    assert versions(found) == set(SPOKEN[spoken])
    auth = found.client_auth
    assert auth.mode.need() is mode
    assert auth.enforced_by is layer
    assert auth.per_protocol.keys() == set(SPOKEN[spoken])
    for at in auth.per_protocol.values():
        assert (at.mode.need(), at.enforced_by, at.requested.need()) == (mode, layer, mode is not NONE)
        assert at.evidence
    assert auth.when is (None if mode is NONE else When.HANDSHAKE)


@pytest.mark.parametrize("spoken", ["-tls1_2", "-tls1_3"])
def test_a_server_of_http_2_alone_is_told_by_tls_or_not_at_all(lab: Lab, spoken: str) -> None:
    options = (spoken, "-alpn", "h2", "-CAfile", lab.pki.client_ca_file)
    found = facts(lab.openssl(*options, "-Verify", "2"))
    assert found.client_auth.mode.need() is REQUIRED
    assert found.client_auth.enforced_by is Layer.TLS
    found = facts(lab.openssl(*options, "-verify", "2"))
    for fact in (found.client_auth.mode, found.http):
        assert isinstance(fact, Unknown)
        assert fact.why is Why.UNSUPPORTED


@pytest.mark.parametrize("spoken", SPOKEN)
def test_the_names_of_accepted_authorities_are_read(lab: Lab, spoken: str) -> None:
    auth = facts(nginx(lab, SPOKEN[spoken], "optional")).client_auth
    assert auth.ca_names == (format_name(lab.pki.client_ca.certificate.subject.public_bytes()),)
    assert 0x0403 in auth.signature_schemes


def test_what_each_version_lists_is_read(lab: Lab, lab_pki: LabPki) -> None:
    """TLS 1.2 may name another CA and weaker schemes than TLS 1.3."""
    newer = haproxy(lab, (TLS_1_3,), "required")
    older = lab.nginx(
        f"ssl_protocols TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0; ssl_verify_client on; "
        f"ssl_client_certificate {lab_pki.root_file}; "
        "ssl_conf_command ClientSignatureAlgorithms ECDSA+SHA1:ECDSA+SHA256;"
    )
    with ScriptedServer(by_version(newer.port, older.port)) as server:
        auth = facts(server).client_auth
    at_12, at_13 = auth.per_protocol[TLS_1_2], auth.per_protocol[TLS_1_3]
    assert (0x0203 in at_12.signature_schemes, 0x0203 in at_13.signature_schemes) == (True, False)
    assert (1 in at_12.certificate_types or 64 in at_12.certificate_types, at_13.certificate_types) == (True, ())
    assert at_12.ca_names != at_13.ca_names
    assert auth.ca_names == (*at_13.ca_names, *at_12.ca_names)
    assert 0x0203 in auth.signature_schemes
    assert auth.certificate_types == at_12.certificate_types
    part = client_auth_part(auth)
    assert part.per_protocol["TLSv1.2"].ca_names == list(at_12.ca_names)
    assert part.per_protocol["TLSv1.3"].certificate_types == []
    same = client_auth_part(facts(haproxy(lab, (TLS_1_2,), "required")).client_auth).model_dump(mode="json")
    assert same["certificate_types"]
    assert "certificate_types" not in same["per_protocol"]["TLSv1.2"]


def test_a_version_that_lets_anybody_in_decides_the_whole() -> None:
    at = {TLS_1_2: entry(REQUIRED, Layer.TLS), TLS_1_3: entry(NONE)}
    assert overall(at, {}).mode == Known(NONE, Basis(Origin.DERIVED, "probe:1"))
    assert overall(at, {}).enforced_by is None


def entry(mode: ClientAuthMode | None, layer: Layer | None = None) -> ClientAuthAt:
    basis = Basis(Origin.OBSERVED, "probe:1")
    fact: Fact[ClientAuthMode] = Unknown(Why.NO_ANSWER) if mode is None else Known(mode, basis)
    return ClientAuthAt(requested=Known(mode is not NONE, basis), mode=fact, enforced_by=layer)


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ([REQUIRED, REQUIRED], REQUIRED),
        ([REQUIRED, OPTIONAL], OPTIONAL),
        ([OPTIONAL, NONE], NONE),
        ([NONE, None], NONE),
        ([OPTIONAL, None], None),
        ([REQUIRED, None], None),
        ([None], None),
        ([], None),
    ],
)
def test_an_unknown_mode_counts_unless_nothing_can_be_weaker(
    modes: list[ClientAuthMode | None], expected: ClientAuthMode | None
) -> None:
    at = {version: entry(mode) for version, mode in zip((TLS_1_0, TLS_1_2), modes, strict=False)}
    mode = overall(at, {}).mode
    assert (mode.value if isinstance(mode, Known) else None) is expected


def test_one_application_that_refuses_makes_the_application_the_layer() -> None:
    at = {TLS_1_2: entry(REQUIRED, Layer.APPLICATION), TLS_1_3: entry(REQUIRED, Layer.TLS)}
    assert overall(at, {}).enforced_by is Layer.APPLICATION


def test_names_that_cannot_be_read_are_kept_as_such() -> None:
    request = CertificateRequest(ca_names=(b"\x30\x05junk",))
    (name,) = overall({}, {TLS_1_2: request}).ca_names
    assert name.startswith("unreadable name")


def test_a_request_that_nothing_follows_leaves_the_mode_open(lab_pki: LabPki) -> None:
    script = Script(
        certificate_request=CertificateRequest(certificate_types=(1, 64), signature_schemes=(0x0403,)),
        chain=ders(lab_pki.rsa.leaf),
    )
    with ScriptedServer(script) as server:
        auth = audit(server).facts.client_auth
    assert auth.per_protocol[TLS_1_2].requested.need()
    assert isinstance(auth.mode, Unknown)
    assert auth.certificate_types == (1, 64)


def test_a_request_at_ssl_3_leaves_the_mode_open(lab_pki: LabPki) -> None:
    """No OpenSSL speaks it any more, so nobody can go on without a certificate there."""
    script = Script(
        versions=(0x0300,),
        suites={0x000A: "RSA"},
        certificate_request=CertificateRequest(certificate_types=(1,)),
        chain=ders(lab_pki.rsa.leaf),
    )
    with ScriptedServer(script) as server:
        auth = facts(server).client_auth
    assert isinstance(auth.mode, Unknown)
    assert auth.mode.why is Why.UNSUPPORTED


@pytest.mark.parametrize(
    ("alert", "expected"), [(40, REQUIRED), (42, REQUIRED), (116, REQUIRED), (80, None), (10, None)]
)
def test_only_an_alert_that_can_mean_the_certificate_is_a_refusal_of_it(
    alert: int, expected: ClientAuthMode | None
) -> None:
    exchange = Exchange(n=7, certificate_requested=True, alert=Alert(2, alert))
    mode = at_version(Known(True, Basis(Origin.OBSERVED, "probe:1")), None, exchange).mode
    assert (mode.value if isinstance(mode, Known) else None) is expected


def speaking(lab: Lab, answer: bytes) -> Running:
    """It asks for a certificate and says the same to everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.pki.ecdsa.chain, lab.pki.ecdsa.key)
    context.load_verify_locations(lab.pki.client_ca_file)
    context.verify_mode = ssl.CERT_OPTIONAL
    return lab.python(context, lambda _connection: answer)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nX Bad : y\r\n\r\nno\n", None),
        (b"HTTP/1.1 400 Bad\r\nno colon\r\n\r\nNo required SSL certificate was sent", REQUIRED),
        (b"HTTP/1.1 200 OK\r\nX Bad : y\r\n\r\nyes\n", OPTIONAL),
        (b"HTTP/1.1 200 OK\r\nServer: x\r\n", None),
        (b"HTTP/1.1 403 Forb", None),
        (b"-ERR client certificate required\r\n", None),
    ],
)
def test_an_answer_is_read_by_its_status_line_alone(lab: Lab, answer: bytes, expected: ClientAuthMode | None) -> None:
    mode = facts(speaking(lab, answer)).client_auth.mode
    assert (mode.value if isinstance(mode, Known) else None) is expected


def protected(lab: Lab, spoken: str) -> Running:
    """Apache that asks for a certificate only once it has seen the path."""
    return lab.apache(
        f"SSLProtocol -all {spoken}\nSSLCACertificateFile {lab.pki.client_ca_file}\n"
        "<Location />\nSSLVerifyClient require\n</Location>",
        content="",
    )


def test_a_certificate_asked_for_by_renegotiation_is_required_late(lab: Lab) -> None:
    auth = facts(protected(lab, "+TLSv1.2")).client_auth
    assert auth.mode.need() is REQUIRED
    assert (auth.when, auth.enforced_by) == (When.LATE, Layer.TLS)
    assert "alert 40" in auth.per_protocol[TLS_1_2].evidence


@pytest.mark.parametrize("spoken", ["+TLSv1.2 +TLSv1.3", "+TLSv1.3"])
def test_a_late_request_at_tls_1_3_is_made_to_a_client_that_offers_to_answer(lab: Lab, spoken: str) -> None:
    """To one that does not, Apache says HTTP 403."""
    auth = facts(protected(lab, spoken)).client_auth
    assert auth.mode.need() is REQUIRED
    assert (auth.when, auth.enforced_by) == (When.LATE, Layer.TLS)
    assert all(at.mode.need() is REQUIRED for at in auth.per_protocol.values())
    assert auth.per_protocol[TLS_1_3].evidence == "alert 116 certificate_required"


@pytest.mark.parametrize("status", [401, 403])
def test_a_status_that_proves_nothing_leaves_the_mode_open(lab: Lab, status: int) -> None:
    server = lab.nginx(f"ssl_verify_client optional; ssl_client_certificate {lab.pki.client_ca_file}; return {status};")
    auth = facts(server).client_auth
    assert isinstance(auth.mode, Unknown)
    assert f"HTTP {status}" in auth.mode.detail
