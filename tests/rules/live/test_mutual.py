"""Proof over the network of what `tlsaudit mtls` alone can decide, and of rules on the clients' certificates."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.lab.clients import credential
from tests.lab.mesh import start_mesh
from tests.lab.process import Running
from tests.lab.servers import Lab
from tests.rules.live.audits import assert_proves, result
from tlsaudit.app import ScanOptions, load_anchors, scan
from tlsaudit.credentials import ClientCa, Credentials, Mint, TrialPlan
from tlsaudit.demo import mint
from tlsaudit.model import document as doc
from tlsaudit.model.target import parse_target
from tlsaudit.pki import TrustStore
from tlsaudit.policy import Policy, load_policy

PROVEN = frozenset(
    {
        "TLS-MTLS-012",
        "TLS-MTLS-015",
        "TLS-MTLS-017",
        "TLS-MTLS-018",
        "TLS-MTLS-019",
        "TLS-MTLS-020",
        "TLS-MTLS-025",
        "TLS-MTLS-026",
        "TLS-MTLS-027",
        "TLS-MTLS-028",
        "TLS-PROTO-015",
    }
)
"""What the tests below prove, each rule with a server that fails it and one that passes."""


_BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
_LAST_LIMIT = "  client_ca_expiry_days: 90\n"


def audited(
    server: Running,
    *,
    paths: tuple[str, ...] = (),
    credentials: Credentials | None = None,
    policy: Policy | None = None,
    public: mint.Authority | None = None,
) -> doc.Subject:
    """The report of `tlsaudit mtls`; `public` is a root that stands in for Mozilla's."""
    anchors = load_anchors()
    if public is not None:
        store = TrustStore.from_ders("mozilla", [public.certificate.public_bytes(Encoding.DER)])
        anchors = replace(anchors, trusting=replace(anchors.trusting, stores={"mozilla": store}))
    options = ScanOptions(
        policy=policy or load_policy("owasp"),
        anchors=anchors,
        mode="mtls",
        credentials=credentials or Credentials(),
        mutual_paths=paths,
    )
    (subject,) = asyncio.run(scan([parse_target(f"localhost@127.0.0.1:{server.port}")], options)).subjects
    assert subject.status == "audited"
    return subject


def fails(subject: doc.Subject, rule: str, severity: str, *observed: str) -> None:
    found = result(subject, rule)
    assert (found.outcome, found.severity) == ("fail", severity)
    assert all(words in found.observed for words in observed), found.observed
    assert_proves(subject, found)


def passes(subject: doc.Subject, rule: str) -> None:
    assert result(subject, rule).outcome == "pass"


def by_name(lab: Lab, tmp_path: Path) -> Running:
    """HAProxy that needs a client certificate for the name localhost, and for no other."""
    protected = lab.pki.write("protected", lab.pki.intermediate.issue("localhost", "open.test"))
    open_to_all = lab.pki.write("open", lab.pki.intermediate.issue("open.test"))
    names = tmp_path / "names.txt"
    names.write_text(
        f"{open_to_all.combined} open.test\n"
        f"{protected.combined} [verify required ca-file {lab.pki.client_ca_file}] localhost\n"
    )
    return lab.haproxy(f"ssl-min-ver TLSv1.2 crt-list {names}", certificate=open_to_all)


def test_where_the_name_decides_another_name_and_its_sessions_lead_in(lab: Lab, tmp_path: Path) -> None:
    subject = audited(by_name(lab, tmp_path))
    fails(
        subject,
        "TLS-MTLS-016",
        "critical",
        "required for / at TLSv1.3, but none without a server name",
        "required for / at TLSv1.2, but none with the server name open.test",
    )
    fails(subject, "TLS-MTLS-017", "high", "a session made without a server name is resumed at TLSv1.2 and served")


def many_names(lab: Lab, tmp_path: Path, number: int, open_to_all: str) -> Running:
    """HAProxy that needs a client certificate for every one of its names but one."""
    covered = ["localhost", *(f"n{each}.test" for each in range(1, number))]
    everything = lab.pki.write("many", lab.pki.intermediate.issue(*covered))
    protected = " ".join(name for name in covered if name != open_to_all)
    names = tmp_path / "names.txt"
    names.write_text(f"{everything.combined} [verify none] {open_to_all}\n{everything.combined} {protected}\n")
    required = f"verify required ca-file {lab.pki.client_ca_file}"
    other = lab.pki.write("other", lab.pki.intermediate.issue("other.test"))
    return lab.haproxy(f"ssl-min-ver TLSv1.2 {required} crt-list {names}", certificate=other)


def test_the_fifth_name_of_the_certificate_leads_in(lab: Lab, tmp_path: Path) -> None:
    subject = audited(many_names(lab, tmp_path, 6, "n5.test"))
    fails(subject, "TLS-MTLS-016", "critical", "required for / at TLSv1.3, but none with the server name n5.test")


def test_names_that_were_not_asked_for_are_no_pass(lab: Lab, tmp_path: Path) -> None:
    found = result(audited(many_names(lab, tmp_path, 12, "n11.test")), "TLS-MTLS-016")
    assert found.outcome == "not_tested"


@pytest.mark.parametrize("server", ["nginx", "haproxy"])
def test_where_everybody_is_asked_nothing_leads_in(lab: Lab, server: str) -> None:
    ca = lab.pki.client_ca_file
    running = (
        lab.nginx(f"ssl_protocols TLSv1.2 TLSv1.3; ssl_client_certificate {ca}; ssl_verify_client on;")
        if server == "nginx"
        else lab.haproxy(f"ssl-min-ver TLSv1.2 verify required ca-file {ca}")
    )
    subject = audited(running)
    passes(subject, "TLS-MTLS-016")
    passes(subject, "TLS-MTLS-017")


