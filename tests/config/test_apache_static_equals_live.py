"""Apache configurations that are linted, started for real with Debian's httpd, and scanned: both must agree."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from tests.config.apache_and_wire import both, judged_otherwise
from tests.config.static_and_live import differences
from tests.lab.pki import CertificateFiles, LabPki, write_private
from tests.lab.servers import Lab
from tlsaudit.app import Anchors, load_anchors
from tlsaudit.demo import mint


@dataclass(frozen=True, slots=True)
class Case:
    """Directives of the virtual host and of the main server; `{...}` are files of the lab."""

    name: str
    host: str
    base: str = ""
    keys: tuple[str, ...] = ("ecdsa",)
    page: bool = False


_OTHER = """<VirtualHost *:PORT>
ServerName other.test
SSLEngine on
SSLCertificateFile {chain}
SSLCertificateKeyFile {key}
%s
</VirtualHost>
"""
_CLIENTS = "SSLCACertificateFile {clients}\nSSLCARevocationCheck none\n"

CASES = (
    Case("silent", ""),
    Case("silent with an RSA key", "", keys=("rsa",)),
    Case("modern", "SSLProtocol TLSv1.3"),
    Case("both keys", "SSLProtocol -all +TLSv1.2 +TLSv1.3", keys=("ecdsa", "rsa")),
    Case("all, which the library cuts short", "SSLProtocol all -SSLv3"),
    Case("minus", "SSLProtocol all -TLSv1.3"),
    Case("a bare word replaces what is before it", "SSLProtocol TLSv1.2 TLSv1.3"),
    Case("case does not matter", "sslprotocol +tlsV1.2"),
    Case("old versions that the level lets in", "SSLProtocol all\nSSLCipherSuite ALL:@SECLEVEL=0", keys=("rsa",)),
    Case("a gap in the versions", "SSLProtocol -all +TLSv1.1 +TLSv1.3\nSSLCipherSuite ALL:@SECLEVEL=0"),
    Case("the last line counts", "SSLProtocol TLSv1.3\nSSLProtocol TLSv1.2"),
    Case("intermediate", "SSLProtocol -all +TLSv1.2\nSSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20", keys=("rsa",)),
    Case("the form with SSL", 'SSLCipherSuite SSL "ECDHE+AESGCM:AES128-SHA"', keys=("rsa",)),
    Case("TLS 1.3 suites", "SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256"),
    Case("both forms", "SSLCipherSuite TLSv1.3 TLS_CHACHA20_POLY1305_SHA256\nSSLCipherSuite ECDHE+AES256"),
    Case("null is taken out", "SSLProtocol TLSv1.2\nSSLCipherSuite eNULL:ECDHE+AESGCM:@SECLEVEL=0"),
    Case("DHE picks its parameters", "SSLProtocol TLSv1.2\nSSLCipherSuite DHE+AESGCM:DHE+CHACHA20", keys=("rsa",)),
    Case("level 3", "SSLProtocol TLSv1.2\nSSLCipherSuite ALL:!aNULL:@SECLEVEL=3"),
    Case("the server's order", "SSLCipherSuite AES128-SHA:ECDHE+AESGCM\nSSLHonorCipherOrder on", keys=("rsa",)),
    Case("lowest version by command", "SSLOpenSSLConfCmd MinProtocol TLSv1.3"),
    Case("newest version by command", "SSLOpenSSLConfCmd MaxProtocol TLSv1.2"),
    Case("a lower one by command", "SSLProtocol TLSv1.3\nSSLOpenSSLConfCmd MinProtocol TLSv1.2"),
    Case("groups by command", "SSLProtocol TLSv1.3\nSSLOpenSSLConfCmd Groups P-256:X448"),
    Case("curves by command", "SSLProtocol TLSv1.3\nSSLOpenSSLConfCmd Curves secp384r1"),
    Case(
        "the last of two names for groups",
        "SSLOpenSSLConfCmd Curves prime256v1",
        base="SSLProtocol TLSv1.3\nSSLOpenSSLConfCmd Groups X25519",
    ),
    Case("suites by command", "SSLOpenSSLConfCmd Ciphersuites TLS_AES_256_GCM_SHA384"),
    Case("cipher string by command", "SSLOpenSSLConfCmd CipherString ECDHE+CHACHA20", base="SSLCipherSuite AES"),
    Case("settings of the main server", "", base="SSLProtocol TLSv1.2\nSSLCipherSuite ECDHE+AES128"),
    Case("settings of the main server, replaced", "SSLProtocol TLSv1.3", base="SSLProtocol TLSv1.2"),
    Case("the server's order, inherited", "", base="SSLHonorCipherOrder on\nSSLCipherSuite ECDHE+AES"),
    Case("client certificates", _CLIENTS + "SSLVerifyClient require"),
    Case("client certificates, optional", _CLIENTS + "SSLVerifyClient optional"),
    Case("client certificates, unchecked", _CLIENTS + "SSLVerifyClient optional_no_ca"),
    Case("client certificates, inherited", "", base=_CLIENTS + "SSLVerifyClient require"),
    Case(
        "client certificates for everything, late",
        _CLIENTS + "<Location />\nSSLVerifyClient require\n</Location>",
        page=True,
    ),
    Case(
        "client certificates for a path only",
        _CLIENTS + "<Location /private>\nSSLVerifyClient require\n</Location>",
        page=True,
    ),
    Case("HSTS", 'Header always set Strict-Transport-Security "max-age=31536000; includeSubDomains"'),
    Case("HSTS with good answers only", 'Header set Strict-Transport-Security "max-age=600"', page=True),
    Case("HSTS not with errors", 'Header set Strict-Transport-Security "max-age=600"'),
    Case("HSTS inherited", "", base='Header always set Strict-Transport-Security "max-age=1"', page=True),
    Case(
        "HSTS replaced",
        'Header always set Strict-Transport-Security "max-age=2"',
        base='Header always set Strict-Transport-Security "max-age=1"',
    ),
    Case(
        "HSTS taken away",
        "<Location />\nHeader always unset Strict-Transport-Security\n</Location>",
        base='Header always set Strict-Transport-Security "max-age=1"',
        page=True,
    ),
    Case(
        "HSTS of both tables",
        'Header set Strict-Transport-Security "max-age=3"\nHeader always set Strict-Transport-Security "max-age=4"',
        page=True,
    ),
    Case("HSTS over TLS", 'Header always set Strict-Transport-Security "max-age=5" env=HTTPS', page=True),
    Case(
        "HSTS by expression",
        """Header always set Strict-Transport-Security "max-age=6" "expr=%{HTTPS} == 'on'\"""",
        page=True,
    ),
    Case(
        "HSTS by section",
        '<LocationMatch "^/$">\nHeader always set Strict-Transport-Security max-age=7\n</LocationMatch>',
        page=True,
    ),
    Case("HSTS of another path", "<Location /x>\nHeader always set Strict-Transport-Security max-age=8\n</Location>"),
    Case("conditions", "<IfModule mod_ssl.c>\nSSLProtocol TLSv1.3\n</IfModule>"),
    Case("conditions that do not hold", "<IfModule !ssl_module>\nSSLProtocol TLSv1.3\n</IfModule>"),
    Case("versions", "<IfVersion >= 2.4.36>\nSSLProtocol TLSv1.3\n</IfVersion>"),
    Case("variables", "SSLProtocol ${SPOKEN}", base="Define SPOKEN TLSv1.2"),
    Case(
        "a macro",
        "Use Tls TLSv1.2 max-age=9",
        base="<Macro Tls $versions $age>\nSSLProtocol $versions\n"
        'Header always set Strict-Transport-Security "$age"\n</Macro>',
    ),
    Case("lines that go on", "SSLProtocol -all \\\n  +TLSv1.2 \\\n  +TLSv1.3\nSSLCipherSuite ECDHE+AESGCM"),
    Case("the first of the address decides on groups", "", base=_OTHER % "SSLOpenSSLConfCmd Groups secp384r1"),
    Case("the first of the address decides on silent versions", "", base=_OTHER % "SSLProtocol TLSv1.3"),
    Case("versions of its own", "SSLProtocol TLSv1.2", base=_OTHER % "SSLProtocol TLSv1.3"),
    Case(
        "versions of the main server before those of the first",
        "",
        base="SSLProtocol TLSv1.2\n" + _OTHER % "SSLProtocol TLSv1.3",
    ),
    Case(
        "suites of its own",
        "SSLCipherSuite ECDHE+CHACHA20\nSSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256",
        base=_OTHER % "SSLCipherSuite ECDHE+AESGCM",
    ),
    Case(
        "the first one's order stays",
        "SSLHonorCipherOrder off\nSSLCipherSuite ECDHE+AES",
        base=_OTHER % "SSLHonorCipherOrder on",
    ),
    Case(
        "client certificates of one name only",
        _CLIENTS + "SSLVerifyClient require\nSSLProtocol TLSv1.2",
        base=_OTHER % "",
    ),
    Case("the chain in a file of its own", "SSLCertificateChainFile {issuing}"),
    Case("the chain found among the CAs", "SSLCACertificateFile {authorities}", keys=("bare",)),
    Case("HTTP/2", "Protocols h2 http/1.1\nSSLProtocol -all +TLSv1.2 +TLSv1.3"),
    Case("no tickets", "SSLSessionTickets off"),
)


