"""Whether Apache renegotiates to the suites of a section, where the file is read so."""

from __future__ import annotations

import http.client
import ssl
from contextlib import closing

import pytest

from tests.lab.servers import Lab

_SHOWN = 'Header always set X-Suite "%{SSL_CIPHER}s"\n'


@pytest.mark.parametrize(
    ("section", "path", "version", "suite"),
    [
        ("<Location /weak>\n{}\n</Location>", "/weak", ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA"),
        ("<Location /weak>\n{}\n</Location>", "/", ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("<Location /weak>\n{}\n</Location>", "/weak", ssl.TLSVersion.TLSv1_3, "TLS_AES_256_GCM_SHA384"),
        ("<LocationMatch ^/w>\n{}\n</LocationMatch>", "/weak", ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA"),
        ('<If "true">\n{}\n</If>', "/", ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA"),
        ('<Directory "/">\n{}\n</Directory>', "/x", ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA"),
    ],
)
def test_the_suite_of_a_path(lab: Lab, section: str, path: str, version: ssl.TLSVersion, suite: str) -> None:
    inside = section.format("SSLCipherSuite ECDHE-ECDSA-AES128-SHA")
    running = lab.apache(f"SSLCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256\n{_SHOWN}{inside}\n", content="")
    context = ssl._create_unverified_context()
    context.set_ciphers("ALL")
    context.minimum_version = context.maximum_version = version
    with closing(http.client.HTTPSConnection("127.0.0.1", running.port, context=context, timeout=20)) as connection:
        connection.request("GET", path, headers={"Connection": "close"})
        with connection.getresponse() as answer:
            answer.read()
            assert answer.headers["X-Suite"] == suite
