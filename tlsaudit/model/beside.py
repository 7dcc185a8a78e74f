"""What stands beside an endpoint's TLS: its site in plain HTTP, its service's start in plain text, its other name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tlsaudit.model.knowledge import NOT_ASKED, Fact


class PlainState(StrEnum):
    """What became of `GET /` on the port of plain HTTP."""

    CLOSED = "closed"
    """The connection was refused."""
    MUTE = "mute"
    """It was accepted, and closed without an answer."""
    OTHER = "not_http"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainAnswer:
    """The answer without TLS; redirects are read and not followed. `content`: success, with more than a head."""

    state: PlainState
    status: int | None = None
    location: str | None = None
    content: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainHttp:
    """The port on which the same host may speak HTTP without TLS.

    `upgrade` is what it offers of TLS in the middle of HTTP (RFC 2817), as in "HTTP 101, Upgrade: TLS/1.0"; None:
    nothing.
    """

    port: int
    answer: Fact[PlainAnswer]
    upgrade: Fact[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeTls:
    """How a service that begins in plain text guards that beginning.

    `signs_in`: what it asks a client for that wants to sign in without TLS, in words; None: it sends it away.
    `takes_injected`: what came in plain text behind the request for TLS is answered within TLS (CVE-2021-23214).
    """

    signs_in: Fact[str | None] = NOT_ASKED
    takes_injected: Fact[bool] = NOT_ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """The same name with or without `www.`; `here`: it leads to the same address, looked up unless it is `covered`."""

    name: str
    covered: bool
    here: Fact[bool] = NOT_ASKED
