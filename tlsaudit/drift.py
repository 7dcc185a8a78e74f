"""A listener of a configuration file compared with the endpoint that it is for. Pure: only the model.

What one of the two does not know is no difference: it is `unknown`, with the reason. What the file leaves to a default
of the product counts only where the product's version is assumed, since nobody else knows which default holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tlsaudit.model.difference import Drift, DriftKind, FactChange
from tlsaudit.model.document import BasisPart, FactsPart, Location, SeverityName, Subject

_MODERN: Final = ("TLSv1.2", "TLSv1.3")
_OF_SESSION: Final[Mapping[str, SeverityName]] = {"compression": "high", "session_ticket": "low"}
_STRENGTH: Final = {"none": 0, "optional": 1, "required": 2}
DECISIVE: Final = ("protocols", "client_auth.mode")
"""What has to be known on both sides for two to be compared at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """What differs, and what could not be compared, by path with the reason.

    `at_stake`: how severe what differs may be at a path that one of the two does not know.
    """

    found: tuple[Drift, ...]
    unknown: Mapping[str, str]
    at_stake: Mapping[str, SeverityName]


def compare(file: Subject, wire: Subject, *, assumed: bool) -> Drifted:
    """The differences between a listener and its endpoint, both of which have facts."""
    assert file.facts is not None
    assert wire.facts is not None
    pair = _Pair(file, wire, file.facts, wire.facts, assumed)
    found = [
        *pair.protocols(),
        *pair.suites(),
        *pair.groups(),
        *pair.client_auth(),
        *pair.certificates(),
        *pair.hsts(),
        *pair.alpn(),
        *pair.order(),
        *pair.sessions(),
        *pair.stapling(),
    ]
    return Drifted(found=tuple(found), unknown=pair.unknown, at_stake=pair.at_stake)


def as_fact(drift: Drift) -> FactChange:
    """The same in the form of other differences: the file is what was, the wire what is."""
    if drift.added or drift.removed:
        return FactChange(path=drift.path, added=drift.added, removed=drift.removed)
    return FactChange(path=drift.path, old=drift.file, new=drift.wire)


