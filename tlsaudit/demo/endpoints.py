"""The demo endpoints: one sound server on loopback, and others that each have one well-known flaw.

Certificates and keys are minted for each run. Keys lie in a temporary directory of ours alone only until OpenSSL has
read them; the root certificate stays until the end, so that an auditor can be given it as an anchor.
"""

from __future__ import annotations

import os
import ssl
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tlsaudit.demo import mint
from tlsaudit.demo.server import HOST, Respond, TlsServer, response
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation
from tlsaudit.model.target import Target

NAME = "localhost"
_LIFETIME = timedelta(days=6)
"""Short-lived, so that the want of revocation information is no second flaw of every endpoint."""
_SOUND_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=2"
_HSTS = "Strict-Transport-Security: max-age=63072000; includeSubDomains"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoEndpoint:
    """One running endpoint. `flaw_rules` are the rules that its flaw fails; empty for a sound one."""

    name: str
    description: str
    flaw_rules: tuple[str, ...]
    port: int
    expect: Expectation = field(default_factory=Expectation)

    @property
    def target(self) -> Target:
        """What to audit: by name, at the address where the endpoint listens."""
        return Target(host=NAME, port=self.port, address=HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The running endpoints, the file of the root they descend from, and a client certificate that is accepted."""

    endpoints: tuple[DemoEndpoint, ...]
    root_file: Path
    client_certificate_file: Path
    client_key_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How to make one endpoint. `ciphers` None: the sound ones."""

    name: str
    description: str
    leaf: mint.Leaf
    flaw_rules: tuple[str, ...] = ()
    chain: bytes | None = None
    lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: str = _SOUND_CIPHERS
    headers: tuple[str, ...] = (_HSTS,)
    client_auth: ssl.VerifyMode = ssl.CERT_NONE
    expect: Expectation = field(default_factory=Expectation)


@contextmanager
def demo_endpoints() -> Iterator[Demo]:
    """Start all endpoints; they stop, and every file is gone, when the block ends."""
    root = mint.Authority.root("tlsaudit demo root")
    issuing = root.subordinate("tlsaudit demo issuing CA")
    clients = mint.Authority.root("tlsaudit demo client CA")
    client = clients.issue("client.demo.test", purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    with tempfile.TemporaryDirectory(prefix="tlsaudit-demo-") as folder, ExitStack() as stack:
        directory = Path(folder)
        endpoints = []
        for plan in _plans(issuing):
            server = stack.enter_context(TlsServer(_context(plan, clients.certificate), _answer(plan)))
            endpoints.append(
                DemoEndpoint(
                    name=plan.name,
                    description=plan.description,
                    flaw_rules=plan.flaw_rules,
                    port=server.port,
                    expect=plan.expect,
                )
            )
        yield Demo(
            endpoints=tuple(endpoints),
            root_file=_write(directory / "root.pem", mint.pem(root.certificate)),
            client_certificate_file=_write(directory / "client.pem", client.chain_pem()),
            client_key_file=_write(directory / "client.key", client.key_pem()),
        )


def _plans(issuing: mint.Authority) -> Sequence[_Plan]:
    return (*_protocol_plans(issuing), *_certificate_plans(issuing), *_client_plans(issuing))


def _protocol_plans(issuing: mint.Authority) -> Iterator[_Plan]:
    sound = _leaf(issuing)
    rsa = _leaf(issuing, key=mint.rsa_key(3072), usages=("digital_signature", "key_encipherment"))
    yield _Plan(name="healthy", description="TLS 1.2 and 1.3, AEAD with forward secrecy, full chain, HSTS", leaf=sound)
    yield _Plan(
        name="old-versions",
        description="accepts TLS 1.0 and 1.1",
        flaw_rules=("TLS-PROTO-003", "TLS-PROTO-004"),
        leaf=sound,
        lowest=ssl.TLSVersion.TLSv1,
        # AES-CBC with SHA-1 is what these versions speak; it brings its own, milder findings.
        ciphers="ECDHE+AESGCM:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0",
    )
    yield _Plan(
        name="weak-suites",
        description="accepts static RSA key exchange and CBC suites beside good ones",
        flaw_rules=("TLS-CIPH-010",),
        leaf=rsa,
        ciphers="ECDHE+AESGCM:AES128-GCM-SHA256:AES128-SHA:3DES:@SECLEVEL=0",
    )
    yield _Plan(
        name="no-forward-secrecy",
        description="has static RSA key exchange only: recorded traffic is readable once the key is known",
        flaw_rules=("TLS-CIPH-010", "TLS-CIPH-012"),
        leaf=rsa,
        highest=ssl.TLSVersion.TLSv1_2,
        ciphers="AES256-GCM-SHA384:AES128-GCM-SHA256",
    )
    yield _Plan(
        name="no-hsts",
        description="does not tell browsers to stay on HTTPS",
        flaw_rules=("TLS-HTTP-001",),
        leaf=sound,
        headers=(),
    )


def _certificate_plans(issuing: mint.Authority) -> Iterator[_Plan]:
    now = datetime.now(UTC).replace(microsecond=0)
    sound = _leaf(issuing)
    yield _Plan(
        name="expired",
        description="has a certificate that expired yesterday",
        flaw_rules=("TLS-CERT-020",),
        leaf=issuing.issue(NAME, not_before=now - timedelta(days=7), not_after=now - timedelta(days=1)),
    )
    yield _Plan(
        name="not-yet-valid",
        description="has a certificate that is valid from tomorrow on",
        flaw_rules=("TLS-CERT-021",),
        leaf=issuing.issue(NAME, not_before=now + timedelta(days=1), not_after=now + timedelta(days=7)),
    )
    yield _Plan(
        name="wrong-name",
        description="has a certificate for another host",
        flaw_rules=("TLS-CERT-001",),
        leaf=_leaf(issuing, name="other.demo.test"),
    )
    yield _Plan(
        name="incomplete-chain",
        description="does not send its intermediate certificate",
        flaw_rules=("TLS-CHAIN-003",),
        leaf=sound,
        chain=mint.pem(sound.certificate),
    )
    yield _Plan(
        name="self-signed",
        description="has a certificate that it signed itself",
        flaw_rules=("TLS-CHAIN-002",),
        leaf=mint.self_signed(NAME),
    )
    yield _Plan(
        name="small-key",
        description="has an RSA key of 1024 bits",
        flaw_rules=("TLS-CERT-031",),
        leaf=_leaf(issuing, key=mint.rsa_key(1024)),
        ciphers="ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=0",
    )


def _client_plans(issuing: mint.Authority) -> Iterator[_Plan]:
    sound = _leaf(issuing)
    declared = Expectation(client_auth=ClientAuthMode.REQUIRED)
    yield _Plan(
        name="mutual-tls",
        description="requires a client certificate, as declared, and refuses without one in TLS",
        leaf=sound,
        client_auth=ssl.CERT_REQUIRED,
        expect=declared,
    )
    yield _Plan(
        name="mutual-tls-not-enforced",
        description="is declared to require a client certificate, asks for one, and serves those who have none",
        flaw_rules=("TLS-MTLS-002",),
        leaf=sound,
        client_auth=ssl.CERT_OPTIONAL,
        expect=declared,
    )
    yield _Plan(
        name="mutual-tls-not-asked",
        description="is declared to require a client certificate and never asks for one",
        flaw_rules=("TLS-MTLS-001",),
        leaf=sound,
        expect=declared,
    )


def _leaf(
    issuing: mint.Authority,
    *,
    name: str = NAME,
    key: mint.PrivateKey | None = None,
    usages: Sequence[str] = ("digital_signature",),
) -> mint.Leaf:
    not_before = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    return issuing.issue(name, key=key, usages=usages, not_before=not_before, not_after=not_before + _LIFETIME)


def _context(plan: _Plan, client_ca: x509.Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        # The library warns of the very versions that one endpoint is there to show.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = plan.lowest
        context.maximum_version = plan.highest
    context.set_ciphers(plan.ciphers)
    # Before Python 3.15 one curve can be set or none, and OpenSSL's own list holds groups that OWASP does not name.
    context.set_ecdh_curve("prime256v1")
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    with tempfile.TemporaryDirectory(prefix="tlsaudit-demo-") as folder:
        chain = _write(Path(folder) / "chain.pem", plan.chain or plan.leaf.chain_pem())
        context.load_cert_chain(chain, _write(Path(folder) / "key.pem", plan.leaf.key_pem()))
    if plan.client_auth != ssl.CERT_NONE:
        context.load_verify_locations(cadata=mint.pem(client_ca).decode("ascii"))
        context.verify_mode = plan.client_auth
    return context


def _answer(plan: _Plan) -> Respond:
    content = response("200 OK", f"{plan.name}: {plan.description}\n".encode(), *plan.headers)
    return lambda _connection: content


def _write(path: Path, content: bytes) -> Path:
    """Write a file that only its owner may read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return path
