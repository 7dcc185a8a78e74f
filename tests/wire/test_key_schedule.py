"""The key schedule and record protection against the trace of RFC 8448 section 3."""

from __future__ import annotations

import pytest

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import (
    TLS13_SUITES,
    CertificateVerify,
    KeySchedule,
    Record,
    RecordProtection,
    RecordReader,
    ServerHello,
    Transcript,
    expand_label,
    handshake_message,
    record,
    verify_data,
)

_SUITE = TLS13_SUITES[0x1301]
CLIENT_HELLO = bytes.fromhex(
    "010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113031302010000910000000b"
    "0009000006736572766572ff01000100000a00140012001d0017001800190100010101020103010400230000003300260024001d0020"
    "99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b0003020304000d0020001e040305030603020308"
    "040805080604010501060102010402050206020202002d00020101001c00024001"
)
SERVER_HELLO = bytes.fromhex(
    "020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e00330024001d0020"
    "c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304"
)
ENCRYPTED_EXTENSIONS = bytes.fromhex("080000240022000a00140012001d00170018001901000101010201030104001c0002400100000000")
CERTIFICATE = bytes.fromhex(
    "0b0001b9000001b50001b0308201ac30820115a003020102020102300d06092a864886f70d01010b0500300e310c300a060355040313"
    "03727361301e170d3136303733303031323335395a170d3236303733303031323335395a300e310c300a0603550403130372736130819f"
    "300d06092a864886f70d010101050003818d0030818902818100b4bb498f8279303d980836399b36c6988c0c68de55e1bdb826d3901a24"
    "61eafd2de49a91d015abbc9a95137ace6c1af19eaa6af98c7ced43120998e187a80ee0ccb0524b1b018c3e0b63264d449a6d38e22a5fda"
    "430846748030530ef0461c8ca9d9efbfae8ea6d1d03e2bd193eff0ab9a8002c47428a6d35a8d88d79f7f1e3f0203010001a31a30183009"
    "0603551d1304023000300b0603551d0f0404030205a0300d06092a864886f70d01010b05000381810085aad2a0e5b9276b908c65f73a72"
    "67170618a54c5f8a7b337d2df7a594365417f2eae8f8a58c8f8172f9319cf36b7fd6c55b80f21a03015156726096fd335e5e67f2dbf102"
    "702e608ccae6bec1fc63a42a99be5c3eb7107c3c54e9b9eb2bd5203b1c3b84e0a8b2f759409ba3eac9d91d402dcc0cc8f8961229ac9187"
    "b42b4de10000"
)
CERTIFICATE_VERIFY = bytes.fromhex(
    "0f000084080400805a747c5d88fa9bd2e55ab085a61015b7211f824cd484145ab3ff52f1fda8477b0b7abc90db78e2d33a5c141a078653"
    "fa6bef780c5ea248eeaaa785c4f394cab6d30bbe8d4859ee511f602957b15411ac027671459e46445c9ea58c181e818e95b8c3fb0bf327"
    "8409d3be152a3da5043e063dda65cdf5aea20d53dfacd42f74f3"
)
FINISHED = bytes.fromhex("140000209b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718")
CLIENT_FINISHED = bytes.fromhex("14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61")
SHARED_SECRET = bytes.fromhex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d")


def _transcript(*messages: bytes) -> Transcript:
    transcript = Transcript()
    for message in messages:
        transcript.add(message)
    return transcript


def _handshake_secrets() -> tuple[bytes, bytes]:
    schedule = KeySchedule(_SUITE, SHARED_SECRET)
    return schedule.handshake_traffic(_transcript(CLIENT_HELLO, SERVER_HELLO).hash(_SUITE))


def _application_secrets() -> tuple[bytes, bytes]:
    transcript = _transcript(
        CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED
    )
    return KeySchedule(_SUITE, SHARED_SECRET).application_traffic(transcript.hash(_SUITE))


def test_the_secrets_are_those_of_the_trace() -> None:
    schedule = KeySchedule(_SUITE, SHARED_SECRET)
    assert schedule.early_secret.hex() == "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"
    assert schedule.handshake_secret.hex() == "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"
    assert schedule.master_secret.hex() == "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"


def test_the_traffic_secrets_are_those_of_the_trace() -> None:
    assert [secret.hex() for secret in (*_handshake_secrets(), *_application_secrets())] == [
        "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21",
        "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
        "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
        "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
    ]


def test_the_resumption_secret_is_that_of_the_trace() -> None:
    transcript = _transcript(
        CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED, CLIENT_FINISHED
    )
    secret = KeySchedule(_SUITE, SHARED_SECRET).resumption(transcript.hash(_SUITE))
    assert secret.hex() == "7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c"