def bare(lab: Lab) -> CertificateFiles:
    """A certificate without the intermediate in its file."""
    files = lab.pki.ecdsa
    return replace(files, chain=write_private(lab.pki.directory / "bare.pem", mint.pem(files.leaf.certificate)))


@pytest.fixture(scope="module")
def anchors(lab_pki: LabPki) -> Anchors:
    """What the certificates are judged by."""
    return load_anchors(lab_pki.root_file)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_file_and_wire_agree(lab: Lab, anchors: Anchors, case: Case) -> None:
    pki, folder = lab.pki, lab.directory
    (folder / "clients.pem").write_bytes(pki.client_ca_file.read_bytes())
    (folder / "issuing.pem").write_bytes(mint.pem(pki.intermediate.certificate))
    (folder / "authorities.pem").write_bytes(mint.pem(pki.intermediate.certificate) + pki.root_file.read_bytes())
    places = {name: str(folder / f"{name}.pem") for name in ("clients", "issuing", "authorities")}
    places |= {"chain": str(pki.ecdsa.chain), "key": str(pki.ecdsa.key)}
    host, base = case.host, case.base
    for name, value in places.items():
        host, base = host.replace(f"{{{name}}}", value), base.replace(f"{{{name}}}", value)
    certificates = [bare(lab) if key == "bare" else getattr(pki, key) for key in case.keys]
    static, live = both(lab, anchors, host, base=base, certificates=certificates, page=case.page)
    assert live.status == "audited"
    assert differences(static, live) == []
    assert judged_otherwise(static, live) == {}
    assert not {"protocols", "client_auth.mode", "certificate_deployments", "http"} & static.unknown.keys()
