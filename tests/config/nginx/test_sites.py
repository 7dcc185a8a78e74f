"""Sites that no main file takes in here are read as if they were switched on."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, listener, results
from tests.config.nginx.test_listeners import SOUND, accepted, http, server
from tlsaudit.model import document as doc

_TAKES_IN = "include /etc/nginx/sites-enabled/*;"
_OLD = "ssl_protocols TLSv1 TLSv1.2; ssl_ciphers ECDHE+AESGCM;"
_HSTS = 'add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;'


def lint(bench: Bench, **files: str) -> doc.Document:
    """The report on a tree; `__` in a name is a slash, `_` before the last part a dot."""
    for name, text in files.items():
        path = bench.folder / name.replace("__", "/").replace("_conf", ".conf").replace("_available", "-available")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return bench.lint_folder()


def test_a_site_inherits_from_the_main_file(bench: Bench) -> None:
    document = lint(bench, nginx_conf=http(f"{_OLD}\n{_TAKES_IN}"), sites_available__shop=server(""))
    (subject,) = document.subjects  # the settings of the main file are no subject beside it
    assert accepted(subject) == {"TLSv1.0", "TLSv1.2"}
    assert subject.location is not None
    assert subject.location.file == "sites-available/shop"


def test_sound_settings_are_inherited_as_well(bench: Bench) -> None:
    site = server("location / { return 200; }")
    document = lint(bench, nginx_conf=http(f"{SOUND} {_HSTS}\n{_TAKES_IN}"), sites_available__shop=site)
    assert document.summary.exit_code == 0
    assert results(document, "TLS-HTTP-001") == [] or results(document, "TLS-HTTP-001")[0].outcome == "pass"


def test_sites_are_not_read_behind_each_other(bench: Bench) -> None:
    """Nobody knows which of them are switched on together: each is the default of its socket."""
    document = lint(
        bench, nginx_conf=http(_TAKES_IN), sites_available__a=server(_OLD), sites_available__b=server(SOUND)
    )
    versions = [accepted(each) for each in document.subjects]
    assert versions == [{"TLSv1.0", "TLSv1.2"}, {"TLSv1.2", "TLSv1.3"}]


def test_links_with_absolute_names_lead_to_the_site_in_the_repository(bench: Bench) -> None:
    enabled = bench.folder / "sites-enabled"
    enabled.mkdir()
    (enabled / "shop").symlink_to("/etc/nginx/sites-available/shop")
    document = lint(bench, nginx_conf=http(f"{_OLD}\n{_TAKES_IN}"), sites_available__shop=server(""))
    assert accepted(listener(document)) == {"TLSv1.0", "TLSv1.2"}


def test_what_is_not_switched_on_is_read_as_if_it_were(bench: Bench) -> None:
    enabled = bench.folder / "sites-enabled"
    enabled.mkdir()
    (enabled / "a").symlink_to("../sites-available/a")
    sites = {"sites_available__a": server(SOUND), "sites_available__b": server("")}
    document = lint(bench, nginx_conf=http(f"{_OLD}\n{_TAKES_IN}"), **sites)
    assert len(document.subjects) == 2
    assert accepted(document.subjects[1]) == {"TLSv1.0", "TLSv1.2"}


def test_links_lead_nowhere_out_of_the_tree(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "shop"
    outside.write_text(server(_OLD))
    enabled = bench.folder / "sites-enabled"
    enabled.mkdir()
    (enabled / "shop").symlink_to(outside)
    assert lint(bench, nginx_conf=http(_TAKES_IN)).subjects == []


@pytest.mark.parametrize("word", ["/etc/nginx/snippets/tls.conf", "snippets/tls.conf"])
@pytest.mark.parametrize("main", [True, False])
def test_includes_of_a_site_start_at_the_folder_of_the_main_file(bench: Bench, word: str, main: bool) -> None:
    files = {"files__nginx__sites_available__shop": server(f"include {word};")}
    files["files__nginx__snippets__tls_conf"] = _OLD
    if main:
        files["files__nginx__nginx_conf"] = http(_TAKES_IN)
    document = lint(bench, **files)
    (subject,) = document.subjects  # nor is the snippet judged once more
    assert accepted(subject) == {"TLSv1.0", "TLSv1.2"}


def test_a_folder_above_is_the_prefix_where_the_include_is_there(bench: Bench) -> None:
    files = {"conf_d__templates__shop_conf": server("include h5bp/tls.conf;"), "h5bp__tls_conf": _OLD}
    folder = bench.folder / "conf.d" / "templates"
    folder.mkdir(parents=True)
    (folder / "shop.conf").write_text(files.pop("conf_d__templates__shop_conf"))
    assert accepted(listener(lint(bench, **files))) == {"TLSv1.0", "TLSv1.2"}


def test_groups_of_files_beside_are_known(bench: Bench) -> None:
    site = server(f"{SOUND} location / {{ proxy_pass http://app; }}")
    document = lint(bench, shop_conf=site, upstreams_conf="upstream app { server 127.0.0.1:8080; }")
    (upstream,) = (each.facts.upstream for each in document.subjects if each.facts and each.facts.upstream)
    assert upstream.destination == "127.0.0.1:8080"
    assert document.summary.exit_code == 0


def test_a_main_files_socket_speaks_tls_for_its_sites(bench: Bench) -> None:
    document = lint(bench, nginx_conf=http(server(SOUND) + _TAKES_IN), sites_available__shop=server(_OLD, "443"))
    assert [accepted(each) for each in document.subjects] == [{"TLSv1.2", "TLSv1.3"}, {"TLSv1.0", "TLSv1.2"}]


def test_ssl_may_be_said_by_a_site_beside(bench: Bench) -> None:
    files = {"sites_available__a": server(SOUND), "sites_available__b": server(SOUND, "443")}
    document = lint(bench, nginx_conf=http(_TAKES_IN), **files)
    assert document.summary.exit_code == 3
    (bench.folder / "sites-available" / "a").unlink()
    assert [each.outcome for each in results(bench.lint_folder(), "TLS-CONF-025")] == ["fail"]


def test_files_that_include_each_other_are_said(bench: Bench) -> None:
    document = lint(bench, a_conf=f"include b.conf;\n{server('')}", b_conf=f"include a.conf;\n{server('')}")
    assert {each.status for each in document.subjects} == {"unparsable"}


@pytest.mark.parametrize(
    "text",
    [
        "ssl_certificate /etc/nginx/a.crt;\nssl_certificate_key /etc/nginx/a.key;\n",
        "ssl_dhparam /etc/dh.pem;\n",
        "ssl_session_tickets on;\n",
    ],
)
def test_snippets_with_a_certificate_alone_are_known(bench: Bench, text: str) -> None:
    for path in bench.folder.iterdir():
        path.unlink()
    assert lint(bench, tls_conf=text).summary.exit_code == 0


def test_a_socket_of_udp_is_another_one(bench: Bench) -> None:
    """QUIC on the same port does not bring TLS to the socket of TCP."""
    document = bench.lint(http(server(SOUND, "443 quic;\nlisten 443")))
    assert [each.outcome for each in results(document, "TLS-CONF-025")].count("fail") == 1


def test_quic_has_tls_1_3_alone(bench: Bench) -> None:
    found = listener(bench.lint(http(server(f"{_OLD.replace('TLSv1.2', 'TLSv1.3')}", "443 quic"))))
    assert accepted(found) == {"TLSv1.3"}


def test_a_datagram_socket_of_stream_is_in_clear_by_itself(bench: Bench) -> None:
    inside = "ssl_certificate server.pem; server { listen 443 udp; proxy_pass 127.0.0.1:53; }"
    document = bench.lint(
        f"events {{}} stream {{ {inside} server {{ listen 443 ssl; {SOUND} proxy_pass [::1]:1; "
        "ssl_certificate_key server.key; } }"
    )
    assert [each.name for each in document.subjects if each.kind == "listener"] == ["*:443"]
    assert all(each.outcome != "fail" for each in results(document, "TLS-CONF-025"))


def test_without_always_is_said_where_it_is_inherited(bench: Bench) -> None:
    field = 'add_header Strict-Transport-Security "max-age=63072000";'
    for text in (http(f"{field}\n{server(SOUND)}"), http(server(f"{SOUND}\n{field}"))):
        (found,) = results(bench.lint(text), "TLS-CONF-016")
        assert found.outcome == "fail"


def test_one_destination_with_the_same_settings_is_one_subject(bench: Bench) -> None:
    passes = "location /{} {{ proxy_pass https://app.example.com/{}; {} }}"
    same = "".join(passes.format(each, each, "") for each in "ab")
    other = passes.format("c", "c", "proxy_ssl_verify on;")
    document = bench.lint(http(server(SOUND + same + other)))
    assert len([each for each in document.subjects if each.kind == "upstream"]) == 2
