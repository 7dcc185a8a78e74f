"""Reads tables of pointers out of a 64-bit little-endian ELF program: just enough for compiled-in data."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from tools.data.snapshots import SourceError

_LOAD, _DYNAMIC = 1, 2
_RELA, _RELA_SIZE = 7, 8
_RELATIVE = 8
"""R_X86_64_RELATIVE: the word is an address of the program itself."""


class Program:
    """A program by its virtual addresses; `targets` are the pointers in it, by where they stand."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._data[:6] != b"\x7fELF\x02\x01":
            raise SourceError(f"{path} is no 64-bit little-endian ELF program")
        start, size, count = *struct.unpack_from("<Q", self._data, 32), *struct.unpack_from("<HH", self._data, 54)
        headers = [struct.unpack_from("<IIQQQQQQ", self._data, start + size * index) for index in range(count)]
        self._loads = [(each[3], each[2], each[5]) for each in headers if each[0] == _LOAD]
        dynamic = next(each for each in headers if each[0] == _DYNAMIC)
        tags = dict(struct.iter_unpack("<QQ", self._data[dynamic[2] : dynamic[2] + dynamic[5]]))
        place = self.offset(tags[_RELA])
        relocations = struct.iter_unpack("<QQq", self._data[place : place + tags[_RELA_SIZE]])
        self.targets = {at: target for at, info, target in relocations if info & 0xFFFFFFFF == _RELATIVE}

    def offset(self, address: int) -> int:
        """Where an address lies in the file."""
        for start, offset, size in self._loads:
            if start <= address < start + size:
                return int(address - start + offset)
        raise SourceError(f"address {address:#x} is not in the file")

    def holds(self, address: int) -> bool:
        """Whether the file has something at an address."""
        return any(start <= address < start + size for start, _, size in self._loads)

    def read(self, address: int, size: int) -> bytes:
        """Bytes at an address."""
        place = self.offset(address)
        return self._data[place : place + size]

    def word(self, address: int) -> int:
        """The unsigned word of eight bytes at an address."""
        return int.from_bytes(self.read(address, 8), "little")

    def text(self, address: int) -> str:
        """The string that ends with a zero byte."""
        place = self.offset(address)
        return self._data[place : self._data.find(b"\0", place)].decode()
