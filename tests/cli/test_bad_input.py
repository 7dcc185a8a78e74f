"""What is wrong with our own input is said in one line, before anything is dialled, and ends with 2."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.cli.program import Ended, tlsaudit
from tests.lab.pki import LabPki
from tlsaudit.__main__ import main
from tlsaudit.cli.options import moment


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The complaint of a run in this process, which has to end with 2 and write nothing else."""
    with pytest.raises(SystemExit) as end:
        main([str(each) for each in arguments])
    captured = capsys.readouterr()
    assert end.value.code == 2
    assert captured.out == ""
    return Ended(code=2, out=captured.out, err=captured.err).complaint()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing command (see tlsaudit --help)"),
        (["bogus"], "No such command 'bogus' (see tlsaudit --help)"),
        (["--bogus"], "No such option: --bogus"),
        (["scan"], "Missing argument 'TARGET' (see tlsaudit scan --help)"),
        (["scan", "--zzz", "x"], "No such option: --zzz (see tlsaudit scan --help)"),
        (["scan", "x", "--timeout"], "'--timeout' requires an argument"),
        (["scan", "x", "--timeout", "soon"], "'--timeout'"),
        (["scan", "x", "--timeout", "0"], "--timeout 0 is not between 0 and 600 seconds"),
        (["scan", "x", "--timeout", "-1"], "--timeout -1 is not"),
        (["scan", "x", "--timeout", "nan"], "--timeout nan is not"),
        (["scan", "x", "--timeout", "inf"], "--timeout inf is not"),
        (["scan", "x", "--fail-on", "severe"], "--fail-on 'severe' is no severity; known: none, info, low"),
        (["scan", "x", "--policy", "nope"], "unknown policy 'nope': known are bsi-tr-02102-2"),
        (["scan", "x", "--policy", "nope.yaml"], "cannot read policy 'nope.yaml': No such file"),
        (["scan", "x", "--format", "pdf"], "unknown format 'pdf'; known: text, json, jsonl, html"),
        (["scan", "x", "--expect-client-auth", "maybe"], "--expect-client-auth 'maybe' is none of"),
        (["scan", "x", "--mode", "quick"], "--mode 'quick' is none of gate, inventory, full"),
        (["scan", "x", "--sni", "not a name"], "'not a name' is not a valid host name"),
        (["scan", "x", "--as-of", "tomorrow"], "--as-of 'tomorrow' is no date"),
        (["scan", "x", "--as-of", ""], "--as-of '' is no date"),
        (["scan", "x", "--as-of", "0001-01-01T00:00:00+14:00"], "is not between the years"),
        (["scan", "x", "--as-of", "9999-12-31"], "is not between the years"),
        (["scan", "x", "--fetch-anywhere"], "--fetch-anywhere goes with --fetch"),
        (["scan", "x", "--crl", "none.crl"], "CRL file 'none.crl': No such file"),
        (["scan", "x", "--crl", "README.md"], "CRL file 'README.md': CertificateList"),
        (["scan", "x", "--ct-logs", "README.md"], "list of logs 'README.md': not a list of logs"),
        (["scan", "x", "--blocklist", "README.md"], "list of keys 'README.md', line 3: no SHA-256"),
        (["scan", ""], "empty target"),
        (["scan", "x:0"], "port '0' is not between 1 and 65535"),
        (["scan", "x:70000"], "port '70000' is not between 1 and 65535"),
        (["scan", "x:https"], "port 'https' is not between"),
        (["scan", "[::1"], "expected [IPV6]:PORT"),
        (["scan", "1.2.3.4.5"], "'1.2.3.4.5' is not a valid IPv4 address"),
        (["scan", "ftp://x"], "unknown scheme 'ftp'; known: https, postgres, tls"),
        (["scan", "x/path"], "has a path"),
        (["scan", "x?bogus=1"], "unknown option 'bogus'; known: http, sni"),
        (["scan", "x?http=99999"], "http='99999' is neither a port between 1 and 65535 nor none"),
        (["scan", "x", "--http-port", "http"], "--http-port 'http' is neither a port between 1 and 65535 nor none"),
        (["scan", "evil\x1b[31m\nred"], r"target 'evil\x1b[31m\nred' contains spaces or control characters"),
        (["scan", "bidi\u202ehost"], "contains spaces or control characters"),
        (["scan", "bytes\udcff"], "contains spaces or control characters"),
        (["scan", "x" * 2000], "longer than 1024 characters"),
        (["report", "nope.json"], "cannot read 'nope.json': No such file"),
        (["report", "/"], "cannot read '/': Is a directory"),
        (["rules", "TLS-NOPE-1"], "there is no rule 'TLS-NOPE-1'; tlsaudit rules lists them"),
        (["rules", "--format", "html"], "unknown format 'html'; known: text, json"),
        (["rules", "--policy", "nope"], "unknown policy 'nope'"),
        (["demo", "-o", "/dev/null"], "cannot make the folder '/dev/null'"),
    ],
    ids=lambda value: " ".join(value)[:40].encode("unicode_escape").decode() if isinstance(value, list) else "",
)
def test_a_wrong_command_line(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert words in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "json", "--format", "html"], "2 formats and 0 output files (-o): give one a format"),
        (["--format", "json", "--format", "html", "-o", "a.json"], "2 formats and 1 output file (-o)"),
        (["-o", "a.json", "-o", "b.html"], "1 format and 2 output files"),
        (["--format", "json", "-o", "-", "--format", "html", "-o", "-"], "only one format can go to standard output"),
        (["--format", "json", "-o", "a", "--format", "html", "-o", "a"], "only one format can go to 'a'"),
        (["-o", "report.pdf"], "the suffix of 'report.pdf' names no format; say which with --format"),
        (["-o", "/nowhere/at/all.json"], "cannot write '/nowhere/at/all.json': there is no directory '/nowhere/at'"),
        (["--format", "json", "-o", "/"], "cannot write '/': it is a directory"),
        (["--format", "json", "-o", ""], "it is a directory"),
        (["--format", "json", "-o", "x" * 300], "cannot write"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_output_that_cannot_be_is_refused_before_the_audit(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert words in refused(capsys, "scan", "127.0.0.1:1", *arguments)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no targets: the list is empty"),
        (b"\n# nothing but words\n\n", "no targets: the list is empty"),
        (b"good.example\n\nbad:port\n", "line 3: target 'bad:port': port 'port' is not between"),
        (b"good.example\r\nbad one\r\n", "line 2: target 'bad one' contains spaces"),
        (b"a.example\x0cb.example\nx:0\n", "line 1: "),
        (b"\xff\xfe\x00", "line 1: "),
    ],
)
def test_a_target_list_is_read_whole_before_anything_starts(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "list.txt").write_bytes(content)
    from_file = tlsaudit("scan", f"@{tmp_path / 'list.txt'}")
    from_stdin = tlsaudit("scan", "-", stdin=content)
    assert (from_file.code, from_stdin.code) == (2, 2)
    if content != b"\xff\xfe\x00":
        assert words in from_file.complaint()
    assert words in from_stdin.complaint()


