"""What a TLS library makes of what a text asks for.

Sources: OpenSSL's ssl_security_default_callback (ssl/ssl_cert.c), CHANGES of 1.1.0, 1.1.1, 3.0 and 3.2. Without a
version nothing is refused but what cannot be negotiated by the protocol itself: a suite at a version that has none
such, DHE without parameters, RSA signatures without an RSA key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from tlsaudit.config.assume import Version, version_words
from tlsaudit.data.suites import SUITES, CipherSuite, openssl_name
from tlsaudit.model.facts import SuiteAt
from tlsaudit.model.knowledge import Basis
from tlsaudit.model.protocol import ProtocolVersion

_LEVEL_BITS = (0, 80, 112, 128, 192, 256)
_UNUSABLE = frozenset(
    {"PSK", "DHE_PSK", "ECDHE_PSK", "RSA_PSK", "SRP", "KRB5", "ECCPWD", "GOST", "CECPQ1", "SM2", "SM9DHE", "SM9IBC"}
)
"""Key exchanges that need a shared secret or an engine, which web servers do not set up."""
_KEYS = {"RSA": {"rsa"}, "ECDSA": {"ec", "ed25519", "ed448"}, "DSS": {"dsa"}}
_WEAK = frozenset({"RC4", "3DES", "IDEA", "RC2", "DES", "DES40"})
"""Left out of OpenSSL as it is built since 1.1.0 (no-weak-ssl-ciphers)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a text asks of its library. `keys`: types of the certificates' keys; None where they are not known.

    `without_gaps`: the product asks for a range, which ends above the first version that is left out (httpd).
    `dh_bits`: size of the parameters for DHE, 0 for none, None where they are not known. `level`: of `@SECLEVEL`.
    """

    versions: Mapping[ProtocolVersion, Basis]
    suites: tuple[int, ...]
    suites_basis: Basis
    suites_1_3: tuple[int, ...]
    suites_1_3_basis: Basis
    keys: frozenset[str] | None
    dh_bits: int | None
    level: int | None
    without_gaps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What comes of it. `refused` are the versions and suites that the library does not do, in words.

    `allowed` are the versions that the library does; `versions` those of them that have a suite as well.
    """

    allowed: Mapping[ProtocolVersion, Basis]
    versions: Mapping[ProtocolVersion, Basis]
    suites: Mapping[SuiteAt, Basis]
    refused: tuple[tuple[str, Basis], ...]


def effect(request: Request, openssl: Version | None) -> Effect:
    """What a server with this library accepts."""
    level = request.level if request.level is not None else default_level(openssl)
    refused: dict[tuple[str, Basis], None] = {}
    allowed: dict[ProtocolVersion, Basis] = {}
    for version, basis in request.versions.items():
        problem = _refuses_version(version, level, openssl) if openssl is not None else None
        if request.without_gaps and openssl is not None and openssl >= (1, 1) and _is_below_gap(version, request):
            problem = "a range is asked of OpenSSL, which ends at the gap above it"
        if problem is None:
            allowed[version] = basis
        else:
            refused[f"{version} is asked for, and {problem}", basis] = None
    gap = _gap(request, openssl) if openssl is not None and not request.without_gaps else None
    if gap is not None:
        return Effect(allowed={}, versions={}, suites={}, refused=(*refused, gap))
    suites = dict(_usable(request, allowed))
    versions = allowed
    if openssl is not None:
        for (version, code), basis in list(suites.items()):
            problem = _refuses_suite(SUITES[code], level, openssl, request.dh_bits)
            if problem is not None:
                del suites[version, code]
                refused[f"{openssl_name(code)} is asked for, and {problem}", basis] = None
        versions = {version: basis for version, basis in allowed.items() if any(at is version for at, _ in suites)}
    return Effect(allowed=allowed, versions=versions, suites=suites, refused=tuple(refused))


def default_level(openssl: Version | None) -> int:
    """The security level where nobody sets one: of OpenSSL itself, distributions may have raised it."""
    return 2 if openssl is None or openssl >= (3, 2) else 1 if openssl >= (1, 1) else 0


