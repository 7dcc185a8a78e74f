"""Drift between a listener of a file and an endpoint, where one of the two does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tlsaudit import drift
from tlsaudit.app import load_anchors
from tlsaudit.linting import LintOptions, lint
from tlsaudit.model.document import Subject, UnknownPart
from tlsaudit.policy import load_policy

_SAID = "ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets off; ssl_early_data off; ssl_prefer_server_ciphers on;"
_ON: Final[dict[str, Any]] = {"session": {"session_ticket": True, "compression": True}, "early_data": 16384}
_OFF: Final[dict[str, Any]] = {"session": {"session_ticket": False, "compression": False}, "early_data": None}


def _file(folder: Path, said: str) -> Subject:
    text = (
        f"events {{}}\nhttp {{ server {{ listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key; {said} }} }}"
    )
    (folder / "nginx.conf").write_text(text)
    (found,) = lint([folder], LintOptions(policy=load_policy("owasp"), anchors=load_anchors())).document.subjects
    return found


def _wire(
    file: Subject,
    *,
    session: dict[str, Any],
    early_data: int | None,
    alpn: tuple[str, ...] = ("http/1.1",),
    lifetime: int | None = 7200,
) -> Subject:
    """An endpoint that is as the file says, with these sessions."""
    assert file.facts is not None
    behaviours = file.facts.behaviours.model_copy(update={"early_data": early_data, "ticket_lifetime": lifetime})
    changed = {"session": session, "behaviours": behaviours, "alpn": list(alpn)}
    return file.model_copy(update={"facts": file.facts.model_copy(update=changed), "unknown": {}})


def _compared(folder: Path, said: str, **wire: Any) -> drift.Drifted:
    sound = _file(folder, _SAID)
    return drift.compare(_file(folder, said), _wire(sound, **wire), assumed=True)


@pytest.mark.parametrize(
    ("wire", "at_stake"),
    [
        (_ON, {"session.session_ticket": "low", "behaviours.early_data": "medium"}),
        (_OFF, {"session.session_ticket": "low", "behaviours.early_data": "low"}),
    ],
)
def test_switches_in_variables_are_open(tmp_path: Path, wire: dict[str, Any], at_stake: dict[str, str]) -> None:
    said = "ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_session_tickets $x; ssl_early_data $y;"
    found = _compared(tmp_path, said, **wire)
    assert found.at_stake.items() >= at_stake.items()
    assert all("the file: unresolved (" in found.unknown[path] for path in at_stake)
    assert not {each.path for each in found.found} & at_stake.keys()


def test_what_no_file_of_nginx_says_is_open_where_the_wire_has_it(tmp_path: Path) -> None:
    assert _compared(tmp_path, _SAID, **_ON).unknown["session.compression"] == "the file: not asked"
    assert "session.compression" not in _compared(tmp_path, _SAID, **_OFF).unknown


def test_what_the_wire_did_not_show_is_at_stake(tmp_path: Path) -> None:
    found = _compared(tmp_path, _SAID, session={}, early_data=None, lifetime=None)
    assert found.at_stake.items() >= {"session.session_ticket": "low", "behaviours.early_data": "medium"}.items()
    assert found.found == ()


def test_early_data_is_of_tls_1_3(tmp_path: Path) -> None:
    """Nobody can know of it, and nothing is at stake."""
    file = _file(tmp_path, _SAID.replace(" TLSv1.3", ""))
    wire = _wire(file, session={"session_ticket": False}, early_data=None, lifetime=None)
    found = drift.compare(file, wire, assumed=True)
    assert found.found == ()
    assert "behaviours.early_data" not in {*found.unknown, *found.at_stake}


@pytest.mark.parametrize("is_ours", [True, False])
def test_an_order_that_one_does_not_know_is_open(tmp_path: Path, is_ours: bool) -> None:
    path = "cipher_preference.TLSv1.2"
    sound = _file(tmp_path, _SAID)
    assert sound.facts is not None
    facts = sound.facts.model_copy(update={"cipher_preference": {"TLSv1.2": "unknown"}})
    reason = {path: UnknownPart(why="unresolved", detail="a variable")}
    open_ = sound.model_copy(update={"facts": facts, "unknown": reason})
    wire = _wire(sound, **_OFF)
    found = drift.compare(open_, wire, assumed=True) if is_ours else drift.compare(sound, open_, assumed=True)
    assert found.unknown[path] == f"the {'file' if is_ours else 'wire'}: unresolved (a variable)"
    assert found.at_stake[path] == "low"


def test_protocol_names_that_the_file_leaves_open(tmp_path: Path) -> None:
    sound = _file(tmp_path, _SAID)
    reason = {"alpn": UnknownPart(why="unresolved", detail="an include")}
    file = sound.model_copy(update={"unknown": reason})
    found = drift.compare(file, _wire(sound, **_OFF, alpn=("h2", "http/1.1")), assumed=True)
    assert found.unknown["alpn"] == "the file: unresolved (an include)"
    assert "alpn" not in {each.path for each in found.found}
