"""TLS-CIPH, first part: what accepted cipher suites encrypt and authenticate records with.

Suites are classified by their code through the registry, never by their names.
"""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.data.suites import CipherSuite
from tlsaudit.model.facts import SuiteAt
from tlsaudit.model.knowledge import Seen
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.registry import suite_fails, suite_of, suites_where, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import STRONG_CIPHERS, asvs, asvs4, pci, rfc, wstg

OBSOLETE_CIPHERS = frozenset({"DES", "DES40", "RC2", "IDEA"})
"""Ciphers of CIPH-005."""
_UNCOMMON = frozenset({"ARIA", "CAMELLIA", "SEED", "SM4", "GOST89", "KUZNYECHIK", "MAGMA"})

# Only for what a current openssl still has: it cannot offer RC4, DES, RC2, IDEA, 3DES or EXPORT.
_SHOW = (
    "openssl s_client -connect {connect} -servername {servername} -no_tls1_3 -cipher %s:@SECLEVEL=0 </dev/null "
    "| grep -E 'Protocol|Cipher'"
)


def is_null(suite: CipherSuite) -> bool:
    """Records are not encrypted; includes the integrity-only suites of TLS 1.3."""
    return suite.enc == "NULL"


def is_anonymous(suite: CipherSuite) -> bool:
    """Nobody is authenticated: anyone on the path can be the server."""
    return suite.auth == "anon"


_NULL = suites_where(is_null)
_ANONYMOUS = suites_where(is_anonymous)
_EXPORT = suites_where(lambda suite: suite.export)
_RC4 = suites_where(lambda suite: suite.enc == "RC4")
_OBSOLETE = suites_where(lambda suite: suite.enc in OBSOLETE_CIPHERS)
_CBC_AT_1_2 = suites_where(lambda suite: suite.mode == "CBC", (ProtocolVersion.TLS_1_2,))
_MD5 = suites_where(lambda suite: suite.mac == "MD5")
_CCM_8 = suites_where(lambda suite: suite.mode == "CCM_8")
_RETIRED = suites_where(lambda suite: not suite.standard)
_FAMILIES = suites_where(lambda suite: suite.enc in _UNCOMMON)


@rule(
    "TLS-CIPH-001",
    title="NULL encryption",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cwe=(319, 327),
    enforces=("suite/null",),
    expected="every accepted cipher suite encrypts",
    why="Records go over the network in clear, for anyone on the path to read.",
    remedy="Remove eNULL from the cipher string.",
    sources=(STRONG_CIPHERS, rfc(9325, "4.1"), rfc(9847), wstg()),
    reproduce=_SHOW % "eNULL",
)
def null_encryption(case: Case) -> Iterable[Fail]:
    """A suite without encryption is accepted."""
    return suite_fails(case.facts.cipher_suites.any(_NULL))


@rule(
    "TLS-CIPH-002",
    title="Anonymous key exchange",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cwe=(287, 327),
    enforces=("suite/anonymous",),
    expected="every accepted cipher suite authenticates the server",
    why="Anyone on the path can answer in place of the server and read everything.",
    remedy="Remove aNULL from the cipher string.",
    sources=(
        STRONG_CIPHERS,
        rfc(9847),
        rfc(9846, "appendix C.5"),
        wstg(),
        Source("SSL Labs Server Rating Guide 2009k"),
    ),
    reproduce=_SHOW % "aNULL",
)
def anonymous_key_exchange(case: Case) -> Iterable[Fail]:
    """A suite without authentication is accepted."""
    return suite_fails(case.facts.cipher_suites.any(_ANONYMOUS))


@rule(
    "TLS-CIPH-003",
    title="EXPORT cipher suites",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cause="EXPORT",
    cwe=(326, 327),
    enforces=("suite/export",),
    expected="no EXPORT suite is accepted",
    why="Keys of 40 or 56 bits were weakened on purpose; FREAK and Logjam break such sessions within hours.",
    remedy="Remove EXPORT from the cipher string.",
    sources=(STRONG_CIPHERS, rfc(9325, "4.1"), rfc(9847), Source("CVE-2015-0204"), Source("CVE-2015-4000")),
)
def export_suites(case: Case) -> Iterable[Fail]:
    """A suite made for the export rules of the nineties is accepted."""
    return suite_fails(case.facts.cipher_suites.any(_EXPORT))


