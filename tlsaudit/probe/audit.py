"""All questions to one endpoint, in the order in which the answers prune what is asked next."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from tlsaudit.credentials import Credentials
from tlsaudit.manners import Allowance
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.facts import Endpoint, Facts
from tlsaudit.model.forbidden import Forbidden
from tlsaudit.model.knowledge import NOT_ASKED, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.net import Network
from tlsaudit.probe.assemble import assemble
from tlsaudit.probe.attacks import ask_attacks
from tlsaudit.probe.before_tls import ask_injection, ask_sign_in, before_asking
from tlsaudit.probe.behaviours import all_unknown, ask_behaviours
from tlsaudit.probe.certificates import Trusting
from tlsaudit.probe.clients import described
from tlsaudit.probe.contact import Contact, NotAuditedError, make_contact
from tlsaudit.probe.dialogue import Answer, Dialogue, Log
from tlsaudit.probe.gate import ask_classic
from tlsaudit.probe.get import get
from tlsaudit.probe.groups import ask_free, certificate_curve, enumerate_groups, suite_for_groups
from tlsaudit.probe.hellos import Shape
from tlsaudit.probe.isolation import Sslyze
from tlsaudit.probe.mesh import MESH_NAMES, ask_plaintext
from tlsaudit.probe.mutual import ask_client_auth, ask_mutual, narrowed
from tlsaudit.probe.notes import UNFINISHED, Notes
from tlsaudit.probe.plain_http import ask_plain_http, no_port
from tlsaudit.probe.renegotiation import ask_renegotiation
from tlsaudit.probe.repetition import ask_again
from tlsaudit.probe.revocation import StatusSources, with_revocation
from tlsaudit.probe.suites import failed_over
from tlsaudit.probe.tls13 import GROUPS_13, SUITES_13, ask_retry, explore, shake_hands, without_retry
from tlsaudit.probe.trials import present
from tlsaudit.probe.twin import ask_twin, no_twin
from tlsaudit.probe.versions import VersionFindings, accepts, explore_old, explore_ssl2, explore_ssl3, explore_version
from tlsaudit.probe.vulnerabilities import ask_vulnerabilities, undecided, with_renegotiations

INTERRUPTED: Final = "interrupted"
"""The code of what a run was stopped in, or before."""

_MOST_ADDRESSES = 4
_MAY_BE_A_MESH = frozenset({"not_tls", "closed", "reset"})
"""What becomes of a hello that a sidecar passes on to an application without TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an audit is given: trust stores, how many seconds one endpoint may take (`deadline`; what
    our own caps and pace make it wait is not counted), and how much is asked.

    `full` adds behaviours to the inventory of versions, suites, groups, certificates and client authentication;
    `sslyze` adds the attacks. With `forbidden` only those suites and groups are asked for. `credentials` are presented
    where a client certificate is asked for. With `mutual_paths` nothing but client authentication is asked: for `/`,
    these paths, and without a server name. `names` are those that the certificate has to cover; none: the target's.
    `status` are the sources of revocation that are asked when the endpoint has been; None: none is.
    """

    trusting: Trusting
    deadline: float
    full: bool = False
    sslyze: Sslyze | None = None
    forbidden: Forbidden | None = None
    credentials: Credentials = field(default_factory=Credentials)
    mutual_paths: tuple[str, ...] | None = None
    names: tuple[str, ...] = ()
    status: StatusSources | None = None

    @property
    def inventory(self) -> bool:
        """Whether everything that a sound endpoint would be asked is asked, and not only some of it."""
        return self.forbidden is None and self.mutual_paths is None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the facts of an endpoint are incomplete: a stable word for the report, and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The facts of one endpoint; `problem` is None where they are complete."""

    facts: Facts
    problem: Problem | None


