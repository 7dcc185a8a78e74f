"""The configuration that a policy is exported as: started for real, and scanned under that policy with no finding."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.cli.program import tlsaudit
from tests.lab.more_servers import start_caddy_site
from tests.lab.pki import CertificateFiles, LabPki
from tests.lab.postgres import start_postgres
from tests.lab.servers import Lab
from tests.policy.test_live import audited, certificate, findings
from tlsaudit.app import load_anchors
from tlsaudit.config import PRODUCTS
from tlsaudit.config.read import parse_assumptions
from tlsaudit.config.writers.common import CERTIFICATE, CLIENT_CA, COMBINED, KEY, RESOLVER
from tlsaudit.linting import LintOptions, lint
from tlsaudit.model.errors import InputError
from tlsaudit.model.wanted import Wanted
from tlsaudit.policy import load_policy, policy_ids
from tlsaudit.policy.wanted import wanted

_POLICIES = sorted(policy_ids())
_NOT_SERVED_HERE = {
    "OpenSSL": {"cnsa-2": "groups_required is MLKEM1024", "internal-mtls": "groups_required is X25519MLKEM768"},
    "Go": dict.fromkeys(("bsi-tr-02102-2", "cnsa-2", "fips-140-3", "nist-800-52r2"), "at TLSv1.3 it always accepts"),
}
"""What the libraries cannot satisfy, and why: OpenSSL 3.0, Go and BoringSSL."""
_REFUSED = {
    "apache": _NOT_SERVED_HERE["OpenSSL"],
    "caddy": _NOT_SERVED_HERE["Go"],
    "envoy": _NOT_SERVED_HERE["Go"],
    "haproxy": _NOT_SERVED_HERE["OpenSSL"],
    "nginx": _NOT_SERVED_HERE["OpenSSL"],
    "postgresql": {**_NOT_SERVED_HERE["OpenSSL"], "nist-800-52r2": "required has revocation/stapling"},
    "traefik": _NOT_SERVED_HERE["Go"],
}
_NOT_STARTED_HERE = {
    "caddy": {"internal-mtls"},  # needs Caddy 2.10
    "postgresql": {"bsi-tr-02102-2", "fips-140-3"},  # need PostgreSQL 18
}
_CADDY_HERE = "before Caddy 2.10 leave x25519mlkem768 out"


def needed(policy: str, product: str, openssl: tuple[int, int] | None = None) -> Wanted:
    return wanted(load_policy(policy), PRODUCTS[product].spoken(openssl))


def written(policy: str, product: str, openssl: tuple[int, int] | None = None) -> str:
    return PRODUCTS[product].write(needed(policy, product, openssl))


def exported(policy_id: str, product: str, files: CertificateFiles) -> str:
    text = written(policy_id, product)
    places = ((CERTIFICATE, files.chain), (KEY, files.key), (COMBINED, files.combined), (RESOLVER, "127.0.0.1"))
    for placeholder, file in places:
        text = text.replace(placeholder, str(file))
    return text


def _nginx(lab: Lab, text: str, files: CertificateFiles) -> int:
    return lab.nginx(text, certificates=(files,)).port


def _apache(lab: Lab, text: str, files: CertificateFiles) -> int:
    outside = re.search("^# outside of the virtual host, for stapling: (.*)$", text, re.MULTILINE)
    return lab.apache(text, certificates=(files,), base=outside[1] if outside else "").port


def _haproxy(lab: Lab, text: str, files: CertificateFiles) -> int:
    section, mode, bind, *rest = (line for line in text.splitlines() if not line.startswith("#"))
    assert (section, mode) == ("frontend https", "    mode http")
    return lab.haproxy(bind.removeprefix("    bind :443 "), certificate=files, frontend="\n".join(rest)).port


def _caddy(lab: Lab, text: str, _files: CertificateFiles) -> int:
    assert _CADDY_HERE in text
    return start_caddy_site(lab, text.replace(" x25519mlkem768", "")).port


def _postgresql(lab: Lab, text: str, files: CertificateFiles) -> int:
    own = text.replace(str(files.chain), "server.crt").replace(str(files.key), "server.key")
    return start_postgres(lab, *own.splitlines(), certificate=files).port


_STAYS = {"caddy": {"TLS-SESS-007", "TLS-SESS-009"}}
"""What a product cannot be rid of: its comments say so."""
_START: dict[str, Callable[[Lab, str, CertificateFiles], int]] = {
    "apache": _apache, "caddy": _caddy, "haproxy": _haproxy, "nginx": _nginx, "postgresql": _postgresql,
}  # fmt: skip
_STARTED = [
    pytest.param(product, policy_id, marks=pytest.mark.slow if product == "caddy" else ())
    for product in _START
    for policy_id in _POLICIES
    if policy_id not in {*_REFUSED[product], *_NOT_STARTED_HERE.get(product, ())}
]


def test_every_product_is_started_or_says_that_it_was_not() -> None:
    assert PRODUCTS.keys() == _REFUSED.keys()
    for product in PRODUCTS:
        assert ("do not start it" in written("owasp", product)) == (product not in _START)


@pytest.mark.parametrize(("product", "policy_id"), _STARTED)
def test_what_is_exported_passes_its_own_policy(module_lab: Lab, product: str, policy_id: str) -> None:
    files = certificate(module_lab, rsa=policy_id == "mozilla-old")
    port = _START[product](module_lab, exported(policy_id, product, files), files)
    scheme = "postgres://" if product == "postgresql" else ""
    subject = audited(module_lab, port, policy_id, scheme=scheme)
    assert subject.status == "audited", subject.error
    assert findings(subject).keys() <= _STAYS.get(product, set())
    assert subject.facts is not None
    versions = {name for name, verdict in subject.facts.protocols.items() if verdict == "accepted"}
    assert versions == {str(each) for each in needed(policy_id, product).versions}


@pytest.mark.parametrize(
    ("product", "policy_id"), [(product, policy_id) for product in PRODUCTS for policy_id in _POLICIES]
)
def test_what_a_product_cannot_be_told_is_refused(product: str, policy_id: str) -> None:
    if policy_id not in _REFUSED[product]:
        assert written(policy_id, product)
        return
    with pytest.raises(InputError, match=f"cannot satisfy {policy_id}: {_REFUSED[product][policy_id]}") as refused:
        written(policy_id, product)
    assert "\n" not in str(refused.value)


_LINTED = ("apache", "haproxy", "nginx")
_LEFT_BY_LINT = {
    "mozilla-old": {"TLS-CONF-012"},  # OpenSSL 3 speaks TLS 1.0 and 1.1 at its lowest level of security alone
    "internal-mtls": {"TLS-CONF-009"},  # whose clients are revoked, and where, is for the operator to say
}


@pytest.mark.parametrize("assumed", ["", "nginx=1.22,haproxy=2.6,apache=2.4.71,openssl=3.0"])
@pytest.mark.parametrize(("product", "policy_id"), [(product, each) for product in _LINTED for each in _POLICIES])
def test_what_is_exported_is_linted_without_a_finding(
    tmp_path: Path, lab_pki: LabPki, product: str, policy_id: str, assumed: str
) -> None:
    older = _REFUSED[product].get(policy_id)
    if older is not None and assumed:
        assumed = assumed.replace("openssl=3.0", "openssl=3.5")
    (tmp_path / "exported.conf").write_text(written(policy_id, product, (3, 5) if older is not None else None))
    options = LintOptions(
        policy=load_policy(policy_id), anchors=load_anchors(lab_pki.root_file), assume=parse_assumptions(assumed)
    )
    document = lint([tmp_path], options).document
    (subject,) = document.subjects
    assert subject.status == "audited"
    outcomes = {each.rule: each.outcome for each in subject.results}
    assert outcomes["TLS-PROTO-006"] == "pass"
    assert findings(subject).keys() - {"TLS-PQ-001"} <= _LEFT_BY_LINT.get(policy_id, set())
    assert "inconclusive" not in outcomes.values()
    assert document.summary.exit_code == 0
    assert product != "haproxy" or outcomes["TLS-HTTP-001"] == "pass"


@pytest.mark.parametrize("policy_id", ["bsi-tr-02102-2", "fips-140-3", "cnsa-2"])
def test_postgresql_needs_version_18_for_what_older_ones_cannot_be_told(policy_id: str) -> None:
    text = written(policy_id, "postgresql", (3, 5))
    assert "# PostgreSQL 18 or later: " in text
    assert re.search("^ssl_tls13_ciphers = 'TLS_AES_256_GCM_SHA384", text, re.MULTILINE)
    assert re.search("^ssl_groups = '(X25519|P-256|SecP384r1)", text, re.MULTILINE)
    assert "ssl_ecdh_curve" not in text


_ENVOY = {
    "transport_socket", "name", "typed_config", "@type", "require_client_certificate", "ocsp_staple_policy",
    "disable_stateless_session_resumption", "common_tls_context", "tls_params", "tls_minimum_protocol_version",
    "tls_maximum_protocol_version", "cipher_suites", "ecdh_curves", "tls_certificates", "certificate_chain", "filename",
    "private_key", "ocsp_staple", "validation_context", "trusted_ca", "response_headers_to_add", "header", "key",
    "value", "append_action",
}  # fmt: skip
"""Fields of DownstreamTlsContext and its parts, and of HeaderValueOption, as Envoy's v3 API documents them."""
_TRAEFIK = {
    "tls", "certificates", "certFile", "keyFile", "options", "default", "minVersion", "maxVersion", "cipherSuites",
    "curvePreferences", "disableSessionTickets", "clientAuth", "caFiles", "clientAuthType", "http", "middlewares",
    "hsts", "headers", "stsSeconds", "stsIncludeSubdomains",
}  # fmt: skip
"""Options of the file provider, as Traefik's reference documents them; `default` and `hsts` are names of ours."""
_VALUES = {
    "envoy": r"TLSv1_[0-3]|X25519|P-(256|384|521)|X25519MLKEM768|[A-Z0-9-]+(SHA|SHA256|SHA384|1305)"
    r"|(STRICT_STAPLING|OVERWRITE_IF_EXISTS_OR_ADD|Strict-Transport-Security)|True|False|max-age=.*"
    r"|[A-Z-]+\.(pem|key|ocsp)|envoy\.transport_sockets\.tls|type\.googleapis\.com/envoy\..*\.DownstreamTlsContext",
    "traefik": r"VersionTLS1[0-3]|X25519|CurveP(256|384|521)|X25519MLKEM768|TLS_ECDHE_(ECDSA|RSA)_WITH_[A-Z0-9_]+"
    r"|RequireAndVerifyClientCert|True|False|\d+|[A-Z-]+\.(pem|key)",
}


