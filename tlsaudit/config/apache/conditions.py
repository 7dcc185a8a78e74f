"""Sections that hold or not when the configuration is read: modules, definitions, versions, files.

The answer has three values: what is left to the command line, or to files that are not here, is not known.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.assume import Version

CONDITIONS = frozenset({"ifmodule", "ifdefine", "ifversion", "iffile", "ifdirective", "ifsection"})
NEWEST: Version = (2, 4, 71)
"""The release of November 2026; what is said of versions is measured against it where none is assumed."""
_BUILT_IN = frozenset({"core", "so", "http", "version", "unixd", "log_config", "watchdog", "logio"})
"""Modules that nobody has to load."""
_PREMISE = frozenset({"ssl"})
"""A file that says nothing of modules is read as one for a server that speaks TLS."""
_VERSION = re.compile(r"(?P<sign>!?)(?P<how>[<>=~]*)\s*(?P<version>[0-9]+(?:\.[0-9]+){0,2})?")
_COMPARE: Mapping[str, Callable[[Version, Version], bool]] = {
    "": operator.eq,
    "=": operator.eq,
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(slots=True)
class State:
    """What is known while a configuration is read, in its order. `complete`: no file is missing that may load more."""

    version: Version | None
    defines: dict[str, str | None] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    complete: bool = True

    def copy(self) -> State:
        """The same, for a file that is read as another one goes on."""
        return replace(self, defines=dict(self.defines), modules=set(self.modules))

    def load(self, directive: Directive) -> None:
        """LoadModule ssl_module ..."""
        self.modules.add(_module(directive.word))

    def has_module(self, name: str) -> bool | None:
        """Whether a module is loaded, None where that is left open."""
        module = _module(name)
        if module in self.modules or module in _BUILT_IN:
            return True
        if not self.modules:
            return True if module in _PREMISE else None
        return False if self.complete else None

    def holds(self, section: Directive, exists: Callable[[str], bool | None]) -> bool | None:
        """Whether what is in a conditional section counts."""
        word = section.word
        negated, name = word.startswith("!"), word.removeprefix("!")
        match section.name:
            case "ifmodule":
                found = self.has_module(name)
            case "ifdefine":
                found = True if name in self.defines else None
            case "ifversion":
                return _compares(section.raw, self.version or NEWEST)
            case "iffile":
                found = exists(name)
            case _:
                found = None
        return found if found is None else found is not negated


def _module(name: str) -> str:
    """Both names of a module are one: ssl_module, mod_ssl.c."""
    return name.removeprefix("mod_").removesuffix(".c").removesuffix("_module")


def _compares(raw: str, version: Version) -> bool | None:
    """Numbers that are left out are 0, in the section as of mod_version."""
    found = _VERSION.fullmatch(raw.strip())
    if found is None or found["version"] is None or found["how"] not in _COMPARE:
        return None
    wanted = tuple(int(number) for number in found["version"].split("."))
    holds = _COMPARE[found["how"]](_padded(version), _padded(wanted))
    return not holds if found["sign"] else holds


def _padded(version: Version) -> Version:
    return (*version, 0, 0)[:3]
