"""One policy extends another: what it takes over, replaces, adds and takes away, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Severity
from tlsaudit.policy import Policy, load_policy
from tlsaudit.rules import CATALOGUE

_RULES = {rule.id: rule for rule in CATALOGUE}
_HEAD = """id: own
extends: {parent}
version: "1"
title: Our own
description: What we want.
sources: [{{ref: our board, verified: "true"}}]
"""


def own(folder: Path, rest: str, *, parent: str = "owasp", name: str = "own.yaml") -> Policy:
    file = folder / name
    file.write_text(_HEAD.format(parent=parent) + rest)
    return load_policy(str(file))


def refused(folder: Path, rest: str, *, parent: str = "owasp") -> str:
    with pytest.raises(InputError) as error:
        own(folder, rest, parent=parent)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_a_child_that_says_nothing_is_its_parent(tmp_path: Path) -> None:
    child, parent = own(tmp_path, ""), load_policy("owasp")
    assert (child.id, child.parent, child.cautions) == ("own", "owasp", ())
    assert (child.limits, child.severities) == (parent.limits, parent.severities)
    assert (child.forbidden, child.required) == (parent.forbidden, parent.required)
    assert child.sha256 != parent.sha256


def test_a_limit_replaces_the_parents_whole(tmp_path: Path) -> None:
    child = own(tmp_path, "limits:\n  rsa_bits_min: 3072\n  groups_allowed: [x25519]\n")
    parent = load_policy("owasp")
    assert (child.limits.rsa_bits_min, child.limits.groups_allowed) == (3072, frozenset({29}))
    assert child.limits.dh_bits_min == parent.limits.dh_bits_min
    assert child.set_by["limits.rsa_bits_min"] == "own"
    assert child.set_by["limits.dh_bits_min"] == "owasp"


def test_any_takes_a_limit_away(tmp_path: Path) -> None:
    rest = "limits: {groups_allowed: any, lifetime_days_max: any}\nno_longer_required: [certificate/lifetime]\n"
    child = own(tmp_path, rest, parent="mozilla-modern")
    assert (child.limits.groups_allowed, child.limits.lifetime_days_max) == (None, None)
    assert child.limits.suites_allowed is not None


def test_entries_join_and_are_cited_anew(tmp_path: Path) -> None:
    rest = "forbidden:\n" + "".join(
        f"  - {{what: {name}, sources: [{{ref: our board, verified: 'true'}}]}}\n"
        for name in ("suite/rc4", "session/early-data")
    )
    child, parent = own(tmp_path, rest), load_policy("owasp")
    assert child.forbidden.keys() == parent.forbidden.keys() | {"session/early-data"}
    assert [source.ref for source in child.forbidden["suite/rc4"]] == ["our board"]
    assert child.forbidden["suite/des"] == parent.forbidden["suite/des"]
    early = _RULES["TLS-SESS-005"]
    assert (parent.severity_of(early), child.severity_of(early)) == (Severity.LOW, Severity.HIGH)
    assert child.clauses(early)[0].ref == "our board"


def test_entries_are_taken_away_by_name(tmp_path: Path) -> None:
    child = own(tmp_path, "no_longer_forbidden: [protocol/TLSv1.1]\nno_longer_required: [chain/complete]\n")
    assert "protocol/TLSv1.1" not in child.forbidden
    assert "chain/complete" not in child.required
    assert child.severity_of(_RULES["TLS-PROTO-004"]) is Severity.MEDIUM


def test_the_line_of_parents_may_be_long(tmp_path: Path) -> None:
    own(tmp_path, "limits: {rsa_bits_min: 4096}\n", name="a.yaml")
    own(tmp_path, "limits: {dh_bits_min: 4096}\n", parent="a.yaml", name="b.yaml")
    last = own(tmp_path, "severities: {TLS-HTTP-003: medium}\n", parent="b.yaml", name="c.yaml")
    assert (last.limits.rsa_bits_min, last.limits.dh_bits_min) == (4096, 4096)
    assert last.severities["TLS-KEX-012"] is Severity.INFO


def test_a_change_of_the_parent_changes_the_digest(tmp_path: Path) -> None:
    own(tmp_path, "limits: {rsa_bits_min: 4096}\n", name="a.yaml")
    before = own(tmp_path, "", parent="a.yaml").sha256
    own(tmp_path, "limits: {rsa_bits_min: 4095}\n", name="a.yaml")
    assert own(tmp_path, "", parent="a.yaml").sha256 != before


def test_what_is_from_memory_stays_so_until_it_is_set_anew(tmp_path: Path) -> None:
    child = own(tmp_path, "limits: {suites_allowed: [TLS_AES_256_GCM_SHA384]}\n", parent="fips-140-3")
    assert "suites_allowed" not in child.from_memory
    assert "groups_allowed" in child.from_memory


def test_the_operators_word_comes_before_the_policys(tmp_path: Path) -> None:
    policy = own(tmp_path, "expect: {client_auth: required}\n")
    assert policy.expected(Expectation()).client_auth is ClientAuthMode.REQUIRED
    declared = Expectation(client_auth=ClientAuthMode.NONE)
    assert policy.expected(declared) == declared


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("limits: {rsa_bits_min: many}\n", ":7: limits.rsa_bits_min: input should be a valid integer"),
        ("limits: {rsa_bits: 1}\n", ":7: limits.rsa_bits: extra inputs are not permitted"),
        ("limits: [1]\n", ":7: limits: input should be a valid dictionary"),
        ("limits:\n  versions_allowed: [TLSv1.4]\n", ":8: limits.versions_allowed.0: input should be 'SSLv2'"),
        ("limits:\n  certificate_keys_allowed: [p256]\n", ":8: limits.certificate_keys_allowed.0: 'p256' is no kind"),
        ("limits:\n  groups_required: [x449]\n", ":8: limits.groups_required.0: 'x449' is no named group"),
        ("no_longer_forbidden: [suite/rc5]\n", ":7: no_longer_forbidden: the policy that this one extends does not"),
        ("no_longer_required: [suite/rc4]\n", ":7: no_longer_required: the policy that this one extends does not"),
        (
            "no_longer_forbidden: [suite/rc4]\nforbidden: [{what: suite/rc4, sources: [{ref: x, verified: 'true'}]}]\n",
            ":7: no_longer_forbidden: 'suite/rc4' is listed under forbidden as well",
        ),
        ("required:\n  - {what: suite/rc4, sources: [{ref: x, verified: 'true'}]}\n", ":7: required: 'suite/rc4' is f"),
        ("from_memory: [rsa_bits_min]\n", ":7: from_memory: 'rsa_bits_min' is not set in this file"),
        ("from_memory: [rsa]\n", ":7: from_memory: 'rsa' is neither a limit nor a rule"),
        ("expect: {client_auth: perhaps}\n", ":7: expect.client_auth: input should be 'none'"),
        ("permitted: [suite/rc4]\n", ":7: permitted: extra inputs are not permitted"),
        ("extends: owasp\n", ":7: the key 'extends' is given twice"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, rest: str, problem: str) -> None:
    assert refused(tmp_path, rest).startswith(f"{tmp_path / 'own.yaml'}{problem}")


@pytest.mark.parametrize(
    ("parent", "problem"),
    [
        ("nonsense", "own.yaml:2: extends: unknown policy 'nonsense': known are bsi-tr-02102-2, cnsa-2"),
        ("missing.yaml", "own.yaml:2: extends: there is no file '"),
        ("own.yaml", "own.yaml:2: extends: 'own.yaml' leads back to this file"),
        ("./own.yaml", "own.yaml:2: extends: './own.yaml' leads back to this file"),
        ("[owasp]", "own.yaml:2: extends: input should be a valid string"),
        ('"nul\\0.yaml"', "own.yaml:2: extends: cannot read policy"),
    ],
)
def test_a_parent_that_cannot_be_is_refused(tmp_path: Path, parent: str, problem: str) -> None:
    assert problem in refused(tmp_path, "", parent=parent)


def test_a_circle_of_several_is_refused_where_it_closes(tmp_path: Path) -> None:
    for name, parent in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.yaml").write_text(_HEAD.format(parent=f"{parent}.yaml"))
    with pytest.raises(InputError, match=r"c\.yaml:2: extends: 'a\.yaml' leads back to this file"):
        load_policy(str(tmp_path / "a.yaml"))


def test_a_very_long_line_of_parents_is_refused(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"p{number}.yaml").write_text(_HEAD.format(parent=f"p{number + 1}.yaml"))
    with pytest.raises(InputError, match="more than 8 policies one above the other"):
        load_policy(str(tmp_path / "p0.yaml"))


def test_a_mistake_of_the_parent_is_named_in_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(_HEAD.format(parent="owasp") + "limits: {rsa_bits_min: many}\n")
    assert refused(tmp_path, "", parent="a.yaml").startswith(f"{tmp_path / 'a.yaml'}:7: limits.rsa_bits_min")


def test_a_path_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    own(inner, "limits: {rsa_bits_min: 4096}\n", name="a.yaml")
    assert own(tmp_path, "", parent="inner/a.yaml").limits.rsa_bits_min == 4096


_INERT = {
    "client/required": "expect: {client_auth: required}",
    "client/requested": "expect: {client_auth: required}",
    "protocol/required": "limits.versions_required",
    "protocol/unlisted": "limits.versions_allowed",
    "suite/unlisted": "limits.suites_allowed",
    "group/required": "limits.groups_required",
    "key/unlisted": "limits.certificate_keys_allowed",
    "signature/unlisted": "limits.certificate_signatures_allowed",
    "certificate/lifetime": "limits.lifetime_days_max",
}


@pytest.mark.parametrize("section", ["forbidden", "required"])
@pytest.mark.parametrize(("what", "needed"), _INERT.items())
def test_an_entry_that_could_never_fail_is_refused(tmp_path: Path, what: str, needed: str, section: str) -> None:
    message = refused(tmp_path, f"{section}:\n  - what: {what}\n    sources: [{{ref: x, verified: 'true'}}]\n")
    assert message == f"{tmp_path}/own.yaml:8: {section}: {what!r} can never fail: it needs {needed}"


@pytest.mark.parametrize(
    ("parent", "rest", "line", "what"),
    [
        ("cnsa-2", "limits:\n  versions_allowed: any\n", 8, "protocol/unlisted"),
        ("cnsa-2", "limits:\n  versions_required: []\n", 8, "protocol/required"),
        ("bsi-tr-02102-2", "limits:\n  groups_allowed: any\n", 8, "group/unlisted"),
        ("internal-mtls", "expect:\n  client_auth: optional\n", 8, "client/requested"),
    ],
)
def test_nor_may_what_it_needs_be_taken_away(tmp_path: Path, parent: str, rest: str, line: int, what: str) -> None:
    message = refused(tmp_path, rest, parent=parent)
    assert message.startswith(f"{tmp_path}/own.yaml:{line}: ")
    assert f"{what!r} can never fail: it needs " in message
    assert ", or an end by no_longer_" in message


def test_with_its_limit_such_an_entry_is_sound(tmp_path: Path) -> None:
    sources = "sources: [{ref: x, verified: 'true'}]"
    child = own(
        tmp_path,
        f"limits: {{versions_required: [TLSv1.3]}}\nexpect: {{client_auth: required}}\nrequired:\n"
        f"  - {{what: protocol/required, {sources}}}\n  - {{what: client/required, {sources}}}\n",
    )
    assert {"protocol/required", "client/required"} <= child.required.keys()


def test_a_pipe_without_a_writer_is_no_policy(tmp_path: Path) -> None:
    pipe = tmp_path / "p.yaml"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="not a regular file"):
        load_policy(str(pipe))
