"""The servers that tlsaudit and its peers are asked about, each a configuration with a name."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from tests.lab.pki import NAMES, CertificateFiles
from tests.lab.process import Running
from tests.lab.servers import Lab, requires
from tlsaudit.demo import mint

GNUTLS = (
    "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:+3DES-CBC:+ARCFOUR-128:+CAMELLIA-128-CBC:+CAMELLIA-256-GCM:+DHE-RSA"
    ":+ANON-ECDH:+ANON-DH:+NULL:+AES-128-CCM-8:+SHA256:+SHA384:+MD5"
)
ALL_13 = (
    "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
    ":TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
)
RSA_USAGES = ("digital_signature", "key_encipherment")
DH_1024 = """-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""
"""The second Oakley group (RFC 2409 section 6.2)."""


def nginx(lab: Lab) -> Running:
    both = (lab.pki.ecdsa, lab.pki.rsa)
    return lab.nginx("ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;", certificates=both)


def nginx_old(lab: Lab) -> Running:
    both = (lab.pki.ecdsa, lab.pki.rsa)
    return lab.nginx("ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0;", certificates=both)


def nginx_dhe(lab: Lab) -> Running:
    directives = "ssl_protocols TLSv1.1 TLSv1.2; ssl_ciphers DHE:kRSA:@SECLEVEL=0;"
    return lab.nginx(directives, certificates=(lab.pki.rsa,))


def nginx_with_dhe_of_1024_bits(lab: Lab) -> Running:
    file = lab.directory / "dh1024.pem"
    file.write_text(DH_1024)
    directives = f"ssl_protocols TLSv1.2; ssl_ciphers DHE-RSA-AES128-SHA:ECDHE+AESGCM:@SECLEVEL=0; ssl_dhparam {file};"
    return lab.nginx(directives, certificates=(lab.pki.rsa,))


def nginx_tls_1_0(lab: Lab) -> Running:
    return lab.nginx("ssl_protocols TLSv1; ssl_ciphers ALL:@SECLEVEL=0;", certificates=(lab.pki.rsa,))


def nginx_tls_1_2_with_cbc(lab: Lab) -> Running:
    return lab.nginx("ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA;")


def nginx_tls_1_3(lab: Lab) -> Running:
    return lab.nginx("ssl_protocols TLSv1.3;")


def nginx_chacha20(lab: Lab) -> Running:
    return lab.nginx(
        "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+CHACHA20;"
        "ssl_conf_command Ciphersuites TLS_CHACHA20_POLY1305_SHA256;"
    )


def nginx_p384(lab: Lab) -> Running:
    """One group, and an RSA certificate, which needs none."""
    return lab.nginx("ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve secp384r1;", certificates=(lab.pki.rsa,))


def nginx_with_a_hidden_group(lab: Lab) -> Running:
    """A group in front of the curve that the certificate needs, and one behind it."""
    return lab.nginx("ssl_protocols TLSv1.2; ssl_ecdh_curve X25519:prime256v1:secp521r1;")


def nginx_client_order(lab: Lab) -> Running:
    listed = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-SHA256:AES256-SHA"
    directives = f"ssl_protocols TLSv1.2; ssl_prefer_server_ciphers off; ssl_ciphers {listed};"
    return lab.nginx(directives, certificates=(lab.pki.rsa,))


def nginx_server_order(lab: Lab) -> Running:
    """Weak before strong, so that it can be nobody's but the server's."""
    listed = "AES256-SHA:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"
    directives = f"ssl_protocols TLSv1.1 TLSv1.2; ssl_prefer_server_ciphers on; ssl_ciphers {listed}:@SECLEVEL=0;"
    return lab.nginx(directives, certificates=(lab.pki.rsa,))


def nginx_asking_for_certificates(lab: Lab) -> Running:
    return lab.nginx(f"ssl_verify_client optional; ssl_client_certificate {lab.pki.client_ca_file};")


def nginx_requiring_certificates(lab: Lab) -> Running:
    return lab.nginx(f"ssl_verify_client on; ssl_client_certificate {lab.pki.client_ca_file};")


def nginx_ed25519(lab: Lab) -> Running:
    key = ed25519.Ed25519PrivateKey.generate()
    return lab.nginx(certificates=(lab.pki.write("ed25519", lab.pki.intermediate.issue(*NAMES, key=key)),))


def nginx_ed448(lab: Lab) -> Running:
    key = ed448.Ed448PrivateKey.generate()
    return lab.nginx(certificates=(lab.pki.write("ed448", lab.pki.intermediate.issue(*NAMES, key=key)),))


