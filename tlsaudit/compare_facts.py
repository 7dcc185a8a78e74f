"""The facts of one subject in two reports, compared. Pure.

A fact that only one of the two established is unknown, not changed. A list that one of them calls a lower bound lacks
nothing for sure: what it does not name may be there all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tlsaudit.model.difference import FactChange
from tlsaudit.model.document import Subject
from tlsaudit.model.document_facts import BehavioursPart, DeploymentPart, FactsPart, HttpPart, KeyExchangePart

_NOT_ESTABLISHED = frozenset({"unknown", "not_tested", "inconclusive"})
_NONE = "none"
_MAY_BE_ABSENT = frozenset({"draft_version", "ticket_lifetime", "early_data"})
"""Behaviours that are left out also where it is known that there are none."""
_LONGEST_VALUE = 200
_SEEN_BY_CHANCE = frozenset({"signature_schemes", "key_exchanges"})
"""Lists of what the answers to other questions showed."""
_MOST_NAMED = 6
_DEPLOYMENTS = "certificate_deployments"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChanges:
    """What differs, and what only one of the two established, with the reason."""

    changes: tuple[FactChange, ...]
    unknown: Mapping[str, str]


def compare_facts(old: Subject, new: Subject, *, asked_alike: bool) -> FactChanges:
    """The differences between the facts of two subjects, both of which have some.

    Unless both were `asked_alike`, in one mode, lists of what happened to be seen are not compared.
    """
    if old.facts is None or new.facts is None:
        return FactChanges(changes=(), unknown={})
    changes: list[FactChange] = []
    unknown: dict[str, str] = {}
    before, after = _values(old, old.facts), _values(new, new.facts)
    _name_what_is_not_served(old, before, after)
    _name_what_is_not_served(new, after, before)
    for path in dict.fromkeys((*before, *after)):
        was, now = before.get(path), after.get(path)
        if was is not None and now is not None:
            changes += [FactChange(path=path, old=was, new=now)] if was != now else []
        elif was != now and not _is_of_a_version_that_is_not_spoken(path, old.facts, new.facts):
            unknown[path] = _why_missing(path, old if was is None else new, "OLD" if was is None else "NEW")
    for path, was_list, now_list in _lists(old.facts, new.facts):
        if not asked_alike and path.split(".")[0] in _SEEN_BY_CHANCE:
            continue
        difference = _Lists(path=path, old=was_list, new=now_list)
        changes += difference.changes(old, new)
        unknown |= difference.unknown(old, new)
    return FactChanges(changes=tuple(changes), unknown=unknown)


def _is_of_a_version_that_is_not_spoken(path: str, *sides: FactsPart) -> bool:
    """Whether a fact is one of a protocol version that a side refuses, which has none of it there."""
    version = next((name for name in sides[0].protocols if path.endswith(f".{name}")), "")
    return any(facts.protocols.get(version) == "rejected" for facts in sides)


def _name_what_is_not_served(subject: Subject, own: dict[str, str | None], other: dict[str, str | None]) -> None:
    """Say of a certificate that only the other side serves that there is none here, where all are known here."""
    if _DEPLOYMENTS in subject.unknown:
        return
    places = {path.rsplit(".", 1)[0] for path in other if path.startswith(_DEPLOYMENTS) and path.endswith(".leaf")}
    for place in places:
        if f"{place}.leaf" in own:
            continue
        own[f"{place}.leaf"] = _NONE
        for path in [path for path in other if path.startswith(f"{place}.") and path != f"{place}.leaf"]:
            del other[path]


def _why_missing(path: str, subject: Subject, side: str) -> str:
    """Why this side has no such fact, by the nearest path that it gives a reason for."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        found = subject.unknown.get(".".join(parts[:length]))
        if found is not None:
            return f"{side}: {found.why.replace('_', ' ')}" + (f" ({found.detail})" if found.detail else "")
    return f"{side}: not established"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lists:
    """One enumeration as both have it."""

    path: str
    old: Sequence[str]
    new: Sequence[str]

    def changes(self, before: Subject, after: Subject) -> list[FactChange]:
        """What came and what went for sure, or another order."""
        removed = [] if self.path in after.unknown else self._removed()
        added = [] if self.path in before.unknown else self._added()
        if added or removed:
            return [FactChange(path=self.path, added=added, removed=removed)]
        reordered = list(self.old) != list(self.new) and set(self.old) == set(self.new)
        if reordered and _has_order(self.path, before) and _has_order(self.path, after):
            return [FactChange(path=self.path, old=f"in the order {', '.join(self.old)}", new=", ".join(self.new))]
        return []

    def unknown(self, before: Subject, after: Subject) -> dict[str, str]:
        """What may be there although one side does not name it."""
        found: list[str] = []
        if self._removed() and self.path in after.unknown:
            found.append(f"perhaps still there: {_some(self._removed())}; {_why_missing(self.path, after, 'NEW')}")
        if self._added() and self.path in before.unknown:
            found.append(f"perhaps there before: {_some(self._added())}; {_why_missing(self.path, before, 'OLD')}")
        return {self.path: "; ".join(found)} if found else {}

    def _removed(self) -> list[str]:
        return [item for item in self.old if item not in self.new]

    def _added(self) -> list[str]:
        return [item for item in self.new if item not in self.old]


