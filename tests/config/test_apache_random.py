"""Random Apache configurations, linted and scanned: file and wire agree on each of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, reject, settings
from hypothesis import strategies as st

from tests.config.apache_and_wire import both, judged_otherwise
from tests.config.static_and_live import differences
from tests.lab.pki import LabPki
from tests.lab.process import ServerFailedError
from tests.lab.servers import Lab
from tlsaudit.app import load_anchors

_VERSIONS = ("all", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_TOKENS = (
    "HIGH", "MEDIUM", "ECDHE", "AESGCM", "kRSA", "AES128", "CAMELLIA", "SHA256", "aRSA", "aECDSA", "CHACHA20",
    "ECDHE+AESGCM", "ECDHE-RSA-AES128-SHA", "AES256-SHA", "ECDHE-ECDSA-AES128-CCM8", "ARIA256", "eNULL", "PSK", "kDHE",
)  # fmt: skip
_LEVELS = ("", ":@SECLEVEL=0", ":@SECLEVEL=1", ":@SECLEVEL=2")
_HEADERS = (
    "",
    'Header always set Strict-Transport-Security "max-age=31536000"',
    'Header set Strict-Transport-Security "max-age=60"',
    'Header add Strict-Transport-Security "max-age=61"',
    "Header always unset Strict-Transport-Security",
    "Header unset Strict-Transport-Security",
    "<Location />\nHeader always setifempty Strict-Transport-Security max-age=7\n</Location>",
    "Header set X-Other 1",
)
_CLIENTS = ("", "SSLVerifyClient require", "SSLVerifyClient optional_no_ca", "SSLVerifyClient none")
_COMMANDS = (
    "",
    "SSLOpenSSLConfCmd Groups X25519:P-384:P-256",
    "SSLOpenSSLConfCmd Curves prime256v1",
    "SSLOpenSSLConfCmd MinProtocol TLSv1.2",
    "SSLOpenSSLConfCmd Ciphersuites TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256",
)
_SUITES = ("", "SSLCipherSuite TLSv1.3 TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256")
_OTHER = """<VirtualHost *:PORT>
ServerName other.test
SSLEngine on
SSLCertificateFile CHAIN
SSLCertificateKeyFile KEY
SSLCACertificateFile FOLDER/clients.pem
%s
</VirtualHost>"""
_ORDER = ("", "SSLHonorCipherOrder on", "SSLHonorCipherOrder off")


@st.composite
def protocols(draw: st.DrawFn) -> str:
    """A line of SSLProtocol that leaves TLS 1.2 or 1.3 in."""
    words = draw(st.lists(st.tuples(st.sampled_from(("", "+", "-", "-")), st.sampled_from(_VERSIONS)), max_size=4))
    # OpenSSL has no SSLv3, so that only taking it away makes a server that starts.
    line = [f"-{name}" if name == "SSLv3" else sign + name for sign, name in words]
    return " ".join(("SSLProtocol", *line, draw(st.sampled_from(("+TLSv1.2", "+TLSv1.3", "TLSv1.2")))))


@st.composite
def ciphers(draw: st.DrawFn) -> str:
    """A cipher string that leaves at least one suite for each kind of key."""
    signs = draw(st.lists(st.tuples(st.sampled_from(("", "", "!", "-", "+")), st.sampled_from(_TOKENS)), max_size=5))
    words = ("ECDHE+AES", *(sign + token for sign, token in signs), "ECDHE+AESGCM")
    return f"SSLCipherSuite {':'.join(words)}{draw(st.sampled_from(_LEVELS))}"


@st.composite
def configurations(draw: st.DrawFn) -> tuple[str, str]:
    """Directives of the virtual host, and of the main server around it, with another host before it perhaps."""
    host, base, other = [draw(protocols())], list[str](), list[str]()
    choices = (*map(st.sampled_from, (_HEADERS, _CLIENTS, _COMMANDS, _SUITES, _ORDER)), ciphers())
    for each in choices:
        for level in (host, base, other):
            if draw(st.booleans()):
                level.append(draw(each))
    for level in (base, other):
        if draw(st.booleans()):
            level.append(draw(protocols()))
    if draw(st.booleans()):
        base.append(_OTHER % "\n".join(other))
    return "\n".join(host), "\n".join(base)


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    directives=configurations(),
    kinds=st.sampled_from((("ecdsa",), ("rsa",), ("ecdsa", "rsa"))),
    page=st.booleans(),
)
@example(directives=("SSLProtocol +TLSv1.2", "SSLHonorCipherOrder on"), kinds=("ecdsa",), page=False)
def test_file_and_wire_agree(lab_pki: LabPki, directives: tuple[str, str], kinds: tuple[str, ...], page: bool) -> None:
    with TemporaryDirectory() as folder, Lab(Path(folder), lab_pki) as lab:
        (Path(folder) / "clients.pem").write_bytes(lab_pki.client_ca_file.read_bytes())
        host = f"{directives[0]}\nSSLCACertificateFile {folder}/clients.pem"
        base = directives[1].replace("FOLDER", folder).replace("CHAIN", str(lab_pki.ecdsa.chain))
        base = base.replace("KEY", str(lab_pki.ecdsa.key))
        try:
            static, live = both(
                lab,
                load_anchors(lab_pki.root_file),
                host,
                base=base,
                certificates=[getattr(lab_pki, kind) for kind in kinds],
                page=page,
            )
        except ServerFailedError as error:
            if "no cipher match" not in str(error):
                raise
            reject()
        assert differences(static, live) == [], directives
        assert judged_otherwise(static, live) == {}, directives