def _leaves(node: object) -> list[tuple[list[str], str]]:
    """Every scalar with the keys that lead to it."""
    if isinstance(node, dict):
        return [([str(key), *keys], leaf) for key, value in node.items() for keys, leaf in _leaves(value)]
    if isinstance(node, list):
        return [found for each in node for found in _leaves(each)]
    return [([], str(node))]


@pytest.mark.parametrize("policy_id", ["owasp-l2", "mozilla-modern", "mozilla-old", "internal-mtls"])
@pytest.mark.parametrize(("product", "known"), [("envoy", _ENVOY), ("traefik", _TRAEFIK)])
def test_what_cannot_be_started_here_is_yaml_of_documented_names(product: str, known: set[str], policy_id: str) -> None:
    leaves = _leaves(yaml.safe_load(written(policy_id, product)))
    assert len(leaves) > 8
    assert {key for keys, _ in leaves for key in keys} <= known
    assert [leaf for _, leaf in leaves if not re.fullmatch(_VALUES[product], leaf)] == []


@pytest.mark.parametrize("policy_id", ["cnsa-2", "internal-mtls"])
def test_what_this_openssl_cannot_serve_is_refused(policy_id: str) -> None:
    with pytest.raises(InputError, match=rf"OpenSSL 3\.0 cannot satisfy {policy_id}: .* 3\.5 and later"):
        needed(policy_id, "nginx")
    assert needed(policy_id, "nginx", (3, 5)).groups


