"""What is ambiguous about one answer is read beside the others, and is otherwise left open."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.lab.clients import LabClients
from tests.lab.process import Running
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.lab.splitting import deaf
from tests.probe.auditing import TLS_1_2, TLS_1_3
from tests.probe.trying import mutual, outcomes
from tlsaudit.credentials import Provenance
from tlsaudit.model.facts import Attempt, Layer, TrialKind
from tlsaudit.model.knowledge import Fact, Known, Unknown
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.outcomes import decide
from tlsaudit.wire import Alert

_KINDS = {kind.value: kind for kind in TrialKind}
_OURS, _OTHER = "the client CA", "another CA"
_UNTRUSTED = {TrialKind.SELF_SIGNED, TrialKind.UNKNOWN_CA, TrialKind.IMPOSTOR_CA}
_LIKE_THE_GOOD = {TrialKind.GOOD, *_UNTRUSTED}


def answered(status: int, body: str = "") -> Exchange:
    head = f"HTTP/1.1 {status} Words\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    return Exchange(n=1, certificate_requested=True, presented=True, established=True, data=head.encode(), ended=True)


def alert(number: int) -> Exchange:
    return Exchange(n=1, certificate_requested=True, presented=True, alert=Alert(2, number))


def spoken(data: bytes, **others: Any) -> Exchange:
    """Something else than HTTP/1.1 after the handshake."""
    return Exchange(n=1, certificate_requested=True, presented=True, established=True, data=data, **others)


def odd(status: int) -> Exchange:
    """A response with a field that no parser takes, whose status lenient clients read."""
    return spoken(b"HTTP/1.1 %d Words\r\nX Bad : y\r\n\r\nbody" % status, accepted_by_tls=True, ended=True)


CUT = Exchange(n=1, certificate_requested=True, presented=True, established=True, ended=True)
RESET = Exchange(n=1, certificate_requested=True, presented=True, failure="reset", problem="reset")
STALLS = Exchange(n=1, certificate_requested=True, presented=True, established=True, failure="timeout", problem="late")
WAITS = replace(STALLS, accepted_by_tls=True)
TAKEN = Exchange(
    n=1, certificate_requested=True, presented=True, established=True, closing=True, accepted_by_tls=True, ended=True
)
NOT_SHOWN = Exchange(n=1, certificate_requested=True, alert=Alert(2, 40))
NOT_ASKED = Exchange(n=1, established=True, data=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ended=True)
HTTP_2 = spoken(b"\0\0\x12", alpn="h2", accepted_by_tls=True)
OTHER = spoken(b"220 hello\r\n", accepted_by_tls=True)
DENIED = spoken(b"-ERR client certificate required\r\n", accepted_by_tls=True)
CUT_HEAD = spoken(b"HTTP/1.1 200 OK\r\nServer: x\r\n", accepted_by_tls=True, ended=True)
REFUSAL = answered(400, "No required SSL certificate was sent")


def word(fact: Fact[Attempt]) -> str:
    if isinstance(fact, Unknown):
        return "?"
    if fact.value.admitted:
        return "in"
    return "app" if fact.value.layer is Layer.APPLICATION else "tls"


def made(kind: TrialKind, exchanges: dict[str, Exchange]) -> Provenance:
    """As it is with a CA key: all but the revoked one and, beside another identity, the good one are made here."""
    beside = "wrong_identity" in exchanges
    given = kind is TrialKind.REVOKED or (kind is TrialKind.GOOD and beside)
    names = kind if kind is TrialKind.REVOKED else "good" if beside and kind in _LIKE_THE_GOOD else "ours"
    return Provenance(made_here=not given, authority=None if kind in _UNTRUSTED else _OURS, names=names)


Case = tuple[dict[str, Exchange], dict[str, str]]

ALONE: list[Case] = [
    ({"expired": answered(200)}, {"expired": "in"}),
    ({"expired": answered(404)}, {"expired": "?"}),
    ({"expired": answered(400)}, {"expired": "?"}),
    ({"expired": answered(302)}, {"expired": "?"}),
    ({"expired": answered(403)}, {"expired": "?"}),
    ({"expired": answered(429)}, {"expired": "?"}),
    ({"expired": answered(503)}, {"expired": "?"}),
    ({"expired": REFUSAL}, {"expired": "?"}),
    ({"self_signed": REFUSAL}, {"self_signed": "?"}),
    ({"self_signed": answered(496)}, {"self_signed": "?"}),
    ({"none": REFUSAL}, {"none": "app"}),
    ({"expired": alert(45)}, {"expired": "tls"}),
    ({"revoked": alert(44)}, {"revoked": "tls"}),
    ({"server_auth_only": alert(43)}, {"server_auth_only": "tls"}),
    ({"impostor_ca": alert(51)}, {"impostor_ca": "tls"}),
    ({"self_signed": alert(48)}, {"self_signed": "tls"}),
    ({"self_signed": alert(42)}, {"self_signed": "?"}),
    ({"expired": alert(48)}, {"expired": "?"}),
    ({"weak_key": alert(42)}, {"weak_key": "?"}),
    ({"expired": alert(80)}, {"expired": "?"}),
    ({"good": alert(48)}, {"good": "tls"}),
    ({"good": alert(50)}, {"good": "?"}),
    ({"good": answered(404)}, {"good": "?"}),
    ({"expired": NOT_SHOWN}, {"expired": "?"}),
    ({"none": NOT_SHOWN}, {"none": "tls"}),
    ({"expired": NOT_ASKED}, {"expired": "?"}),
    ({"expired": RESET}, {"expired": "?"}),
    ({"self_signed": CUT, "unknown_ca": CUT}, {"self_signed": "?", "unknown_ca": "?"}),
    ({"good": WAITS}, {"good": "?"}),
    ({"good": HTTP_2}, {"good": "?"}),
    ({"good": OTHER}, {"good": "?"}),
    ({"good": CUT_HEAD}, {"good": "?"}),
    ({"self_signed": odd(403)}, {"self_signed": "?"}),
    ({"self_signed": odd(200)}, {"self_signed": "in"}),
]
"""Without anything to compare with."""

BESIDE_THE_GOOD: list[Case] = [
    ({"expired": answered(403), "good": answered(200)}, {"expired": "?", "good": "in"}),
    ({"none": answered(403), "good": answered(200)}, {"none": "app", "good": "in"}),
    ({"none": answered(200), "good": answered(403)}, {"none": "in", "good": "app"}),
    ({"none": alert(40), "good": alert(40)}, {"none": "tls", "good": "?"}),
    ({"expired": answered(401), "good": answered(403)}, {"expired": "?", "good": "?"}),
    ({"expired": answered(302), "good": answered(302)}, {"expired": "?", "good": "?"}),
    ({"expired": answered(302), "good": answered(200)}, {"expired": "?", "good": "in"}),
    ({"self_signed": answered(404), "good": answered(200)}, {"self_signed": "?", "good": "in"}),
    ({"self_signed": answered(400), "good": answered(200)}, {"self_signed": "?", "good": "in"}),
    ({"none": answered(400), "good": answered(200)}, {"none": "?", "good": "in"}),
    ({"expired": answered(503), "good": answered(200)}, {"expired": "?", "good": "in"}),
    (
        {"expired": alert(45), "self_signed": answered(404), "good": answered(404)},
        {"expired": "tls", "self_signed": "in", "good": "in"},
    ),
    (
        {"none": answered(401), "self_signed": answered(404), "good": answered(404)},
        {"none": "app", "self_signed": "in", "good": "in"},
    ),
    ({"self_signed": answered(404), "good": answered(404)}, {"self_signed": "?", "good": "?"}),
    (
        {"self_signed": CUT, "unknown_ca": RESET, "expired": CUT, "good": answered(200)},
        {"self_signed": "app", "unknown_ca": "app", "expired": "?", "good": "in"},
    ),
    (
        {"self_signed": alert(48), "unknown_ca": CUT, "good": answered(200)},
        {"self_signed": "tls", "unknown_ca": "?", "good": "in"},
    ),
    # Words about certificates say nothing of what is wrong with one, unless it bears the name that gets in.
    ({"revoked": REFUSAL, "good": answered(200)}, {"revoked": "?", "good": "in"}),
    ({"expired": REFUSAL, "good": answered(200)}, {"expired": "?", "good": "in"}),
    ({"self_signed": REFUSAL, "good": answered(200)}, {"self_signed": "app", "good": "in"}),
    ({"self_signed": answered(403), "good": answered(200)}, {"self_signed": "app", "good": "in"}),
    # What is not HTTP counts where the good one is told the same, and others something else.
    (
        {"none": DENIED, "self_signed": DENIED, "unknown_ca": OTHER, "good": OTHER},
        {"none": "?", "self_signed": "?", "unknown_ca": "in", "good": "in"},
    ),
    ({"none": OTHER, "self_signed": OTHER, "good": OTHER}, {"none": "?", "self_signed": "?", "good": "?"}),
    (
        {"none": OTHER, "self_signed": alert(48), "good": OTHER},
        {"none": "in", "self_signed": "tls", "good": "in"},
    ),
    ({"none": DENIED, "good": answered(200)}, {"none": "?", "good": "in"}),
    # What is silent, or slow, beside others.
    ({"none": alert(116), "good": WAITS}, {"none": "tls", "good": "in"}),
    ({"none": alert(116), "good": STALLS}, {"none": "tls", "good": "?"}),
    ({"none": alert(116), "good": TAKEN}, {"none": "tls", "good": "in"}),
    ({"none": alert(116), "good": HTTP_2}, {"none": "tls", "good": "in"}),
    (
        {"none": alert(116), "self_signed": WAITS, "good": answered(200)},
        {"none": "tls", "self_signed": "?", "good": "in"},
    ),
    (
        {"none": alert(116), "self_signed": TAKEN, "good": answered(403)},
        {"none": "tls", "self_signed": "?", "good": "?"},
    ),
    # Half-RTT data comes before the verdict.
    ({"self_signed": spoken(b"220 hi\r\n", alert=Alert(2, 48))}, {"self_signed": "tls"}),
    ({"self_signed": spoken(b"220 hi\r\n")}, {"self_signed": "?"}),
    (
        {"none": alert(116), "self_signed": spoken(b"\0\0\x12", alpn="h2", alert=Alert(2, 48))},
        {"none": "tls", "self_signed": "tls"},
    ),
    (
        {"none": alert(116), "self_signed": spoken(b"\0\0\x12", alpn="h2")},
        {"none": "tls", "self_signed": "?"},
    ),
]
"""The good one is given, and no CA key."""

_SOUND = {"good": answered(200), "wrong_identity": answered(200)}
_ONE_NAME = {"good": answered(200), "wrong_identity": answered(403)}
_IN = {"good": "in", "wrong_identity": "in"}
_NAMED = {"good": "in", "wrong_identity": "app"}
BESIDE_THE_CONTROL: list[Case] = [
    ({**_SOUND, "expired": answered(403)}, {**_IN, "expired": "app"}),
    ({**_SOUND, "self_signed": answered(403)}, {**_IN, "self_signed": "app"}),
    ({**_SOUND, "self_signed": alert(42), "weak_key": alert(42)}, {**_IN, "self_signed": "tls", "weak_key": "tls"}),
    ({**_SOUND, "not_yet_valid": REFUSAL}, {**_IN, "not_yet_valid": "app"}),
    (
        {**_SOUND, "self_signed": CUT, "unknown_ca": RESET, "expired": CUT},
        {**_IN, "self_signed": "app", "unknown_ca": "app", "expired": "app"},
    ),
    # The name is looked at: what gets the same answer may be refused for its name, unless it bears that of the good.
    (
        {**_ONE_NAME, "self_signed": answered(403), "expired": answered(403)},
        {**_NAMED, "self_signed": "app", "expired": "?"},
    ),
    (
        {**_ONE_NAME, "self_signed": REFUSAL, "expired": REFUSAL, "not_yet_valid": alert(42)},
        {**_NAMED, "self_signed": "app", "expired": "app", "not_yet_valid": "tls"},
    ),
    (
        {"good": answered(200), "wrong_identity": REFUSAL, "self_signed": REFUSAL, "expired": REFUSAL},
        {"good": "in", "wrong_identity": "app", "self_signed": "app", "expired": "?"},
    ),
    (
        {"good": answered(200), "wrong_identity": alert(42), "self_signed": alert(42), "weak_key": alert(42)},
        {"good": "in", "wrong_identity": "tls", "self_signed": "tls", "weak_key": "?"},
    ),
    (
        {"good": answered(200), "wrong_identity": alert(45), "expired": alert(45)},
        {"good": "in", "wrong_identity": "tls", "expired": "?"},
    ),
    # A good one that was made here is a control as well.
    ({"good": answered(200), "expired": alert(42)}, {"good": "in", "expired": "tls"}),
]
"""The good one is given, and another identity is made with the CA key."""


@pytest.mark.parametrize(("exchanges", "expected"), ALONE)
def test_one_answer_by_itself(exchanges: dict[str, Exchange], expected: dict[str, str]) -> None:
    check(decide({_KINDS[name]: each for name, each in exchanges.items()}), expected)


@pytest.mark.parametrize(("exchanges", "expected"), BESIDE_THE_GOOD)
def test_beside_a_good_certificate(exchanges: dict[str, Exchange], expected: dict[str, str]) -> None:
    given = {
        TrialKind.GOOD: Provenance(authority=_OURS, names="good"),
        TrialKind.REVOKED: Provenance(authority=_OURS, names="revoked"),
        TrialKind.SELF_SIGNED: Provenance(made_here=True, names="good"),
        TrialKind.UNKNOWN_CA: Provenance(made_here=True, names="good"),
    }
    check(decide({_KINDS[name]: each for name, each in exchanges.items()}, given), expected)


@pytest.mark.parametrize(("exchanges", "expected"), BESIDE_THE_CONTROL)
def test_beside_a_sound_certificate_of_another_name(exchanges: dict[str, Exchange], expected: dict[str, str]) -> None:
    provenance = {_KINDS[name]: made(_KINDS[name], exchanges) for name in exchanges}
    check(decide({_KINDS[name]: each for name, each in exchanges.items()}, provenance), expected)


@pytest.mark.parametrize("answer", [alert(48), REFUSAL, answered(403)])
def test_the_key_of_another_ca_proves_nothing(answer: Exchange) -> None:
    """The good one is of the CA that the server trusts; all that were made are not."""
    exchanges = {
        TrialKind.GOOD: answered(200),
        TrialKind.WRONG_IDENTITY: answer,
        TrialKind.EXPIRED: answer,
        TrialKind.SERVER_AUTH_ONLY: answer,
        TrialKind.WEAK_KEY: answer,
    }
    origins = {kind: Provenance(made_here=True, authority=_OTHER) for kind in exchanges}
    origins[TrialKind.GOOD] = Provenance(authority=_OURS)
    unknown = dict.fromkeys(("wrong_identity", "expired", "server_auth_only", "weak_key"), "?")
    check(decide(exchanges, origins), {"good": "in", **unknown})


@pytest.mark.parametrize(("layer", "expected"), [(None, "?"), (Layer.TLS, "in"), (Layer.APPLICATION, "in")])
def test_an_error_that_answers_the_good_one_alone_is_an_answer(layer: Layer | None, expected: str) -> None:
    check(decide({TrialKind.GOOD: answered(404)}, {}, layer), {"good": expected})
    made_here = {TrialKind.GOOD: Provenance(made_here=True)}
    check(decide({TrialKind.GOOD: answered(404)}, made_here, layer), {"good": "?"})


def check(found: Mapping[TrialKind, Fact[Attempt]], expected: dict[str, str]) -> None:
    assert {kind.value: word(fact) for kind, fact in found.items()} == expected
    assert all(fact.basis.at == "probe:1" for fact in found.values() if isinstance(fact, Known))


def test_a_server_that_falls_silent_is_left_alone(lab: Lab) -> None:
    """It asks for a certificate, and whatever the client then says is not answered."""
    clients = LabClients.of(lab.pki)
    behind = lab.nginx(
        f"ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client on; ssl_client_certificate {lab.pki.client_ca_file};"
    )
    with ScriptedServer(deaf(behind.port)) as server:
        found = mutual(server, clients.trials(), timeout=0.5)
    for version in (TLS_1_2, TLS_1_3):
        seen = outcomes(found.client_auth, version)
        assert all(outcome.startswith("? no_answer") for outcome in seen.values())
        asked = [probe.asked for probe in found.probes if "trial" in probe.asked or "serial" in probe.asked]
        assert sum(version in each for each in asked) == 1
    assert isinstance(found.client_auth.verifies, Unknown)
    assert isinstance(found.client_auth.mode, Unknown)


def mute(lab: Lab, verify: ssl.VerifyMode) -> Running:
    """TLS as it should be, and an application that only listens."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.pki.ecdsa.chain, lab.pki.ecdsa.key)
    context.load_verify_locations(lab.pki.client_ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = verify

    def listen(connection: ssl.SSLSocket) -> bytes:
        with contextlib.suppress(OSError):
            while connection.recv(4096):
                pass
        return b""

    return lab.python(context, listen)


def test_an_application_that_says_nothing_is_not_waited_for_twice(lab: Lab) -> None:
    found = mutual(mute(lab, ssl.CERT_OPTIONAL), paths=("/a", "/b"), timeout=0.5)
    for where in ("without a server name", "/a", "/b"):
        assert found.client_auth.elsewhere[where][TLS_1_3].requested.need()
    asked = [probe.asked for probe in found.probes]
    assert sum("handshake and close" in each for each in asked) == 6
    assert isinstance(found.client_auth.mode, Unknown)


def test_where_the_application_says_nothing_tls_decides(lab: Lab) -> None:
    """What TLS refuses and what it takes is all there is."""
    found = mutual(mute(lab, ssl.CERT_REQUIRED), LabClients.of(lab.pki).trials(), timeout=0.5).client_auth
    for version in (TLS_1_2, TLS_1_3):
        seen = outcomes(found, version)
        assert (seen[TrialKind.SELF_SIGNED], seen[TrialKind.EXPIRED]) == ("48", "45")
        assert (seen[TrialKind.WRONG_IDENTITY], seen[TrialKind.GOOD]) == ("in", "in")
    assert found.verifies.need()
