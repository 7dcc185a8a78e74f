"""`tlsaudit diff CONF HOST:PORT`: real servers, and the files that they should have been started with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Ended, tlsaudit
from tests.lab.pki import CertificateFiles, LabPki
from tests.lab.process import HOST, Running, reserved_port
from tests.lab.servers import Lab

_MOZILLA = "ECDHE+AESGCM:ECDHE+CHACHA20"
_SOUND = f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {_MOZILLA};"
_PAIR = "ssl_certificate shop.pem; ssl_certificate_key shop.key;"
_HSTS = 'add_header Strict-Transport-Security "max-age=31536000" always;'
_HAPROXY = """global
  ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
  mode http
frontend www
  bind :PORT ssl crt ecdsa-combined.pem verify required ca-file client-ca.pem
"""
_NAMED = r'named.example "~^(?<shop>\S+)\.E\.example$"'
_HOSTILE = "~^(((a+)+)+)+$"
_ASSUMED = ("--assume", "nginx=1.22,openssl=3.0")


class Site:
    """A server that runs, and a file of what it should be."""

    def __init__(self, folder: Path, pki: LabPki) -> None:
        self.folder = folder
        self.pki = pki

    def file(self, running: Running, server: str, *, certificate: CertificateFiles | None = None) -> Path:
        """The nginx configuration of the server."""
        files = certificate or self.pki.ecdsa
        for each in (files.chain, files.key, self.pki.client_ca_file):
            (self.folder / each.name).write_bytes(each.read_bytes())
        path = self.folder / "nginx.conf"
        path.write_text(
            f"events {{}}\nhttp {{\nserver {{\n  listen {running.port} ssl;\n  server_name localhost;\n"
            f"  ssl_certificate {files.chain.name};\n  ssl_certificate_key {files.key.name};\n"
            f'  {server}\n  location / {{ return 200 "ok"; }}\n}}\n}}\n'
        )
        return path

    def diff(self, path: Path, running: Running, *more: str) -> Ended:
        """What differs."""
        target = f"localhost@{HOST}:{running.port}"
        return tlsaudit("diff", path, target, "--ca-file", self.pki.root_file, "--format", "json", *more)


@pytest.fixture
def site(tmp_path: Path, lab_pki: LabPki) -> Site:
    """A folder for a file."""
    return Site(tmp_path, lab_pki)


def drifts(ended: Ended) -> dict[str, dict[str, Any]]:
    """What differs, by path."""
    return {each["path"]: each for subject in ended.document["subjects"] for each in subject.get("drift", [])}


def test_a_server_is_what_its_file_says(lab: Lab, site: Site) -> None:
    running = lab.nginx(f"{_SOUND} {_HSTS}")
    ended = site.diff(site.file(running, f"{_SOUND} {_HSTS}"), running, *_ASSUMED)
    assert (ended.code, ended.err) == (0, "")
    assert drifts(ended) == {}
    assert ended.document["summary"]["unchanged"] == 1


def test_what_is_only_on_the_wire(lab: Lab, site: Site) -> None:
    running = lab.nginx("ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers DEFAULT:@SECLEVEL=0;")
    ended = site.diff(site.file(running, _SOUND), running, *_ASSUMED)
    assert ended.code == 1
    found = drifts(ended)
    assert found["protocols.TLSv1.0"] == {
        "kind": "on_wire_not_in_file",
        "path": "protocols.TLSv1.0",
        "severity": "high",
        "file": "rejected",
        "wire": "accepted",
        "added": [],
        "removed": [],
        "location": {"file": "nginx.conf", "line": 8},
    }
    assert "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" in found["cipher_suites.TLSv1.2"]["added"]
    paths = {each["path"] for each in ended.document["subjects"][0]["facts"]}
    assert paths == found.keys()


def test_what_is_only_in_the_file(lab: Lab, site: Site) -> None:
    """The library refuses it, and nobody is to blame: it is told, and fails nothing unless that is asked for."""
    running = lab.nginx("ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;")
    path = site.file(running, "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;")
    ended = site.diff(path, running)
    assert ended.code == 0
    found = drifts(ended)
    assert found.keys() == {"protocols.TLSv1.0", "protocols.TLSv1.1"}
    assert {each["kind"] for each in found.values()} == {"in_file_not_on_wire"}
    assert site.diff(path, running, "--fail-on", "low").code == 1
    assert drifts(site.diff(path, running, *_ASSUMED)) == {}


@pytest.mark.parametrize(
    ("wire", "file", "path", "severity", "code"),
    [
        ("", _HSTS, "http.hsts", "high", 1),
        (_HSTS, "", "http.hsts", "low", 0),
        ("", "ssl_verify_client on; ssl_client_certificate client-ca.pem;", "client_auth.mode", "critical", 1),
        ("ssl_verify_client optional_no_ca;", "", "client_auth.mode", "low", 0),
        ("ssl_verify_client off;", "ssl_verify_client optional_no_ca;", "client_auth.mode", "critical", 1),
        ("ssl_session_tickets off;", "", "session.session_ticket", "low", 0),
        ("", "ssl_session_tickets off;", "session.session_ticket", "low", 0),
        ("ssl_early_data on;", "", "behaviours.early_data", "medium", 0),
        ("", "ssl_early_data on;", "behaviours.early_data", "low", 0),
        ("", "ssl_stapling on;", "certificate_deployments.stapled_ocsp", "low", 0),
    ],
)
def test_a_difference(lab: Lab, site: Site, wire: str, file: str, path: str, severity: str, code: int) -> None:  # noqa: PLR0917 - one row
    running = lab.nginx(f"{_SOUND} {wire}")
    ended = site.diff(site.file(running, f"{_SOUND} {file}"), running, *_ASSUMED)
    assert {each: drift["severity"] for each, drift in drifts(ended).items()} == {path: severity}
    assert ended.code == code


def test_the_order_of_suites(lab: Lab, site: Site) -> None:
    running = lab.nginx(f"{_SOUND} ssl_prefer_server_ciphers on;")
    found = drifts(site.diff(site.file(running, _SOUND), running, *_ASSUMED))
    assert {path: (each["file"], each["wire"]) for path, each in found.items()} == {
        "cipher_preference.TLSv1.2": ("the client's", "the server's"),
        "cipher_preference.TLSv1.3": ("the client's", "the server's"),
    }
    ended = site.diff(site.file(running, _SOUND), running)
    assert drifts(ended) == {}
    assert "say with --assume" in ended.document["subjects"][0]["unknown"]["cipher_preference.TLSv1.2"]


def test_tickets_of_tls_1_3_are_no_difference(lab: Lab, site: Site) -> None:
    """OpenSSL sends them without ssl_session_tickets as well, with the state kept by the server."""
    only = "ssl_protocols TLSv1.3; ssl_session_tickets off;"
    running = lab.nginx(only)
    ended = site.diff(site.file(running, only), running, *_ASSUMED)
    assert (ended.code, drifts(ended)) == (0, {})


@pytest.mark.parametrize(("default", "named"), [("off", "on"), ("on", "off"), ("on", "on"), ("off", "off")])
def test_tickets_take_both_servers(lab: Lab, site: Site, default: str, named: str) -> None:
    """The default server of the socket, and the one with the name."""
    files = f"ssl_certificate {site.pki.ecdsa.chain}; ssl_certificate_key {site.pki.ecdsa.key};"
    said = f"{files} {_SOUND} ssl_session_tickets {default};"
    first = f"server {{ listen {HOST}:PORT ssl; server_name other.example; {said} }}"
    running = lab.nginx(f"{_SOUND} ssl_session_tickets {named};", http=first)
    path = site.file(running, f"{_SOUND} ssl_session_tickets {named};")
    text = path.read_text().replace("http {", f"http {{ {first.replace(f'{HOST}:PORT', str(running.port))}")
    path.write_text(text)
    assert drifts(site.diff(path, running, *_ASSUMED)) == {}


def test_what_is_offered_by_alpn(lab: Lab, site: Site) -> None:
    running = lab.haproxy("ssl-min-ver TLSv1.3 alpn h2,http/1.1")
    for file in (site.pki.ecdsa.combined, site.pki.client_ca_file):
        (site.folder / file.name).write_bytes(file.read_bytes())
    path = site.folder / "haproxy.cfg"
    path.write_text(
        _HAPROXY.replace("PORT", str(running.port)).replace("verify required ca-file client-ca.pem", "maxconn 9")
    )
    found = drifts(site.diff(path, running, "--assume", "haproxy=2.6,openssl=3.0"))
    assert {each: drift["added"] for each, drift in found.items()} == {"alpn": ["h2", "http/1.1"]}
    plain = lab.haproxy("ssl-min-ver TLSv1.3")
    path.write_text(path.read_text().replace(str(running.port), str(plain.port)).replace("maxconn 9", "alpn h2"))
    ended = site.diff(path, plain, "--assume", "haproxy=2.6,openssl=3.0")
    assert (drifts(ended).keys() <= {"alpn"}, ended.code) == (True, 0)
    assert drifts(ended) or "alpn" in ended.document["subjects"][0]["unknown"]


def test_apache_and_its_sessions(lab: Lab, site: Site) -> None:
    running = lab.apache("SSLSessionTickets off\nSSLHonorCipherOrder on")
    for file in (site.pki.ecdsa.chain, site.pki.ecdsa.key):
        (site.folder / file.name).write_bytes(file.read_bytes())
    path = site.folder / "apache.conf"
    host = "SSLEngine on\nServerName localhost\nSSLCertificateFile ecdsa.pem\nSSLCertificateKeyFile ecdsa.key\n"
    path.write_text(f"Listen {running.port}\n<VirtualHost *:{running.port}>\n{host}SSLCompression on\n</VirtualHost>\n")
    found = drifts(site.diff(path, running, "--assume", "apache=2.4.71,openssl=3.0"))
    assert {each: drift["kind"] for each, drift in found.items()} == {
        "session.session_ticket": "in_file_not_on_wire",
        "session.compression": "in_file_not_on_wire",
        "cipher_preference.TLSv1.2": "differs",
        "cipher_preference.TLSv1.3": "differs",
    }


def test_another_certificate_is_served(lab: Lab, site: Site) -> None:
    running = lab.nginx(_SOUND)
    other = site.pki.write("renewed", site.pki.intermediate.issue("localhost"))
    ended = site.diff(site.file(running, _SOUND, certificate=other), running, *_ASSUMED)
    assert ended.code == 1
    found = drifts(ended)
    assert found.keys() == {"certificate_deployments"}
    assert found["certificate_deployments"]["location"] == {"file": "nginx.conf", "line": 6}


def test_what_the_file_does_not_say_is_no_difference(lab: Lab, site: Site) -> None:
    running = lab.nginx("ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers DEFAULT:@SECLEVEL=0;")
    path = site.file(running, "ssl_protocols $versions; include elsewhere.conf;")
    for name in ("ecdsa.pem", "ecdsa.key"):
        (path.parent / name).unlink()
    ended = site.diff(path, running)
    assert ended.code == 3
    assert drifts(ended) == {}
    unknown = ended.document["subjects"][0]["unknown"]
    assert "variable" in unknown["protocols.TLSv1.0"]
    assert {"certificate_deployments", "client_auth.mode", "http"} <= unknown.keys()


@pytest.mark.parametrize(
    ("server", "path"),
    [
        ("ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers $suites;", "cipher_suites.TLSv1.2"),
        (f"{_SOUND} ssl_certificate $host.pem;", "certificate_deployments"),
    ],
)
def test_what_may_hide_a_failure_is_open(lab: Lab, site: Site, server: str, path: str) -> None:
    running = lab.nginx(f"{_SOUND}")
    file = site.file(running, server)
    if "$host" in server:
        file.write_text(file.read_text().replace("  ssl_certificate ecdsa.pem;\n", ""))
    ended = site.diff(file, running, *_ASSUMED)
    assert ended.code == 3
    assert ended.document["subjects"][0]["state"] == "partly"
    assert "variable" in ended.document["subjects"][0]["unknown"][path]
    assert site.diff(file, running, *_ASSUMED, "--fail-on", "critical").code == 0


def test_groups_that_the_file_leaves_to_a_default_are_listed(lab: Lab, site: Site) -> None:
    running = lab.nginx(f"{_SOUND} ssl_ecdh_curve secp521r1;")
    ended = site.diff(site.file(running, _SOUND), running)
    assert ended.code == 0
    assert "say with --assume" in ended.document["subjects"][0]["unknown"]["groups.TLSv1.3"]


def test_defaults_of_an_unknown_version_are_no_difference(lab: Lab, site: Site) -> None:
    running = lab.nginx("ssl_protocols TLSv1.2;")
    ended = site.diff(site.file(running, ""), running)
    assert drifts(ended) == {}
    assert "say with --assume" in ended.document["subjects"][0]["unknown"]["protocols.TLSv1.3"]


def test_a_file_beside_a_stored_report_and_the_other_way_round(lab: Lab, site: Site) -> None:
    running = lab.nginx(_SOUND)
    path = site.file(running, f"{_SOUND} {_HSTS}")
    target, report = f"localhost@{HOST}:{running.port}", path.parent / "report.json"
    tlsaudit("scan", target, "--mode", "inventory", "--ca-file", site.pki.root_file, "-o", report)
    for sources in ((path, report), (report, path)):
        ended = tlsaudit("diff", *sources, "--format", "json")
        assert ended.code == 1
        assert drifts(ended).keys() == {"http.hsts"}
        assert ended.document["old"]["source"] == str(path)
    text = tlsaudit("diff", path, report).out
    assert "in the file, not on the wire: http.hsts  (nginx.conf:8)" in text


def test_a_list_of_endpoints(lab: Lab, site: Site) -> None:
    one, other = lab.nginx(_SOUND), reserved_port()
    path = site.file(one, f"{_SOUND} {_HSTS}")
    listed = path.parent / "targets.txt"
    listed.write_text(f"localhost@{HOST}:{one.port}\nlocalhost@{HOST}:{other}\n")
    ended = tlsaudit("diff", path, f"@{listed}", "--ca-file", site.pki.root_file, "--format", "json")
    assert ended.code == 1
    states = {each["id"]: each["state"] for each in ended.document["subjects"]}
    assert states == {f"localhost@{HOST}:{one.port}": "compared", f"localhost@{HOST}:{other}": "unknown"}


def test_what_mutual_tls_hides_is_open_and_no_reason_to_doubt(lab: Lab, site: Site) -> None:
    client = "ssl_verify_client on; ssl_client_certificate {};"
    running = lab.nginx(f"{_SOUND} {_HSTS} {client.format(site.pki.client_ca_file)}")
    file = site.file(running, f"{_SOUND} {_HSTS} {client.format(site.pki.client_ca_file.name)}")
    ended = site.diff(file, running, *_ASSUMED)
    assert (ended.code, drifts(ended)) == (0, {})
    assert "not asked" in ended.document["subjects"][0]["unknown"]["http"]


def test_a_range_of_ports(lab: Lab, site: Site) -> None:
    running = lab.haproxy("ssl-min-ver TLSv1.3")
    (site.folder / site.pki.ecdsa.combined.name).write_bytes(site.pki.ecdsa.combined.read_bytes())
    other = "\nfrontend other\n  bind :9 ssl crt ecdsa-combined.pem\n"
    text = _HAPROXY.replace("PORT", f"{running.port - 1}-{running.port}").replace(
        " verify required ca-file client-ca.pem", ""
    )
    path = site.folder / "haproxy.cfg"
    path.write_text(text + other)
    ended = site.diff(path, running)
    assert ended.code != 2
    assert ended.document["subjects"] == [] or ended.document["subjects"][0]["old_id"].startswith("haproxy.cfg#")


def test_haproxy_and_an_inventory(lab: Lab, site: Site) -> None:
    running = lab.haproxy("ssl-min-ver TLSv1.2")
    for file in (site.pki.ecdsa.combined, site.pki.client_ca_file):
        (site.folder / file.name).write_bytes(file.read_bytes())
    path, inventory = site.folder / "haproxy.cfg", site.folder / "inventory.yaml"
    path.write_text(_HAPROXY.replace("PORT", str(running.port)))
    inventory.write_text(f"groups:\n  - name: www\n    targets: ['localhost@{HOST}:{running.port}']\n")
    ended = tlsaudit("diff", path, f"@{inventory}", "--ca-file", site.pki.root_file, "--format", "json")
    assert ended.code == 1
    found = {each: (drift["severity"], drift["location"]["line"]) for each, drift in drifts(ended).items()}
    assert found == {"protocols.TLSv1.2": ("high", 2), "client_auth.mode": ("critical", 6)}


@pytest.mark.parametrize(
    ("servers", "more", "words"),
    [
        (["listen 80;"], (), "the files have no TLS listener"),
        (["listen 1 ssl; server_name a;", "listen 2 ssl; server_name b;"], (), "no listener answers for localhost at"),
        (
            ["listen PORT ssl; server_name a;", "listen 127.0.0.8:PORT ssl; server_name b;"],
            (),
            "2 listeners may answer for localhost",
        ),
        (
            ["listen PORT ssl; server_name a;", f"listen PORT ssl; server_name {_HOSTILE};"],
            (),
            "2 listeners may answer for localhost",
        ),
        (["listen PORT ssl;"], ("--listener", "nobody"), "--listener 'nobody' is none of the listeners"),
    ],
)
def test_no_listener_can_be_chosen(tmp_path: Path, servers: list[str], more: tuple[str, ...], words: str) -> None:
    port = reserved_port()
    blocks = "".join(f"server {{ {each} }} ".replace("PORT", str(port)) for each in servers)
    (tmp_path / "nginx.conf").write_text(f"events {{}} http {{ {blocks} }}")
    ended = tlsaudit("diff", tmp_path / "nginx.conf", f"localhost@{HOST}:{port}", *more)
    assert ended.code == 2
    assert words in ended.complaint()


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("a.example", "a.example:PORT"),
        ("b.example", "w.example:PORT"),
        ("x.c.example", "any.c.example:PORT"),
        ("y.x.c.example", "any.x.c.example:PORT"),
        ("d42.example", "*:PORT"),
        ("shop.e.example", "named.example:PORT"),
        ("nobody.example", "a.example:PORT"),
    ],
)
def test_the_listener_is_chosen_as_nginx_chooses(tmp_path: Path, name: str, chosen: str) -> None:
    port = reserved_port()
    names = ("a.example", "w.example b.example", "*.c.example", "*.x.c.example", r"~^d[0-9]+\.example$", _NAMED)
    blocks = "".join(f"server {{ listen {port} ssl; server_name {each}; }}\n" for each in names)
    (tmp_path / "nginx.conf").write_text(f"events {{}}\nhttp {{ {blocks} }}")
    ended = tlsaudit("diff", tmp_path / "nginx.conf", f"{name}@{HOST}:{port}", "--format", "json")
    assert ended.code == 3  # nobody is there
    (subject,) = ended.document["subjects"]
    assert subject["old_id"] == f"nginx.conf#{chosen}".replace("PORT", str(port))


@pytest.mark.parametrize("name", ["nginx.conf.j2", "nginx.conf"])
def test_a_template_is_no_report(tmp_path: Path, name: str) -> None:
    port = reserved_port()
    path = tmp_path / name
    path.write_text(f"{{{{ ansible_managed }}}}\nevents {{}}\nhttp {{ server {{ listen {port} ssl; }} }}")
    ended = tlsaudit("diff", path, f"localhost@{HOST}:{port}", "--type", "nginx")
    assert ended.code == 3
    assert "a template, and no configuration yet" in ended.out


@pytest.mark.parametrize("text", ['\n { \n "schema": 1}', "{}", "{", "[]"])
def test_what_is_meant_as_a_report_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / ("report" if '"' in text or text == "{}" else "report.json")
    path.write_text(text)
    ended = tlsaudit("diff", path, f"localhost@{HOST}:1")
    assert ended.code == 2
    assert "no tlsaudit report" in ended.complaint()


def test_what_is_left_out_of_a_tree_is_said(lab: Lab, site: Site) -> None:
    running = lab.nginx(_SOUND)
    (site.folder / "conf").mkdir()
    path = Site(site.folder / "conf", site.pki).file(running, _SOUND)
    (path.parent / "nginx.conf.bak").write_text(path.read_text())
    ended = tlsaudit("diff", path.parent, f"localhost@{HOST}:{running.port}", "--format", "json", *_ASSUMED)
    assert ended.document["notes"] == ["nginx.conf.bak looks like a backup copy and was not read"]


def test_drift_says_that_it_judges_nothing_that_is_declared(lab: Lab, site: Site) -> None:
    running = lab.nginx(_SOUND)
    ended = site.diff(site.file(running, _SOUND), running, "--expect-client-auth", "required", *_ASSUMED)
    assert ended.code == 0
    assert ended.document["notes"] == ["drift compares facts: what is declared is judged by lint and scan"]


def test_two_files_and_what_is_declared(tmp_path: Path) -> None:
    for name, word in (("old", "on"), ("new", "off")):
        (tmp_path / name).mkdir()
        server = f"listen 443 ssl; {_PAIR} {_SOUND} ssl_client_certificate ca.pem; ssl_verify_client {word};"
        (tmp_path / name / "nginx.conf").write_text(f"events {{}}\nhttp {{ server {{ {server} }} }}")
    for declared, code in (((), 0), (("--expect-client-auth", "required"), 1)):
        ended = tlsaudit("diff", tmp_path / "old", tmp_path / "new", "--format", "json", *declared)
        new = {each["rule"] for each in ended.document["subjects"][0]["results"] if each["change"] == "new"}
        assert ("TLS-MTLS-001" in new, ended.code) == (bool(code), code)


def test_two_files(tmp_path: Path) -> None:
    for name, version in (("old", "TLSv1.2"), ("new", "TLSv1.1")):
        (tmp_path / name).mkdir()
        server = f"listen 443 ssl; ssl_protocols {version} TLSv1.3; ssl_ciphers {_MOZILLA};"
        server += f" location / {{ proxy_pass http{'s' if name == 'old' else ''}://10.0.0.1; }}"
        (tmp_path / name / "nginx.conf").write_text(f"events {{}}\nhttp {{ server {{ {server} }} }}")
    ended = tlsaudit("diff", tmp_path / "old", tmp_path / "new", "--format", "json")
    assert ended.code == 1
    listener = ended.document["subjects"][0]
    assert "TLS-PROTO-004" in {each["rule"] for each in listener["results"] if each["change"] == "new"}
