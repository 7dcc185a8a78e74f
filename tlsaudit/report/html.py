"""The report as one HTML file that needs nothing else: no network, no script, readable on screen and on paper.

The page forbids everything but its own style sheet (Content-Security-Policy with the sheet's hash), so that even an
escaping mistake could not run. Values are made visible by `sanitize.presentable` and escaped by jinja2.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib import resources
from typing import Final, TypeVar

from jinja2 import Environment, FunctionLoader, StrictUndefined

from tlsaudit.model.document import Document, rfc3339
from tlsaudit.report import Style, mutual, together, view
from tlsaudit.report.revocation import statuses
from tlsaudit.report.sanitize import presentable, shorten
from tlsaudit.report.trials import trial_matrix
from tlsaudit.report.verdict import verdict

T = TypeVar("T")

_RFC: Final = re.compile(r"RFC (\d{1,5})\b")
_CVE: Final = re.compile(r"CVE-\d{4}-\d{4,7}\b")
_PROBE: Final = re.compile(r"probe:(\d{1,6})\Z")


def render(document: Document, _style: Style) -> str:
    """The report as a self-contained HTML page."""
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"shorten": shorten, "first": _first, "rfc3339": rfc3339, "sentence": _sentence}
    environment.globals |= {
        "mutual": mutual,
        "view": view,
        "together": together,
        "statuses": statuses,
        "trial_matrix": trial_matrix,
        "source_link": source_link,
        "probe_number": probe_number,
    }
    sheet = _template("report.css")
    shown = presentable(document)
    return environment.get_template("report.html.j2").render(
        document=shown, verdict=verdict(shown), sheet=sheet, sheet_hash=sheet_hash(sheet)
    )


def sheet_hash(sheet: str) -> str:
    """The hash of a style sheet as a Content-Security-Policy source (CSP Level 3 section 6.7.3)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()}"


def source_link(reference: str) -> str | None:
    """Where the clause can be read: for an RFC or a CVE, which have permanent addresses; else None."""
    cve = _CVE.search(reference)
    if cve:
        return f"https://www.cve.org/CVERecord?id={cve[0]}"
    rfc = _RFC.match(reference)
    return f"https://www.rfc-editor.org/rfc/rfc{int(rfc[1])}" if rfc else None


def probe_number(at: str) -> int | None:
    """The number of the probe that a piece of evidence points to, or None where it points elsewhere."""
    match = _PROBE.match(at)
    return int(match[1]) if match else None


def _first(items: Sequence[T], count: int) -> Sequence[T]:
    return items[:count]


def _sentence(text: str) -> str:
    """`text` with a capital first letter; the rest, abbreviations among it, stays."""
    return text[:1].upper() + text[1:]


def _template(name: str) -> str:
    return resources.files("tlsaudit.report").joinpath("templates", name).read_text(encoding="utf-8")
