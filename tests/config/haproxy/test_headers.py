"""Strict-Transport-Security as HAProxy sends it: rules, their order, and what nobody here can know."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Sequence
from contextlib import closing

import pytest

from tests.config.linting import Bench, listener
from tests.lab.servers import Lab
from tlsaudit.config.haproxy import headers
from tlsaudit.config.haproxy.sections import Config, Proxy
from tlsaudit.model.facts import HttpAnswer
from tlsaudit.model.knowledge import Basis, Fact

_START = "global\n  ssl-default-bind-options ssl-min-ver TLSv1.2\ndefaults\n  mode http\n"
_NAME = "Strict-Transport-Security"
_SET = f"http-response set-header {_NAME} max-age=31536000"
_AFTER = f"http-after-response set-header {_NAME} max-age=31536000"
_ADD = f"http-after-response add-header {_NAME}"


def sent(bench: Bench, frontend: str, backend: str = "", more: str = "") -> str | None:
    """What is sent: "nothing", the first value, or None where it is not known."""
    text = (
        f"{_START}frontend www\n  bind :443 ssl crt server.pem\n{frontend}\n  default_backend app\n"
        f"backend app\n  server s 127.0.0.1:80\n{backend}\n{more}"
    )
    subject = listener(bench.lint(text, name="haproxy.cfg"))
    if "http" in subject.unknown:
        return None
    assert subject.facts is not None
    assert subject.facts.http is not None
    hsts = subject.facts.http.hsts
    return "nothing" if hsts is None else hsts.raw


_YEAR = "max-age=31536000"


@pytest.mark.parametrize(
    ("frontend", "backend", "found"),
    [
        (_SET, "", _YEAR),
        ("", "", None),
        # The backend's rules on responses run first, and `allow` ends those of one section only.
        (_SET, f"http-response set-header {_NAME} max-age=5", _YEAR),
        (f"http-response del-header {_NAME}", _SET, "nothing"),
        (_SET, "http-response allow", _YEAR),
        (f"http-response allow\n{_SET}", "", None),
        (f"http-response del-header {_NAME}\nhttp-response allow\n{_SET}", "", "nothing"),
        (f"http-response allow if {{ src 10.0.0.0/8 }}\n{_SET}", "", None),
        # What takes the field away again.
        (f"{_SET}\nhttp-after-response del-header {_NAME}", "", "nothing"),
        (f"{_SET}\nhttp-response del-header Strict -m beg", "", "nothing"),
        (f"{_SET}\nhttp-response del-header ^strict -m reg", "", "nothing"),
        (f"{_SET}\nhttp-response del-header ^Strict -m reg", "", _YEAR),
        (f"{_SET}\nhttp-response del-header Security -m end", "", "nothing"),
        (f"{_SET}\nhttp-response del-header transport -m sub", "", "nothing"),
        (f"{_SET}\nhttp-response del-header (a|b)+ -m reg", "", None),
        (f"{_SET}\nhttp-response del-header Server", "", _YEAR),
        (f"{_SET}\nhttp-response del-header {_NAME} if {{ src 10.0.0.0/8 }}", "", None),
        (f"{_SET}\nhttp-response replace-header {_NAME} .* max-age=0", "", "max-age=0"),
        (f"{_SET}\nhttp-response replace-value {_NAME} max-age max-age=0", "", "max-age=0"),
        (f"{_SET}\nhttp-response replace-header {_NAME} preload max-age=0", "", _YEAR),
        (f"{_SET}\nhttp-response replace-header {_NAME} (.)+ \\1", "", None),
        (f"{_SET}\nhttp-response lua.change", "", None),
        # HAProxy's own answers go through http-after-response alone.
        (f"{_SET}\nhttp-request redirect location /x", "", "nothing"),
        (f"{_SET}\nhttp-request allow\nhttp-request redirect location /x", "", _YEAR),
        (f"{_SET}\nhttp-request allow\nredirect location /x", "", "nothing"),
        ("http-request redirect location /x", _AFTER, "nothing"),
        (f"{_ADD} max-age=2", f"http-request redirect location /x\n{_ADD} max-age=1", "max-age=1"),
        (f"{_SET}\nhttp-response return status 200", _AFTER, _YEAR),
        (f"{_SET}\nhttp-response deny", "", "nothing"),
        (f"{_SET}\nhttp-response deny if {{ res.hdr(x) -m found }}", "", _YEAR),
        (f"{_SET}\nmonitor-uri /", "", "nothing"),
        (f"{_AFTER}\nmonitor-uri /", "", _YEAR),
        (f"{_SET}\nstats enable\nstats uri /", "", "nothing"),
        (f"{_SET}\nstats enable\nstats uri /stats", "", _YEAR),
        (f"{_SET}\nhttp-request deny if {{ src 10.0.0.0/8 }}", "", _YEAR),
        (f"{_SET}\nhttp-request redirect prefix https://www.example.com if {{ hdr(host) example.com }}", "", None),
        (f"{_AFTER}\nhttp-request redirect prefix https://www.example.com if {{ hdr(host) example.com }}", "", _YEAR),
        # Conditions that are decided for `GET /` over TLS.
        (f"{_SET}\nhttp-request redirect location /new if {{ path /old }}", "", _YEAR),
        (f"{_SET}\nredirect location /shop if {{ path -m str / }}", "", "nothing"),
        (f"{_SET}\nacl old path_beg /a\nacl old path_beg /b\nredirect location /x if old", "", _YEAR),
        (f"{_SET}\nacl old path_beg /a\nacl old path_beg /\nredirect location /x if old", "", "nothing"),
        (f"{_SET}\nhttp-request redirect scheme https unless {{ ssl_fc }}", "", _YEAR),
        (f"{_SET}\nhttp-request redirect scheme https if !{{ ssl_fc }} or {{ path_end .php }}", "", _YEAR),
        (f"acl tls ssl_fc\n{_SET} if tls METH_GET", "", _YEAR),
        (f"{_SET} if METH_POST", "", None),
        # Measured: only the first, the second and the fourth match.
        (f"{_SET}\nhttp-after-response del-header {_NAME} if {{ method -m reg ^GET$ }}", "", None),
        (f"{_SET}\nhttp-after-response del-header {_NAME} if {{ method,lower get }}", "", None),
        (f"{_SET}\nhttp-after-response del-header {_NAME} if {{ method -i get }}", "", None),
        (f"{_SET}\nhttp-after-response del-header {_NAME} if {{ method -m str GET }}", "", "nothing"),
        (f"{_SET}\nhttp-after-response del-header {_NAME} if {{ method get }}", "", _YEAR),
        (f"{_SET}\nredirect location /x if {{ path_beg -m end y/ }}", "", None),
        # Rules that send the request another way.
        (f"{_SET}\nhttp-request set-path /app\nredirect location /x if {{ path_beg /app }}", "", None),
        (
            f"{_SET}\nhttp-request set-path /app if {{ path_beg /x }}\nredirect location /x if {{ path_beg /app }}",
            "",
            _YEAR,
        ),
        (f"{_SET}\nhttp-request replace-uri (.*) /app\nhttp-request redirect location /x if {{ path /app }}", "", None),
        (f"{_SET}\nhttp-request set-method POST\nredirect location /x if METH_POST", "", None),
        (f"{_SET}\nhttp-request lua.away\nredirect location /x if {{ path /app }}", "", None),
        (f"{_SET}\nhttp-request set-path /stats\nstats enable\nstats uri /stats", "", None),
        (_SET, "http-request set-path /stats\nstats enable\nstats uri /stats", None),
        # The path of a request is gone when its response comes: the rule is never applied.
        (f"{_AFTER}\nhttp-after-response set-header {_NAME} max-age=5 if {{ path_beg / }}", "", _YEAR),
        # Values that are made when they are sent.
        (f'http-response set-header {_NAME} "max-age=%[int(5)]"', "", None),
        (f"http-response set-header {_NAME} max-age=%H", "", None),
        (f"http-response set-header {_NAME} max-age=5;%%", "", "max-age=5;%"),
    ],
)
def test_what_is_sent(bench: Bench, frontend: str, backend: str, found: str | None) -> None:
    assert sent(bench, frontend, backend) == found


@pytest.mark.parametrize(
    ("last", "is_known"), [(_SET, True), (f"http-response del-header {_NAME}", False)], ids=["all", "all but one"]
)
def test_the_last_of_many_backends_counts(bench: Bench, last: str, *, is_known: bool) -> None:
    def made(rules: Sequence[str]) -> str | None:
        choose = "\n".join(f"use_backend b{number} if {{ hdr(host) {number} }}" for number in range(len(rules)))
        backends = "".join(
            f"backend b{number}\n  server s 127.0.0.1:80\n  {rule}\n" for number, rule in enumerate(rules)
        )
        return sent(bench, choose, _SET, more=backends)

    assert (made([_SET] * 69 + [last]) == _YEAR) is is_known
    values = [f"http-response set-header {_NAME} max-age={number}" for number in range(70)]
    assert made([*values, last]) is None


@pytest.mark.parametrize(
    ("frontend", "other", "found"),
    [
        (f"use_backend other if {{ path_beg /x }}\n{_SET}", "", _YEAR),
        (f"use_backend other if {{ hdr(host) x }}\n{_SET}", "", _YEAR),
        ("use_backend other if { hdr(host) x }", f"http-after-response set-header {_NAME} max-age=5", None),
        ("use_backend other if { ssl_fc }", f"http-after-response set-header {_NAME} max-age=5", "max-age=5"),
        (f"use_backend %[hdr(host)]\n{_AFTER}", "", _YEAR),
        (
            f"http-request set-path /x\nuse_backend other if {{ path_beg /x }}\n{_SET}",
            f"http-after-response del-header {_NAME}",
            None,
        ),
        ("use_backend %[hdr(host)]", f"http-after-response set-header {_NAME} max-age=5", None),
    ],
)
def test_backends_that_are_chosen(bench: Bench, frontend: str, other: str, found: str | None) -> None:
    assert sent(bench, frontend, more=f"backend other\n{other}\n  server s 127.0.0.1:81\n") == found


def test_a_condition_is_named(bench: Bench) -> None:
    text = f"{_START}frontend www\n  bind :443 ssl crt server.pem\n  {_SET} if {{ src 10.0.0.0/8 }}\n"
    text += "  default_backend app\nbackend app\n  server s 127.0.0.1:80\n"
    subject = listener(bench.lint(text, name="haproxy.cfg"))
    assert subject.unknown["http"].detail.endswith("hangs on a condition (haproxy.cfg:7)")
    outcomes = {each.rule: each.outcome for each in subject.results}
    assert outcomes["TLS-HTTP-001"] == "inconclusive"


def test_a_mode_from_the_environment_is_unknown(bench: Bench) -> None:
    text = f'{_START}frontend www\n  mode "$MODE"\n  bind :443 ssl crt server.pem\n  {_SET}\n'
    assert "http" in listener(bench.lint(text, name="haproxy.cfg")).unknown


def test_many_rules_in_many_backends_end(bench: Bench) -> None:
    rules = "".join(f"  {_SET} if {{ src 10.0.0.{number % 250} }}\n" for number in range(2000))
    backends = "".join(f"backend b{number}\n  server s 127.0.0.1:80\n" for number in range(500))
    text = f"{_START}frontend www\n  bind :443 ssl crt server.pem\n  use_backend %[src]\n{rules}{backends}"
    subject = listener(bench.lint(text, name="haproxy.cfg"))
    assert "more rules" in subject.unknown["http"].detail


@pytest.mark.parametrize(
    ("sections", "found"),
    [
        (f"  {_SET}\n  default_backend none\nbackend none\n", (503, None)),
        (f"  {_AFTER}\n  default_backend none\nbackend none\n", (503, 31536000)),
        (f"  default_backend none\nbackend none\n  {_AFTER}\n", (503, 31536000)),
        (f"  {_SET}\n", (503, None)),
        (f"  {_AFTER}\n", (503, 31536000)),
    ],
)
def test_who_has_no_servers_answers_with_an_error_page(
    bench: Bench, lab: Lab, sections: str, found: tuple[int, int | None]
) -> None:
    """Which rules on responses do not see: the file, and the server."""
    running = lab.haproxy(frontend=f"{sections}\nbackend another\n")
    facts = listener(bench.lint_folder()).facts
    assert facts is not None
    assert facts.http is not None
    assert (facts.http.status, facts.http.hsts and facts.http.hsts.max_age) == found
    context = ssl._create_unverified_context()
    with closing(http.client.HTTPSConnection("127.0.0.1", running.port, context=context, timeout=20)) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
    assert (answer.status, answer.headers[_NAME]) == (found[0], _YEAR if found[1] else None)


def test_a_section_is_looked_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many addresses and bind lines it has; all sections together have one budget."""
    asked: list[str] = []
    answer_of = headers.answer_of

    def counted(config: Config, proxy: Proxy, place: Basis, budget: headers.Budget) -> Fact[HttpAnswer | None]:
        asked.append(proxy.title)
        before = budget.left
        if proxy.title == "last":
            budget.left = 1
        found = answer_of(config, proxy, place, budget)
        assert budget.left < before
        return found

    monkeypatch.setattr(headers, "answer_of", counted)
    bind = "  bind :1,:2 ssl crt server.pem\n  bind :3 ssl crt server.pem\n"
    text = "".join(f"frontend {each}\n{bind}  {_SET}\n  default_backend app\n" for each in ("first", "last"))
    found = bench.lint(f"{_START}{text}backend app\n  server s 127.0.0.1:80\n", name="haproxy.cfg").subjects
    assert asked == ["first", "last"]
    unknown = [each.unknown["http"].detail for each in found if each.kind == "listener" and "http" in each.unknown]
    assert [each.startswith("more rules") for each in unknown] == [True] * 3
