"""Writes the tables of `tlsaudit/data` from their sources; `--check` only says whether the committed ones are fresh.

    .venv/bin/python -m tools.data [--check]

Ends with 1 where a table is stale, 2 where a source changed or two sources disagree. The output depends on the
sources alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.data import group_table, prime_table, scheme_table, suffix_table, suite_table, trust_tables
from tools.data.snapshots import CRYPTODATAHUB, REGISTRY_DATE, SourceError

TABLES = Path(__file__).resolve().parents[2] / "tlsaudit" / "data"
GENERATED_BY = "python -m tools.data"
_REGISTRY = f"cryptodatahub {CRYPTODATAHUB} (MPL-2.0)"


def main() -> int:
    """Build or check all tables; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a committed table is stale")
    arguments = parser.parse_args()
    try:
        tables = build()
    except SourceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    stale = [name for name, text in tables.items() if _current(TABLES / name) != text]
    if arguments.check:
        for name in stale:
            print(f"stale: tlsaudit/data/{name} (run `make data`)", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (TABLES / name).write_text(tables[name], encoding="ascii")
        print(f"wrote tlsaudit/data/{name}")
    return 0


def build() -> dict[str, str]:
    """Every table by its file name, as the text of the file."""
    suffixes = suffix_table.suffixes()
    return {
        "suites.json": _table(
            f"{_REGISTRY}; rusticata/tls-parser (MIT or Apache-2.0)",
            REGISTRY_DATE,
            {
                "recommended_source": "RFC 8446, RFC 8447 and RFC 9847; every other registered suite is N",
                "grease": suite_table.grease(),
            },
            suites=suite_table.suites(),
            ssl2=suite_table.ssl2_ciphers(),
        ),
        "groups.json": _table(
            "IANA TLS Supported Groups (CC0)",
            REGISTRY_DATE,
            {"recommended_source": "IANA TLS Supported Groups with the changes of RFC 9847"},
            groups=group_table.groups(),
        ),
        "signatures.json": _table(
            f"IANA TLS SignatureScheme (CC0); {_REGISTRY}",
            REGISTRY_DATE,
            {"recommended_source": "IANA TLS SignatureScheme; RFC 9847 HashAlgorithm for the pairs of TLS 1.2"},
            schemes=scheme_table.schemes(),
        ),
        "dh_primes.json": _table(_REGISTRY, REGISTRY_DATE, {}, primes=prime_table.primes()),
        "public_suffix.json": _table(
            "Public Suffix List, ICANN section, https://publicsuffix.org/list/ (MPL-2.0: this file stays under it)",
            suffixes.date,
            {"version": suffixes.version, "commit": suffixes.commit},
            exact=suffixes.exact,
            wildcard=suffixes.wildcard,
            exception=suffixes.exception,
        ),
        "ct_logs.json": _table(
            f"Chrome's list of Certificate Transparency logs, as compiled into Chromium {trust_tables.CHROMIUM}",
            trust_tables.LOGS_DATE,
            {},
            logs=trust_tables.logs(),
        ),
        "distrusted.json": _table(
            f"Chrome Root Store of Chromium {trust_tables.CHROMIUM}; the roots of NSS {trust_tables.NSS}",
            trust_tables.ROOTS_DATE,
            {},
            roots=trust_tables.ends(),
        ),
        "published_keys.json": _table(
            "RFC 9500 section 2; packages of Debian 12 that hold private keys for tests",
            trust_tables.KEYS_DATE,
            {},
            keys=trust_tables.published_keys(),
        ),
        "versions.json": _table(
            "the tables beside this file",
            REGISTRY_DATE,
            {"registry": REGISTRY_DATE, "public_suffix": suffixes.date, "ct_logs": trust_tables.LOGS_DATE},
        ),
    }


def _table(source: str, date: str, head: dict[str, Any], **lists: Iterable[Any]) -> str:
    """JSON with one record a line, so that a change of a source reads well in a diff.

    Records become rows under `<name>_columns`, which halves the file and the time to read it.
    """
    parts = [f'"{key}": {json.dumps(value)}' for key, value in
             {"source": source, "date": date, "generated_by": GENERATED_BY, **head}.items()]  # fmt: skip
    for name, records in lists.items():
        entries = list(records)
        if entries and isinstance(entries[0], dict):
            parts.append(f'"{name}_columns": {json.dumps(list(entries[0]))}')
            entries = [list(entry.values()) for entry in entries]
        parts.append(f'"{name}": [\n' + ",\n".join(json.dumps(entry) for entry in entries) + "\n]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _current(path: Path) -> str | None:
    return path.read_text(encoding="ascii") if path.exists() else None
