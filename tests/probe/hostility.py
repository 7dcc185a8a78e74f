"""What a random hostile server may do in one connection; `hostile_servers` puts servers together from it.

Each play does the same again for the same `random.Random`. Real flights come from a `Script` that answers what was
asked, and from real servers behind a mutating relay.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

from tests.lab.process import HOST
from tests.lab.script import Refused, Script
from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import (
    TLS_1_2,
    CertificateRequest,
    ClientHello,
    ContentType,
    HandshakeReader,
    HandshakeType,
    RecordReader,
    ServerHello,
    Ssl2ClientHello,
    handshake_message,
    handshake_records,
)
from tlsaudit.wire.records import alert_record, record
from tools.fuzz_wire import mutate

_READ = 65536
_DRIP_SECONDS = 0.02
_MOST_BYTES = 4 * 1024 * 1024
"""What a server without end says at most: more than any client should read."""
_VERSIONS = (0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x7F1C, 0x0505, 0xFFFF)
_SUITES = {
    0xC02F: "ECDHE", 0xC030: "ECDHE", 0xC013: "ECDHE", 0xC02B: "ECDHE", 0x009E: "DHE", 0x0033: "DHE",
    0x002F: "RSA", 0x009C: "RSA", 0x0003: "RSA_EXPORT", 0xC018: "ECDH_anon", 0x0018: "DH_anon",
}  # fmt: skip
_REFUSING = (20, 40, 42, 47, 50, 70, 71, 80, 86, 90, 100, 109, 110, 112, 116, 120, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What hostile servers have to work with: a sound chain in DER, and ports of real servers to relay to."""

    chain: tuple[bytes, ...]
    behind: tuple[int, ...]


class Peer:
    """One connection, seen from the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def hello(self) -> ClientHello | Ssl2ClientHello | None:
        """The next hello; None where the client closes first, or says something else."""
        records, messages = RecordReader(), HandshakeReader()
        data = await self.reader.read(_READ)
        if data and data[0] & 0x80:
            return Ssl2ClientHello.parse(data[2:])
        while data:
            records.feed(data)
            while (received := records.next()) is not None:
                if received.type == ContentType.HANDSHAKE:
                    messages.feed(received.payload)
            if (message := messages.next()) is not None:
                return ClientHello.parse(message.body) if message.type == HandshakeType.CLIENT_HELLO else None
            data = await self.reader.read(_READ)
        return None

    async def say(self, data: bytes) -> None:
        """Send, and wait until it is on its way."""
        self.writer.write(data)
        await self.writer.drain()

    async def drain(self) -> None:
        """Read until the client closes."""
        while await self.reader.read(_READ):
            pass

    def reset(self) -> None:
        """Have closing reset the connection."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Play = Callable[[random.Random, World, Peer], Awaitable[None]]


def script(rng: random.Random, world: World) -> Script:
    """Any server that a script can play."""
    suites = dict(rng.sample(list(_SUITES.items()), rng.randint(1, len(_SUITES))))
    prime = rng.choice(((1 << 2048) - 1942289, (1 << 512) - 569, rng.getrandbits(1024) | 1 << 1023, 1 << 1024, 5))
    return Script(
        versions=tuple(rng.sample((0x0300, 0x0301, 0x0302, 0x0303, 0x0304), rng.randint(1, 5))),
        suites=suites,
        server_order=rng.random() < 0.5,
        groups=tuple(rng.sample((23, 24, 29, 30, 25, 256, 4588), rng.randint(1, 7))),
        dh=(prime, rng.choice((2, 5, 0, 1))),
        chain=rng.choice((world.chain, world.chain, (), world.chain[::-1], (rng.randbytes(300),), world.chain * 3)),
        alpn=rng.choice(((), ("h2", "http/1.1"), ("http/1.1",))),
        staple=rng.choice((None, rng.randbytes(200))),
        compression=rng.random() < 0.2,
        fallback_scsv=rng.random() < 0.5,
        ssl2_kinds=rng.choice((None, (0x010080, 0x0700C0))) if world.chain else None,
        certificate_request=rng.choice((None, CertificateRequest(certificate_types=(1, 64), ca_names=(b"junk",)))),
    )


def said(script: Script, hello: ClientHello | Ssl2ClientHello | None) -> bytes:
    """What a script answers."""
    try:
        if isinstance(hello, Ssl2ClientHello):
            return script.answer_ssl2(hello)
        return script.answer(hello) if hello is not None else b""
    except (Refused, IndexError) as refused:  # IndexError: SSL 2.0 without a certificate
        return script.refusal(refused) if isinstance(refused, Refused) else b""


async def honest(rng: random.Random, world: World, peer: Peer) -> None:
    """A whole flight."""
    played = script(rng, world)
    await peer.say(said(played, await peer.hello()))
    await peer.drain()


async def mutated(rng: random.Random, world: World, peer: Peer) -> None:
    """A flight with bytes, lengths and slices changed, cut short, or twice; then the end, or nothing more."""
    flight = said(script(rng, world), await peer.hello())
    await peer.say(mutate(rng, (flight or b"\x15",)))
    await end(rng, peer)


