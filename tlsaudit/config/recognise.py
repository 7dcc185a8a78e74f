"""Which system a file is for: by what is in it, and by its name only where that leaves it open."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

from tlsaudit.config.apache import signs

TYPES: Final = ("nginx", "haproxy", "apache")
"""What `--type` takes."""
LOOK_AT: Final = 256 * 1024
"""Octets at the start of a file that say what it is."""
_OTHER_LANGUAGES = frozenset(
    [
        ".md",
        ".rst",
        ".txt",
        ".html",
        ".htm",
        ".css",
        ".js",
        ".mjs",
        ".cjs",
        ".ts",
        ".tsx",
        ".jsx",
        ".py",
        ".sh",
        ".bash",
        ".pl",
        ".rb",
        ".go",
        ".rs",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".java",
        ".kt",
        ".php",
        ".lua",
        ".sql",
        ".json",
        ".yaml",
        ".yml",
        ".xml",
        ".toml",
        ".ini",
        ".tf",
        ".csv",
        ".svg",
        ".lock",
        ".pem",
        ".crt",
        ".cer",
        ".key",
        ".der",
        ".p12",
        ".pfx",
        ".log",
        ".patch",
        ".diff",
        ".adoc",
        ".po",
        ".ipynb",
        ".vim",
        ".cs",
        ".swift",
        ".scala",
        ".groovy",
        ".gradle",
        ".cmake",
        ".mk",
        ".proto",
    ]
)
"""Suffixes of files that may quote a configuration and are none."""
_NGINX_NAME = re.compile(r"\Anginx[^/]*\.conf(\.(template|tmpl|j2|tpl|erb))?\Z|\.nginx\Z")
_NGINX_BLOCK = re.compile(
    rb"^[ \t]*(?:http|stream|mail|events|server|upstream[ \t]+\S+|location[ \t]+[^{};\n]+)[ \t\r\n]*\{", re.MULTILINE
)
_NGINX_WORD = re.compile(
    rb"(?:^|[{;])[ \t]*(?:worker_connections|worker_processes|listen|server_name|proxy_pass|fastcgi_pass|grpc_pass"
    rb"|return|include|ssl_(?:protocols|ciphers|certificate|verify_client|preread)|server[ \t]+\S+)\b"
    rb"[^;{}\n]*(?:;|\{\{|\{%)",
    re.MULTILINE,
)
_NGINX_SNIPPET = re.compile(
    rb"^[ \t]*(?:ssl_(?:protocols|ciphers|verify_client|ecdh_curve|conf_command|prefer_server_ciphers)"
    rb"|(?:proxy|grpc|uwsgi)_ssl_\w+)[ \t]+(?:[^;{}\n]+;|[^;{}\n]*(?:\{\{|\{%))",
    re.MULTILINE,
)

_HAPROXY_NAME = re.compile(r"\Ahaproxy[^/]*\.(?:cfg|conf)(\.(template|tmpl|j2|tpl|erb))?\Z")
_HAPROXY_SECTION = re.compile(
    rb"^[ \t]*(?:global|defaults(?:[ \t]+\S+)?|(?:frontend|backend|listen|crt-store)[ \t]+[^\s{};]+)"
    rb"(?:[ \t]+from[ \t]+\S+)?[ \t]*(?:#[^\n]*)?\r?$",
    re.MULTILINE,
)
_HAPROXY_WORD = re.compile(
    rb"^[ \t]*(?:bind|server|mode|balance|default_backend|use_backend|default-server|maxconn|timeout[ \t]+\S+"
    rb"|stats[ \t]+socket|ssl-default-(?:bind|server)-\S+|load[ \t]+crt)[ \t]+[^\n;]+$",
    re.MULTILINE,
)


def recognise(name: str, content: bytes) -> str | None:
    """The type of a file, None where it is none that is read here."""
    path = PurePath(name)
    if b"\0" in content[:LOOK_AT]:
        return _by_name(path)
    text = content[:LOOK_AT]
    if path.suffix.lower() not in _OTHER_LANGUAGES and _HAPROXY_SECTION.search(text) and _HAPROXY_WORD.search(text):
        return "haproxy"
    if path.suffix.lower() not in _OTHER_LANGUAGES and (
        (_NGINX_BLOCK.search(text) and _NGINX_WORD.search(text)) or _NGINX_SNIPPET.search(text)
    ):
        return "nginx"
    if path.suffix.lower() not in _OTHER_LANGUAGES and signs.looks_like(text):
        return "apache"
    return _by_name(path)


def may_be_one(name: str) -> bool:
    """Whether a file of this name could be a configuration, for one that cannot be read."""
    return PurePath(name).suffix.lower() not in _OTHER_LANGUAGES


def _by_name(path: PurePath) -> str | None:
    if _NGINX_NAME.search(path.name):
        return "nginx"
    if _HAPROXY_NAME.search(path.name):
        return "haproxy"
    return "apache" if signs.is_named_so(path.name) else None
