"""Hypothesis strategies for facts: anything the types allow, however unlikely."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from hypothesis import strategies as st

from tlsaudit.data.groups import GROUPS
from tlsaudit.data.signatures import SCHEMES
from tlsaudit.data.suites import SUITES
from tlsaudit.model.beside import BeforeTls, PlainAnswer, PlainHttp, PlainState, Twin
from tlsaudit.model.certificate import (
    Certificate,
    CertificateDeployment,
    ChainAnalysis,
    DefectAt,
    GeneralName,
    KeyWeakness,
    NameMatch,
    Path,
    PublicKey,
    RevocationCheck,
    SctOrigin,
    Staple,
    StatusSource,
    Timestamp,
    Timestamps,
    Trust,
    Unparsed,
)
from tlsaudit.model.facts import (
    ClientAuth,
    ClientAuthAt,
    ClientAuthMode,
    DhParameters,
    Endpoint,
    Facts,
    Hsts,
    HttpAnswer,
    KeyExchange,
    Layer,
    Preference,
    Session,
    When,
)
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

T = TypeVar("T")

BASES = st.builds(Basis, st.sampled_from(Origin), st.from_regex(r"probe:[1-9]", fullmatch=True))
UNKNOWN = st.builds(Unknown, st.sampled_from(Why), st.text(max_size=5))
VERSIONS = st.sampled_from(ProtocolVersion)
WORDS = st.text(max_size=8)
NUMBERS = st.integers(min_value=0, max_value=70000)
BITS = st.sampled_from([0, 112, 160, 224, 256, 512, 1023, 1024, 2047, 2048, 3072, 4096])
MOMENTS = st.datetimes(
    min_value=datetime(1950, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
    max_value=datetime(9999, 12, 31, 23, 59, 59),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))


def fact(values: st.SearchStrategy[T]) -> st.SearchStrategy[Fact[T]]:
    """Known or unknown."""
    return st.builds(Known, values, BASES) | UNKNOWN


def tuples(values: st.SearchStrategy[T], most: int = 2) -> st.SearchStrategy[tuple[T, ...]]:
    """None, one or a few."""
    return st.lists(values, max_size=most).map(tuple)


def tried(values: Sequence[T]) -> st.SearchStrategy[Tried[T]]:
    """An enumeration: some accepted; of the others all, some or none refused."""

    def enumeration(accepted: dict[T, Basis], refused: frozenset[T], everything: bool, rest: Unknown) -> Tried[T]:
        others = frozenset(values) if everything else refused
        return Tried(accepted=accepted, refused=others - accepted.keys(), rest=rest)

    some = st.sampled_from(values)
    return st.builds(
        enumeration,
        st.dictionaries(some, BASES, max_size=6),
        st.frozensets(some, max_size=6),
        st.booleans(),
        UNKNOWN,
    )


_PAIRS = [(version, code) for version in ProtocolVersion for code in (*SUITES, 0xABCD)]
_GROUP_PAIRS = [(version, code) for version in ProtocolVersion for code in (*GROUPS, 0xFF01, 0xABCD)]

KEYS = st.builds(
    PublicKey,
    type=st.sampled_from(["rsa", "ec", "dsa", "ed25519", "ed448", "1.2.3"]),
    bits=st.none() | BITS,
    curve=st.none() | st.sampled_from(["secp256r1", "secp192r1", "1.2.3"]),
    exponent=st.none() | st.sampled_from([-1, 0, 1, 2, 3, 65537, 2**64 - 1]),
    pss=st.booleans(),
    weaknesses=st.frozensets(st.sampled_from(KeyWeakness), max_size=2),
)
NAMES = st.builds(
    GeneralName,
    st.sampled_from(["dns", "ip", "uri", "email", "directory", "other"]),
    WORDS
    | st.sampled_from(["*.com", "*.example.com", "a_b.example.com", "10.0.0.1", "::1", "xn--a", "a..b", "*", "."]),
)
OIDS = st.sampled_from(["serverAuth", "clientAuth", "anyExtendedKeyUsage", "codeSigning", "1.2.3"])
CERTIFICATES = st.builds(
    Certificate,
    der=st.binary(max_size=4),
    sha256=st.sampled_from(["aa", "bb", "cc"]),
    spki_sha256=st.sampled_from(["aa", "bb"]),
    version=st.integers(min_value=0, max_value=4),
    serial=st.integers(min_value=-1, max_value=2**170),
    subject=WORDS,
    issuer=WORDS,
    subject_der=st.binary(max_size=3),
    issuer_der=st.binary(max_size=3),
    common_names=tuples(WORDS),
    not_before=MOMENTS,
    not_after=MOMENTS,
    key=KEYS,
    signature_algorithm=st.sampled_from(["sha256WithRSAEncryption", "sha1WithRSAEncryption", "1.2.3"]),
    signature_hash=st.none() | st.sampled_from(["md2", "md5", "sha1", "sha224", "sha256", "sha3-256", "odd"]),
    signature_matches_tbs=st.booleans(),
    self_issued=st.booleans(),
    self_signed=st.booleans(),
    san=st.none() | tuples(NAMES, 4),
    san_critical=st.booleans(),
    is_ca=st.none() | st.booleans(),
    path_length=st.none() | NUMBERS,
    key_usage=st.none()
    | st.frozensets(st.sampled_from(["digitalSignature", "keyCertSign", "keyAgreement", "cRLSign"])),
    extended_key_usage=st.none() | tuples(OIDS),
    subject_key_id=st.none() | WORDS,
    authority_key_id=st.none() | WORDS,
    authority_info_access=st.booleans(),
    ocsp_urls=tuples(WORDS),
    ca_issuer_urls=tuples(WORDS),
    crl_urls=tuples(WORDS),
    policies=tuples(WORDS),
    has_name_constraints=st.booleans(),
    has_ct_poison=st.booleans(),
    must_staple=st.booleans(),
    sct_count=NUMBERS,
    unknown_critical=tuples(WORDS),
    defects=tuples(WORDS),
)
PATHS = st.builds(
    Path,
    certificates=st.lists(CERTIFICATES, min_size=1, max_size=2).map(tuple),
    anchor=CERTIFICATES,
    stores=st.frozensets(st.sampled_from(["mozilla", "custom"])),
    defects=tuples(st.from_type(DefectAt)),
)
ANALYSES = st.builds(
    ChainAnalysis,
    superfluous_root=tuples(st.just(0), 1),
    unrelated=tuples(st.just(0), 1),
    duplicates=tuples(st.just(0), 1),
    missing_issuer=st.none() | WORDS,
    paths=tuples(PATHS, 1),
    trust=st.dictionaries(st.sampled_from(["mozilla", "custom"]), st.from_type(Trust)),
    deciding_store=st.sampled_from(["mozilla", "custom"]),
)
STAPLES = st.builds(
    Staple,
    serial_matches=st.none() | st.booleans(),
    this_update=st.none() | MOMENTS,
    next_update=st.none() | MOMENTS,
    verified=st.none() | st.booleans(),
    detail=WORDS,
)


CHECKS = st.builds(
    RevocationCheck,
    sha256=WORDS,
    subject=WORDS,
    source=st.sampled_from(StatusSource),
    place=WORDS,
    answer=fact(STAPLES),
)
TIMESTAMPS = st.builds(
    Timestamp,
    origin=st.sampled_from(SctOrigin),
    at=MOMENTS,
    log_id=WORDS,
    log=st.none() | WORDS,
    operator=st.none() | WORDS,
    out_since=st.none() | st.dates(),
    verified=st.none() | st.booleans(),
)


def _deployments(
    chain: st.SearchStrategy[tuple[Certificate, ...]], analysis: st.SearchStrategy[Fact[ChainAnalysis]]
) -> st.SearchStrategy[CertificateDeployment]:
    return st.builds(
        CertificateDeployment,
        leaf=fact(CERTIFICATES),
        chain=chain,
        unparsed=tuples(st.from_type(Unparsed)),
        analysis=analysis,
        name=fact(st.builds(NameMatch, WORDS, st.booleans(), st.none() | WORDS, WORDS)),
        staple=fact(st.none() | STAPLES),
        leaf_signs=fact(st.booleans()),
        versions=tuples(VERSIONS),
        message_bytes=NUMBERS,
        basis=BASES,
        revocation=fact(tuples(CHECKS, 2)),
        timestamps=fact(st.builds(Timestamps, logs_date=st.dates(), found=tuples(TIMESTAMPS, 3))),
        published=fact(st.none() | WORDS),
    )


DEPLOYMENTS = _deployments(st.lists(CERTIFICATES, min_size=1, max_size=2).map(tuple), fact(ANALYSES)) | _deployments(
    st.just(()), UNKNOWN
)
"""Nothing can be said of a chain that could not be read."""
EXCHANGES = st.builds(
    KeyExchange,
    version=VERSIONS,
    suite=st.sampled_from(sorted(SUITES)),
    basis=BASES,
    group=st.none() | st.sampled_from([23, 29, 4588, 0xFF01, 0xABCD]),
    curve_type=st.none() | st.integers(0, 5),
    dh=st.none() | st.builds(DhParameters, bits=BITS, generator=st.integers(0, 5), name=st.none() | WORDS),
    signature_scheme=st.none() | st.sampled_from([*SCHEMES, 0xABCD]),
    public_sha256=st.none() | st.sampled_from(["a", "b"]),
)
MODES = st.sampled_from(ClientAuthMode)
CLIENT_AUTHS = st.builds(
    ClientAuth,
    mode=fact(MODES),
    enforced_by=st.none() | st.sampled_from(Layer),
    verifies=fact(st.booleans()),
    when=st.none() | st.sampled_from(When),
    per_protocol=st.dictionaries(
        VERSIONS,
        st.builds(
            ClientAuthAt,
            requested=fact(st.booleans()),
            mode=fact(MODES),
            enforced_by=st.none() | st.sampled_from(Layer),
            evidence=WORDS,
        ),
        max_size=3,
    ),
    ca_names=tuples(WORDS, 4),
    signature_schemes=tuples(st.sampled_from([*SCHEMES, 0xABCD]), 4),
    certificate_types=tuples(NUMBERS),
)
SESSIONS = st.builds(
    Session,
    **{name: fact(st.booleans()) for name in Session.__dataclass_fields__ if name != "unoffered_choice"},
    unoffered_choice=fact(st.none() | WORDS),
)
ANSWERS = st.builds(
    HttpAnswer,
    status=NUMBERS,
    server=st.none() | WORDS,
    location=st.none() | WORDS,
    hsts=st.none()
    | st.builds(
        Hsts, raw=WORDS, count=st.integers(1, 3), max_age=st.none() | st.integers(0, 10**9), error=st.none() | WORDS
    ),
    cookies_without_secure=tuples(WORDS),
    compression=fact(st.none() | WORDS),
    insecure_content=fact(st.none() | tuples(WORDS)),
)
PLAIN_ANSWERS = st.builds(
    PlainAnswer,
    state=st.sampled_from(PlainState),
    status=st.none() | NUMBERS,
    location=st.none() | WORDS,
    content=st.booleans(),
)
PLAIN_HTTP = st.builds(
    PlainHttp, port=st.integers(1, 65535), answer=fact(PLAIN_ANSWERS), upgrade=fact(st.none() | WORDS)
)
BEFORE_TLS = st.builds(BeforeTls, signs_in=fact(st.none() | WORDS), takes_injected=fact(st.booleans()))
TWINS = st.builds(Twin, name=WORDS, covered=st.booleans(), here=fact(st.booleans()))
ENDPOINTS = st.builds(
    Endpoint,
    host=st.sampled_from(["shop.example.com", "192.0.2.1", "2001:db8::1", ""]),
    port=st.integers(1, 65535),
    address=st.none() | st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    sni=st.none() | WORDS,
    starttls=st.none() | st.just("postgres"),
)


def facts() -> st.SearchStrategy[Facts]:
    """Any facts that the types allow."""
    return st.builds(
        Facts,
        endpoint=ENDPOINTS,
        protocols=tried(list(ProtocolVersion)),
        cipher_suites=tried(_PAIRS),
        suite_order=st.dictionaries(VERSIONS, tuples(st.sampled_from([*SUITES, 0xABCD])), max_size=3),
        cipher_preference=st.dictionaries(VERSIONS, fact(st.sampled_from(Preference)), max_size=3),
        groups=tried(_GROUP_PAIRS),
        group_order=st.just({}),
        key_exchanges=fact(tuples(EXCHANGES, 4)),
        certificate_deployments=fact(tuples(DEPLOYMENTS)),
        client_auth=CLIENT_AUTHS,
        session=SESSIONS,
        alpn=tried(["h2", "http/1.1"]),
        alpn_chosen=st.dictionaries(VERSIONS, fact(st.none() | st.sampled_from(["h2", "http/1.1"])), max_size=3),
        http=fact(st.none() | ANSWERS),
        plain_http=fact(st.none() | PLAIN_HTTP),
        before_tls=fact(st.none() | BEFORE_TLS),
        twin=fact(st.none() | TWINS),
    )