async def shuffled(rng: random.Random, world: World, peer: Peer) -> None:
    """The messages of a flight in another order, some of them missing, some of them twice, a record each or half."""
    flight = said(script(rng, world), await peer.hello())
    messages = list(parts(flight))
    drawn = rng.choices(messages, k=rng.randint(1, 2 * len(messages))) if messages else []
    size = rng.choice((1, 7, 300, 16384))
    data = b"".join(drawn)
    for start in range(0, min(len(data), 400 * size), size):
        await peer.say(record(ContentType.HANDSHAKE, TLS_1_2, data[start : start + size]))
    await end(rng, peer)


def parts(flight: bytes) -> Iterator[bytes]:
    """The handshake messages of a flight in the clear."""
    records, messages = RecordReader(), HandshakeReader()
    with contextlib.suppress(DecodeError):
        records.feed(flight)
        while (received := records.next()) is not None:
            if received.type == ContentType.HANDSHAKE:
                messages.feed(received.payload)
    with contextlib.suppress(DecodeError):
        while (message := messages.next()) is not None:
            yield handshake_message(message.type, message.body)


async def noise(rng: random.Random, _world: World, peer: Peer) -> None:
    """Random bytes, sometimes with the head of a record before them, sometimes before the hello."""
    if rng.random() < 0.8:
        await peer.hello()
    head = struct.pack("!BHH", rng.choice((20, 21, 22, 23, 24, 99)), rng.choice(_VERSIONS), rng.getrandbits(16))
    await peer.say(rng.choice((b"", head)) + rng.randbytes(rng.choice((1, 5, 40, 3000))))
    await end(rng, peer)


async def endless(rng: random.Random, _world: World, peer: Peer) -> None:
    """Well-formed records without end: empty ones, warnings, pieces of one message, or small messages."""
    await peer.hello()
    piece = rng.choice(
        (
            record(ContentType.HANDSHAKE, TLS_1_2, bytes(16384)),
            record(ContentType.HANDSHAKE, TLS_1_2, b""),
            record(ContentType.ALERT, TLS_1_2, b"\x01\x5a"),
            record(ContentType.ALERT, TLS_1_2, b"\x01"),
            record(ContentType.CHANGE_CIPHER_SPEC, TLS_1_2, b"\x01"),
            record(ContentType.APPLICATION_DATA, TLS_1_2, bytes(16384)),
            handshake_records(handshake_message(HandshakeType.HELLO_REQUEST, b""), TLS_1_2),
            handshake_records(handshake_message(HandshakeType.CERTIFICATE, bytes(3)), TLS_1_2),
            bytes(4096),
        )
    )
    await peer.say(rng.choice((b"", record(ContentType.HANDSHAKE, TLS_1_2, b"\x0b\xff\xff\xff"))))
    for _ in range(_MOST_BYTES // max(len(piece) * 64, 1)):
        await peer.say(piece * 64)
    await peer.drain()


async def dripping(rng: random.Random, world: World, peer: Peer) -> None:
    """A flight byte by byte."""
    for byte in said(script(rng, world), await peer.hello())[:2000]:
        await peer.say(bytes((byte,)))
        await asyncio.sleep(_DRIP_SECONDS)


async def ending(rng: random.Random, world: World, peer: Peer) -> None:
    """A flight that a close or a reset cuts off, at the first byte as likely as at any other."""
    if rng.random() < 0.9:
        flight = said(script(rng, world), await peer.hello())
        await peer.say(flight[: rng.choice((0, rng.randint(0, len(flight))))])
    if rng.random() < 0.5:
        peer.reset()


async def oversized(rng: random.Random, world: World, peer: Peer) -> None:
    """Lengths that promise more than comes, or less, at each level."""
    flight = bytearray(said(script(rng, world), await peer.hello()))
    wrong = rng.choice((b"\xff\xff", b"\x00\x00", b"\x48\x00", b"\x41\x01"))
    at = rng.choice((3, 6, 7, 43, 44, 76, 80, rng.randrange(max(1, len(flight)))))
    flight[at : at + 2] = wrong
    await peer.say(bytes(flight))
    await end(rng, peer)


async def misversioned(rng: random.Random, world: World, peer: Peer) -> None:
    """Versions that nobody offered, in records and hellos."""
    flight = bytearray(said(script(rng, world), await peer.hello()))
    for at in (1, 9):
        if rng.random() < 0.7:
            flight[at : at + 2] = rng.choice(_VERSIONS).to_bytes(2, "big")
    await peer.say(bytes(flight))
    await end(rng, peer)


async def alerting(rng: random.Random, _world: World, peer: Peer) -> None:
    """Alerts, one or many, warnings or fatal, known or not."""
    await peer.hello()
    count = rng.choice((1, 1, 1, 5, 2000))
    for _ in range(count):
        await peer.say(alert_record(rng.choice((1, 2, 2, 7)), rng.choice(_REFUSING), rng.choice(_VERSIONS)))
    await end(rng, peer)


async def huge_chain(rng: random.Random, world: World, peer: Peer) -> None:
    """A sound flight whose chain is far too long, or its certificates far too large."""
    leaf = world.chain[0]
    large = b"\x30\x83\x03\x00\x00" + rng.randbytes(rng.choice((1000, 60_000)))
    chain = rng.choice(((leaf,) * 90, (leaf,) * 200, (leaf, large), (large,) * 4, (leaf, *world.chain * 20)))
    with contextlib.suppress(ValueError):  # more than the format can hold
        await peer.say(said(replace(script(rng, world), chain=chain), await peer.hello()))
    await end(rng, peer)


async def retrying(rng: random.Random, _world: World, peer: Peer) -> None:
    """HelloRetryRequest for ever, with groups that were offered or not, and cookies."""
    for _ in range(20):
        hello = await peer.hello()
        if not isinstance(hello, ClientHello):
            break
        retry = ServerHello(
            version=0x0304,
            legacy_version=TLS_1_2,
            session_id=hello.session_id,
            cipher_suite=rng.choice((0x1301, 0x1302, 0x1303, 0xC02F, 0x0000)),
            is_retry=True,
            selected_group=rng.choice((23, 29, 24, 256, 4588, 0x0A0A, 0)),
        )
        await peer.say(handshake_records(retry.handshake(), TLS_1_2))
    await end(rng, peer)


async def requesting(rng: random.Random, world: World, peer: Peer) -> None:
    """A CertificateRequest of junk in an otherwise sound flight."""
    flight = said(script(rng, world), await peer.hello())
    *most, last = list(parts(flight)) or [b""]
    junk = rng.choice((b"", rng.randbytes(rng.randrange(600)), b"\x01\x01\x00\x02\x04\x03\x00\x06\x00\x04junk"))
    request = handshake_message(HandshakeType.CERTIFICATE_REQUEST, junk)
    await peer.say(handshake_records(b"".join((*most, request * rng.choice((1, 1, 70)), last)), TLS_1_2))
    await end(rng, peer)


async def plain(rng: random.Random, _world: World, peer: Peer) -> None:
    """Something that is no TLS, or half of it."""
    await peer.hello()
    text = rng.choice(
        (b"HTTP/1.1 400 Bad", b"HTTP/1.1 200 OK\r\nX: \x00\r\n", b"220 mail\r\n", b"SSH-2.0-x", b"<html>")
    )
    await peer.say(text * rng.choice((1, 1, 5000)))
    await end(rng, peer)


async def silent(_rng: random.Random, _world: World, peer: Peer) -> None:
    """Takes everything and says nothing."""
    await peer.drain()


async def relayed(rng: random.Random, world: World, peer: Peer) -> None:
    """A real server, some of whose bytes are changed, held back or cut off on the way."""
    port = rng.choice(world.behind)
    mangled = rng.choice((0.0, 0.0, 0.1, 0.5))
    reader, writer = await asyncio.open_connection(HOST, port)
    forth = asyncio.create_task(_copy(peer.reader, writer))
    try:
        while data := await reader.read(_READ):
            chance = rng.random()
            await peer.say(mutate(rng, (data,)) if chance < mangled else data)
            if chance > 1 - mangled / 4:
                break
    finally:
        forth.cancel()
        await close(writer)  # first of all closed: what follows may be cancelled
        await asyncio.wait((forth,))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_READ):
            writer.write(data)
            await writer.drain()


