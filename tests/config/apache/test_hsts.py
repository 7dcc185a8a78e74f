"""Strict-Transport-Security of `/` and where it is lost: what the file says, and what the server does."""

from __future__ import annotations

import http.client
import ssl
from contextlib import closing

import pytest

from tests.config.apache_and_wire import DEBIAN
from tests.lab.servers import Lab
from tlsaudit.app import load_anchors
from tlsaudit.config.read import parse_assumptions
from tlsaudit.linting import LintOptions, lint
from tlsaudit.policy import load_policy

_SET = "Header always set Strict-Transport-Security max-age=1\n"
_UNSET = "Header always unset Strict-Transport-Security\n"
_GOOD = "Header set Strict-Transport-Security max-age=1\n"
_LOADS = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in ("dir", "rewrite"))
"""As Debian has them."""
_REWRITES = "RewriteEngine on\n"
_MOVES = "RewriteRule ^/$ https://x.example/ [R=301]\n"
_OPEN = "open"


@pytest.mark.parametrize(
    ("host", "base", "said"),
    [
        (_SET + "Header unset Strict-Transport-Security\n", "", "max-age=1"),
        (_GOOD + _UNSET, "", "max-age=1"),
        (_SET + _UNSET, "", None),
        (_SET + f'<If "true">\n{_UNSET}</If>', "", _OPEN),
        (f"<If \"%{{HTTPS}} == 'on'\">\n{_SET}</If>", "", "max-age=1"),
        (f"<If \"%{{HTTPS}} == 'on'\">\n{_UNSET}</If>", _SET, None),
        (_SET, f"<If \"%{{HTTPS}} == 'on'\">\n{_UNSET}</If>", None),
        (f"{_SET}<Location />\n<If \"%{{REQUEST_SCHEME}} == 'https'\">\n{_UNSET}</If>\n</Location>", "", None),
        (f"{_SET}<Location />\n<Limit GET>\n{_UNSET}</Limit>\n</Location>", "", None),
        (f"{_SET}<Files os-release>\n{_UNSET}</Files>", "", _OPEN),
        (f"{_SET}DirectoryIndex os-release\n<Location /os-release>\n{_UNSET}</Location>", "", _OPEN),
        (f"DirectoryIndex os-release\n<LocationMatch ^/$>\n{_SET}</LocationMatch>", "", _OPEN),
        (f"DirectoryIndex disabled\n<LocationMatch ^/$>\n{_SET}</LocationMatch>", "", "max-age=1"),
        (f"{_SET}<Files other.html>\n{_UNSET}</Files>", "", "max-age=1"),
        (f'<FilesMatch "^os-">\n{_SET}</FilesMatch>', "", _OPEN),
        (f'<Files "*">\n{_UNSET}</Files>\n<Location />\n{_SET}</Location>', "", "max-age=1"),
        (_SET, f"<Location />\n{_UNSET}</Location>", None),
        (f"<Location />\n{_SET}</Location>", f"<Location />\n{_UNSET}</Location>", "max-age=1"),
        (f"{_REWRITES}RewriteRule ^/$ https://x.example/ [R=301]\n{_GOOD}", "", None),
        (f"{_REWRITES}RewriteRule ^ - [F]\n{_GOOD}", "", None),
        (f"{_REWRITES}RewriteCond %{{HTTPS}} off\n{_MOVES}{_GOOD}", "", "max-age=1"),
        (f"{_REWRITES}RewriteCond %{{HTTPS}} on\n{_MOVES}{_GOOD}", "", _OPEN),
        (f"{_REWRITES}RewriteCond %{{HTTPS}} !=on\n{_MOVES}{_GOOD}", "", "max-age=1"),
        (f"{_REWRITES}RewriteCond %{{SERVER_PORT}} ^80$\n{_MOVES}{_GOOD}", "", "max-age=1"),
        (f"{_REWRITES}RewriteCond %{{HTTP_HOST}} !^localhost [NC]\n{_MOVES}{_GOOD}", "", "max-age=1"),
        (f"{_REWRITES}RewriteCond %{{REQUEST_METHOD}} ^(TRACE|TRACK)\n{_MOVES}{_GOOD}", "", "max-age=1"),
        (f"{_REWRITES}RewriteCond %{{HTTP_USER_AGENT}} badbot [NC]\n{_MOVES}{_GOOD}", "", "max-age=1"),
        (f"{_REWRITES}RewriteCond %{{REMOTE_ADDR}} ^10\\.\n{_MOVES}{_GOOD}", "", "max-age=1"),
        (f"{_REWRITES}RewriteCond %{{REMOTE_ADDR}} !^10\\.\n{_MOVES}{_GOOD}", "", _OPEN),
        (f"{_REWRITES}RewriteCond %{{TIME_HOUR}} >20\n{_MOVES}{_GOOD}", "", _OPEN),
        (f"{_REWRITES}RewriteCond %{{REQUEST_URI}} !^/x\n{_MOVES}{_GOOD}", "", _OPEN),
        (f"{_REWRITES}RewriteCond %{{HTTPS}} off [OR]\nRewriteCond %{{HTTP_HOST}} ^local\n{_MOVES}{_GOOD}", "", _OPEN),
        (
            f"{_REWRITES}RewriteCond %{{HTTPS}} off [OR]\nRewriteCond %{{HTTP_HOST}} ^x\n{_MOVES}{_GOOD}",
            "",
            "max-age=1",
        ),
        (f"{_REWRITES}RewriteCond %{{TIME_HOUR}} >20\n{_MOVES}{_SET}", "", "max-age=1"),
        (f"<Location />\n{_REWRITES}RewriteRule ^ https://x.example/ [R=301]\n</Location>\n{_GOOD}", "", _OPEN),
        (f"{_REWRITES}RewriteRule ^/$ https://x.example/ [R=301,L]\n{_SET}", "", "max-age=1"),
        (f"{_REWRITES}RewriteRule ^/$ /sub/ [PT]\n{_SET}<Location /sub>\n{_UNSET}</Location>", "", _OPEN),
        (f"{_REWRITES}RewriteRule ^/x$ /sub/ [PT]\n{_SET}<Location /sub>\n{_UNSET}</Location>", "", "max-age=1"),
        # Expressions that only PCRE reads: what hangs on them is not known.
        (f'{_SET}<LocationMatch "^/(?<x>.*)$">\n{_UNSET}</LocationMatch>', "", None),
        (f'{_SET}<LocationMatch "^/[[:graph:]]*$">\n{_UNSET}</LocationMatch>', "", _OPEN),
        (f'{_SET}<LocationMatch "^/[[:graph:]]+$">\n{_SET}</LocationMatch>', "", "max-age=1"),
        (f'{_SET}<FilesMatch "^(o|o)+[[:graph:]]*$">\n{_UNSET}</FilesMatch>', "", _OPEN),
        (f"{_REWRITES}RewriteRule ^/(?>x)?$ https://x.example/ [R=301]\n{_GOOD}", "", _OPEN),
        (f"{_REWRITES}RewriteRule ^/(?>x)?$ https://x.example/ [R=301]\n{_SET}", "", "max-age=1"),
        (_SET.strip() + " early", "", "max-age=1"),
        (_GOOD.strip() + " early\nRedirect / https://x.example/", "", None),
        (_SET.strip() + " env=!HTTPS", "", None),
        (_SET + _UNSET.strip() + " env=!HTTPS", "", "max-age=1"),
        (_SET.strip() + " env=OTHER", "", _OPEN),
        (_SET + "Header unset Strict-Transport-Security env=OTHER", "", "max-age=1"),
        (_SET + _SET.strip() + " env=OTHER", "", "max-age=1"),
        (_SET + "Header edit Strict-Transport-Security 1 2", "", "max-age=1"),
        (_SET + "Header always edit Strict-Transport-Security 1 2", "", _OPEN),
        (_SET + 'Header always append Strict-Transport-Security "%{X}e"', "", _OPEN),
        ('Header always set Strict-Transport-Security "%{X}e"\n' + _SET, "", "max-age=1"),
        (_SET + 'Header always unset Strict-Transport-Security "expr=true"', "", _OPEN),
    ],
)
def test_the_field_of_the_root(lab: Lab, host: str, base: str, said: str | None) -> None:
    """The server bears out what is known of it."""
    index = "" if "DirectoryIndex" in host else "DirectoryIndex os-release\n"
    running = lab.apache(f"DocumentRoot /etc\n{index}{host}", content="", base=_LOADS + base)
    anchors = load_anchors(lab.pki.root_file)
    options = LintOptions(policy=load_policy("owasp"), anchors=anchors, assume=parse_assumptions(DEBIAN))
    (found,) = (each for each in lint([lab.directory], options).document.subjects if each.kind == "listener")
    assert found.facts is not None
    if said is _OPEN:
        assert "http" in found.unknown
        return
    assert "http" not in found.unknown
    assert (found.facts.http.hsts.raw if found.facts.http.hsts else None) == said
    context = ssl._create_unverified_context()
    with closing(http.client.HTTPSConnection("127.0.0.1", running.port, context=context, timeout=20)) as connection:
        connection.request("GET", "/", headers={"Connection": "close", "Host": "localhost"})
        with connection.getresponse() as answer:
            answer.read()
            assert answer.headers["Strict-Transport-Security"] == said
