"""Builds facts for tests of rules: a sound endpoint, and what differs from it.

    Row("TLS-PROTO-003", "fail", sound(protocols=speaks(TLS_1_0, TLS_1_2)), severity="high", observed="TLSv1.0")

Everything that an enumeration does not accept is refused, unless the facts say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from tlsaudit.data.groups import groups_for
from tlsaudit.data.suites import SSL2_CIPHERS, SUITES, suites_for
from tlsaudit.judge import judge
from tlsaudit.model.beside import PlainAnswer, PlainHttp, PlainState
from tlsaudit.model.facts import (
    Behaviours,
    ClientAuth,
    ClientAuthAt,
    ClientAuthMode,
    Endpoint,
    Facts,
    GroupAt,
    Hsts,
    HttpAnswer,
    KeyExchange,
    NameAnswer,
    NameOutcome,
    Preference,
    Session,
    SuiteAt,
)
from tlsaudit.model.knowledge import Basis, Known, Origin, Tried
from tlsaudit.model.limits import Expectation
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Result
from tlsaudit.model.vulnerability import Verdict, Vulnerability
from tlsaudit.policy import load_policy
from tlsaudit.rules import CATALOGUE

T = TypeVar("T")

SSL_2, SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = ProtocolVersion
AS_OF = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ENDPOINT = Endpoint(host="shop.example.com", port=443, address="192.0.2.1", sni="shop.example.com")
OWASP = load_policy("owasp")
RULES = {rule.id: rule for rule in CATALOGUE}


def at(probe: int) -> Basis:
    """A basis: what probe `probe` saw."""
    return Basis(Origin.OBSERVED, f"probe:{probe}")


AT = at(1)


def known(value: T, probe: int = 1) -> Known[T]:
    """A fact that was seen."""
    return Known(value, at(probe))


def tried(accepted: Iterable[T], of: Iterable[T]) -> Tried[T]:
    """An enumeration that was asked to the end."""
    wanted = dict.fromkeys(accepted)
    return Tried(accepted={item: at(n) for n, item in enumerate(wanted, 1)}, refused=frozenset(of) - wanted.keys())


def speaks(*versions: ProtocolVersion) -> Tried[ProtocolVersion]:
    """These versions and no other."""
    return tried(versions, ProtocolVersion)


def suites(accepted: Mapping[ProtocolVersion, Iterable[int]]) -> Tried[SuiteAt]:
    """These suites and no other."""
    every = {(version, suite.code) for version in ProtocolVersion for suite in suites_for(version)}
    every |= {(SSL_2, code) for code in SSL2_CIPHERS}
    return tried([(version, code) for version, codes in accepted.items() for code in codes], every)


def groups(accepted: Mapping[ProtocolVersion, Iterable[int]]) -> Tried[GroupAt]:
    """These named groups and no other."""
    every = {(version, group.code) for version in (TLS_1_2, TLS_1_3) for group in groups_for(version)}
    return tried([(version, code) for version, codes in accepted.items() for code in codes], every)


def exchange(key: str, probe: int = 1, **changes: Any) -> KeyExchange:
    """An ECDHE key exchange on x25519 with the public value `key`."""
    plain = KeyExchange(
        version=TLS_1_2,
        suite=0xC02F,
        basis=at(probe),
        group=29,
        curve_type=3,
        signature_scheme=0x0804,
        public_sha256=key,
    )
    return replace(plain, **changes)


def asks(mode: ClientAuthMode | None = None, **changes: Any) -> ClientAuth:
    """Client authentication with one mode at TLS 1.2 and 1.3; none is asked for without a mode."""
    mode = mode or ClientAuthMode.NONE
    one = ClientAuthAt(requested=known(mode is not ClientAuthMode.NONE), mode=known(mode))
    plain = ClientAuth(mode=known(mode), per_protocol={TLS_1_2: one, TLS_1_3: one})
    return replace(plain, **changes)


def hsts(**changes: Any) -> Hsts:
    """A header field as it should be."""
    plain = Hsts(
        raw="max-age=63072000; includeSubDomains", count=1, max_age=63072000, include_subdomains=True, preload=False
    )
    return replace(plain, **changes)


def answers(**changes: Any) -> Known[HttpAnswer | None]:
    """A page with good HSTS, or with what is named instead."""
    plain = HttpAnswer(status=200, hsts=hsts(), compression=known(None), insecure_content=known(()))
    return known(replace(plain, **changes))


def plain_http(upgrade: str | None = None, **changes: Any) -> Known[PlainHttp | None]:
    """Port 80, closed, or with the answer whose parts are named."""
    answer = replace(PlainAnswer(state=PlainState.HTTP if changes else PlainState.CLOSED), **changes)
    return known(PlainHttp(port=80, answer=known(answer, 2), upgrade=known(upgrade, 3)))


SOUND_SESSION = Session(
    secure_renegotiation=known(True),
    insecure_renegotiation=known(False),
    client_renegotiations=known(0),
    extended_master_secret=known(True),
    encrypt_then_mac=known(True),
    compression=known(False),
    heartbeat=known(False),
    truncated_hmac=known(False),
    session_ticket=known(True),
    resumption_by_id=known(True),
    resumption_by_ticket=known(True),
    compressed_points_only=known(False),
    unoffered_choice=known(None),
)


def session(**changes: Any) -> Session:
    """A sound session, or with what is named instead."""
    return replace(SOUND_SESSION, **changes)


SOUND_BEHAVIOURS = Behaviours(
    negotiated_version=known(TLS_1_3),
    fallback_refused=known(True),
    downgrade_sentinel=known(True),
    draft_version=known(None),
    ticket_lifetime=known(7200),
    early_data=known(None),
    intolerant_of=known(()),
    large_hello=known(True),
    no_sni=known(NameAnswer(NameOutcome.SAME_CERTIFICATE)),
    unknown_sni=known(NameAnswer(NameOutcome.REFUSED, "alert 112 unrecognized_name")),
    strict_alpn=known(True),
    next_protocol_negotiation=known(False),
    repeated_random=known(False),
    inconsistency=known(None),
)


def behaves(**changes: Any) -> Behaviours:
    """Sound behaviours, or with what is named instead."""
    return replace(SOUND_BEHAVIOURS, **changes)


def sound(**changes: Any) -> Facts:
    """A sound endpoint of which everything but the certificates is known, or with what is named instead."""
    at_1_2, at_1_3 = (0xC02F, 0xC030, 0xCCA8), (0x1302, 0x1303, 0x1301)
    plain = Facts(
        endpoint=ENDPOINT,
        protocols=speaks(TLS_1_2, TLS_1_3),
        cipher_suites=suites({TLS_1_2: at_1_2, TLS_1_3: at_1_3}),
        suite_order={TLS_1_2: at_1_2, TLS_1_3: at_1_3},
        cipher_preference={TLS_1_2: known(Preference.SERVER), TLS_1_3: known(Preference.SERVER)},
        groups=groups({TLS_1_2: (29, 23), TLS_1_3: (4588, 29, 23)}),
        group_order={TLS_1_2: (29, 23), TLS_1_3: (4588, 29, 23)},
        key_exchanges=known((exchange("a"), exchange("b", 2))),
        client_auth=asks(),
        session=SOUND_SESSION,
        behaviours=SOUND_BEHAVIOURS,
        alpn=tried(["h2", "http/1.1"], ["h2", "http/1.1"]),
        alpn_chosen={TLS_1_2: known("h2"), TLS_1_3: known("h2")},
        http=answers(),
        plain_http=plain_http(),
        before_tls=known(None),
        twin=known(None),
        vulnerabilities=dict.fromkeys(Vulnerability, known(Verdict.NOT_VULNERABLE)),
    )
    return replace(plain, **changes)


def with_suites(*codes: int, version: ProtocolVersion = TLS_1_2, first: bool = False, **changes: Any) -> Facts:
    """The sound endpoint that accepts these suites as well, at `version`; `first`: it picks them before others."""
    plain = sound()
    spoken = sorted({version, *plain.protocols.accepted}, key=lambda each: each.rank)  # in one order, whatever the hash
    own = {each: list(plain.suite_order.get(each, ())) for each in spoken}
    own[version] = [*codes, *own[version]] if first else [*own[version], *codes]
    merged: dict[str, Any] = {
        "protocols": speaks(*spoken),
        "cipher_suites": suites(own),
        "suite_order": {each: tuple(listed) for each, listed in own.items()},
        "cipher_preference": {each: known(Preference.SERVER) for each in spoken},
        "alpn_chosen": {each: known("h2" if each.rank >= TLS_1_2.rank else None) for each in spoken},
    }
    return sound(**(merged | changes))


def only_suites(codes: Iterable[int], *versions: ProtocolVersion, **changes: Any) -> Facts:
    """An endpoint that speaks only these versions, all with the same suites."""
    listed = tuple(codes)
    merged: dict[str, Any] = {
        "protocols": speaks(*versions),
        "cipher_suites": suites(dict.fromkeys(versions, listed)),
        "suite_order": dict.fromkeys(versions, listed),
        "cipher_preference": {version: known(Preference.SERVER) for version in versions},
        "alpn_chosen": {version: known(None) for version in versions},
    }
    return sound(**(merged | changes))


def code_of(name: str) -> int:
    """The code of a cipher suite."""
    return next(code for code, suite in SUITES.items() if suite.name == name)


def judged(
    rule_id: str, facts: Facts, expect: Expectation | None = None, limits: Mapping[str, Any] | None = None
) -> Result:
    """The result of one rule under the policy owasp, some of its limits replaced."""
    judgement = judge(
        facts,
        replace(OWASP, limits=replace(OWASP.limits, **(limits or {}))),
        as_of=AS_OF,
        expect=expect or Expectation(),
        mode="full",
        subject_id="shop.example.com:443",
        rules=(RULES[rule_id],),
    )
    return judgement.results[0]


@dataclass(frozen=True)
class Row:
    """One line of a table: the outcome of a rule on these facts, and what the result says; `severity` under owasp.

    `limits` replace those of owasp.
    """

    rule: str
    outcome: str
    facts: Facts
    why: str = ""
    severity: str | None = None
    cap: str | None = None
    observed: str = ""
    expect: Expectation = field(default_factory=Expectation)
    limits: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.rule} {self.outcome} {self.why or self.observed}".strip()

    def check(self) -> None:
        """Assert what the row says."""
        result = judged(self.rule, self.facts, self.expect, self.limits)
        assert result.outcome == self.outcome, result
        assert self.observed in result.observed
        if self.severity is not None:
            assert result.severity == self.severity
        if self.cap is not None:
            assert result.cap == self.cap
        if self.outcome == "fail":
            assert result.evidence
            assert result.observed
