"""What a ServerKeyExchange says: group or Diffie-Hellman parameters, signature scheme, the ephemeral value."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from tlsaudit.data.suites import SUITES
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.facts import DhParameters, KeyExchange
from tlsaudit.pki import inspect_dh
from tlsaudit.probe.dialogue import Answer
from tlsaudit.wire import DheParameters, EcdheParameters, RsaParameters, ServerKeyExchange, parse_server_key_exchange

Parameters = EcdheParameters | DheParameters | RsaParameters


def read_parameters(answer: Answer) -> Parameters | None:
    """The parsed ServerKeyExchange of an answer; None where there is none or it does not parse."""
    message = answer.first(ServerKeyExchange)
    if message is None or answer.hello is None:
        return None
    suite = SUITES.get(answer.hello.cipher_suite)
    if suite is None:
        return None
    try:
        return parse_server_key_exchange(
            message.body,
            suite.kx,
            version=answer.hello.version,
            signed=suite.auth not in {"anon", "PSK"},
        )
    except DecodeError:
        return None


def read_key_exchanges(answers: Iterable[Answer]) -> list[KeyExchange]:
    """The key exchanges that answers show, as facts. Parameters that recur are inspected once: it can take a second."""
    inspected: dict[tuple[int, int], DhParameters] = {}
    found = []
    for answer in answers:
        parameters = read_parameters(answer)
        if isinstance(parameters, DheParameters) and (parameters.p, parameters.g) not in inspected:
            inspected[parameters.p, parameters.g] = inspect_dh(parameters.p, parameters.g)
        exchange = _key_exchange(answer, parameters, inspected)
        if exchange is not None:
            found.append(exchange)
    return found


def _key_exchange(
    answer: Answer, parameters: Parameters | None, inspected: Mapping[tuple[int, int], DhParameters]
) -> KeyExchange | None:
    if answer.hello is None or answer.version is None:
        return None
    if isinstance(parameters, DheParameters):
        return KeyExchange(
            version=answer.version,
            suite=answer.hello.cipher_suite,
            basis=answer.basis,
            dh=inspected[parameters.p, parameters.g],
            signature_scheme=parameters.signature_scheme,
            public_sha256=hashlib.sha256(str(parameters.public).encode()).hexdigest(),
        )
    if isinstance(parameters, EcdheParameters):
        return KeyExchange(
            version=answer.version,
            suite=answer.hello.cipher_suite,
            basis=answer.basis,
            group=parameters.group,
            curve_type=parameters.curve_type,
            signature_scheme=parameters.signature_scheme,
            public_sha256=hashlib.sha256(parameters.public).hexdigest(),
        )
    return None
