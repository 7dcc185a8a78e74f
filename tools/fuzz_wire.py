"""Feeds the wire decoders mutated flights: whatever comes in, only events or a DecodeError may come out.

    python tools/fuzz_wire.py --seconds 60          a seed is printed; --seed repeats a run
    python tools/fuzz_wire.py --atheris [CORPUS]    coverage-guided, where atheris is installed

Each input is tried on every decoder. The readers must also give the same events in any chunking, and keep their bounds.
A finding is written to fuzz-finding.bin and ends the run with code 1; `--input FILE` tries it again.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import (
    SHARE_GROUPS,
    TLS13_SUITES,
    TLS_1_0,
    TLS_1_2,
    TLS_1_3,
    Alert,
    CertificateMessage,
    CertificateRequest,
    CertificateStatus,
    CertificateVerify,
    ClientHello,
    ContentType,
    EncryptedExtensions,
    Event,
    ExtensionType,
    FlightReader,
    HandshakeReader,
    HandshakeType,
    KeySchedule,
    NewSessionTicket,
    Psk,
    RecordProtection,
    RecordReader,
    ResumptionReader,
    ServerHello,
    Ssl2ClientHello,
    Ssl2Error,
    Ssl2ServerHello,
    Tls13Client,
    Transcript,
    extensions,
    generate_key_share,
    handshake_message,
    handshake_records,
    parse_offered_key_share,
    parse_server_key_exchange,
    ticket_in,
    verify_data,
    with_psk,
)
from tlsaudit.wire.event_reader import EventReader
from tlsaudit.wire.limits import MAX_FLIGHT_MESSAGES, MAX_FLIGHT_RECORDS

FLIGHTS = Path(__file__).parents[1] / "tests" / "wire" / "flights"
FINDING = Path("fuzz-finding.bin")

_KEY_EXCHANGES = ("ECDHE", "ECDH_anon", "ECDHE_PSK", "DHE", "DH_anon", "DHE_PSK", "RSA", "PSK")
_PARSERS: Sequence[Callable[[bytes], object]] = (
    ClientHello.parse,
    Ssl2ClientHello.parse,
    CertificateStatus.parse,
    extensions.parse_offered_server_name,
    extensions.parse_offered_alpn,
    extensions.parse_offered_key_share,
    extensions.parse_offered_supported_versions,
    extensions.parse_sct_list,
    extensions.parse_certificate_authorities,
    extensions.parse_cookie,
)


class ScriptedTls13:
    """As much of a TLS 1.3 server as it takes to say anything at all under encryption to one client."""

    def __init__(self, client_flight: bytes, *, suite: int = 0x1301, group: int = 0x001D) -> None:
        message = _only_message(client_flight)
        client_hello = ClientHello.parse(message[4:])
        offered = {extension.type: extension.data for extension in client_hello.extensions or ()}
        peer = dict(parse_offered_key_share(offered[ExtensionType.KEY_SHARE]))[group]
        share = generate_key_share(group)
        hello = ServerHello(
            version=TLS_1_3,
            legacy_version=TLS_1_2,
            session_id=client_hello.session_id,
            cipher_suite=suite,
            selected_group=group,
            key_share=share.public,
        ).handshake()
        self.suite = TLS13_SUITES[suite]
        self.hello = handshake_records(hello, TLS_1_2)
        self.transcript = Transcript()
        self.transcript.add(message)
        self.transcript.add(hello)
        self._schedule = KeySchedule(self.suite, share.exchange(peer))
        secrets = self._schedule.handshake_traffic(self.transcript.hash(self.suite))
        self.client_handshake_secret, self.server_handshake_secret = secrets
        self.handshake = RecordProtection(self.suite, self.server_handshake_secret)

    def finished(self) -> bytes:
        """The Finished message for the transcript as it stands, which it joins."""
        data = verify_data(self.suite, self.server_handshake_secret, self.transcript.hash(self.suite))
        message = handshake_message(HandshakeType.FINISHED, data)
        self.transcript.add(message)
        return message

    def flight(self, messages: bytes) -> bytes:
        """`messages` and Finished in one record under the handshake keys."""
        self.transcript.add(messages)
        return self.handshake.protect(ContentType.HANDSHAKE, messages + self.finished())

    def application(self) -> RecordProtection:
        """The server's application keys, after Finished."""
        _, secret = self._schedule.application_traffic(self.transcript.hash(self.suite))
        return RecordProtection(self.suite, secret)


