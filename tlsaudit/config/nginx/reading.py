"""What the parts of the nginx reader share: the tree, the assumptions, the evaluator, the trust stores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tlsaudit.config.assume import Assumptions
from tlsaudit.config.ciphers import CipherString, Evaluator
from tlsaudit.config.found import Anchors
from tlsaudit.config.nginx.files import Files
from tlsaudit.config.nginx.scope import Scope, Setting, variable
from tlsaudit.config.nginx.shipped import dh_of as dh_shipped
from tlsaudit.config.tree import Tree
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.facts import DhParameters
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One file being read; relative names start at `base`.

    `whole`: it is a main file, so that nothing around it says more.
    """

    tree: Tree
    files: Files
    base: Path
    whole: bool
    assume: Assumptions
    evaluator: Evaluator
    anchors: Anchors

    def content(self, word: str) -> bytes | Unknown:
        """What is in a file that a directive names."""
        if "$" in word:
            return Unknown(Why.UNRESOLVED, f"the file name has a variable in it: {word[:200]!r}")
        path = self.files.find(word, self.base)
        if path is None:
            return Unknown(Why.NOT_ASKED, f"{word[:200]!r} is not in the scanned tree")
        try:
            return self.tree.read(path)
        except DecodeError as error:
            return Unknown(Why.UNRESOLVED, str(error))

    def cipher_string(self, scope: Scope, name: str, default: str, place: Basis) -> Fact[CipherString]:
        """The cipher string that holds, evaluated; the default where the text is silent."""
        setting = settled(scope.setting(name))
        if isinstance(setting, Unknown):
            return setting
        return self.evaluated(setting.word, setting.basis) if setting is not None else self.evaluated(default, place)

    def evaluated(self, text: str, basis: Basis) -> Fact[CipherString]:
        """What a cipher string means."""
        found = self.evaluator.evaluate(text)
        if found.system:
            return Unknown(Why.UNRESOLVED, f"what {text[:80]!r} means is up to the machine ({basis.at})")
        if found.problem is not None:
            return Unknown(Why.UNSUPPORTED, f"{found.problem}, so that the server does not start ({basis.at})")
        return Known(found, basis)


def settled(setting: Setting | Unknown | None) -> Setting | Unknown | None:
    """The setting, unknown where it has a variable in it."""
    if isinstance(setting, Setting):
        return variable(setting) or setting
    return setting


def read_protocols(
    setting: Setting | Unknown | None,
    names: dict[str, ProtocolVersion],
    default: tuple[ProtocolVersion, ...],
    place: Basis,
) -> Fact[dict[ProtocolVersion, Basis]]:
    """The versions that the directives name, each with its basis: one that is repeated adds to the ones before it.

    Source: ngx_conf_set_bitmask_slot (src/core/ngx_conf_file.c), which sets bits and refuses no second directive.
    """
    if isinstance(setting, Unknown):
        return setting
    if setting is None:
        return Known(dict.fromkeys(default, place), place)
    found: dict[ProtocolVersion, Basis] = {}
    known = {name.lower(): version for name, version in names.items()}  # nginx compares without regard to case
    for directive in setting.directives:
        basis = Basis(setting.origin, directive.at)
        versions = {each: known.get(each.lower()) for each in directive.args}
        for each, version in versions.items():
            if version is None:
                return Unknown(Why.UNSUPPORTED, f"{each[:60]!r} is no protocol version ({basis.at})")
            found.setdefault(version, basis)
    return Known({version: found[version] for version in sorted(found, key=lambda each: each.rank)}, setting.basis)


def read_flag(setting: Setting | Unknown | None, place: Basis, *, default: bool = False) -> Fact[bool]:
    """Whether a directive says on."""
    setting = settled(setting)
    if isinstance(setting, Unknown):
        return setting
    return Known(default, place) if setting is None else Known(setting.word.lower() == "on", setting.basis)


def dh_of(reading: Reading, scope: Scope, place: Basis) -> Fact[DhParameters | None]:
    """The parameters of ssl_dhparam; known None where there are none."""
    from tlsaudit.config.pem import read_dh  # noqa: PLC0415 - cryptography is loaded where a file is named

    setting = settled(scope.setting("ssl_dhparam"))
    if isinstance(setting, Unknown):
        return setting
    if setting is None:
        return Known(None, place)
    content = reading.content(setting.word)
    if isinstance(content, Unknown):
        shipped = dh_shipped(setting.word)
        return content if shipped is None else Known(shipped, Basis(Origin.DEFAULT, setting.basis.at))
    parameters = read_dh(content)
    if parameters is None:
        return Unknown(Why.UNSUPPORTED, f"{setting.word[:200]!r} holds no parameters for Diffie-Hellman")
    return Known(parameters, setting.basis)
