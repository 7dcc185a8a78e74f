"""Files that are no whole configuration: server blocks for sites-enabled, locations, and snippets with directives."""

from __future__ import annotations

from collections.abc import Sequence

from tlsaudit.config.nginx.parse import Directive


def fragment(directives: Sequence[Directive], file: str) -> list[Directive]:
    """The file as if a block of its module included it: with servers of its own, or as the settings of some."""
    return [Directive(_module(directives), (), file, 1, list(directives))]


def _module(directives: Sequence[Directive]) -> str:
    """Only servers of mail have a protocol, and only those of stream pass on outside of locations."""
    inside = {each.name for block in directives if block.name == "server" for each in block.block or ()}
    if "protocol" in inside:
        return "mail"
    return "stream" if "proxy_pass" in inside else "http"
