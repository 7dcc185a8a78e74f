"""TLS-CIPH, second part: how accepted cipher suites exchange keys, which of them wins, and what a policy lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tlsaudit.data.suites import CipherSuite, suite_name
from tlsaudit.model.facts import Preference, SuiteAt
from tlsaudit.model.knowledge import Origin, Unknown
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.cipher import OBSOLETE_CIPHERS, is_anonymous, is_null
from tlsaudit.rules.registry import (
    BELOW_TLS_1_3,
    newest_version,
    speaks,
    suite_fails,
    suites_where,
    sure,
)
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import DH_GROUPS, STRONG_CIPHERS, asvs, asvs4, obsolete_kex, rfc

_SEEN = frozenset({Origin.OBSERVED, Origin.DERIVED})
_STATIC_RSA_KX = frozenset({"RSA", "RSA_PSK"})
_STATIC_DH_KX = frozenset({"DH", "ECDH"})
_SHARED_SECRET_KX = frozenset({"PSK", "DHE_PSK", "ECDHE_PSK", "RSA_PSK", "SRP", "KRB5"})

_IANA = Source("IANA TLS Cipher Suites registry, Recommended")
_ECDHE_FIRST = "Enable ECDHE suites that encrypt with {ciphers} and authenticate (AEAD)."
_SHOW = "openssl s_client -connect {connect} -servername {servername} -no_tls1_3 -cipher %s:@SECLEVEL=0 </dev/null"
_SHOW_CHOICE = (
    "openssl s_client -connect {connect} -servername {servername} -no_tls1_3 </dev/null | grep -E 'Protocol|Cipher'"
)


def _is_weak(suite: CipherSuite) -> bool:
    """Fires one of CIPH-001 to 008, 010 or 011 wherever it is accepted."""
    return (
        is_null(suite)
        or is_anonymous(suite)
        or suite.export
        or suite.enc == "RC4"
        or suite.enc in OBSOLETE_CIPHERS
        or suite.block_bits == 64
        or suite.kx in _STATIC_RSA_KX
        or suite.kx in _STATIC_DH_KX
    )


def _has_own_rule(suite: CipherSuite) -> bool:
    return _is_weak(suite) or suite.kx == "DHE" or suite.mac == "MD5" or suite.mode == "CCM_8"


_STATIC_RSA = suites_where(lambda suite: suite.kx in _STATIC_RSA_KX)
_STATIC_DH = suites_where(lambda suite: suite.kx in _STATIC_DH_KX)
_FORWARD_SECRET = suites_where(lambda suite: suite.ephemeral)
_ANY = suites_where(lambda suite: suite.code >= 0)
_AT = {version: suites_where(lambda suite: suite.code >= 0, (version,)) for version in BELOW_TLS_1_3}
_DHE = suites_where(lambda suite: suite.kx == "DHE", BELOW_TLS_1_3)
_DISCOURAGED = suites_where(lambda suite: suite.recommended == "D" and not _has_own_rule(suite))
_WEAK = suites_where(_is_weak, BELOW_TLS_1_3)
_CBC_AT_1_2 = suites_where(lambda suite: suite.mode == "CBC" and not _is_weak(suite), (ProtocolVersion.TLS_1_2,))
_SOUND_AT = {version: _AT[version] - _WEAK - _CBC_AT_1_2 for version in BELOW_TLS_1_3}
_SHARED_SECRET = suites_where(lambda suite: suite.kx in _SHARED_SECRET_KX)
_STANDARD_1_3 = range(0x1301, 0x1305)
_OTHER_1_3 = suites_where(lambda suite: suite.code not in _STANDARD_1_3, (ProtocolVersion.TLS_1_3,))


def _accepts_suites(case: Case) -> bool:
    return bool(case.facts.cipher_suites.any(_ANY))


def _has_suite_list(case: Case) -> bool:
    return case.limits.suites_allowed is not None


@rule(
    "TLS-CIPH-010",
    title="Static RSA key exchange",
    severity=Severity.MEDIUM,
    cause="NOFS",
    cwe=(326, 327),
    enforces=("suite/static-rsa",),
    expected="only ephemeral key exchange (ECDHE, or TLS 1.3)",
    why="Whoever gets the server's key later decrypts every recorded session, and ROBOT attacks this padding.",
    remedy="Remove the kRSA suites (TLS_RSA_WITH_...) and keep ECDHE.",
    sources=(
        STRONG_CIPHERS,
        rfc(9325, "4.1"),
        obsolete_kex("4"),
        rfc(9846, "appendix F.10"),
        asvs("12.1.2 (L3)"),
    ),
    reproduce=_SHOW % "kRSA",
)
def static_rsa(case: Case) -> Iterable[Fail]:
    """Worse where no version ever picks a suite with forward secrecy."""
    seen = case.facts.cipher_suites.any(_STATIC_RSA)
    picked = [(version, order[0]) for version, order in case.facts.suite_order.items() if order]
    never = bool(picked) and not any(pair in _FORWARD_SECRET for pair in picked)
    fails = list(suite_fails(seen, cap=Cap.B if never else None))
    if fails and isinstance(case.facts.certificate_deployments, Unknown) and seen[0].basis.origin not in _SEEN:
        # A certificate that is not in the tree may be ECDSA, with which none of them is ever chosen.
        fails[0] = replace(fails[0], observed=f"if the certificate, which is not here, is RSA: {fails[0].observed}")
    return fails


@rule(
    "TLS-CIPH-011",
    title="Static Diffie-Hellman key exchange",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(326, 327),
    enforces=("suite/static-dh",),
    expected="only ephemeral key exchange (ECDHE, or TLS 1.3)",
    why="The key in the certificate opens every session, and each handshake can be used to learn more of it.",
    remedy="Remove the kDH and kECDH suites.",
    sources=(STRONG_CIPHERS, rfc(9325, "4.1"), obsolete_kex("2")),
)
def static_dh(case: Case) -> Iterable[Fail]:
    """A suite with DH or ECDH out of the certificate is accepted."""
    return suite_fails(case.facts.cipher_suites.any(_STATIC_DH))


@rule(
    "TLS-CIPH-012",
    title="No forward secrecy at all",
    severity=Severity.HIGH,
    cap=Cap.B,
    cause="NOFS",
    cwe=(326,),
    applies=_accepts_suites,
    enforces=("suite/forward-secrecy",),
    expected="a suite with ephemeral key exchange, or TLS 1.3",
    why="Every session ever recorded can be decrypted with the server's one key.",
    remedy=_ECDHE_FIRST,
    sources=(rfc(9325, "4.1"), asvs("12.1.2 (L3)"), Source("SSL Labs, forward secrecy (2018)")),
    reproduce=_SHOW % "ECDHE:DHE",
)
def no_forward_secrecy(case: Case) -> Iterable[Fail]:
    """Suites are accepted, and none of them is ephemeral and authenticated."""
    if not case.facts.cipher_suites.any(_FORWARD_SECRET):
        seen = case.facts.cipher_suites.any(_ANY)
        at = tuple(dict.fromkeys(each.basis for each in seen))
        yield Fail("no accepted suite has ephemeral, authenticated key exchange", at)


@rule(
    "TLS-CIPH-014",
    title="No authenticated encryption",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(327,),
    applies=_accepts_suites,
    expected="an AEAD suite at the newest version",
    why="Without AEAD all records rest on CBC or RC4, which have been attacked again and again.",
    remedy=_ECDHE_FIRST,
    sources=(
        STRONG_CIPHERS,
        rfc(9846, "appendix E.5"),
        asvs("11.3.2 (L1)"),
        Source("SSL Labs, authenticated encryption (2018)"),
    ),
    reproduce=_SHOW % "AESGCM:AESCCM:CHACHA20",
)
def no_aead(case: Case) -> Iterable[Fail]:
    """The newest accepted version refuses every AEAD suite."""
    version = newest_version(case)
    if version is not None and not case.facts.cipher_suites.any(suites_where(lambda suite: suite.aead, (version,))):
        at = tuple(each.basis for each in case.facts.protocols.any((version,)))
        yield Fail(f"no AEAD suite at {version}", at)


@rule(
    "TLS-CIPH-015",
    title="Finite-field DHE below TLS 1.3",
    severity=Severity.LOW,
    cause="FFDHE",
    cwe=(326,),
    expected="ECDHE instead of DHE",
    why="Clients cannot negotiate the group, so a weak one goes unnoticed, and the computation invites overload.",
    remedy="Remove the DHE suites and keep ECDHE; the ffdhe groups of TLS 1.3 are fine.",
    sources=(
        rfc(9325, "4.1"),
        obsolete_kex("3"),
        Source("Mozilla Server Side TLS 6.0"),
        DH_GROUPS,
    ),
    reproduce=_SHOW % "DHE",
)
def finite_field_dhe(case: Case) -> Iterable[Fail]:
    """A DHE suite is accepted, with parameters of any size."""
    return suite_fails(case.facts.cipher_suites.any(_DHE))


@rule(
    "TLS-CIPH-018",
    title="Discouraged by IANA",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(327,),
    expected="no suite with Recommended = D in the registry",
    why="The IETF has found a reason why the suite should not be used any more.",
    remedy="Remove the suite from the cipher string.",
    sources=(rfc(9847), _IANA),
)
def discouraged(case: Case) -> Iterable[Fail]:
    """Discouraged in the registry, and not for a reason that a rule of its own names."""
    return suite_fails(case.facts.cipher_suites.any(_DISCOURAGED))


@rule(
    "TLS-CIPH-019",
    title="Cipher suite outside the policy",
    severity=Severity.LOW,
    cwe=(326,),
    applies=_has_suite_list,
    enforces=("suite/unlisted",),
    reads=("suites_allowed",),
    expected="only cipher suites that the policy lists",
    why="What the policy does not list has not been judged to be fit.",
    remedy="Remove the suite, or choose a policy that allows it.",
    sources=(asvs("12.1.2 (L2)"), asvs4("9.1.2")),
)
def outside_policy(case: Case) -> Iterable[Fail]:
    """A suite that is not on the policy's list is accepted."""
    allowed = case.limits.suites_allowed or frozenset()
    return suite_fails(case.facts.cipher_suites.any(suites_where(lambda suite: suite.code not in allowed)))


