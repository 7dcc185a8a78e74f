"""Whatever stands in a file, it ends in subjects: read, or unparsable."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tlsaudit.config.haproxy import read
from tlsaudit.config.read import Anchors, Assumptions, Context, Evaluator, Found, Tree, Unparsable

_WORDS = (
    "bind", "server", "default-server", "ssl", "crt", "crt-list", "verify", "required", "optional", "none", "ca-file",
    "ssl-min-ver", "TLSv1.2", "TLSv1.9", "force-tlsv12", "no-tlsv13", "ciphers", "ECDHE", "curves", "P-256", "alpn",
    ":443", ":", "::1:443", "[::1]:443,:8443", "unix@/x", "quic4@:443", "abns@x", "*:0-70000", "10.0.0.1:80", "a.cfg",
    "x", "", "/", ".", "..", "@x/y", "@/", "@", "[", "]", "${X}", "%[x]", "if", "unless", "{ ssl_fc }", "from", "mode",
    "http", "tcp", "use_backend", "default_backend", "log", "global", "no", "http-request", "set-header", "add-header",
    "X-DN", "%[ssl_c_s_dn]", "http-response", "Strict-Transport-Security", "max-age=1", "return", "status", "hdr",
    "sni", "verifyhost", "set-proxy-v2-tlv-fmt(0x20)", "crt-ignore-err", "all", "tune.ssl.default-dh-param", "4096",
    "ssl-dh-param-file", "ssl-default-bind-options", "ssl-default-server-ciphers", "load", "key", "alias", "setenv",
    "server-template", "3", "issuers-chain-path", "ssl-security-level", "allow-0rtt", "tls-ticket-keys", "strict-sni",
    "error\x00", "\x1b[31m", "é", "'", '"', "\\", "#", ".if", ".else", ".endif", ".elif", "version_atleast(2.4)",
)  # fmt: skip
_HEADS = (
    "global",
    "defaults",
    "defaults a from a",
    "frontend a",
    "frontend b from a",
    "backend a",
    "listen a",
    "crt-store x",
    "peers p",
    "ring r",
)
_LINES = st.one_of(st.sampled_from(_HEADS), st.lists(st.sampled_from(_WORDS), max_size=8).map(" ".join))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lines=st.lists(_LINES, max_size=25),
    assume=st.sampled_from((Assumptions(), Assumptions(haproxy=(2, 6), openssl=(3, 0)))),
)
def test_any_file_is_read_or_unparsable(lines: list[str], assume: Assumptions) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.cfg"
        path.write_text("global\n" + "\n".join(lines) + "\n")
        tree = Tree(path)
        context = Context(assume=assume, evaluator=Evaluator(), anchors=Anchors(stores={}, deciding="mozilla"))
        for each in read(tree, [path], context):
            assert isinstance(each, Found | Unparsable)
            assert each.file == "a.cfg"
            assert each.line >= 1
