"""The facts of a subject as labelled lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tlsaudit.model.document import CertificatePart, ClientAuthAtPart, DeploymentPart, FactsPart, Subject, rfc3339
from tlsaudit.report.mutual import beside_words, client_auth_words, differs_by_version, verifies_words
from tlsaudit.report.revocation import statuses
from tlsaudit.report.sanitize import shorten
from tlsaudit.report.trials import Cell, Matrix, trial_matrix
from tlsaudit.report.view import (
    SuiteList,
    before_tls_words,
    behaviour_words,
    key_words,
    named_marks,
    open_list,
    plain_http_words,
    plural,
    session_words,
    suite_lists,
    timestamp_words,
    upstream_words,
    validity,
    version_marks,
    versions_of,
)

TONES: Final = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "info": "blue",
    "good": "green",
    "bad": "red",
    "dim": "dim",
}
_LONGEST_NAME: Final = 160
_SUITES_SHOWN: Final = 60
_NAMES_SHOWN: Final = 8

Line = tuple[str, RenderableType]


def fact_lines(subject: Subject, as_of: datetime) -> Iterator[Line]:
    """Label and value of each fact worth a line; a further line of the same fact has an empty label."""
    facts = subject.facts
    if facts is None:
        return
    if facts.upstream is not None:
        yield "Upstream", Text(upstream_words(facts.upstream))
        if not facts.upstream.tls:
            return
    marks = named_marks(subject)
    yield "Protocols", _protocols(facts, version_marks(subject))
    for each in suite_lists(subject):
        yield from _labelled(each.versions[0], _suites(each, marks))
    yield from _labelled("Groups", _groups(subject, facts, marks))
    for exchange in facts.key_exchanges:
        if exchange.dh_bits is not None:
            known = f" ({exchange.dh_name})" if exchange.dh_name else ""
            yield "DH", Text(f"{exchange.dh_bits} bits{known} with {exchange.suite}")
    for deployment in facts.certificate_deployments:
        yield from _labelled("Certificate", _certificate(deployment, as_of))
    if facts.upstream is None:
        yield from _labelled("Client auth", _client_auth(subject, facts))
        yield from _service(facts)


def _protocols(facts: FactsPart, marks: dict[str, str]) -> Text:
    order = versions_of(facts.protocols)
    accepted = [_marked(each, marks.get(each)) for each in order if facts.protocols[each] == "accepted"]
    verdicts = set(facts.protocols.values())
    if verdicts == {"unknown"}:
        return Text("unknown")
    line = _join(accepted) if accepted else Text("none known" if "unknown" in verdicts else "none accepted")
    for verdict, word in (("rejected", "refused"), ("unknown", "unknown")):
        names = [each for each in order if facts.protocols[each] == verdict]
        if names:
            line.append(f"  · {word}: {', '.join(names)}", "dim")
    return line


def _groups(subject: Subject, facts: FactsPart, marks: dict[str, str]) -> Iterator[Table]:
    for version in versions_of(facts.groups):
        line = _join(_marked(group.name, marks.get(group.name)) for group in facts.groups[version])
        more = open_list(subject, f"groups.{version}")
        yield _pair(version, line.append(f"  · {shorten(more, _LONGEST_NAME)}", "dim") if more else line)


def _suites(listed: SuiteList, marks: dict[str, str]) -> Iterator[Text]:
    same = f"; the same at {', '.join(listed.versions[1:])}" if listed.versions[1:] else ""
    order = shorten(listed.order, _LONGEST_NAME)
    yield Text(f"{plural(len(listed.suites), 'suite')}, {order}{same}", "dim")
    for suite in listed.suites[:_SUITES_SHOWN]:
        yield Text.assemble((suite.code, "dim"), "  ", _marked(suite.name, marks.get(suite.name)))
    if len(listed.suites) > _SUITES_SHOWN:
        yield Text(f"and {len(listed.suites) - _SUITES_SHOWN} more", "dim")


def _certificate(deployment: DeploymentPart, as_of: datetime) -> Iterator[RenderableType]:
    for problem in deployment.unparsed:
        yield Text(f"unreadable: {shorten(problem, _LONGEST_NAME)}", TONES["bad"])
    if deployment.chain:
        leaf = deployment.chain[0]
        yield Text(shorten(leaf.subject, _LONGEST_NAME) or "(empty subject)", "bold")
        yield _pair("issuer", shorten(leaf.issuer, _LONGEST_NAME))
        yield _pair("names", _names(leaf.sans))
        yield _pair("validity", _validity(leaf, as_of))
        yield _pair("key", f"{key_words(leaf.key)}, signed with {leaf.signature_algorithm}")
    yield _pair("chain", _chain(deployment))
    for store, verdict in deployment.trust.items():
        words = ("trusted", TONES["good"]) if verdict.trusted else ("not trusted", TONES["bad"])
        yield _pair("trust", Text.assemble(f"{store}: ", words, (f"  {verdict.reason}", "dim")))
    yield _pair("name", _name_match(deployment))
    yield _pair("status", _status(deployment))
    if deployment.timestamps:
        yield _pair("logged", shorten(timestamp_words(deployment.timestamps), _LONGEST_NAME))
    for each in statuses(deployment):
        of, rest = shorten(each.of, 80), shorten(each.rest, _LONGEST_NAME)
        yield _pair("revoked?", Text.assemble((each.verdict, TONES[each.tone]), f"  {of}", (f"  {rest}", "dim")))


def _names(sans: Sequence[str]) -> str:
    if not sans:
        return "no subjectAltName"
    shown = ", ".join(shorten(name, 80) for name in sans[:_NAMES_SHOWN])
    return shown + (f" and {len(sans) - _NAMES_SHOWN} more" if len(sans) > _NAMES_SHOWN else "")


def _validity(leaf: CertificatePart, as_of: datetime) -> Text:
    state = validity(leaf, as_of)
    tone = "" if state.state == "valid" else TONES["critical"]
    period = f"  {rfc3339(leaf.not_before)} to {rfc3339(leaf.not_after)}"
    return Text.assemble((state.words, tone), (period, "dim"))


def _chain(deployment: DeploymentPart) -> Text:
    count = len(deployment.chain) + len(deployment.unparsed)
    sent = f"  {plural(count, 'certificate')} sent"
    tone = TONES["good"] if deployment.chain_status == "complete" else TONES["bad"]
    line = Text.assemble((deployment.chain_status.replace("_", "-"), tone), (sent, "dim"))
    if deployment.missing_issuer:
        line.append(f", missing: {shorten(deployment.missing_issuer, _LONGEST_NAME)}", "dim")
    return line


def _name_match(deployment: DeploymentPart) -> Text:
    match deployment.name_match:
        case None:
            return Text("not established" if deployment.name is None else deployment.name.reason, "dim")
        case True:
            matched = deployment.name.matched if deployment.name else None
            return Text.assemble(("matches", TONES["good"]), (f"  {shorten(matched, 80)}" if matched else "", "dim"))
        case False:
            reference = f" {deployment.name.reference}" if deployment.name else ""
            return Text(f"does not match{reference}", TONES["bad"])


def _status(deployment: DeploymentPart) -> str:
    staple = deployment.stapled_ocsp
    words = "no OCSP staple" if staple is None else f"OCSP staple: {staple.status}"
    if staple is not None and staple.detail:
        words += f" ({shorten(staple.detail, 80)})"
    scts = "SCTs not read" if deployment.scts is None else f"{deployment.scts} SCTs"
    return f"{words}, {scts}"


def _client_auth(subject: Subject, facts: FactsPart) -> Iterator[RenderableType]:
    auth = facts.client_auth
    unknown = auth.mode == "unknown" and not differs_by_version(auth)
    yield Text(client_auth_words(auth), TONES["dim"] if unknown else "")
    verifies = verifies_words(auth)
    if verifies:
        yield _pair("verified", Text(verifies, TONES["bad"] if auth.verifies is False else ""))
    if auth.mode not in {"none", "unknown"} or differs_by_version(auth):
        for version in versions_of(auth.per_protocol):
            yield _pair(version, _at(auth.per_protocol[version]))
    if auth.mesh or auth.plaintext:
        yield _pair("beside it", Text(beside_words(auth), TONES["bad"] if auth.mesh != "strict" else ""))
    if auth.ca_names:
        yield _pair("CA names", _names(auth.ca_names))
    for where, at_each in auth.elsewhere.items():
        for version in versions_of(at_each):
            yield _pair(version, Text.assemble(f"{shorten(where, 80)}: ", _at(at_each[version])))
    matrix = trial_matrix(subject)
    if matrix is not None:
        yield _matrix(matrix)
        for label, reason in matrix.not_tested:
            yield Text.assemble((f"not tested: {label}", "dim"), (f" ({shorten(reason, 160)})", "dim"))


def _at(at: ClientAuthAtPart) -> Text:
    by = f", enforced by {at.enforced_by}" if at.enforced_by else ""
    late = ", late" if at.when == "late" else ""
    return Text.assemble(at.mode + by + late, (f"  {shorten(at.evidence, 120)}" if at.evidence else "", "dim"))


def _matrix(matrix: Matrix) -> Table:
    """Credential by version: who got in."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(f"who gets in at {shorten(matrix.path, 40)}", no_wrap=True)
    for version in matrix.versions:
        table.add_column(version, overflow="fold")
    for row in matrix.rows:
        table.add_row(
            Text(shorten(row.label, 60)),
            *(Text("-", "dim") if cell is None else _trial_cell(cell) for cell in row.cells),
        )
    return table


