"""TLS-MTLS: authorities that a server names for its clients, and clients' certificates that the operator gave."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from tlsaudit.model.certificate import Certificate
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.client_auth import requests_certificate
from tlsaudit.rules.deployments import has_expired, lifetime, listing, printable
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, cheat_sheet
from tlsaudit.rules.workload import is_workload

_HOUR = timedelta(hours=1)


def _has_ca_window(case: Case) -> bool:
    return case.limits.client_ca_expiry_days is not None


def _has_longest_life(case: Case) -> bool:
    if case.limits.workload_lifetime_hours_max is None and case.limits.client_lifetime_hours_max is None:
        return False
    return _longest(case, sure(case.facts.client_auth.client).value.certificate) is not None


def _longest(case: Case, certificate: Certificate) -> int | None:
    """The hours that a client certificate may live; a workload's own limit comes before that of all."""
    own = case.limits.workload_lifetime_hours_max if is_workload(certificate) else None
    return own if own is not None else case.limits.client_lifetime_hours_max


@rule(
    "TLS-MTLS-012",
    title="Public CAs are trusted for clients",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(295,),
    applies=requests_certificate,
    expected="only the authority that certifies these clients",
    why="Such a CA certifies whoever owns a domain, which proves who somebody is and not that they may come in.",
    remedy="Verify client certificates against a CA of your own, not against the system's trust store.",
    sources=(asvs("12.3.4"), cheat_sheet("Client Certificates and Mutual TLS")),
    reproduce="openssl s_client -connect {connect} -servername {servername} </dev/null",
)
def public_authorities(case: Case) -> Iterable[Fail]:
    """The CertificateRequest names roots of Mozilla's program."""
    public = sure(case.facts.client_auth.public_ca_names)
    if public.value:
        count = "1 public root" if len(public.value) == 1 else f"{len(public.value)} public roots"
        yield Fail(f"the CertificateRequest names {count}: {listing(public.value, 3)}", (public.basis,))


@rule(
    "TLS-MTLS-018",
    title="Client CA expires",
    severity=Severity.HIGH,
    cwe=(298,),
    applies=_has_ca_window,
    reads=("client_ca_expiry_days",),
    expected="an authority that is valid for longer than it takes to replace it",
    why="With the CA every client certificate below it ends: all clients are locked out at once.",
    remedy="Make a new client CA, trust both for a while, and renew the clients under the new one.",
    sources=(asvs("11.1.2 (L2)"),),
)
def authority_expires(case: Case) -> Iterable[Fail]:
    """The CA that the operator gave with --client-ca has expired, or will soon."""
    authority = sure(case.facts.client_auth.authority)
    until, days = authority.value.not_after, case.limits.client_ca_expiry_days
    name = printable(authority.value.subject)
    if has_expired(authority.value, case.as_of):
        yield Fail(f"{name} expired on {until:%Y-%m-%d}", (authority.basis,))
    elif days is not None and until - case.as_of < timedelta(days=days):
        yield Fail(
            f"{name} expires on {until:%Y-%m-%d}", (authority.basis,), expected=f"more than {days} days of validity"
        )


@rule(
    "TLS-MTLS-019",
    title="Client certificate of a public CA",
    severity=Severity.MEDIUM,
    expected="client certificates of an authority of one's own",
    why="Public CAs stop issuing certificates for client authentication: at the next renewal there is none.",
    remedy="Issue client certificates from a private CA.",
    sources=(Source("Chrome Root Program Policy 1.8", verified=False),),
)
def public_client(case: Case) -> Iterable[Fail]:
    """The certificate of --client-cert chains to a publicly trusted root."""
    client = sure(case.facts.client_auth.client)
    if client.value.public:
        yield Fail(f"issued by {printable(client.value.certificate.issuer)}", (client.basis,))


@rule(
    "TLS-MTLS-020",
    title="Client certificate lives too long",
    severity=Severity.MEDIUM,
    cwe=(324,),
    applies=_has_longest_life,
    reads=("client_lifetime_hours_max", "workload_lifetime_hours_max"),
    expected="client certificates that live no longer than the policy says",
    why="A stolen client key opens the door until its certificate ends, unless somebody notices and revokes it.",
    remedy="Issue client certificates for hours or days, and renew them by machine.",
    sources=(asvs("13.3.4 (L3)"), asvs("13.2.1 (L2)")),
)
def client_lifetime(case: Case) -> Iterable[Fail]:
    """The certificate of --client-cert, against the policy's limit in hours."""
    client = sure(case.facts.client_auth.client)
    longest, life = _longest(case, client.value.certificate), lifetime(client.value.certificate)
    if longest is not None and life > longest * _HOUR:
        expected = f"no more than {longest} h"
        yield Fail(f"valid for {life // _HOUR} hours", (client.basis,), expected=expected)


OF_CLIENTS: tuple[Rule, ...] = (authority_expires, public_client, client_lifetime)
"""On what the operator gives of the clients."""

RULES: tuple[Rule, ...] = (public_authorities, *OF_CLIENTS)
