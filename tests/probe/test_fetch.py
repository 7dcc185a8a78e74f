"""What is fetched and what is not: schemes, addresses, redirects, bounds, one fetch a URL, proxies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.lab.process import HOST
from tests.lab.revocation import Publisher, Served
from tests.lab.scripted import Connection, ScriptedServer
from tlsaudit.model.knowledge import Fact, Known, Unknown, Why
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.probe import fetch
from tlsaudit.probe.fetch import Budget, Fetcher, kind_of
from tlsaudit.proxies import Proxy
from tlsaudit.scope import Entries, Scope, read_entries


def fetched(
    *urls: str,
    near: str | None = HOST,
    anywhere: bool = False,
    body: bytes | None = None,
    limits: NetworkLimits | None = None,
) -> list[Fact[bytes]]:
    """What one run gets from these URLs for an endpoint at `near`."""

    async def ask() -> Sequence[Fact[bytes]]:
        fetcher = Fetcher(Network(limits or NetworkLimits()), anywhere=anywhere)
        return await asyncio.gather(*(fetcher.fetch(url, near=near, budget=Budget(60), body=body) for url in urls))

    return list(asyncio.run(ask()))


def refused(url: str, why: Why, words: str, **given: object) -> None:
    (found,) = fetched(url, **given)  # type: ignore[arg-type]
    assert isinstance(found, Unknown), found
    assert (found.why, words in found.detail) == (why, True), found


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("93.184.216.34", "public"),
        ("2606:2800:220:1::1", "public"),
        ("10.1.2.3", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "private"),
        ("fd00::1", "private"),
        ("fec0::1", "private"),
        ("127.0.0.1", "loopback"),
        ("127.8.8.8", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("169.254.1.1", "link-local"),
        ("::ffff:169.254.1.1", "link-local"),
        ("64:ff9b::a9fe:101", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("169.254.169.254", "metadata"),
        ("::ffff:169.254.169.254", "metadata"),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
        ("192.0.0.192", "special"),
        ("64:ff9b:1::a00:1", "special"),
        ("0.0.0.0", "special"),
        ("::", "special"),
        ("::127.0.0.1", "special"),
        ("224.0.0.1", "special"),
        ("255.255.255.255", "special"),
        ("240.0.0.1", "special"),
        ("ff02::1", "special"),
    ],
)
def test_kinds_of_addresses(address: str, kind: str) -> None:
    assert kind_of(address) == kind


def test_an_endpoint_on_loopback_may_have_its_crl_there() -> None:
    with Publisher({"/a.crl": Served(body=b"list")}) as publisher:
        (found,) = fetched(publisher.url("/a.crl"))
        (posted,) = fetched(publisher.url("/a.crl"), body=b"request")
    assert isinstance(found, Known)
    assert isinstance(posted, Known)
    assert (found.value, posted.value) == (b"list", b"list")
    assert publisher.asked == ["GET /a.crl", "POST /a.crl"]


@pytest.mark.parametrize("near", ["93.184.216.34", "10.0.0.1", "169.254.0.1", None])
def test_an_endpoint_elsewhere_leads_nobody_to_loopback(near: str | None) -> None:
    with Publisher({"/a.crl": Served(body=b"list")}) as publisher:
        refused(publisher.url("/a.crl"), Why.NOT_ASKED, "not public (loopback)", near=near)
        refused(f"http://localhost:{publisher.port}/a.crl", Why.NOT_ASKED, "not public (loopback)", near=near)
        assert publisher.asked == []
        (found,) = fetched(publisher.url("/a.crl"), near=near, anywhere=True)
    assert isinstance(found, Known)


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.1", "[fd00::1]", "[::ffff:10.0.0.1]"])
def test_other_kinds_stay_closed_to_an_endpoint_on_loopback(address: str) -> None:
    refused(f"http://{address}/latest/meta-data/", Why.NOT_ASKED, "not public")


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://169.254.169.254/latest/", "169.254.1.1"),
        ("http://[fd00:ec2::254]/latest/", "10.0.0.1"),
        ("http://100.100.100.200/latest/", "10.0.0.1"),
        ("http://192.0.0.192/opc/", "93.184.216.34"),
    ],
)
def test_what_clouds_tell_their_machines_is_never_asked(url: str, near: str) -> None:
    nothing = NetworkLimits(scope=Scope(allow=read_entries(["192.0.2.0/24"]), deny=Entries()))
    for anywhere in (False, True):
        refused(url, Why.NOT_ASKED, "not public", near=near, anywhere=anywhere, limits=nothing)


@pytest.mark.parametrize("network", ["10.0.0", "169.254.1"])
def test_a_neighbour_is_asked_on_the_port_of_http_alone(network: str) -> None:
    nothing = NetworkLimits(scope=Scope(allow=read_entries(["192.0.2.0/24"]), deny=Entries()))
    url, near = f"http://{network}.1:6379/", f"{network}.2"
    refused(url, Why.NOT_ASKED, "on port 6379; --fetch-anywhere allows it", near=near, limits=nothing)
    refused(url, Why.NOT_ASKED, "scope file", near=near, anywhere=True, limits=nothing)
    refused(f"http://{network}.1/", Why.NOT_ASKED, "scope file", near=near, limits=nothing)


def test_nowhere_is_never_asked() -> None:
    refused("http://0.0.0.0:8080/", Why.NOT_ASKED, "not public (special)", anywhere=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/a.crl",
        "ldap://127.0.0.1/cn=a",
        "file:///etc/passwd",
        "ftp://127.0.0.1/a.crl",
        "gopher://127.0.0.1:6379/_INFO",
        "http:///a.crl",
        "http://user@127.0.0.1/a.crl",
        "http://127.0.0.1:99999/a.crl",
        "http://127.0.0.1:8080/a\r\nX: y",
        "http://127.0.0.1:8080/a b",
        "http://127.0.0.1/" + "a" * 3000,
        "http://[::1/",
        "//127.0.0.1/",
        "",
    ],
)
def test_what_is_no_plain_http_is_not_fetched(url: str) -> None:
    refused(url, Why.UNSUPPORTED, "only http://", anywhere=True)


def test_ports_of_other_services_are_left_alone() -> None:
    refused("http://127.0.0.1:22/", Why.NOT_ASKED, "port 22")


def test_redirects_stay_with_their_host() -> None:
    with Publisher() as publisher, Publisher({"/b.crl": Served(body=b"elsewhere")}) as other:
        publisher.pages |= {
            "/a.crl": Served(status=302, headers=(("Location", "/b.crl"),)),
            "/b.crl": Served(body=b"list"),
            "/away": Served(status=301, headers=(("Location", other.url("/b.crl")),)),
            "/file": Served(status=301, headers=(("Location", "file:///etc/passwd"),)),
            "/round": Served(status=307, headers=(("Location", "/round"),)),
        }
        (found,) = fetched(publisher.url("/a.crl"))
        assert isinstance(found, Known)
        assert found.value == b"list"
        refused(publisher.url("/away"), Why.UNSUPPORTED, "redirects elsewhere")
        refused(publisher.url("/file"), Why.UNSUPPORTED, "only http://")
        refused(publisher.url("/round"), Why.NO_ANSWER, "without end")
        assert other.asked == []


def test_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "LARGEST", 1 << 20)
    with Publisher({"/large": Served(body=bytes((1 << 20) + 1)), "/fits": Served(body=bytes(1 << 20))}) as publisher:
        refused(publisher.url("/large"), Why.UNSUPPORTED, "larger than the 1 MiB")
        (found,) = fetched(publisher.url("/fits"))
    assert isinstance(found, Known)


def _silent(connection: Connection) -> None:
    connection.drain()


def _junk(connection: Connection) -> None:
    connection.sock.sendall(b"220 smtp.example ESMTP\r\n" * 10)
    connection.drain()


def _endless_head(connection: Connection) -> None:
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000)
    connection.drain()


def _breaks_off(connection: Connection) -> None:
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


@pytest.mark.parametrize("play", [_silent, _junk, _endless_head, _breaks_off])
def test_hostile_publishers_end_in_no_answer(play: object) -> None:
    limits = NetworkLimits(connect_timeout=0.5, read_timeout=0.5)
    with ScriptedServer(play) as server:  # type: ignore[arg-type]
        (found,) = fetched(f"http://{HOST}:{server.port}/", limits=limits)
    assert isinstance(found, Unknown)
    assert found.why is Why.NO_ANSWER


def test_each_url_is_asked_once_a_run() -> None:
    with Publisher({"/a.crl": Served(body=b"list")}) as publisher:
        found = fetched(*[publisher.url("/a.crl")] * 20)
        again = fetched(*[publisher.url("/missing")] * 3)
    assert {each.value for each in found if isinstance(each, Known)} == {b"list"}
    assert all(isinstance(each, Unknown) for each in again)
    assert publisher.asked == ["GET /a.crl", "GET /missing"]


def test_our_own_pace_is_not_the_publishers_slowness() -> None:
    slow = NetworkLimits(connect_timeout=0.1, read_timeout=1.0, rate=1.0)
    with Publisher({f"/{each}": Served(body=b"list") for each in "abcd"}) as publisher:
        found = fetched(*(publisher.url(f"/{each}") for each in "abcd"), limits=slow)
    assert [isinstance(each, Known) for each in found] == [True] * 4, found


def test_a_run_forgets_the_oldest_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_KEPT", 150)

    async def ask(urls: list[str]) -> None:
        fetcher = Fetcher(Network(NetworkLimits()))
        for url in urls:
            await fetcher.fetch(url, near=HOST, budget=Budget(60))

    with Publisher({f"/{each}": Served(body=bytes(100)) for each in "ab"}) as publisher:
        asyncio.run(ask([publisher.url(each) for each in ("/a", "/a", "/b", "/b", "/a")]))
    assert publisher.asked == ["GET /a", "GET /b", "GET /a"]


def test_few_answers_are_read_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_AT_ONCE", 2)
    together: list[int] = []
    reading = 0

    async def follow(*_: object) -> bytes:
        nonlocal reading
        reading += 1
        together.append(reading)
        await asyncio.sleep(0.01)
        reading -= 1
        return b""

    monkeypatch.setattr(Fetcher, "_follow", follow)
    assert len(fetched(*[f"http://{HOST}:9999/{number}" for number in range(10)])) == 10
    assert max(together) == 2


def test_who_asked_first_may_leave() -> None:
    async def ask(url: str) -> Fact[bytes]:
        fetcher = Fetcher(Network(NetworkLimits()))
        first = asyncio.create_task(fetcher.fetch(url, near=HOST, budget=Budget(60)))
        await asyncio.sleep(0)
        second = asyncio.create_task(fetcher.fetch(url, near=HOST, budget=Budget(60)))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    with Publisher({"/a.crl": Served(body=b"list")}) as publisher:
        assert isinstance(asyncio.run(ask(publisher.url("/a.crl"))), Known)


def test_the_scope_holds_for_fetching_too() -> None:
    outside = Scope(allow=read_entries(["192.0.2.0/24"]), deny=Entries())
    refused(f"http://{HOST}:9/", Why.NOT_ASKED, "port 9")
    refused(f"http://{HOST}:9999/", Why.NOT_ASKED, "scope file", limits=NetworkLimits(scope=outside))


def test_names_that_only_a_proxy_resolves_need_a_word() -> None:
    limits = NetworkLimits(proxy=Proxy(scheme="http", host=HOST, port=1, username=None, password=None))
    refused("http://crl.example/a.crl", Why.NOT_ASKED, "the proxy resolves names", limits=limits, near="crl.example")
    refused("http://crl.example/a.crl", Why.UNSTABLE, "proxy", limits=limits, anywhere=True)
    refused("http://169.254.169.254/a", Why.NOT_ASKED, "not public", limits=limits)
