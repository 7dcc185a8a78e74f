"""Gate mode against the whole audit: fewer questions, and never another answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest

from tests.lab.pki import LabPki
from tests.lab.process import Running
from tests.lab.proxy import DelayProxy
from tests.lab.script import Refused, Script
from tests.lab.scripted import Connection, ScriptedServer
from tests.lab.servers import Lab
from tests.probe.auditing import TLS_1_2, audit, deployments, ders
from tlsaudit.data.suites import SUITES
from tlsaudit.judge import judge
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Why
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Judgement, Outcome, Severity
from tlsaudit.policy import Policy, left_open, load_policy, what_is_forbidden
from tlsaudit.wire import AlertDescription, ClientHello

POLICY = load_policy("owasp")
FORBIDDEN = what_is_forbidden(POLICY)
STRICTER = [load_policy(each) for each in ("bsi-tr-02102-2", "nist-800-52r2", "cnsa-2", "internal-mtls")]
"""Policies that list groups, suites and behaviours of their own."""
SECP192R1 = 19
DECIDED = {Outcome.PASS, Outcome.FAIL, Outcome.NOT_APPLICABLE}

Serve = Callable[[Lab], Running]


def judged(facts: Facts, mode: str, policy: Policy = POLICY) -> Judgement:
    now = datetime.now(UTC)
    return judge(facts, policy, as_of=now, expect=Expectation(), mode=mode, subject_id="localhost:443")


def outcomes(judgement: Judgement) -> dict[str, str]:
    """Every rule with its outcome, a failure with its severity."""
    return {
        each.rule: f"fail, {each.severity}" if each.outcome is Outcome.FAIL else str(each.outcome)
        for each in judgement.results
    }


def disagreements(server: Running, *policies: Policy) -> dict[tuple[str, str], tuple[str, str]]:
    """What gate mode decides under a policy, and full mode otherwise."""
    full = audit(server, full=True).facts
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for policy in policies:
        gate = judged(audit(server, forbidden=what_is_forbidden(policy)).facts, "gate", policy)
        here, there = outcomes(gate), outcomes(judged(full, "full", policy))
        decided = {each.rule for each in gate.results if each.outcome in DECIDED}
        found |= {(policy.id, rule): (here[rule], there[rule]) for rule in decided if here[rule] != there[rule]}
    return found


def compliant(lab: Lab) -> Running:
    suites = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
    return lab.nginx(f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {suites};")


def two_kinds_of_keys(lab: Lab) -> Running:
    return lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;", certificates=(lab.pki.ecdsa, lab.pki.rsa))


def old_and_weak(lab: Lab) -> Running:
    directives = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;"
    return lab.nginx(directives, certificates=(lab.pki.rsa,))


def groups_that_are_too_small(lab: Lab) -> Running:
    return lab.openssl("-groups", "P-521:P-224:X25519", "-tls1_2", certificate=lab.pki.rsa)


def tls_1_3_alone(lab: Lab) -> Running:
    return lab.openssl("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256:TLS_AES_128_GCM_SHA256")


def dhe_of_2048_bits(lab: Lab) -> Running:
    """Parameters that BSI forbids behind suites that it permits, and a server that prefers others."""
    ciphers = "ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES256-GCM-SHA384"
    return lab.openssl("-tls1_2", "-serverpref", "-cipher", ciphers, certificate=lab.pki.rsa)


def any_renegotiation(lab: Lab) -> Running:
    return lab.gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3")


def ssl_3_alone(lab: Lab) -> Running:
    only = {"minVersion": [3, 0], "maxVersion": [3, 0], "versions": []}
    return lab.tlslite({**only, "cipherNames": ["rc4", "3des"], "macNames": ["md5", "sha"]})


def fails_over_dhe(lab: Lab) -> Running:
    """Static RSA and old versions, which offers of DHE hide: GnuTLS chooses it without a group for it, and fails."""
    return lab.gnutls("NORMAL:-GROUP-ALL:+GROUP-X448:+GROUP-SECP384R1", certificate=lab.pki.rsa)


def a_small_group_behind_the_curve_of_the_certificate(lab: Lab) -> Running:
    return lab.gnutls("NORMAL:-GROUP-ALL:+GROUP-SECP256R1:+GROUP-SECP192R1:%SERVER_PRECEDENCE")


def an_rsa_key_at_tls_1_3_alone(lab: Lab) -> Running:
    rsa = lab.pki.rsa
    second = ("-dcert", rsa.chain, "-dkey", rsa.key)
    return lab.openssl(*second, "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256", certificate=lab.pki.ecdsa)


def an_ecdsa_certificate_before_everything(lab: Lab) -> Running:
    """HAProxy takes it wherever a suite for one is on offer, and refuses those who need the other certificate."""
    ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:NULL-SHA256:AES128-SHA:@SECLEVEL=0"
    return lab.haproxy(f"crt {lab.pki.ecdsa.combined} ssl-max-ver TLSv1.2 ciphers {ciphers}", certificate=lab.pki.rsa)


@pytest.mark.parametrize(
    "serve",
    [
        compliant,
        two_kinds_of_keys,
        old_and_weak,
        groups_that_are_too_small,
        a_small_group_behind_the_curve_of_the_certificate,
        an_rsa_key_at_tls_1_3_alone,
        an_ecdsa_certificate_before_everything,
        tls_1_3_alone,
        dhe_of_2048_bits,
        any_renegotiation,
        ssl_3_alone,
        fails_over_dhe,
    ],
    ids=lambda serve: serve.__name__,
)
def test_what_gate_mode_decides_full_mode_decides_alike(module_lab: Lab, serve: Serve) -> None:
    assert not disagreements(serve(module_lab), POLICY, *STRICTER)


@pytest.mark.parametrize("serve", [two_kinds_of_keys, dhe_of_2048_bits, tls_1_3_alone, any_renegotiation])
@pytest.mark.parametrize("policy", STRICTER, ids=lambda policy: policy.id)
def test_nothing_that_a_policy_lists_is_left_open(module_lab: Lab, serve: Serve, policy: Policy) -> None:
    judgement = judged(audit(serve(module_lab), forbidden=what_is_forbidden(policy)).facts, "gate", policy)
    untested = {each.rule for each in judgement.results if each.outcome is Outcome.NOT_TESTED}
    assert left_open(policy, untested, Severity.HIGH) == ()


@pytest.mark.parametrize(
    ("serve", "failing"),
    [
        (dhe_of_2048_bits, {"TLS-KEX-003": "2048 bits"}),
        (any_renegotiation, {"TLS-SESS-003": "10 of 10 renegotiations"}),
        (tls_1_3_alone, {}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_bsi_forbids_beside_suites_and_groups_is_asked_for(
    module_lab: Lab, serve: Serve, failing: dict[str, str]
) -> None:
    bsi = STRICTER[0]
    judgement = judged(audit(serve(module_lab), forbidden=what_is_forbidden(bsi)).facts, "gate", bsi)
    asked = {each.rule: each for each in judgement.results if each.rule in {"TLS-KEX-003", "TLS-SESS-003"}}
    assert {rule for rule, each in asked.items() if each.outcome is Outcome.FAIL} == failing.keys()
    for rule, observed in failing.items():
        assert asked[rule].severity is Severity.HIGH
        assert observed in asked[rule].observed


def test_a_sound_server_costs_at_most_sixteen_connections(lab: Lab) -> None:
    server = compliant(lab)
    with DelayProxy(server.port, round_trip=0.0) as proxy:
        found = audit(proxy, forbidden=FORBIDDEN).facts
    assert found.connections == proxy.connections == len(found.probes) <= 16


def test_a_grave_and_a_mild_weakness_are_both_found(lab: Lab) -> None:
    # NULL is critical, static RSA high, DHE low: whichever the server likes best, it hides no other.
    listed = "DHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256:ECDHE-RSA-NULL-SHA:@SECLEVEL=0"
    server = lab.openssl("-tls1_2", "-serverpref", "-cipher", listed, certificate=lab.pki.rsa)
    found = outcomes(judged(audit(server, forbidden=FORBIDDEN).facts, "gate"))
    assert found["TLS-CIPH-001"] == "fail, critical"
    assert found["TLS-CIPH-010"] == "fail, high"
    assert found["TLS-CIPH-015"] == "fail, low"
    assert found["TLS-CIPH-003"] == "pass"


def test_a_curve_that_is_preferred_hides_no_forbidden_group(lab: Lab) -> None:
    found = audit(a_small_group_behind_the_curve_of_the_certificate(lab), forbidden=FORBIDDEN).facts
    assert (TLS_1_2, SECP192R1) in found.groups.accepted
    assert outcomes(judged(found, "gate"))["TLS-KEX-008"] == "fail, high"


def test_a_certificate_that_is_preferred_hides_no_forbidden_suite(lab: Lab) -> None:
    found = outcomes(judged(audit(an_ecdsa_certificate_before_everything(lab), forbidden=FORBIDDEN).facts, "gate"))
    assert found["TLS-CIPH-001"] == "fail, critical"
    assert found["TLS-CIPH-010"] == "fail, high"


def test_both_certificates_are_seen_where_tls_1_2_shows_one(lab: Lab) -> None:
    found = audit(an_rsa_key_at_tls_1_3_alone(lab), forbidden=FORBIDDEN).facts
    assert {each.leaf.need().key.type for each in deployments(found)} == {"ec", "rsa"}


def test_a_server_that_fails_over_one_kind_of_key_is_asked_for_the_others(lab_pki: LabPki) -> None:
    """As one whose ECDSA key cannot be used: every offer that has room for it ends in internal_error."""
    script = Script(chain=ders(lab_pki.rsa.leaf), suites={0xC013: "ECDHE", 0xC02F: "ECDHE", 0x002F: "RSA"})

    def answer(hello: ClientHello) -> bytes:
        if any(SUITES[code].auth == "ECDSA" for code in hello.cipher_suites if code in SUITES):
            raise Refused(AlertDescription.INTERNAL_ERROR)
        return script.answer(hello)

    def play(connection: Connection) -> None:
        hello = connection.hello()
        try:
            connection.sock.sendall(answer(hello) if isinstance(hello, ClientHello) else b"")
        except Refused as refused:
            connection.sock.sendall(script.refusal(refused))
        connection.drain()

    with ScriptedServer(play) as server:
        found = audit(server, forbidden=FORBIDDEN).facts
    assert {code for version, code in found.cipher_suites.accepted if version is TLS_1_2} == set(script.suites)


def test_what_the_policy_permits_is_left_open_and_gets_no_grade(lab: Lab) -> None:
    found = audit(compliant(lab), forbidden=FORBIDDEN).facts
    judgement = judged(found, "gate")
    assert found.cipher_suites.rest.why is found.groups.rest.why is Why.NOT_ASKED
    assert judgement.score is None
    assert outcomes(judgement)["TLS-PQ-001"] == "not_tested"
    assert not any(each.outcome is Outcome.INCONCLUSIVE for each in judgement.results)


def test_a_server_that_stops_answering_proves_nothing(lab_pki: LabPki) -> None:
    """After a few answers it refuses everything, as an intrusion prevention does: no refusal counts then."""
    script = Script(chain=ders(lab_pki.rsa.leaf))
    served = count(1)

    def answer(hello: ClientHello) -> bytes:
        if next(served) > 3:
            return script.refusal(Refused())
        try:
            return script.answer(hello)
        except Refused as refused:
            return script.refusal(refused)

    def play(connection: Connection) -> None:
        hello = connection.hello()
        if isinstance(hello, ClientHello):
            connection.sock.sendall(answer(hello))

    with ScriptedServer(play) as server:
        done = audit(server, forbidden=FORBIDDEN)
    assert done.problem is not None
    assert done.problem.code == "unstable"
    found = outcomes(judged(done.facts, "gate"))
    assert {found[rule] for rule in ("TLS-CIPH-001", "TLS-CIPH-004", "TLS-PROTO-002")} == {"inconclusive"}
