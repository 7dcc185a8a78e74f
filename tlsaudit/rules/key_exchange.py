"""TLS-KEX: Diffie-Hellman parameters, named groups, and how ephemeral the keys are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlsaudit.model.facts import DhParameters, KeyExchange
from tlsaudit.model.knowledge import Basis, Unknown, Why
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.registry import GROUP_VERSIONS, group_fails, groups_where, suites_where, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import DH_GROUPS, asvs, obsolete_kex, rfc, wstg

_Group = tuple[int | None, DhParameters | None]

_DISCOURAGED = groups_where(lambda group: group.kind == "ec" and group.recommended == "D")
_ALL_GROUPS = groups_where(lambda group: group.code >= 0)
_COMMON = frozenset((version, code) for version in GROUP_VERSIONS for code in (23, 29))
"""secp256r1 and x25519."""
_DHE = suites_where(lambda suite: suite.kx in {"DHE", "DH_anon", "DHE_PSK"})
"""What sends parameters in its ServerKeyExchange."""
_ECDHE = suites_where(lambda suite: suite.kx in {"ECDHE", "ECDH_anon"})
_EXPLICIT_CURVES = {1: "explicit_prime", 2: "explicit_char2"}
_STANDARD_PRIME = re.compile(r"(ffdhe|modp)[0-9]+")
"""Names of the primes of RFC 7919, and of RFC 2409 and 3526."""

_ECDHE_ONLY = "Disable the DHE suites and keep ECDHE; where DHE has to stay, use ffdhe3072 of RFC 7919."
_SHOW_DH = (
    "openssl s_client -connect {connect} -servername {servername} -no_tls1_3 -cipher DHE:@SECLEVEL=0 </dev/null "
    "| grep 'Temp Key'"
)


def _has_dh(case: Case) -> bool:
    """Parameters were read; undecided where a suite with DHE is accepted and they were not, or may be accepted."""
    if any(each.dh is not None for each in case.facts.key_exchanges.need()):
        return True
    if case.facts.cipher_suites.any(_DHE):
        Unknown(Why.NO_ANSWER, "a suite with DHE is accepted, and its parameters could not be read").need()
    return False


def _has_curve(case: Case) -> bool:
    """As `_has_dh`, of suites with ECDHE."""
    if any(each.curve_type is not None for each in case.facts.key_exchanges.need()):
        return True
    if case.facts.cipher_suites.any(_ECDHE):
        Unknown(Why.NO_ANSWER, "a suite with ECDHE is accepted, and its parameters could not be read").need()
    return False


def _has_ephemeral_keys(case: Case) -> bool:
    """As `_has_dh`, of either kind."""
    if any(each.public_sha256 is not None for each in case.facts.key_exchanges.need()):
        return True
    if case.facts.cipher_suites.any(_ECDHE | _DHE):
        Unknown(Why.NO_ANSWER, "an ephemeral suite is accepted, and its public value could not be read").need()
    return False


def _has_groups(case: Case) -> bool:
    return bool(case.facts.groups.any(_ALL_GROUPS))


def _has_group_list(case: Case) -> bool:
    return case.limits.groups_allowed is not None


@rule(
    "TLS-KEX-001",
    title="Diffie-Hellman below 1024 bits",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cwe=(326,),
    applies=_has_dh,
    reads=("dh_bits_broken",),
    expected="no DHE, or parameters of the required size",
    why="Discrete logarithms of this size are within reach of anyone; Logjam breaks 512 bits in minutes.",
    remedy=_ECDHE_ONLY,
    sources=(rfc(9325, "4.5"), Source("CVE-2015-4000")),
    reproduce=_SHOW_DH,
)
def broken_dh(case: Case) -> Iterable[Fail]:
    """The modulus is so small that it can be attacked."""
    limit = case.limits.dh_bits_broken
    return _dh_fails((dh, at) for dh, at in _dh(case) if dh.bits < limit)


@rule(
    "TLS-KEX-002",
    title="Diffie-Hellman below 2048 bits",
    severity=Severity.HIGH,
    cap=Cap.B,
    cause="SMALLDH",
    cwe=(326,),
    applies=_has_dh,
    reads=("dh_bits_broken", "dh_bits_min"),
    expected="no DHE, or parameters of at least {dh_bits_min} bits",
    why="A 1024-bit prime that many servers share can be broken once, by a state, for all of them.",
    remedy=_ECDHE_ONLY,
    sources=(rfc(9325, "4.5"), rfc(9113, "9.2.1"), wstg(), Source("SSL Labs Server Rating Guide 2009j")),
    reproduce=_SHOW_DH,
)
def small_dh(case: Case) -> Iterable[Fail]:
    """The modulus is below what is required, and above what is broken."""
    broken, least = case.limits.dh_bits_broken, case.limits.dh_bits_min
    return _dh_fails((dh, at) for dh, at in _dh(case) if broken <= dh.bits < least)


@rule(
    "TLS-KEX-003",
    title="Diffie-Hellman below 3000 bits",
    severity=Severity.INFO,
    cause="FFDHE",
    cwe=(326,),
    applies=_has_dh,
    enforces=("exchange/dh-of-wanted-size",),
    reads=("dh_bits_min", "dh_bits_wanted"),
    expected="no DHE, or parameters of at least {dh_bits_wanted} bits",
    why="2048 bits give about 112 bits of security, less than the cipher suites that they serve.",
    remedy=_ECDHE_ONLY,
    sources=(asvs("appendix C, key exchange"), Source("BSI TR-02102-2 2025-01")),
    reproduce=_SHOW_DH,
)
def modest_dh(case: Case) -> Iterable[Fail]:
    """The modulus is as required, and below what is wanted."""
    least, wanted = case.limits.dh_bits_min, case.limits.dh_bits_wanted
    return _dh_fails((dh, at) for dh, at in _dh(case) if least <= dh.bits < wanted)


@rule(
    "TLS-KEX-004",
    title="Diffie-Hellman modulus not a safe prime",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cwe=(327,),
    applies=_has_dh,
    expected="a safe prime with a generator of large order",
    why="In a group with small subgroups an attacker learns an exponent that is used again, piece by piece.",
    remedy="Use ECDHE, or a group of RFC 7919.",
    sources=(obsolete_kex("1"), rfc(7919, verified=False)),
    reproduce=_SHOW_DH,
)
def unsafe_dh(case: Case) -> Iterable[Fail]:
    """Not prime, not safe, or a generator that generates next to nothing."""
    for dh, at in _dh(case):
        if not dh.is_prime:
            yield Fail(f"{_dh_name(dh)}: the modulus is not prime", at)
        elif dh.is_safe_prime is False:
            # RFC 5114, dsaparam and their like: only exponents that are used again leak, so it is no break by itself.
            severity, cap = Severity.MEDIUM, Cap.B
            yield Fail(f"{_dh_name(dh)}: (p-1)/2 is not prime", at, severity=severity, cap=cap)
        elif dh.generator < 2:
            yield Fail(f"{_dh_name(dh)}: the generator is {dh.generator}", at)
    for dh, _ in _dh(case):
        if dh.is_safe_prime is None:
            Unknown(Why.UNSUPPORTED, f"a modulus of {dh.bits} bits is too large to be tested").need()


@rule(
    "TLS-KEX-005",
    title="Well-known small Diffie-Hellman prime",
    severity=Severity.HIGH,
    cap=Cap.C,
    cause="SMALLDH",
    cwe=(326,),
    applies=_has_dh,
    reads=("dh_bits_broken",),
    expected="no DHE, or a group of RFC 7919",
    why="The costly part of breaking a prime is done once; every server that shares it then falls cheaply.",
    remedy=_ECDHE_ONLY,
    sources=(obsolete_kex("1"), Source("CVE-2015-4000")),
    reproduce=_SHOW_DH,
)
def well_known_small_dh(case: Case) -> Iterable[Fail]:
    """A prime that many servers share, of 1024 bits or fewer."""
    limit = case.limits.dh_bits_broken
    return _dh_fails((dh, at) for dh, at in _dh(case) if dh.well_known and dh.bits <= limit)


@rule(
    "TLS-KEX-006",
    title="Custom Diffie-Hellman group",
    severity=Severity.LOW,
    cause="FFDHE",
    applies=_has_dh,
    reads=("dh_bits_min",),
    expected="a group of RFC 7919 or RFC 3526",
    why="Clients cannot know whether a custom group is sound, and some refuse it.",
    remedy="Use ECDHE, or a group of RFC 7919, instead of generated parameters.",
    sources=(DH_GROUPS, obsolete_kex("1")),
    reproduce=_SHOW_DH,
)
def custom_dh(case: Case) -> Iterable[Fail]:
    """Large enough, and no standard prime."""
    least = case.limits.dh_bits_min
    return _dh_fails(
        (dh, at) for dh, at in _dh(case) if dh.bits >= least and not _STANDARD_PRIME.fullmatch(dh.name or "")
    )


@rule(
    "TLS-KEX-007",
    title="Ephemeral key reused",
    severity=Severity.MEDIUM,
    cwe=(323,),
    applies=_has_ephemeral_keys,
    expected="a new key in every handshake",
    why="Who gets hold of the one key opens every session made with it, and with DHE the Raccoon attack applies.",
    remedy="Switch the reuse of ephemeral keys off (OpenSSL: SSL_OP_SINGLE_DH_USE), or upgrade the library.",
    sources=(rfc(9325, "7.4"), Source("CVE-2020-1968")),
)
def reused_key(case: Case) -> Iterable[Fail]:
    """One public value in two handshakes; milder with elliptic curves. One handshake alone proves nothing."""
    handshakes = _by_group_and_key(case)
    fails = [_reuse(tuple(seen.values())) for keys in handshakes.values() for seen in keys.values() if len(seen) > 1]
    if not fails and all(len(keys) < 2 for keys in handshakes.values()):
        Unknown(Why.NOT_ASKED, "no group was seen in two handshakes").need()
    return fails


@rule(
    "TLS-KEX-008",
    title="Curve below 224 bits",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(326,),
    reads=("curve_bits_min",),
    expected="curves of at least {curve_bits_min} bits",
    why="Discrete logarithms on such a curve cost less than the 112 bits that every standard asks for.",
    remedy="Allow {groups} only.",
    sources=(rfc(9325, "4.5"), rfc(9113, "9.2.1")),
)
def small_curve(case: Case) -> Iterable[Fail]:
    """An elliptic curve below the least size is accepted."""
    least = case.limits.curve_bits_min
    small = groups_where(lambda group: group.kind == "ec" and group.bits is not None and group.bits < least)
    return group_fails(case.facts.groups.any(small))


@rule(
    "TLS-KEX-009",
    title="Discouraged named group",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(327,),
    expected="no group that IANA marks as discouraged",
    why="These curves are too small or little examined, and are no longer fit for use.",
    remedy="Allow {groups} only.",
    sources=(rfc(9847),),
)
def discouraged_group(case: Case) -> Iterable[Fail]:
    """A curve with Recommended = D in the registry is accepted."""
    return group_fails(case.facts.groups.any(_DISCOURAGED))


@rule(
    "TLS-KEX-010",
    title="Explicit curve parameters",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(327,),
    applies=_has_curve,
    expected="named curves only",
    why="Nobody checks whether a curve that is sent along is sound, so a weak one can be passed off as strong.",
    remedy="Use named curves.",
    sources=(rfc(8422, "5.4", verified=False),),
)
def explicit_curve(case: Case) -> Iterable[Fail]:
    """A ServerKeyExchange with ECCurveType explicit_prime or explicit_char2."""
    for each in case.facts.key_exchanges.need():
        if each.curve_type in _EXPLICIT_CURVES:
            yield Fail(f"{_EXPLICIT_CURVES[each.curve_type]} parameters at {each.version}", (each.basis,))


@rule(
    "TLS-KEX-011",
    title="Neither secp256r1 nor X25519",
    severity=Severity.LOW,
    applies=_has_groups,
    expected="secp256r1 or X25519 is accepted",
    why="Clients that follow the standard bring one of these two; others cost a round trip or do not connect.",
    remedy="Enable {usual_groups}.",
    sources=(rfc(9325, "4.2.1"), rfc(9846, "9.1")),
    reproduce="openssl s_client -connect {connect} -servername {servername} -groups X25519:P-256 </dev/null",
)
def no_common_group(case: Case) -> Iterable[Fail]:
    """Both are refused at TLS 1.2 and 1.3."""
    if not case.facts.groups.any(_COMMON):
        yield Fail("secp256r1 and x25519 are refused", tuple(case.facts.groups.accepted.values()))


@rule(
    "TLS-KEX-012",
    title="Named group outside the policy",
    severity=Severity.LOW,
    applies=_has_group_list,
    enforces=("group/unlisted",),
    reads=("groups_allowed",),
    expected="only groups that the policy lists",
    why="What the policy does not list has not been judged to be fit.",
    remedy="Remove the group, or choose a policy that allows it.",
    sources=(DH_GROUPS, Source("Mozilla Server Side TLS 6.0")),
)
def group_outside_policy(case: Case) -> Iterable[Fail]:
    """A group that is not on the policy's list is accepted."""
    allowed = case.limits.groups_allowed or frozenset()
    return group_fails(case.facts.groups.any(groups_where(lambda group: group.code not in allowed)))


