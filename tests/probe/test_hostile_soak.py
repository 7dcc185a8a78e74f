"""A thousand random hostile servers, and what must hold at each of them: see `hostile_servers`.

A failure names its seed; TLSAUDIT_SOAK_SEED=SEED asks the same servers again.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import random
import resource
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.lab.servers import Lab
from tests.probe.auditing import ders
from tests.probe.hostile_servers import Hostile
from tests.probe.hostility import World, junk_http
from tests.probe.processes import descriptors, sslyze_children
from tlsaudit import app
from tlsaudit.app import Auditor, ScanOptions
from tlsaudit.model import document as doc
from tlsaudit.model.target import parse_target
from tlsaudit.net import Network
from tlsaudit.policy import load_policy
from tlsaudit.report import FORMATS
from tlsaudit.tally import INTERNAL

COUNTS: Mapping[doc.Mode, int] = {"inventory": 800, "gate": 100, "full": 100}
_AT_ONCE = 25
_IN_A_REPORT = 100
_TIMEOUT = 0.5
_DEADLINE = 6.0
_MOST_GROWTH_MB = 200
_JUNK_SERVERS = 8


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("TLSAUDIT_SOAK_SEED") or random.SystemRandom().randrange(2**32))


@pytest.fixture
def world(lab: Lab, seed: int) -> World:
    rng = random.Random(seed)
    rsa, client_ca = lab.pki.rsa, lab.pki.client_ca_file
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(rsa.chain, rsa.key)
    bodies = [junk_http(rng) for _ in range(_JUNK_SERVERS)]
    servers = [
        lab.nginx("ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0;", certificates=(rsa, lab.pki.ecdsa)),
        lab.nginx(f"ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client on; ssl_client_certificate {client_ca};"),
        lab.gnutls("NORMAL:+VERS-TLS1.0:+3DES-CBC", certificate=rsa),
        *(lab.python(context, lambda _connection, body=body: body) for body in bodies),  # type: ignore[misc]
    ]
    return World(chain=ders(rsa.leaf), behind=tuple(server.port for server in servers))


class Soak:
    """Audits hostile servers, many at once, and judges and renders what comes out."""

    def __init__(self, seed: int, world: World, mode: doc.Mode) -> None:
        self._seed = seed
        self._world = world
        self._options = ScanOptions(
            policy=load_policy("owasp"),
            anchors=app.load_anchors(),
            mode=mode,
            timeout=_TIMEOUT,
        )
        self.statuses: Counter[str] = Counter()

    def run(self, numbers: range) -> None:
        """Audit these, in a loop in which nothing is left, and report on them."""
        self._render(asyncio.run(self._audit(numbers)))

    async def _audit(self, numbers: range) -> list[doc.Subject]:
        settings = self._options.settings()
        auditor = Auditor(
            network=Network(self._options.network_limits()),
            settings=replace(settings, deadline=_DEADLINE),
            options=self._options,
            as_of=datetime.now(UTC),
        )
        subjects: list[doc.Subject] = []
        waiting = iter(numbers)
        async with asyncio.TaskGroup() as workers:
            for _ in range(_AT_ONCE):
                workers.create_task(self._work(waiting, auditor, subjects))
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return subjects

    async def _work(self, waiting: Iterator[int], auditor: Auditor, subjects: list[doc.Subject]) -> None:
        async def add(subject: doc.Subject) -> None:
            subjects.append(subject)
            assert subject.error is None or subject.error.code != INTERNAL, f"{subject.error}: {case}"

        for n in waiting:
            async with Hostile(random.Random(f"{self._seed}/{self._options.mode}/{n}"), self._world) as server:
                case = f"{self._options.mode} {n}, {server.play}, seed {self._seed}"
                try:
                    # The deadline is the audit's to keep; three times as long is to hang.
                    async with asyncio.timeout(3 * _DEADLINE):
                        await auditor.audit(parse_target(f"127.0.0.1:{server.port}?sni=localhost"), add)
                except TimeoutError:
                    pytest.fail(f"hangs: {case}")
            assert not server.mistakes, case

    def _render(self, subjects: Sequence[doc.Subject]) -> None:
        """One report of them in every format; it is as a reader may expect it."""
        self.statuses.update(subject.status for subject in subjects)
        empty = app.Scan((), self._options).document()
        summary = app.summarise(subjects, self._options.fail_on)
        document = empty.model_copy(update={"subjects": subjects, "summary": summary})
        rendered = {name: each.render(document) for name, each in FORMATS.items()}
        assert len(json.loads(rendered["json"])["subjects"]) == len(subjects)
        again = doc.Document.model_validate_json(rendered["json"])
        assert FORMATS["json"].render(again) == rendered["json"]
        assert not {c for c in rendered["text"] if not c.isprintable()} - {"\n"}
        assert rendered["html"].rstrip().endswith("</html>")


def megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.slow
@pytest.mark.parametrize("mode", COUNTS)
def test_no_hostile_server_breaks_the_audit(
    world: World, seed: int, mode: doc.Mode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="tlsaudit")  # the traceback of an internal error
    print(f"seed {seed}")  # noqa: T201 - to repeat a finding
    soak = Soak(seed, world, mode)
    soak.run(range(_AT_ONCE))  # whatever is only made once is there now
    gc.collect()
    opened, memory = descriptors(), megabytes()
    for start in range(_AT_ONCE, COUNTS[mode], _IN_A_REPORT):
        soak.run(range(start, min(start + _IN_A_REPORT, COUNTS[mode])))
    gc.collect()
    assert soak.statuses.total() == COUNTS[mode]
    assert soak.statuses.keys() == {"audited", "incomplete", "unreachable", "not_tls"}, "it got not far, or too far"
    assert descriptors() <= opened
    assert megabytes() - memory < _MOST_GROWTH_MB
    assert sslyze_children() == set()
