"""Files that certbot and distributions ship: what is in them, where the tree does not have them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from tlsaudit.config.nginx.parse import Directive, parse
from tlsaudit.config.tree import is_pattern
from tlsaudit.model.facts import DhParameters

PREFIXES = ("/etc/nginx", "/usr/local/nginx/conf", "/opt/nginx/conf", "/usr/local/etc/nginx")
"""Where packages put the folder of nginx.conf, which a repository keeps elsewhere."""

_CERTBOT = "/etc/letsencrypt/options-ssl-nginx.conf"
_CERTBOT_DH = "/etc/letsencrypt/ssl-dhparams.pem"
_TEXTS = {
    _CERTBOT: """
        ssl_session_cache shared:le_nginx_SSL:10m;
        ssl_session_timeout 1440m;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_prefer_server_ciphers off;
        ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384;
    """.replace("\\\n", ""),
    "/etc/nginx/snippets/snakeoil.conf": """
        ssl_certificate /etc/ssl/certs/ssl-cert-snakeoil.pem;
        ssl_certificate_key /etc/ssl/private/ssl-cert-snakeoil.key;
    """,
}
"""certbot-nginx, options-ssl-nginx-tls13-session-tix-on.conf (since 2.9, for nginx 1.23.2 and newer; its twins for
older ones switch session tickets off, and have TLS 1.2 alone before nginx 1.13); Debian's nginx-common."""
_NOTES = {
    _CERTBOT: f"{_CERTBOT} is not in the scanned tree, and is taken for what certbot ships today: before certbot "
    "0.37.2 that was TLSv1, TLSv1.1 and 3DES as well, and a file that was edited by hand stays as it is",
}
_HARMLESS = frozenset(
    {
        "mime.types", "fastcgi_params", "fastcgi.conf", "uwsgi_params", "scgi_params", "proxy_params", "koi-utf",
        "koi-win", "win-utf", "fastcgi-php.conf",
    }
)  # fmt: skip
"""Files that every package brings and that say nothing about TLS."""
_MODULES = frozenset({"modules-enabled", "modules"})
_FOLDERS = frozenset(
    {
        "conf.d", "default.d", "http.d", "modules.d", "sites-enabled", "stream.d", "stream-enabled", "streams-enabled",
        "vhosts.d", *_MODULES,
    }
)  # fmt: skip
"""Folders of packages, which are empty until somebody puts something there."""


def content_of(include: Directive) -> list[Directive] | None:
    """What is in a file that is not in the tree, as it is shipped; None where nobody ships it."""
    word = include.args[0]
    path = PurePosixPath(word)
    if path.name in _HARMLESS or path.parent.name in _MODULES:
        return []
    if is_pattern(word):
        empty = path.parent.name in _FOLDERS and str(path.parent.parent) in PREFIXES
        return [] if empty else None
    name = str(path if path.is_absolute() else PurePosixPath(PREFIXES[0]) / path)
    if name not in _TEXTS:
        return None
    note = _NOTES.get(name, "")
    return [replace(each, line=include.line, shipped=note) for each in parse(_TEXTS[name], include.file)]


def dh_of(word: str) -> DhParameters | None:
    """The parameters in a file that is not in the tree: certbot ships ffdhe2048, and has never shipped others."""
    if word != _CERTBOT_DH:
        return None
    return DhParameters(bits=2048, generator=2, is_prime=True, is_safe_prime=True, name="ffdhe2048", well_known=True)
