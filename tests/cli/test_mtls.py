"""`tlsaudit mtls` as its users run it: the matrix, the exit codes, wrong credentials, and keys that stay secret."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from tests.cli.program import COMMAND, ROOT, tlsaudit
from tests.cli.test_bad_input import refused
from tests.lab.clients import ca_key_file
from tests.lab.pki import CertificateFiles, LabPki, write_private
from tests.lab.process import Running
from tests.lab.servers import Lab
from tlsaudit.cli import credentials
from tlsaudit.demo import mint
from tlsaudit.model.facts import TrialKind

_SECRET = "correct horse battery"


def target(server: Running) -> str:
    return f"localhost@127.0.0.1:{server.port}"


def lax(lab: Lab) -> Running:
    bind = "ssl-min-ver TLSv1.2 verify required crt-ignore-err all ca-ignore-err all"
    return lab.haproxy(f"{bind} ca-file {lab.pki.client_ca_file}")


def strict(lab: Lab) -> Running:
    return lab.haproxy(f"ssl-min-ver TLSv1.2 verify required ca-file {lab.pki.client_ca_file}")


def encrypted_key(pki: LabPki, directory: Path) -> Path:
    protection = BestAvailableEncryption(_SECRET.encode())
    pem = pki.client.leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    return write_private(directory / "encrypted.key", pem)


def test_the_matrix_is_read_at_a_glance(lab: Lab) -> None:
    options = ("--trials", "--client-ca", lab.pki.client_ca_file)
    done = tlsaudit("mtls", target(lax(lab)), *options, environment={"COLUMNS": "140"})
    assert done.code == 1
    flat = " ".join(done.out.split())
    assert "who gets in at / TLSv1.2 TLSv1.3" in flat
    assert "no certificate refused by TLS" in flat
    assert re.search(r"self-signed +got in \[TLS-MTLS-003\] ", done.out)
    assert re.search(r"of an impostor CA +got in \[TLS-MTLS-004\] ", done.out)
    assert (
        "not tested: expired, not yet valid, for servers only, weak key, good certificate (it takes --client-ca" in flat
    )
    assert "mtls mode" in flat
    assert done.err == ""


def test_the_document_has_every_attempt(lab: Lab, tmp_path: Path) -> None:
    key = ca_key_file(lab.pki, tmp_path)
    done = tlsaudit(
        "mtls", target(strict(lab)), "--format", "json", "--trials", "--client-ca", lab.pki.client_ca_file,
        "--client-ca-key", key, "--client-cert", lab.pki.client.chain, "--client-key", lab.pki.client.key,
        "--trial", f"revoked={lab.pki.revoked_client.combined}",
    )  # fmt: skip
    subject = done.document["subjects"][0]
    auth = subject["facts"]["client_auth"]
    assert (done.document["mode"], subject["score"], auth["mode"], auth["verifies"]) == ("mtls", None, "required", True)
    trials = {each["credential"]: each for each in auth["trials"]}
    assert len(trials) == 11
    expired = trials["expired"]["per_protocol"]["TLSv1.3"]
    assert (expired["outcome"], expired["by"], expired["evidence"]) == (
        "refused",
        "tls",
        "alert 45 certificate_expired",
    )
    probe = next(each for each in subject["probes"] if each["n"] == expired["probe"])
    assert trials["expired"]["serial"] in probe["asked"]
    assert trials["good"]["per_protocol"]["TLSv1.2"]["outcome"] == "accepted"
    failed = {each["rule"] for each in subject["results"] if each["outcome"] == "fail"}
    assert {"TLS-MTLS-007", "TLS-MTLS-008"} <= failed  # HAProxy has no list here, and lets everybody of the CA in
    assert all(each["rule"].startswith(("TLS-MTLS", "TLS-PROTO-015")) for each in subject["results"])


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_an_interrupted_run_tells_what_it_has_presented(lab: Lab, kind: str) -> None:
    """Whoever finds a serial in the log of the server finds it in the report."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.pki.ecdsa.chain, lab.pki.ecdsa.key)
    context.load_verify_locations(lab.pki.client_ca_file)
    context.verify_mode = ssl.CERT_OPTIONAL
    seen: set[str] = set()

    def respond(connection: ssl.SSLSocket) -> bytes:
        certificate = connection.getpeercert() or {}
        if certificate:
            seen.add(str(certificate["serialNumber"]).lower().lstrip("0"))
            connection.recv(1)  # until the client is gone
        return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    server = lab.python(context, respond)
    options = ("--client-cert", str(lab.pki.client.combined), "--timeout", "60", "--format", kind)
    process = subprocess.Popen(
        [*COMMAND, "mtls", target(server), *options],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not seen:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    document = json.loads(out)
    (subject,) = document["subjects"] if kind == "json" else [document]
    assert (subject["status"], subject["error"]["code"]) == ("incomplete", "interrupted")
    (good,) = subject["facts"]["client_auth"]["trials"]
    assert seen == {good["serial"]}
    assert any(f"serial {good['serial']}" in probe["asked"] for probe in subject["probes"])
    assert kind == "jsonl" or document["summary"]["exit_code"] == 130


def test_a_good_certificate_that_was_made_here_was_not_declared(lab: Lab, tmp_path: Path) -> None:
    """Of the right CA, with a name that nobody has authorised: that it is refused is no fault."""
    server = lab.nginx(
        f"ssl_protocols TLSv1.3; ssl_verify_client on; ssl_client_certificate {lab.pki.client_ca_file}; "
        'if ($ssl_client_s_dn !~ "client.lab.test") { return 495; }'
    )
    key = ca_key_file(lab.pki, tmp_path)
    options = ("--trials", "--client-ca", lab.pki.client_ca_file, "--client-ca-key", key)
    done = tlsaudit("mtls", target(server), *options, "--format", "json")
    (result,) = [each for each in done.document["subjects"][0]["results"] if each["rule"] == "TLS-MTLS-024"]
    assert (done.code, result["outcome"]) == (3, "not_tested")
    # What it gets is also what those get whose certificates are wrong: that shows nothing of them.
    assert done.document["subjects"][0]["facts"]["client_auth"]["verifies"] is None


def test_without_trials_nothing_is_presented(lab: Lab) -> None:
    server = strict(lab)
    document = tlsaudit("mtls", target(server), "--format", "json", "--path", "/admin").document
    auth = document["subjects"][0]["facts"]["client_auth"]
    assert auth["trials"] == []
    assert set(auth["elsewhere"]) == {"without a server name", "/admin"}
    assert {at["mode"] for each in auth["elsewhere"].values() for at in each.values()} == {"required"}
    assert all("serial" not in probe["asked"] for probe in document["subjects"][0]["probes"])
    good = tlsaudit("mtls", target(server), "--format", "json", "--client-cert", lab.pki.client.combined).document
    assert [each["credential"] for each in good["subjects"][0]["facts"]["client_auth"]["trials"]] == ["good"]


def test_what_was_expected_is_judged(lab: Lab) -> None:
    server = lab.nginx(f"ssl_verify_client optional; ssl_client_certificate {lab.pki.client_ca_file};")
    assert tlsaudit("mtls", target(server)).code == 0
    assert tlsaudit("mtls", target(server), "--expect-client-auth", "required").code == 1
    assert tlsaudit("mtls", "127.0.0.1:1").code == 3


def test_a_passphrase_comes_from_the_environment_and_goes_nowhere(lab: Lab, tmp_path: Path) -> None:
    key = encrypted_key(lab.pki, tmp_path)
    options = ("--client-cert", lab.pki.client.chain, "--client-key", key, "--format", "json", "--debug")
    environment = {"TLSAUDIT_CLIENT_KEY_PASSWORD": _SECRET}
    done = tlsaudit("mtls", target(strict(lab)), *options, environment=environment)
    (good,) = done.document["subjects"][0]["facts"]["client_auth"]["trials"]
    assert good["per_protocol"]["TLSv1.3"]["outcome"] == "accepted"
    plain = lab.pki.client.key.read_text().splitlines()[1]
    for text in (done.out, done.err):
        assert _SECRET not in text
        assert plain not in text
        assert "PRIVATE" not in text


def test_a_good_client_in_a_scan_gets_to_http(lab: Lab) -> None:
    server = lab.nginx(
        f"ssl_verify_client on; ssl_client_certificate {lab.pki.client_ca_file}; "
        'add_header Strict-Transport-Security "max-age=63072000";'
    )
    options = ("--mode", "inventory", "--format", "json", "--client-cert", lab.pki.client.combined)
    facts = tlsaudit("scan", target(server), *options).document["subjects"][0]["facts"]
    assert (facts["http"]["status"], facts["http"]["hsts"]["max_age"]) == (200, 63072000)
    assert (facts["client_auth"]["mode"], facts["client_auth"]["enforced_by"]) == ("required", "application")


def test_what_was_not_presented_was_not_refused(lab: Lab, tmp_path: Path) -> None:
    """Without a good certificate HTTP is not tested, with trials and without."""
    server = lab.nginx(f"ssl_verify_client on; ssl_client_certificate {lab.pki.root_file};")
    ca = ("--client-ca", lab.pki.client_ca_file, "--client-ca-key", ca_key_file(lab.pki, tmp_path))
    for options in ((), ("--trials",), ("--trials", *ca)):
        done = tlsaudit("scan", target(server), "--mode", "inventory", "--format", "json", *options)
        results = [each for each in done.document["subjects"][0]["results"] if each["rule"] == "TLS-HTTP-001"]
        assert [each["outcome"] for each in results] == ["not_tested"]


@pytest.mark.parametrize("command", ["mtls", "scan"])
def test_wrong_credentials_are_one_line_before_anything_is_dialled(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lab_pki: LabPki, command: str
) -> None:
    def complaint(*options: str | Path) -> str:
        return refused(capsys, command, "127.0.0.1:1", *options)

    client, key = lab_pki.client, encrypted_key(lab_pki, tmp_path)
    good = ("--client-cert", client.chain)
    assert "does not match the certificate" in complaint(*good, "--client-key", lab_pki.ecdsa.key)
    assert "no passphrase was given: run on a terminal, or set" in complaint(*good, "--client-key", key)
    monkeypatch.setenv("TLSAUDIT_CLIENT_KEY_PASSWORD", "wrong")
    assert "wrong passphrase" in complaint(*good, "--client-key", key)
    assert "cannot be read: No such file" in complaint("--client-cert", tmp_path / "none")
    assert "cannot be read: Is a directory" in complaint("--client-cert", tmp_path)
    assert "holds no PEM private key" in complaint(*good)
    assert complaint("--client-key", key) == "--client-key needs --client-cert"
    assert "--client-ca-key needs --client-ca" in complaint("--trials", "--client-ca-key", key)
    assert complaint("--client-ca", lab_pki.client_ca_file) == "--client-ca is for trials: add --trials"
    assert complaint("--trial", "revoked=x") == "--trial is for trials: add --trials"
    assert "is not KIND=FILE with one of self-signed, " in complaint("--trials", "--trial", "none=x")
    assert "--trial revoked 'x' cannot be read" in complaint("--trials", "--trial", "revoked=x")
    assert "is no CA certificate" in complaint("--trials", "--client-ca", client.chain)
    over = datetime.now(UTC) - timedelta(hours=1)
    expired = lab_pki.client_ca.issue("old", not_before=over - timedelta(days=1), not_after=over)
    old = lab_pki.write("expired-client", expired)
    assert "expired on" in complaint("--client-cert", old.combined)
    assert "expired on" in complaint("--trials", "--trial", f"good={old.combined}")


def test_options_that_would_be_ignored_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lab_pki: LabPki
) -> None:
    def complaint(*options: str | Path) -> str:
        return refused(capsys, "mtls", "127.0.0.1:1", *options)

    client, revoked = lab_pki.client, f"revoked={lab_pki.revoked_client.combined}"
    assert complaint("--trials", "--trial", revoked, "--trial", revoked) == "--trial revoked is given twice"
    both = ("--trial", f"good={client.combined}", "--client-cert", client.combined)
    assert "the same thing: give one of them" in complaint("--trials", *both)
    bundle = tmp_path / "client.p12"
    key = client.leaf.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    bundle.write_bytes(pkcs12.serialize_key_and_certificates(b"x", key, client.leaf.certificate, None, NoEncryption()))
    assert "only beside one the key is in another file" in complaint(
        "--client-cert", bundle, "--client-key", lab_pki.ecdsa.key
    )
    bare = tmp_path / "client.der"
    bare.write_bytes(client.leaf.certificate.public_bytes(Encoding.DER))
    assert "is a DER certificate without a key" in complaint("--client-cert", bare)


