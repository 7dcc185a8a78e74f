"""What HAProxy does where the text is silent, and what it makes of the versions that the text names.

Source: its configuration manual, and ssl_sock_prepare_ctx and ssl_sock_initial_ctx in src/ssl_sock.c.
"""

from __future__ import annotations

from tlsaudit.config.assume import Version
from tlsaudit.config.haproxy.options import Option, Options
from tlsaudit.model.knowledge import Basis, Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

CIPHERS = "DEFAULT"
"""OpenSSL's own list."""
EARLY_DATA_OCTETS = 15360
"""tune.bufsize less tune.maxrewrite."""
_NAMES = {
    "SSLv3": ProtocolVersion.SSL_3,
    "TLSv1.0": ProtocolVersion.TLS_1_0,
    "TLSv1.1": ProtocolVersion.TLS_1_1,
    "TLSv1.2": ProtocolVersion.TLS_1_2,
    "TLSv1.3": ProtocolVersion.TLS_1_3,
}
_FLAGS = {name.lower().replace(".", ""): version for name, version in _NAMES.items()}
"""As they are written behind `no-` and `force-`."""
_ORDER = tuple(_NAMES.values())
_BOUNDS = ("ssl-min-ver", "ssl-max-ver", *(f"force-{name}" for name in _FLAGS))
_VERSION_WORDS = (*_BOUNDS, *(f"no-{name}" for name in _FLAGS))
MINIMUM_DEPENDS = "ssl-min-ver is not set: before HAProxy 2.2 its default is TLSv1.0"


def least_version(haproxy: Version | None) -> ProtocolVersion:
    """The default of ssl-min-ver of a bind line."""
    return ProtocolVersion.TLS_1_2 if haproxy is None or haproxy >= (2, 2) else ProtocolVersion.TLS_1_0


def has_default_alpn(haproxy: Version | None) -> bool:
    """Whether HTTPS offers h2 and http/1.1 without `alpn` (2.8)."""
    return haproxy is None or haproxy >= (2, 8)


def has_fallbacks(haproxy: Version | None) -> bool:
    """Whether the filter `*` of a crt-list makes a certificate that for all other names (3.0)."""
    return haproxy is None or haproxy >= (3, 0)


def sends_names(haproxy: Version | None) -> bool:
    """Whether servers are asked for by name without `sni` (sni-auto, 3.3)."""
    return haproxy is None or haproxy >= (3, 3)


def relies_on_default(options: Options) -> bool:
    """Whether no option bounds the versions from below."""
    return not any(each.name != "ssl-max-ver" for each in options.all(*_BOUNDS))


def versions(options: Options, least: ProtocolVersion | None, place: Basis) -> Fact[dict[ProtocolVersion, Basis]]:
    """The versions of a bind or server line. `least` is the default of the lowest; None: that of the library.

    Without bounds `no-tlsv1x` takes a version away; beside bounds it is ignored. What is left is one range: holes are
    filled.
    """
    doubtful = _doubt(options)
    if doubtful is not None:
        return doubtful
    low, high = _bound(options, "ssl-min-ver"), _bound(options, "ssl-max-ver")
    for each in (low, high):
        if isinstance(each, Option) and each.value not in _NAMES:
            return Unknown(Why.UNSUPPORTED, f"{each.value[:60]!r} is no protocol version ({each.basis.at})")
    flags = [each for each in options.all(*(f"no-{name}" for name in _FLAGS)) if low is None and high is None]
    top = _NAMES[high.value] if high is not None else ProtocolVersion.TLS_1_3
    bottom = _NAMES[low.value] if low is not None else least or ProtocolVersion.SSL_3
    if low is None and top.rank < bottom.rank:
        bottom = top
    removed = {_FLAGS[each.name.removeprefix("no-")] for each in flags}
    left = [each for each in _ORDER if bottom.rank <= each.rank <= top.rank and each not in removed]
    if not left:
        return Unknown(Why.UNSUPPORTED, f"no protocol version is left, so that the server does not start ({place.at})")
    basis = (low or high or next(iter(flags), None) or Option("", "", place)).basis
    kept = [each for each in _ORDER if left[0].rank <= each.rank <= left[-1].rank]
    return Known(dict.fromkeys(kept, low.basis if low is not None else basis), basis)


def _doubt(options: Options) -> Unknown | None:
    """Why the versions are not known: any of their options may be another one, or hang on a condition."""
    return next(
        (found for each in _VERSION_WORDS if isinstance(found := options.last(each), Unknown)),
        None,
    )


def _bound(options: Options, name: str) -> Option | None:
    """The last option that sets a bound; `force-tlsv12` sets both. None is also what is not known: `_doubt` says it."""
    found = options.last(name, *(f"force-{each}" for each in _FLAGS))
    if not isinstance(found, Option):
        return None
    if found.name == name:
        return found
    forced = _FLAGS[found.name.removeprefix("force-")]
    written = next(word for word, version in _NAMES.items() if version is forced)
    return Option(name, written, found.basis)
