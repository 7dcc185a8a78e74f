"""`tlsaudit lint` as its users run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import tlsaudit
from tests.lab.servers import absent

STOCK = Path("/etc/nginx/nginx.conf")
PAIR = "ssl_certificate /etc/ssl/shop.pem; ssl_certificate_key /etc/ssl/shop.key;"
SOUND = f"listen 443 ssl; {PAIR} ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;"


def write(folder: Path, server: str) -> Path:
    file = folder / "nginx.conf"
    file.write_text(f"events {{}}\nhttp {{\nserver {{\n{server}\n}}\n}}\n")
    return file


@pytest.mark.parametrize(
    ("server", "code"),
    [
        (f"{SOUND} ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;", 1),
        (f"{SOUND} ssl_protocols TLSv1.2 TLSv1.3;", 0),
        (f"{SOUND} ssl_protocols TLSv1.3; location / {{ proxy_pass http://10.1.2.3; }}", 1),
        (f"{SOUND} ssl_protocols TLSv1.3; location / {{ proxy_pass http://127.0.0.1:1; }}", 0),
        (f"{SOUND} ssl_protocols $versions;", 3),
        (f"{SOUND} ssl_protocols TLSv1.3", 3),
        ("listen 80;", 0),
    ],
)
def test_exit_code(tmp_path: Path, server: str, code: int) -> None:
    assert tlsaudit("lint", write(tmp_path, server)).code == code
    assert tlsaudit("lint", tmp_path).code == code


_HAPROXY = """global
  ssl-default-bind-options ssl-min-ver TLSv1.2
  ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20
defaults
  mode http
frontend www
  bind :443 ssl crt /etc/haproxy/shop.pem {bind}
  default_backend app
backend app
  server one {server}