def _only_message(flight: bytes) -> bytes:
    records, messages = RecordReader(), HandshakeReader()
    records.feed(flight)
    while (record := records.next()) is not None:
        messages.feed(record.payload)
    message = messages.next()
    if message is None:
        raise ValueError("the flight holds no message")
    return message.raw


def new_client() -> Tls13Client:
    """A client with the usual offers."""
    return Tls13Client(
        server_name="localhost",
        cipher_suites=(0x1301, 0x1302, 0x1303),
        groups=(0x001D, 0x0017, 0x0018, 0x11EC),
        share_groups=(0x001D,),
        signature_schemes=(0x0804, 0x0403),
        alpn=("h2",),
    )


def seeds() -> list[bytes]:
    """Recorded flights, SSL 2.0 answers, hellos, and the encrypted part of a TLS 1.3 flight in the clear."""
    encrypted = (
        EncryptedExtensions({ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION: b"\x00\x03\x02h2"}).handshake()
        + CertificateRequest(signature_schemes=(0x0403,), ca_names=(b"0\x00",)).handshake(TLS_1_3)
        + CertificateMessage(certificates=(b"0\x00", b"0\x01\x00")).handshake(TLS_1_3)
        + CertificateVerify(scheme=0x0403, signature=b"signature", content=b"").handshake()
        + handshake_message(HandshakeType.FINISHED, bytes(32))
        + NewSessionTicket(7200, ticket=b"ticket").handshake(TLS_1_3)
        + handshake_message(HandshakeType.KEY_UPDATE, b"\x01")
    )
    return [
        *(path.read_bytes() for path in sorted(FLIGHTS.glob("*.bin"))),
        Ssl2ServerHello(certificate=b"0\x00", cipher_kinds=(0x010080, 0x0700C0), connection_id=bytes(16)).encode(),
        Ssl2Error(1).encode(),
        Ssl2ClientHello((0x010080,)).encode(),
        new_client().start(),
        Alert(2, 40).record() + b"HTTP/1.1 400 Bad Request\r\n\r\n",
        encrypted,
    ]


def mutate(rng: random.Random, corpus: Sequence[bytes]) -> bytes:
    """A seed with a few bytes, lengths or slices changed."""
    data = bytearray(rng.choice(corpus))
    for _ in range(rng.randrange(1, 6)):
        at, end = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
        match rng.randrange(7):
            case 0:
                data[at : at + 1] = rng.randbytes(1)
            case 1:
                data[at : at + 2] = rng.choice((b"\x00\x00", b"\xff\xff", b"\x00\x01", b"\x40\x00", b"\x7f\xff"))
            case 2:
                del data[at : min(end, at + 16)]
            case 3:
                data[at:at] = data[at : min(end, at + 64)]
            case 4:
                data[at:at] = rng.randbytes(rng.randrange(1, 9))
            case 5:
                del data[at:]
            case _:
                data += rng.choice(corpus)
    return bytes(data)


def try_input(data: bytes) -> None:
    """Everything that reads bytes reads these; raises whatever it should not."""
    for ssl2 in (False, True):
        whole = _read(FlightReader(ssl2=ssl2), [data])
        if _read(FlightReader(ssl2=ssl2), _pieces(data)) != whole:
            raise AssertionError("another chunking gives other events")
    for version in (TLS_1_0, TLS_1_2):
        for kx in _KEY_EXCHANGES:
            for signed in (False, True):
                _decode(lambda body: parse_server_key_exchange(body, kx, version=version, signed=signed), data)  # noqa: B023 - called at once
    for parse in _PARSERS:
        _decode(parse, data)
    _decode(generate_key_share(min(SHARE_GROUPS)).exchange, data)
    _try_tls13(data)