@rule(
    "TLS-CIPH-020",
    title="Weak cipher suite wins",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(757,),
    applies=speaks(*BELOW_TLS_1_3),
    expected="the server picks a strong suite where client and server have one",
    why="Clients that could be safe are not: the server prefers a weak suite although both have a better one.",
    remedy="Order the suites strongest first, or remove the weak ones.",
    sources=(asvs("12.1.2 (L2)"), rfc(9325, "4.2.1")),
    reproduce=_SHOW_CHOICE,
)
def weak_suite_wins(case: Case) -> Iterable[Fail]:
    """From an offer of all suites, strongest first, a version picks a weak one and accepts a sound one as well."""
    suites = case.facts.cipher_suites
    for seen in case.facts.protocols.any(BELOW_TLS_1_3):
        order = case.facts.suite_order.get(seen.item)
        if not order:
            suites.rest.need()
        picked = (seen.item, order[0])
        sound = suites.any(_SOUND_AT[seen.item]) if _is_weaker(case, picked) else ()
        if sound:
            at = (suites.accepted.get(picked, seen.basis),)
            yield Fail(f"{suite_name(order[0])} at {seen.item}, before {suite_name(sound[0].item[1])}", at)


@rule(
    "TLS-CIPH-021",
    title="Client decides, weak suites present",
    severity=Severity.LOW,
    cwe=(757,),
    applies=speaks(*BELOW_TLS_1_3),
    expected="the server's order decides as long as weak suites are accepted",
    why="A client with a poor order ends up with a weak suite although both sides have a better one.",
    remedy="Remove the weak suites, or let the server's order decide (nginx: ssl_prefer_server_ciphers on).",
    sources=(asvs("12.1.2 (L2)"), Source("Mozilla Server Side TLS 5.8")),
    reproduce=_SHOW % "kRSA:ECDHE:DHE" + " | grep -E 'Protocol|Cipher'",
)
def client_decides(case: Case) -> Iterable[Fail]:
    """One `Fail` for each version that follows the client's order and accepts a weak suite."""
    weak = {seen.item[0] for seen in case.facts.cipher_suites.any(_WEAK)}
    return tuple(_client_order(case, weak)) or tuple(_client_order(case, _cbc_versions(case)))