"""


@pytest.mark.parametrize(
    ("bind", "server", "code"),
    [
        ("", "127.0.0.1:80", 0),
        ("ssl-min-ver TLSv1.0", "127.0.0.1:80", 1),
        ("", "10.0.0.1:80", 1),
        ("", "10.0.0.1:443 ssl verify none", 1),
        ("", "10.0.0.1:443 ssl ca-file /etc/ssl/own.pem sni str(app)", 0),
        ("verify required ca-file own.pem crt-ignore-err all", "127.0.0.1:80", 1),
        ('ssl-min-ver "$LOWEST"', "127.0.0.1:80", 3),
        ("ciphers 'ECDHE", "127.0.0.1:80", 3),
        (
            'ssl-min-ver TLSv1.1 # tlsaudit:ignore=TLS-PROTO-004,TLS-ALPN-003 until=2999-01-01 reason="old"',
            "127.0.0.1:80",
            0,
        ),
    ],
)
def test_exit_code_of_haproxy(tmp_path: Path, bind: str, server: str, code: int) -> None:
    (tmp_path / "lb.cfg").write_text(_HAPROXY.format(bind=bind, server=server))
    ended = tlsaudit("lint", tmp_path, "--format", "github")
    assert ended.code == code, ended.out
    if code == 1:
        assert "::error file=lb.cfg,line=" in ended.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "cannot read"),
        (["empty"], "nothing that is known here under"),
        (["nginx.conf", "--type", "iis"], "--type 'iis' is not known"),
        (["nginx.conf", "--assume", "nginx"], "write PRODUCT=VERSION"),
        (["nginx.conf", "--assume", "nginx=new"], "is no version"),
        (["nginx.conf", "--assume", "iis=10"], "write PRODUCT=VERSION"),
        (["nginx.conf", "--expect-client-auth", "maybe"], "--expect-client-auth"),
    ],
)
def test_wrong_input(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    write(tmp_path, SOUND)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.md").write_text("server { listen 443 ssl; }")
    ended = tlsaudit("lint", tmp_path / arguments[0], *arguments[1:])
    assert ended.code == 2
    assert complaint in ended.complaint()
    assert ended.out == ""


def test_what_a_file_is_can_be_said(tmp_path: Path) -> None:
    write(tmp_path, SOUND).rename(tmp_path / "notes.txt")
    assert tlsaudit("lint", tmp_path / "notes.txt").code == 2
    assert tlsaudit("lint", tmp_path / "notes.txt", "--type", "nginx").code == 0


def test_a_declared_expectation(tmp_path: Path) -> None:
    file = write(tmp_path, f"{SOUND} ssl_verify_client optional_no_ca;")
    assert tlsaudit("lint", file).code == 0
    ended = tlsaudit("lint", file, "--expect-client-auth", "required", "--format", "json")
    assert ended.code == 1
    (subject,) = ended.document["subjects"]
    (result,) = [each for each in subject["results"] if each["rule"] == "TLS-MTLS-002"]
    assert (result["outcome"], result["location"]) == ("fail", {"file": "nginx.conf", "line": 4})


_IGNORE = '# tlsaudit:ignore=TLS-PROTO-003,TLS-PROTO-004 {} reason="until the old terminals are gone"'


@pytest.mark.parametrize(
    ("comment", "code", "note"),
    [
        (_IGNORE.format("until=2999-12-31"), 0, ""),
        (_IGNORE.format("until=2020-01-01"), 1, "nginx.conf:5: the inline ignore has expired on 2020-01-01"),
        (_IGNORE.format(""), 1, "nginx.conf:5: an inline ignore needs rules"),
        ("# tlsaudit:ignore=TLS-PROTO-003 until=2999-12-31", 1, "nginx.conf:5: an inline ignore needs rules"),
        ('# tlsaudit:ignore=TLS-CONF-014 until=2999-12-31 reason="another one"', 1, "stands for nothing that fails"),
        (f"{_IGNORE.format('until=2999-12-31')}\n", 1, "stands for nothing that fails"),
        ('# tlsaudit:ignore=TLS-PROTO-003 until=2999-12-31 reason="    "', 1, "nginx.conf:5: an inline ignore needs"),
        ('# tlsaudit:ignore=TLS-PROTO-003 until=2999-12-31 reason="no"', 1, "of 3 to 300 characters"),
        (f"add_header X '{_IGNORE.format('until=2999-12-31')}';", 1, ""),
    ],
)
def test_a_comment_lets_a_failure_through(tmp_path: Path, comment: str, code: int, note: str) -> None:
    file = write(tmp_path, f"{SOUND}\n{comment}\nssl_protocols TLSv1 TLSv1.1 TLSv1.3;")
    ended = tlsaudit("lint", file, "--format", "json")
    assert ended.code == code
    assert note in ended.err
    if code == 0:
        waived = [each for each in ended.document["subjects"][0]["results"] if each["outcome"] == "waived"]
        assert {each["rule"] for each in waived} == {"TLS-PROTO-003", "TLS-PROTO-004"}
        assert {each["suppression"]["by"] for each in waived} == {"inline"}


def test_waivers_and_a_baseline(tmp_path: Path) -> None:
    file = write(tmp_path, f"{SOUND} ssl_protocols TLSv1 TLSv1.3; server_name shop.example;")
    waivers = tmp_path / "waivers.yaml"
    entry = (
        "rule: TLS-PROTO-003\n  scope: nginx.conf#shop.example:443\n  owner: a\n  reason: b\n  expires: 2999-01-01\n"
    )
    waivers.write_text(f"- {entry}")
    assert tlsaudit("lint", file, "--waivers", waivers).code == 0
    baseline = tmp_path / "known.json"
    assert tlsaudit("lint", file, "--write-baseline", baseline).code == 1
    file.write_text("\n\n" + file.read_text())
    assert tlsaudit("lint", file, "--baseline", baseline).code == 0


def test_sarif_and_annotations_point_at_the_line(tmp_path: Path) -> None:
    write(tmp_path, f"{SOUND}\nssl_protocols TLSv1 TLSv1.3;")
    sarif = json.loads(tlsaudit("lint", tmp_path, "--format", "sarif").out)
    places = {
        (each["ruleId"], each["locations"][0]["physicalLocation"]["region"]["startLine"])
        for each in sarif["runs"][0]["results"]
    }
    assert ("TLS-PROTO-003", 5) in places
    lines = tlsaudit("lint", tmp_path, "--format", "github").out.splitlines()
    assert any(line.startswith("::error") and "file=nginx.conf,line=5" in line for line in lines), lines


@pytest.mark.parametrize(
    "name",
    ["text", "json", "jsonl", "html", "markdown", "csv", "junit", "gitlab", "defectdojo", "cyclonedx", "prometheus"],
)
def test_every_format_takes_a_file(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"{SOUND} ssl_protocols TLSv1; location / {{ proxy_pass https://a.example; }}")
    ended = tlsaudit("lint", tmp_path, "--format", name)
    assert ended.code == 1
    assert "nginx.conf" in ended.out


def test_a_stored_report_is_rendered_again(tmp_path: Path) -> None:
    write(tmp_path, f"{SOUND} ssl_protocols TLSv1;")
    report = tmp_path / "report.json"
    assert tlsaudit("lint", tmp_path, "-o", report).code == 1
    ended = tlsaudit("report", report)
    assert ended.code == 1
    assert "nginx.conf:4" in ended.out


def test_an_upstream_in_clear_is_asked_about_no_versions(tmp_path: Path) -> None:
    """Under another policy, too; and what no file could say is not listed as if it were missing."""
    file = write(tmp_path, f"{SOUND} ssl_protocols TLSv1.3; location / {{ proxy_pass http://10.1.2.3; }}")
    report = tmp_path / "report.json"
    ended = tlsaudit("lint", file, "--format", "json", "-o", report, "--format", "text", "-o", "-")
    shown = ended.out.partition("> http://10.1.2.3")[2].partition("Subjects")[0]
    assert "Plaintext upstream" in shown
    assert "Not established" not in shown
    first = json.loads(report.read_text())
    again = tlsaudit("report", report, "--policy", "bsi-tr-02102-2", "--format", "json").document
    for document in (first, again):
        (results,) = (each["results"] for each in document["subjects"] if each["kind"] == "upstream")
        assert {each["rule"].rpartition("-")[0] for each in results} == {"TLS-CONF"}


def test_debians_own_file() -> None:
    """It asks for TLS 1.0 and 1.1, which its OpenSSL refuses."""
    if not STOCK.exists():
        absent("nginx")
    plain = tlsaudit("lint", STOCK, "--format", "json")
    assert plain.code == 1
    (subject,) = plain.document["subjects"]
    failing = {each["rule"]: each["location"]["line"] for each in subject["results"] if each["outcome"] == "fail"}
    assert failing == {"TLS-PROTO-003": 33, "TLS-PROTO-004": 33}
    assumed = tlsaudit("lint", STOCK, "--assume", "nginx=1.22,openssl=3.0", "--format", "json")
    assert assumed.code == 0
    (subject,) = assumed.document["subjects"]
    failing = {each["rule"]: each["location"]["line"] for each in subject["results"] if each["outcome"] == "fail"}
    assert failing == {"TLS-CONF-022": 33}


def test_a_large_tree_takes_little(tmp_path: Path) -> None:
    """Five thousand files, a tenth of them nginx; the scanner for attacks is not even loaded.

    The peak is asked of the kernel for this program alone: `ru_maxrss` begins with that of whoever started it.
    """
    for number in range(5000):
        folder = tmp_path / f"{number % 50}"
        folder.mkdir(exist_ok=True)
        text = f"server {{ {SOUND} server_name a{number}.example; }}\n" if number % 10 == 0 else "value: 1\n" * 50
        (folder / f"{number}.{'conf' if number % 10 == 0 else 'txt'}").write_text(text)
    script = (
        "import sys; sys.argv[1:] = ['lint', {!r}, '-o', {!r}]\n"
        "from tlsaudit.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as error: code = error.code\n"
        "peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(code, 'sslyze' in sys.modules, int(peak) // 1024)"
    ).format(str(tmp_path), str(tmp_path / "report.json"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, loaded, megabytes = done.stdout.split()
    assert (code, loaded) == ("0", "False")
    assert int(megabytes) < 300
    assert len(json.loads((tmp_path / "report.json").read_text())["subjects"]) == 500
