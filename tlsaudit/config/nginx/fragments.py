"""Files that are no whole configuration: server blocks for sites-enabled, and snippets with directives on TLS."""

from __future__ import annotations

from collections.abc import Sequence

from tlsaudit.config.nginx.parse import Directive


def fragment(directives: Sequence[Directive], file: str) -> list[Directive]:
    """The file as if an http block included it: with servers of its own, or as the settings of some."""
    return [Directive("http", (), file, 1, list(directives))]