def test_a_passphrase_may_be_any_bytes_and_is_not_printed(tmp_path: Path, lab_pki: LabPki) -> None:
    options = ("--client-cert", lab_pki.client.chain, "--client-key", encrypted_key(lab_pki, tmp_path))
    environment = {"TLSAUDIT_CLIENT_KEY_PASSWORD": "\udcffsecret"}
    done = tlsaudit("mtls", "127.0.0.1:1", *options, environment=environment)
    assert done.code == 2
    assert done.err.endswith("wrong passphrase, or damaged\n")
    assert "secret" not in done.err


def test_a_passphrase_is_for_this_process_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lab_pki: LabPki
) -> None:
    """Children inherit the environment; and one key may have another passphrase than the other."""
    names = ("TLSAUDIT_CLIENT_KEY_PASSWORD", "TLSAUDIT_CLIENT_CA_KEY_PASSWORD", "TLSAUDIT_TRIAL_KEY_PASSWORD")
    for name, passphrase in zip(names, ("wrong", "also wrong", _SECRET), strict=True):
        monkeypatch.setenv(name, passphrase)
    chain = lab_pki.revoked_client.chain.read_bytes()
    protection = BestAvailableEncryption(_SECRET.encode())
    pem = lab_pki.revoked_client.leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    both = write_private(tmp_path / "revoked.pem", chain + pem)
    given = credentials.Given(
        client_cert=None, client_key=None, trials=True, client_ca=None, client_ca_key=None, trial=(f"revoked={both}",)
    )
    plan = credentials.read(given, ["localhost"], scoped=False).trials
    assert plan is not None
    assert plan.given[TrialKind.REVOKED].certificate == lab_pki.revoked_client.leaf.certificate
    assert not {*names} & {*os.environ}
    assert capsys.readouterr().err == ""


