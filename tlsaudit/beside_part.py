"""What stands within and beside TLS, as the report shows it: HTTP, a start in plain text, the twin name."""

from __future__ import annotations

from tlsaudit.model import document as doc
from tlsaudit.model.beside import BeforeTls, PlainHttp, Twin
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Fact, Known


def http_part(facts: Facts) -> doc.HttpPart:
    """The answers to `GET /`, with TLS and without."""
    plain = _plain_http_part(facts.plain_http)
    answer = facts.http.value if isinstance(facts.http, Known) else None
    if answer is None:
        return doc.HttpPart(plain=plain)
    hsts = answer.hsts
    return doc.HttpPart(
        status=answer.status,
        server=answer.server,
        location=answer.location,
        hsts=doc.HstsPart(
            raw=hsts.raw,
            max_age=hsts.max_age,
            include_subdomains=hsts.include_subdomains,
            preload=hsts.preload,
            error=hsts.error,
        )
        if hsts
        else None,
        compression=answer.compression.value if isinstance(answer.compression, Known) else None,
        insecure_content=list((isinstance(answer.insecure_content, Known) and answer.insecure_content.value) or ()),
        plain=plain,
    )


def _plain_http_part(fact: Fact[PlainHttp | None]) -> doc.PlainHttpPart | None:
    """The port of plain HTTP; None where there is none, or nothing is known of it."""
    plain = fact.value if isinstance(fact, Known) else None
    if plain is None:
        return None
    upgrade = plain.upgrade.value if isinstance(plain.upgrade, Known) else None
    if not isinstance(plain.answer, Known):
        return doc.PlainHttpPart(port=plain.port, state="unknown", upgrade=upgrade)
    answer = plain.answer.value
    return doc.PlainHttpPart(
        port=plain.port,
        state=answer.state.value,
        status=answer.status,
        location=answer.location,
        content=answer.content,
        upgrade=upgrade,
    )


def before_tls_part(fact: Fact[BeforeTls | None]) -> doc.BeforeTlsPart | None:
    """What a service does with clients before TLS; None where TLS begins at once, or it was not asked."""
    before = fact.value if isinstance(fact, Known) else None
    if before is None:
        return None
    return doc.BeforeTlsPart(
        signs_in=before.signs_in.value is not None if isinstance(before.signs_in, Known) else None,
        takes_injected=before.takes_injected.value if isinstance(before.takes_injected, Known) else None,
    )


def twin_part(fact: Fact[Twin | None]) -> doc.TwinPart | None:
    """The twin name; None where there is none."""
    twin = fact.value if isinstance(fact, Known) else None
    if twin is None:
        return None
    here = twin.here.value if isinstance(twin.here, Known) else None
    return doc.TwinPart(name=twin.name, covered=twin.covered, here=here)


def beside_facts(facts: Facts) -> dict[str, Fact[object]]:
    """The facts by their paths in the report, so that what is unknown of them is said."""
    found: dict[str, Fact[object]] = {"http.plain": facts.plain_http, "before_tls": facts.before_tls}
    found["twin"] = facts.twin
    http = facts.http.value if isinstance(facts.http, Known) else None
    if http is not None:
        found |= {"http.compression": http.compression, "http.insecure_content": http.insecure_content}
    plain = facts.plain_http.value if isinstance(facts.plain_http, Known) else None
    if plain is not None:
        found |= {"http.plain.state": plain.answer, "http.plain.upgrade": plain.upgrade}
    before = facts.before_tls.value if isinstance(facts.before_tls, Known) else None
    if before is not None:
        found |= {"before_tls.signs_in": before.signs_in, "before_tls.takes_injected": before.takes_injected}
    twin = facts.twin.value if isinstance(facts.twin, Known) else None
    if twin is not None and not twin.covered:
        found["twin.here"] = twin.here
    return found
