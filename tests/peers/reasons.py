"""Why a peer says less than tlsaudit does: each reason a function that recognises what it explains.

A reason is given the facts and one item, a cipher suite or a named group at a version. They are about what the peer
cannot see, never about the server.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.probe.auditing import TLS_1_2, TLS_1_3, deployments
from tlsaudit.data.groups import GROUPS, group_name
from tlsaudit.data.suites import SUITES, openssl_name, suite_name
from tlsaudit.model.facts import ClientAuthMode, Facts, Layer
from tlsaudit.model.knowledge import Known
from tlsaudit.model.protocol import ProtocolVersion

Item = tuple[ProtocolVersion, int]
Reason = Callable[[Facts, Item], bool]

_NEW_CURVES = {"x25519", "x448"}
_EDWARDS = {"ed25519", "ed448"}


def is_not_in_the_list_of_sslyze(_facts: Facts, at: Item) -> bool:
    """sslyze asks for the suites of its two OpenSSLs and no others."""
    from sslyze.plugins.openssl_cipher_suites.cipher_suites import CipherSuitesRepository
    from sslyze.server_connectivity import TlsVersionEnum

    version, code = at
    listed = CipherSuitesRepository.get_all_cipher_suites(TlsVersionEnum[version.name])
    return suite_name(code) not in {suite.name for suite in listed}


def is_anonymous_and_new(_facts: Facts, at: Item) -> bool:
    """The older of sslyze's two OpenSSLs does not know it, the newer refuses anonymous suites (security level 1)."""
    return SUITES[at[1]].auth == "anon" and not _of_the_older_openssl(at)


def is_signed_with_what_the_older_openssl_does_not_know(facts: Facts, at: Item) -> bool:
    """sslyze asks for old suites with OpenSSL 1.0.2, which offers neither EdDSA nor RSASSA-PSS signatures."""
    return _signs_with_edwards_or_pss(facts) and SUITES[at[1]].kx != "RSA" and _of_the_older_openssl(at)


def needs_a_curve_that_the_older_openssl_does_not_know(facts: Facts, at: Item) -> bool:
    """sslyze asks for old suites with OpenSSL 1.0.2, which offers neither x25519 nor x448."""
    return _groups(facts, TLS_1_2) <= _NEW_CURVES and SUITES[at[1]].kx == "ECDHE" and _of_the_older_openssl(at)


def needs_a_group_of_a_finite_field(facts: Facts, at: Item) -> bool:
    """sslyze's OpenSSL 1.1.1 has no finite-field groups at TLS 1.3, so that no handshake comes about."""
    return at[0] is TLS_1_3 and all(
        GROUPS[code].kind == "ff" for version, code in facts.groups.accepted if version is TLS_1_3
    )


def is_a_group_of_no_elliptic_curve(_facts: Facts, at: Item) -> bool:
    """sslyze asks for elliptic curves alone."""
    return GROUPS[at[1]].kind != "ec"


def is_a_brainpool_curve_of_tls_1_3(_facts: Facts, at: Item) -> bool:
    """RFC 8734 gave them new codes for TLS 1.3, which OpenSSL 1.1.1 does not know."""
    return group_name(at[1]).endswith("tls13")


def is_post_quantum(_facts: Facts, at: Item) -> bool:
    """A hybrid group, younger than the peer."""
    return GROUPS[at[1]].post_quantum


def is_not_the_curve_of_the_certificate(facts: Facts, at: Item) -> bool:
    """It asks for one group alone, and so without the curve of the ECDSA certificate, which is refused (RFC 8422)."""
    keys = [each.leaf.need().key for each in deployments(facts)]
    return at[0] is TLS_1_2 and all(key.type == "ec" and key.curve != group_name(at[1]) for key in keys)


def is_asked_without_the_certificates_that_are_required(facts: Facts, at: Item) -> bool:
    """It counts only whole handshakes, and below TLS 1.3 TLS refuses them without a client certificate."""
    entry = facts.client_auth.per_protocol.get(at[0])
    required = entry is not None and isinstance(entry.mode, Known) and entry.mode.value is ClientAuthMode.REQUIRED
    return required and entry is not None and entry.enforced_by is Layer.TLS and at[0] is not TLS_1_3


def is_asked_with_suites_that_are_off(facts: Facts, at: Item) -> bool:
    """sslyze asks for groups with OpenSSL's default suites; here all with elliptic curves are anonymous or NULL."""
    suites = [SUITES[code] for version, code in facts.cipher_suites.accepted if version is at[0]]
    return all(suite.auth == "anon" or suite.enc == "NULL" for suite in suites if suite.kx.startswith("ECDH"))


def needs_a_key_that_the_peer_does_not_have(_facts: Facts, at: Item) -> bool:
    """A pre-shared key."""
    return "PSK" in SUITES[at[1]].kx


def is_of_ssl_3_of_which_sslscan_sees_the_version_alone(_facts: Facts, at: Item) -> bool:
    """sslscan's OpenSSL has no SSL 3.0; only the version is asked by hand."""
    return at[0] is ProtocolVersion.SSL_3


def is_behind_a_failure_of_the_server(facts: Facts, at: Item) -> bool:
    """sslscan stops where the server fails over an offer (alert 80), here over any with DHE after its first choice."""
    return at[0] is not TLS_1_3 and facts.suite_order[at[0]][0] != at[1]


def is_signed_with_what_nmap_does_not_offer(facts: Facts, at: Item) -> bool:
    """nmap's signature_algorithms have neither EdDSA nor, for the key itself, RSASSA-PSS."""
    return _signs_with_edwards_or_pss(facts) and SUITES[at[1]].kx != "RSA" and at[0] is not TLS_1_3


def is_signed_with_p384_which_nmap_does_not_offer(facts: Facts, at: Item) -> bool:
    """At TLS 1.3 a P-384 key signs with ecdsa_secp384r1_sha384 alone (RFC 8446 section 4.2.3)."""
    return at[0] is TLS_1_3 and all(each.leaf.need().key.curve == "secp384r1" for each in deployments(facts))


def needs_x448(facts: Facts, at: Item) -> bool:
    """The peer does not offer it."""
    return _groups(facts, at[0]) == {"x448"}


def _groups(facts: Facts, version: ProtocolVersion) -> set[str]:
    return {group_name(code) for each, code in facts.groups.accepted if each is version}


def _signs_with_edwards_or_pss(facts: Facts) -> bool:
    keys = [each.leaf.need().key for each in deployments(facts)]
    return all(key.type in _EDWARDS or key.pss for key in keys)


def _of_the_older_openssl(at: Item) -> bool:
    """Whether sslyze's older OpenSSL knows a suite; only then does sslyze use it."""
    from nassl.legacy_ssl_client import LegacySslClient
    from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum

    old = LegacySslClient(ssl_version=OpenSslVersionEnum.TLSV1_2, ssl_verify=OpenSslVerifyEnum.NONE)
    old.set_cipher_list("ALL:COMPLEMENTOFALL")
    return openssl_name(at[1]) in old.get_cipher_list()