def nginx_rsa_pss(lab: Lab) -> Running:
    """A key that only signs with PSS (RFC 4055 section 1.2), which OpenSSL has to mint."""
    requires("openssl")
    certificate, key = lab.directory / "pss.pem", lab.directory / "pss.key"
    minting = ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048", "-nodes", "-subj", "/CN=localhost"]
    files = ["-keyout", str(key), "-out", str(certificate), "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(["openssl", "req", "-x509", *minting, *files], check=True, capture_output=True, timeout=60)
    return lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;", certificates=(_files(certificate, key),))


def _files(certificate: Path, key: Path) -> CertificateFiles:
    loaded = load_pem_private_key(key.read_bytes(), None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    leaf = mint.Leaf(load_pem_x509_certificate(certificate.read_bytes()), loaded, ())
    return CertificateFiles(leaf=leaf, chain=certificate, key=key, combined=key)


def nginx_rsa_4096(lab: Lab) -> Running:
    leaf = lab.pki.intermediate.issue(*NAMES, key=mint.rsa_key(4096), usages=RSA_USAGES)
    return lab.nginx("ssl_ciphers kRSA+AES:ECDHE+AESGCM;", certificates=(lab.pki.write("rsa4096", leaf),))


def nginx_p384_certificate(lab: Lab) -> Running:
    leaf = lab.pki.intermediate.issue(*NAMES, key=mint.ec_key(ec.SECP384R1()))
    return lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;", certificates=(lab.pki.write("p384", leaf),))


def haproxy(lab: Lab) -> Running:
    return lab.haproxy()


def haproxy_with_client_certificates(lab: Lab) -> Running:
    return lab.haproxy(
        f"verify required ca-file {lab.pki.client_ca_file} ssl-min-ver TLSv1.0 ciphers DEFAULT:@SECLEVEL=0"
    )


def haproxy_with_optional_certificates(lab: Lab) -> Running:
    return lab.haproxy(f"verify optional ca-file {lab.pki.client_ca_file} ssl-min-ver TLSv1.2 alpn h2,http/1.1")


def haproxy_static_rsa(lab: Lab) -> Running:
    bind = "ssl-min-ver TLSv1.1 ssl-max-ver TLSv1.2 ciphers AES128-GCM-SHA256:AES256-SHA256:AES128-SHA:@SECLEVEL=0"
    return lab.haproxy(bind, certificate=lab.pki.rsa)


def haproxy_tls_1_3(lab: Lab) -> Running:
    return lab.haproxy("ssl-min-ver TLSv1.3 ciphersuites TLS_AES_256_GCM_SHA384 curves P-256:P-521 alpn h2")


def apache(lab: Lab) -> Running:
    return lab.apache("SSLProtocol all", certificates=(lab.pki.rsa,))


def apache_dual(lab: Lab) -> Running:
    """Two certificates, TLS 1.2 alone, the server's order."""
    host = "SSLProtocol TLSv1.2\nSSLHonorCipherOrder on\nSSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"
    return lab.apache(host, certificates=(lab.pki.ecdsa, lab.pki.rsa))


def apache_with_optional_certificates(lab: Lab) -> Running:
    host = f"SSLProtocol TLSv1.2 TLSv1.3\nSSLVerifyClient optional\nSSLCACertificateFile {lab.pki.client_ca_file}"
    return lab.apache(host, certificates=(lab.pki.rsa,))


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


def openssl_ccm(lab: Lab) -> Running:
    return lab.openssl("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-CCM:ECDHE-ECDSA-AES128-CCM8")


def openssl_x448(lab: Lab) -> Running:
    return lab.openssl("-groups", "X448", "-cipher", "ECDHE+AESGCM", certificate=lab.pki.rsa)


def openssl_finite_field_groups(lab: Lab) -> Running:
    return lab.openssl("-tls1_3", "-groups", "ffdhe2048:ffdhe4096")


def openssl_tls_1_1(lab: Lab) -> Running:
    return lab.openssl("-tls1_1", "-cipher", "ECDHE:AES128-SHA:@SECLEVEL=0", certificate=lab.pki.rsa)


def gnutls(lab: Lab) -> Running:
    return lab.gnutls(GNUTLS, certificate=lab.pki.rsa)


def gnutls_server_order(lab: Lab) -> Running:
    return lab.gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.2:%SERVER_PRECEDENCE", certificate=lab.pki.rsa)


def gnutls_finite_field_groups(lab: Lab) -> Running:
    listed = "NORMAL:-KX-ALL:+DHE-RSA:-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-FFDHE3072"
    return lab.gnutls(listed, certificate=lab.pki.rsa)


def gnutls_x448(lab: Lab) -> Running:
    return lab.gnutls("NORMAL:-GROUP-ALL:+GROUP-X448:+GROUP-SECP384R1", certificate=lab.pki.rsa)


def python(lab: Lab) -> Running:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for certificate in (lab.pki.rsa, lab.pki.ecdsa):
        context.load_cert_chain(certificate.chain, certificate.key)
    return lab.python(context)


def python_with_alpn(lab: Lab) -> Running:
    """No session tickets, two names for ALPN, TLS 1.2 alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.pki.ecdsa.chain, lab.pki.ecdsa.key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    context.set_alpn_protocols(["http/1.1", "http/1.0"])
    return lab.python(context)


def node(lab: Lab) -> Running:
    return lab.node({"ecdhCurve": "X25519MLKEM768:X25519:P-256"})


def node_with_client_certificates(lab: Lab) -> Running:
    asking = {"requestCert": True, "rejectUnauthorized": True, "caFile": str(lab.pki.client_ca_file)}
    return lab.node({**asking, "maxVersion": "TLSv1.2"}, certificate=lab.pki.rsa)


def stunnel(lab: Lab) -> Running:
    return lab.stunnel("sslVersionMin = TLSv1.2", "ciphers = ECDHE+AESGCM", "curves = X25519:P-384:P-256")


def stunnel_old(lab: Lab) -> Running:
    options = ("sslVersionMin = TLSv1", "sslVersionMax = TLSv1.2", "ciphers = ALL:@SECLEVEL=0", "securityLevel = 0")
    return lab.stunnel(*options, certificate=lab.pki.rsa)


def tlslite_ssl3(lab: Lab) -> Running:
    only = {"minVersion": [3, 0], "maxVersion": [3, 0], "versions": []}
    return lab.tlslite({**only, "cipherNames": ["rc4", "3des"], "macNames": ["md5", "sha"]})


def tlslite_old(lab: Lab) -> Running:
    ciphers = {"cipherNames": ["rc4", "3des", "aes128", "null"], "macNames": ["md5", "sha", "sha256"]}
    return lab.tlslite({"minVersion": [3, 0], "maxVersion": [3, 3], **ciphers})


def tlslite(lab: Lab) -> Running:
    return lab.tlslite({"minVersion": [3, 3]})
