"""PostgreSQL, sans-IO: what it may answer to SSLRequest, and what it says to a StartupMessage."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.model.target import STARTTLS_PORTS
from tlsaudit.probe.starttls import SERVICES, Said
from tlsaudit.probe.starttls.postgres import POSTGRES
from tlsaudit.probe.starttls.service import Declined


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


def error(code: str, text: str) -> bytes:
    return message(b"E", b"".join(f"{field}\0".encode() for field in ("SFATAL", f"C{code}", f"M{text}")) + b"\0")


def request(kind: int) -> bytes:
    return message(b"R", struct.pack(">I", kind) + b"SCRAM-SHA-256\0\0")


def test_every_service_of_the_target_grammar_can_be_spoken() -> None:
    assert SERVICES.keys() == STARTTLS_PORTS.keys()


def test_the_request_for_tls_and_consent() -> None:
    talk = POSTGRES.upgrade()
    assert next(talk) == bytes.fromhex("0000000804d2162f")
    with pytest.raises(StopIteration):
        talk.send(b"S")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"N", "does not offer TLS"),
        (b"S\x16\x03\x03", "goes on in plain text"),
        (
            b"EFATAL: \x1b[31munsupported frontend protocol\n\0",
            "with an error: FATAL: \\[31munsupported frontend protocol$",
        ),
        (b"220 mail.example ESMTP", "does not speak PostgreSQL"),
        (b"\0" * 20000, "does not speak PostgreSQL"),
    ],
)
def test_whatever_else_is_answered_declines(answer: bytes, reason: str) -> None:
    talk = POSTGRES.upgrade()
    next(talk)
    with pytest.raises(Declined, match=reason) as refusal:
        talk.send(answer)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 300


def test_the_first_message_names_the_user() -> None:
    opening = POSTGRES.opening("me")
    assert struct.unpack(">II", opening[:8]) == (len(opening), 196608)
    assert opening[8:].split(b"\0")[:4] == [b"user", b"me", b"database", b"postgres"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (request(10), Said("PostgreSQL asks for a password (SASL), user 'me'", False)),
        (
            request(0) + error("28000", "role"),
            Said("PostgreSQL lets in without a password (AuthenticationOk), user 'me'", False, True),
        ),
        (request(99), Said("PostgreSQL asks for authentication (type 99), user 'me'", False)),
        (message(b"N", b"SNOTICE\0\0") + request(5), Said("PostgreSQL asks for a password (MD5), user 'me'", False)),
        (
            error("28000", "connection requires a valid client certificate"),
            Said("PostgreSQL error 28000: connection requires a valid client certificate", True),
        ),
        (
            error("28000", "Verbindung erfordert ein gültiges Client-Zertifikat"),
            Said("PostgreSQL error 28000: Verbindung erfordert ein gültiges Client-Zertifikat", True),
        ),
        (
            error("28000", 'no pg_hba.conf entry for host "::1"'),
            Said('PostgreSQL error 28000: no pg_hba.conf entry for host "::1"', None),
        ),
        (
            error("F0000", "client certificates can only be checked if a root certificate store is available"),
            Said(
                "PostgreSQL error F0000: client certificates can only be checked if a root certificate store is "
                "available",
                None,
            ),
        ),
        (error("53300", "sorry,\x1b]0;x\x07 too many"), Said("PostgreSQL error 53300: sorry, ]0;x too many", None)),
        (b"HTTP/1", Said("what answers is not PostgreSQL: it begins with 48 54 54 50 2f 31", None)),
    ],
)  # fmt: skip
def test_what_it_says(data: bytes, said: Said) -> None:
    assert POSTGRES.enough(data)
    assert POSTGRES.read(data, "me") == said


@pytest.mark.parametrize("data", [b"", b"R", request(10)[:-1], message(b"N", b"S\0\0")])
def test_what_may_go_on_is_waited_for(data: bytes) -> None:
    assert not POSTGRES.enough(data)


@given(st.binary(max_size=200), st.sampled_from([b"", b"R", b"E", b"N\0\0\0\4"]))
def test_junk_is_read_without_a_verdict_or_an_error(data: bytes, start: bytes) -> None:
    said = POSTGRES.read(start + data, "me")
    assert said.words.isprintable()
    assert POSTGRES.enough(start + data + bytes(9000))
