"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from tlsaudit.policy import load_policy, policy_ids
from tlsaudit.report import FORMATS
from tlsaudit.rules import ALL_RULES
from tools import policies_doc, rules_doc

ROOT = Path(__file__).parent.parent


def test_the_page_of_rules_is_fresh() -> None:
    assert rules_doc.PAGE.read_text(encoding="utf-8") == rules_doc.page(load_policy("owasp")), "run make docs"


def test_the_page_of_policies_is_fresh() -> None:
    assert policies_doc.PAGE.read_text(encoding="utf-8") == policies_doc.page(), "run make docs"


def test_every_policy_has_its_column_and_its_sources() -> None:
    page = policies_doc.page()
    for policy_id in policy_ids():
        assert f"| `{policy_id}` |" in page
        assert f"\n### {policy_id}\n" in page
        for source in load_policy(policy_id).sources:
            assert f"- {'Verified' if source.verified else 'Not verified, from memory'}: {source.ref}\n" in page


def test_every_rule_the_documents_name_exists() -> None:
    known = {rule.id for rule in ALL_RULES}
    for name in ("README.md", "docs/reference.md", "docs/policies.md"):
        named = set(re.findall(r"TLS-[A-Z]+-\d{3}", (ROOT / name).read_text(encoding="utf-8")))
        assert named <= known, name


def test_every_format_stands_in_the_reference_with_its_suffixes() -> None:
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    table = reference.partition("## Formats")[2].partition("\n\n##")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) ?\|", table, re.MULTILINE))
    assert rows == {each.name: " ".join(f"`{suffix}`" for suffix in each.suffixes) for each in FORMATS.values()}


def test_every_room_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rooms = [
        path.name for path in (ROOT / "tlsaudit").iterdir() if path.suffix == ".py" and not path.name.startswith("_")
    ]
    rooms += [f"{path.name}/" for path in (ROOT / "tlsaudit").iterdir() if (path / "__init__.py").exists()]
    assert [room for room in rooms if f"`{room}`" not in readme] == []


def test_every_make_target_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert named
    assert named <= targets