def _gap(request: Request, openssl: Version) -> tuple[str, Basis] | None:
    """Why nothing works at all where the versions have a gap.

    OpenSSL since 1.1.1 takes the newest version below the lowest gap for the newest of all (ssl_get_min_max_version),
    and ends every handshake where no suite of the list fits that one (tls_setup_handshake).
    """
    asked = [each for each in ProtocolVersion if each in request.versions and each.rank > ProtocolVersion.SSL_3.rank]
    below = next((low for low, high in pairwise(asked) if high.rank - low.rank > 1), None)
    if openssl < (1, 1, 1) or below is None:
        return None
    there = (SUITES[code] for code in request.suites if _missing(SUITES[code], openssl) is None)
    if any(suite.min_version.rank <= below.rank <= suite.max_version.rank for suite in there):
        return None
    what = f"{', '.join(asked)} are asked for, with a gap above {below}, and no suite fits {below}"
    return f"{what}: OpenSSL {version_words(openssl)} ends every handshake", request.versions[below]


def _is_below_gap(version: ProtocolVersion, request: Request) -> bool:
    """Whether some newer version is asked for, and one between the two is not."""
    asked = [each for each in ProtocolVersion if each in request.versions and each.rank > version.rank]
    between = [each for each in ProtocolVersion if asked and version.rank < each.rank < asked[-1].rank]
    return any(each not in request.versions for each in between)


def _usable(request: Request, versions: Mapping[ProtocolVersion, Basis]) -> Iterator[tuple[SuiteAt, Basis]]:
    for version in versions:
        if version is ProtocolVersion.TLS_1_3:
            yield from (((version, code), request.suites_1_3_basis) for code in request.suites_1_3)
            continue
        for code in request.suites:
            suite = SUITES[code]
            if suite.min_version.rank <= version.rank <= suite.max_version.rank and _can_be_used(suite, request):
                yield (version, code), request.suites_basis


def _can_be_used(suite: CipherSuite, request: Request) -> bool:
    if suite.kx in _UNUSABLE or suite.auth in _UNUSABLE:
        return False
    if suite.kx in {"DHE", "DH_anon"} and request.dh_bits == 0:
        return False
    wanted = _KEYS.get(suite.auth)
    return request.keys is None or wanted is None or bool(request.keys & wanted)


def _refuses_version(version: ProtocolVersion, level: int, openssl: Version) -> str | None:
    name = f"OpenSSL {version_words(openssl)}"
    if version in {ProtocolVersion.SSL_2, ProtocolVersion.SSL_3}:
        return f"{name} is built without it" if openssl >= (1, 1) else None
    if version is ProtocolVersion.TLS_1_3:
        return f"{name} does not have it" if openssl < (1, 1, 1) else None
    if version is ProtocolVersion.TLS_1_2:
        return None
    least = 1 if openssl >= (3,) else 4 if version is ProtocolVersion.TLS_1_1 else 3
    return f"{name} refuses it at security level {level}" if level >= least else None


def _refuses_suite(suite: CipherSuite, level: int, openssl: Version, dh_bits: int | None) -> str | None:
    name = f"OpenSSL {version_words(openssl)}"
    missing = _missing(suite, openssl)
    if missing is not None:
        return missing
    if level >= 1 and _is_below(suite, level, dh_bits):
        return f"{name} refuses it at security level {level}"
    return None


def _missing(suite: CipherSuite, openssl: Version) -> str | None:
    """Why the library does not have the suite at all."""
    name = f"OpenSSL {version_words(openssl)}"
    if openssl >= (1, 1) and (suite.enc in _WEAK or suite.export or suite.kx in {"DH", "ECDH"}):
        return f"{name} is built without it"
    if openssl >= (3,) and suite.enc == "SEED":
        return f"{name} has it in its legacy provider only"
    return None


def _is_below(suite: CipherSuite, level: int, dh_bits: int | None) -> bool:
    if suite.auth == "anon" or suite.mac == "MD5" or suite.effective_bits < _LEVEL_BITS[level]:
        return True
    if suite.kx == "DHE" and dh_bits is not None and dh_bits < {1: 1024, 2: 2048, 3: 3072, 4: 7680}.get(level, 15360):
        return True
    if level >= 2 and suite.enc == "RC4":
        return True
    if level >= 3 and not suite.ephemeral and suite.kx != "TLS13":
        return True
    return level >= 4 and suite.mac == "SHA1"