def test_a_target_list_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert refused(capsys, "scan", f"@{tmp_path}/none") == (
        f"cannot read the target list '{tmp_path}/none': No such file or directory"
    )
    assert "Is a directory" in refused(capsys, "scan", f"@{tmp_path}")
    assert "Is a directory" in refused(capsys, "scan", "@")


def pkcs12_file(pki: LabPki) -> bytes:
    leaf = pki.rsa.leaf
    return pkcs12.serialize_key_and_certificates(b"x", None, leaf.certificate, None, serialization.NoEncryption())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no certificate here\n", id="words"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nMIIB\n", id="cut"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", id="no base64"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n", id="another sequence"),
        pytest.param(b"\x30\x03\x02\x01\x01", id="DER of something else"),
        pytest.param(b"\x30\x82\xff\xff", id="cut DER"),
        pytest.param(b"\x00" * 100, id="zeros"),
    ],
)
def test_a_ca_file_without_certificates(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    assert str(file) in refused(capsys, "scan", "127.0.0.1:1", "--ca-file", file)


def test_a_ca_file_that_is_pkcs12_missing_or_a_directory(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lab_pki: LabPki
) -> None:
    file = tmp_path / "ca.p12"
    file.write_bytes(pkcs12_file(lab_pki))
    assert str(file) in refused(capsys, "scan", "127.0.0.1:1", "--ca-file", file)
    assert "No such file" in refused(capsys, "scan", "127.0.0.1:1", "--ca-file", tmp_path / "none")
    assert "Is a directory" in refused(capsys, "scan", "127.0.0.1:1", "--ca-file", tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "policy.yaml: empty"),
        ("- a list", "policy.yaml:1: "),
        ("id: x\nid: y\n", "policy.yaml:2: the key 'id' is given twice"),
        ("id: [", "policy.yaml:"),
        ("id: &a x\nversion: *a\n", "aliases are not supported"),
        ("id: x\nbogus: 1\n", "policy.yaml:"),
    ],
)
def test_a_policy_file_with_errors_is_named_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    assert words in refused(capsys, "scan", "127.0.0.1:1", "--policy", file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no tlsaudit report"),
        (b"\x00\xff", "is no tlsaudit report"),
        (b"[]", "is no tlsaudit report"),
        (b"[" * 100_000, "is no tlsaudit report"),
        (b'{"schema": "tlsaudit.report/2"}', "schema: Input should be 'tlsaudit.report/1'"),
        (b'{"schema": "tlsaudit.report/1"}', "tool: Field required"),
    ],
)
def test_a_report_that_is_none(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(content)
    assert words in refused(capsys, "report", file)


def test_a_report_without_end_is_not_read_to_its_end() -> None:
    ended = tlsaudit("report", "/dev/zero")
    assert ended.code == 2
    assert ended.complaint() == "'/dev/zero' is larger than 256 MB"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("subjects", 0, "score", "grade"), "Z"),
        (("as_of",), "2026-01-01T00:00:00"),
        (("as_of",), "9999-12-31T23:59:59-14:00"),
        (("subjects", 0, "results", 0, "severity"), "dire"),
    ],
)
def test_a_report_with_values_that_mean_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, path: tuple[str | int, ...], value: str
) -> None:
    changed = json.loads((Path(__file__).parents[2] / "reports" / "sample.json").read_text())
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file = tmp_path / "report.json"
    file.write_text(json.dumps(changed))
    where = ".".join(str(key) for key in path)
    assert f"is no tlsaudit report: {where}: " in refused(capsys, "report", file)


def test_input_is_wrong_before_anything_else_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert "port '0'" in refused(capsys, "scan", "does-not-exist.invalid", "127.0.0.1:1", "x:0")


def test_a_date_alone_is_midnight_in_utc() -> None:
    assert moment("2026-11-21") == datetime(2026, 11, 21, tzinfo=UTC)
    assert moment("2026-11-21T12:00:00+02:00") == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert moment("2026-11-21T12:00:00Z") == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert moment(None) is None


@pytest.mark.parametrize(
    "arguments",
    [("scan", "x:0"), ("scan", "x", "--ca-file", "/"), ("report", "nope.json"), ("bogus",)],
    ids=" ".join,
)
def test_the_program_says_it_in_one_line(arguments: tuple[str, ...]) -> None:
    ended = tlsaudit(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.complaint()
