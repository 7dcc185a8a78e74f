"""tlsaudit policy, and a stored report under another policy, as their users run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import ROOT, tlsaudit
from tests.lab.servers import Lab
from tlsaudit.policy import load_policy, policy_ids

_OWN = (
    "id: own\nextends: owasp\nversion: '1'\ntitle: Ours\ndescription: What we want.\n"
    "sources: [{ref: our board, verified: 'true'}]\n"
)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own.yaml"
    file.write_text(f"{_OWN}limits: {{rsa_bits_min: 3072, groups_allowed: [x25519]}}\n")
    return file


def test_the_list_has_every_policy() -> None:
    lines = tlsaudit("policy", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == list(policy_ids())
    rows = tlsaudit("policy", "list", "--format", "json").document
    assert [row["id"] for row in rows] == list(policy_ids())
    assert next(row for row in rows if row["id"] == "owasp-l3")["extends"] == "owasp-l2"


@pytest.mark.parametrize("policy_id", policy_ids())
def test_a_policy_is_shown_in_full(policy_id: str) -> None:
    policy = load_policy(policy_id)
    text = tlsaudit("policy", "show", policy_id).out
    shown = tlsaudit("policy", "show", policy_id, "--format", "json").document
    assert text.startswith(f"{policy_id} {policy.version}  {policy.title}\n")
    assert (shown["sha256"], shown["extends"]) == (policy.sha256, policy.parent)
    assert {each["what"] for each in shown["forbidden"]} == policy.forbidden.keys()
    assert {each["what"] for each in shown["required"]} == policy.required.keys()
    for each in (*shown["forbidden"], *shown["required"]):
        assert each["rules"]
        assert each["set_by"] in policy_ids()
        assert each["what"] in text
    assert {name for name, each in shown["limits"].items() if each["from_memory"]} <= policy.from_memory
    assert shown["cautions"] == list(policy.cautions)


def test_what_is_taken_over_is_marked(own: Path) -> None:
    lines = tlsaudit("policy", "show", own).out.splitlines()
    assert "  rsa_bits_min                   3072" in lines
    assert "  dh_bits_min                    2048 (owasp)" in lines
    shown = tlsaudit("policy", "show", own, "--format", "json").document["limits"]
    assert shown["rsa_bits_min"] == {"value": 3072, "set_by": "own", "from_memory": False}
    assert shown["groups_allowed"]["value"] == ["x25519"]


def test_what_is_from_memory_is_shown_as_such() -> None:
    text = tlsaudit("policy", "show", "cnsa-2").out
    assert "CNSA 2.0, parameters [from memory]" in text
    assert "  suites_allowed                 TLS_AES_256_GCM_SHA384  from memory\n" in text


def test_every_difference_is_shown(own: Path) -> None:
    assert tlsaudit("policy", "diff", "owasp", own).out.splitlines() == [
        "limits.groups_allowed: - secp256r1, secp384r1, x448, ffdhe2048, ffdhe3072, X25519MLKEM768",
        "limits.rsa_bits_min: 2048 -> 3072",
    ]
    found = tlsaudit("policy", "diff", "owasp", "owasp-l2", "--format", "json").document
    by_name = {each["name"]: (each["a"], each["b"]) for each in found}
    assert by_name["severities.TLS-CIPH-017"] == ("low", "high")
    assert "suite/short-tag" in by_name["forbidden"][1]
    assert tlsaudit("policy", "diff", "owasp", "owasp").out == "no difference\n"
    assert tlsaudit("policy", "diff", "owasp", "owasp", "--format", "json").document == []


def test_a_sound_file_is_said_to_be_sound(own: Path) -> None:
    ended = tlsaudit("policy", "check", own, ROOT / "tlsaudit/policy/profiles/owasp.yaml")
    assert ended.code == 0
    assert ended.out.splitlines()[0] == f"{own}: sound: own 1, extends owasp"
    (row, _) = tlsaudit("policy", "check", own, "owasp", "--format", "json").document
    assert row["sha256"] == load_policy(str(own)).sha256


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("limits: {rsa_bits_min: many}\n", ":7: limits.rsa_bits_min: input should be a valid integer"),
        ("bogus: 1\n", ":7: bogus: extra inputs are not permitted"),
        ("id: twice\n", ":7: the key 'id' is given twice"),
        ("forbidden:\n  - what: suite/rc5\n    sources: [{ref: x, verified: 'true'}]\n", ":8: forbidden: no rule enf"),
        ("cautions: &a [x]\nseverities: *a\n", ":8: aliases are not supported"),
        ("limits: !!python/object:os.system {}\n", ":7: the tag 'tag:yaml.org,2002:python/object:os.system'"),
        ("limits: " + "[" * 40 + "]" * 40 + "\n", ":7: nested deeper than 20 levels"),
        ("limits: {\n", ": not valid YAML"),
    ],
)
def test_a_malformed_file_is_refused_with_file_line_and_reason(own: Path, rest: str, problem: str) -> None:
    own.write_text(_OWN + rest)
    for command in (("policy", "check"), ("policy", "show"), ("scan", "localhost", "--policy")):
        ended = tlsaudit(*command, own)
        assert (ended.code, ended.out) == (2, "")
        assert ended.complaint().startswith(f"{own}")
        assert problem in ended.complaint()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("policy",), "Missing command"),
        (("policy", "nonsense"), "No such command"),
        (("policy", "show", "nonsense"), "unknown policy 'nonsense': known are"),
        (("policy", "show", "owasp", "--format", "yaml"), "unknown format 'yaml'; known: text, json"),
        (("policy", "diff", "owasp"), "Missing argument"),
        (("policy", "check", "missing.yaml"), "cannot read policy 'missing.yaml': No such file"),
        (("policy", "check", "/dev/zero.yaml"), "cannot read policy '/dev/zero.yaml'"),
    ],
)
def test_a_wrong_command_line_is_our_input(arguments: tuple[str, ...], problem: str) -> None:
    ended = tlsaudit(*arguments)
    assert ended.code == 2
    assert problem in ended.complaint()


def test_the_example_of_the_reference_is_a_policy(tmp_path: Path) -> None:
    reference = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    example = reference[reference.index("id: shop\n") :].split("```")[0]
    (tmp_path / "shop.yaml").write_text(example)
    assert tlsaudit("policy", "check", tmp_path / "shop.yaml").code == 0
    shop = load_policy(str(tmp_path / "shop.yaml"))
    assert "session/early-data" in shop.forbidden
    assert "http/hsts" not in shop.required


# A stored report under another policy.


@pytest.fixture(scope="module")
def stored(module_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The reports of an ordinary nginx: everything that inventory mode asks, and what owasp's gate asks."""
    folder = tmp_path_factory.mktemp("reports")
    port = module_lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;", certificates=(module_lab.pki.rsa,)).port
    files = folder / "inventory.json", folder / "gate.json"
    for file in files:
        target = f"localhost@127.0.0.1:{port}"
        tlsaudit("scan", target, "--ca-file", module_lab.pki.root_file, "--mode", file.stem, "-o", file)
        assert json.loads(file.read_text())["subjects"][0]["status"] == "audited"
    return files