async def audit_endpoint(target: Target, network: Network, settings: Settings, *, resolved: bool = False) -> Audit:
    """Ask one endpoint everything; raises NotAuditedError, or NetworkError where its name does not resolve.

    `resolved`: the target's address is what its name resolved to, not one that somebody gave.
    """
    notes: Notes | None = None
    allowance = Allowance(settings.deadline)
    try:
        async with allowance.bounds():
            dialogue = await _dial(target, network, settings.credentials, allowance, resolved=resolved)
            contact = await _contact(dialogue, target, mutual=settings.mutual_paths is not None)
            notes = Notes(contact=contact, forbidden=settings.forbidden, plain_http=no_port(target))
            notes.before_tls = before_asking(dialogue, inventory=settings.inventory, full=settings.full)
            if settings.full:
                notes.behaviours = all_unknown(UNFINISHED)
            if settings.sslyze is not None:
                await settings.sslyze.warm_up()
            await _ask_everything(dialogue, notes, target, settings)
    except TimeoutError:
        if notes is None:
            message = f"no ClientHello was answered within {settings.deadline:g} s"
            raise NotAuditedError("unreachable", "timeout", message) from None
    except asyncio.CancelledError:
        if notes is None or not notes.trials:
            raise
        # Whoever ends the run has to answer for what was presented by then: it is told, not thrown away.
        facts = _narrowed(_facts(dialogue, notes, target, settings), settings)
        return Audit(facts, Problem(INTERRUPTED, "the run was interrupted before this endpoint was done"))
    # In a thread: testing an unknown Diffie-Hellman modulus can take a second, and other endpoints should not wait.
    facts = await asyncio.to_thread(_facts, dialogue, notes, target, settings)
    problem = _problem(dialogue, notes, facts)
    facts = _narrowed(facts, settings)
    twin = no_twin(target, settings.names)
    if settings.inventory and twin is NOT_ASKED:
        twin = await ask_twin(dialogue, facts, target)
    facts = replace(facts, twin=twin)
    facts = await _attacks(facts, problem, dialogue, notes, target=target, settings=settings, allowance=allowance)
    if settings.status is not None and settings.mutual_paths is None:
        facts = await with_revocation(facts, settings.status, settings.deadline)
    return Audit(facts, problem)


async def _attacks(
    facts: Facts,
    problem: Problem | None,
    dialogue: Dialogue,
    notes: Notes,
    *,
    target: Target,
    settings: Settings,
    allowance: Allowance,
) -> Facts:
    """`facts` with what was tried of attacks, as far as the mode tries any."""
    if notes.renegotiations != NOT_ASKED:
        facts = replace(facts, session=with_renegotiations(facts.session, notes.renegotiations))
    if settings.sslyze is not None:
        facts = await _vulnerabilities(facts, problem, dialogue, settings.sslyze, allowance)
    if settings.full and problem is None:
        facts = await ask_attacks(facts, notes, dialogue, target, allowance)
    return facts


def _facts(dialogue: Dialogue, notes: Notes, target: Target, settings: Settings) -> Facts:
    facts = assemble(notes, dialogue, settings.names or (target.sni or target.host,), settings.trusting)
    return replace(facts, client_auth=described(facts.client_auth, notes, settings.credentials, settings.trusting))


def _narrowed(facts: Facts, settings: Settings) -> Facts:
    return narrowed(facts) if settings.mutual_paths is not None else facts


async def _vulnerabilities(
    facts: Facts, problem: Problem | None, dialogue: Dialogue, sslyze: Sslyze, allowance: Allowance
) -> Facts:
    """Last of all, after the check of stability: what an intrusion prevention makes of it spoils no other fact."""
    if problem is not None:
        return undecided(facts, Unknown(Why.NO_ANSWER, f"attacks were not tried: {problem.message}"))
    return await ask_vulnerabilities(facts, dialogue, sslyze, allowance)


async def _dial(
    target: Target, network: Network, credentials: Credentials, allowance: Allowance, *, resolved: bool
) -> Dialogue:
    """A dialogue with the first address of the target that accepts a connection, else with the first of all.

    A name may have any number of addresses: only the first few are tried.
    """
    addresses = (target.address,) if target.address else await network.resolve(target.host, target.port)
    name = None if target.is_address or (target.address and not resolved) else target.host
    log = Log()
    chosen = addresses[0]
    for address in addresses[:_MOST_ADDRESSES] if len(addresses) > 1 else ():
        n = log.open(f"does {address} accept a connection")
        try:
            async with network.connect(address, target.port, name=name, allowance=allowance):
                log.close(n, "yes")
                chosen = address
                break
        except NetworkError as error:
            log.close(n, str(error))
    endpoint = Endpoint(
        host=target.host, port=target.port, address=chosen, sni=target.server_name, starttls=target.starttls
    )
    user = credentials.good.common_name if credentials.good else None
    return Dialogue(network, endpoint, log, name=name, user=user, allowance=allowance)


