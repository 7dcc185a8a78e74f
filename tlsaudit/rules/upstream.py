"""TLS-CONF of upstreams: what a terminator says to the servers behind it."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.configuration import Upstream
from tlsaudit.model.knowledge import NOT_ASKED, surely
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.deployments import printable
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, asvs4, rfc

_NGINX = Source("nginx documentation, ngx_http_proxy_module")


def _leaves_the_machine(case: Case) -> bool:
    upstream = _upstream(case)
    if surely(upstream.terminated, False) or upstream.local.need():
        return False
    return surely(upstream.tls, True) or upstream.terminated.need()


def _speaks_tls(case: Case) -> bool:
    return _upstream(case).tls.need()


def _has_a_way(case: Case) -> bool:
    """TLS to where somebody may stand in between: not on the machine itself."""
    return not surely(_upstream(case).local, True) and _speaks_tls(case)


def _by_name(case: Case) -> bool:
    return _has_a_way(case) and _upstream(case).by_name.need()


@rule(
    "TLS-CONF-001",
    title="Plaintext upstream behind a terminator",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(319,),
    enforces=("upstream/plaintext",),
    applies=_leaves_the_machine,
    expected="TLS on the way to another machine",
    why="What clients sent over TLS goes on in clear, for anyone between the two machines to read and change.",
    remedy="Speak TLS to the upstream (nginx: proxy_pass https://, with proxy_ssl_verify on; HAProxy: ssl verify "
    "required ca-file; Apache: ProxyPass https:// with SSLProxyVerify require).",
    sources=(asvs("12.3.1 (L2)"), asvs("12.3.3 (L2)"), asvs4("9.2.2")),
)
def plaintext_upstream(case: Case) -> Iterable[Fail]:
    """Requests that came over TLS are passed on without it, to another machine."""
    tls = sure(_upstream(case).tls)
    if not tls.value:
        yield Fail(f"passes on in clear to {printable(_upstream(case).destination)}", (tls.basis,))


@rule(
    "TLS-CONF-002",
    title="Upstream certificate not verified",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(295,),
    applies=_has_a_way,
    expected="the certificate of the upstream is verified",
    why="Anyone between the two machines can answer in place of the upstream, with any certificate.",
    remedy="Verify it against the CA that issued it (nginx: proxy_ssl_verify on, proxy_ssl_trusted_certificate; "
    "HAProxy: verify required ca-file; Apache: SSLProxyVerify require, SSLProxyCACertificateFile).",
    sources=(asvs("12.3.2 (L2)"), asvs("12.3.4 (L2)"), asvs4("9.2.1"), _NGINX),
)
def unverified_upstream(case: Case) -> Iterable[Fail]:
    """Verification is off, which is the default of many products."""
    verifies = sure(_upstream(case).verifies)
    if not verifies.value:
        yield Fail(f"the certificate of {printable(_upstream(case).destination)} is not verified", (verifies.basis,))


@rule(
    "TLS-CONF-003",
    title="Upstream name not checked or not sent",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(297,),
    applies=_by_name,
    expected="the upstream's name is sent (SNI) and checked",
    why="Any certificate of the same CA will do, and a server with several sites answers with the wrong one.",
    remedy="Send and check the name (nginx: proxy_ssl_server_name on, proxy_ssl_name, proxy_ssl_verify on; "
    "HAProxy: sni; Apache: SSLProxyCheckPeerName on).",
    sources=(asvs("12.3.2 (L2)"), rfc(9325, "7.1"), _NGINX),
)
def unnamed_upstream(case: Case) -> Iterable[Fail]:
    """An upstream that is addressed by name is not asked for it; without verification there is no check at all."""
    upstream = _upstream(case)
    sends, checks = sure(upstream.sends_name), sure(upstream.checks_name)
    if not sends.value:
        yield Fail(f"no server name is sent to {printable(upstream.destination)}", (sends.basis,))
    if not checks.value:
        yield Fail(f"the name of {printable(upstream.destination)} is not checked", (checks.basis,))


@rule(
    "TLS-CONF-019",
    title="TLS failures of upstreams not logged",
    severity=Severity.LOW,
    cwe=(544,),
    applies=_speaks_tls,
    expected="a log that takes errors",
    why="A certificate that does not verify may be an attack, or the start of an outage, and nobody sees it.",
    remedy="Log errors (nginx: error_log at level error or below; HAProxy: log in the frontend; Apache: LogLevel).",
    sources=(asvs4("9.2.5"),),
)
def unlogged_failures(case: Case) -> Iterable[Fail]:
    """The log goes nowhere, or takes only what is worse than a failed handshake."""
    logged = sure(_upstream(case).failures_logged)
    if not logged.value:
        yield Fail(f"failed handshakes with {printable(_upstream(case).destination)} leave no trace", (logged.basis,))


def _upstream(case: Case) -> Upstream:
    """The upstream; raises Undecided where the subject is none."""
    upstream = case.facts.upstream
    if upstream is None:
        NOT_ASKED.need()
    return upstream


RULES: tuple[Rule, ...] = (plaintext_upstream, unverified_upstream, unnamed_upstream, unlogged_failures)