def _some(items: Sequence[str]) -> str:
    more = f" and {len(items) - _MOST_NAMED} more" if len(items) > _MOST_NAMED else ""
    return f"{', '.join(items[:_MOST_NAMED])}{more}"


def _has_order(path: str, subject: Subject) -> bool:
    """Whether the order of a list is the server's own."""
    kind, _, version = path.partition(".")
    return (
        kind == "cipher_suites"
        and subject.facts is not None
        and subject.facts.cipher_preference.get(version) == "server"
    )


def _lists(old: FactsPart, new: FactsPart) -> Iterator[tuple[str, list[str], list[str]]]:
    """Every enumeration with its items on both sides; what belongs to a version that one of them lacks is left out."""
    for version in dict.fromkeys((*old.protocols, *new.protocols)):
        if old.protocols.get(version) == new.protocols.get(version) == "accepted":
            for name, was, now in (
                ("cipher_suites", old.cipher_suites, new.cipher_suites),
                ("groups", old.groups, new.groups),
            ):
                yield (
                    f"{name}.{version}",
                    [each.name for each in was.get(version, [])],
                    [each.name for each in now.get(version, [])],
                )
            schemes = (old.signature_schemes.get(version, []), new.signature_schemes.get(version, []))
            yield f"signature_schemes.{version}", *schemes
    yield "alpn", old.alpn, new.alpn
    yield "key_exchanges", _exchanges(old.key_exchanges), _exchanges(new.key_exchanges)
    yield "client_auth.ca_names", old.client_auth.ca_names, new.client_auth.ca_names
    yield "client_auth.signature_schemes", old.client_auth.signature_schemes, new.client_auth.signature_schemes


def _exchanges(parts: Sequence[KeyExchangePart]) -> list[str]:
    return [f"{each.version} {each.suite} {each.dh_bits} bits {each.dh_name or ''}".strip() for each in parts]


def _values(subject: Subject, facts: FactsPart) -> dict[str, str | None]:
    """Every single fact by its path; None where it is not known."""
    auth = facts.client_auth
    found: dict[str, object] = {"endpoint.address": facts.endpoint.address or "not told"}
    found |= {f"protocols.{version}": verdict for version, verdict in facts.protocols.items()}
    found |= {f"cipher_preference.{version}": order for version, order in facts.cipher_preference.items()}
    for place, each in _by_key(facts.certificate_deployments).items():
        found |= {f"{place}.{name}": value for name, value in _certificate(each).items()}
        staple = f"{_DEPLOYMENTS}.{facts.certificate_deployments.index(each)}.stapled_ocsp"
        if each.stapled_ocsp is None and staple not in subject.unknown:
            found[f"{place}.stapled_ocsp"] = _NONE
    found |= {"client_auth.mode": auth.mode, "client_auth.verifies": auth.verifies}
    if auth.mode not in {"unknown", _NONE}:
        found |= {"client_auth.enforced_by": auth.enforced_by or _NONE, "client_auth.when": auth.when}
    found |= {f"client_auth.per_protocol.{version}": each.mode for version, each in auth.per_protocol.items()}
    for where, modes in auth.elsewhere.items():
        found |= {f"client_auth.elsewhere.{where}.{version}": each.mode for version, each in modes.items()}
    for trial in auth.trials:
        outcomes = trial.per_protocol.items()
        place = f"client_auth.trials.{trial.credential}" + (f".{trial.path}" if trial.path != "/" else "")
        found |= {f"{place}.{version}": each.outcome for version, each in outcomes}
    found |= {f"session.{name}": value for name, value in facts.session.items()}
    found |= _behaviours(subject, facts.behaviours)
    found |= {f"vulnerabilities.{name}": verdict for name, verdict in facts.vulnerabilities.items()}
    found |= _http(subject, facts.http)
    for name, part in (("before_tls", facts.before_tls), ("twin", facts.twin)):
        found |= {f"{name}.{key}": value for key, value in part or ()}
    return {path: _text(value) for path, value in found.items()}


