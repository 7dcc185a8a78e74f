"""What the parts of the Apache reader share: the tree, the assumptions, the evaluator, the trust stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tlsaudit.config.apache import defaults
from tlsaudit.config.apache.files import Files
from tlsaudit.config.apache.scope import Level, Setting
from tlsaudit.config.ciphers import TLS_1_3_DEFAULT, CipherString, tls_1_3_suites
from tlsaudit.config.commands import command_name, with_level
from tlsaudit.config.found import Context
from tlsaudit.config.tree import Tree
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.knowledge import Basis, Fact, Known, Unknown, Why

Commands = Mapping[str, Setting] | Unknown
"""SSLOpenSSLConfCmd by lower-case name, the last of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One main file being read; relative names start at `home`, or where ServerRoot is."""

    tree: Tree
    files: Files
    home: Path
    context: Context
    root: str | None = None

    def path(self, word: str) -> Path | None:
        """The file or folder that a directive names, where the tree has it."""
        return self.files.find(word, self.home, self.root)

    def content(self, word: str) -> bytes | Unknown:
        """What is in a file that a directive names."""
        path = self.path(word)
        if path is None:
            return Unknown(Why.NOT_ASKED, f"{word[:200]!r} is not in the scanned tree")
        try:
            return self.tree.read(path)
        except DecodeError as error:
            return Unknown(Why.UNRESOLVED, str(error))

    def cipher_string(self, text: str, basis: Basis) -> Fact[CipherString]:
        """A cipher string, evaluated with what mod_ssl puts behind it."""
        found = self.context.evaluator.evaluate(text + defaults.NO_NULL)
        if found.system:
            return Unknown(Why.UNRESOLVED, f"what {text[:80]!r} means is up to the machine ({basis.at})")
        if found.problem is not None:
            return Unknown(Why.UNSUPPORTED, f"{found.problem}, so that the server does not start ({basis.at})")
        return Known(replace(found, text=text), basis)


def ciphers_of(reading: Reading, level: Level, name: str, commands: Commands, place: Basis) -> Fact[CipherString]:
    """SSLCipherSuite or SSLProxyCipherSuite for TLS 1.2 and older, which SSLOpenSSLConfCmd replaces."""
    if isinstance(commands, Unknown):
        return commands
    command = commands.get("cipherstring")
    if command is None:
        return _ciphers_of(reading, level, name, place)
    every = level.all("sslopensslconfcmd")
    given = every if not isinstance(every, Unknown) else ()
    strings = [each for each in given if len(each.args) == 2 and each.args[0].lower() == "cipherstring"]
    *earlier, last = (reading.cipher_string(each.args[1], each.basis) for each in strings)
    return with_level(last, (_ciphers_of(reading, level, name, place), *earlier))


def _ciphers_of(reading: Reading, level: Level, name: str, place: Basis) -> Fact[CipherString]:
    """The string of the directive."""
    setting = level.setting(name, lambda each: len(each.args) < 2 or each.word.upper() == "SSL")
    if isinstance(setting, Unknown):
        return setting
    if setting is None:
        return reading.cipher_string(defaults.CIPHERS, place)
    return reading.cipher_string(setting.args[-1] if setting.args else "", setting.basis)


def suites_1_3_of(level: Level, name: str, commands: Commands, place: Basis) -> Fact[tuple[int, ...]]:
    """The suites of TLS 1.3, which have a line of their own."""
    if isinstance(commands, Unknown):
        return commands
    found = commands.get("ciphersuites") or level.setting(
        name, lambda each: len(each.args) > 1 and each.word.upper() == "TLSV1.3"
    )
    if isinstance(found, Unknown):
        return found
    if found is None:
        return Known(TLS_1_3_DEFAULT, place)
    suites, unknown = tls_1_3_suites(found.args[1])
    if unknown:
        return Unknown(Why.UNSUPPORTED, f"{unknown[0][:60]!r} is no suite of TLS 1.3 ({found.basis.at})")
    return Known(suites, found.basis)


def commands_of(level: Level) -> Commands:
    """SSLOpenSSLConfCmd here and around: outer ones first, so that the last one counts."""
    found = level.all("sslopensslconfcmd")
    if isinstance(found, Unknown):
        return found
    return {command_name(each.args[0]): each for each in found if len(each.args) == 2}