async def _contact(dialogue: Dialogue, target: Target, *, mutual: bool) -> Contact:
    """First contact; where nobody else is answered, also as a member of a service mesh. Raises NotAuditedError."""
    shape = Shape(server_name=target.server_name)
    if dialogue.service is not None:
        return await make_contact(dialogue, replace(shape, alpn=()))
    try:
        return await make_contact(dialogue, shape)
    except NotAuditedError as error:
        if not mutual or error.code not in _MAY_BE_A_MESH:
            raise
        try:
            return await make_contact(dialogue, replace(shape, alpn=MESH_NAMES))
        except NotAuditedError:
            raise error from None


async def _ask_everything(dialogue: Dialogue, notes: Notes, target: Target, settings: Settings) -> None:
    if settings.mutual_paths is not None:
        await ask_mutual(dialogue, notes, target, settings.credentials, settings.mutual_paths)
    else:
        await _ask_inventory(dialogue, notes, target)
        await present(dialogue, notes, target, settings.credentials)
    if notes.forbidden is not None and notes.forbidden.renegotiation:
        notes.renegotiations = await ask_renegotiation(dialogue, notes, target)
    if settings.full:
        await ask_injection(dialogue, notes, target)
        await ask_behaviours(dialogue, notes, target)
        await ask_again(dialogue, notes)
        if dialogue.service is None:
            notes.plaintext = await ask_plaintext(dialogue, target)
    await _check_stability(dialogue, notes)
    notes.finished = True


async def _ask_inventory(dialogue: Dialogue, notes: Notes, target: Target) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_classic(dialogue, notes))
        tasks.create_task(_old(dialogue, notes))
        tasks.create_task(_ssl3(dialogue, notes))
        tasks.create_task(_ssl2(dialogue, notes))
        tasks.create_task(_tls13(dialogue, notes))
        tasks.create_task(_http(dialogue, notes, target))
        if notes.forbidden is None:
            tasks.create_task(_plain_http(dialogue, notes, target))
    if notes.forbidden is None:
        await ask_sign_in(dialogue, notes)
    await ask_client_auth(dialogue, notes, target)


async def _classic(dialogue: Dialogue, notes: Notes) -> None:
    """TLS 1.2: suites and preference, and groups: side by side where the first answer shows a suite to ask with."""
    first = notes.contact.classic if notes.contact.piece is None else None
    if first is not None and notes.forbidden is not None and not failed_over(first):
        await ask_classic(dialogue, notes, first, notes.forbidden)
        return
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_suites(dialogue, notes, first))
        early = tasks.create_task(_groups_early(dialogue, notes, first)) if first is not None else None
    if early is None or not early.result():
        found = notes.versions[ProtocolVersion.TLS_1_2]
        await _groups(dialogue, notes, found.suites.accepted, first, _certificate_curve(found))


async def _groups_early(dialogue: Dialogue, notes: Notes, first: Answer) -> bool:
    """The groups while suites are still being asked for; False where a suite to ask with has to be found first.

    Where the first answer shows an ECDSA certificate, one of another kind would serve better: it is looked for while
    the groups are asked with the one that is known.
    """
    suite = suite_for_groups(first)
    if suite is None:
        return False
    if suite.auth != "ECDSA":
        await _groups(dialogue, notes, (suite.code,), first, None)
        return True
    async with asyncio.TaskGroup() as tasks:
        guess = tasks.create_task(_groups(dialogue, notes, (suite.code,), first, certificate_curve(first)))
        other = await ask_free(dialogue, notes.contact.shape)
        better = suite_for_groups(other)
        if better is not None:
            guess.cancel()
    if better is not None:
        await _groups(dialogue, notes, (better.code,), other, None)
    return True


