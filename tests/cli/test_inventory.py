"""Inventories and scope files on the command line, against a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Ended, tlsaudit
from tests.lab.process import HOST, Running, reserved_port
from tests.lab.proxy import DelayProxy
from tests.lab.servers import Lab


def inventory(folder: Path, *groups: str) -> str:
    path = folder / "fleet.yaml"
    path.write_text("groups:\n" + "".join(f"  - {{{group}}}\n" for group in groups))
    return f"@{path}"


def scope(folder: Path, text: str) -> Path:
    path = folder / "scope.yaml"
    path.write_text(text)
    return path


def optional(lab: Lab) -> Running:
    return lab.haproxy(f"ssl-min-ver TLSv1.2 verify optional ca-file {lab.pki.client_ca_file}")


def outcomes(done: Ended) -> list[dict[str, str]]:
    subjects: list[Any] = done.document["subjects"]
    return [{each["rule"]: each["outcome"] for each in subject["results"]} for subject in subjects]


def test_each_target_is_judged_by_what_its_group_expects(lab: Lab, tmp_path: Path) -> None:
    server = optional(lab)
    with DelayProxy(server.port, round_trip=0.0) as other:
        listed = inventory(
            tmp_path,
            f"name: a, expect: {{client_auth: required}}, targets: [127.0.0.1:{server.port}]",
            f"name: b, expect: {{client_auth: optional}}, targets: [127.0.0.1:{other.port}]",
        )
        done = tlsaudit("mtls", listed, "--format", "json")
    assert done.code == 1
    strict, lax = outcomes(done)
    assert (strict["TLS-MTLS-002"], lax["TLS-MTLS-002"]) == ("fail", "not_applicable")


def test_the_port_of_plain_http_is_that_of_the_target_else_of_the_command_line(lab: Lab, tmp_path: Path) -> None:
    plain = reserved_port()
    http = f"server {{ listen {HOST}:{plain}; return 301 https://localhost/; }}"
    api, site = lab.nginx("ssl_protocols TLSv1.3;", http=http), lab.nginx("ssl_protocols TLSv1.3;")
    listed = inventory(
        tmp_path,
        f"name: a, expect: {{kind: api}}, targets: ['localhost@{HOST}:{api.port}?http={plain}']",
        f"name: b, expect: {{kind: web}}, targets: ['localhost@{HOST}:{site.port}']",
    )
    done = tlsaudit("scan", listed, "--http-port", str(reserved_port()), "--format", "json")
    redirects, closed = done.document["subjects"]
    assert (redirects["facts"]["http"]["plain"]["status"], closed["facts"]["http"]["plain"]["state"]) == (301, "closed")
    judged, other = outcomes(done)
    assert (judged["TLS-HTTP-009"], judged["TLS-HTTP-006"], other["TLS-HTTP-009"]) == ("fail", "pass", "not_applicable")


def test_nobody_who_did_not_ask_reads_of_another_port(lab: Lab) -> None:
    done = tlsaudit("scan", f"localhost@{HOST}:{lab.nginx('ssl_protocols TLSv1.3;').port}", "--format", "json")
    (subject,) = done.document["subjects"]
    assert "plain" not in subject["facts"]["http"]
    assert not [path for path in subject["unknown"] if path.startswith(("http.plain", "twin", "before_tls"))]
    assert outcomes(done)[0]["TLS-HTTP-006"] == "not_applicable"


@pytest.mark.parametrize("command", ["scan", "mtls"])
def test_authorities_and_names_of_a_group(lab: Lab, tmp_path: Path, command: str) -> None:
    server = lab.nginx("ssl_protocols TLSv1.3;")
    with DelayProxy(server.port, round_trip=0.0) as other:
        right = f"{{ca: {lab.pki.root_file}, names: [localhost, 127.0.0.1]}}"
        wrong = f"{{ca: {lab.pki.client_ca_file}, names: [localhost, pay.example]}}"
        listed = inventory(
            tmp_path,
            f"name: a, expect: {right}, targets: ['127.0.0.1:{server.port}']",
            f"name: b, expect: {wrong}, targets: ['127.0.0.1:{other.port}']",
        )
        done = tlsaudit(command, listed, "--format", "json")
    assert done.code == 1
    good, bad = outcomes(done)
    assert (good["TLS-CERT-001"], good["TLS-CHAIN-001"]) == ("pass", "pass")
    assert (bad["TLS-CERT-001"], bad["TLS-CHAIN-001"]) == ("fail", "fail")
    first, second = (
        each["facts"]["certificate_deployments"][0]["trust"]["custom"] for each in done.document["subjects"]
    )
    assert (first["trusted"], second["trusted"]) == (True, False)
    assert "custom" in done.document["data"]["trust_stores"]


def test_the_server_name_of_the_command_line_keeps_what_is_expected(lab: Lab, tmp_path: Path) -> None:
    server = optional(lab)
    listed = inventory(tmp_path, f"name: a, expect: {{client_auth: required}}, targets: [127.0.0.1:{server.port}]")
    done = tlsaudit("mtls", listed, "--sni", "localhost", "--format", "json")
    assert outcomes(done)[0]["TLS-MTLS-002"] == "fail"


@pytest.mark.parametrize(
    ("group", "problem"),
    [
        ("name: a, policy: mine, targets: [x.example]", ":2: this group is to be judged by 'mine'"),
        ("name: a, expect: {ca: none.pem}, targets: [x.example]", ":2: CA file "),
        ("name: a, targets: [x.example, x.example]", ":2: the target x.example:443 is listed twice"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, group: str, problem: str) -> None:
    done = tlsaudit("scan", inventory(tmp_path, group))
    assert done.code == 2
    assert problem in done.complaint()


def test_trials_of_a_list_need_a_scope(lab: Lab, tmp_path: Path) -> None:
    server = optional(lab)
    listed = inventory(tmp_path, f"name: a, targets: ['127.0.0.1:{server.port}']")
    refused = tlsaudit("mtls", listed, "--trials")
    assert refused.code == 2
    assert "--scope" in refused.complaint()
    allowed = scope(tmp_path, "allow: [127.0.0.0/8]\n")
    done = tlsaudit("mtls", listed, "--trials", "--scope", allowed, "--format", "json")
    (subject,) = done.document["subjects"]
    tried = {trial["credential"]: trial["per_protocol"] for trial in subject["facts"]["client_auth"]["trials"]}
    assert tried["self_signed"]["TLSv1.3"]["outcome"] == "refused"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("allow: [10.0.0.0/8]\n", "127.0.0.1:{port}"),
        ("allow: [localhost]\ndeny: [127.0.0.0/8, '::1']\n", "localhost:{port}"),
        ("allow: [localhost]\n", "localhost@127.0.0.1:{port}"),
    ],
    ids=["not allowed", "denied after DNS", "pinned"],
)
def test_what_is_out_of_scope_is_not_dialled(lab: Lab, tmp_path: Path, text: str, target: str) -> None:
    server = optional(lab)
    with DelayProxy(server.port, round_trip=0.0) as watched:
        name = target.format(port=watched.port)
        done = tlsaudit("scan", name, "--trials", "--scope", scope(tmp_path, text), "--format", "json")
        assert watched.connections == 0
    assert done.code == 3
    (subject,) = done.document["subjects"]
    assert (subject["status"], subject["error"]["code"]) == ("incomplete", "scope")


def test_a_name_is_in_scope_with_all_of_its_addresses(lab: Lab, tmp_path: Path) -> None:
    server = optional(lab)
    options = ("--scope", scope(tmp_path, "allow: [localhost]\n"), "--mode", "inventory", "--format", "json")
    done = tlsaudit("scan", f"localhost:{server.port}", "--all-addresses", *options)
    audited = {each["id"]: each["status"] for each in done.document["subjects"]}
    assert audited[f"localhost:{server.port}@127.0.0.1"] == "audited"


def test_a_proxy_would_dial_out_of_our_sight(tmp_path: Path) -> None:
    options = ("--scope", scope(tmp_path, "allow: [x.example]\n"), "--proxy", "http://127.0.0.1:1")
    done = tlsaudit("scan", "x.example", *options)
    assert done.code == 2
    assert "--scope cannot go with a proxy" in done.complaint()
