"""The files that may be read: those below the scanned root, and nothing a link leads to outside of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from tlsaudit.config.exclude import Exclusion
from tlsaudit.model.errors import DecodeError, InputError

LARGEST = 1024 * 1024
"""Octets of a configuration or certificate file; no product has longer ones."""
MOST_FILES = 100_000
_SKIPPED = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".tox", ".mypy_cache"})
_OF_OTHERS = frozenset({"node_modules", ".venv", ".tox"})
"""Of those that are not looked into: folders of other people's software, which may hold anything."""
_BOM = b"\xef\xbb\xbf"


def is_pattern(word: str) -> bool:
    """Whether a name is a pattern as of glob(3)."""
    return any(sign in word for sign in "*?[")


class Tree:
    """One scanned path, a folder or a single file, and what may be read because of it.

    `root` is the folder, or the folder of the file. Names are shown relative to the working directory where the root
    lies in it, as build servers want them for annotations, else relative to the root.
    """

    def __init__(self, path: Path, exclude: Sequence[str] = ()) -> None:
        try:
            self.start = Path(os.path.realpath(path, strict=True))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a file name"
            raise InputError(f"cannot read {str(path)!r}: {reason}") from None
        self.root = self.start if self.start.is_dir() else self.start.parent
        here = Path.cwd()
        self.leads_out: list[str] = []
        """Links to files outside of the root, which are not followed."""
        self.unread: dict[str, str] = {}
        """Folders and files that may say something and cannot be read, with the reason."""
        self.set_aside: dict[Path, str] = {}
        """Backup copies of configurations, which are read where a configuration includes them; with the names shown."""
        self.quoted: dict[str, str] = {}
        """YAML files that hold the text of a configuration, with its type."""
        self.locked: list[str] = []
        """Files with a private key behind a passphrase."""
        self.not_entered: dict[str, None] = {}
        """Folders of other people's software."""
        self.exclusion = Exclusion(exclude)
        """What nobody wants to be looked at for itself; what a configuration includes is read all the same."""
        self._shown_from = here if self.root.is_relative_to(here) else self.root

    def files(self) -> Iterator[Path]:
        """The file itself, or every file below the folder in the order of their names; folders behind links are not.

        Raises InputError beyond `MOST_FILES`.
        """
        if not self.start.is_dir():
            if not self._is_left_out(self.start):
                yield self.start
            return
        seen = 0
        for folder, names, files in os.walk(self.start, onerror=self._leave_folder):
            self._not_into(Path(folder), names)
            for name in sorted(files):
                if self._is_left_out(Path(folder) / name):
                    continue
                seen += 1
                if seen > MOST_FILES:
                    raise InputError(f"more than {MOST_FILES} files below {str(self.start)!r}")
                yield Path(folder) / name

    def _is_left_out(self, path: Path) -> bool:
        return self.exclusion.leaves_out(path.relative_to(self.root).as_posix(), self.shown(path))

    def _not_into(self, folder: Path, names: list[str]) -> None:
        """Take out of the names of folders those that are not looked into."""
        for name in sorted(_OF_OTHERS.intersection(names)):
            self.not_entered[self.shown(folder / name)] = None
        names[:] = sorted(name for name in names if name not in _SKIPPED)

    def _leave_folder(self, error: OSError) -> None:
        if not self._is_left_out(Path(error.filename) / "*"):
            self._leave(error)

    def _leave(self, error: OSError) -> None:
        self.unread[self.shown(Path(error.filename))] = error.strerror or "cannot be read"

    @property
    def is_repository(self) -> bool:
        """Whether the path lies in a working copy: what is there is shared with everyone who has a copy."""
        return any((folder / ".git").exists() for folder in (self.root, *self.root.parents))

    def inside(self, path: Path) -> Path | None:
        """The real path, where the file is there and below the root; else None."""
        try:
            real = Path(os.path.realpath(path, strict=True))
        except (OSError, ValueError):
            return None
        return real if real.is_relative_to(self.root) else None

    def glob(self, pattern: Path, placed: Callable[[Path], Path | None] | None = None) -> tuple[Path, ...]:
        """The files that a pattern as of glob(3) names, in the order of their names, as far as they are inside.

        `placed` says where the tree has what a link leads to outside of it.
        """
        found = [Path(pattern.anchor)]
        for part in pattern.parts[1:]:
            found = [each for folder in found for each in self._matching(folder, part)]
        here = (each if self.inside(each) is not None or placed is None else placed(each) for each in sorted(found))
        return tuple(each for each in here if each is not None and self.inside(each) is not None)

    def _matching(self, folder: Path, part: str) -> Iterator[Path]:
        if not is_pattern(part):
            yield folder / part
            return
        if self.inside(folder) is None:
            return
        try:
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if fnmatchcase(entry.name, part)]
        except NotADirectoryError:
            return
        except OSError as error:
            self._leave(error)
            return
        yield from (folder / name for name in names if part.startswith(".") or not name.startswith("."))

    def read(self, path: Path) -> bytes:
        """What is in a file that counts, without a byte-order mark; a backup copy is none any more.

        Raises DecodeError where it is no file that may be read.
        """
        content = self.look_at(path)
        self.set_aside.pop(self.inside(path) or path, None)
        return content

    def look_at(self, path: Path) -> bytes:
        """What is in a file, whether or not it counts. Raises DecodeError as `read` does."""
        shown = self.shown(path)
        real = self.inside(path)
        if real is None:
            raise DecodeError(shown, "not below the scanned folder")
        try:
            # Opened without waiting: a pipe in the tree must not stop the run.
            descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise DecodeError(shown, "not a regular file")
                content = file.read(LARGEST + 1)
        except OSError as error:
            problem = "not a regular file" if error.errno == errno.ENXIO else error.strerror  # a socket
            raise DecodeError(shown, problem or "cannot be read") from None
        if len(content) > LARGEST:
            raise DecodeError(shown, f"larger than {LARGEST // 1024} kB")
        return content.removeprefix(_BOM)

    def head(self, path: Path, octets: int) -> bytes:
        """How a file begins, whatever its size; nothing where it cannot be read."""
        real = self.inside(path)
        if real is None or not real.is_file():
            return b""
        try:
            with real.open("rb") as file:
                return file.read(octets).removeprefix(_BOM)
        except OSError:
            return b""

    def mode(self, path: Path) -> int:
        """The permissions of a file. Raises DecodeError where it is not there any more."""
        try:
            return stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            raise DecodeError(self.shown(path), error.strerror or "cannot be read") from None

    def shown(self, path: Path) -> str:
        """The name of a file in reports, with slashes; octets in it that are not UTF-8 are written out."""
        base = next((each for each in (self._shown_from, self.root) if path.is_relative_to(each)), None)
        name = path.as_posix() if base is None else path.relative_to(base).as_posix()
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
