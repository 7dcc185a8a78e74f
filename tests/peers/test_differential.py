"""tlsaudit against its peers, server by server: the same versions, suites, groups, order and certificates.

What only tlsaudit finds has to be explained by a reason that is named in the table and recognises it, item by item;
a reason that explains nothing fails. What only a peer finds has no excuse.

sslyze, sslscan and nmap are asked about every server. testssl.sh takes about 15 s a server on two cores, so it is
asked about `TESTSSL`: one of each program and, for what is in dispute among the peers, one of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tests.lab.process import Running
from tests.lab.servers import Lab
from tests.peers import configurations as lab_of
from tests.peers import peers, reasons
from tests.peers.comparison import Explained, compare
from tests.probe.auditing import facts

Start = Callable[[Lab], Running]

SERVERS: tuple[Start, ...] = (
    lab_of.nginx,
    lab_of.nginx_old,
    lab_of.nginx_dhe,
    lab_of.nginx_with_dhe_of_1024_bits,
    lab_of.nginx_tls_1_0,
    lab_of.nginx_tls_1_2_with_cbc,
    lab_of.nginx_tls_1_3,
    lab_of.nginx_chacha20,
    lab_of.nginx_p384,
    lab_of.nginx_with_a_hidden_group,
    lab_of.nginx_client_order,
    lab_of.nginx_server_order,
    lab_of.nginx_asking_for_certificates,
    lab_of.nginx_requiring_certificates,
    lab_of.nginx_ed25519,
    lab_of.nginx_ed448,
    lab_of.nginx_rsa_pss,
    lab_of.nginx_rsa_4096,
    lab_of.nginx_p384_certificate,
    lab_of.haproxy,
    lab_of.haproxy_with_client_certificates,
    lab_of.haproxy_with_optional_certificates,
    lab_of.haproxy_static_rsa,
    lab_of.haproxy_tls_1_3,
    lab_of.apache,
    lab_of.apache_dual,
    lab_of.apache_with_optional_certificates,
    lab_of.openssl_without_authentication,
    lab_of.openssl_with_psk,
    lab_of.openssl_with_rare_ciphers,
    lab_of.openssl_13,
    lab_of.openssl_ccm,
    lab_of.openssl_x448,
    lab_of.openssl_finite_field_groups,
    lab_of.openssl_tls_1_1,
    lab_of.gnutls,
    lab_of.gnutls_server_order,
    lab_of.gnutls_finite_field_groups,
    lab_of.gnutls_x448,
    lab_of.python,
    lab_of.python_with_alpn,
    lab_of.node,
    lab_of.node_with_client_certificates,
    lab_of.stunnel,
    lab_of.stunnel_old,
    lab_of.tlslite_ssl3,
    lab_of.tlslite_old,
    lab_of.tlslite,
)

_NOTHING = Explained()
_FINITE_FIELDS = Explained(groups=(reasons.is_a_group_of_no_elliptic_curve,))
_CERTIFICATES_CURVE = Explained(groups=(reasons.is_not_the_curve_of_the_certificate,))
_NO_CERTIFICATE = reasons.is_asked_without_the_certificates_that_are_required

SSLYZE_SOON = frozenset(
    {
        lab_of.nginx,
        lab_of.haproxy_with_client_certificates,
        lab_of.openssl_with_rare_ciphers,
        lab_of.openssl_13,
        lab_of.gnutls,
        lab_of.tlslite_ssl3,
    }
)
"""What is compared with sslyze in the fast tests."""

SSLYZE: Mapping[Start, Explained] = {
    lab_of.nginx: _FINITE_FIELDS,
    lab_of.nginx_old: _FINITE_FIELDS,
    lab_of.nginx_tls_1_2_with_cbc: _CERTIFICATES_CURVE,
    lab_of.nginx_tls_1_3: _FINITE_FIELDS,
    lab_of.nginx_chacha20: _FINITE_FIELDS,
    lab_of.nginx_with_a_hidden_group: _CERTIFICATES_CURVE,
    lab_of.nginx_asking_for_certificates: _CERTIFICATES_CURVE,
    lab_of.nginx_requiring_certificates: _CERTIFICATES_CURVE,
    lab_of.nginx_ed25519: Explained(suites=(reasons.is_signed_with_what_the_older_openssl_does_not_know,)),
    lab_of.nginx_ed448: Explained(suites=(reasons.is_signed_with_what_the_older_openssl_does_not_know,)),
    lab_of.nginx_rsa_pss: Explained(
        suites=(reasons.is_signed_with_what_the_older_openssl_does_not_know,),
        groups=(reasons.is_a_group_of_no_elliptic_curve,),
    ),
    lab_of.nginx_p384_certificate: _FINITE_FIELDS,
    lab_of.haproxy: _FINITE_FIELDS,
    lab_of.haproxy_with_client_certificates: _FINITE_FIELDS,
    lab_of.haproxy_with_optional_certificates: _FINITE_FIELDS,
    lab_of.apache: _FINITE_FIELDS,
    lab_of.apache_with_optional_certificates: _FINITE_FIELDS,
    lab_of.openssl_without_authentication: Explained(
        suites=(reasons.is_anonymous_and_new,), groups=(reasons.is_asked_with_suites_that_are_off,)
    ),
    lab_of.openssl_with_psk: Explained(
        suites=(reasons.is_not_in_the_list_of_sslyze, reasons.is_anonymous_and_new),
        groups=(reasons.is_a_group_of_no_elliptic_curve,),
    ),
    lab_of.openssl_with_rare_ciphers: Explained(suites=(reasons.is_anonymous_and_new,)),
    lab_of.openssl_13: _FINITE_FIELDS,
    lab_of.openssl_ccm: _CERTIFICATES_CURVE,
    lab_of.openssl_x448: Explained(suites=(reasons.needs_a_curve_that_the_older_openssl_does_not_know,)),
    lab_of.openssl_finite_field_groups: Explained(suites=(reasons.needs_a_group_of_a_finite_field,)),
    lab_of.gnutls: Explained(suites=(reasons.is_not_in_the_list_of_sslyze, reasons.is_anonymous_and_new)),
    lab_of.gnutls_finite_field_groups: Explained(suites=(reasons.needs_a_group_of_a_finite_field,)),
    lab_of.python: _FINITE_FIELDS,
    lab_of.python_with_alpn: _CERTIFICATES_CURVE,
    lab_of.node: Explained(groups=(reasons.is_post_quantum,)),
    lab_of.node_with_client_certificates: Explained(groups=(_NO_CERTIFICATE,)),
    lab_of.stunnel_old: Explained(suites=(reasons.is_anonymous_and_new,)),
    lab_of.tlslite: Explained(
        groups=(reasons.is_a_group_of_no_elliptic_curve, reasons.is_a_brainpool_curve_of_tls_1_3)
    ),
}
SSLSCAN: Mapping[Start, Explained] = {
    lab_of.nginx_tls_1_2_with_cbc: _CERTIFICATES_CURVE,
    lab_of.nginx_with_a_hidden_group: _CERTIFICATES_CURVE,
    lab_of.nginx_asking_for_certificates: _CERTIFICATES_CURVE,
    lab_of.nginx_requiring_certificates: _CERTIFICATES_CURVE,
    lab_of.nginx_p384_certificate: _CERTIFICATES_CURVE,
    lab_of.haproxy: _CERTIFICATES_CURVE,
    lab_of.haproxy_with_client_certificates: Explained(
        suites=(_NO_CERTIFICATE,), groups=(reasons.is_not_the_curve_of_the_certificate,)
    ),
    lab_of.haproxy_with_optional_certificates: _CERTIFICATES_CURVE,
    lab_of.openssl_with_psk: Explained(suites=(reasons.needs_a_key_that_the_peer_does_not_have,)),
    lab_of.openssl_x448: Explained(suites=(reasons.needs_x448,)),
    lab_of.gnutls_x448: Explained(suites=(reasons.is_behind_a_failure_of_the_server,)),
    lab_of.python_with_alpn: _CERTIFICATES_CURVE,
    lab_of.node: Explained(groups=(reasons.is_post_quantum, reasons.is_not_the_curve_of_the_certificate)),
    lab_of.node_with_client_certificates: Explained(suites=(_NO_CERTIFICATE,)),
    lab_of.stunnel: _CERTIFICATES_CURVE,
    lab_of.tlslite_ssl3: Explained(suites=(reasons.is_of_ssl_3_of_which_sslscan_sees_the_version_alone,)),
    lab_of.tlslite_old: Explained(suites=(reasons.is_of_ssl_3_of_which_sslscan_sees_the_version_alone,)),
    lab_of.tlslite: Explained(groups=(reasons.is_a_brainpool_curve_of_tls_1_3,)),
}
NMAP: Mapping[Start, Explained] = {
    lab_of.nginx_ed25519: Explained(suites=(reasons.is_signed_with_what_nmap_does_not_offer,)),
    lab_of.nginx_ed448: Explained(suites=(reasons.is_signed_with_what_nmap_does_not_offer,)),
    lab_of.nginx_rsa_pss: Explained(suites=(reasons.is_signed_with_what_nmap_does_not_offer,)),
    lab_of.nginx_p384_certificate: Explained(suites=(reasons.is_signed_with_p384_which_nmap_does_not_offer,)),
    lab_of.haproxy: Explained(chacha=True),
    lab_of.haproxy_with_client_certificates: Explained(chacha=True),
    lab_of.haproxy_with_optional_certificates: Explained(chacha=True),
    lab_of.openssl_x448: Explained(suites=(reasons.needs_x448,)),
}
TESTSSL: Mapping[Start, Explained] = {
    lab_of.nginx: _FINITE_FIELDS,
    lab_of.nginx_chacha20: _FINITE_FIELDS,
    lab_of.nginx_server_order: _NOTHING,
    lab_of.haproxy: _FINITE_FIELDS,
    lab_of.haproxy_static_rsa: _NOTHING,
    lab_of.apache_dual: _NOTHING,
    lab_of.openssl_with_rare_ciphers: _NOTHING,
    lab_of.openssl_x448: _NOTHING,
    lab_of.gnutls_server_order: _NOTHING,
    lab_of.python: _FINITE_FIELDS,
    lab_of.node: Explained(groups=(reasons.is_post_quantum,)),
    lab_of.stunnel: _NOTHING,
    lab_of.tlslite: Explained(
        groups=(reasons.is_a_group_of_no_elliptic_curve, reasons.is_a_brainpool_curve_of_tls_1_3)
    ),
}


def check(lab: Lab, start: Start, ask: Callable[[int], peers.Opinion], table: Mapping[Start, Explained]) -> None:
    server = start(lab)
    compare(facts(server), ask(server.port), table.get(start, _NOTHING))


def name(start: Start) -> str:
    return start.__name__


@pytest.mark.parametrize("start", [each for each in SERVERS if each in SSLYZE_SOON], ids=name)
def test_sslyze_sees_the_same(lab: Lab, start: Start) -> None:
    check(lab, start, peers.sslyze, SSLYZE)


@pytest.mark.slow
@pytest.mark.parametrize("start", [each for each in SERVERS if each not in SSLYZE_SOON], ids=name)
def test_sslyze_sees_the_same_of_more_servers(lab: Lab, start: Start) -> None:
    check(lab, start, peers.sslyze, SSLYZE)


@pytest.mark.slow
@pytest.mark.parametrize("start", SERVERS, ids=name)
def test_sslscan_sees_the_same(lab: Lab, start: Start) -> None:
    check(lab, start, peers.sslscan, SSLSCAN)


@pytest.mark.slow
@pytest.mark.parametrize("start", SERVERS, ids=name)
def test_nmap_sees_the_same(lab: Lab, start: Start) -> None:
    check(lab, start, peers.nmap, NMAP)


@pytest.mark.slow
@pytest.mark.parametrize("start", TESTSSL, ids=name)
def test_testssl_sees_the_same(lab: Lab, start: Start) -> None:
    check(lab, start, peers.testssl, TESTSSL)
