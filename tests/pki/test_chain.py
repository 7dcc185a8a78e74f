"""Chain verdicts over the whole recipe book of `fixtures.certificates`, with `openssl verify` as second opinion."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from fixtures.certificates import CHAINS, ChainCase, authority_extensions, complete, der_of, two_anchors
from fixtures.forge import encode_oid, forge, tlv
from tests.lab.servers import requires
from tlsaudit.demo.mint import Authority, ec_key, name
from tlsaudit.model.certificate import Certificate, ChainAnalysis, ChainStatus, PathDefect
from tlsaudit.pki import TrustStore, analyse_chain, parse_certificate
from tlsaudit.pki.graph import VERIFICATIONS_MAX


def analyse(case: ChainCase) -> ChainAnalysis:
    return analyse_chain([parse_certificate(each) for each in case.sent], case.stores(), "custom")


def chain_of(*certificates: bytes) -> list[Certificate]:
    return [parse_certificate(each) for each in certificates]


@pytest.mark.parametrize("recipe", CHAINS)
def test_every_recipe_gets_the_verdict_it_states(recipe: str) -> None:
    case = CHAINS[recipe]()
    analysis = analyse(case)
    assert analysis.status is case.status
    assert analysis.trust["custom"].trusted is case.trusted
    assert not analysis.trust["mozilla"].trusted
    found = {defect.defect for path in analysis.paths for defect in path.defects}
    assert found == ({case.defect} if case.defect else set())
    assert not analysis.public
    assert analysis.deciding_store == "custom"


@pytest.mark.parametrize("recipe", CHAINS)
def test_openssl_agrees_unless_the_recipe_says_why_not(recipe: str, tmp_path: Path) -> None:
    requires("openssl")
    case = CHAINS[recipe]()
    files = {"leaf": case.sent[:1], "sent": case.sent[1:] or case.sent, "anchors": case.anchors}
    for file, ders in files.items():
        (tmp_path / file).write_text("".join(map(ssl.DER_cert_to_PEM_cert, ders)), encoding="ascii")
    flags = ["-no_check_time", "-no-CApath", "-no-CAstore", "-purpose", "sslserver", "-auth_level", "0"]
    paths = [f"-CAfile={tmp_path}/anchors", f"-untrusted={tmp_path}/sent", f"{tmp_path}/leaf"]
    answer = subprocess.run(["openssl", "verify", *flags, *paths], capture_output=True, check=False, timeout=30)
    agrees = (answer.returncode == 0) is case.trusted
    assert agrees is not bool(case.openssl_differs), answer.stderr


def test_indices_point_at_duplicates_strangers_and_roots() -> None:
    assert analyse(CHAINS["duplicates"]()).duplicates == (2, 3)
    assert analyse(CHAINS["unrelated"]()).unrelated == (1,)
    assert analyse(CHAINS["same_name_other_key"]()).unrelated == (1,)
    assert analyse(CHAINS["hundred_certificates"]()).unrelated == tuple(range(2, 100))
    assert analyse(CHAINS["root_sent"]()).superfluous_root == (2,)
    assert analyse(CHAINS["self_signed_leaf_in_store"]()).superfluous_root == ()
    assert analyse(CHAINS["unknown_root_sent"]()).superfluous_root == ()
    assert analyse(CHAINS["cross_signed_with_expired_twin"]()).unrelated == ()


def test_the_missing_issuer_is_named() -> None:
    analysis = analyse(CHAINS["missing_upper_intermediate"]())
    assert analysis.missing_issuer == "CN=Policy,O=tlsaudit demo"
    assert analysis.trust["custom"].reason == ("the issuer 'CN=Policy,O=tlsaudit demo' was not sent and is no anchor")
    assert analyse(CHAINS["complete"]()).missing_issuer is None
    assert analyse(CHAINS["unknown_root_sent"]()).missing_issuer is None


def test_a_root_that_is_sent_is_part_of_its_path_and_one_that_is_not_is_not() -> None:
    (sent,) = analyse(CHAINS["root_sent"]()).paths
    (unsent,) = analyse(CHAINS["complete"]()).paths
    assert sent.certificates[-1] == sent.anchor
    assert len(sent.certificates) == 3
    assert unsent.anchor not in unsent.certificates
    assert sent.stores == frozenset({"custom"})


def test_each_store_gives_its_own_verdict() -> None:
    case = two_anchors()
    stores = {
        "custom": TrustStore.from_ders("custom", case.anchors[:1]),
        "mozilla": TrustStore.from_ders("mozilla", case.anchors[1:]),
        "other": TrustStore("other"),
    }
    analysis = analyse_chain(chain_of(*case.sent), stores, "custom")
    assert analysis.trust["custom"].anchor == "CN=Root One,O=tlsaudit demo"
    assert analysis.trust["mozilla"].anchor == "CN=Root Two,O=tlsaudit demo"
    assert (
        analysis.trust["other"].reason == "the chain leads to 'CN=Root One,O=tlsaudit demo', which is not in the store"
    )
    assert analysis.public
    assert [path.stores for path in analysis.paths] == [{"custom"}, {"mozilla"}]


def test_an_intermediate_in_one_store_does_not_hide_the_root_in_another() -> None:
    root = Authority.root("Root")
    leaf = root.subordinate("Issuing").issue("a.example")
    stores = {
        "custom": TrustStore.from_ders("custom", [der_of(leaf.above[0])]),
        "mozilla": TrustStore.from_ders("mozilla", [der_of(root.certificate)]),
    }
    analysis = analyse_chain(chain_of(*map(der_of, leaf.chain())), stores, "custom")
    assert all(trust.trusted for trust in analysis.trust.values())
    assert analysis.superfluous_root == ()


def test_a_sound_path_wins_over_a_broken_one() -> None:
    root = Authority.root("Root")
    key = ec_key()
    broken = root.subordinate("Issuing", key=key, extensions=authority_extensions(ca=False))
    sound = root.subordinate("Issuing", key=key)
    leaf = sound.issue("a.example")
    stores = {"custom": TrustStore.from_ders("custom", [der_of(root.certificate)])}
    sent = chain_of(der_of(leaf.certificate), der_of(broken.certificate), der_of(sound.certificate))
    analysis = analyse_chain(sent, stores, "custom")
    assert analysis.trust["custom"].trusted
    assert [defect.defect for path in analysis.paths for defect in path.defects] == [PathDefect.NOT_A_CA]


def test_names_chain_whatever_their_case_and_string_type() -> None:
    root = Authority.root("Root CA")
    leaf = root.issue("a.example")
    renamed = Authority.root("ROOT  ca", key=root.key)
    stores = {"custom": TrustStore.from_ders("custom", [der_of(renamed.certificate)])}
    assert analyse_chain(chain_of(der_of(leaf.certificate)), stores, "custom").trust["custom"].trusted


def test_a_damaged_signature_opens_no_path() -> None:
    case = complete()
    leaf = bytearray(case.sent[0])
    leaf[-1] ^= 1
    analysis = analyse_chain(chain_of(bytes(leaf), *case.sent[1:]), case.stores(), "custom")
    assert analysis.status is ChainStatus.INCOMPLETE
    assert analysis.paths == ()


def test_many_candidates_of_one_name_end_the_search_and_say_so() -> None:
    root = Authority.root("Root")
    leaf = root.issue("a.example")
    crowd = [Authority.root("Root").certificate for _ in range(VERIFICATIONS_MAX + 10)]
    stores = {"custom": TrustStore("custom")}
    analysis = analyse_chain(chain_of(*map(der_of, [leaf.certificate, *crowd])), stores, "custom")
    assert analysis.status is ChainStatus.UNKNOWN
    assert "cut short" in analysis.trust["custom"].reason


def test_the_anchor_is_tried_before_a_crowd_of_its_namesakes() -> None:
    root = Authority.root("Root")
    leaf = root.issue("a.example")
    crowd = [Authority.root("Root").certificate for _ in range(VERIFICATIONS_MAX + 10)]
    stores = {"custom": TrustStore.from_ders("custom", [der_of(root.certificate)])}
    analysis = analyse_chain(chain_of(*map(der_of, [leaf.certificate, *crowd])), stores, "custom")
    assert analysis.trust["custom"].trusted


def test_the_same_chain_gets_the_same_analysis() -> None:
    case = CHAINS["labyrinth"]()
    assert analyse(case) == analyse(case)


def test_a_root_whose_signature_cannot_be_verified_leaves_the_status_unknown() -> None:
    root = Authority.root("Root of tomorrow")
    tomorrow = tlv(0x30, encode_oid("2.16.840.1.101.3.4.3.18"))
    analysis = analyse_chain(
        chain_of(forge(root.certificate, root.key, outer_algorithm=tomorrow)), complete().stores(), "custom"
    )
    assert analysis.status is ChainStatus.UNKNOWN
    assert "cannot be verified here" in analysis.trust["custom"].reason


def test_a_reason_stays_readable_whatever_the_length_of_names() -> None:
    root = Authority.root("Root")
    subject = name("x", organization_name="y" * 60, organizational_unit_name="z" * 60, locality_name="l" * 120)
    leaf = root.issue("a.example")
    renamed = forge(leaf.certificate, root.key, issuer=subject.public_bytes())
    reason = analyse_chain(chain_of(renamed), complete().stores(), "custom").trust["custom"].reason
    assert len(reason) < 300
    assert reason.endswith("...' was not sent and is no anchor")