def test_client_certificates_are_asked_for() -> None:
    texts = {
        product: written("internal-mtls", product, (3, 5) if made.library is None else None)
        for product, made in PRODUCTS.items()
    }
    assert f"ssl_client_certificate {CLIENT_CA};\nssl_verify_client on;\n" in texts["nginx"]
    assert f"SSLCACertificateFile {CLIENT_CA}\nSSLVerifyClient require\n" in texts["apache"]
    assert f"ca-file {CLIENT_CA} verify required" in texts["haproxy"]
    assert f"mode require_and_verify\n\t\ttrusted_ca_cert_file {CLIENT_CA}\n" in texts["caddy"]
    assert f"ssl_ca_file = '{CLIENT_CA}'\n" in texts["postgresql"]
    assert "# pg_hba.conf: clientcert=verify-full in these lines" in texts["postgresql"]
    envoy = yaml.safe_load(texts["envoy"])["transport_socket"]["typed_config"]
    assert envoy["require_client_certificate"] is True
    assert envoy["common_tls_context"]["validation_context"] == {"trusted_ca": {"filename": CLIENT_CA}}
    options = yaml.safe_load(texts["traefik"])["tls"]["options"]["default"]
    assert options["clientAuth"] == {"caFiles": [CLIENT_CA], "clientAuthType": "RequireAndVerifyClientCert"}
    for product in ("apache", "haproxy", "nginx", "postgresql"):
        assert "X25519MLKEM768:X25519:P-256:P-384" in texts[product]
    assert not any("ssl_ciphers" in text or "ECDHE" in text for text in texts.values())


