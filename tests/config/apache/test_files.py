"""What is put in while a configuration is read: includes, macros, variables, conditional sections."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlsaudit.config.apache.files import Files
from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.tree import Tree


def load(folder: Path, text: str, *, name: str = "apache2.conf") -> list[Directive]:
    """The directives of a main file in a folder."""
    (folder / name).write_text(text)
    return list(Files(Tree(folder), (2, 4, 71)).load(folder / name).directives)


def said(directives: list[Directive]) -> list[str]:
    return [f"{each.name} {each.raw}".strip() for each in directives]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("IfModule ssl_module", True),
        ("IfModule mod_ssl.c", True),
        ("IfModule !mod_ssl.c", False),
        ("IfModule mod_headers.c", None),
        ("IfModule core_module", True),
        ("IfDefine KNOWN", True),
        ("IfDefine !KNOWN", False),
        ("IfDefine SSL", None),
        ("IfDefine !SSL", None),
        ("IfVersion >= 2.4", True),
        ("IfVersion 2.4.71", True),
        ("IfVersion !>= 2.4", False),
        ("IfVersion < 2.4.36", False),
        ("IfVersion = /^2/", None),
        ('IfFile "conf/there.conf"', True),
        ('IfFile "conf/not.conf"', False),
        ('IfFile "/elsewhere/x.conf"', None),
        ("IfDirective SSLPolicy", None),
    ],
)
def test_conditions_have_three_answers(tmp_path: Path, condition: str, holds: bool | None) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "there.conf").write_text("")
    name = condition.split(maxsplit=1)[0]
    found = load(tmp_path, f"Define KNOWN\n<{condition}>\nSSLProtocol all\n</{name}>\n")
    assert said(found) == ([] if holds is False else ["sslprotocol all"])
    assert [each.doubt is not None for each in found] == ([] if holds is False else [holds is None])


def test_modules_count_from_where_they_are_loaded(tmp_path: Path) -> None:
    section = "<IfModule ssl_module>\nListen %d\n</IfModule>\n"
    found = load(tmp_path, f"LoadModule alias_module x\n{section % 1}LoadModule ssl_module x\n{section % 2}")
    assert said(found) == ["listen 2"]


def test_modules_are_not_known_where_a_file_that_loads_them_is_not_here(tmp_path: Path) -> None:
    section = "<IfModule headers_module>\nListen 1\n</IfModule>"
    (found,) = load(tmp_path, f"LoadModule alias_module x\nIncludeOptional mods-enabled/*.load\n{section}")
    assert found.doubt is not None


def test_variables_count_from_their_definition(tmp_path: Path) -> None:
    host = "<VirtualHost *:${PORT}>\nServerName ${NAME}.${PORT}\n</VirtualHost>\n"
    found = load(
        tmp_path, f"Listen ${{PORT}}\nDefine PORT 443\nListen ${{PORT}}\n{host}UnDefine PORT\nListen ${{PORT}}"
    )
    assert said(found) == ["listen ${PORT}", "listen 443", "virtualhost *:443", "listen ${PORT}"]
    assert found[2].block is not None
    assert found[2].block[0].args == ("${NAME}.443",)


def test_macros_are_filled_in_where_they_are_used(tmp_path: Path) -> None:
    text = (
        "<Macro Host $name $port>\n<VirtualHost *:$port>\nServerName $name\n</VirtualHost>\nUse Inner\n</Macro>\n"
        "<Macro inner>\nListen 1\n</Macro>\nUse Host a.example 443\nUse HOST 'b.example' 8443\n"
    )
    found = load(tmp_path, text)
    assert said(found) == ["virtualhost *:443", "listen 1", "virtualhost *:8443", "listen 1"]
    assert found[0].block is not None
    assert (found[0].line, found[0].block[0].args) == (2, ("a.example",))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Include apache2.conf", 1),
        ("\nInclude *.conf", 2),
        ("<Macro a>\nUse b\n</Macro>\n<Macro b>\nUse a\n</Macro>\nUse a", 5),
        ("<Macro a $x>\n</Macro>\nUse a", 3),
        ("<Macro a>\n" + "Listen 1\n" * 3000 + "</Macro>\n" + "Use a\n" * 3000, None),
        ("Define a 0123456789\n" + "Define a ${a}${a}\n" * 30, None),
        (
            "<Macro m0>\nListen 1\n</Macro>\n"
            + "".join(
                f"<Macro m{i}>\n{f'Use m{i - 1}' + chr(10)}{f'Use m{i - 1}' + chr(10)}</Macro>\n" for i in range(1, 40)
            )
            + "Use m39",
            None,
        ),
    ],
)
def test_what_goes_on_for_ever_ends(tmp_path: Path, text: str, line: int | None) -> None:
    with pytest.raises(SyntaxProblemError) as caught:
        load(tmp_path, text)
    assert line is None or caught.value.line == line


def test_includes_are_found_below_server_root(tmp_path: Path) -> None:
    """RHEL's layout: the main file is in conf/, and what it includes beside that."""
    for folder in ("conf", "conf.d", "conf.modules.d"):
        (tmp_path / folder).mkdir()
    (tmp_path / "conf.modules.d" / "00-ssl.conf").write_text("LoadModule ssl_module modules/mod_ssl.so\n")
    (tmp_path / "conf.d" / "ssl.conf").write_text("Listen 443 https\n")
    (tmp_path / "conf" / "httpd.conf").write_text(
        'ServerRoot "/etc/httpd"\nInclude conf.modules.d/*.conf\n'
        "IncludeOptional conf.d/*.conf\nInclude /etc/httpd/conf.d/"
    )
    found = Files(Tree(tmp_path), None).load(tmp_path / "conf" / "httpd.conf").directives
    assert [each.at for each in found] == ["conf.d/ssl.conf:1", "conf.d/ssl.conf:1"]