def _http(subject: Subject, http: HttpPart) -> dict[str, object]:
    found: dict[str, object] = {}
    if "http" not in subject.unknown:
        found |= {
            "http.status": http.status or _NONE,
            "http.server": http.server or _NONE,
            "http.location": http.location or _NONE,
            "http.hsts": http.hsts.raw if http.hsts else _NONE,
            "http.compression": http.compression or _NONE,
            "http.insecure_content": ", ".join(http.insecure_content) or _NONE,
        }
    if http.plain is not None:
        found |= {
            "http.plain.state": http.plain.state,
            "http.plain.status": http.plain.status or _NONE,
            "http.plain.location": http.plain.location or _NONE,
            "http.plain.upgrade": http.plain.upgrade or _NONE,
        }
    return {path: value for path, value in found.items() if path not in subject.unknown}


def _text(value: object) -> str | None:
    if value is None or value in _NOT_ESTABLISHED:
        return None
    words = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    return words if len(words) <= _LONGEST_VALUE else f"{words[:_LONGEST_VALUE]}..."


def _by_key(deployments: Sequence[DeploymentPart]) -> dict[str, DeploymentPart]:
    """Deployments by the type of their key, which a renewal seldom changes; numbered where several have one type."""
    found: dict[str, DeploymentPart] = {}
    for each in deployments:
        kind = each.chain[0].key.type if each.chain else "unreadable"
        place = f"{_DEPLOYMENTS}.{kind}"
        number = sum(known == place or known.startswith(f"{place}-") for known in found)
        found[f"{place}-{number + 1}" if number else place] = each
    return found


def _certificate(deployment: DeploymentPart) -> dict[str, object]:
    found: dict[str, object] = {
        "chain_status": deployment.chain_status,
        "name_match": deployment.name_match,
        "stapled_ocsp": deployment.stapled_ocsp.status if deployment.stapled_ocsp else None,
        "scts": deployment.scts,
        "issuers": "; ".join(each.subject for each in deployment.chain[1:]) or _NONE,
    }
    found |= {
        f"trust.{store}": "trusted" if trust.trusted else f"not trusted: {trust.reason}"
        for store, trust in deployment.trust.items()
    }
    for leaf in deployment.chain[:1]:
        key = leaf.key.curve or leaf.key.bits
        found |= {
            "leaf": f"{leaf.subject}, SHA-256 {leaf.sha256[:16]}, until {leaf.not_after:%Y-%m-%d}",
            "key": f"{leaf.key.type} {key}, SHA-256 {leaf.spki_sha256[:16]}",
            "signature": leaf.signature_algorithm,
            "names": ", ".join(leaf.sans) or _NONE,
        }
    return found


def _behaviours(subject: Subject, part: BehavioursPart) -> dict[str, object]:
    asked = "behaviours" not in subject.unknown
    found: dict[str, object] = {}
    for name, value in part:
        path = f"behaviours.{name}"
        absent = value is None and asked and name in _MAY_BE_ABSENT and path not in subject.unknown
        found[path] = _NONE if absent else (", ".join(value) or _NONE) if isinstance(value, list) else value
    return found