@rule(
    "TLS-CIPH-004",
    title="RC4",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(327,),
    enforces=("suite/rc4",),
    expected="no RC4 suite is accepted",
    why="Biases in its key stream give away what is sent often, such as cookies.",
    remedy="Remove RC4 from the cipher string.",
    sources=(
        rfc(7465, "2", verified=False),
        rfc(9325, "4.1"),
        rfc(9846, "appendix E.5"),
        asvs("appendix C, ciphers"),
        Source("CVE-2013-2566"),
        Source("CVE-2015-2808"),
    ),
)
def rc4(case: Case) -> Iterable[Fail]:
    """A suite with RC4 is accepted."""
    return suite_fails(case.facts.cipher_suites.any(_RC4))


@rule(
    "TLS-CIPH-005",
    title="DES, RC2 or IDEA",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(326, 327),
    enforces=("suite/des",),
    reads=("symmetric_bits_broken",),
    expected="no suite with DES, RC2 or IDEA is accepted",
    why="DES and RC2 keys can be searched through; none of the three has been fit for new use for decades.",
    remedy="Remove DES, RC2 and IDEA from the cipher string.",
    sources=(rfc(9847), asvs("appendix C, ciphers"), rfc(9846, "appendix E.5")),
)
def obsolete_ciphers(case: Case) -> Iterable[Fail]:
    """Worse where the key can be searched through."""
    seen = case.facts.cipher_suites.any(_OBSOLETE)
    broken = case.limits.symmetric_bits_broken
    yield from suite_fails((each for each in seen if _bits(each) < broken), cap=Cap.F)
    yield from suite_fails(each for each in seen if _bits(each) >= broken)


@rule(
    "TLS-CIPH-006",
    title="64-bit block cipher",
    severity=Severity.MEDIUM,
    cause="B64",
    cwe=(326, 327),
    enforces=("suite/64-bit-block",),
    reads=("block_bits_min",),
    expected="only ciphers with blocks of 128 bits, or stream ciphers",
    why="After some 32 GB under one key, blocks repeat and give away cookies (SWEET32).",
    remedy="Remove 3DES and the other 64-bit block ciphers from the cipher string.",
    sources=(
        Source("CVE-2016-2183"),
        Source("CVE-2016-6329"),
        asvs("appendix C, ciphers"),
        asvs4("6.2.5"),
        Source("SSL Labs Server Rating Guide 2009p", verified=False),
    ),
)
def small_blocks(case: Case) -> Iterable[Fail]:
    """Worse where TLS 1.1 or newer accepts it, and again where the server picks it there from an offer of all."""
    least = case.limits.block_bits_min
    small = suites_where(lambda suite: suite.block_bits is not None and suite.block_bits < least)
    seen = case.facts.cipher_suites.any(small)
    newer = {each for each in seen if each.item[0].rank >= ProtocolVersion.TLS_1_1.rank}
    picked = {each for each in newer if case.facts.suite_order.get(each.item[0], ())[:1] == (each.item[1],)}
    yield from suite_fails((each for each in seen if each in picked), severity=Severity.HIGH, cap=Cap.C)
    yield from suite_fails((each for each in seen if each in newer - picked), cap=Cap.C)
    yield from suite_fails(each for each in seen if each not in newer)


@rule(
    "TLS-CIPH-007",
    title="Encryption below 112 bits",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cwe=(326,),
    enforces=("suite/below-112-bits",),
    reads=("symmetric_bits_broken",),
    expected="encryption with at least {symmetric_bits_broken} bits of security",
    why="Keys of this size can be searched through, so recorded sessions can be read.",
    remedy="Allow no suites but those of {ciphers}.",
    sources=(rfc(9325, "4.1"), rfc(9846, "appendix E.5"), pci("4.2.1", verified=False)),
)
def broken_strength(case: Case) -> Iterable[Fail]:
    """Encrypted, but with too short a key; suites that do not encrypt at all are those of CIPH-001."""
    broken = case.limits.symmetric_bits_broken
    return suite_fails(
        case.facts.cipher_suites.any(suites_where(lambda suite: not is_null(suite) and suite.effective_bits < broken))
    )


@rule(
    "TLS-CIPH-008",
    title="Encryption of 112 to 127 bits",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cause="B64",
    cwe=(326,),
    reads=("symmetric_bits_broken", "symmetric_bits_min"),
    expected="encryption with at least {symmetric_bits_min} bits of security",
    why="3DES gives 112 bits at best, less than what has been asked for since 2015.",
    remedy="Remove 3DES from the cipher string.",
    sources=(rfc(9325, "4.1"), wstg(), asvs("11.2.3 (L2)")),
)
def modest_strength(case: Case) -> Iterable[Fail]:
    """Not broken, and below what is required. Only 64-bit block ciphers are: one cause with CIPH-006."""
    broken, least = case.limits.symmetric_bits_broken, case.limits.symmetric_bits_min
    return suite_fails(case.facts.cipher_suites.any(suites_where(lambda suite: broken <= suite.effective_bits < least)))


