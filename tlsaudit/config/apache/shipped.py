"""Files that certbot ships: what is in them, where the tree does not have them."""

from __future__ import annotations

from dataclasses import replace

from tlsaudit.config.apache.parse import Directive, parse

_CERTBOT = "letsencrypt/options-ssl-apache.conf"
_PLACES = frozenset(f"{folder}/{_CERTBOT}" for folder in ("/etc", "/usr/local/etc"))
_TEXT = """
SSLEngine on
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\\
ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\\
DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384
SSLHonorCipherOrder off
SSLSessionTickets off
SSLOptions +StrictRequire
"""
"""certbot-apache, tls_configs/current-options-ssl-apache.conf; its twin for httpd before 2.4.11 leaves tickets on."""


def content_of(include: Directive) -> tuple[Directive, ...] | None:
    """What is in a file that is not in the tree, as it is shipped; None where nobody ships it."""
    word = include.word
    if word not in _PLACES:
        return None
    note = (
        f"{word} is not in the scanned tree, and is taken for what certbot ships today: before certbot 0.37.2 that "
        "was TLSv1, TLSv1.1 and 3DES as well, and a file that was edited by hand stays as it is"
    )
    found = parse(_TEXT, include.file)
    return tuple(replace(each, line=include.line, doubt=include.doubt, shipped=note) for each in found)
