"""TLS-CIPH-013 on facts that pass, fail, and do not say; and what the reference clients offer."""

from __future__ import annotations

import subprocess

import pytest

from tests.lab.servers import requires
from tests.rules.facts import TLS_1_0, TLS_1_1, TLS_1_2, Row, known, only_suites, sound
from tlsaudit.data.reference_clients import REFERENCE_CLIENTS
from tlsaudit.data.suites import SUITES
from tlsaudit.model.facts import Facts, Preference
from tlsaudit.model.knowledge import NOT_ASKED, Tried, Unknown, Why

_RULE = "TLS-CIPH-013"
_ECDHE, _DHE, _RSA, _RSA_CBC = 0xC02F, 0x009E, 0x009C, 0x002F


def _only(*codes: int, preference: object = Preference.SERVER) -> Facts:
    return only_suites(codes, TLS_1_2, cipher_preference={TLS_1_2: known(preference)})


_PART = only_suites([_ECDHE, _RSA], TLS_1_2)

ROWS = (
    Row(_RULE, "pass", sound(), "TLS 1.3"),
    Row(_RULE, "pass", _only(_ECDHE, _RSA)),
    Row(_RULE, "fail", _only(_RSA, _ECDHE), severity="medium", cap="A-", observed="OpenSSL 3.0 gets TLS_RSA"),
    Row(_RULE, "fail", _only(_RSA_CBC, _ECDHE), observed="Safari 18 gets TLS_RSA_WITH_AES_128_CBC_SHA"),
    Row(_RULE, "pass", _only(_RSA, _ECDHE, preference=Preference.CLIENT), "clients know better"),
    Row(_RULE, "fail", _only(_DHE, _RSA), "browsers do not offer DHE", observed="Chrome 133 gets TLS_RSA"),
    Row(_RULE, "pass", _only(_RSA), "CIPH-012 says it"),
    Row(_RULE, "pass", _only(_DHE), "browsers get nothing at all"),
    Row(_RULE, "not_applicable", only_suites([_RSA], TLS_1_0, TLS_1_1)),
    Row(
        _RULE,
        "inconclusive",
        only_suites([_ECDHE, _RSA], TLS_1_2, cipher_preference={TLS_1_2: Unknown(Why.NO_ANSWER, "no order")}),
    ),
    Row(
        _RULE,
        "not_tested",
        only_suites(
            [],
            TLS_1_2,
            cipher_suites=Tried(
                {(TLS_1_2, _ECDHE): _PART.cipher_suites.accepted[TLS_1_2, _ECDHE]}, frozenset(), NOT_ASKED
            ),
        ),
        "gate mode",
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()


@pytest.mark.parametrize("client", REFERENCE_CLIENTS)
def test_a_client_offers_known_suites_once_and_forward_secrecy_first(client: str) -> None:
    codes = REFERENCE_CLIENTS[client]
    assert len(set(codes)) == len(codes) > 10
    # Safari has suites with 3DES behind all others, ephemeral or not.
    secret = [SUITES[code].ephemeral for code in codes if SUITES[code].enc != "3DES"]
    assert secret == sorted(secret, reverse=True)


def test_openssl_offers_what_is_written_of_it() -> None:
    requires("openssl")
    command = ["openssl", "ciphers", "-s", "-tls1_2", "-V", "DEFAULT"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    codes = [int("".join(line.split()[0].replace("0x", "").split(",")), 16) for line in listed]
    assert [code for code in codes if code in REFERENCE_CLIENTS["OpenSSL 3.0"]] == list(
        REFERENCE_CLIENTS["OpenSSL 3.0"]
    )
