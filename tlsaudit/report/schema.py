"""The JSON Schema of the report document, for those who read reports with another program."""

from __future__ import annotations

from typing import Any, Final

from tlsaudit.model.document import Document

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ID: Final = "urn:tlsaudit:report:1"
_TOLD: Final = ("fail", "waived", "inconclusive")
_TELLS: Final = (
    *("title", "cause", "observed", "expected", "evidence", "sources", "remedy", "reproduce", "fingerprint"),
    *("confidence", "implied_by", "location", "suppression"),
)


def report_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of `tlsaudit.report/1`, with the keys as they are spelt in JSON.

    Further keys are allowed everywhere, as the contract allows them to be added. A result in its brief form (rule,
    outcome, severity) is valid unless its outcome is one that has to be explained.
    """
    schema = Document.model_json_schema(by_alias=True, mode="validation")
    schema["required"] = ["schema", *schema["required"]]
    results = schema["$defs"]["ResultPart"]
    results["allOf"] = [
        {
            "if": {"properties": {"outcome": {"enum": list(_TOLD)}}},
            "then": {"required": list(_TELLS)},
        },
        {
            "if": {"properties": {"outcome": {"const": "waived"}}},
            "then": {"properties": {"suppression": {"type": "object"}}},
        },
    ]
    _spell_times(schema)
    return {"$schema": _DIALECT, "$id": _ID, **schema}


def _spell_times(node: Any) -> None:
    """Say of every time that it is in UTC: RFC 3339 with `Z`."""
    if isinstance(node, dict):
        if node.get("format") == "date-time":
            node["pattern"] = "Z$"
        for each in node.values():
            _spell_times(each)
    elif isinstance(node, list):
        for each in node:
            _spell_times(each)
