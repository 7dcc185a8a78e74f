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
        ".nix",
        ".vtc",
        ".pp",
        ".robot",
        ".feature",
        ".markdown",
        ".tex",
        ".texi",
    ]
)
"""Suffixes of files that may quote a configuration and are none."""
_TEMPLATES = frozenset({".j2", ".tmpl", ".tpl", ".template", ".erb", ".in"})
"""Suffixes that come behind that of what a template makes."""
_BACKUP = re.compile(
    r"~\Z|\A#.*#\Z|\.(?:bak|back|backup|old|orig|save|saved|rej|swp|swo|swn|disabled|dpkg-\w+|ucf-\w+|rpm(?:new|save|orig)"
    r"|pac(?:new|save|orig)|apk-new)(?:[-._]?[0-9][-._0-9T:Z]*)?\Z",
    re.IGNORECASE,
)
_TOLD_ABOUT = re.compile(
    r"(?:\A|\.)README(?:\.|\Z)|\A(?:readme|changelog|NEWS|CHANGES)\Z"
    r"|\A(?:Dockerfile|Containerfile|Vagrantfile|Jenkinsfile|Makefile|Rakefile|Gemfile)(?:\.[^/]*)?\Z"
    r"|\.(?:Dockerfile|dockerfile|containerfile)\Z"
)
"""Names of texts for people, and of programs without a suffix, which write configurations rather than being some."""
_PROGRAM = re.compile(rb"\A#![ \t]*/(?![^\n]*(?:nginx|haproxy|httpd|apache))")
"""The first line of a script (execve(2)); HAProxy's own file may begin so, with HAProxy as what runs it."""
_MANUAL = re.compile(rb"^\.(?:TH|Dd)[ \t]", re.MULTILINE)
"""The title of a manual page: man(7), mdoc(7)."""
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
    rb"^[ \t]*(?:ssl_(?:protocols|ciphers|verify_client|ecdh_curve|conf_command|prefer_server_ciphers"
    rb"|certificate|certificate_key|client_certificate|trusted_certificate|dhparam|session_tickets|session_cache)"
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
    text = _of_wide(content[:LOOK_AT])
    if b"\0" in text:
        return _by_name(path)
    if signs.is_folder_with_tls(path.name, text):
        return "apache"
    found = None if _is_of_another_language(path) or _is_about(text) else _by_content(text)
    return found or _by_name(path)


def quoted(name: str, content: bytes) -> str | None:
    """The type of the text that a YAML file holds, such as a ConfigMap; None where it holds none."""
    text = content[:LOOK_AT]
    # Lines are kept in block scalars only, and most YAML has none.
    may_hold = _suffix(PurePath(name)) in {".yaml", ".yml"} and (b"|" in text or b">" in text)
    return _by_content(text) if may_hold else None


def may_be_one(name: str) -> bool:
    """Whether a file of this name could be a configuration, for one that cannot be read."""
    return not (is_backup(name) or _is_of_another_language(PurePath(name)))


def is_backup(name: str) -> bool:
    """Whether editors, package managers or people give such names to what no server is meant to read any more."""
    return _BACKUP.search(name) is not None


def _is_of_another_language(path: PurePath) -> bool:
    return _suffix(path) in _OTHER_LANGUAGES or _TOLD_ABOUT.search(path.name) is not None


def _of_wide(text: bytes) -> bytes:
    """Of UTF-16, with a byte-order mark or without, the ASCII in it: no server reads that, and that is to be said."""
    halves = (text[::2], text[1::2])
    zeros, other = sorted(halves, key=lambda half: -half.count(0))
    is_wide = len(zeros) > 1 and zeros.count(0) * 10 >= len(zeros) * 9 and 0 not in other
    return other if is_wide else text


def _is_about(text: bytes) -> bool:
    """Whether it is a script or a manual, which quote configurations."""
    return _PROGRAM.match(text) is not None or _MANUAL.search(text[:4096]) is not None


def _suffix(path: PurePath) -> str:
    """The suffix, of a template that of what it makes."""
    suffixes = [each.lower() for each in path.suffixes]
    while suffixes and suffixes[-1] in _TEMPLATES:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _by_content(text: bytes) -> str | None:
    if _HAPROXY_SECTION.search(text) and _HAPROXY_WORD.search(text):
        return "haproxy"
    if (_NGINX_BLOCK.search(text) and _NGINX_WORD.search(text)) or _NGINX_SNIPPET.search(text):
        return "nginx"
    return "apache" if signs.looks_like(text) else None


def _by_name(path: PurePath) -> str | None:
    if _NGINX_NAME.search(path.name):
        return "nginx"
    if _HAPROXY_NAME.search(path.name):
        return "haproxy"
    return "apache" if signs.is_named_so(path.name) else None