@rule(
    "TLS-CIPH-009",
    title="CBC without encrypt-then-MAC",
    severity=Severity.LOW,
    cause="CBC",
    cwe=(327,),
    enforces=("suite/cbc-without-encrypt-then-mac",),
    expected="authenticated encryption, or encrypt_then_mac with CBC",
    why="CBC suites that authenticate before they encrypt have been attacked again and again (Lucky 13, POODLE).",
    remedy="Remove CBC suites, or enable encrypt_then_mac for the clients that need them.",
    sources=(
        STRONG_CIPHERS,
        rfc(9325, "4.2"),
        wstg(),
        asvs("appendix C, cipher modes"),
        asvs("11.3.5 (L3)"),
    ),
    reproduce=(
        "openssl s_client -connect {connect} -servername {servername} -tls1_2 -tlsextdebug "
        "-cipher ECDHE+SHA384:ECDHE+SHA256:ECDHE+SHA1:kRSA+SHA1:@SECLEVEL=0 </dev/null "
        "| grep -E 'Protocol|Cipher|encrypt-then-mac'"
    ),
)
def cbc_without_etm(case: Case) -> Iterable[Fail]:
    """A CBC suite is accepted at TLS 1.2 and encrypt_then_mac (RFC 7366) is not answered."""
    seen = case.facts.cipher_suites.any(_CBC_AT_1_2)
    if not seen:
        return ()
    encrypt_then_mac = sure(case.facts.session.encrypt_then_mac)
    return () if encrypt_then_mac.value else suite_fails(seen)


@rule(
    "TLS-CIPH-016",
    title="MD5 record authentication",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(327, 328),
    expected="no suite with HMAC-MD5 is accepted",
    why="Suites with MD5 belong to the age of RC4 and DES; no standard allows them any more.",
    remedy="Remove MD5 from the cipher string.",
    sources=(rfc(9847), asvs("appendix C, message authentication")),
)
def md5_mac(case: Case) -> Iterable[Fail]:
    """A suite whose records are authenticated with MD5 is accepted."""
    return suite_fails(case.facts.cipher_suites.any(_MD5))


@rule(
    "TLS-CIPH-017",
    title="CCM with a short tag",
    severity=Severity.LOW,
    cwe=(326,),
    enforces=("suite/short-tag",),
    expected="authentication tags of 128 bits",
    why="A tag of 64 bits is guessed far more easily than the key behind it; CCM_8 is meant for tiny devices.",
    remedy="Remove the CCM_8 suites.",
    sources=(asvs("appendix C, cipher modes"), Source("IANA TLS Cipher Suites registry, Recommended")),
)
def short_tag(case: Case) -> Iterable[Fail]:
    """A CCM_8 suite is accepted."""
    return suite_fails(case.facts.cipher_suites.any(_CCM_8))


@rule(
    "TLS-CIPH-023",
    title="Retired code points",
    severity=Severity.LOW,
    expected="only cipher suites of the IANA registry",
    why="Drafts and experiments that never became standards, or were withdrawn, say that the TLS library is old.",
    remedy="Upgrade the TLS library.",
    sources=(Source("IANA TLS Cipher Suites registry"), Source("cryptodatahub 1.6.1, OLD_ entries")),
)
def retired_suites(case: Case) -> Iterable[Fail]:
    """A suite is accepted that the registry does not, or no longer, assign."""
    return suite_fails(case.facts.cipher_suites.any(_RETIRED))


@rule(
    "TLS-CIPH-024",
    title="Uncommon cipher family",
    severity=Severity.INFO,
    expected="{ciphers} only",
    why="Camellia, ARIA, SEED, SM4 and the GOST ciphers are rarely used, tested or accelerated.",
    remedy="Remove them unless a regulation asks for them.",
    sources=(Source("Mozilla Server Side TLS, rationale"), Source("NIST SP 800-52r2 section 3.3.1", verified=False)),
    reproduce=_SHOW % "CAMELLIA:ARIA:SEED",
)
def uncommon_family(case: Case) -> Iterable[Fail]:
    """A suite with one of these ciphers is accepted."""
    return suite_fails(case.facts.cipher_suites.any(_FAMILIES))


def _bits(seen: Seen[SuiteAt]) -> int:
    suite = suite_of(seen.item)
    return suite.effective_bits if suite is not None else 0


RULES: tuple[Rule, ...] = (
    null_encryption,
    anonymous_key_exchange,
    export_suites,
    rc4,
    obsolete_ciphers,
    small_blocks,
    broken_strength,
    modest_strength,
    cbc_without_etm,
    md5_mac,
    short_tag,
    retired_suites,
    uncommon_family,
)
