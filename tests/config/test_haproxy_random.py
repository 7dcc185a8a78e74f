"""Random HAProxy configurations, linted and scanned: file and wire agree on each of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from tests.config.static_and_live import compared, differences, here
from tests.config.test_nginx_random import ciphers
from tests.lab.pki import LabPki
from tests.lab.process import ServerFailedError
from tests.lab.servers import Lab
from tlsaudit.app import load_anchors

_VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_FLAGS = tuple(each.lower().replace(".", "") for each in _VERSIONS)
_CURVES = ("", "curves P-256", "curves X25519:P-384", "ecdhe prime256v1")
_CLIENTS = ("", "verify optional ca-file {ca}", "verify required ca-file {ca}", "verify none")
_HEADER = 'set-header Strict-Transport-Security "max-age=31536000"'
_LINES = (
    "",
    f"http-after-response {_HEADER}",
    f"http-response {_HEADER}",
    f"http-after-response {_HEADER} if {{ ssl_fc }}",
)


@st.composite
def bounds(draw: st.DrawFn) -> str:
    """Words on versions, in any mixture."""
    words = draw(
        st.lists(
            st.one_of(
                st.sampled_from(_VERSIONS).map(lambda each: f"ssl-min-ver {each}"),
                st.sampled_from(_VERSIONS[2:]).map(lambda each: f"ssl-max-ver {each}"),
                st.sampled_from(_FLAGS).map(lambda each: f"no-{each}"),
                st.sampled_from(_FLAGS[2:]).map(lambda each: f"force-{each}"),
            ),
            max_size=3,
        )
    )
    return " ".join(words)


@st.composite
def configurations(draw: st.DrawFn) -> tuple[str, str, str]:
    """Options of the bind line, lines of `global`, and of the frontend."""
    bind = [draw(bounds()), draw(st.sampled_from(_CURVES)), draw(st.sampled_from(_CLIENTS))]
    bind += draw(
        st.lists(st.sampled_from(("no-tls-tickets", "prefer-client-ciphers", "allow-0rtt", "alpn h2")), unique=True)
    )
    lines = []
    options = draw(bounds())
    if options:
        lines.append(f"ssl-default-bind-options {options}")
    wanted = draw(ciphers())
    if draw(st.booleans()):
        bind.append(f"ciphers {wanted}")
    else:
        lines.append(f"ssl-default-bind-ciphers {wanted}")
    return " ".join(bind), "\n".join(lines), draw(st.sampled_from(_LINES))


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(parts=configurations(), kind=st.sampled_from(("ecdsa", "rsa")))
def test_file_and_wire_agree(lab_pki: LabPki, parts: tuple[str, str, str], kind: str) -> None:
    with TemporaryDirectory() as folder, Lab(Path(folder), lab_pki) as lab:
        certificate = here(lab, getattr(lab_pki, kind))
        shutil.copy(lab_pki.client_ca_file, lab.directory / "clients.pem")
        bind, lines, frontend = parts
        try:
            running = lab.haproxy(
                bind.replace("{ca}", str(lab.directory / "clients.pem")),
                certificate=certificate,
                settings=lines,
                frontend=frontend,
            )
        except ServerFailedError as error:
            if not any(words in str(error) for words in ("no cipher match", "versions are disabled", "unable to set")):
                raise
            reject()
        static, live = compared(
            lab, load_anchors(lab_pki.root_file), running, name=f"lab:{running.port}", assume="haproxy=2.6,openssl=3.0"
        )
        assert differences(static, live) == [], parts