def _trial_cell(cell: Cell) -> Text:
    text = Text(cell.verdict, TONES[cell.tone])
    if cell.rules:
        text.append(f" [{', '.join(cell.rules)}]", TONES[cell.tone])
    if cell.detail:
        text.append(f" {shorten(cell.detail, 120)}", "dim")
    return text


def _service(facts: FactsPart) -> Iterator[Line]:
    if any(value is not None for value in facts.session.values()):
        yield "Session", Text(session_words(facts.session))
    if words := behaviour_words(facts.behaviours):
        yield "Behaviours", Text(words)
    if facts.alpn:
        yield "ALPN", Text(", ".join(shorten(name, 40) for name in facts.alpn))
    http = facts.http
    if http.status is not None or http.hsts is not None:
        server = f", Server: {shorten(http.server, 80)}" if http.server else ""
        to = f", Location: {shorten(http.location, 120)}" if http.location else ""
        if http.status is not None:
            yield "HTTP", Text(f"{http.status}{server}{to}")
        yield "HSTS", Text(shorten(http.hsts.raw, 120) if http.hsts else "none")
    if words := plain_http_words(http):
        yield "Plain HTTP", Text(words)
    if facts.before_tls is not None:
        yield "Before TLS", Text(before_tls_words(facts.before_tls))
    asked = {name: verdict for name, verdict in facts.vulnerabilities.items() if verdict != "not_tested"}
    if asked:
        tones = {"vulnerable": "critical", "inconclusive": "medium"}
        verdicts = (
            Text(f"{name} {verdict.replace('_', ' ')}", TONES.get(tones.get(verdict, ""), ""))
            for name, verdict in asked.items()
        )
        yield "Attacks", _join(verdicts)


def _labelled(label: str, lines: Iterable[RenderableType]) -> Iterator[Line]:
    for number, line in enumerate(lines):
        yield ("" if number else label), line


def _pair(label: str, value: Text | str) -> Table:
    """A fact of a fact: a label and a value that folds beside it."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=8, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text(label, "dim"), Text(value) if isinstance(value, str) else value)
    return table


def _marked(name: str, severity: str | None) -> Text:
    """A name and, where a finding is against it, its severity in words and colour."""
    return Text(name) if severity is None else Text(f"{name} [{severity}]", TONES[severity])


def _join(parts: Iterable[Text]) -> Text:
    return Text(", ").join(parts)
