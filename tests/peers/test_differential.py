"""tlsaudit against its peers, server by server: the same versions and cipher suites, wherever the peer can see at all.

What only tlsaudit finds has to be explained by a reason that is named in the table and checked here, suite by suite.
What only a peer finds has no excuse.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping

import pytest

from tests.lab.process import Running
from tests.lab.servers import Lab
from tests.peers import peers
from tests.peers.peers import Opinion
from tests.probe.auditing import facts
from tlsaudit.data.suites import SUITES, openssl_name, suite_name
from tlsaudit.model.facts import Facts, SuiteAt
from tlsaudit.model.protocol import ProtocolVersion

GNUTLS = (
    "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:+3DES-CBC:+ARCFOUR-128:+CAMELLIA-128-CBC:+CAMELLIA-256-GCM:+DHE-RSA"
    ":+ANON-ECDH:+ANON-DH:+NULL:+AES-128-CCM-8:+SHA256:+SHA384:+MD5"
)
ALL_13 = (
    "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
    ":TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
)


def nginx(lab: Lab) -> Running:
    both = (lab.pki.ecdsa, lab.pki.rsa)
    return lab.nginx("ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;", certificates=both)


def nginx_old(lab: Lab) -> Running:
    both = (lab.pki.ecdsa, lab.pki.rsa)
    return lab.nginx("ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0;", certificates=both)


def nginx_dhe(lab: Lab) -> Running:
    directives = "ssl_protocols TLSv1.1 TLSv1.2; ssl_ciphers DHE:kRSA:@SECLEVEL=0;"
    return lab.nginx(directives, certificates=(lab.pki.rsa,))


def haproxy(lab: Lab) -> Running:
    return lab.haproxy()


def haproxy_with_client_certificates(lab: Lab) -> Running:
    return lab.haproxy(
        f"verify required ca-file {lab.pki.client_ca_file} ssl-min-ver TLSv1.0 ciphers DEFAULT:@SECLEVEL=0"
    )


def apache(lab: Lab) -> Running:
    return lab.apache("SSLProtocol all", certificates=(lab.pki.rsa,))


def openssl_without_authentication(lab: Lab) -> Running:
    listed = "aNULL:eNULL:AES128-SHA:@SECLEVEL=0"
    return lab.openssl("-no_tls1_3", "-cipher", listed, certificate=lab.pki.rsa)


def openssl_with_psk(lab: Lab) -> Running:
    listed = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
    return lab.openssl("-cipher", listed, "-psk", "0123456789abcdef", certificate=lab.pki.rsa)


def openssl_with_rare_ciphers(lab: Lab) -> Running:
    second = ("-dcert", lab.pki.rsa.chain, "-dkey", lab.pki.rsa.key)
    return lab.openssl("-no_tls1_3", "-cipher", "ARIA:CAMELLIA:AESCCM:AESCCM8:@SECLEVEL=0", *second)


def openssl_13(lab: Lab) -> Running:
    return lab.openssl("-tls1_3", "-ciphersuites", ALL_13)


def gnutls(lab: Lab) -> Running:
    return lab.gnutls(GNUTLS, certificate=lab.pki.rsa)


def python(lab: Lab) -> Running:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for certificate in (lab.pki.rsa, lab.pki.ecdsa):
        context.load_cert_chain(certificate.chain, certificate.key)
    return lab.python(context)


def node(lab: Lab) -> Running:
    return lab.node({"ecdhCurve": "X25519MLKEM768:X25519:P-256"})


def tlslite_ssl3(lab: Lab) -> Running:
    only = {"minVersion": [3, 0], "maxVersion": [3, 0], "versions": []}
    return lab.tlslite({**only, "cipherNames": ["rc4", "3des"], "macNames": ["md5", "sha"]})


def tlslite_old(lab: Lab) -> Running:
    ciphers = {"cipherNames": ["rc4", "3des", "aes128", "null"], "macNames": ["md5", "sha", "sha256"]}
    return lab.tlslite({"minVersion": [3, 0], "maxVersion": [3, 3], **ciphers})


def is_not_in_the_list_of_sslyze(at: SuiteAt) -> bool:
    from sslyze.plugins.openssl_cipher_suites.cipher_suites import CipherSuitesRepository
    from sslyze.server_connectivity import TlsVersionEnum

    version, code = at
    listed = CipherSuitesRepository.get_all_cipher_suites(TlsVersionEnum[version.name])
    return suite_name(code) not in {suite.name for suite in listed}


def is_anonymous_and_new(at: SuiteAt) -> bool:
    """The older of sslyze's two OpenSSLs does not know it, the newer refuses anonymous suites (security level 1)."""
    from nassl.legacy_ssl_client import LegacySslClient
    from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum

    old = LegacySslClient(ssl_version=OpenSslVersionEnum.TLSV1_2, ssl_verify=OpenSslVerifyEnum.NONE)
    old.set_cipher_list("ALL:COMPLEMENTOFALL")
    return SUITES[at[1]].auth == "anon" and openssl_name(at[1]) not in old.get_cipher_list()


