"""The matrix of trials in words: credential by protocol version, what became of it, and which rule that breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tlsaudit.model.document import ClientAuthPart, Subject, TrialAtPart, TrialPart

Tone = Literal["good", "bad", "medium", "dim"]

_LABELS: Final = {
    "none": "no certificate",
    "self_signed": "self-signed",
    "unknown_ca": "of an unknown CA",
    "impostor_ca": "of an impostor CA",
    "expired": "expired",
    "not_yet_valid": "not yet valid",
    "server_auth_only": "for servers only",
    "wrong_identity": "another identity",
    "weak_key": "weak key",
    "revoked": "revoked",
    "good": "good certificate",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of one credential at one version: the verdict, what was said, and the rules that it breaks."""

    verdict: str
    tone: Tone
    detail: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One credential; a cell for each version, None where it was not presented there."""

    label: str
    serial: str | None
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The trials that were made, row by row, for `path`, and which others were not, with the reason."""

    path: str
    versions: tuple[str, ...]
    rows: tuple[Row, ...]
    not_tested: tuple[tuple[str, str], ...]


def trial_matrix(subject: Subject) -> Matrix | None:
    """The matrix of a subject; None where there were no trials."""
    auth = subject.facts.client_auth if subject.facts is not None else None
    if auth is None or not auth.trials:
        return None
    versions = _versions(auth)
    broken = _broken(subject)
    tested = [each for each in auth.trials if any(at.outcome != "not_tested" for at in each.per_protocol.values())]
    return Matrix(
        path=auth.trials[0].path,
        versions=versions,
        rows=tuple(_row(each, versions, broken, auth.trials[0].path) for each in tested),
        not_tested=_by_reason([each for each in auth.trials if each not in tested]),
    )


def _versions(auth: ClientAuthPart) -> tuple[str, ...]:
    return tuple(sorted({version for trial in auth.trials for version in trial.per_protocol}))


def _broken(subject: Subject) -> dict[int, list[str]]:
    """The failing rules by the number of a probe that proves them."""
    found: dict[int, list[str]] = {}
    for result in subject.results:
        for proof in result.evidence if result.outcome == "fail" else ():
            number = proof.at.removeprefix("probe:")
            if number.isdecimal():
                found.setdefault(int(number), []).append(result.rule)
    return found


def _row(trial: TrialPart, versions: Sequence[str], broken: dict[int, list[str]], usual: str) -> Row:
    cells = (trial.per_protocol.get(version) for version in versions)
    return Row(
        label=_label(trial) + (f", at {trial.path}" if trial.path != usual else ""),
        serial=trial.serial,
        cells=tuple(None if at is None else _cell(trial, at, broken) for at in cells),
    )


def _label(trial: TrialPart) -> str:
    label = _LABELS[trial.credential]
    return f"{label}, made here" if trial.credential == "good" and trial.made_here else label


def _cell(trial: TrialPart, at: TrialAtPart, broken: dict[int, list[str]]) -> Cell:
    rules = tuple(dict.fromkeys(broken.get(at.probe, ()))) if at.probe is not None else ()
    match at.outcome:
        case "accepted":
            return Cell("got in", _tone_of_entry(trial.credential, rules), at.evidence, rules)
        case "refused":
            by = "TLS" if at.by == "tls" else "the application"
            tone: Tone = "good" if trial.credential != "good" else "medium" if trial.made_here else "bad"
            return Cell(f"refused by {by}", tone, at.evidence, rules)
        case "inconclusive":
            return Cell("inconclusive", "medium", at.evidence, rules)
        case _:
            return Cell("not tested", "dim", at.evidence, rules)


def _tone_of_entry(credential: str, rules: tuple[str, ...]) -> Tone:
    """Whoever comes without a certificate may be welcome: only a finding says that this is bad."""
    if credential == "good":
        return "good"
    return "bad" if credential != "none" or rules else "medium"


def _by_reason(trials: Sequence[TrialPart]) -> tuple[tuple[str, str], ...]:
    """Labels in a row, and the reason that they share."""
    found: dict[str, list[str]] = {}
    for each in trials:
        found.setdefault(_reason(each), []).append(_LABELS[each.credential])
    return tuple((", ".join(labels), reason) for reason, labels in found.items())


def _reason(trial: TrialPart) -> str:
    return next(iter(dict.fromkeys(at.evidence for at in trial.per_protocol.values())), "")
