"""Reading and writing the presentation language of TLS (RFC 8446 section 3): integers, vectors, lists.

Every `pull` checks its bounds and raises DecodeError naming the structure; every `push` has its `pull`. Writing a
value that does not fit its field is a mistake of the caller and raises ValueError or OverflowError.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from tlsaudit.model.errors import DecodeError

Item = TypeVar("Item")


class Reader:
    """Reads `data` from its start; `where` is the RFC's name of the structure, for errors."""

    __slots__ = ("_at", "_data", "where")

    def __init__(self, data: bytes, where: str) -> None:
        self._data = data
        self._at = 0
        self.where = where

    @property
    def remaining(self) -> int:
        """Number of bytes not read yet."""
        return len(self._data) - self._at

    @property
    def position(self) -> int:
        """Number of bytes read."""
        return self._at

    def error(self, problem: str) -> DecodeError:
        """A DecodeError that names this structure, to be raised by the caller."""
        return DecodeError(self.where, problem)

    def pull_bytes(self, length: int) -> bytes:
        """The next `length` bytes."""
        if length > self.remaining:
            raise self.error(f"needs {length} bytes where {self.remaining} are left")
        start, self._at = self._at, self._at + length
        return self._data[start : self._at]

    def pull_uint(self, size: int) -> int:
        """An unsigned integer of `size` bytes in network order."""
        return int.from_bytes(self.pull_bytes(size), "big")

    def pull_u8(self) -> int:
        """One byte."""
        return self.pull_uint(1)

    def pull_u16(self) -> int:
        """Two bytes."""
        return self.pull_uint(2)

    def pull_u24(self) -> int:
        """Three bytes."""
        return self.pull_uint(3)

    def pull_u32(self) -> int:
        """Four bytes."""
        return self.pull_uint(4)

    def pull_opaque(self, prefix: int, *, at_least: int = 0, at_most: int | None = None) -> bytes:
        """A variable-length vector whose length stands before it in `prefix` bytes."""
        length = self.pull_uint(prefix)
        if length < at_least:
            raise self.error(f"vector of {length} bytes where at least {at_least} are required")
        if at_most is not None and length > at_most:
            raise self.error(f"vector of {length} bytes where at most {at_most} are allowed")
        return self.pull_bytes(length)

    def pull_block(self, prefix: int, where: str | None = None) -> Reader:
        """A reader over a variable-length vector."""
        return Reader(self.pull_opaque(prefix), where or self.where)

    def pull_list(
        self, prefix: int, pull: Callable[[Reader], Item], *, at_least: int = 0, at_most: int | None = None
    ) -> tuple[Item, ...]:
        """The items of a variable-length vector; `at_least` and `at_most` count items."""
        block = self.pull_block(prefix)
        items: list[Item] = []
        while block.remaining:
            if at_most is not None and len(items) == at_most:
                raise self.error(f"list of more than {at_most} entries")
            items.append(pull(block))
        if len(items) < at_least:
            raise self.error(f"list of {len(items)} entries where at least {at_least} are required")
        return tuple(items)

    def pull_rest(self) -> bytes:
        """All that is left."""
        return self.pull_bytes(self.remaining)

    def end(self) -> None:
        """Everything must have been read."""
        if self.remaining:
            raise self.error(f"{self.remaining} bytes too many")


class Writer:
    """Collects the bytes of a structure."""

    __slots__ = ("_data",)

    def __init__(self) -> None:
        self._data = bytearray()

    def data(self) -> bytes:
        """What was written so far."""
        return bytes(self._data)

    def push_bytes(self, data: bytes) -> None:
        """`data` as it is."""
        self._data += data

    def push_uint(self, size: int, value: int) -> None:
        """An unsigned integer in `size` bytes, in network order."""
        self._data += value.to_bytes(size, "big")

    def push_u8(self, value: int) -> None:
        """One byte."""
        self.push_uint(1, value)

    def push_u16(self, value: int) -> None:
        """Two bytes."""
        self.push_uint(2, value)

    def push_u24(self, value: int) -> None:
        """Three bytes."""
        self.push_uint(3, value)

    def push_u32(self, value: int) -> None:
        """Four bytes."""
        self.push_uint(4, value)

    def push_opaque(self, prefix: int, data: bytes) -> None:
        """A variable-length vector, its length before it in `prefix` bytes."""
        self.push_uint(prefix, len(data))
        self.push_bytes(data)

    @contextmanager
    def push_block(self, prefix: int) -> Iterator[None]:
        """What is written inside becomes a variable-length vector."""
        outer, self._data = self._data, bytearray()
        try:
            yield
        finally:
            inner, self._data = self._data, outer
        self.push_opaque(prefix, bytes(inner))

    def push_codes(self, prefix: int, size: int, codes: Sequence[int]) -> None:
        """A variable-length vector of integers of one or two bytes each."""
        kind = "B" if size == 1 else "H"
        try:  # all at once: offers of hundreds of suites are most of what is sent
            data = struct.pack(f"!{len(codes)}{kind}", *codes)
        except struct.error as error:
            raise OverflowError(str(error)) from None
        self.push_opaque(prefix, data)

    def push_list(self, prefix: int, items: Iterable[Item], push: Callable[[Item], None]) -> None:
        """The items as a variable-length vector; `push` is a bound method of this writer, or uses it."""
        with self.push_block(prefix):
            for item in items:
                push(item)
