"""From the notes of an audit to its facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tlsaudit.data.groups import groups_for
from tlsaudit.data.suites import SSL2_CIPHERS, SUITES
from tlsaudit.model.certificate import CertificateDeployment
from tlsaudit.model.facts import (
    Behaviours,
    ClientAuthAt,
    Facts,
    GroupAt,
    HttpAnswer,
    KeyExchange,
    Preference,
    SchemeAt,
    Session,
    SuiteAt,
    Trial,
    TrialKind,
)
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe import client_auth, http
from tlsaudit.probe.behaviours import seen
from tlsaudit.probe.certificates import (
    Sighting,
    Trusting,
    deployments,
    sighting_of_answer,
    sighting_of_exchange,
    sighting_of_handshake,
)
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.enumeration import Enumeration
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.groups import WITH_GROUPS
from tlsaudit.probe.handshake import Handshake
from tlsaudit.probe.hellos import ALPN_NAMES
from tlsaudit.probe.key_exchange import read_key_exchanges
from tlsaudit.probe.notes import UNFINISHED, Notes
from tlsaudit.probe.session import session_of, session_of_handshake
from tlsaudit.probe.settle import settled
from tlsaudit.probe.suites import candidates
from tlsaudit.probe.trials import with_trials
from tlsaudit.wire import CertificateVerify

_UNSTABLE = Unknown(Why.UNSTABLE, "the server stopped answering a hello that it had answered before")
_PERMITTED = Unknown(Why.NOT_ASKED, "only what the policy forbids was offered")
_OF_EACH_KIND = 3


def assemble(notes: Notes, dialogue: Dialogue, names: Sequence[str], trusting: Trusting) -> Facts:
    """The facts of one endpoint, whose certificate has to cover all of `names`."""
    key_exchanges = _key_exchanges(notes)
    behaviours = seen.complete(notes)
    doubt = _doubt(notes, behaviours)
    return Facts(
        endpoint=dialogue.endpoint,
        connections=len(dialogue.log.probes),
        probes=tuple(dialogue.log),
        protocols=_protocols(notes, doubt),
        cipher_suites=_cipher_suites(notes, doubt),
        suite_order=_order(notes, _suite_enumerations(notes)),
        cipher_preference=_preferences(notes),
        groups=_groups(notes, doubt),
        group_order=_order(notes, _group_enumerations(notes)),
        key_exchanges=key_exchanges,
        certificate_deployments=_deployments(notes, names, trusting),
        client_auth=with_trials(
            client_auth.overall(_client_auth(notes), notes.certificate_requests(), notes.late_requests), notes
        ),
        alpn=Tried() if dialogue.service is not None else _alpn(notes),
        alpn_chosen=_alpn_chosen(notes),
        session=_session(notes),
        signature_schemes=_signature_schemes(notes, key_exchanges, doubt),
        behaviours=behaviours,
        http=_http_here(notes, dialogue),
        plain_http=notes.plain_http,
        before_tls=notes.before_tls,
    )


def _doubt(notes: Notes, behaviours: Behaviours) -> Unknown | None:
    """Why a refusal says nothing: it may have been refused to us, or by another of several back ends."""
    if not notes.stable:
        return _UNSTABLE
    differing = behaviours.inconsistency
    if isinstance(differing, Known) and differing.value is not None:
        return Unknown(Why.UNSTABLE, f"the answers differ from connection to connection: {differing.value}")
    return None


def _protocols(notes: Notes, doubt: Unknown | None) -> Tried[ProtocolVersion]:
    facts = {version: notes.accepts(version) for version in ProtocolVersion}
    unknown = next((fact for fact in facts.values() if isinstance(fact, Unknown)), None)
    accepted = {version: fact.basis for version, fact in facts.items() if isinstance(fact, Known) and fact.value}
    refused = frozenset(version for version, fact in facts.items() if isinstance(fact, Known) and not fact.value)
    if doubt is not None:
        return Tried(accepted, frozenset(), doubt)
    return Tried(accepted, refused, unknown or NOT_ASKED)


def _suite_enumerations(notes: Notes) -> Iterable[tuple[ProtocolVersion, Enumeration]]:
    for version, found in sorted(notes.versions.items(), key=lambda item: item[0].rank):
        yield version, found.suites
    if notes.tls13 is not None:
        yield ProtocolVersion.TLS_1_3, notes.tls13.suites


def _group_enumerations(notes: Notes) -> Iterable[tuple[ProtocolVersion, Enumeration]]:
    if notes.groups_12 is not None:
        yield ProtocolVersion.TLS_1_2, notes.groups_12
    if notes.tls13 is not None:
        yield ProtocolVersion.TLS_1_3, notes.tls13.groups


def _order(
    notes: Notes, enumerations: Iterable[tuple[ProtocolVersion, Enumeration]]
) -> dict[ProtocolVersion, tuple[int, ...]]:
    """What was accepted at each version as it was chosen; where not everything was asked, only the first choice."""
    most = None if notes.forbidden is None else 1
    return {version: tuple(each.accepted)[:most] for version, each in enumerations if each.accepted}


def _all_suites(version: ProtocolVersion) -> Iterable[int]:
    return SSL2_CIPHERS if version is ProtocolVersion.SSL_2 else candidates(version)


def _cipher_suites(notes: Notes, doubt: Unknown | None) -> Tried[SuiteAt]:
    """Suites per version; a version that is refused refuses all of its suites."""
    return _tried(notes, doubt, _suite_enumerations(notes), tuple(ProtocolVersion), _all_suites)


def _groups(notes: Notes, doubt: Unknown | None) -> Tried[GroupAt]:
    """Groups at TLS 1.2 and 1.3; where no suite uses them, all are refused."""
    versions = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
    tried = _tried(notes, doubt, _group_enumerations(notes), versions, lambda v: [each.code for each in groups_for(v)])
    found = notes.versions.get(ProtocolVersion.TLS_1_2)
    if notes.forbidden is not None or found is None or found.suites.rest is not NOT_ASKED or doubt is not None:
        return tried
    if any(SUITES[code].kx in WITH_GROUPS for code in found.suites.accepted):
        return tried if notes.groups_12 is not None else Tried(tried.accepted, tried.refused, UNFINISHED)
    unused = {(ProtocolVersion.TLS_1_2, group.code) for group in groups_for(ProtocolVersion.TLS_1_2)}
    return Tried(tried.accepted, tried.refused | unused, tried.rest)


def _tried(
    notes: Notes,
    doubt: Unknown | None,
    enumerations: Iterable[tuple[ProtocolVersion, Enumeration]],
    versions: Iterable[ProtocolVersion],
    universe: Callable[[ProtocolVersion], Iterable[int]],
) -> Tried[tuple[ProtocolVersion, int]]:
    """One enumeration over all versions; `universe` lists what there is at a version that is refused as a whole."""
    accepted: dict[tuple[ProtocolVersion, int], Basis] = {}
    refused: set[tuple[ProtocolVersion, int]] = set()
    rest = NOT_ASKED
    listed = set()
    for version, each in enumerations:
        listed.add(version)
        accepted.update({(version, item): basis for item, basis in each.accepted.items()})
        refused.update((version, item) for item in each.refused)
        rest = each.rest if rest is NOT_ASKED else rest
    for version in versions:
        fact = notes.accepts(version)
        if isinstance(fact, Known) and not fact.value:
            refused.update((version, item) for item in universe(version))
        elif rest is NOT_ASKED and (isinstance(fact, Unknown) or version not in listed):
            rest = fact if isinstance(fact, Unknown) else UNFINISHED
    if doubt is not None:
        return Tried(accepted, frozenset(), doubt)
    if rest is NOT_ASKED and notes.forbidden is not None:
        rest = _PERMITTED
    return Tried(accepted, frozenset(refused), rest)


def _preferences(notes: Notes) -> dict[ProtocolVersion, Fact[Preference]]:
    found = {version: each.preference for version, each in notes.versions.items() if each.preference is not None}
    if notes.tls13 is not None and notes.tls13.preference is not None:
        found[ProtocolVersion.TLS_1_3] = notes.tls13.preference
    return found


def _key_exchanges(notes: Notes) -> Fact[tuple[KeyExchange, ...]]:
    found = [each for handshake in _handshakes(notes) if (each := _key_exchange_13(handshake)) is not None]
    found += _of_each_kind(read_key_exchanges(notes.answers()))
    if not found and not notes.finished:
        return Unknown(Why.NO_ANSWER, "no key exchange was seen before the time ran out")
    return Known(tuple(found), Basis(Origin.OBSERVED, found[0].basis.at if found else "probe:1"))


def _of_each_kind(exchanges: Iterable[KeyExchange]) -> Iterator[KeyExchange]:
    """A few of each kind: enough to see a public value again, however many suites show the same."""
    seen: Counter[tuple[object, ...]] = Counter()
    for each in exchanges:
        kind = (each.version, each.group, each.curve_type, each.dh, each.signature_scheme)
        seen[kind] += 1
        if seen[kind] <= _OF_EACH_KIND:
            yield each


def _client_auth(notes: Notes) -> dict[ProtocolVersion, ClientAuthAt]:
    """Client authentication at every version that was not refused: what is unknown of one is unknown of the whole."""
    found = settled(notes)
    for version in ProtocolVersion:
        accepted = notes.accepts(version)
        if version is ProtocolVersion.SSL_2 or version in found or (isinstance(accepted, Known) and not accepted.value):
            continue
        unknown = accepted if isinstance(accepted, Unknown) else UNFINISHED
        found[version] = ClientAuthAt(requested=unknown, mode=unknown)
    return dict(sorted(found.items(), key=lambda item: item[0].rank))


def _signature_schemes(
    notes: Notes, exchanges: Fact[tuple[KeyExchange, ...]], doubt: Unknown | None
) -> Tried[SchemeAt]:
    """What the server was seen to sign with, and which broken schemes it accepts where it is offered nothing better."""
    seen_used: dict[SchemeAt, Basis] = {}
    for each in exchanges.value if isinstance(exchanges, Known) else ():
        if each.signature_scheme is not None:
            seen_used.setdefault((each.version, each.signature_scheme), each.basis)
    tried = _tried(notes, doubt, notes.schemes.items(), (), lambda _version: ())
    return Tried({**seen_used, **tried.accepted}, tried.refused - seen_used.keys(), tried.rest)


def _handshakes(notes: Notes) -> list[Handshake]:
    return notes.tls13.handshakes if notes.tls13 is not None else []


def _key_exchange_13(handshake: Handshake) -> KeyExchange | None:
    proof = handshake.first(CertificateVerify)
    if handshake.hello is None or proof is None:
        return None
    return KeyExchange(
        version=ProtocolVersion.TLS_1_3,
        suite=handshake.hello.cipher_suite,
        basis=handshake.basis,
        group=handshake.hello.selected_group,
        signature_scheme=proof.scheme,
    )


def _session(notes: Notes) -> Session:
    whole = next((each for each in _handshakes(notes) if each.complete), None)
    older = [version for version in ProtocolVersion if version is not ProtocolVersion.TLS_1_3]
    facts = [notes.accepts(version) for version in older]
    if whole is not None and notes.stable and all(isinstance(fact, Known) and not fact.value for fact in facts):
        return session_of_handshake(whole, notes.unoffered())
    return session_of(list(notes.answers()), notes.unoffered())


def _deployments(notes: Notes, names: Sequence[str], trusting: Trusting) -> Fact[tuple[CertificateDeployment, ...]]:
    sightings: list[Sighting] = [seen for answer in notes.answers() if (seen := sighting_of_answer(answer))]
    at_13 = [seen for handshake in _handshakes(notes) if (seen := sighting_of_handshake(handshake))]
    sightings += at_13
    if not at_13 and notes.exchange is not None and (seen := sighting_of_exchange(notes.exchange)):
        sightings.append(seen)
    if not sightings:
        return notes.unreadable_13() or Unknown(Why.NO_ANSWER, "no certificate was seen")
    return Known(deployments(sightings, references=names, trusting=trusting), sightings[0].basis)


def _alpn(notes: Notes) -> Tried[str]:
    """Which names are accepted. A server picks one of an offer; the exchange offers http/1.1 alone."""
    accepted: dict[str, Basis] = {}
    refused = set() if notes.contact.shape.alpn else set(ALPN_NAMES)
    for fact in _alpn_chosen(notes).values():
        if isinstance(fact, Known) and fact.value is not None:
            accepted.setdefault(fact.value, fact.basis)
        elif isinstance(fact, Known):
            refused.update(ALPN_NAMES)
    exchange = notes.admitted or notes.exchange
    if exchange is not None and exchange.established:
        if exchange.alpn is not None:
            accepted.setdefault(exchange.alpn, exchange.basis)
        else:
            refused.add("http/1.1")
    return Tried(accepted, frozenset(refused - accepted.keys()), NOT_ASKED)


def _alpn_chosen(notes: Notes) -> dict[ProtocolVersion, Fact[str | None]]:
    """What an offer of all names got, per version: from the first answer with all extensions, and at TLS 1.3."""
    chosen: dict[ProtocolVersion, Fact[str | None]] = {}
    if not notes.contact.shape.alpn:
        return chosen
    for answer in notes.answers():
        if answer.hello is not None and answer.version in _WITH_ALPN:
            chosen.setdefault(answer.version, Known(answer.hello.alpn, answer.basis))
    whole = next((handshake for handshake in _handshakes(notes) if handshake.complete), None)
    if whole is not None:
        chosen[ProtocolVersion.TLS_1_3] = Known(whole.alpn, whole.basis)
    return chosen


_WITH_ALPN = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2)


def _http_here(notes: Notes, dialogue: Dialogue) -> Fact[HttpAnswer | None]:
    if notes.exchange is None:
        return UNFINISHED
    if dialogue.service is not None:
        return Known(None, Basis(Origin.DERIVED, notes.exchange.basis.at))
    return _http(notes.admitted or notes.exchange, notes.trials)


def _was_presented(good: Trial | None) -> bool:
    """Whether a certificate that should get in was presented: one made here is not known to be one."""
    if good is None or good.made_here:
        return False
    return any(isinstance(fact, Known) or fact.why is not Why.NOT_ASKED for fact in good.at.values())


_REFUSED = Unknown(Why.NO_ANSWER, "the client certificate that was presented is refused")
_NONE_PRESENTED = Unknown(Why.NOT_ASKED, "nobody is answered without a client certificate, and none was presented")


def _http(exchange: Exchange, trials: Mapping[TrialKind, Trial]) -> Fact[HttpAnswer | None]:
    reading = http.read(exchange.data, ended=exchange.ended) if exchange.data else None
    refused = exchange.alert is not None if reading is None else http.refuses_certificate(reading)
    if exchange.certificate_requested and refused:
        # What the application says to those who may come in was not asked: it takes a certificate that it trusts.
        return _REFUSED if _was_presented(trials.get(TrialKind.GOOD)) else _NONE_PRESENTED
    if not exchange.data:
        reason = exchange.alert.name if exchange.alert else exchange.problem or "nothing was answered"
        return Unknown(Why.NO_ANSWER, f"no answer to GET /: {reason}")
    if exchange.alpn == "h2":
        return Unknown(Why.UNSUPPORTED, "the server speaks HTTP/2 alone, and only HTTP/1.1 is asked")
    if reading is not None and not reading.malformed:
        return Known(http.answer_of(reading, exchange.basis), exchange.basis)
    if http.may_be_http(exchange.data):
        return Unknown(Why.UNSUPPORTED, "the head of the response is malformed, or larger than is read")
    return Known(None, exchange.basis)
