"""Parameters for DHE: from the certificate's file, from `global`, or made by HAProxy itself."""

from __future__ import annotations

from tlsaudit.config.assume import Assumptions
from tlsaudit.config.haproxy.files import Files
from tlsaudit.config.haproxy.identity import Group
from tlsaudit.config.haproxy.options import Option
from tlsaudit.config.haproxy.sections import Config
from tlsaudit.config.pem import read_dh
from tlsaudit.model.facts import DhParameters
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

_LONGEST_DIGITS = 6
_SIZED_BY = frozenset({"rsa", "dsa"})
"""Types of keys of which the size is that of the parameters; with others HAProxy makes none."""
_BEFORE_2_6 = Option("tune.ssl.default-dh-param", "2048", Basis(Origin.DEFAULT, ""))
_SIZES = (4096, 2048, 1024)
"""What ssl_get_tmp_dh has, by the size of the RSA key and up to tune.ssl.default-dh-param."""


def dh_of(config: Config, files: Files, group: Group, assume: Assumptions, place: Basis) -> Fact[DhParameters | None]:
    """The parameters; known None where there are none, so that DHE is not offered."""
    own = next((each for each in group.members if each.dh is not None), None)
    if own is not None:
        return Known(own.dh, own.entry.basis)
    for name in ("ssl-dh-param-file", "tune.ssl.default-dh-param"):
        option = config.globals.last(name)
        if isinstance(option, Unknown):
            return option
        if option is not None:
            return _read(files, option) if name.endswith("file") else _made(group, option)
    # A certificate's file that is not here may hold some as well; hardly any does.
    return Known(None, place) if assume.haproxy is None or assume.haproxy >= (2, 6) else _made(group, _BEFORE_2_6)


def _read(files: Files, option: Option) -> Fact[DhParameters | None]:
    content = files.content(option.value)
    if isinstance(content, Unknown):
        return content
    parameters = read_dh(content)
    if parameters is None:
        return Unknown(Why.UNSUPPORTED, f"{option.value[:200]!r} holds no parameters for Diffie-Hellman")
    return Known(parameters, option.basis)


def _made(group: Group, option: Option) -> Fact[DhParameters | None]:
    """The size of the key, up to the number that is set; one of HAProxy's own three groups."""
    if not option.value.isdigit() or len(option.value) > _LONGEST_DIGITS:
        return Unknown(Why.UNSUPPORTED, f"{option.value[:60]!r} is no number of bits ({option.basis.at})")
    bits = int(option.value)
    keys = [leaf.key for each in group.members if (leaf := each.leaf) is not None]
    if keys and all(key.type not in _SIZED_BY for key in keys):
        return Known(None, option.basis)
    bits = min([bits, *(key.bits for key in keys if key.type in _SIZED_BY and key.bits)])
    size = next((each for each in _SIZES if bits >= each), _SIZES[-1])
    made = DhParameters(bits=size, generator=2, is_prime=True, is_safe_prime=True, well_known=True)
    return Known(made, option.basis)
