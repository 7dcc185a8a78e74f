"""What only a configuration file shows of a listener, and what it says of the upstreams behind it.

Everything that a wire shows as well is in `facts`: protocol versions, suites, certificates, client authentication.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact

if TYPE_CHECKING:
    from tlsaudit.model.facts import DhParameters

Chooser: TypeAlias = Literal["nginx", "haproxy", "apache"]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a file says or leaves out, in words, and where."""

    what: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerNames:
    """The names that a listener is for, as they are written, patterns among them.

    `is_default`: it also answers for all names that no other listener of its socket has.
    """

    names: tuple[str, ...] = ()
    is_default: bool
    chooser: Chooser
    """Whose way of choosing decides."""
    excluded: tuple[str, ...] = ()
    """Names that its patterns are not for, in small letters."""
    socket: str = ""
    """Listeners of the same one are in the order in which the server looks at them; "": that is not known."""
    last_port: int = 0
    """The end of a range of ports that begins with the endpoint's; 0: it is one port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a file says of one listener beyond what the wire shows."""

    security_level: Fact[int | None] = NOT_ASKED
    """The security level that the text sets; None: it sets none."""
    ticket_key: Fact[bool] = NOT_ASKED
    """Session tickets are made with a key from a file, which the server does not change by itself."""
    early_data_guarded: Fact[bool] = NOT_ASKED
    """Whoever answers is told which requests came as early data (RFC 8470)."""
    hsts_lost: Fact[tuple[Said, ...]] = NOT_ASKED
    """Places where Strict-Transport-Security, set around them, is not sent."""
    foreign_default: Fact[bool] = NOT_ASKED
    """Clients that ask for no name of this socket get the certificate of this listener, one site among several."""
    stapling: Fact[bool] = NOT_ASKED
    client_ca_is_public: Fact[bool] = NOT_ASKED
    client_revocation: Fact[bool] = NOT_ASKED
    """Revoked client certificates are refused."""
    client_crl_unchecked: Fact[tuple[Said, ...]] = NOT_ASKED
    """CRLs for client certificates that are configured, and that nobody looks at."""
    client_errors_ignored: Fact[tuple[Said, ...]] = NOT_ASKED
    """Errors in client certificates, or in their chains, that let them through all the same."""
    forgeable_headers: Fact[tuple[Said, ...]] = NOT_ASKED
    """Headers about the client's certificate that get through as the client sent them."""
    dh_parameters: Fact[DhParameters | None] = NOT_ASKED
    """What is there for DHE, used or not; None: nothing."""
    unserved: Fact[tuple[Said, ...]] = NOT_ASKED
    """Sockets that speak no TLS although settings for it are there."""
    key_mismatches: Fact[tuple[Said, ...]] = NOT_ASKED
    """Private keys that do not belong to the certificate beside them."""
    private_key: Fact[Said | None] = NOT_ASKED
    """A private key that lies in a repository; of a file, not of a listener."""
    key_is_certified: Fact[bool] = NOT_ASKED
    """A certificate in the same tree is that of the key."""
    key_mode: Fact[int] = NOT_ASKED
    """The permissions of the key's file, on the machine where it is used."""
    authority_key: Fact[Said | None] = NOT_ASKED
    """The key is that of a CA certificate in the same tree."""
    refused: Fact[tuple[Said, ...]] = NOT_ASKED
    """What the text asks for and the assumed library does not do."""
    version_defaults: Fact[tuple[Said, ...]] = NOT_ASKED
    """What the text leaves to a default that changed between versions."""
    unknown_tokens: Fact[tuple[Said, ...]] = NOT_ASKED
    """Words of a cipher string that no OpenSSL knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """What a server does on its way to the next one.

    `local`: the same machine, or a socket in its file system. `by_name`: it is addressed by a name.
    """

    destination: str
    terminated: Fact[bool] = NOT_ASKED
    """What is passed on came over TLS, which ends here."""
    local: Fact[bool] = NOT_ASKED
    by_name: Fact[bool] = NOT_ASKED
    tls: Fact[bool] = NOT_ASKED
    verifies: Fact[bool] = NOT_ASKED
    """The certificate has to lead to a trusted authority."""
    checks_name: Fact[bool] = NOT_ASKED
    """The certificate has to be for the name that is meant."""
    sends_name: Fact[bool] = NOT_ASKED
    """The server name goes with the ClientHello (SNI)."""
    failures_logged: Fact[bool] = NOT_ASKED
    """Handshakes that fail leave a trace in a log."""