def test_stapling_that_is_required_is_configured() -> None:
    texts = {product: written("nist-800-52r2", product) for product in ("apache", "haproxy", "nginx")}
    assert f"ssl_stapling on;\nresolver {RESOLVER};\n" in texts["nginx"]
    assert "\nSSLUseStapling on\n" in texts["apache"]
    assert "# outside of the virtual host, for stapling: SSLStaplingCache " in texts["apache"]
    assert f"# stapling: it sends the OCSP response that it finds in {COMBINED}.ocsp" in texts["haproxy"]
    assert not any("stapling" in written("owasp", product).lower() for product in texts)


def test_the_order_of_suites_is_the_servers_only_where_some_are_weak() -> None:
    old, new = (needed(each, "nginx") for each in ("mozilla-old", "mozilla-intermediate"))
    assert old.server_order
    assert not new.server_order
    assert "@SECLEVEL=0" in written("mozilla-old", "nginx")
    assert "@SECLEVEL" not in written("mozilla-intermediate", "nginx")
    assert "@SECLEVEL" not in written("mozilla-old", "envoy")


def test_what_stays_is_said_by_the_comments() -> None:
    for product in PRODUCTS:
        comments = [line for line in written("owasp", product).splitlines() if line.startswith("#")]
        assert set(re.findall(r"TLS-[A-Z]+-\d+", "".join(comments))) == _STAYS.get(product, set())


def test_what_a_product_does_not_speak_is_said() -> None:
    lines = written("mozilla-old", "caddy").splitlines()
    assert "# left out: TLSv1.0: the policy allows it, and Caddy does not speak it" in lines
    assert "\tprotocols tls1.2 tls1.3" in lines


_SOURCES = "sources: [{ref: our board, verified: 'true'}]"
_UNLISTED = f"forbidden: [{{what: suite/unlisted, {_SOURCES}}}]"
_REQUIRE = f"required: [{{what: %s, {_SOURCES}}}]"


