"""TLS-PROTO: which protocol versions an endpoint accepts."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.data.suites import SSL2_CIPHERS
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.registry import newest_version, speaks
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, asvs4, cheat_sheet, pci, rfc, wstg

_STRONG_PROTOCOLS = cheat_sheet("Only Support Strong Protocols")
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
    remedy="Set the minimum protocol version to TLS 1.2.",
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
    remedy="Set the minimum protocol version to TLS 1.2.",
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
    remedy="Set the minimum protocol version to TLS 1.2.",
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


def _accepted(case: Case, version: ProtocolVersion) -> Iterable[Fail]:
    return tuple(Fail(f"{version} is accepted", (seen.basis,)) for seen in case.facts.protocols.any((version,)))


RULES: tuple[Rule, ...] = (ssl_2, ssl_3, tls_1_0, tls_1_1, nothing_modern, no_tls_1_3)
