"""What a port does beside mutual TLS: answer in plain text, and behave as a port of a service mesh.

A sidecar of Istio in PERMISSIVE mode takes mutual TLS from clients that offer a protocol name of the mesh; everything
else, plain text or other TLS, it passes to the application. In STRICT mode it takes mutual TLS alone, whatever names
are offered. So there are three questions: plain text, TLS with the names of the mesh, and TLS without (which the rest
of the audit has asked).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from tlsaudit.model.errors import DecodeError, NetworkError
from tlsaudit.model.facts import Mesh
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.spiffe import is_spiffe
from tlsaudit.model.target import Target
from tlsaudit.pki import parse_certificate
from tlsaudit.probe import http
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.handshake import COMPUTABLE_GROUPS, Handshake, handshake
from tlsaudit.probe.hellos import ALL_SCHEMES, ALPN_NAMES, Shape
from tlsaudit.probe.notes import Notes

MESH_NAMES: Final = ("istio-peer-exchange", "istio", "istio-http/1.1", "istio-http/1.0", "istio-h2")
"""Protocol names by which sidecars know each other."""

_LONGEST_ANSWER = 65536
_WANTS_TLS = re.compile(rb"https|\bssl\b|\btls\b", re.IGNORECASE)
_BAD_REQUEST, _MISDIRECTED, _UPGRADE_REQUIRED = 400, 421, 426


async def ask_plaintext(dialogue: Dialogue, target: Target) -> Fact[bool]:
    """Whether `GET /` without TLS is answered with more than that TLS is wanted here."""
    n = dialogue.log.open("GET / in plain text, without TLS")
    data, ended, failure = b"", False, None
    try:
        async with dialogue.dial() as connection:
            await connection.write(http.request(target))
            while not ended and not (data and http.enough(data)) and len(data) < _LONGEST_ANSWER:
                received = await connection.read()
                data, ended = data + received, not received
    except NetworkError as error:
        dialogue.note(error)
        failure = error
    fact = _plaintext(data, Basis(Origin.OBSERVED, f"probe:{n}"), failure, ended=ended)
    reading = http.read(data, ended=ended)
    words = f"{len(data)} bytes, not HTTP" if data else "closed without an answer"
    dialogue.log.close(n, http.describe(reading) if reading else str(failure or words))
    return fact


def _plaintext(data: bytes, basis: Basis, failure: NetworkError | None, *, ended: bool) -> Fact[bool]:
    reading = http.read(data, ended=ended or failure is not None) if data else None
    if reading is None:
        # A TLS server closes, resets, or sends an alert.
        if failure is not None and failure.code != "reset":
            return Unknown(Why.NO_ANSWER, f"plain text: {failure}")
        return Known(False, basis)
    if reading.status == _BAD_REQUEST and not _WANTS_TLS.search(reading.body):
        return Unknown(Why.NO_ANSWER, f"plain text: {http.describe(reading)}, which may refuse it or the request")
    locations = [value for name, value in reading.headers if name == "location"]
    led_away = 300 <= reading.status < http.FIRST_ERROR and any(each.startswith("https:") for each in locations)
    refuses = reading.status in {_BAD_REQUEST, _MISDIRECTED, _UPGRADE_REQUIRED}
    return Known(not (refuses or led_away), basis)


async def ask_mesh(dialogue: Dialogue, notes: Notes, plaintext: Fact[bool]) -> Fact[Mesh | None]:
    """Whether a service mesh shows itself to a client that offers its names, and what else it lets through."""
    shape = notes.contact.shape
    asked = "TLSv1.3, handshake with the protocol names of a service mesh"
    named = replace(shape, alpn=MESH_NAMES)
    shaken = await handshake(dialogue, named, asked, groups=COMPUTABLE_GROUPS, schemes=ALL_SCHEMES)
    if not _shows_workload(shaken):
        silent = shaken.certificate is None and shaken.alert is None
        return Unknown(Why.NO_ANSWER, shaken.problem) if silent else Known(None, shaken.basis)
    if isinstance(plaintext, Unknown):
        return plaintext
    if shaken.certificate_request is None:
        return Known(Mesh.DISABLED if plaintext.value else None, shaken.basis)
    permissive = plaintext.value or is_mesh_shape(shape) or not _asks_everybody(notes)
    return Known(Mesh.PERMISSIVE if permissive else Mesh.STRICT, plaintext.basis if plaintext.value else shaken.basis)


def is_mesh_shape(shape: Shape) -> bool:
    """Whether only hellos with names of the mesh are answered."""
    return bool(shape.alpn) and not set(shape.alpn) & set(ALPN_NAMES)


def _asks_everybody(notes: Notes) -> bool:
    """Whether a client certificate is asked for at every version, without the names of the mesh."""
    asked = [at.requested for at in notes.client_auth.values()]
    return bool(asked) and all(isinstance(each, Known) and each.value for each in asked)


def _shows_workload(shaken: Handshake) -> bool:
    if shaken.certificate is None or not shaken.certificate.certificates:
        return False
    try:
        leaf = parse_certificate(shaken.certificate.certificates[0])
    except DecodeError:
        return False
    return any(name.kind == "uri" and is_spiffe(name.value) for name in leaf.san or ())
