"""What files for Apache httpd look like."""

from __future__ import annotations

import re

_NAME = re.compile(r"\A(?:apache2?|httpd)(?:-[^/]*)?\.conf(\.(template|tmpl|j2|tpl|erb))?\Z")
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


def looks_like(content: bytes) -> bool:
    """Whether what is in the file says it."""
    return any(sign.search(content) for sign in (_TLS, _MODULE, _INCLUDE, _LISTEN, _PASSES)) or (
        _HOST.search(content) is not None and _IN_HOST.search(content) is not None
    )