async def _suites(dialogue: Dialogue, notes: Notes, first: Answer | None) -> None:
    contact, version = notes.contact, ProtocolVersion.TLS_1_2
    notes.versions[version] = await explore_version(dialogue, contact.shape, version, first, contact.piece)


async def _groups(
    dialogue: Dialogue, notes: Notes, suites: Collection[int], first: Answer | None, curve: int | None
) -> None:
    shape = notes.contact.shape
    notes.groups_12 = await enumerate_groups(dialogue, shape, suites, first=first, certificate_curve=curve)


def _certificate_curve(found: VersionFindings) -> int | None:
    """The curve of the endpoint's ECDSA certificate, as far as TLS 1.2 has shown one."""
    for answer in found.suites.answers:
        curve = certificate_curve(answer)
        if curve is not None:
            return curve
    return None


async def _old(dialogue: Dialogue, notes: Notes) -> None:
    contact = notes.contact
    for found in await explore_old(
        dialogue, contact.shape, piece=contact.piece, together=contact.tolerant, forbidden=notes.forbidden
    ):
        notes.versions[found.version] = found


async def _ssl3(dialogue: Dialogue, notes: Notes) -> None:
    contact = notes.contact
    notes.versions[ProtocolVersion.SSL_3] = await explore_ssl3(dialogue, contact.shape, contact.piece, notes.forbidden)


async def _ssl2(dialogue: Dialogue, notes: Notes) -> None:
    notes.versions[ProtocolVersion.SSL_2] = await explore_ssl2(dialogue)


async def _tls13(dialogue: Dialogue, notes: Notes) -> None:
    shape = notes.contact.shape
    async with asyncio.TaskGroup() as tasks:
        shaking = tasks.create_task(shake_hands(dialogue, shape))
        first = notes.contact.retry or await ask_retry(dialogue, shape, SUITES_13, GROUPS_13)
        accepted = accepts(first, ProtocolVersion.TLS_1_3)
        if isinstance(accepted, Known) and accepted.value:
            notes.tls13 = await explore(dialogue, shape, first, shaking, forbidden=notes.forbidden)
    if notes.tls13 is None:
        notes.tls13 = without_retry(shaking.result())
        accepted = accepted if notes.tls13 is None else Known(True, notes.tls13.basis)
    notes.accepts_13 = accepted


async def _http(dialogue: Dialogue, notes: Notes, target: Target) -> None:
    notes.exchange = await get(dialogue, notes.contact.shape.alpn, target, None, whole=True)


async def _plain_http(dialogue: Dialogue, notes: Notes, target: Target) -> None:
    if target.plain_http_port is not None:
        notes.plain_http = UNFINISHED
        notes.plain_http = await ask_plain_http(dialogue, target)


async def _check_stability(dialogue: Dialogue, notes: Notes) -> None:
    """Ask once more what was answered first: if that fails now, what was refused since may have been refused to us."""
    if dialogue.control is not None:
        answer = await dialogue.ask("control: the hello that was answered first", dialogue.control)
        notes.closing = answer
        notes.stable = answer.answered


def _problem(dialogue: Dialogue, notes: Notes, facts: Facts) -> Problem | None:
    if dialogue.hindrance is not None:
        return Problem(dialogue.hindrance.code, str(dialogue.hindrance))
    if not notes.finished:
        return Problem("deadline", "the time for this endpoint ran out")
    if not notes.stable:
        detail = "the server stopped answering what it had answered before: a rate limit or intrusion prevention"
        return Problem("unstable", detail)
    return _inequality(facts) or (None if notes.accepted() else _nothing_accepted(notes))


def _inequality(facts: Facts) -> Problem | None:
    differing = facts.behaviours.inconsistency
    if isinstance(differing, Unknown) or differing.value is None:
        return None
    detail = f"the answers differ from connection to connection ({differing.value}), as from unequal back ends"
    return Problem("unequal", f"{detail}: nothing that one refused is known to be refused by all")


def _nothing_accepted(notes: Notes) -> Problem:
    unknown = next((fact for version in ProtocolVersion if isinstance(fact := notes.accepts(version), Unknown)), None)
    if unknown is not None:
        return Problem("no_answer", f"no protocol version could be established: {unknown.detail}")
    return Problem("refused", "the server refused every hello of every version")
