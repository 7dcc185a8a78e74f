"""A document in which everything that comes from outside tries to break the format that it is shown in."""

from __future__ import annotations

from tlsaudit.model.document import (
    Document,
    Location,
    Problem,
    ResultPart,
    SourcePart,
    Subject,
    Suppression,
    TrialAtPart,
    TrialPart,
)
from tools import sample_subjects, samples
from tools.sample_results import told

ATTACKS = (
    "<script>alert(1)</script>",
    "\x1b[2J\x1b[31mtrusted\x07",
    "line\r\n::error::forged\nTLS-X,fail\u2028end",
    "]]><!-- --><failure/>&amp;&#x0;",
    "``` `code` ``| a | b |\n# heading",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "  +1+1",
    "-2+3",
    "\t=1",
    "＝1＋1",
    '"quoted","and,split"',
    '\\" } 1\nforged{a="b"} 2\\',
    "%0A::warning::forged%25",
    "[link](javascript:alert(1)) ![i](http://evil.example/x.png) https://evil.example www.evil.example @admin #1",
    "{{7*7}} ${7*7} {% raw %}",
    "\ud800\ufffe\x00\x85\u202egnp.exe",
    "1. list\n- list\n===\n",
    "é東京🔒" * 2000,
    "::error::forged ::stop-commands::x",
    "#1 ##[stop-commands]x ##vso[task.setvariable variable=a]b ##teamcity[buildProblem]",
    "a;=cmd|' /C calc'!A0;\"@SUM(1+1)",
    "",
)


def document() -> Document:
    """One subject an attack, reached and not, with the attack as its name, its facts and its results."""
    subjects = [each for number, text in enumerate(ATTACKS) for each in (_subject(number, text), _lost(number, text))]
    failing = sum(result.outcome == "fail" for each in subjects for result in each.results)
    whole = samples.document()
    summary = whole.summary.model_copy(
        update={
            "subjects": len(subjects),
            "by_status": {"audited": len(ATTACKS), "unreachable": len(ATTACKS)},
            "failed_by_severity": {"high": failing},
        }
    )
    return whole.model_copy(update={"subjects": subjects, "summary": summary})


def _subject(number: int, text: str) -> Subject:
    base = sample_subjects.hostile()
    assert base.facts is not None
    deployments = base.facts.certificate_deployments
    leaf = deployments[0].chain[0].model_copy(update={"subject": text, "issuer": text, "sans": [text]})
    facts = base.facts.model_copy(
        update={"certificate_deployments": [deployments[0].model_copy(update={"chain": [leaf]})]}
    )
    waiver = Suppression(by="waiver", reason=text, owner=text, expires="2027-01-01")
    seen = TrialAtPart(outcome="accepted", evidence=text)
    trials = [TrialPart(credential="self_signed", serial=text, per_protocol={"TLSv1.2": seen, text: seen})]
    facts = facts.model_copy(update={"client_auth": facts.client_auth.model_copy(update={"trials": trials})})
    results = [
        _result(text, "TLS-CHAIN-002"),
        _result(text, "TLS-CHAIN-003").model_copy(update={"location": Location(file=text or "-", line=3)}),
        _result(text, "TLS-CHAIN-004").model_copy(update={"outcome": "inconclusive", "fingerprint": None}),
        _result(text, "TLS-CHAIN-005").model_copy(update={"outcome": "waived", "suppression": waiver}),
    ]
    return base.model_copy(
        update={"id": f"{text}:{number}", "name": text, "facts": facts, "results": results, "score": None}
    )


def _lost(number: int, text: str) -> Subject:
    error = Problem(code="timeout", message=text)
    return sample_subjects.unreachable().model_copy(
        update={"id": f"{text}:lost:{number}", "name": text, "error": error}
    )


def _result(text: str, rule: str) -> ResultPart:
    sources = [SourcePart(ref=text, verified=True)]
    plain = told(rule, "high", "", "", "", "", probes=(1,))
    texts = ("title", "cause", "observed", "expected", "why", "remedy", "reproduce")
    return plain.model_copy(update=dict.fromkeys(texts, text) | {"sources": sources, "fingerprint": f"{rule}{text}"})
