"""Takes a snapshot from NSS: the roots whose certificates for servers it trusts up to some day only.

    .venv/bin/python -m tools.data.nss_builtins /usr/lib/x86_64-linux-gnu/nss/libnssckbi.so VERSION

The library is a PKCS #11 token with Mozilla's roots as objects; what is asked of them is CKA_NSS_SERVER_DISTRUST_AFTER.
"""

from __future__ import annotations

import csv
import ctypes
import hashlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from tools.data.snapshots import SOURCES, SourceError

_CERTIFICATE = 1
_CLASS, _LABEL, _VALUE = 0x00, 0x03, 0x11
_DISTRUST_AFTER = 0xCE534350 + 35
_SESSION = 4
_MOST = 4096
_FUNCTIONS = {
    "initialize": 0,
    "slots": 4,
    "open": 12,
    "attribute": 24,
    "find_init": 26,
    "find": 27,
}
"""Places in CK_FUNCTION_LIST (PKCS #11 v2.40)."""
_Number = ctypes.c_ulong


class _Attribute(ctypes.Structure):
    _fields_ = (("type", _Number), ("value", ctypes.c_void_p), ("size", _Number))


class _Token:
    def __init__(self, path: str) -> None:
        library, listed = ctypes.CDLL(path), ctypes.c_void_p()
        library.C_GetFunctionList(ctypes.byref(listed))
        if listed.value is None:
            raise SourceError(f"{path} is no PKCS #11 library")
        self._functions = (ctypes.c_void_p * 64).from_address(listed.value + 8)
        self._call("initialize", ctypes.c_void_p())
        slots, count = (_Number * 8)(), _Number(8)
        self._call("slots", ctypes.c_ubyte(0), ctypes.addressof(slots), ctypes.byref(count))
        self._session = _Number()
        nothing = ctypes.c_void_p()
        self._call("open", _Number(slots[0]), _Number(_SESSION), nothing, nothing, ctypes.byref(self._session))

    def certificates(self) -> list[int]:
        """The handles of all certificates."""
        kind = _Number(_CERTIFICATE)
        wanted = _Attribute(_CLASS, ctypes.addressof(kind), ctypes.sizeof(kind))
        found, count = (_Number * _MOST)(), _Number()
        self._call("find_init", self._session, ctypes.byref(wanted), _Number(1))
        self._call("find", self._session, ctypes.addressof(found), _Number(_MOST), ctypes.byref(count))
        return list(found[: count.value])

    def attribute(self, handle: int, kind: int) -> bytes:
        """The value of one attribute; empty where there is none."""
        asked = _Attribute(kind, None, 0)
        if self._call("attribute", self._session, _Number(handle), ctypes.byref(asked), _Number(1), may_fail=True):
            return b""
        content = ctypes.create_string_buffer(asked.size)
        asked.value = ctypes.addressof(content)
        self._call("attribute", self._session, _Number(handle), ctypes.byref(asked), _Number(1))
        return content.raw

    def _call(self, name: str, *arguments: object, may_fail: bool = False) -> int:
        passed = [ctypes.c_void_p(each) if isinstance(each, int) else each for each in arguments]
        function = ctypes.CFUNCTYPE(_Number)(self._functions[_FUNCTIONS[name]] or 0)
        function.argtypes = None  # type: ignore[assignment]
        code = int(function(*passed))
        if code and not may_fail:
            raise SourceError(f"PKCS #11: {name} gave {code:#x}")
        return code


def main() -> int:
    """Write the snapshot; returns the exit code."""
    rows = sorted(_rows(_Token(sys.argv[1])), key=lambda row: (row["after"], row["name"]))
    path = SOURCES / f"nss-{sys.argv[2]}-distrust-after.csv"
    with path.open("w", encoding="ascii", newline="") as file:
        writer = csv.DictWriter(file, ("sha256", "after", "name"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"wrote tools/data/sources/{path.name}: {len(rows)} rows")
    return 0


def _rows(token: _Token) -> Iterator[dict[str, str]]:
    for handle in token.certificates():
        moment = token.attribute(handle, _DISTRUST_AFTER)
        if len(moment) == len("241130235959Z"):
            after = datetime.strptime(moment.decode("ascii"), "%y%m%d%H%M%SZ").replace(tzinfo=UTC)
            name = token.attribute(handle, _LABEL).rstrip(b"\0").decode("utf-8", "replace")
            yield {
                "sha256": hashlib.sha256(token.attribute(handle, _VALUE)).hexdigest(),
                "after": f"{after:%Y-%m-%dT%H:%M:%SZ}",
                "name": name.encode("ascii", "replace").decode("ascii"),
            }


if __name__ == "__main__":
    sys.exit(main())