def test_a_trial_is_made_with_what_it_says(capsys: pytest.CaptureFixture[str], lab_pki: LabPki) -> None:
    """A sound certificate that is given as a wrong one would prove that the wrong one gets in."""

    def complaint(kind: str, files: CertificateFiles, *options: str | Path) -> str:
        given = ("--trials", "--trial", f"{kind}={files.combined}", *options)
        return refused(capsys, "mtls", "127.0.0.1:1", *given)

    sound, server = lab_pki.revoked_client, lab_pki.ecdsa
    ca = ("--client-ca", lab_pki.client_ca_file)
    assert "has not expired: it is valid until" in complaint("expired", sound)
    assert "is valid already, since" in complaint("not-yet-valid", sound)
    assert complaint("self-signed", sound).endswith("is not self-signed")
    assert "is not for servers only" in complaint("server-auth-only", sound)
    assert "has no weak key" in complaint("weak-key", sound)
    assert "needs --client-ca" in complaint("unknown-ca", sound)
    assert "is signed by the client CA" in complaint("unknown-ca", sound, *ca)
    assert "is signed by the client CA" in complaint("impostor-ca", sound, *ca)
    assert "is not for clients" in complaint("revoked", server)
    assert "is not for clients" in complaint("good", server)
    good = ("--client-cert", sound.combined)
    assert "is the good certificate, or has its key" in complaint("wrong-identity", sound, *good)
    over = datetime.now(UTC) - timedelta(hours=1)
    old = lab_pki.write("old", lab_pki.client_ca.issue("old", not_before=over - timedelta(days=1), not_after=over))
    assert "expired on" in complaint("revoked", old)


