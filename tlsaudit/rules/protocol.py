"""TLS-PROTO: which protocol versions an endpoint accepts."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.data.suites import SSL2_CIPHERS
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.registry import BELOW_TLS_1_3, newest_version, speaks, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, asvs4, cheat_sheet, pci, rfc, wstg

_STRONG_PROTOCOLS = cheat_sheet("Only Support Strong Protocols")
_TLS = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
_MODERN = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)


@rule(
    "TLS-PROTO-001",
    title="SSL 2.0 accepted",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cause="SSLV2",
    cwe=(326, 327),
    enforces=("protocol/SSLv2",),
    expected="SSL 2.0 is refused",
    why=(
        "SSL 2.0 has no integrity protection, and DROWN uses it to decrypt TLS sessions of every server that shares "
        "the RSA key."
    ),
    remedy="Remove SSL 2.0 from the listener, or replace a TLS library that still brings it.",
    sources=(
        _STRONG_PROTOCOLS,
        rfc(9325, "3.1.1"),
        rfc(9846, "appendix E.5"),
        rfc(6176, verified=False),
        wstg(),
        Source("CVE-2016-0800"),
    ),
)
def ssl_2(case: Case) -> Iterable[Fail]:
    """Milder where the ServerHello lists no cipher: then only the code that speaks SSL 2.0 is there."""
    refused = case.facts.cipher_suites.refused
    no_cipher = all((ProtocolVersion.SSL_2, code) in refused for code in SSL2_CIPHERS)
    for seen in case.facts.protocols.any((ProtocolVersion.SSL_2,)):
        if no_cipher:
            yield Fail("SSLv2 answers, without a cipher", (seen.basis,), severity=Severity.HIGH)
        else:
            yield Fail("SSLv2 is accepted", (seen.basis,))


@rule(
    "TLS-PROTO-002",
    title="SSL 3.0 accepted",
    severity=Severity.HIGH,
    cap=Cap.C,
    cause="SSLV3",
    cwe=(326, 327),
    enforces=("protocol/SSLv3",),
    expected="SSL 3.0 is refused",
    why="POODLE reads cookies out of SSL 3.0 sessions, and an attacker on the path can push clients down to it.",
    remedy="Set the minimum protocol version to {least_version}.",
    sources=(
        _STRONG_PROTOCOLS,
        rfc(9325, "3.1.1"),
        rfc(9846, "appendix E.5"),
        rfc(7568, verified=False),
        Source("CVE-2014-3566"),
    ),
)
def ssl_3(case: Case) -> Iterable[Fail]:
    """Worse where nothing newer is spoken."""
    newer = {version for version in ProtocolVersion if version.rank > ProtocolVersion.SSL_3.rank}
    is_newest = newer <= case.facts.protocols.refused
    for seen in case.facts.protocols.any((ProtocolVersion.SSL_3,)):
        if is_newest:
            yield Fail("SSLv3 is accepted and nothing newer", (seen.basis,), cap=Cap.F)
        else:
            yield Fail("SSLv3 is accepted", (seen.basis,))


@rule(
    "TLS-PROTO-003",
    title="TLS 1.0 accepted",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cause="LEGACY",
    cwe=(326,),
    enforces=("protocol/TLSv1.0",),
    expected="TLS 1.0 is refused",
    why=(
        "TLS 1.0 rests on MD5 and SHA-1 and has no authenticated encryption; BEAST and padding oracles attack it, and "
        "standards have withdrawn it."
    ),
    remedy="Set the minimum protocol version to {least_version}.",
    sources=(
        _STRONG_PROTOCOLS,
        rfc(8996, "4"),
        rfc(9325, "3.1.1"),
        asvs("12.1.1 (L1)"),
        asvs4("9.1.3"),
        pci("4.2.1"),
        Source("NIST SP 800-52r2 section 3.1", verified=False),
    ),
    reproduce="openssl s_client -connect {connect} -servername {servername} -tls1 -cipher ALL:@SECLEVEL=0 </dev/null",
)
def tls_1_0(case: Case) -> Iterable[Fail]:
    """TLS 1.0 in a ServerHello."""
    return _accepted(case, ProtocolVersion.TLS_1_0)


@rule(
    "TLS-PROTO-004",
    title="TLS 1.1 accepted",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cause="LEGACY",
    cwe=(326,),
    enforces=("protocol/TLSv1.1",),
    expected="TLS 1.1 is refused",
    why="TLS 1.1 signs with SHA-1 and has no authenticated encryption; standards have withdrawn it.",
    remedy="Set the minimum protocol version to {least_version}.",
    sources=(_STRONG_PROTOCOLS, rfc(8996, "5"), rfc(9325, "3.1.1"), asvs("12.1.1 (L1)"), pci("4.2.1")),
    reproduce="openssl s_client -connect {connect} -servername {servername} -tls1_1 -cipher ALL:@SECLEVEL=0 </dev/null",
)
def tls_1_1(case: Case) -> Iterable[Fail]:
    """TLS 1.1 in a ServerHello."""
    return _accepted(case, ProtocolVersion.TLS_1_1)


@rule(
    "TLS-PROTO-006",
    title="Nothing better than TLS 1.1",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cwe=(326,),
    enforces=("protocol/TLSv1.2-or-newer",),
    applies=speaks(*ProtocolVersion),
    expected="TLS 1.2 or TLS 1.3 is accepted",
    why="Current clients refuse everything below TLS 1.2, and those that connect get only withdrawn protocols.",
    remedy="Upgrade the TLS library or put a current terminator in front.",
    sources=(rfc(9325, "3.1.1"), asvs("12.1.1 (L1)"), Source("SSL Labs Server Rating Guide 2009j")),
    reproduce="openssl s_client -connect {connect} -servername {servername} -cipher ALL:@SECLEVEL=0 </dev/null",
)
def nothing_modern(case: Case) -> Iterable[Fail]:
    """TLS 1.2 and 1.3 were both refused while something older is spoken."""
    if case.facts.protocols.any(_MODERN):
        return
    seen = case.facts.protocols.any(ProtocolVersion)
    newest = max((each.item for each in seen), key=lambda version: version.rank)
    yield Fail(f"the newest version is {newest}", tuple(each.basis for each in seen))


@rule(
    "TLS-PROTO-007",
    title="TLS 1.3 not offered",
    severity=Severity.LOW,
    cap=Cap.A_MINUS,
    cwe=(326,),
    applies=speaks(ProtocolVersion.TLS_1_2),
    expected="TLS 1.3 is accepted",
    why=(
        "TLS 1.3 encrypts the certificates, has only sound cipher suites and is the only version that gets "
        "post-quantum key exchange."
    ),
    remedy="Enable TLS 1.3; OpenSSL has it since 1.1.1.",
    sources=(
        _STRONG_PROTOCOLS,
        rfc(9325, "3.1.1"),
        wstg(),
        Source("NIST SP 800-52r2 section 3.1", verified=False),
        Source("SSL Labs Server Rating Guide 2009r"),
    ),
    reproduce="openssl s_client -connect {connect} -servername {servername} -tls1_3 </dev/null",
)
def no_tls_1_3(case: Case) -> Iterable[Fail]:
    """TLS 1.2 is accepted and TLS 1.3 refused."""
    if newest_version(case) is ProtocolVersion.TLS_1_2:
        seen = case.facts.protocols.any((ProtocolVersion.TLS_1_2,))
        yield Fail("TLSv1.3 is refused; TLSv1.2 is accepted", tuple(each.basis for each in seen))


@rule(
    "TLS-PROTO-008",
    title="Newest version not preferred",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(757,),
    applies=speaks(*_TLS),
    expected="the newest version that both sides speak",
    why="Clients that could have TLS 1.3 get an older version, with what is wrong with it.",
    remedy="Correct the order of versions, or the device in front of the server that hides the newer one.",
    sources=(asvs("12.1.1 (L1)"), asvs4("9.1.3"), rfc(9325, "3.1.1")),
)
def newest_not_preferred(case: Case) -> Iterable[Fail]:
    """An offer of every accepted version gets an older one than the newest."""
    negotiated = sure(case.facts.behaviours.negotiated_version)
    newest = newest_version(case)
    if newest is not None and negotiated.value.rank < newest.rank:
        seen = case.facts.protocols.any((newest,))
        yield Fail(
            f"an offer of every version gets {negotiated.value}, although {newest} is accepted",
            (negotiated.basis, *(each.basis for each in seen)),
        )


def _can_fall_back(case: Case) -> bool:
    """TLS 1.3 has a mark of its own against a forced fallback, and one version leaves nowhere to fall."""
    if case.facts.protocols.offers(ProtocolVersion.TLS_1_3):
        return False
    return len(case.facts.protocols.all_of(BELOW_TLS_1_3)) > 1


@rule(
    "TLS-PROTO-009",
    title="No protection against fallback",
    severity=Severity.MEDIUM,
    cap=Cap.A_MINUS,
    cwe=(757,),
    applies=_can_fall_back,
    enforces=("protocol/fallback-protection",),
    expected="TLS_FALLBACK_SCSV at a lower version is refused with inappropriate_fallback",
    why="An attacker on the path who breaks handshakes can push a client that retries down to the oldest version.",
    remedy="Upgrade the TLS library; better, accept {versions} only.",
    sources=(
        _STRONG_PROTOCOLS,
        rfc(7507, verified=False),
        rfc(9325, "3.1.3"),
        Source("SSL Labs Server Rating Guide 2009h"),
    ),
    reproduce="openssl s_client -connect {connect} -servername {servername} -no_tls1_3 -no_tls1_2 -fallback_scsv "
    "-cipher ALL:@SECLEVEL=0 </dev/null",
)
def fallback_not_refused(case: Case) -> Iterable[Fail]:
    """A hello with TLS_FALLBACK_SCSV at a lower version than the newest is answered."""
    refused = sure(case.facts.behaviours.fallback_refused)
    if not refused.value:
        yield Fail("a hello that bears TLS_FALLBACK_SCSV is answered at a lower version", (refused.basis,))


def _needs_sentinel(case: Case) -> bool:
    older = tuple(version for version in _TLS if version is not ProtocolVersion.TLS_1_3)
    return case.facts.protocols.offers(ProtocolVersion.TLS_1_3) and bool(case.facts.protocols.any(older))


@rule(
    "TLS-PROTO-010",
    title="TLS 1.3 downgrade mark missing",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(757,),
    applies=_needs_sentinel,
    expected="a ServerHello below TLS 1.3 whose random ends in DOWNGRD",
    why="A client cannot tell that an attacker on the path took TLS 1.3 out of its offer.",
    remedy="Upgrade the TLS library, or remove the device that rewrites handshakes.",
    sources=(rfc(9846, "4.2.3"),),
)
def no_downgrade_sentinel(case: Case) -> Iterable[Fail]:
    """TLS 1.3 is accepted, and a ServerHello of an older version does not bear the mark."""
    marked = sure(case.facts.behaviours.downgrade_sentinel)
    if not marked.value:
        yield Fail("the random of an older ServerHello does not say that TLSv1.3 is spoken", (marked.basis,))


@rule(
    "TLS-PROTO-011",
    title="Draft of TLS 1.3 accepted",
    severity=Severity.LOW,
    cap=Cap.A_MINUS,
    cwe=(327,),
    applies=speaks(*_TLS),
    expected="drafts of TLS 1.3 are refused",
    why="Drafts lack the corrections of the standard, and a library that speaks them has seen no update since 2018.",
    remedy="Upgrade the TLS library.",
    sources=(rfc(9846, "4.3.1", verified=False),),
)
def draft_accepted(case: Case) -> Iterable[Fail]:
    """An offer of draft versions alone is answered with one of them."""
    draft = sure(case.facts.behaviours.draft_version)
    if draft.value is not None:
        yield Fail(f"draft {draft.value & 0xFF} of TLSv1.3 is accepted", (draft.basis,))


def _accepted(case: Case, version: ProtocolVersion) -> Iterable[Fail]:
    return tuple(Fail(f"{version} is accepted", (seen.basis,)) for seen in case.facts.protocols.any((version,)))


RULES: tuple[Rule, ...] = (
    ssl_2,
    ssl_3,
    tls_1_0,
    tls_1_1,
    nothing_modern,
    no_tls_1_3,
    newest_not_preferred,
    fallback_not_refused,
    no_downgrade_sentinel,
    draft_accepted,
)
