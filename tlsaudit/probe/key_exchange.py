"""What a ServerKeyExchange says: group or Diffie-Hellman parameters, signature scheme, the ephemeral value."""

from __future__ import annotations

import hashlib

from tlsaudit.data.suites import SUITES
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.facts import KeyExchange
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


def read_key_exchange(answer: Answer) -> KeyExchange | None:
    """The key exchange that an answer shows, as a fact; None where it shows none."""
    parameters = read_parameters(answer)
    if parameters is None or answer.hello is None or answer.version is None:
        return None
    if isinstance(parameters, DheParameters):
        return KeyExchange(
            version=answer.version,
            suite=answer.hello.cipher_suite,
            basis=answer.basis,
            dh=inspect_dh(parameters.p, parameters.g),
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
