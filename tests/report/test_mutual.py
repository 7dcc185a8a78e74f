"""Client authentication in words: versions that differ, and who gets in."""

from __future__ import annotations

from tlsaudit.model.document import ClientAuthPart
from tlsaudit.report import mutual as words


def mutual(modes: dict[str, str], trials: dict[str, dict[str, str]] | None = None) -> ClientAuthPart:
    """Client authentication with these modes by version, and outcomes of trials by kind and version."""
    order = ("none", "optional", "required")
    tried = [
        {"credential": kind, "per_protocol": {version: {"outcome": outcome} for version, outcome in each.items()}}
        for kind, each in (trials or {}).items()
    ]
    admitted = any("accepted" in each.values() for each in (trials or {}).values())
    return ClientAuthPart.model_validate(
        {
            "mode": "unknown" if "unknown" in modes.values() else min(modes.values(), key=order.index),
            "enforced_by": None,
            "verifies": not admitted if trials else None,
            "when": "handshake",
            "per_protocol": {version: {"mode": mode, "enforced_by": None} for version, mode in modes.items()},
            "ca_names": [],
            "signature_schemes": [],
            "trials": tried,
        }
    )


def test_versions_that_differ_are_told_apart() -> None:
    alike = mutual({"TLSv1.2": "optional", "TLSv1.3": "optional"})
    assert words.client_auth_modes(alike) == "optional"
    assert words.client_auth_words(alike) == "a client certificate is asked for, but not required"
    gap = mutual({"TLSv1.2": "none", "TLSv1.3": "required"})
    assert words.differs_by_version(gap)
    assert "none at TLSv1.2" in words.client_auth_words(gap)
    assert "required at TLSv1.3" in words.client_auth_modes(gap)
    assert "required at TLSv1.3" in words.client_auth_modes(mutual({"TLSv1.2": "unknown", "TLSv1.3": "required"}))


def test_who_gets_in_is_told_as_it_is() -> None:
    modes = {"TLSv1.2": "optional", "TLSv1.3": "optional"}
    everywhere, nowhere = dict.fromkeys(modes, "accepted"), dict.fromkeys(modes, "refused")
    anybody = mutual(modes, {"self_signed": everywhere, "unknown_ca": everywhere})
    assert words.verifies_words(anybody) == "no: any certificate gets in"
    one_kind = mutual(modes, {"self_signed": nowhere, "unknown_ca": everywhere, "expired": nowhere})
    assert words.verifies_words(one_kind) == "no: those of an unknown CA get in"
    at_one = mutual(modes, {"self_signed": {"TLSv1.2": "accepted", "TLSv1.3": "refused"}})
    assert words.verifies_words(at_one) == "no: self-signed ones get in at TLSv1.2"
    assert words.verifies_words(mutual(modes, {"self_signed": nowhere})) == "yes"
    assert words.verifies_words(mutual(modes)) == "not established"