@pytest.mark.parametrize(
    ("include", "hidden"),
    [
        ("IncludeOptional conf.d/*.conf", False),
        ("IncludeOptional /etc/apache2/conf-enabled/*.conf", False),
        ("IncludeOptional conf.d/", False),
        ("IncludeOptional conf.d/site.conf", False),
        ("IncludeOptional there/*.conf", False),
        ("Include conf.d/*.conf", True),
        ("Include conf.d/site.conf", True),
        ("Include there/site.conf", True),
        ("Include /etc/letsencrypt/options.conf", True),
        ("IncludeOptional /etc/letsencrypt/*.conf", True),
        ("IncludeOptional ${CONF}/*.conf", True),
        ("IncludeOptional mods-enabled/*.conf", True),
        ("IncludeOptional conf.modules.d/*.conf", True),
    ],
)
def test_what_is_optional_and_not_here_is_nothing(tmp_path: Path, include: str, *, hidden: bool) -> None:
    """A repository has no empty folders; what is not optional has to be somewhere."""
    (tmp_path / "there").mkdir()
    found = load(tmp_path, f"{include}\nListen 443")
    assert [each.hidden for each in found] == [True, False] if hidden else [False]


def test_a_copy_of_what_lies_outside_is_read(tmp_path: Path) -> None:
    (tmp_path / "etc" / "letsencrypt").mkdir(parents=True)
    (tmp_path / "etc" / "letsencrypt" / "options-ssl-apache.conf").write_text("SSLEngine on\n")
    assert said(load(tmp_path, "Include /etc/letsencrypt/options-ssl-apache.conf")) == ["sslengine on"]


def test_links_are_followed_in_the_tree_only(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for folder in ("sites-available", "sites-enabled"):
        (tree / folder).mkdir(parents=True)
    (tmp_path / "outside.conf").write_text("Listen 1\n")
    (tree / "sites-available" / "a.conf").write_text("Listen 2\n")
    (tree / "sites-enabled" / "a.conf").symlink_to("../sites-available/a.conf")
    (tree / "sites-enabled" / "b.conf").symlink_to(tmp_path / "outside.conf")
    found = load(tree, "IncludeOptional sites-enabled/*.conf\nInclude ../outside.conf\n")
    assert said([each for each in found if not each.hidden]) == ["listen 2"]
    assert found[0].at == "sites-available/a.conf:1"