def asking(lab: Lab, *, ca: Path | None = None) -> Running:
    return lab.nginx(
        f"ssl_protocols TLSv1.2 TLSv1.3; ssl_client_certificate {ca or lab.pki.client_ca_file}; ssl_verify_client on;"
    )


def test_a_public_root_is_trusted_for_clients(lab: Lab) -> None:
    server = asking(lab)
    fails(audited(server, public=lab.pki.client_ca), "TLS-MTLS-012", "high", "1 public root: CN=Lab Clients")
    passes(audited(server, public=lab.pki.root), "TLS-MTLS-012")


def test_a_client_of_a_public_root(lab: Lab) -> None:
    server, good = asking(lab), Credentials(good=credential(lab.pki.client.leaf))
    found = result(audited(server, credentials=good, public=lab.pki.client_ca), "TLS-MTLS-019")
    assert (found.outcome, found.severity) == ("fail", "medium")
    assert found.observed.startswith("issued by CN=Lab Clients")
    assert [each.at for each in found.evidence] == ["--client-cert"]
    passes(audited(server, credentials=good, public=lab.pki.root), "TLS-MTLS-019")


@pytest.mark.parametrize(("days", "outcome"), [(89, "fail"), (91, "pass")])
def test_the_client_authority_ends(lab: Lab, days: int, outcome: str) -> None:
    authority = mint.Authority.root("Ending", days=days)
    plan = TrialPlan(mint=Mint(run="cafe0123", ca=ClientCa(certificate=authority.certificate)))
    found = result(audited(asking(lab), credentials=Credentials(trials=plan)), "TLS-MTLS-018")
    assert found.outcome == outcome
    if outcome == "fail":
        assert found.severity == "high"
        assert found.observed.startswith("CN=Ending")


def limited(folder: Path, **limits: int) -> Policy:
    """`owasp` with further limits, as somebody would write them."""
    text = (resources.files("tlsaudit.policy") / "profiles" / "owasp.yaml").read_text()
    assert _LAST_LIMIT in text
    file = folder / "limited.yaml"
    file.write_text(text.replace(_LAST_LIMIT, _LAST_LIMIT + "".join(f"  {key}: {n}\n" for key, n in limits.items())))
    return load_policy(str(file))


@pytest.mark.parametrize(("hours", "outcome"), [(24, "fail"), (24 * 365, "pass")])
def test_certificates_that_live_too_long(lab: Lab, tmp_path: Path, hours: int, outcome: str) -> None:
    policy = limited(tmp_path, client_lifetime_hours_max=hours, workload_lifetime_hours_max=hours)
    svid = lab.pki.intermediate.issue("spiffe://prod.example/pay", "localhost", purposes=_BOTH)
    server = lab.nginx("ssl_protocols TLSv1.3;", certificates=[lab.pki.write("svid", svid)])
    subject = audited(server, credentials=Credentials(good=credential(lab.pki.client.leaf)), policy=policy)
    for rule in ("TLS-MTLS-020", "TLS-MTLS-027"):
        found = result(subject, rule)
        assert found.outcome == outcome
        if outcome == "fail":
            assert (found.severity, found.expected) == ("medium", "no more than 24 h")


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        (("spiffe://prod.example/pay", "localhost"), "pass"),
        (("spiffe://prod.example/pay", "spiffe://prod.example/other"), "fail"),
    ],
)
def test_workload_identities(lab: Lab, names: tuple[str, ...], outcome: str) -> None:
    server_svid = lab.pki.intermediate.issue(*names, purposes=_BOTH)
    client_svid = lab.pki.client_ca.issue(*names, purposes=_BOTH)
    ca = f"ssl_client_certificate {lab.pki.client_ca_file}; ssl_verify_client on;"
    server = lab.nginx(f"ssl_protocols TLSv1.2 TLSv1.3; {ca}", certificates=[lab.pki.write("svid", server_svid)])
    subject = audited(server, credentials=Credentials(good=credential(client_svid)))
    for rule in ("TLS-MTLS-025", "TLS-MTLS-026"):
        found = result(subject, rule)
        assert found.outcome == outcome
        if outcome == "fail":
            assert found.severity == "high"
            assert "2 URIs instead of one" in found.observed


def test_a_mesh_that_lets_everybody_in(lab: Lab) -> None:
    subject = audited(start_mesh(lab, strict=False))
    fails(subject, "TLS-MTLS-028", "high", "permissive: plain text goes to the application")
    fails(subject, "TLS-PROTO-015", "critical", "answered, and so without a client certificate")
    assert subject.facts is not None
    assert (subject.facts.client_auth.mesh, subject.facts.client_auth.plaintext) == ("permissive", True)


def test_a_mesh_that_does_not(lab: Lab) -> None:
    subject = audited(start_mesh(lab, strict=True))
    passes(subject, "TLS-MTLS-028")
    passes(subject, "TLS-PROTO-015")


@pytest.mark.parametrize(("late", "outcome"), [(["h2", "http/1.1"], "fail"), (["http/1.1"], "pass")])
def test_a_certificate_is_asked_for_after_a_request_on_h2(lab: Lab, late: list[str], outcome: str) -> None:
    server = lab.tlslite({"minVersion": [3, 4], "maxVersion": [3, 4]}, certificate=lab.pki.ecdsa, late=late)
    subject = audited(server, paths=("/admin",))
    if outcome == "fail":
        fails(subject, "TLS-MTLS-015", "medium", "CertificateRequest at TLSv1.3 after a request on h2")
    else:
        passes(subject, "TLS-MTLS-015")
