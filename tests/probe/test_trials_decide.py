"""What is ambiguous about one answer is read beside the others, and is otherwise left open."""

from __future__ import annotations

import contextlib
import ssl

import pytest

from tests.lab.clients import LabClients
from tests.lab.process import Running
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tests.lab.splitting import deaf
from tests.probe.auditing import TLS_1_2, TLS_1_3
from tests.probe.trying import mutual, outcomes
from tlsaudit.model.facts import Attempt, Layer, TrialKind
from tlsaudit.model.knowledge import Fact, Known, Unknown
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.trials import decide
from tlsaudit.wire import Alert

_KINDS = {kind.value: kind for kind in TrialKind}


def answered(status: int, body: str = "") -> Exchange:
    head = f"HTTP/1.1 {status} Words\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    return Exchange(n=1, certificate_requested=True, presented=True, established=True, data=head.encode(), ended=True)


def alert(number: int) -> Exchange:
    return Exchange(n=1, certificate_requested=True, presented=True, alert=Alert(2, number))


CUT = Exchange(n=1, certificate_requested=True, presented=True, established=True, ended=True)
RESET = Exchange(n=1, certificate_requested=True, presented=True, failure="reset", problem="reset")
WAITS = Exchange(n=1, certificate_requested=True, presented=True, established=True, failure="timeout", problem="late")
TAKEN = Exchange(
    n=1, certificate_requested=True, presented=True, established=True, closing=True, accepted_by_tls=True, ended=True
)
NOT_SHOWN = Exchange(n=1, certificate_requested=True, alert=Alert(2, 40))
NOT_ASKED = Exchange(n=1, established=True, data=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ended=True)
HTTP_2 = Exchange(n=1, certificate_requested=True, presented=True, established=True, alpn="h2", data=b"\0\0\x12")
OTHER = Exchange(n=1, certificate_requested=True, presented=True, established=True, data=b"220 hello\r\n")


def word(fact: Fact[Attempt]) -> str:
    if isinstance(fact, Unknown):
        return "?"
    if fact.value.admitted:
        return "in"
    return "app" if fact.value.layer is Layer.APPLICATION else "tls"


@pytest.mark.parametrize(
    ("exchanges", "expected"),
    [
        ({"expired": answered(200)}, {"expired": "in"}),
        ({"expired": answered(404)}, {"expired": "in"}),
        ({"expired": answered(400, "No required SSL certificate was sent")}, {"expired": "app"}),
        ({"expired": answered(400)}, {"expired": "in"}),
        ({"expired": answered(496)}, {"expired": "app"}),
        ({"expired": answered(403)}, {"expired": "?"}),
        ({"expired": answered(403), "good": answered(200)}, {"expired": "app", "good": "in"}),
        ({"expired": answered(401), "good": answered(403)}, {"expired": "?", "good": "?"}),
        ({"none": answered(200), "good": answered(403)}, {"none": "in", "good": "app"}),
        ({"expired": answered(302)}, {"expired": "in"}),
        ({"expired": answered(302), "good": answered(302)}, {"expired": "in", "good": "in"}),
        ({"expired": answered(302), "good": answered(200)}, {"expired": "?", "good": "in"}),
        ({"expired": answered(503), "good": answered(200)}, {"expired": "?", "good": "in"}),
        ({"expired": answered(429), "good": answered(200)}, {"expired": "?", "good": "in"}),
        ({"expired": alert(45)}, {"expired": "tls"}),
        ({"impostor_ca": alert(51)}, {"impostor_ca": "tls"}),
        ({"expired": alert(80)}, {"expired": "?"}),
        ({"expired": NOT_SHOWN}, {"expired": "?"}),
        ({"none": NOT_SHOWN}, {"none": "tls"}),
        ({"expired": NOT_ASKED}, {"expired": "?"}),
        ({"expired": RESET}, {"expired": "?"}),
        ({"expired": CUT, "good": answered(200)}, {"expired": "?", "good": "in"}),
        (
            {"self_signed": CUT, "unknown_ca": RESET, "expired": CUT, "good": answered(200)},
            {"self_signed": "app", "unknown_ca": "app", "expired": "app", "good": "in"},
        ),
        (
            {"self_signed": alert(48), "unknown_ca": CUT, "good": answered(200)},
            {"self_signed": "tls", "unknown_ca": "?", "good": "in"},
        ),
        ({"self_signed": CUT, "unknown_ca": CUT}, {"self_signed": "?", "unknown_ca": "?"}),
        ({"good": WAITS}, {"good": "?"}),
        ({"none": alert(116), "good": WAITS}, {"none": "tls", "good": "in"}),
        ({"none": alert(116), "good": TAKEN}, {"none": "tls", "good": "in"}),
        ({"none": alert(116), "good": HTTP_2}, {"none": "tls", "good": "in"}),
        ({"good": HTTP_2}, {"good": "?"}),
        ({"good": OTHER}, {"good": "in"}),
    ],
)
def test_what_became_of_each(exchanges: dict[str, Exchange], expected: dict[str, str]) -> None:
    found = decide({_KINDS[name]: each for name, each in exchanges.items()})
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
    for version, presented in ((TLS_1_2, 1), (TLS_1_3, 2)):
        seen = outcomes(found.client_auth, version)
        assert all(outcome.startswith("? no_answer") for outcome in seen.values())
        asked = [probe.asked for probe in found.probes if "trial" in probe.asked or "serial" in probe.asked]
        assert sum(version in each for each in asked) == presented
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
