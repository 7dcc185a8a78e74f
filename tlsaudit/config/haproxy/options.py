"""Words of `bind`, `server` and crt-list lines: which of them take a value, and which one holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.words import is_unresolved
from tlsaudit.model.knowledge import Basis, Origin, Unknown, Why

BIND_VALUES = frozenset(
    {
        "accept-netscaler-cip", "alpn", "backlog", "ca-file", "ca-ignore-err", "ca-sign-file", "ca-sign-pass",
        "ca-verify-file", "cc", "ciphers", "ciphersuites", "client-sigalgs", "crl-file", "crt", "crt-ignore-err",
        "crt-list", "curves", "default-crt", "ecdhe", "ech", "expose-fd", "gid", "group", "guid-prefix", "id",
        "idle-ping", "interface", "label", "level", "maxconn", "mode", "mss", "name", "namespace", "nbconn", "nice",
        "npn", "ocsp-update", "process", "proto", "quic-cc-algo", "quic-socket", "severity-output", "shards",
        "sigalgs", "ssl-max-ver", "ssl-min-ver", "tcp-md5sig", "tcp-ss", "tcp-ut", "thread", "tls-ticket-keys",
        "uid", "user", "verify",
    }
)  # fmt: skip
"""Options of `bind` and of a crt-list with one value; `haproxy -dKall` names them."""
SERVER_VALUES = frozenset(
    {
        "addr", "agent-addr", "agent-inter", "agent-port", "agent-send", "alpn", "ca-file", "cc", "check-alpn",
        "check-pool-conn-name", "check-proto", "check-sni", "check-via", "ciphers", "ciphersuites", "client-sigalgs",
        "cookie", "crl-file", "crt", "curves", "downinter", "error-limit", "fall", "fastinter", "guid", "hash-key",
        "id", "idle-ping", "init-addr", "init-state", "inter", "interface", "log-bufsize", "log-proto", "max-reuse",
        "maxconn", "maxqueue", "minconn", "namespace", "npn", "observe", "on-error", "on-marked-down", "on-marked-up",
        "pool-conn-name", "pool-idle-conn", "pool-low-conn", "pool-max-conn", "pool-purge-delay", "port", "proto",
        "proxy-v2-options", "quic-cc-algo", "redir", "resolve-net", "resolve-opts", "resolve-prefer", "resolvers",
        "rise", "shard", "sigalgs", "slowstart", "sni", "socks4", "source", "ssl-max-ver", "ssl-min-ver",
        "tcp-md5sig", "tcp-ut", "track", "usesrc", "verify", "verifyhost", "weight", "ws",
    }
)  # fmt: skip
"""Options of `server` and `default-server` with one value."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option with its value, empty where it takes none. `doubt`: a condition that nobody here can decide."""

    name: str
    value: str
    basis: Basis
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """Options in the order in which they are read: what comes later replaces what was before.

    `hidden`: a word among them comes from the environment, and may be any option.
    """

    items: tuple[Option, ...] = ()
    hidden: Unknown | None = None

    def last(self, *names: str) -> Option | Unknown | None:
        """The last one with one of these names: None where there is none for certain."""
        found = next((each for each in reversed(self.items) if each.name in names), None)
        if found is None:
            return self.hidden
        if found.doubt is not None:
            return Unknown(Why.UNRESOLVED, f"{found.name} hangs on {found.doubt}")
        if is_unresolved(found.value):
            return Unknown(Why.UNRESOLVED, f"{found.name} comes from the environment ({found.basis.at})")
        return found

    def all(self, *names: str) -> Iterator[Option]:
        """Every one with one of these names."""
        return (each for each in self.items if each.name in names)

    def then(self, later: Options) -> Options:
        """These, and what replaces them."""
        return Options((*self.items, *later.items), later.hidden or self.hidden)


def read_options(
    words: Iterable[str], values: frozenset[str], line: Line, *, origin: Origin = Origin.EXPLICIT
) -> Options:
    """The options among the words of a line."""
    basis = Basis(origin, line.at)
    found: list[Option] = []
    hidden: Unknown | None = None
    waiting = iter(words)
    for word in waiting:
        takes = word in values or word.startswith("set-proxy-v2-tlv-fmt(")
        if is_unresolved(word) and not takes:
            hidden = Unknown(Why.UNRESOLVED, f"options come from the environment ({line.at})")
        found.append(Option(word, next(waiting, "") if takes else "", basis, line.doubt))
    return Options(tuple(found), hidden)