def test_a_report_is_judged_by_every_policy_without_a_connection(stored: tuple[Path, Path]) -> None:
    inventory, _ = stored
    for policy_id in policy_ids():
        ended = tlsaudit("report", inventory, "--policy", policy_id, "--format", "json")
        document = ended.document
        assert document["policy"] == {
            "id": policy_id, "version": load_policy(policy_id).version, "sha256": load_policy(policy_id).sha256,
        }  # fmt: skip
        assert document["summary"]["exit_code"] == ended.code
        assert document["subjects"][0]["facts"] == json.loads(inventory.read_text())["subjects"][0]["facts"]
        assert len(document["subjects"][0]["results"]) == len(
            json.loads(inventory.read_text())["subjects"][0]["results"]
        )
    assert tlsaudit("report", inventory, "--policy", "mozilla-old").code == 1
    outcome = {each["rule"]: each for each in document["subjects"][0]["results"]}  # of internal-mtls, or the last one
    assert outcome["TLS-CIPH-001"]["outcome"] == "pass"


def test_a_gate_report_of_one_policy_is_no_pass_under_another(stored: tuple[Path, Path]) -> None:
    """nginx's own list has suites with CBC-free AES and ChaCha20: owasp permits it, so its gate never asked."""
    inventory, gate = stored
    whole = tlsaudit("report", inventory, "--policy", "bsi-tr-02102-2", "--format", "json").document["subjects"][0]
    asked = tlsaudit("report", gate, "--policy", "bsi-tr-02102-2", "--format", "json").document["subjects"][0]
    truth = {each["rule"]: each["outcome"] for each in whole["results"]}
    found = {each["rule"]: each["outcome"] for each in asked["results"]}
    assert truth["TLS-CIPH-019"] == "fail"
    assert found["TLS-CIPH-019"] in {"fail", "not_tested"}
    assert not {rule for rule, outcome in found.items() if outcome == "pass" and truth[rule] == "fail"}
    assert asked["score"] is None


def test_a_file_of_ones_own_judges_a_report(stored: tuple[Path, Path], own: Path) -> None:
    ended = tlsaudit("report", stored[0], "--policy", own)
    assert ended.code == 1
    assert "TLS-CERT-031" in ended.out
    bad = tlsaudit("report", stored[0], "--policy", "nonsense")
    assert (bad.code, bad.out) == (2, "")
    assert "unknown policy 'nonsense'" in bad.complaint()
