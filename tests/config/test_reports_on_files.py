"""What reports on files say once: a reason that leaves many rules open, a failure in many places."""

from __future__ import annotations

import re

from tests.config.linting import Bench, listener
from tlsaudit.model.document import Document, Subject
from tlsaudit.report import FORMATS, Style
from tlsaudit.report.together import alike, undecided_together

_SERVER = "server { listen 443 ssl; server_name s%d; ssl_certificate server.pem; ssl_certificate_key server.key; %s }\n"
_OPEN = "include snippets/none.conf;"


def _text(document: Document) -> str:
    return FORMATS["text"].render(document, Style(width=140))


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _document(bench: Bench, *servers: str) -> Document:
    made = "".join(_SERVER % (number, each) for number, each in enumerate(servers))
    return bench.lint(f"events {{}}\nhttp {{\n{made}}}\n")


def test_a_reason_is_said_once(bench: Bench) -> None:
    document = _document(bench, _OPEN)
    document = document.model_copy(update={"subjects": [listener(document)]})
    (subject,) = document.subjects
    reason = "ssl_protocols may be set in 'snippets/none.conf'"
    assert sum(reason in each.observed for each in subject.results) > 20
    for name in ("text", "html", "markdown"):
        text = _flat(FORMATS[name].render(document, Style(width=140)))
        text = text.replace("&#39;", "'").replace("\\_", "_")
        assert text.count(reason) == 1, name
    group = next(each for each in undecided_together(subject) if reason in each.reason)
    assert group.severity == "critical"
    assert re.search(r"TLS-CIPH \(\d+ rules\)", group.rules)
    assert "Protocols unknown" in _flat(_text(document))


def test_rules_that_no_file_answers_are_not_asked(bench: Bench) -> None:
    subject = listener(_document(bench, _OPEN))
    unasked = {"TLS-VULN-001", "TLS-VULN-003", "TLS-IMPL-005", "TLS-MTLS-004", "TLS-SESS-002", "TLS-REVO-001"}
    assert unasked.isdisjoint({each.rule for each in subject.results})
    # These follow from what the file lets a server accept.
    assert {"TLS-VULN-006", "TLS-VULN-015", "TLS-MTLS-003"} <= {each.rule for each in subject.results}


def test_in_brief_a_failure_is_said_once_with_its_places(bench: Bench) -> None:
    document = _document(bench, *["ssl_protocols TLSv1.1 TLSv1.2;\n"] * 9)
    text = _text(document)
    assert len(re.findall("TLS-PROTO-004  TLS 1.1 accepted", text)) == 1
    flat = _flat(text)
    assert "nginx.conf:3, nginx.conf:5, nginx.conf:7, nginx.conf:9 and 5 more" in flat
    assert "Fix: " in flat
    (group,) = (each for each in alike(document) if each.result.rule == "TLS-PROTO-004")
    assert group.places == 9


def test_in_brief_only_what_is_not_clean_is_listed(bench: Bench) -> None:
    document = _document(bench, *[""] * 9)
    clean: list[Subject] = [
        each.model_copy(update={"results": [], "name": f"clean-{number}"})
        for number, each in enumerate(document.subjects[1:])
    ]
    text = _text(document.model_copy(update={"subjects": [document.subjects[0], *clean]}))
    assert "clean-" not in text
    assert f"{len(clean)} subjects without a finding" in text


def test_static_rsa_under_a_certificate_that_is_not_here(bench: Bench) -> None:
    text = "http {" + _SERVER % (0, "ssl_ciphers AES128-SHA:ECDHE-ECDSA-AES128-GCM-SHA256;") + "}"
    unknown = listener(bench.lint(text.replace("server.pem", "gone.pem")))
    (found,) = (each for each in unknown.results if each.rule == "TLS-CIPH-010")
    assert found.outcome == "fail"
    assert found.observed.startswith("if the certificate, which is not here, is RSA: TLS_RSA_WITH_AES_128_CBC_SHA")
    (found,) = (each for each in listener(bench.lint(text)).results if each.rule == "TLS-CIPH-010")
    assert found.outcome == "pass"  # an ECDSA certificate
