"""Who publishes revocations: a web server for CRLs, and `openssl ocsp` as the responder of an authority."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from tests.lab import process
from tests.lab.pki import write_private
from tests.lab.process import HOST, Running
from tlsaudit.demo import mint

Extension = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What is at a path."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Publisher(AbstractContextManager["Publisher"]):
    """A web server on loopback; `pages` can be added while it runs, `asked` are the requests that came."""

    pages: dict[str, Served] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked.append(f"{self.command} {self.path}")
                page = publisher.pages.get(self.path, Served(status=404))
                self.send_response(page.status)
                for name, value in page.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(page.body)))
                self.end_headers()
                self.wfile.write(page.body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing to the terminal."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.server_address[1])

    def url(self, path: str) -> str:
        """Where a page is."""
        return f"http://{HOST}:{self.port}{path}"


def points_at(*, crl: str | None = None, ocsp: str | None = None) -> tuple[Extension, ...]:
    """The extensions that name these URLs."""
    found: list[Extension] = []
    if crl is not None:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)
        found.append((x509.CRLDistributionPoints([point]), False))
    if ocsp is not None:
        place = x509.UniformResourceIdentifier(ocsp)
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
        found.append((x509.AuthorityInformationAccess([access]), False))
    return tuple(found)


def make_crl(
    authority: mint.Authority,
    *revoked: int,
    age: timedelta = timedelta(hours=1),
    lasts: timedelta = timedelta(days=2),
    reason: x509.ReasonFlags | None = None,
    extensions: Iterable[Extension] = (),
    key: mint.PrivateKey | None = None,
) -> bytes:
    """A list in DER that holds these serial numbers; `key` signs in place of the authority's."""
    since = datetime.now(UTC).replace(microsecond=0) - age
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(since)
        .next_update(since + lasts)
    )
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    signing = key or authority.key
    return builder.sign(signing, hashes.SHA256()).public_bytes(Encoding.DER)


def responder(
    folder: Path, authority: mint.Authority, *, good: Iterable[int] = (), revoked: Iterable[int] = ()
) -> AbstractContextManager[Running]:
    """`openssl ocsp` with a delegated certificate; what is in neither list it does not know."""
    delegate = authority.issue("Responder", purposes=(ExtendedKeyUsageOID.OCSP_SIGNING,), extra=_NO_CHECK)
    now = datetime.now(UTC)
    ends, at = f"{now + timedelta(days=90):%y%m%d%H%M%SZ}", f"{now - timedelta(hours=1):%y%m%d%H%M%SZ}"
    lines = [f"V\t{ends}\t\t{_hexadecimal(each)}\tunknown\t/CN=good\n" for each in good]
    lines += [f"R\t{ends}\t{at},keyCompromise\t{_hexadecimal(each)}\tunknown\t/CN=bad\n" for each in revoked]
    index = write_private(folder / "index.txt", "".join(lines).encode())
    certificate = write_private(folder / "responder.pem", mint.pem(delegate.certificate))
    key = write_private(folder / "responder.key", delegate.key_pem())
    issuer = write_private(folder / "issuer.pem", mint.pem(authority.certificate))

    def command(port: int) -> list[str | Path]:
        words: list[str | Path] = ["-index", index, "-rsigner", certificate, "-rkey", key, "-CA", issuer, "-ndays", "1"]
        return ["openssl", "ocsp", "-port", str(port), *words]

    return process.start("openssl ocsp", command, directory=folder)


_NO_CHECK: tuple[Extension, ...] = ((x509.OCSPNoCheck(), False),)


def _hexadecimal(serial: int) -> str:
    text = f"{serial:X}"
    return text if len(text) % 2 == 0 else f"0{text}"
