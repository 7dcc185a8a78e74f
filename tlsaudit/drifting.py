"""Configuration files compared with the endpoints that they are for: which listener is whose, and what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tlsaudit import drift
from tlsaudit.answering import choose
from tlsaudit.linting import Linted
from tlsaudit.model.difference import Difference, DifferenceSummary, Side, SubjectDifference
from tlsaudit.model.document import Document, Subject
from tlsaudit.model.errors import InputError
from tlsaudit.model.result import Severity

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How files and endpoints are compared.

    `listener` is the name or id of the one that is meant; None: the one that answers for the endpoint's name and port.
    `assumed`: the product's version was named, so that its defaults are known. `declared`: whoever compares said what
    should be. `sources` is where both come from.
    """

    listener: str | None
    assumed: bool
    declared: bool
    fail_on: Severity | None
    sources: tuple[str, str]


def compare(linted: Linted, wire: Document, how: Compared) -> Difference:
    """What differs between the files and each endpoint.

    The exit code is 1 where something differs at or above `fail_on`, else 3 where something could not be compared.
    Raises InputError where the listener of a single endpoint cannot be chosen.
    """
    subjects = [each for each in wire.subjects if each.kind == "endpoint"]
    broken = [each for each in linted.document.subjects if each.status == "unparsable"]
    notes = [*linted.notes, *(each.error.message for each in broken if each.error is not None)]
    if how.declared:
        notes.append("drift compares facts: what is declared is judged by lint and scan")
    compared: list[SubjectDifference] = []
    for subject in subjects:
        try:
            chosen, note = _chosen(linted, subject, how.listener)
        except InputError as error:
            if len(subjects) == 1 and not broken:
                raise
            compared.append(SubjectDifference(id=subject.id, name=subject.name, state="unknown", detail=str(error)))
            continue
        notes += [note] if note else []
        compared.append(_difference(chosen, subject, how))
    told = [each for each in compared if each.drift or each.unknown or each.state != "compared"]
    return Difference(
        old=Side.of(linted.document, how.sources[0]),
        new=Side.of(wire, how.sources[1]),
        notes=notes,
        subjects=told,
        summary=_summary(compared, how.fail_on, is_open=bool(broken)),
    )


def listener_for(linted: Linted, name: str | None, port: int, wanted: str | None) -> Subject:
    """The listener that is `wanted`, by its name or id, or the one that answers for a name at a port.

    Raises InputError where that is none or several.
    """
    listeners = [each for each in linted.document.subjects if each.kind == "listener" and each.facts is not None]
    if wanted is not None:
        found = tuple(each for each in listeners if wanted in {each.id, each.name})
        problem = f"--listener {wanted!r} is {len(found) or 'none'} of the listeners, which are"
    else:
        found = choose(listeners, linted.names, name=name, port=port)
        number = f"{len(found)} listeners may answer" if found else "no listener answers"
        problem = f"{number} for {name or 'no name'} at port {port}: choose with --listener among"
    if len(found) != 1:
        if not listeners:
            raise InputError("the files have no TLS listener to compare with")
        raise InputError(f"{problem} {_listed(found or listeners)}")
    return found[0]


def _chosen(linted: Linted, wire: Subject, wanted: str | None) -> tuple[Subject, str]:
    """The listener of an endpoint, and what is to be said of the choice."""
    name, port = _endpoint(wire)
    one = listener_for(linted, name, port, wanted)
    assert one.facts is not None
    served = linted.names.get(one.id)
    last_port = one.facts.endpoint.port if served is None else served.last_port or one.facts.endpoint.port
    if wanted is None and not one.facts.endpoint.port <= port <= last_port:
        return one, f"the only listener is {one.name}, and is compared with port {port}"
    return one, ""


def _endpoint(wire: Subject) -> tuple[str | None, int]:
    """The name that was asked for, and the port. An endpoint that could not be audited has its id only."""
    if wire.facts is not None:
        return wire.facts.endpoint.sni, wire.facts.endpoint.port
    host, _, port = wire.name.rpartition(":")
    return host.partition("@")[0], int(port) if port.isdigit() else 0


def _listed(listeners: Sequence[Subject]) -> str:
    names = ", ".join(each.id for each in listeners[:_MOST_NAMED])
    return f"{names} and {len(listeners) - _MOST_NAMED} more" if len(listeners) > _MOST_NAMED else names


def _difference(file: Subject, wire: Subject, how: Compared) -> SubjectDifference:
    problem = f"{wire.status.replace('_', ' ')}: {wire.error.message}" if wire.error is not None else ""
    if wire.facts is None or wire.status not in {"audited", "incomplete"}:
        return SubjectDifference(
            id=wire.id, name=wire.name, old_id=file.id, state="unknown", detail=f"NEW: {problem or wire.status}"
        )
    found = drift.compare(file, wire, assumed=how.assumed)
    worst_first = sorted(found.found, key=lambda each: -Severity(each.severity).rank)
    undecided = [path for path in found.unknown if path.startswith(drift.DECISIVE)]
    if how.fail_on is not None:
        undecided += [path for path, worst in found.at_stake.items() if Severity(worst).rank >= how.fail_on.rank]
    return SubjectDifference(
        id=wire.id,
        name=wire.name,
        old_id=file.id,
        state="partly" if problem or undecided else "compared",
        detail=problem,
        facts=[drift.as_fact(each) for each in worst_first],
        drift=worst_first,
        unknown=dict(found.unknown),
    )


def _summary(subjects: Sequence[SubjectDifference], fail_on: Severity | None, *, is_open: bool) -> DifferenceSummary:
    drifts = [each for subject in subjects for each in subject.drift]
    counts = Counter(each.severity for each in drifts)
    reaching = fail_on is not None and any(Severity(each.severity).rank >= fail_on.rank for each in drifts)
    undecided = [each for each in subjects if each.state in {"unknown", "partly"}]
    return DifferenceSummary(
        subjects=len(subjects),
        unchanged=sum(not subject.drift and subject.state == "compared" for subject in subjects),
        new=len(drifts),
        fixed=0,
        changed=0,
        unknown=len(undecided),
        new_by_severity={each.value: counts[each.value] for each in Severity if counts[each.value]},
        fail_on="none" if fail_on is None else fail_on.value,
        exit_code=1 if reaching else 3 if undecided or is_open else 0,
    )
