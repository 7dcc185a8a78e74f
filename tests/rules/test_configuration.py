"""TLS-CONF and TLS-KEY of listeners on facts that break them, that do not, and that do not say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.rules.facts import Row, asks, at, known, sound
from tests.rules.served import deployment, issuing
from tlsaudit.demo.mint import general_name
from tlsaudit.model.configuration import Said, Setup
from tlsaudit.model.facts import Behaviours, ClientAuthMode, DhParameters, Facts
from tlsaudit.model.knowledge import Unknown, Why

OPEN = Unknown(Why.UNRESOLVED, "the name has a variable in it")
_WANTED = asks(ClientAuthMode.REQUIRED, verifies=known(True))
_EARLY = Behaviours(early_data=known(16384))


def says(**setup: Any) -> Facts:
    """A sound listener whose file says this."""
    return sound(setup=Setup(**setup))


def mutual(**setup: Any) -> Facts:
    """One that verifies client certificates."""
    return sound(setup=Setup(**setup), client_auth=_WANTED)


def early(**setup: Any) -> Facts:
    """One with early data."""
    return sound(setup=Setup(**setup), behaviours=_EARLY)


def stapled(*ocsp_urls: str) -> Facts:
    """One that staples, with a certificate that names these responders."""
    access = [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, general_name(url)) for url in ocsp_urls]
    extra = ((x509.AuthorityInformationAccess(access), False),) if access else ()
    leaf = issuing().issue("shop.example.com", extra=extra)
    return sound(setup=Setup(stapling=known(True)), certificate_deployments=known((deployment(leaf.certificate),)))


def group(bits: int, *, standard: bool = True) -> DhParameters:
    """Parameters of this size."""
    return DhParameters(bits=bits, generator=2, is_prime=True, is_safe_prime=True, well_known=standard)


def said(what: str) -> Any:
    """One thing that is said."""
    return known((Said(what, at(1)),))


ROWS = (
    Row("TLS-CONF-013", "fail", says(dh_parameters=known(group(1024))), severity="medium", observed="1024 bits"),
    Row("TLS-CONF-013", "fail", says(dh_parameters=known(group(2048, standard=False))), observed="nobody's standard"),
    Row("TLS-CONF-013", "pass", says(dh_parameters=known(group(2048)))),
    Row("TLS-CONF-013", "not_applicable", says(dh_parameters=known(None))),
    Row("TLS-CONF-013", "inconclusive", says(dh_parameters=OPEN)),
    Row("TLS-CONF-008", "fail", mutual(client_ca_is_public=known(True)), severity="high", observed="public CAs"),
    Row("TLS-CONF-008", "pass", mutual(client_ca_is_public=known(False))),
    Row("TLS-CONF-008", "inconclusive", mutual(client_ca_is_public=OPEN)),
    Row("TLS-CONF-008", "not_tested", mutual()),
    Row("TLS-CONF-008", "not_applicable", says(client_ca_is_public=known(True))),
    Row(
        "TLS-CONF-008",
        "not_applicable",
        sound(client_auth=asks(ClientAuthMode.OPTIONAL, verifies=known(False))),
        why="unverified",
    ),
    Row("TLS-CONF-009", "fail", mutual(client_revocation=known(False)), severity="medium", observed="neither a CRL"),
    Row("TLS-CONF-009", "pass", mutual(client_revocation=known(True))),
    Row("TLS-CONF-009", "inconclusive", mutual(client_revocation=OPEN)),
    Row("TLS-CONF-012", "fail", says(security_level=known(0)), severity="medium", observed="level 0"),
    Row("TLS-CONF-012", "fail", says(security_level=known(1)), observed="level 1"),
    Row("TLS-CONF-012", "pass", says(security_level=known(2))),
    Row("TLS-CONF-012", "pass", says(security_level=known(None)), why="none is set"),
    Row("TLS-CONF-012", "inconclusive", says(security_level=OPEN)),
    Row("TLS-CONF-014", "fail", says(ticket_key=known(True)), severity="medium", observed="key from a file"),
    Row("TLS-CONF-014", "pass", says(ticket_key=known(False))),
    Row("TLS-CONF-014", "not_tested", says()),
    Row("TLS-CONF-015", "fail", early(early_data_guarded=known(False)), severity="medium", observed="nothing tells"),
    Row("TLS-CONF-015", "pass", early(early_data_guarded=known(True))),
    Row("TLS-CONF-015", "inconclusive", early(early_data_guarded=OPEN)),
    Row("TLS-CONF-015", "not_applicable", says(early_data_guarded=known(False))),
    Row("TLS-CONF-016", "fail", says(hsts_lost=said("lost in /api")), severity="low", observed="lost in /api"),
    Row("TLS-CONF-016", "pass", says(hsts_lost=known(()))),
    Row("TLS-CONF-016", "inconclusive", says(hsts_lost=OPEN)),
    Row("TLS-CONF-017", "fail", says(foreign_default=known(True)), severity="low", observed="every name"),
    Row("TLS-CONF-017", "pass", says(foreign_default=known(False))),
    Row("TLS-CONF-017", "inconclusive", says(foreign_default=OPEN)),
    Row("TLS-CONF-018", "fail", stapled(), severity="info", observed="no OCSP responder"),
    Row("TLS-CONF-018", "pass", stapled("http://ocsp.example.com")),
    Row("TLS-CONF-018", "not_applicable", says(stapling=known(False))),
    Row("TLS-CONF-018", "inconclusive", says(stapling=OPEN)),
    Row("TLS-CONF-022", "fail", says(refused=said("TLSv1.0 is asked for")), severity="info", observed="TLSv1.0"),
    Row("TLS-CONF-022", "pass", says(refused=known(()))),
    Row("TLS-CONF-022", "not_tested", says()),
    Row("TLS-CONF-023", "fail", says(version_defaults=said("not set")), severity="low", observed="not set"),
    Row("TLS-CONF-023", "pass", says(version_defaults=known(()))),
    Row("TLS-CONF-023", "inconclusive", says(version_defaults=OPEN)),
    Row("TLS-CONF-024", "fail", says(unknown_tokens=said("'AESS' is no cipher")), severity="medium", observed="AESS"),
    Row("TLS-CONF-024", "pass", says(unknown_tokens=known(()))),
    Row("TLS-CONF-024", "inconclusive", says(unknown_tokens=OPEN)),
    Row("TLS-CONF-025", "fail", says(unserved=said("listen does not say ssl")), severity="high", observed="say ssl"),
    Row("TLS-CONF-025", "pass", says(unserved=known(()))),
    Row("TLS-CONF-025", "inconclusive", says(unserved=OPEN)),
    Row("TLS-CONF-025", "not_tested", says()),
    Row("TLS-KEY-004", "fail", says(key_mismatches=said("the key 'a.key'")), severity="high", observed="a.key"),
    Row("TLS-KEY-004", "pass", says(key_mismatches=known(()))),
    Row("TLS-KEY-004", "inconclusive", says(key_mismatches=OPEN)),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()


def test_what_a_file_says_is_shown_without_control_characters() -> None:
    facts = says(unknown_tokens=said("\x1b[31mred"))
    Row("TLS-CONF-024", "fail", replace(facts), observed="\\x1b[31mred").check()
