"""TLS-CONF and TLS-KEY of listeners: what only a configuration file shows."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.configuration import Said
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.knowledge import Fact, Known
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.deployments import printable
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import STRONG_CIPHERS, asvs, asvs4, cheat_sheet, rfc

_NGINX = Source("nginx documentation, ngx_http_ssl_module")
_APACHE = Source("Apache httpd documentation, mod_ssl")
_LOWEST_SOUND_LEVEL = 2
_LEAST_DH_BITS = 2048


def _asks_for_certificates(case: Case) -> bool:
    return case.facts.client_auth.mode.need() is not ClientAuthMode.NONE


def _verifies(case: Case) -> bool:
    return _asks_for_certificates(case) and case.facts.client_auth.verifies.need()


def _has_early_data(case: Case) -> bool:
    return case.facts.behaviours.early_data.need() is not None


def _has_parameters(case: Case) -> bool:
    return case.facts.setup.dh_parameters.need() is not None


def _staples(case: Case) -> bool:
    return case.facts.setup.stapling.need()


@rule(
    "TLS-CONF-008",
    title="Client certificates of public CAs are accepted",
    severity=Severity.HIGH,
    cwe=(295,),
    applies=_verifies,
    expected="a CA of one's own for client certificates",
    why="Anybody can get a certificate from a public CA, so that verifying it says nothing about who comes in.",
    remedy="Name a bundle that holds only the CA that issues to your clients (nginx: ssl_client_certificate; HAProxy: "
    "ca-file; Apache: SSLCACertificateFile).",
    sources=(asvs("12.3.4 (L2)"),),
)
def public_client_ca(case: Case) -> Iterable[Fail]:
    """The CA file of client verification is a public trust store, or holds one of its roots."""
    public = sure(case.facts.setup.client_ca_is_public)
    if public.value:
        yield Fail("the CA file of client verification holds public CAs", (public.basis,))


@rule(
    "TLS-CONF-009",
    title="Revoked client certificates are not refused",
    severity=Severity.MEDIUM,
    cwe=(299,),
    applies=_verifies,
    expected="a CRL or OCSP for client certificates",
    why="A client key that was stolen keeps its access until the certificate expires.",
    remedy="Set ssl_crl or ssl_ocsp (HAProxy: crl-file; Apache: SSLCARevocationFile and SSLCARevocationCheck), or "
    "issue client certificates that live for days only.",
    sources=(asvs("12.1.4 (L3)"), asvs4("9.2.4")),
)
def no_client_revocation(case: Case) -> Iterable[Fail]:
    """Neither a CRL nor OCSP is configured for client certificates."""
    checked = sure(case.facts.setup.client_revocation)
    if checked.value:
        return
    unchecked = case.facts.setup.client_crl_unchecked
    if isinstance(unchecked, Known) and unchecked.value:
        yield from _each(unchecked)
    else:
        yield Fail("neither a CRL nor OCSP for client certificates", (checked.basis,))


@rule(
    "TLS-CONF-012",
    title="Security level lowered",
    severity=Severity.MEDIUM,
    cwe=(326,),
    expected="the library's own security level, or a higher one",
    why="Below level 2 OpenSSL takes short keys, at level 0 also SHA-1, TLS 1.0 and anonymous suites.",
    remedy="Remove @SECLEVEL from the cipher string.",
    sources=(Source("Mozilla Server Side TLS 5.8"), Source("OpenSSL manual, SSL_CTX_set_security_level(3)")),
)
def lowered_security_level(case: Case) -> Iterable[Fail]:
    """The cipher string sets a security level of 0 or 1."""
    level = sure(case.facts.setup.security_level)
    if level.value is not None and level.value < _LOWEST_SOUND_LEVEL:
        yield Fail(f"the cipher string sets security level {level.value}", (level.basis,))


@rule(
    "TLS-CONF-013",
    title="Weak or old Diffie-Hellman parameters",
    severity=Severity.MEDIUM,
    cwe=(326,),
    applies=_has_parameters,
    expected="no file of parameters, or a group of 2048 bits or more that everyone knows",
    why="Short groups are within reach of precomputation, and nobody checks those that somebody made.",
    remedy="Remove the DHE suites together with the file; else use ffdhe2048 or a larger group of RFC 7919.",
    sources=(rfc(9325, "4.5"), cheat_sheet("Set the appropriate Diffie-Hellman groups")),
)
def odd_parameters(case: Case) -> Iterable[Fail]:
    """Fewer than 2048 bits, or a prime that is none of the known ones."""
    known = sure(case.facts.setup.dh_parameters)
    if known.value is None:
        return
    if known.value.bits < _LEAST_DH_BITS:
        yield Fail(f"a group of {known.value.bits} bits", (known.basis,))
    if not known.value.well_known:
        yield Fail("a group of nobody's standard", (known.basis,))


@rule(
    "TLS-CONF-014",
    title="Static session ticket key",
    severity=Severity.MEDIUM,
    cwe=(324,),
    expected="ticket keys that the server makes and changes itself",
    why="Who gets hold of the key file reads every session that was resumed while it was in use, without a trace.",
    remedy="Remove ssl_session_ticket_key and use a shared session cache (HAProxy: remove tls-ticket-keys; Apache: "
    "SSLSessionTicketKeyFile), or change the file at least once a day.",
    sources=(rfc(9325, "3.4"),),
)
def static_ticket_key(case: Case) -> Iterable[Fail]:
    """A file holds the key; nothing in a configuration changes it."""
    static = sure(case.facts.setup.ticket_key)
    if static.value:
        yield Fail("session tickets are made with a key from a file", (static.basis,))


@rule(
    "TLS-CONF-015",
    title="Early data without a guard",
    severity=Severity.MEDIUM,
    cwe=(294,),
    applies=_has_early_data,
    expected="the application is told which requests came as early data",
    why="An attacker on the path can send a request again, and the application cannot tell that it may be a replay.",
    remedy="Pass it on (proxy_set_header Early-Data $ssl_early_data) and answer 425 where it matters.",
    sources=(_NGINX, rfc(9325, "3.10"), rfc(8470, verified=False)),
)
def unguarded_early_data(case: Case) -> Iterable[Fail]:
    """Early data is on, and nothing looks at which requests came as such."""
    guarded = sure(case.facts.setup.early_data_guarded)
    if not guarded.value:
        yield Fail("early data is on, and nothing tells whoever answers which requests came as such", (guarded.basis,))


@rule(
    "TLS-CONF-016",
    title="HSTS lost in a nested block",
    severity=Severity.LOW,
    cause="HSTS",
    cwe=(523,),
    expected="Strict-Transport-Security with every response",
    why="A response without the field does not renew it, and a browser that sees only such responses never learns it.",
    remedy="Repeat the field wherever add_header is used, with always (Apache: Header always set).",
    sources=(asvs("3.4.1 (L1)"), Source("nginx documentation, ngx_http_headers_module")),
)
def lost_hsts(case: Case) -> Iterable[Fail]:
    """An inner block has header fields of its own and not this one, or errors go without it."""
    return _each(case.facts.setup.hsts_lost)


@rule(
    "TLS-CONF-017",
    title="Unknown names get the certificate of a site",
    severity=Severity.LOW,
    expected="a default server that rejects the handshake",
    why="Clients that ask for another name land at a site that was not meant, which helps cross-protocol attacks.",
    remedy="Add a default server with ssl_reject_handshake on (HAProxy: strict-sni; Apache, which rejects none: a "
    "first virtual host without a site).",
    sources=(rfc(9325, "3.7"), _NGINX),
)
def no_default_reject(case: Case) -> Iterable[Fail]:
    """The default server of a socket with several servers is one of its sites."""
    foreign = sure(case.facts.setup.foreign_default)
    if foreign.value:
        yield Fail("this server answers for every name of its socket that no other server has", (foreign.basis,))


@rule(
    "TLS-CONF-018",
    title="Stapling for a certificate without OCSP",
    severity=Severity.INFO,
    applies=_staples,
    expected="stapling only where the certificate names an OCSP responder",
    why="Nothing is ever stapled, and the log fills with warnings.",
    remedy="Remove ssl_stapling (Apache: SSLUseStapling), or get a certificate that names an OCSP responder.",
    sources=(_NGINX,),
)
def dead_stapling(case: Case) -> Iterable[Fail]:
    """The certificate names no OCSP responder."""
    stapling = sure(case.facts.setup.stapling)
    leaves = [deployment.leaf.need() for deployment in case.deployments()]
    if leaves and not any(leaf.ocsp_urls for leaf in leaves):
        yield Fail("the certificate names no OCSP responder", (stapling.basis,))


@rule(
    "TLS-CONF-022",
    title="Requested, and refused by the library",
    severity=Severity.INFO,
    expected="a configuration that asks for what it gets",
    why="With another version of the library, or in another image, the same text lets more in.",
    remedy="Remove what should not be spoken, instead of relying on the library.",
    sources=(Source("OpenSSL manual, SSL_CTX_set_security_level(3)"),),
)
def refused_by_library(case: Case) -> Iterable[Fail]:
    """The text asks for versions or suites that the assumed library does not do."""
    return _each(case.facts.setup.refused)


@rule(
    "TLS-CONF-023",
    title="Relies on a default that changed",
    severity=Severity.LOW,
    expected="what decides is written down",
    why="The same file means something else to an older version of the product.",
    remedy="Set the directive, or say with --assume which version the file is for.",
    sources=(_NGINX, Source("nginx CHANGES"), _APACHE),
)
def version_dependent(case: Case) -> Iterable[Fail]:
    """The verdict hangs on the version of the product."""
    return _each(case.facts.setup.version_defaults)


@rule(
    "TLS-CONF-024",
    title="Unknown word in the cipher string",
    severity=Severity.MEDIUM,
    cwe=(327,),
    expected="only names and groups that OpenSSL knows",
    why="OpenSSL skips unknown words in silence: what is spelled wrong is missing, or is not excluded.",
    remedy="Correct the spelling (openssl ciphers -v shows what a string means).",
    sources=(STRONG_CIPHERS, Source("OpenSSL manual, ciphers(1)")),
)
def unknown_cipher(case: Case) -> Iterable[Fail]:
    """A word of the cipher string means nothing to any OpenSSL."""
    return _each(case.facts.setup.unknown_tokens)


@rule(
    "TLS-CONF-025",
    title="TLS settings on a listener that does not speak TLS",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(319,),
    expected="TLS wherever there is a certificate for it",
    why="What looks like a TLS site is served in clear, for anyone on the path to read and change.",
    remedy="Switch TLS on for the socket (nginx: listen 443 ssl; HAProxy: bind with ssl; Apache: SSLEngine on), or "
    "remove the settings.",
    sources=(asvs("12.2.1 (L1)"), _NGINX, _APACHE, Source("HAProxy configuration manual, section 5.1")),
)
def unserved(case: Case) -> Iterable[Fail]:
    """A certificate is configured, and the socket does not use it."""
    return _each(case.facts.setup.unserved)


@rule(
    "TLS-KEY-004",
    title="Key does not belong to the certificate",
    severity=Severity.HIGH,
    expected="the private key of the certificate beside it",
    why="The server does not start with this pair, or keeps serving the old one after a reload that failed.",
    remedy="Deploy the key and the certificate that were made together.",
    sources=(cheat_sheet("Use Strong Keys and Protect Them"),),
)
def key_mismatch(case: Case) -> Iterable[Fail]:
    """The public halves differ."""
    return _each(case.facts.setup.key_mismatches)


def _each(fact: Fact[tuple[Said, ...]]) -> Iterable[Fail]:
    known: Known[tuple[Said, ...]] = sure(fact)
    return tuple(Fail(printable(said.what, 400), (said.basis,)) for said in known.value)


RULES: tuple[Rule, ...] = (
    public_client_ca,
    no_client_revocation,
    lowered_security_level,
    odd_parameters,
    static_ticket_key,
    unguarded_early_data,
    lost_hsts,
    no_default_reject,
    dead_stapling,
    refused_by_library,
    version_dependent,
    unknown_cipher,
    unserved,
    key_mismatch,
)