@rule(
    "TLS-CIPH-022",
    title="PSK, SRP or Kerberos suites",
    severity=Severity.LOW,
    expected="only suites that authenticate by certificate",
    why="Such suites are for closed groups of devices; elsewhere they are left-overs with keys nobody manages.",
    remedy="Remove PSK, SRP and KRB5 from the cipher string unless devices depend on them.",
    sources=(Source("NIST SP 800-52r2 section 3.3.1", verified=False), Source("TLS-Scanner rating influencers")),
)
def shared_secret_suites(case: Case) -> Iterable[Fail]:
    """A suite whose key exchange rests on a shared secret is accepted."""
    return suite_fails(case.facts.cipher_suites.any(_SHARED_SECRET))


@rule(
    "TLS-CIPH-025",
    title="Non-standard TLS 1.3 cipher suite",
    severity=Severity.LOW,
    applies=speaks(ProtocolVersion.TLS_1_3),
    expected="only the suites of RFC 9846 with full tags",
    why="Such suites are outside the standard's own list, little tested, and some do not encrypt.",
    remedy="Keep the suites of {ciphers} with full tags (TLS_AES_256_GCM_SHA384 and its like).",
    sources=(rfc(9846, "9.1"), rfc(9846, "appendix B.4")),
)
def other_tls_1_3_suites(case: Case) -> Iterable[Fail]:
    """A TLS 1.3 suite outside 0x1301 to 0x1304 is accepted."""
    return suite_fails(case.facts.cipher_suites.any(_OTHER_1_3))