def test_credentials_are_for_targets_that_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lab_pki: LabPki
) -> None:
    """Whoever is on a list and asks would learn who we are, below TLS 1.3 in clear."""
    (tmp_path / "list").write_text("localhost:1\n")
    words = "goes only with targets that are named one by one"
    good = ("--client-cert", lab_pki.client.combined)
    for command, targets in (("scan", f"@{tmp_path}/list"), ("mtls", "10.0.0.0/30")):
        assert f"--trials {words}" in refused(capsys, command, targets, "--trials")
        assert f"--client-cert {words}" in refused(capsys, command, targets, *good)


def test_a_ca_that_is_named_in_an_odd_way_stops_nothing(lab: Lab, tmp_path: Path) -> None:
    """Its common name is a BIT STRING, which the library that mints certificates does not know."""
    plain = mint.Authority.root("abc").certificate.public_bytes(Encoding.DER)
    file = tmp_path / "odd.pem"
    file.write_text(ssl.DER_cert_to_PEM_cert(plain.replace(b"\x0c\x03abc", b"\x03\x03\0bc")))
    done = tlsaudit("mtls", target(lab.openssl("-Verify", "1", "-CAfile", file)), "--trials", "--format", "json")
    subject = done.document["subjects"][0]
    assert subject["status"] == "audited"
    assert len(subject["facts"]["client_auth"]["ca_names"]) == 1
    impostor = next(each for each in subject["facts"]["client_auth"]["trials"] if each["credential"] == "impostor_ca")
    assert impostor["serial"]


@pytest.mark.parametrize("path", ["admin", "", "/a b", "/\u00e4", "/" + "x" * 3000])
def test_a_path_is_a_path(capsys: pytest.CaptureFixture[str], path: str) -> None:
    assert refused(capsys, "mtls", "127.0.0.1:1", "--path", path).startswith("--path ")


def test_a_passphrase_is_asked_for_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lab_pki: LabPki
) -> None:
    asked: list[str] = []

    def answer(prompt: str, _stream: object) -> str:
        asked.append(prompt)
        return _SECRET

    monkeypatch.delenv("TLSAUDIT_CLIENT_KEY_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", answer)
    key = encrypted_key(lab_pki, tmp_path)
    given = credentials.Given(
        client_cert=lab_pki.client.chain, client_key=key, trials=False, client_ca=None, client_ca_key=None, trial=()
    )
    good = credentials.read(given, ["localhost"], scoped=False).good
    assert good is not None
    assert good.certificate == lab_pki.client.leaf.certificate
    assert asked == [f"passphrase of the key of client certificate, {str(key)!r}: "]
