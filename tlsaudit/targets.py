"""Target lists: what a user gives on the command line, in a file or on standard input, as targets in order."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from tlsaudit.model.errors import InputError
from tlsaudit.model.target import Target, parse_target

_LONGEST_LIST = 64 * 1024 * 1024
_BYTE_ORDER_MARK = "\ufeff"
_NETWORK = re.compile(
    r"(?P<scheme>[a-z0-9+]+://)?\[?(?P<network>[0-9A-Fa-f:.]+)\]?/(?P<bits>\d{1,3})\]?(?P<rest>[:?].*)?\Z"
)
"""A network of addresses: `10.0.0.0/24`, `10.0.0.0/24:8443`, `2001:db8::/120`, `[2001:db8::]/120:8443`."""
_LARGE = 1024
_LARGEST = 1 << 20
"""Addresses. A run over more is no audit but a census of the Internet, and its targets alone would fill the memory."""
_COMMENT = re.compile(r"(?:^|\s)#")


def read_targets(arguments: Iterable[str], stdin: TextIO | None, *, large: bool = False) -> tuple[Target, ...]:
    """The targets that `arguments` name: each a target, a network, `@FILE`, or `-` for standard input.

    Doubles count once. A list has one target a line; empty lines and what follows a `#` at the start or after a space
    are skipped. Networks of more than 1,024 addresses in all are refused unless `large`. `stdin` is None where the
    process has none. Raises InputError with the number of the bad line, or where there is no target at all.
    """
    found: dict[str, Target] = {}
    reader = TargetReader(large=large)
    for target in reader.all(arguments, stdin):
        found.setdefault(target.id, target)
    if not found:
        raise InputError("no targets: the list is empty")
    return tuple(found.values())


def are_named(arguments: Iterable[str]) -> bool:
    """Whether `arguments` name each target by itself: none is a list or a network."""
    return not any(each == "-" or each.startswith("@") or _NETWORK.match(each.strip()) for each in arguments)


class TargetReader:
    """Reads targets, and counts the addresses of the networks among them."""

    def __init__(self, *, large: bool) -> None:
        self._large = large
        self._addresses = 0

    def all(self, arguments: Iterable[str], stdin: TextIO | None) -> Iterator[Target]:
        """What `arguments` name, in order."""
        for argument in arguments:
            if argument == "-":
                yield from self._lines("standard input", _read_stream(stdin))
            elif argument.startswith("@"):
                yield from self._lines(argument[1:], _read(Path(argument[1:])))
            else:
                yield from self.one(argument)

    def _lines(self, name: str, text: str) -> Iterator[Target]:
        if len(text) > _LONGEST_LIST:
            raise InputError(f"{name}: the target list is longer than {_LONGEST_LIST} characters")
        for number, line in enumerate(text.removeprefix(_BYTE_ORDER_MARK).split("\n"), start=1):
            target = _COMMENT.split(line, maxsplit=1)[0].strip()
            if not target:
                continue
            try:
                yield from self.one(target)
            except InputError as error:
                raise InputError(f"{name} line {number}: {error}") from None

    def one(self, text: str) -> Iterator[Target]:
        """The target, or every address of the network, that `text` names."""
        match = _NETWORK.match(text.strip())
        if match is None:
            yield parse_target(text)
            return
        try:
            network = ipaddress.ip_network(f"{match['network']}/{match['bits']}")
        except ValueError as error:
            raise InputError(f"target {text!a} is not a network of addresses: {error}") from None
        self._addresses += network.num_addresses
        if self._addresses > _LARGEST:
            raise InputError(f"{network} is too large: a run has at most {_LARGEST:,} addresses of networks")
        if self._addresses > _LARGE and not self._large:
            many = f"{network} brings the addresses of networks to {self._addresses:,}"
            raise InputError(f"{many}; if you mean to audit more than {_LARGE:,}, say so with --yes-large")
        host = f"[{network[0]}]" if network.version == 6 else str(network[0])
        first = parse_target(f"{match['scheme'] or ''}{host}{match['rest'] or ''}")
        for address in network:
            yield replace(first, host=str(address))


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_LONGEST_LIST + 1)
    except OSError as error:
        raise InputError(f"cannot read the target list {str(path)!r}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"the target list {str(path)!r} is not UTF-8 text") from None


def _read_stream(stdin: TextIO | None) -> str:
    if stdin is None:
        raise InputError("cannot read the target list from standard input: it is closed")
    try:
        return stdin.read(_LONGEST_LIST + 1)
    except OSError as error:
        raise InputError(f"cannot read the target list from standard input: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError("the target list on standard input is not UTF-8 text") from None