class _Pair:
    """One listener and its endpoint, path by path; `unknown` and `at_stake` fill as they are compared."""

    def __init__(self, file: Subject, wire: Subject, here: FactsPart, there: FactsPart, assumed: bool) -> None:
        self._file, self._wire = file, wire
        self._here, self._there = here, there
        self._assumed = assumed
        self.unknown: dict[str, str] = {}
        self.at_stake: dict[str, SeverityName] = {}

    def protocols(self) -> Iterator[Drift]:
        for version, ours in self._here.protocols.items():
            theirs = self._there.protocols.get(version, "unknown")
            path = f"protocols.{version}"
            if self._is_open(path, "high") or ours == theirs or "unknown" in {ours, theirs}:
                continue
            if self._is_default_here("protocols"):
                self.unknown[path] = self._default_words("protocols")
                continue
            on_wire = theirs == "accepted"
            kind: DriftKind = "on_wire_not_in_file" if on_wire else "in_file_not_on_wire"
            severity: SeverityName = "high" if on_wire or version in _MODERN else "low"
            yield self._drift(kind, path, severity, file=ours, wire=theirs, at="protocols")

    def suites(self) -> Iterator[Drift]:
        keys_unknown = "certificate_deployments" in self._file.unknown
        for version in self._both():
            path = f"cipher_suites.{version}"
            ours = [each.name for each in self._here.cipher_suites.get(version, [])]
            theirs = [each.name for each in self._there.cipher_suites.get(version, [])]
            if self._is_default_here(path):
                if set(ours) != set(theirs):
                    self.unknown[path] = self._default_words(path)
                continue
            self._is_open(path, "high")
            added = [] if path in self._file.unknown else [each for each in theirs if each not in ours]
            # Which suites a key cannot be used with is only known with the certificate.
            hidden = path in self._wire.unknown or (keys_unknown and version != "TLSv1.3")
            removed = [] if hidden else [each for each in ours if each not in theirs]
            if added:
                yield self._drift("on_wire_not_in_file", path, "high", added=added)
            if removed:
                yield self._drift("in_file_not_on_wire", path, "low", removed=removed)

    def groups(self) -> Iterator[Drift]:
        """Those of TLS 1.3: at TLS 1.2 a server with a preference shows some of its groups only."""
        path = "groups.TLSv1.3"
        if "TLSv1.3" not in self._both():
            return
        ours, theirs = ([each.name for each in facts.groups.get("TLSv1.3", [])] for facts in (self._here, self._there))
        if self._is_default_here(path):
            if set(ours) != set(theirs):
                self.unknown[path] = self._default_words(path)
            return
        self._is_open(path, "medium")
        added = [] if path in self._file.unknown else [each for each in theirs if each not in ours]
        removed = [] if path in self._wire.unknown else [each for each in ours if each not in theirs]
        if added:
            yield self._drift("on_wire_not_in_file", path, "medium", added=added)
        if removed:
            yield self._drift("in_file_not_on_wire", path, "low", removed=removed)

    def client_auth(self) -> Iterator[Drift]:
        ours, theirs = self._here.client_auth, self._there.client_auth
        path = "client_auth.mode"
        if self._is_open(path, "critical") or "unknown" in {ours.mode, theirs.mode}:
            return
        weaker = _STRENGTH[theirs.mode] < _STRENGTH[ours.mode]
        if ours.mode != theirs.mode:
            kind: DriftKind = "in_file_not_on_wire" if weaker else "on_wire_not_in_file"
            severity: SeverityName = "critical" if weaker else "low"
            yield self._drift(kind, path, severity, file=ours.mode, wire=theirs.mode)
        elif ours.verifies is True and theirs.verifies is False:
            yield self._drift("differs", "client_auth.verifies", "critical", file="yes", wire="no", at=path)

    def certificates(self) -> Iterator[Drift]:
        path = "certificate_deployments"
        if self._is_open(path, "high"):
            return
        ours, theirs = (
            {each.chain[0].sha256: each for each in facts.certificate_deployments if each.chain}
            for facts in (self._here, self._there)
        )
        foreign = [each.chain[0] for sha256, each in theirs.items() if sha256 not in ours]
        if foreign and ours:
            known = next(iter(ours.values())).chain[0]
            yield self._drift(
                "differs",
                path,
                "high",
                file=f"{known.subject}, SHA-256 {known.sha256[:16]}, until {known.not_after:%Y-%m-%d}",
                wire=f"{foreign[0].subject}, SHA-256 {foreign[0].sha256[:16]}, until {foreign[0].not_after:%Y-%m-%d}",
            )
            return
        for sha256, served in theirs.items():
            if sha256 in ours and (mine := [each.sha256 for each in ours[sha256].chain]) != [
                each.sha256 for each in served.chain
            ]:
                words = (f"{len(mine)} certificates", f"{len(served.chain)} certificates, or others")
                yield self._drift("differs", f"{path}.chain", "medium", file=words[0], wire=words[1], at=path)

    def hsts(self) -> Iterator[Drift]:
        silent = (found := self._file.unknown.get("http")) is not None and found.why == "not_asked"
        # A file that sets no field, where whoever is behind may, has nothing that the wire could lack.
        closed = (missing := self._wire.unknown.get("http")) is not None and missing.why == "not_asked"
        # Where nobody is answered without a certificate there is no answer to miss a field, as both sides say.
        hidden = closed and self._here.client_auth.mode == self._there.client_auth.mode == "required"
        if self._is_open("http", None if hidden else "low" if silent else "high"):
            return
        ours, theirs = self._here.http.hsts, self._there.http.hsts
        if (ours and ours.raw) == (theirs and theirs.raw):
            return
        kind: DriftKind = "differs"
        severity: SeverityName = "medium"
        if theirs is None:
            kind, severity = "in_file_not_on_wire", "high"
        elif ours is None:
            kind, severity = "on_wire_not_in_file", "low"
        words = (ours.raw if ours else "none", theirs.raw if theirs else "none")
        yield self._drift(kind, "http.hsts", severity, file=words[0], wire=words[1], at="http")

    def alpn(self) -> Iterator[Drift]:
        path = "alpn"
        ours, theirs = self._here.alpn, self._there.alpn
        added = [each for each in theirs if each not in ours]
        missing = [each for each in ours if each not in theirs]
        if (added or missing) and self._hangs_on_default(path):
            return
        if self._is_hidden_here(path, on_wire=bool(added)) or (missing and path in self._wire.unknown):
            self._is_open(path, "low")
        if missing and path not in self._wire.unknown:
            yield self._drift("in_file_not_on_wire", path, "low", removed=missing)
        if added and path not in self._file.unknown:
            yield self._drift("on_wire_not_in_file", path, "low", added=added)

    def order(self) -> Iterator[Drift]:
        for version in self._both():
            path = f"cipher_preference.{version}"
            ours, theirs = (each.cipher_preference.get(version) for each in (self._here, self._there))
            if self._is_open(path, "low") or ours == theirs or None in {ours, theirs} or self._hangs_on_default(path):
                continue
            yield self._drift("differs", path, "low", file=f"the {ours}'s", wire=f"the {theirs}'s")

    def sessions(self) -> Iterator[Drift]:
        """Compression and tickets below TLS 1.3 (in it libraries send some in any case), and early data in it."""
        both = self._both()
        if set(both) - {"TLSv1.3"}:
            ours, theirs = self._here.session, self._there.session
            for name, severity in _OF_SESSION.items():
                yield from self._switch(f"session.{name}", ours.get(name), theirs.get(name), severity)
        if "TLSv1.3" in both:
            path = "behaviours.early_data"
            here = self._here.behaviours.early_data is not None if path in self._file.basis else None
            # It is read in a ticket: where none came nobody knows.
            seen = self._there.behaviours.ticket_lifetime is not None
            there = self._there.behaviours.early_data is not None if seen else None
            yield from self._switch(path, here, there, "medium")

    def stapling(self) -> Iterator[Drift]:
        """Of a file only its wish is known: what is fetched is with the authority."""
        path = "certificate_deployments.stapled_ocsp"
        wish = (self._file.requested or {}).get("stapling")
        deployments = self._there.certificate_deployments
        if not isinstance(wish, bool) or not deployments:
            return
        paths = {f"certificate_deployments.{each}.stapled_ocsp" for each in range(len(deployments))}
        there = (
            any(each.stapled_ocsp is not None for each in deployments) if paths.isdisjoint(self._wire.unknown) else None
        )
        yield from self._switch(path, wish, there, "low")

    def _switch(self, path: str, ours: bool | None, theirs: bool | None, severity: SeverityName) -> Iterator[Drift]:
        """What is on or off; `severity` is that of what is on although the file says off."""
        at_stake: SeverityName = "low" if ours or theirs is False else severity
        if ours is None:
            if self._is_hidden_here(path, on_wire=theirs is True) and not self._is_open(path, at_stake):
                self.unknown[path] = "the file: not asked"
        elif ours == theirs or self._hangs_on_default(path):
            return
        elif theirs is None:
            self.unknown[path] = "the wire: it was not asked, or did not answer"
            self.at_stake[path] = at_stake
        else:
            kind: DriftKind = "on_wire_not_in_file" if theirs else "in_file_not_on_wire"
            words = {True: "on", False: "off"}
            yield self._drift(kind, path, at_stake, file=words[ours], wire=words[theirs])

    def _is_hidden_here(self, path: str, *, on_wire: bool) -> bool:
        """Whether the file does not know what may be told: its text leaves it open, or the wire has it."""
        found = self._file.unknown.get(path)
        return on_wire if found is None or found.why == "not_asked" else True

    def _hangs_on_default(self, path: str) -> bool:
        """Whether what differs is left to a default of a version that nobody named; says so in `unknown`."""
        found = self._is_default_here(path)
        if found:
            self.unknown[path] = self._default_words(path)
        return found

    def _both(self) -> list[str]:
        """The versions that both speak."""
        return [
            version
            for version, verdict in self._here.protocols.items()
            if verdict == "accepted" == self._there.protocols.get(version)
        ]

    def _is_open(self, path: str, at_stake: SeverityName | None = None) -> bool:
        """Whether one of the two does not know it; says so in `unknown`, and what that may hide."""
        for side, words in ((self._file, "the file"), (self._wire, "the wire")):
            found = side.unknown.get(path)
            if found is not None:
                if at_stake is not None:
                    self.at_stake[path] = at_stake
                self.unknown[path] = f"{words}: {found.why.replace('_', ' ')}" + (
                    f" ({found.detail})" if found.detail else ""
                )
                return True
        return False

    def _is_default_here(self, path: str) -> bool:
        """Whether the file leaves it to a default of a version that nobody named."""
        bases = [basis for known, basis in self._file.basis.items() if known == path or known.startswith(f"{path}.")]
        return not self._assumed and bool(bases) and all(basis.origin == "default" for basis in bases)

    def _default_words(self, path: str) -> str:
        return f"the file leaves {path} to the product's default: say with --assume which version runs"

    def _drift(
        self,
        kind: DriftKind,
        path: str,
        severity: SeverityName,
        *,
        file: str | None = None,
        wire: str | None = None,
        added: list[str] | None = None,
        removed: list[str] | None = None,
        at: str | None = None,
    ) -> Drift:
        return Drift(
            kind=kind,
            path=path,
            severity=severity,
            file=file,
            wire=wire,
            added=added or [],
            removed=removed or [],
            location=self._location(at or path),
        )

    def _location(self, path: str) -> Location | None:
        """The line of the file that says it, else the one where the listener begins."""
        basis: BasisPart | None = next(
            (each for known, each in self._file.basis.items() if known == path or known.startswith(f"{path}.")), None
        )
        return basis.location if basis is not None and basis.location is not None else self._file.location