@rule(
    "TLS-KEX-014",
    title="Compressed curve points only",
    severity=Severity.LOW,
    expected="uncompressed points",
    why="Compressed points are withdrawn: current clients cannot read them.",
    remedy="Allow uncompressed points, or upgrade the TLS library.",
    sources=(rfc(9325, "4.2.1"), rfc(8422, "5.1.2", verified=False)),
)
def compressed_points(case: Case) -> Iterable[Fail]:
    """ec_point_formats of the server names no uncompressed format."""
    compressed = sure(case.facts.session.compressed_points_only)
    if compressed.value:
        yield Fail("ec_point_formats without uncompressed", (compressed.basis,))


def _dh(case: Case) -> Iterator[tuple[DhParameters, tuple[Basis, ...]]]:
    """The different parameters that were served, each with every place where."""
    found: dict[DhParameters, list[Basis]] = {}
    for each in case.facts.key_exchanges.need():
        if each.dh is not None:
            found.setdefault(each.dh, []).append(each.basis)
    return ((dh, tuple(at)) for dh, at in found.items())


def _dh_fails(weak: Iterable[tuple[DhParameters, tuple[Basis, ...]]]) -> Iterator[Fail]:
    return (Fail(_dh_name(dh), at) for dh, at in weak)


def _dh_name(dh: DhParameters) -> str:
    return f"{dh.bits} bits" + (f" ({dh.name})" if dh.name else "")


def _by_group_and_key(case: Case) -> dict[_Group, dict[str, dict[str, KeyExchange]]]:
    """Key exchanges by group, then by public value, then by handshake: only those of one group can share a key."""
    found: dict[_Group, dict[str, dict[str, KeyExchange]]] = {}
    for each in case.facts.key_exchanges.need():
        if each.public_sha256 is not None:
            keys = found.setdefault((each.group, each.dh), {})
            keys.setdefault(each.public_sha256, {})[each.basis.at] = each
    return found


def _reuse(seen: tuple[KeyExchange, ...]) -> Fail:
    at = tuple(each.basis for each in seen)
    if seen[0].dh is not None:
        return Fail(f"one DHE public value in {len(seen)} handshakes", at, cap=Cap.B)
    return Fail(f"one ECDHE public value in {len(seen)} handshakes", at, severity=Severity.LOW)


RULES: tuple[Rule, ...] = (
    broken_dh,
    small_dh,
    modest_dh,
    unsafe_dh,
    well_known_small_dh,
    custom_dh,
    reused_key,
    small_curve,
    discouraged_group,
    explicit_curve,
    no_common_group,
    group_outside_policy,
    compressed_points,
)