def _is_weaker(case: Case, pair: SuiteAt) -> bool:
    """Whether a sound suite should come before this one; CBC at TLS 1.2 is sound with encrypt_then_mac only."""
    return pair in _WEAK or (pair in _CBC_AT_1_2 and not case.facts.session.encrypt_then_mac.need())


def _client_order(case: Case, versions: set[ProtocolVersion]) -> Iterable[Fail]:
    for version in sorted(versions, key=lambda version: version.rank):
        known = case.facts.cipher_preference.get(version)
        if known is None and len(case.facts.cipher_suites.all_of(_AT[version])) < 2:
            continue  # there is nothing to choose from
        preference = sure(known or case.facts.cipher_suites.rest)
        if preference.value is Preference.CLIENT:
            yield Fail(f"the client's order decides at {version}", (preference.basis,))


def _cbc_versions(case: Case) -> set[ProtocolVersion]:
    """TLS 1.2, where it accepts CBC without encrypt_then_mac."""
    seen = case.facts.cipher_suites.any(_CBC_AT_1_2)
    return {each.item[0] for each in seen if not case.facts.session.encrypt_then_mac.need()}


RULES: tuple[Rule, ...] = (
    static_rsa,
    static_dh,
    no_forward_secrecy,
    no_aead,
    finite_field_dhe,
    discouraged,
    outside_policy,
    weak_suite_wins,
    client_decides,
    shared_secret_suites,
    other_tls_1_3_suites,
)
