"""The same configuration twice: read from its file, and asked over the network; and in what the two differ."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import replace

from tests.lab.pki import CertificateFiles
from tests.lab.process import Running
from tests.lab.servers import Lab
from tlsaudit.app import Anchors, ScanOptions, scan
from tlsaudit.config.read import parse_assumptions
from tlsaudit.linting import LintOptions, lint
from tlsaudit.model import document as doc
from tlsaudit.model.target import parse_target
from tlsaudit.policy import load_policy

_SECONDS = 20.0
_GROUPS_THAT_HIDE = frozenset({"TLSv1.2"})
"""At TLS 1.2 a server with a preference shows some of its groups only."""


def both(
    lab: Lab,
    anchors: Anchors,
    server: str,
    *,
    assume: str,
    certificates: Sequence[CertificateFiles] = (),
    http: str = "",
) -> tuple[doc.Subject, doc.Subject]:
    """The listener as read from the file, and the endpoint as seen on the wire."""
    running = lab.nginx(server, certificates=[here(lab, each) for each in certificates], http=http)
    return compared(lab, anchors, running, name=f"localhost:{running.port}", assume=assume)


def compared(
    lab: Lab, anchors: Anchors, running: Running, *, name: str, assume: str
) -> tuple[doc.Subject, doc.Subject]:
    """The listener of this name in the files of a server that runs, and the endpoint as seen on the wire."""
    linted = lint(
        [lab.directory], LintOptions(policy=load_policy("owasp"), anchors=anchors, assume=parse_assumptions(assume))
    )
    static = [each for each in linted.document.subjects if each.kind == "listener"]
    target = parse_target(f"localhost@127.0.0.1:{running.port}")
    options = ScanOptions(policy=load_policy("owasp"), anchors=anchors, timeout=_SECONDS)
    (live,) = asyncio.run(scan([target], options)).subjects
    return next(each for each in static if each.name == name), live


def here(lab: Lab, files: CertificateFiles) -> CertificateFiles:
    """The same certificate in the folder that is linted: nothing outside of it is read."""
    for each in (files.chain, files.key, files.combined):
        shutil.copy(each, lab.directory)
    chain, key, combined = (lab.directory / each.name for each in (files.chain, files.key, files.combined))
    return replace(files, chain=chain, key=key, combined=combined)


def differences(static: doc.Subject, live: doc.Subject) -> list[str]:
    """What the file says and the wire does not, or the other way round; what either does not know is no difference."""
    here, there = static.facts, live.facts
    assert here is not None
    assert there is not None
    found = [
        f"{version}: {verdict} in the file, {there.protocols[version]} on the wire"
        for version, verdict in here.protocols.items()
        if "unknown" not in {verdict, there.protocols[version]} and verdict != there.protocols[version]
    ]
    for version in here.cipher_suites.keys() | there.cipher_suites.keys():
        ours = {suite.code for suite in here.cipher_suites.get(version, [])}
        theirs = {suite.code for suite in there.cipher_suites.get(version, [])}
        if ours != theirs and not _open(f"cipher_suites.{version}", static, live):
            found.append(f"{version} suites: {sorted(ours - theirs)} in the file, {sorted(theirs - ours)} on the wire")
    for version in (here.groups.keys() | there.groups.keys()) - _GROUPS_THAT_HIDE:
        ours = {group.name for group in here.groups.get(version, [])}
        theirs = {group.name for group in there.groups.get(version, [])}
        if ours != theirs and not _open(f"groups.{version}", static, live):
            found.append(f"{version} groups: {sorted(ours - theirs)} in the file, {sorted(theirs - ours)} on the wire")
    for version in here.cipher_preference.keys() & there.cipher_preference.keys():
        ours_, theirs_ = here.cipher_preference[version], there.cipher_preference[version]
        if "unknown" not in {ours_, theirs_} and ours_ != theirs_:
            found.append(f"{version} order: {ours_} in the file, {theirs_} on the wire")
    if "accepted" in there.protocols.values():  # where no handshake ends well, nothing else is seen
        found += _whole(here, there, static, live)
    return found


def _whole(here: doc.FactsPart, there: doc.FactsPart, static: doc.Subject, live: doc.Subject) -> list[str]:
    found: list[str] = []
    if here.client_auth.mode != there.client_auth.mode:
        found.append(
            f"client authentication: {here.client_auth.mode} in the file, {there.client_auth.mode} on the wire"
        )
    if not _open("http", static, live):
        ours, theirs = (each.http.hsts.raw if each.http.hsts else None for each in (here, there))
        if ours != theirs:
            found.append(f"HSTS: {ours!r} in the file, {theirs!r} on the wire")
    if not _open("certificate_deployments", static, live):
        certificates = [
            {tuple(certificate.sha256 for certificate in each.chain) for each in facts.certificate_deployments}
            for facts in (here, there)
        ]
        everything = here.protocols["TLSv1.3"] == "accepted"  # else a key may have no suite that shows it
        if certificates[0] != certificates[1] if everything else not certificates[1] <= certificates[0]:
            found.append("the certificates differ")
    early = [each.behaviours.early_data for each in (here, there)]
    if not _open("behaviours", live) and early[0] != early[1]:
        found.append(f"early data: {early[0]} in the file, {early[1]} on the wire")
    if set(here.alpn) - set(there.alpn) and not _open("alpn", static, live):
        found.append(f"ALPN: {here.alpn} in the file, {there.alpn} on the wire")
    return found


def _open(path: str, *subjects: doc.Subject) -> bool:
    return any(path in each.unknown for each in subjects)