async def end(rng: random.Random, peer: Peer) -> None:
    """However a conversation may end."""
    match rng.randrange(4):
        case 0:
            peer.reset()
        case 1:
            await peer.drain()
        case _:
            pass


HOSTILE: tuple[Play, ...] = (
    mutated, shuffled, noise, endless, dripping, ending, oversized, misversioned, alerting, huge_chain, retrying,
    requesting, plain, silent, relayed,
)  # fmt: skip


async def close(writer: asyncio.StreamWriter) -> None:
    """Close, and wait for it unless cancelled."""
    writer.close()
    with contextlib.suppress(OSError, asyncio.CancelledError):
        await writer.wait_closed()


def junk_http(rng: random.Random) -> bytes:
    """A response that is hardly one, for a server whose TLS is sound."""
    head = rng.choice((b"HTTP/1.1 200 OK\r\n", b"HTTP/9.9 999\r\n", b"HTTP/1.1 -1 \xff\r\n", b"ICY 200 OK\r\n", b""))
    fields = (
        b"Strict-Transport-Security: max-age=" + b"9" * rng.choice((1, 30, 5000)) + b"\r\n",
        b"Strict-Transport-Security: \xff;;;=\r\n" * rng.choice((1, 200)),
        b"Set-Cookie: " + rng.randbytes(rng.randrange(60)).replace(b"\n", b"") + b"\r\n",
        b"Location: https://\x1b[31m\r\n",
        b"Server: \x00\x07" + b"x" * rng.choice((1, 70_000)) + b"\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b" folded\r\n",
        b"no colon\r\n",
    )
    body = rng.choice((b"", b"\r\n", b"\r\nzz\r\n", b"\r\n" + rng.randbytes(100), b"\r\n" + bytes(200_000)))
    return head + b"".join(rng.choices(fields, k=rng.randrange(5))) + body
