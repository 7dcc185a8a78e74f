"""Trials against a server of the lab, and what came of them in words that a table can hold."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tests.probe.auditing import Listening
from tlsaudit.credentials import Credentials
from tlsaudit.model.facts import ClientAuth, Facts, Layer, TrialKind
from tlsaudit.model.knowledge import Known
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import parse_target
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.pki import TrustStore
from tlsaudit.probe import Settings, Trusting, audit_endpoint

Outcomes = Mapping[TrialKind, str]
"""By credential: `in`, `app` (refused by the application), the number of the alert, or `?` and the reason."""


def mutual(
    server: Listening,
    credentials: Credentials | None = None,
    *,
    paths: tuple[str, ...] | None = (),
    timeout: float = 5.0,
    whole: bool = True,
) -> Facts:
    """The facts of `tlsaudit mtls` (of the inventory where `paths` is None) at a server, whose audit is `whole`."""
    target = parse_target(f"localhost@127.0.0.1:{server.port}")
    trusting = Trusting(stores={"none": TrustStore.from_ders("none", ())}, deciding="none")
    settings = Settings(trusting=trusting, deadline=60.0, credentials=credentials or Credentials(), mutual_paths=paths)

    async def run() -> Facts:
        network = Network(NetworkLimits(connect_timeout=timeout, read_timeout=timeout))
        done = await audit_endpoint(target, network, settings)
        assert not (whole and done.problem)
        return done.facts

    return asyncio.run(run())


def outcomes(auth: ClientAuth, version: ProtocolVersion) -> dict[TrialKind, str]:
    """What became of each credential at one version."""
    found = {}
    for kind, trial in auth.trials.items():
        fact = trial.at[version]
        if not isinstance(fact, Known):
            found[kind] = f"? {fact.why.value} {fact.detail}"
        elif fact.value.admitted:
            found[kind] = "in"
        elif fact.value.layer is Layer.APPLICATION:
            found[kind] = "app"
        else:
            found[kind] = fact.value.evidence.split()[1]
    return found
