"""Minted chains as facts: what an endpoint that serves them looks like to the certificate rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tlsaudit.data.published_keys import PUBLISHED
from tlsaudit.demo.mint import Authority, Leaf, PrivateKey
from tlsaudit.model.certificate import (
    Certificate,
    CertificateDeployment,
    ChainAnalysis,
    NameMatch,
    Staple,
    Unparsed,
)
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.facts import Endpoint, Facts, KeyExchange
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Tried, Unknown, Why
from tlsaudit.model.limits import Limits
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Fail
from tlsaudit.pki import TrustStore, analyse_chain, match_name, parse_certificate
from tlsaudit.policy import load_policy
from tlsaudit.rules.rule import Case, Rule

HOST = "shop.example.com"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
BASIS = Basis(Origin.OBSERVED, "probe:1")
UNREADABLE = Unknown(Why.UNSUPPORTED, "the first certificate cannot be read")
MODERN = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)

CaseTable = dict[str, Callable[[], Case]]
"""One case for each rule id."""


@cache
def owasp() -> Limits:
    """The limits of the policy `owasp`."""
    return load_policy("owasp").limits


@cache
def root() -> Authority:
    """The root of this session's certificates."""
    return Authority.root("Root")


@cache
def issuing() -> Authority:
    """An intermediate below the root."""
    return root().subordinate("Issuing")


def der(certificate: x509.Certificate | bytes) -> bytes:
    """The certificate in DER."""
    return certificate if isinstance(certificate, bytes) else certificate.public_bytes(Encoding.DER)


def deployment(
    *sent: x509.Certificate | bytes,
    anchors: Sequence[x509.Certificate | bytes] | None = None,
    host: str = HOST,
    public: bool = False,
    stores: dict[str, TrustStore] | None = None,
    staple: Fact[Staple | None] = Known(None, BASIS),  # noqa: B008 - frozen
    leaf_signs: bool = True,
    versions: tuple[ProtocolVersion, ...] = MODERN,
    message_bytes: int | None = None,
    basis: Basis = BASIS,
) -> CertificateDeployment:
    """What a server shows that sends these certificates; the anchors form the store "mozilla" or "custom"."""
    ders = [der(each) for each in sent]
    trusted = TrustStore.from_ders("anchors", [der(each) for each in (anchors or [root().certificate])])
    chain: list[Certificate] = []
    unparsed: list[Unparsed] = []
    for index, each in enumerate(ders):
        try:
            chain.append(parse_certificate(each))
        except DecodeError as error:
            unparsed.append(Unparsed(index=index, sha256="00" * 32, error=str(error)))
    readable = not any(each.index == 0 for each in unparsed)
    by_name = stores or ({"mozilla": trusted} if public else {"custom": trusted, "mozilla": TrustStore("mozilla")})
    deciding = "custom" if "custom" in by_name else "mozilla"
    leaf: Fact[Certificate] = Known(chain[0], basis) if readable else UNREADABLE
    analysis: Fact[ChainAnalysis] = (
        Known(analyse_chain(chain, by_name, deciding if stores is None else "mozilla"), basis)
        if readable
        else UNREADABLE
    )
    name: Fact[NameMatch] = Known(match_name(host, chain[0]), basis) if readable else UNREADABLE
    return CertificateDeployment(
        leaf=leaf,
        chain=tuple(chain),
        unparsed=tuple(unparsed),
        analysis=analysis,
        name=name,
        staple=staple,
        leaf_signs=Known(leaf_signs, basis),
        versions=versions,
        published=Known(PUBLISHED.get(chain[0].spki_sha256), basis) if readable else UNREADABLE,
        message_bytes=message_bytes if message_bytes is not None else sum(len(each) + 5 for each in ders),
        basis=basis,
    )


def case(
    *deployments: CertificateDeployment,
    host: str = HOST,
    as_of: datetime = NOW,
    key_exchanges: tuple[KeyExchange, ...] | None = (),
    limits: Limits | None = None,
) -> Case:
    """These deployments, judged by `owasp`; `key_exchanges` None: nobody asked."""
    exchanges: Fact[tuple[KeyExchange, ...]] = (
        Unknown(Why.NOT_ASKED) if key_exchanges is None else Known(key_exchanges, BASIS)
    )
    return Case(
        facts=Facts(
            endpoint=Endpoint(host=host, port=443),
            protocols=Tried(accepted=dict.fromkeys(MODERN, BASIS), refused=frozenset(ProtocolVersion) - set(MODERN)),
            certificate_deployments=Known(deployments, BASIS),
            key_exchanges=exchanges,
        ),
        limits=limits or owasp(),
        as_of=as_of,
    )


def serving(
    leaf: Leaf, *, forged: bytes | None = None, host: str = HOST, as_of: datetime = NOW, public: bool = False
) -> Case:
    """A server that sends this leaf, or a forged one in its place, with its intermediates."""
    first = leaf.certificate if forged is None else forged
    return case(deployment(first, *leaf.above, host=host, public=public), host=host, as_of=as_of)


def sound(*names: str, key: PrivateKey | None = None, public: bool = False) -> Case:
    """A server with nothing wrong that these rules could see, for `names` or HOST."""
    return serving(issuing().issue(*(names or (HOST,)), key=key), public=public, host=(names or (HOST,))[0])


def unreadable() -> Case:
    """A server whose first certificate is no certificate."""
    return case(deployment(b"\x30\x03\x02\x01\x01", issuing().certificate))


def failures(rule: Rule, of: Case) -> list[Fail]:
    """What the rule finds in a case to which it must apply."""
    assert rule.applies(of), f"{rule.id} does not apply"
    return list(rule.evaluate(of))


def only(rule: Rule, of: Case) -> Fail:
    """The one failure that the rule finds."""
    (found,) = failures(rule, of)
    return found


def assert_fails(rule: Rule, table: CaseTable) -> None:
    """The rule's bad case fails, with words and with the basis that proves it."""
    found = failures(rule, table[rule.id]())
    assert found
    assert all(each.observed and each.at == (BASIS,) for each in found)


def assert_passes(rule: Rule, table: CaseTable) -> None:
    """The rule's good case passes."""
    assert failures(rule, table[rule.id]()) == []


def assert_complete(rules: tuple[Rule, ...], *tables: CaseTable) -> None:
    """Every rule, and nothing else, is in each table."""
    ids = [rule.id for rule in rules]
    assert len(set(ids)) == len(ids)
    for table in tables:
        assert set(table) == set(ids)