def test_the_server_keys_are_those_of_the_trace() -> None:
    _, secret = _handshake_secrets()
    assert expand_label(_SUITE, secret, "key", b"", 16).hex() == "3fce516009c21727d0f2e4e86ee403bc"
    assert expand_label(_SUITE, secret, "iv", b"", 12).hex() == "5d313eb2671276ee13000b30"


def test_both_finished_messages_are_those_of_the_trace() -> None:
    client, server = _handshake_secrets()
    messages = (CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY)
    assert verify_data(_SUITE, server, _transcript(*messages).hash(_SUITE)) == FINISHED[4:]
    assert verify_data(_SUITE, client, _transcript(*messages, FINISHED).hash(_SUITE)) == CLIENT_FINISHED[4:]


def test_the_records_of_the_trace_are_made_and_opened() -> None:
    client, server = _handshake_secrets()
    protected = RecordProtection(_SUITE, client).protect(22, CLIENT_FINISHED)
    assert protected.hex() == (
        "170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeacab6867d7"
        "26c40546"
    )
    flight = RecordProtection(_SUITE, server).protect(
        22, ENCRYPTED_EXTENSIONS + CERTIFICATE + CERTIFICATE_VERIFY + FINISHED
    )
    assert flight[:32].hex() == "17030302a2d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f33af35e"
    assert flight[-15:].hex() == "0253fe5175be898e750edc53370d2b"
    client_application, _ = _application_secrets()
    sealing, opening = RecordProtection(_SUITE, client_application), RecordProtection(_SUITE, client_application)
    data = bytes(range(50))
    sealed = sealing.protect(23, data)
    assert sealed.hex() == (
        "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a62"
        "92a2977014bd1e3deae63aeebb21694915e4"
    )
    close = sealing.protect(21, b"\x01\x00")
    assert close.hex() == "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3"
    assert [opening.open(each) for each in _records(sealed + close)] == [(23, data), (21, b"\x01\x00")]


def test_the_messages_of_the_trace_are_read() -> None:
    hello = ServerHello.parse(SERVER_HELLO[4:])
    assert (hello.version, hello.cipher_suite, hello.selected_group) == (0x0304, 0x1301, 29)
    assert CertificateVerify.parse(CERTIFICATE_VERIFY[4:], bytes(32)).scheme == 0x0804


def test_after_a_retry_the_first_hello_counts_by_its_hash() -> None:
    transcript = _transcript(CLIENT_HELLO)
    digest = transcript.hash(_SUITE)
    transcript.retry(_SUITE)
    assert transcript.hash(_SUITE) == _SUITE.digest(handshake_message(254, digest))


@pytest.mark.parametrize("code", TLS13_SUITES, ids=hex)
def test_every_suite_protects_opens_and_updates(code: int) -> None:
    chosen = TLS13_SUITES[code]
    secret = bytes(chosen.hash.digest_size)
    sealing, opening = RecordProtection(chosen, secret), RecordProtection(chosen, secret)
    for content in (b"", b"hello", b"\x00" * 5, bytes(2**14)):
        (sealed,) = _records(sealing.protect(23, content))
        assert opening.open(sealed) == (23, content)
        sealing.update()
        opening.update()


def _records(wire: bytes) -> list[Record]:
    reader, found = RecordReader(), []
    reader.feed(wire)
    while (each := reader.next()) is not None:
        found.append(each)
    return found


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        (record(22, 0x0303, b"hello"), "in the clear"),
        (record(23, 0x0303, bytes(16)), "protected record of 16 bytes"),
        (record(23, 0x0303, bytes(2**14 + 257)), "protected record of 16641 bytes"),
        (record(23, 0x0303, bytes(40)), "cannot be decrypted"),
    ],
)
def test_records_not_under_the_secret_are_refused(wire: bytes, problem: str) -> None:
    (found,) = _records(wire)
    with pytest.raises(DecodeError, match=problem):
        RecordProtection(_SUITE, bytes(32)).open(found)


def test_padding_is_taken_off_and_nothing_but_padding_refused() -> None:
    sealing, opening = RecordProtection(_SUITE, bytes(32)), RecordProtection(_SUITE, bytes(32))
    padded, only_padding, too_long = _records(
        sealing.protect(0, b"data\x17\x00\x00") + sealing.protect(0, bytes(9)) + sealing.protect(0, bytes(2**14 + 1))
    )
    assert opening.open(padded) == (23, b"data")
    with pytest.raises(DecodeError, match="no content type"):
        opening.open(only_padding)
    with pytest.raises(DecodeError, match="plaintext of 16386 bytes"):
        opening.open(too_long)
