"""What a server that satisfies a policy is to be configured with, and what can be said to its TLS library."""

from __future__ import annotations

from dataclasses import dataclass

from tlsaudit.model.protocol import ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What the TLS of a product can be configured to do; `name` says whose it is in a message.

    `suites` are the kinds of TLS 1.2 and older, as key exchange, cipher, mode and MAC; `groups` the names, best first.
    `fixed_suites`: what it accepts at TLS 1.3 whatever it is told; none where these can be chosen. `staples`: OCSP
    responses can be stapled. `post_quantum` says since when it has ML-KEM.
    """

    name: str
    versions: frozenset[ProtocolVersion]
    suites: frozenset[tuple[str, str, str, str]]
    groups: tuple[str, ...]
    fixed_suites: frozenset[int]
    staples: bool
    post_quantum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Versions, suites and groups to accept, by code and best first; `name` says of which policy, in a line.

    `server_order`: the server decides between suites, since weak ones are among them. `hsts_seconds` and
    `hsts_subdomains` are for the header field; `stapling`: the policy requires a stapled OCSP response. `certificate`
    says what the certificate has to be like, and `left_out` what the policy allows and is not there, a line each.
    """

    name: str
    versions: tuple[ProtocolVersion, ...]
    suites: tuple[int, ...]
    groups: tuple[int, ...]
    server_order: bool
    hsts_seconds: int
    hsts_subdomains: bool
    client_certificate: bool
    stapling: bool
    certificate: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def hsts(self) -> str:
        """The value of Strict-Transport-Security."""
        return f"max-age={self.hsts_seconds}{'; includeSubDomains' if self.hsts_subdomains else ''}"
