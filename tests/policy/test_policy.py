"""Policies: what comes with tlsaudit, what a file may say, and the floor under what a policy lists."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from tlsaudit.model.errors import InputError
from tlsaudit.model.result import Severity
from tlsaudit.policy import Policy, load_policy, policy_ids
from tlsaudit.rules import CATALOGUE

_OWASP = Path("tlsaudit/policy/profiles/owasp.yaml")
_RULES = {rule.id: rule for rule in CATALOGUE}


def _load(directory: Path, text: str) -> Policy:
    file = directory / "own.yaml"
    file.write_text(text)
    return load_policy(str(file))


@pytest.fixture(scope="module")
def text(request: pytest.FixtureRequest) -> str:
    """The policy owasp as a user may copy it."""
    return (request.config.rootpath / _OWASP).read_text()


def test_owasp_is_there() -> None:
    assert "owasp" in policy_ids()


@pytest.mark.parametrize("policy_id", policy_ids())
def test_a_policy_is_called_by_its_file(policy_id: str) -> None:
    policy = load_policy(policy_id)
    assert policy.id == policy_id
    assert policy.version
    assert policy.title
    assert policy.sources


@pytest.mark.parametrize("policy_id", policy_ids())
def test_what_a_policy_lists_is_at_least_high_under_it(policy_id: str) -> None:
    policy = load_policy(policy_id)
    listed = {*policy.forbidden, *policy.required}
    assert listed
    for rule in CATALOGUE:
        if listed & {*rule.enforces}:
            for found in (None, *Severity):
                assert policy.severity_of(rule, found).rank >= Severity.HIGH.rank, rule.id


@pytest.mark.parametrize("policy_id", policy_ids())
def test_every_entry_names_a_clause(policy_id: str) -> None:
    policy = load_policy(policy_id)
    assert all(sources for sources in (*policy.forbidden.values(), *policy.required.values()))


def test_owasp_forbids_and_requires_what_the_cheat_sheet_does() -> None:
    policy = load_policy("owasp")
    assert set(policy.forbidden) == {
        *("protocol/SSLv2", "protocol/SSLv3", "protocol/TLSv1.0", "protocol/TLSv1.1"),
        "upstream/plaintext",
        *("suite/null", "suite/anonymous", "suite/export", "suite/rc4", "suite/des", "suite/64-bit-block"),
        *("suite/below-112-bits", "suite/static-rsa", "suite/static-dh", "compression/deflate"),
    }
    assert set(policy.required) == {"protocol/TLSv1.2-or-newer", "chain/complete"}


@pytest.mark.parametrize(
    "rule_id",
    ["TLS-PROTO-003", "TLS-PROTO-004", "TLS-CIPH-006", "TLS-CIPH-010", "TLS-CHAIN-003"],
)
def test_owasp_raises_what_it_lists(rule_id: str) -> None:
    assert _RULES[rule_id].severity is Severity.MEDIUM
    assert load_policy("owasp").severity_of(_RULES[rule_id]) is Severity.HIGH


def test_owasp_has_the_values_of_the_catalogue() -> None:
    limits = load_policy("owasp").limits
    assert limits.suites_allowed is None
    assert limits.groups_allowed == frozenset({0x11EC, 29, 23, 30, 24, 256, 257})
    assert (limits.symmetric_bits_broken, limits.symmetric_bits_min, limits.block_bits_min) == (112, 128, 128)
    assert (limits.dh_bits_broken, limits.dh_bits_min, limits.dh_bits_wanted) == (1024, 2048, 3000)
    assert (limits.rsa_bits_broken, limits.rsa_bits_min, limits.rsa_bits_wanted) == (1024, 2048, 3072)
    assert (limits.curve_bits_min, limits.certificate_curve_bits_min) == (224, 224)
    assert limits.certificate_curves == {"secp256r1", "secp384r1", "secp521r1"}
    assert (limits.rsa_exponent_min, limits.signature_hash_bits_min) == (65537, 256)
    assert (limits.expiry_page_days, limits.expiry_page_fraction) == (7, 1 / 6)
    assert (limits.expiry_alert_days, limits.expiry_alert_fraction) == (30, 1 / 3)
    assert (limits.clock_tolerance_seconds, limits.status_without_end_days_max) == (300, 10)
    assert limits.public_lifetime_days[1:] == (
        (date(2026, 3, 15), 200),
        (date(2027, 3, 15), 100),
        (date(2029, 3, 15), 47),
    )
    assert limits.public_lifetime_days[0][1] == 398
    assert limits.lifetime_days_max is None
    assert (limits.short_lived_days, limits.intermediate_expiry_days) == (7, 90)
    assert (limits.san_count_max, limits.certificate_message_bytes_max, limits.path_depth_max) == (100, 10_000, 4)
    assert (limits.hsts_seconds_broken, limits.hsts_seconds_min) == (15_552_000, 31_536_000)


def test_a_policys_own_severity_comes_before_the_rules() -> None:
    policy = load_policy("owasp")
    subdomains = _RULES["TLS-HTTP-003"]
    assert subdomains.severity is Severity.LOW
    assert policy.severity_of(subdomains) is Severity.INFO
    assert policy.severity_of(subdomains, Severity.MEDIUM) is Severity.INFO


def test_without_one_the_failures_severity_counts() -> None:
    assert load_policy("owasp").severity_of(_RULES["TLS-HTTP-002"], Severity.MEDIUM) is Severity.MEDIUM


def test_a_file_of_ones_own_is_read(tmp_path: Path, text: str) -> None:
    own = text.replace("id: owasp", "id: own").replace("rsa_bits_min: 2048", "rsa_bits_min: 3072")
    policy = _load(tmp_path, own)
    assert (policy.id, policy.limits.rsa_bits_min) == ("own", 3072)
    assert policy.sha256 == hashlib.sha256(own.encode()).hexdigest()


def test_suites_are_listed_by_name(tmp_path: Path, text: str) -> None:
    policy = _load(tmp_path, text.replace("limits:\n", "limits:\n  suites_allowed: [TLS_AES_128_GCM_SHA256]\n", 1))
    assert policy.limits.suites_allowed == frozenset({0x1301})


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("id: owasp", "id: owasp\nbogus: 1", ":4: bogus: extra inputs are not permitted"),
        ("id: owasp", 'id: owasp\n"a\\nb": 1', r":4: a\nb: extra inputs"),
        ("id: owasp", "id: O W", ":3: id: string should match pattern"),
        ("id: owasp\n", "", ":3: id: field required"),
        ("dh_bits_min: 2048", "dh_bits_min: many", "limits.dh_bits_min: input should be a valid integer"),
        ("dh_bits_min: 2048", "dh_bits_min: -1", "limits.dh_bits_min: input should be greater than or equal to 0"),
        ("1/6", "1/0", "limits.expiry_page_fraction: '1/0' is no fraction"),
        ("1/6", "7", "limits.expiry_page_fraction: input should be less than or equal to 1"),
        ("x448,", "x449,", "limits.groups_allowed.3: 'x449' is no named group of the IANA registry"),
        ("2026-03-15, days", "2028-03-15, days", "rows must be in the order of their dates"),
        ("TLS-HTTP-003: info", "TLS-HTTP-999: info", "severities: there is no rule 'TLS-HTTP-999'"),
        ("TLS-HTTP-003: info", "TLS-HTTP-003: awful", "severities.TLS-HTTP-003: input should be 'info'"),
        ("suite/rc4", "suite/rc5", "forbidden: no rule enforces 'suite/rc5'"),
        ("suite/rc4", "suite/null", "forbidden: 'suite/null' is listed twice"),
        ("chain/complete", "chain/pretty", "required: no rule enforces 'chain/pretty'"),
        ("limits:\n", "limits:\n  suites_allowed: [TLS_NONE]\n", "'TLS_NONE' is no cipher suite of the IANA registry"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_line(tmp_path: Path, text: str, old: str, new: str, problem: str) -> None:
    assert old in text
    with pytest.raises(InputError) as error:
        _load(tmp_path, text.replace(old, new, 1))
    message = str(error.value)
    assert problem in message
    assert message.startswith(f"{tmp_path / 'own.yaml'}:")
    assert message.removeprefix(f"{tmp_path / 'own.yaml'}:").split(":")[0].isdecimal()
    assert "\n" not in message


def test_the_line_is_that_of_the_mistake(tmp_path: Path, text: str) -> None:
    number = next(n for n, line in enumerate(text.splitlines(), 1) if "suite/rc4" in line)
    with pytest.raises(InputError, match=rf"own\.yaml:{number}: "):
        _load(tmp_path, text.replace("suite/rc4", "suite/rc5"))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nonsense", "unknown policy 'nonsense': known are"),
        ("", "unknown policy ''"),
        ("missing.yaml", "cannot read policy 'missing.yaml': No such file"),
        ("nul\0.yaml", "cannot read policy"),
    ],
)
def test_a_policy_that_is_not_there_is_our_input(name: str, problem: str) -> None:
    with pytest.raises(InputError) as error:
        load_policy(name)
    assert problem in str(error.value)


def test_a_file_that_is_no_text_is_our_input(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        load_policy(str(tmp_path / "own.yaml"))