@pytest.mark.parametrize(
    ("product", "rest", "problem"),
    [
        ("haproxy", "limits: {versions_allowed: [SSLv3]}", "versions_allowed is SSLv3, and it speaks TLSv1.0, TLSv1.1"),
        ("nginx", "limits: {versions_allowed: [SSLv3]}", "versions_allowed is SSLv3, and it speaks TLSv1.0, TLSv1.1"),
        ("apache", "limits: {versions_allowed: []}", "versions_allowed is empty, and it speaks TLSv1.0, TLSv1.1"),
        ("caddy", "limits: {versions_allowed: [TLSv1.1]}", "versions_allowed is TLSv1.1, and it speaks TLSv1.2"),
        ("nginx", "limits: {versions_allowed: [TLSv1.1, TLSv1.2]}", "versions_allowed has TLSv1.1, and forbidden"),
        (
            "nginx",
            "no_longer_forbidden: [protocol/TLSv1.1]\nlimits: {versions_allowed: [TLSv1.1, TLSv1.3]}",
            "versions_allowed is TLSv1.1, TLSv1.3, without TLSv1.2 in between",
        ),
        (
            "nginx",
            "limits: {versions_allowed: [TLSv1.2], versions_required: [TLSv1.3]}",
            "versions_required has TLSv1.3, and it is not accepted",
        ),
        (
            "nginx",
            f"limits: {{suites_allowed: [TLS_AES_128_GCM_SHA256]}}\n{_UNLISTED}",
            "versions_allowed has TLSv1.2, and the policy allows none of its suites there",
        ),
        (
            "haproxy",
            f"limits: {{suites_allowed: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}}\n{_UNLISTED}",
            "versions_allowed has TLSv1.3, and the policy allows none of its suites there",
        ),
        ("nginx", _REQUIRE % "group/post-quantum", "required has group/post-quantum (ML-KEM is in OpenSSL 3.5"),
        ("nginx", "limits: {groups_allowed: [x448]}", "groups_allowed is x448"),
        ("traefik", _REQUIRE % "revocation/stapling", "Traefik cannot satisfy own: required has revocation/stapling"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_refused_with_the_value(
    tmp_path: Path, product: str, rest: str, problem: str
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(f"id: own\nextends: owasp\nversion: '1'\ntitle: Ours\ndescription: Ours.\n{_SOURCES}\n{rest}\n")
    ended = tlsaudit("policy", "export", own, "--for", product)
    assert (ended.code, ended.out) == (2, "")
    assert problem in ended.complaint()


def test_the_command_writes_it(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "id: own\nextends: owasp-l2\nversion: '1'\ntitle: Ours\ndescription: Ours.\n"
        "sources: [{ref: our board, verified: 'true'}]\nlimits: {groups_allowed: [secp384r1]}\n"
        "severities: {TLS-KEX-012: high}\n"
    )
    text = tlsaudit("policy", "export", own, "--for", "nginx").out
    assert text.startswith("# policy own 1\n")
    assert "ssl_ecdh_curve P-384;\n" in text
    assert 'max-age=31536000; includeSubDomains"' in text
    assert "X25519MLKEM768" in tlsaudit("policy", "export", "owasp", "--for", "haproxy", "--openssl", "3.5.4").out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("owasp",), "Missing option"),
        (("owasp", "--for", "iis"), "--for 'iis' is none of apache, caddy, envoy, haproxy, nginx"),
        (("owasp", "--for", "nginx", "--openssl", "three"), "--openssl 'three' is no version of OpenSSL"),
        (("owasp", "--for", "nginx", "--openssl", "1.0.2"), "--openssl '1.0.2' is no version of OpenSSL from 1.1.1"),
        (("owasp", "--for", "nginx", "--openssl", "1.1.0"), "--openssl '1.1.0' is no version of OpenSSL from 1.1.1 on"),
        (("owasp", "--for", "caddy", "--openssl", "3.5"), "--openssl: Caddy has a TLS library of its own"),
        (("cnsa-2", "--for", "nginx"), "OpenSSL 3.0 cannot satisfy cnsa-2"),
        (("nonsense", "--for", "nginx"), "unknown policy 'nonsense'"),
    ],
)
def test_a_wrong_wish_is_our_input(arguments: tuple[str, ...], problem: str) -> None:
    ended = tlsaudit("policy", "export", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert problem in ended.complaint()