def _try_tls13(data: bytes) -> None:
    """The bytes as the first answer, as handshake messages under encryption, and as what follows the handshake."""
    client = new_client()
    client.start()
    _read(client, _pieces(data))
    client = new_client()
    server = ScriptedTls13(client.start())
    content = data[: 2**14]
    _read(client, [server.hello, server.handshake.protect(ContentType.HANDSHAKE, content)])
    client = new_client()
    server = ScriptedTls13(client.start())
    client.feed(server.hello)
    client.feed(server.flight(_CERTIFIED))
    client.finish(close=False)
    records = server.application()
    type_ = data[0] if data else ContentType.HANDSHAKE
    _read(client, [records.protect(type_, content[1:]), records.protect(ContentType.HANDSHAKE, content), data])
    client.send()
    _try_resumption(data)


def _try_resumption(data: bytes) -> None:
    """The bytes as the answer to a ticket, and as what a server says under encryption once it has taken it."""
    client = new_client()
    server = ScriptedTls13(client.start())
    client.feed(server.hello + server.flight(_CERTIFIED))
    client.finish(close=True)
    ticket = NewSessionTicket(7200, ticket=b"ticket")
    psk = Psk.of(ticket, 0x1301, client.resumption_secret or b"", received=0.0)
    share = generate_key_share(0x001D)
    hello = with_psk(ClientHello(session_id=bytes(32), cipher_suites=(0x1301,)), psk, age=0.0)
    _read(ResumptionReader(hello, psk, share), _pieces(data))
    with contextlib.suppress(DecodeError):
        ticket_in(data, TLS_1_2)


_CERTIFIED = (
    EncryptedExtensions({}).handshake()
    + CertificateMessage(certificates=(b"0\x00",)).handshake(TLS_1_3)
    + CertificateVerify(scheme=0x0403, signature=b"signature", content=b"").handshake()
)


def _read(reader: EventReader, chunks: Sequence[bytes]) -> tuple[tuple[Event, ...], str]:
    """The events and the name of what was wrong, if anything."""
    where = ""
    try:
        for chunk in chunks:
            reader.feed(chunk)
        reader.eof()
    except DecodeError as error:
        where = error.where
        if not str(error).isprintable():
            raise AssertionError("control characters in a message") from error
    if len(reader.events) > 2 * (MAX_FLIGHT_MESSAGES + MAX_FLIGHT_RECORDS):
        raise AssertionError("more events than the bounds allow")
    return reader.events, where


def _decode(parse: Callable[[bytes], object], data: bytes) -> None:
    with contextlib.suppress(DecodeError):
        parse(data)


def _pieces(data: bytes) -> list[bytes]:
    """Small chunks of unequal size, the same for the same bytes."""
    rng = random.Random(len(data))  # noqa: S311 - no secret
    pieces, at = [], 0
    while at < len(data):
        size = rng.choice((1, 2, 3, 5, 200))
        pieces.append(data[at : at + size])
        at += size
    return pieces


def run(seconds: float, seed: int) -> int:
    """Tries mutated inputs until the time is over; the number of inputs tried."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    corpus = seeds()
    for data in corpus:
        _try_and_keep(data)
    tried = len(corpus)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        _try_and_keep(mutate(rng, corpus))
        tried += 1
    return tried


def _try_and_keep(data: bytes) -> None:
    try:
        try_input(data)
    except Exception:
        FINDING.write_bytes(data)
        print(f"FINDING kept in {FINDING}", file=sys.stderr)
        raise


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="fuzz the wire decoders")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--input", type=Path, help="try this file only")
    parser.add_argument("--atheris", nargs="*", metavar="ARGUMENT", help="run under atheris with its own arguments")
    arguments = parser.parse_args()
    if arguments.input is not None:
        try_input(arguments.input.read_bytes())
        return
    if arguments.atheris is not None:
        atheris = importlib.import_module("atheris")
        atheris.instrument_all()
        atheris.Setup([sys.argv[0], *arguments.atheris], try_input)
        atheris.Fuzz()
        return
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    print(f"{run(arguments.seconds, seed)} inputs, no finding")


if __name__ == "__main__":
    main()
