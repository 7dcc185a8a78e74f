"""Commands for the library that a server hands through: ssl_conf_command of nginx, SSLOpenSSLConfCmd of Apache.

They come last, so that they replace what the server's own directives said (SSL_CONF_cmd(3)).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from tlsaudit.config.ciphers import CipherString
from tlsaudit.model.knowledge import Basis, Fact, Known, Unknown, Why

CERTIFICATES = ("certificate", "privatekey", "chaincafile", "chaincapath", "chaincastore")
"""Those that replace the certificate, its key, or what is sent with it."""
VERIFYING_CAS = ("verifycafile", "verifycapath", "verifycastore")
"""Those that replace the CAs by which peers are verified."""
REQUESTED_CAS = ("requestcafile", "requestcapath", "requestcastore", "clientcafile", "clientcapath")
"""Those that replace the CAs that clients are told of."""
VERIFICATION = (*VERIFYING_CAS, "verifymode")
"""Those that replace by which CAs peers are verified, or whether."""
_SAME = {"curves": "groups", "ecdhparameters": "groups"}


class _Placed(Protocol):
    @property
    def basis(self) -> Basis: ...


def command_name(word: str) -> str:
    """The name of a command, one for all that mean the same, of which the last counts."""
    name = word.lower()
    return _SAME.get(name, name)


def replaced(commands: Mapping[str, _Placed] | Unknown, names: Iterable[str], what: str) -> Unknown | None:
    """Why `what` is not as the server's own directives say, where one of these commands is given."""
    if isinstance(commands, Unknown):
        return commands
    found = next((name for name in names if name in commands), None)
    if found is None:
        return None
    return Unknown(Why.UNSUPPORTED, f"{what} replaced by a command for OpenSSL, {found!r} ({commands[found].basis.at})")


def with_level(found: Fact[CipherString], earlier: Iterable[Fact[CipherString]]) -> Fact[CipherString]:
    """A cipher string that replaces earlier ones: the level of theirs stays until another one is set.

    Source: ssl_create_cipher_list (ssl/ssl_ciph.c), where @SECLEVEL sets the level of the context itself.
    """
    if isinstance(found, Unknown) or found.value.security_level is not None:
        return found
    for each in reversed(list(earlier)):
        if isinstance(each, Unknown):
            return each
        if each.value.security_level is not None:
            return Known(replace(found.value, security_level=each.value.security_level), found.basis)
    return found
