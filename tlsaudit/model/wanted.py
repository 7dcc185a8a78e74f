"""What a server that satisfies a policy is to be configured with: all that a writer of configurations has to know."""

from __future__ import annotations

from dataclasses import dataclass

from tlsaudit.model.protocol import ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Versions, suites and groups to accept, by code and best first; `name` says of which policy, in a line.

    `server_order`: the server decides between suites, since weak ones are among them. `hsts` is the value of the
    header field, `certificate` what the certificate has to be like, a line each.
    """

    name: str
    versions: tuple[ProtocolVersion, ...]
    suites: tuple[int, ...]
    groups: tuple[int, ...]
    server_order: bool
    hsts: str
    client_certificate: bool
    certificate: tuple[str, ...] = ()
