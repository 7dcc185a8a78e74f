"""The same Apache configuration twice: read from its file, and asked over the network."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import replace

from tests.lab.pki import CertificateFiles
from tests.lab.process import ServerFailedError
from tests.lab.servers import Lab
from tlsaudit.app import Anchors, ScanOptions, scan
from tlsaudit.config.read import parse_assumptions
from tlsaudit.linting import LintOptions, lint
from tlsaudit.model import document as doc
from tlsaudit.model.target import parse_target
from tlsaudit.policy import load_policy

DEBIAN = "apache=2.4.71,openssl=3.0"
_SECONDS = 20.0
_LEAST_COMMON = 60
_OF_GROUPS = frozenset({"TLS-KEX-012", "TLS-KEX-015", "TLS-PQ-001"})
PAGE = "AliasMatch ^/$ /etc/os-release\n"
"""A file behind `/` that everybody may read, instead of an answer that counts as an error."""


def both(
    lab: Lab,
    anchors: Anchors,
    host: str,
    *,
    base: str = "",
    certificates: Sequence[CertificateFiles] = (),
    page: bool = False,
) -> tuple[doc.Subject, doc.Subject]:
    """The listener as read from the file, and the endpoint as seen on the wire."""
    content = {"content": PAGE} if page else {}
    running = lab.apache(
        host, base=base, certificates=[_here(lab, each) for each in certificates or (lab.pki.ecdsa,)], **content
    )
    linted = lint(
        [lab.directory], LintOptions(policy=load_policy("owasp"), anchors=anchors, assume=parse_assumptions(DEBIAN))
    )
    static = [each for each in linted.document.subjects if each.name == f"localhost:{running.port}"]
    target = parse_target(f"localhost@127.0.0.1:{running.port}")
    options = ScanOptions(policy=load_policy("owasp"), anchors=anchors, timeout=_SECONDS)
    (live,) = asyncio.run(scan([target], options)).subjects
    if live.facts is None:  # it listened for a moment, before it read its second half
        raise ServerFailedError(running.log())
    assert len(static) == 1, [(each.name, each.error) for each in linted.document.subjects]
    return static[0], live


def judged_otherwise(static: doc.Subject, live: doc.Subject) -> dict[str, tuple[str, str]]:
    """The rules that both sides decide, and not alike.

    Behind the curve of an ECDSA certificate a server can hide groups at TLS 1.2, which the file shows: `unknown` says
    so, and rules take them for refused.
    """
    file, wire = (
        {each.rule: str(each.outcome) for each in subject.results if each.outcome in {"pass", "fail"}}
        for subject in (static, live)
    )
    common = file.keys() & wire.keys()
    assert len(common) > _LEAST_COMMON
    hidden = _OF_GROUPS if any(path.startswith("groups.") for path in live.unknown) else frozenset[str]()
    return {rule: (file[rule], wire[rule]) for rule in common - hidden if file[rule] != wire[rule]}


def _here(lab: Lab, files: CertificateFiles) -> CertificateFiles:
    """The same certificate in the folder that is linted: nothing outside of it is read."""
    for each in (files.chain, files.key):
        shutil.copy(each, lab.directory)
    return replace(files, chain=lab.directory / files.chain.name, key=lab.directory / files.key.name)
