"""Files that certbot and distributions ship are known where the tree does not have them."""

from __future__ import annotations

from tests.config.linting import Bench, listener, results
from tests.config.nginx.test_listeners import accepted, http, server
from tlsaudit.config.nginx import shipped
from tlsaudit.config.pem import read_dh

_OPTIONS = "include /etc/letsencrypt/options-ssl-nginx.conf;"
_DH = "ssl_dhparam /etc/letsencrypt/ssl-dhparams.pem;"
_HSTS = 'add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always; location / { return 200; }'


def test_a_site_of_certbot_is_judged_by_what_certbot_ships(bench: Bench) -> None:
    document = bench.lint(http(server(f"{_OPTIONS} {_DH} {_HSTS}")))
    found = listener(document)
    assert document.summary.exit_code == 0
    assert accepted(found) == {"TLSv1.2", "TLSv1.3"}
    assert "protocols" not in (found.requested or {})
    (note,) = results(document, "TLS-CONF-023")
    assert note.outcome == "fail"
    assert "options-ssl-nginx.conf" in str(note)


def test_certbots_parameters_are_those_of_rfc_7919(bench: Bench) -> None:
    assert shipped.dh_of("/etc/letsencrypt/ssl-dhparams.pem") == read_dh((bench.folder / "dh-2048.pem").read_bytes())
    assert shipped.dh_of("/etc/nginx/ssl-dhparams.pem") is None


def test_the_note_stays_where_nginx_is_assumed(bench: Bench) -> None:
    document = bench.lint(http(server(f"{_OPTIONS} {_HSTS}")), assume="nginx=1.28")
    (note,) = results(document, "TLS-CONF-023")
    assert note.outcome == "fail"


def test_a_file_that_is_here_is_read(bench: Bench) -> None:
    folder = bench.folder / "etc" / "letsencrypt"
    folder.mkdir(parents=True)
    (folder / "options-ssl-nginx.conf").write_text("ssl_protocols TLSv1;\n")
    found = listener(bench.lint(http(server(_OPTIONS))))
    assert accepted(found) == {"TLSv1.0"}


def test_another_file_of_that_name_is_unknown(bench: Bench) -> None:
    document = bench.lint(http(server("include /opt/options-ssl-nginx.conf;")))
    assert document.summary.exit_code == 3


def test_a_harmless_name_is_read_where_it_is_here(bench: Bench) -> None:
    """A file of one's own may be called like one of the package."""
    (bench.folder / "proxy_params").write_text("ssl_protocols TLSv1;\n")
    assert accepted(listener(bench.lint(http(server("include proxy_params;"))))) == {"TLSv1.0"}