def needs_a_key_that_sslscan_does_not_have(at: SuiteAt) -> bool:
    return "PSK" in SUITES[at[1]].kx


def is_of_ssl_3_of_which_sslscan_sees_the_version_alone(at: SuiteAt) -> bool:
    return at[0] is ProtocolVersion.SSL_3


Start = Callable[[Lab], Running]
Reason = Callable[[SuiteAt], bool]

SSLYZE: Mapping[Start, tuple[Reason, ...]] = {
    nginx: (),
    haproxy_with_client_certificates: (),
    openssl_with_rare_ciphers: (is_anonymous_and_new,),
    openssl_13: (),
    gnutls: (is_not_in_the_list_of_sslyze, is_anonymous_and_new),
    tlslite_ssl3: (),
}
SSLYZE_SLOW: Mapping[Start, tuple[Reason, ...]] = {
    nginx_old: (),
    nginx_dhe: (),
    haproxy: (),
    apache: (),
    openssl_without_authentication: (is_anonymous_and_new,),
    openssl_with_psk: (is_not_in_the_list_of_sslyze, is_anonymous_and_new),
    python: (),
    node: (),
    tlslite_old: (),
}
SSLSCAN: Mapping[Start, tuple[Reason, ...]] = {
    nginx_old: (),
    haproxy: (),
    apache: (),
    gnutls: (),
    openssl_13: (),
    openssl_with_psk: (needs_a_key_that_sslscan_does_not_have,),
    tlslite_ssl3: (is_of_ssl_3_of_which_sslscan_sees_the_version_alone,),
}
NMAP: tuple[Start, ...] = (nginx_old, haproxy, apache, gnutls, openssl_13, openssl_with_psk, openssl_with_rare_ciphers)


def compare(found: Facts, opinion: Opinion, reasons: tuple[Reason, ...]) -> None:
    """Both say the same, but for suites that one of `reasons` explains; no reason may be idle."""
    assert set(found.versions()) == opinion.versions
    ours = set(found.cipher_suites.accepted)
    theirs = {(version, code) for version, codes in opinion.suites.items() for code in codes}
    assert not named(theirs - ours)
    unexplained = {at for at in ours - theirs if not any(reason(at) for reason in reasons)}
    assert not named(unexplained)
    for reason in reasons:
        assert any(reason(at) for at in ours - theirs), reason.__name__


def named(suites: set[SuiteAt]) -> list[str]:
    return sorted(f"{version} {suite_name(code)}" for version, code in suites)


@pytest.mark.parametrize("start", SSLYZE, ids=lambda start: start.__name__)
def test_sslyze_sees_the_same(lab: Lab, start: Start) -> None:
    server = start(lab)
    compare(facts(server), peers.sslyze(server.port), SSLYZE[start])


@pytest.mark.slow
@pytest.mark.parametrize("start", SSLYZE_SLOW, ids=lambda start: start.__name__)
def test_sslyze_sees_the_same_of_more_servers(lab: Lab, start: Start) -> None:
    server = start(lab)
    compare(facts(server), peers.sslyze(server.port), SSLYZE_SLOW[start])


@pytest.mark.slow
@pytest.mark.parametrize("start", SSLSCAN, ids=lambda start: start.__name__)
def test_sslscan_sees_the_same(lab: Lab, start: Start) -> None:
    server = start(lab)
    compare(facts(server), peers.sslscan(server.port), SSLSCAN[start])


@pytest.mark.slow
@pytest.mark.parametrize("start", NMAP, ids=lambda start: start.__name__)
def test_nmap_sees_the_same(lab: Lab, start: Start) -> None:
    server = start(lab)
    compare(facts(server), peers.nmap(server.port), ())
