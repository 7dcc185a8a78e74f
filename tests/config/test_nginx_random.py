"""Random nginx configurations, linted and scanned: file and wire agree on each of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from tests.config.static_and_live import both, differences
from tests.lab.pki import LabPki
from tests.lab.process import ServerFailedError
from tests.lab.servers import Lab
from tlsaudit.app import load_anchors

_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_TOKENS = (
    "HIGH", "MEDIUM", "ECDHE", "AESGCM", "kRSA", "AES128", "CAMELLIA", "SHA256", "aRSA", "aECDSA", "CHACHA20",
    "ECDHE+AESGCM", "ECDHE-RSA-AES128-SHA", "AES256-SHA", "ECDHE-ECDSA-AES128-CCM8", "ARIA256", "eNULL", "PSK",
)  # fmt: skip
_LEVELS = ("", ":@SECLEVEL=0", ":@SECLEVEL=1", ":@SECLEVEL=2")
_HEADERS = ("", 'add_header Strict-Transport-Security "max-age=31536000" always;', "add_header X-Other 1;")
_CLIENTS = ("", "ssl_verify_client on; ssl_client_certificate {ca};", "ssl_verify_client optional_no_ca;")
_CURVES = ("", "ssl_ecdh_curve prime256v1;", "ssl_ecdh_curve X25519:secp384r1:prime256v1;")


@st.composite
def ciphers(draw: st.DrawFn) -> str:
    """A cipher string that leaves at least one suite for each kind of key."""
    signs = draw(st.lists(st.tuples(st.sampled_from(("", "", "!", "-", "+")), st.sampled_from(_TOKENS)), max_size=5))
    return ":".join(("ECDHE+AES", *(sign + token for sign, token in signs), "ECDHE+AESGCM")) + draw(
        st.sampled_from(_LEVELS)
    )


@st.composite
def servers(draw: st.DrawFn) -> tuple[str, str]:
    """Directives of a server, and of http around it."""
    versions = draw(st.lists(st.sampled_from(_VERSIONS), unique=True, min_size=1))
    if not {"TLSv1.2", "TLSv1.3"} & set(versions):
        versions.append("TLSv1.2")
    words = [
        f"ssl_protocols {' '.join(versions)};",
        draw(st.sampled_from(_HEADERS)),
        draw(st.sampled_from(_CLIENTS)),
        draw(st.sampled_from(_CURVES)),
        draw(st.sampled_from(("", "ssl_prefer_server_ciphers on;"))),
    ]
    cipher_line = f"ssl_ciphers {draw(ciphers())};"
    outside = [draw(st.sampled_from(_HEADERS)), "ssl_session_timeout 1m;"]
    (words if draw(st.booleans()) else outside).append(cipher_line)
    return " ".join(words), " ".join(outside)


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(directives=servers(), kinds=st.sampled_from((("ecdsa",), ("rsa",), ("ecdsa", "rsa"))))
def test_file_and_wire_agree(lab_pki: LabPki, directives: tuple[str, str], kinds: tuple[str, ...]) -> None:
    with TemporaryDirectory() as folder, Lab(Path(folder), lab_pki) as lab:
        server = directives[0].replace("{ca}", str(lab_pki.client_ca_file))
        try:
            static, live = both(
                lab,
                load_anchors(lab_pki.root_file),
                server,
                assume="nginx=1.22,openssl=3.0",
                certificates=[getattr(lab_pki, kind) for kind in kinds],
                http=directives[1],
            )
        except ServerFailedError as error:
            if "no cipher match" not in str(error):
                raise
            reject()
        assert differences(static, live) == [], server
