"""Audits of postures: the server, its report, and what a report says of one rule."""

from __future__ import annotations

import asyncio

from tests.lab.clients import LabClients
from tests.lab.servers import Lab
from tests.rules.live.ordinary import ORDINARY
from tests.rules.live.postures import POSTURES
from tlsaudit.app import Anchors, ScanOptions, load_anchors, scan
from tlsaudit.credentials import Credentials
from tlsaudit.model import document as doc
from tlsaudit.model.target import parse_target
from tlsaudit.policy import Policy, load_policy

_SECONDS = 20.0
_ALL = {**POSTURES, **ORDINARY}


class Audits:
    """The reports of all postures that were asked for, each server started once and each report made once."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._anchors: Anchors = load_anchors(lab.pki.root_file)
        self._ports: dict[str, tuple[int, int | None]] = {}
        self._subjects: dict[str, doc.Subject] = {}

    def ports(self, posture: str) -> tuple[int, int | None]:
        """Where the server of this posture listens, and where it speaks plain HTTP."""
        if posture not in self._ports:
            started = _ALL[posture].start(self._lab)
            self._ports[posture] = started if isinstance(started, tuple) else (started, None)
        return self._ports[posture]

    def subject(self, posture: str) -> doc.Subject:
        """The report on it under the policy `owasp`."""
        if posture not in self._subjects:
            self._subjects[posture] = self.judged(posture, load_policy("owasp"))
        return self._subjects[posture]

    def judged(self, posture: str, policy: Policy, mode: doc.Mode = "full") -> doc.Subject:
        """A new report on it under `policy`."""
        options = ScanOptions(
            policy=policy,
            anchors=self._anchors,
            mode=mode,
            timeout=_SECONDS,
            expect=_ALL[posture].expect,
            credentials=LabClients.of(self._lab.pki).trials() if _ALL[posture].trials else Credentials(),
        )
        port, plain = self.ports(posture)
        option = "" if plain is None else f"?http={plain}"
        target = parse_target(f"{_ALL[posture].scheme}://localhost@127.0.0.1:{port}{option}")
        (subject,) = asyncio.run(scan([target], options)).subjects
        return subject


def result(subject: doc.Subject, rule: str) -> doc.ResultPart:
    """What the report says of one rule."""
    return next(each for each in subject.results if each.rule == rule)


def assert_proves(subject: doc.Subject, found: doc.ResultPart) -> None:
    """The failure points at probes of the report."""
    numbers = {f"probe:{probe.n}" for probe in subject.probes}
    assert found.evidence
    assert {each.at for each in found.evidence} <= numbers
    assert all(each.observed for each in found.evidence)
