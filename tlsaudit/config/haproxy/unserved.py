"""Bind lines that look as if they spoke TLS and do not: `ssl` is not said, and nothing warns of it (measured: 2.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tlsaudit.config.haproxy.addresses import address_of
from tlsaudit.config.haproxy.listeners import Reading
from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.routes import speaks_tls
from tlsaudit.config.haproxy.sections import Proxy
from tlsaudit.model.configuration import Said, Setup
from tlsaudit.model.facts import Endpoint, Facts
from tlsaudit.model.knowledge import Basis, Known, Origin

_CERTIFICATES = ("crt", "crt-list", "default-crt")
"""Without any no bind line can speak TLS: the other options mean nothing there, and hide nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InClear:
    """A bind line without `ssl`, with a certificate that means nothing without it."""

    line: Line
    name: str
    facts: Facts


def in_clear(reading: Reading) -> Iterator[InClear]:
    """Every bind line that has a certificate and speaks no TLS; so does no stats socket (measured: 2.6)."""
    for proxy in reading.config.proxies:
        over_tls = _over_tls(proxy)
        for line, own in proxy.binds():
            if speaks_tls(line, own) is not False:
                continue
            option = next(own.all(*_CERTIFICATES), None)
            ports = (address_of(each)[1] for each in line.args[0].split(","))
            port = next((each for each in ports if each in over_tls), None)
            if option is not None:
                what = f"{option.name} is configured, and the bind line does not say ssl"
            elif port is not None and not any(own.all("accept-proxy")):
                what = (
                    f"port {port} speaks TLS at another address ({over_tls[port]}), and this bind line does not say ssl"
                )
            else:
                continue
            yield _in_clear(line, line.args[0], proxy.title, what)
    for line in reading.config.sockets:
        if "ssl" in line.args[2:]:
            what = "ssl is configured, and HAProxy speaks none at a stats socket, but takes orders in clear"
            yield _in_clear(line, line.args[1], "stats socket", what)


def _over_tls(proxy: Proxy) -> dict[int, str]:
    """The ports at which a section speaks TLS, and the lines that say so."""
    lines = [line for line, own in proxy.binds() if speaks_tls(line, own)]
    ports = ((address_of(each)[1], line.at) for line in lines for each in line.args[0].split(","))
    return {port: at for port, at in ports if port is not None}


def _in_clear(line: Line, address: str, title: str, what: str) -> InClear:
    place = Basis(Origin.EXPLICIT, line.at)
    host, port = address_of(address.partition(",")[0])
    setup = Setup(unserved=Known((Said(what, place),), place))
    return InClear(
        line=line,
        name=f"{title}:{port}" if port else f"{title} {address}"[:200],
        facts=Facts(endpoint=Endpoint(host=host, port=port or 0), setup=setup),
    )
