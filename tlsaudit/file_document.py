"""From a listener or upstream of a configuration file, and its judgement, to one subject of the report document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tlsaudit.document import bases, basis_part, facts_part, result_part, unknowns
from tlsaudit.model import document as doc
from tlsaudit.model.configuration import Upstream
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known
from tlsaudit.model.result import Judgement, Outcome, Result


class Writer:
    """Makes the subjects of one run. What did not fail looks the same everywhere, and is made once."""

    def __init__(self) -> None:
        self._plain: dict[tuple[str, str, str], doc.ResultPart] = {}

    def configured(
        self,
        facts: Facts,
        judgement: Judgement,
        *,
        kind: Literal["listener", "upstream", "certificate"],
        subject_id: str,
        name: str,
        location: doc.Location,
        requested: Mapping[str, object],
    ) -> doc.Subject:
        """The subject of a listener or an upstream."""
        return doc.Subject(
            id=subject_id,
            kind=kind,
            name=name,
            status="audited",
            error=None,
            duration_s=0.0,
            location=location,
            facts=_facts(facts) if kind != "certificate" else None,
            requested=dict(requested) or None,
            basis=bases(facts) | _more_bases(facts),
            unknown=_unknown(facts) if kind != "certificate" else {},
            probes=[],
            results=[self._result(result, location) for result in judgement.results],
            score=None,
        )

    def _result(self, result: Result, subject: doc.Location) -> doc.ResultPart:
        """The result with the place of its first proof; one by absence is at the line that makes TLS exist."""
        if result.outcome in {Outcome.FAIL, Outcome.WAIVED, Outcome.INCONCLUSIVE}:
            place = next((found for each in result.evidence if (found := _location(each.at)) is not None), subject)
            # There is nothing to connect to yet, so that no command shows it.
            return result_part(result).model_copy(update={"reproduce": None, "location": place})
        key = (result.rule, result.outcome, result.severity)
        if key not in self._plain:
            self._plain[key] = result_part(result)
        return self._plain[key]


def unparsable(location: doc.Location, *, code: str, message: str) -> doc.Subject:
    """The subject of a file that breaks its grammar; nothing is known of the listeners in it."""
    return doc.Subject(
        id=location.file,
        kind="listener",
        name=location.file,
        status="unparsable",
        error=doc.Problem(code=code, message=f"{location.file}:{location.line}: {message}"),
        duration_s=0.0,
        location=location,
        facts=None,
        basis={},
        unknown={},
        probes=[],
        results=[],
        score=None,
    )


def _facts(facts: Facts) -> doc.FactsPart:
    session = {name: fact.value for name, fact in _of_session(facts).items() if isinstance(fact, Known)}
    return facts_part(facts).model_copy(update={"session": session, "upstream": _upstream(facts.upstream)})


def _of_session(facts: Facts) -> dict[str, Fact[bool]]:
    """What a file says of sessions."""
    return {"compression": facts.session.compression, "session_ticket": facts.session.session_ticket}


def _more_bases(facts: Facts) -> dict[str, doc.BasisPart]:
    """The basis of what a wire shows without a probe of its own."""
    found: dict[str, Fact[object]] = {f"session.{name}": fact for name, fact in _of_session(facts).items()}
    found |= {f"cipher_preference.{version}": fact for version, fact in facts.cipher_preference.items()}
    found["behaviours.early_data"] = facts.behaviours.early_data
    known = {path: fact.basis for path, fact in found.items() if isinstance(fact, Known)}
    for basis in facts.alpn.accepted.values():
        known.setdefault("alpn", basis)
    return {path: basis_part(basis) for path, basis in known.items()}


def _upstream(upstream: Upstream | None) -> doc.UpstreamPart | None:
    if upstream is None:
        return None
    facts: dict[str, Fact[bool]] = {
        name: getattr(upstream, name) for name in ("local", "tls", "verifies", "checks_name", "sends_name")
    }
    values = {name: fact.value if isinstance(fact, Known) else None for name, fact in facts.items()}
    return doc.UpstreamPart.model_validate({"destination": upstream.destination, **values})


def _unknown(facts: Facts) -> dict[str, doc.UnknownPart]:
    """What is not known of a file; what no file can say of a session is said once."""
    said = {f"session.{name}" for name, fact in _of_session(facts).items() if fact != NOT_ASKED}
    found = {path: each for path, each in unknowns(facts).items() if path in said or not path.startswith("session.")}
    found["session"] = doc.UnknownPart(why="not_asked", detail="")
    if not facts.alpn.accepted and not facts.alpn.refused:
        found["alpn"] = doc.UnknownPart(why=facts.alpn.rest.why.value, detail=facts.alpn.rest.detail)
    return found


def _location(at: str) -> doc.Location | None:
    file, separator, line = at.rpartition(":")
    return doc.Location(file=file, line=int(line)) if separator and file and line.isdigit() else None
