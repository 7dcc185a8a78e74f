"""The questions about client authentication: at every version, for other paths, and without a server name.

All of them are asked without a certificate, so what they find is how a stranger is treated.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from tlsaudit.credentials import Credentials
from tlsaudit.model.errors import DecodeError, InputError
from tlsaudit.model.facts import Behaviours, ClientAuthAt, Facts, Session, When
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target, canonical_host
from tlsaudit.pki import parse_certificate
from tlsaudit.probe import client_auth, http
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.get import get, http_names
from tlsaudit.probe.late import ask_on_h2, exchange_late
from tlsaudit.probe.mesh import ask_mesh, ask_plaintext, is_mesh_shape
from tlsaudit.probe.notes import Notes
from tlsaudit.probe.resumption import ask_resumption
from tlsaudit.probe.suites import candidates
from tlsaudit.probe.tls13 import GROUPS_13, SUITES_13, Tls13, ask_retry, shake_hands, without_retry
from tlsaudit.probe.trials import present
from tlsaudit.probe.versions import VersionFindings, accepts
from tlsaudit.wire import CertificateRequest

WITHOUT_NAME = "without a server name"
_AT_EVERY_VERSION = 2
_MOST_OTHER_NAMES = 8
"""Other names of the certificate that are asked for: the first ones at every version, the rest at the newest."""
_TLS_1_2, _TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
_WITHOUT_NAMES = frozenset({ProtocolVersion.SSL_2, ProtocolVersion.SSL_3})
_BY_RENEGOTIATION = (_TLS_1_2, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_0)


async def ask_mutual(
    dialogue: Dialogue, notes: Notes, target: Target, credentials: Credentials, paths: tuple[str, ...]
) -> None:
    """Versions in as few questions as there can be, and then all about client authentication."""
    await _versions(dialogue, notes)
    await _tls13(dialogue, notes)
    notes.exchange = await get(dialogue, notes.contact.shape.alpn, target, None)
    await ask_client_auth(dialogue, notes, target, thoroughly=True)
    others = _other_names(notes, target)
    spoken = [version for version in notes.accepted() if version not in _WITHOUT_NAMES]
    for place, (where, other) in enumerate(others.items()):
        versions = spoken if place <= _AT_EVERY_VERSION else spoken[-1:]
        await _elsewhere(dialogue, notes, other, where, "/", versions=versions)
    _note_unasked_names(notes, target, spoken)
    for path in paths:
        await _elsewhere(dialogue, notes, target, path, path, versions=spoken)
    asked = [path for path, version in notes.late_requests if version is _TLS_1_3 and path.startswith("/")]
    for path in asked[:1]:
        notes.late_on_h2 = await ask_on_h2(dialogue, target, path)
    await ask_resumption(dialogue, notes, target, others)
    if dialogue.service is None:
        notes.plaintext = await ask_plaintext(dialogue, target)
        notes.mesh = await ask_mesh(dialogue, notes, notes.plaintext)
    await present(dialogue, notes, target, credentials, paths=("/", *paths))


def _other_names(notes: Notes, target: Target) -> dict[str, Target]:
    """The same endpoint without its name, and with others of its certificate; HTTP still asks for what is meant.

    Where client authentication hangs on the server name, HTTP can lead past it: nobody compares the two.
    """
    meant = target.server_name
    if meant is None:
        return {}
    names = _names_beside(notes, meant)[:_MOST_OTHER_NAMES]
    others = {WITHOUT_NAME: ""} | {f"with the server name {name}": name for name in names}
    return {where: replace(target, host=meant, sni=name) for where, name in others.items()}


def _names_beside(notes: Notes, meant: str) -> list[str]:
    chain = notes.exchange.chain if notes.exchange is not None else ()
    return [name for name in _dns_names(chain[0]) if name != meant] if chain else []


def _note_unasked_names(notes: Notes, target: Target, spoken: list[ProtocolVersion]) -> None:
    """Names beyond the most that are asked for: what is not known of them is no sign of equal treatment."""
    meant = target.server_name
    more = len(_names_beside(notes, meant)) - _MOST_OTHER_NAMES if meant is not None else 0
    if more > 0:
        unknown = Unknown(Why.NOT_ASKED, f"{more} more names of the certificate were not asked for")
        entries = {version: ClientAuthAt(requested=unknown, mode=unknown) for version in spoken[-1:]}
        notes.elsewhere[f"with {more} more names of the certificate"] = entries


def _dns_names(der: bytes) -> list[str]:
    """The host names of a certificate that are no wildcards, as far as a client may send them."""
    try:
        presented = [name.value for name in parse_certificate(der).san or () if name.kind == "dns"]
    except DecodeError:
        return []
    names = []
    for each in presented:
        with contextlib.suppress(InputError):
            host = Target(host=canonical_host(each))
            names += [] if host.is_address else [host.host]
    return list(dict.fromkeys(names))


def narrowed(facts: Facts) -> Facts:
    """The facts without those that were only seen in passing, and in part: they were not asked for."""
    asked = facts.protocols.accepted.keys() | facts.protocols.refused | {ProtocolVersion.SSL_2}
    whole = asked == set(ProtocolVersion)
    return replace(
        facts,
        protocols=replace(facts.protocols, rest=NOT_ASKED) if whole else facts.protocols,
        cipher_suites=Tried(),
        suite_order={},
        groups=Tried(),
        group_order={},
        key_exchanges=NOT_ASKED,
        alpn=Tried(),
        session=Session(),
        signature_schemes=Tried(),
        behaviours=Behaviours(early_data=facts.behaviours.early_data),
    )


async def ask_client_auth(dialogue: Dialogue, notes: Notes, target: Target, *, thoroughly: bool = False) -> None:
    """At each accepted version: whether going on without a certificate works, where one is asked for.

    `thoroughly`: whether one is asked for after the request is asked at every version, too.
    """
    handshakes = notes.tls13.handshakes if notes.tls13 else []
    if notes.exchange is not None and notes.exchange.version is not None:
        notes.strangers[notes.exchange.version] = [notes.exchange]
    for version in notes.accepted():
        if version is ProtocolVersion.SSL_2:
            continue
        requested = notes.requested(version)
        complete = next((each for each in handshakes if each.complete), None)
        known = complete if version is _TLS_1_3 else None
        entry = client_auth.at_version(requested, known, None)
        if isinstance(entry.mode, Unknown) and isinstance(requested, Known) and version is not ProtocolVersion.SSL_3:
            entry = client_auth.at_version(requested, known, await _exchange_at(dialogue, notes, target, version))
        notes.client_auth[version] = entry
    await _late_client_auth(dialogue, notes, target, always=thoroughly)


async def _late_client_auth(dialogue: Dialogue, notes: Notes, target: Target, *, always: bool) -> None:
    """Whether a certificate is asked for after the request (RFC 5246 section 7.4.1.1, RFC 8446 section 4.6.2).

    Unless `always`, this is asked at the best version, and at others where HTTP refuses at TLS 1.3, whose client has
    to offer post-handshake authentication to be asked, or where another version asks late.
    """
    if notes.exchange is None or dialogue.service is not None:
        return  # what is asked for after the request is HTTP's
    forbidden = http.forbids(notes.exchange.data)
    suspected = always or forbidden
    for version in _BY_RENEGOTIATION:
        if notes.is_free(version) and (suspected or notes.exchange.version is version):
            answer = await _exchange_at(dialogue, notes, target, version)
            if answer.certificate_requested:
                notes.client_auth[version] = _asked(notes, "/", version, answer)
                suspected = True
    if notes.is_free(_TLS_1_3) and suspected:
        entry = await _late_13(dialogue, notes, target, "/", "/")
        if entry is not None or forbidden:
            notes.client_auth[_TLS_1_3] = entry or _open_at_13(notes.client_auth)


def _asked(notes: Notes, where: str, version: ProtocolVersion, answer: Exchange) -> ClientAuthAt:
    """Client authentication where the exchange was asked for a certificate below TLS 1.3, in the handshake or late."""
    if not answer.requested_late:
        return client_auth.at_version(Known(True, answer.basis), None, answer)
    notes.late_requests[where, version] = CertificateRequest(ca_names=answer.ca_names)
    return client_auth.late(answer)


def _open_at_13(entries: Mapping[ProtocolVersion, ClientAuthAt]) -> ClientAuthAt:
    """What HTTP 403 means at TLS 1.3, where no certificate is asked for, not even late."""
    older = entries.get(_TLS_1_2)
    if older is None or older.when is not When.LATE:
        return entries[_TLS_1_3]
    detail = "HTTP 403 without a certificate being asked for; at TLSv1.2 one is asked for late"
    unknown = Unknown(Why.UNSUPPORTED, detail)
    return ClientAuthAt(requested=unknown, mode=unknown)


async def _late_13(dialogue: Dialogue, notes: Notes, target: Target, where: str, path: str) -> ClientAuthAt | None:
    """Client authentication after the request at TLS 1.3; None where no certificate is asked for."""
    alpn = http_names(notes.contact.shape.alpn)
    answer, request = await exchange_late(dialogue, target, path=path, whose=_whose(where), credential=None, alpn=alpn)
    if request is None:
        return None
    notes.late_requests[where, _TLS_1_3] = request
    return client_auth.late(answer)


async def _exchange_at(dialogue: Dialogue, notes: Notes, target: Target, version: ProtocolVersion) -> Exchange:
    if notes.exchange is None or notes.exchange.version is not version:
        notes.strangers[version] = [await get(dialogue, notes.contact.shape.alpn, target, version)]
    return notes.strangers[version][0]


async def _elsewhere(
    dialogue: Dialogue, notes: Notes, target: Target, where: str, path: str, *, versions: list[ProtocolVersion]
) -> None:
    """Another request at each of the versions: is a certificate asked for, in the handshake or after the request."""
    found = notes.elsewhere.setdefault(where, {})
    # Where the application says nothing it is not waited for again: what TLS says is all there is.
    silent = notes.exchange is not None and notes.exchange.established and notes.exchange.failure == "timeout"
    for version in versions:
        answer = await get(
            dialogue, notes.contact.shape.alpn, target, version, path=path, whose=_whose(where), close=silent
        )
        if answer.certificate_requested:
            found[version] = _asked(notes, where, version, answer)
        elif version is _TLS_1_3 and answer.data and dialogue.service is None:
            late = await _late_13(dialogue, notes, target, where, path)
            found[version] = late or client_auth.at_version(_requested(answer), None, answer)
            if late is None and http.forbids(answer.data):
                found[version] = _open_at_13(found)
        else:
            found[version] = client_auth.at_version(_requested(answer), None, answer)


def _whose(where: str) -> str:
    without = "without a client certificate"
    return without if where.startswith("/") else f"{without}, {where}"


def _requested(answer: Exchange) -> Fact[bool]:
    """Whether a certificate was asked for; without a handshake or an answer nobody can say that it was not."""
    if answer.certificate_requested or answer.data or (answer.closing and answer.accepted_by_tls):
        return Known(answer.certificate_requested, answer.basis)
    return Unknown(Why.NO_ANSWER, str(answer.alert or "") or answer.problem or "the application says nothing")


async def _versions(dialogue: Dialogue, notes: Notes) -> None:
    """TLS 1.2 from first contact; a hello of 1.1 that is refused speaks of all that is older."""
    contact = notes.contact
    if contact.piece is None:
        _note(notes, _TLS_1_2, contact.classic)
    else:
        await _ask_version(dialogue, notes, _TLS_1_2)
    at_11 = await _ask_version(dialogue, notes, ProtocolVersion.TLS_1_1)
    if (contact.tolerant and at_11.refused) or at_11.version is ProtocolVersion.TLS_1_0:
        _note(notes, ProtocolVersion.TLS_1_0, at_11)
    else:
        await _ask_version(dialogue, notes, ProtocolVersion.TLS_1_0)
    if is_mesh_shape(contact.shape):
        # SSL 3.0 has no protocol names, and without them nothing but the application is reached.
        old = VersionFindings(version=ProtocolVersion.SSL_3, accepted=Known(False, _derived(contact.classic)))
        notes.versions[ProtocolVersion.SSL_3] = old
    else:
        await _ask_version(dialogue, notes, ProtocolVersion.SSL_3)


def _derived(answer: Answer) -> Basis:
    return Basis(Origin.DERIVED, answer.basis.at)


async def _ask_version(dialogue: Dialogue, notes: Notes, version: ProtocolVersion) -> Answer:
    suites = candidates(version)[: notes.contact.piece]
    hello = notes.contact.shape.classic(version, suites)
    answer = await dialogue.ask(f"{version}, {len(suites)} cipher suites", hello)
    _note(notes, version, answer)
    return answer


def _note(notes: Notes, version: ProtocolVersion, answer: Answer) -> None:
    found = VersionFindings(version=version, accepted=accepts(answer, version))
    found.suites.answers.append(answer)
    notes.versions[version] = found


async def _tls13(dialogue: Dialogue, notes: Notes) -> None:
    """One real handshake, which shows the CertificateRequest."""
    shape = notes.contact.shape
    first = notes.contact.retry or await ask_retry(dialogue, shape, SUITES_13, GROUPS_13)
    shaken = await shake_hands(dialogue, shape)
    accepted = accepts(first, _TLS_1_3)
    if not isinstance(accepted, Known) or not accepted.value:
        notes.tls13 = without_retry(shaken)
        notes.accepts_13 = accepted if notes.tls13 is None else Known(True, notes.tls13.basis)
        return
    notes.accepts_13 = accepted
    notes.tls13 = Tls13(basis=first.basis, handshakes=[shaken])
    if first.hello is not None and first.hello.selected_group is not None:
        notes.tls13.groups.accepted[first.hello.selected_group] = first.basis
