"""What files for Apache httpd look like."""

from __future__ import annotations

import re

_NAME = re.compile(r"\A(?:apache2?|httpd)(?:-[^/]*)?\.conf(\.(template|tmpl|j2|tpl|erb))?\Z")
_FOLDER = ".htaccess"
_IN_FOLDER = re.compile(
    rb"^[ \t]*(?:SSL\w+[ \t]|RewriteRule[ \t].*\[[^\]\n]*\bP\b|SetHandler[ \t]+\"?proxy:"
    rb"|Header[ \t].*Strict-Transport-Security)",
    re.MULTILINE | re.IGNORECASE,
)
_TLS = re.compile(
    rb"^[ \t]*SSL(?:Engine|Protocol|CipherSuite|CertificateFile|CertificateKeyFile|VerifyClient|HonorCipherOrder"
    rb"|OpenSSLConfCmd|UseStapling|SessionTickets|Policy|CACertificateFile|Proxy\w+)[ \t]+[^\s{;=][^;\n]*$",
    re.MULTILINE | re.IGNORECASE,
)
_MODULE = re.compile(rb"^[ \t]*LoadModule[ \t]+\w+_module[ \t]+\S", re.MULTILINE | re.IGNORECASE)
_INCLUDE = re.compile(rb"^[ \t]*IncludeOptional[ \t]+\S", re.MULTILINE | re.IGNORECASE)
_HOST = re.compile(rb"^[ \t]*<VirtualHost[ \t]+[^>\n]+>", re.MULTILINE | re.IGNORECASE)
_IN_HOST = re.compile(
    rb"^[ \t]*(?:DocumentRoot|ServerAlias|ProxyPass|RewriteEngine|Redirect|CustomLog|ErrorLog|Use|Include)\b",
    re.MULTILINE | re.IGNORECASE,
)
_PASSES = re.compile(
    rb"^[ \t]*(?:ProxyPass(?:Match|Reverse)?|BalancerMember)[ \t][^;\n]*[\w}]+://[^;\n]*$"
    rb"|^[ \t]*RewriteRule[ \t][^;\n]*\[[^\]\n]*\bP\b[^\]\n]*\][ \t\r]*$"
    rb"|^[ \t]*SetHandler[ \t]+\"?proxy:[^;\n]*$",
    re.MULTILINE | re.IGNORECASE,
)
_LISTEN = re.compile(rb"^[ \t]*Listen[ \t]+(?:[\w.:\[\]-]+:)?\d+[ \t]*(?:https?)?[ \t]*\r?$", re.MULTILINE)


def is_named_so(name: str) -> bool:
    """Whether the name alone says it."""
    return _NAME.search(name) is not None


def is_of_a_folder(name: str) -> bool:
    """Whether a file is one for the folder that it lies in."""
    return name == _FOLDER


def is_folder_with_tls(name: str, content: bytes) -> bool:
    """Whether such a file says anything that is read here."""
    return is_of_a_folder(name) and _IN_FOLDER.search(content) is not None


def looks_like(content: bytes) -> bool:
    """Whether what is in the file says it."""
    return any(sign.search(content) for sign in (_TLS, _MODULE, _INCLUDE, _LISTEN, _PASSES)) or (
        _HOST.search(content) is not None and _IN_HOST.search(content) is not None
    )
