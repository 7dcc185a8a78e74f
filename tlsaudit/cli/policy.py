"""`tlsaudit policy`: the policies there are, one in full, a file checked, two compared, one as a configuration."""

from __future__ import annotations

import json
import re
from typing import Annotated

import typer

from tlsaudit.cli import outputs
from tlsaudit.model.errors import InputError

_OLDEST_OPENSSL = (1, 1, 1)
"""The first with TLS 1.3."""

Format = Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")]


def list_policies(format_: Format = "text") -> int:
    """List the policies that come with tlsaudit."""
    from tlsaudit.policy import load_policy, policy_ids

    _refuse_unknown(format_)
    policies = [load_policy(each) for each in policy_ids()]
    if format_ == "json":
        rows = [
            {"id": each.id, "version": each.version, "extends": each.parent, "title": each.title} for each in policies
        ]
        _put_json(rows)
    else:
        for each in policies:
            outputs.put(f"{each.id:<21} {each.version:<8} {each.title}\n")
    return 0


def show(policy: Annotated[str, typer.Argument(metavar="ID|FILE")], format_: Format = "text") -> int:
    """Show a policy in full: every value, where it comes from, and what to beware of."""
    from tlsaudit.policy import load_policy
    from tlsaudit.policy.describe import as_data, as_text

    _refuse_unknown(format_)
    shown = load_policy(policy)
    if format_ == "json":
        _put_json(as_data(shown))
    else:
        outputs.put(f"{as_text(shown)}\n")
    return 0


def check(files: Annotated[list[str], typer.Argument(metavar="FILE...")], format_: Format = "text") -> int:
    """Check policy files: 0 where all are sound; else 2, with file, line and reason of the first mistake."""
    from tlsaudit.policy import load_policy

    _refuse_unknown(format_)
    found = [(file, load_policy(file)) for file in files]
    if format_ == "json":
        _put_json(
            [{"file": file, "id": each.id, "version": each.version, "sha256": each.sha256} for file, each in found]
        )
    else:
        for file, each in found:
            parent = f", extends {each.parent}" if each.parent else ""
            outputs.put(f"{file}: sound: {each.id} {each.version}{parent}\n")
    return 0


def diff(
    first: Annotated[str, typer.Argument(metavar="A")],
    second: Annotated[str, typer.Argument(metavar="B")],
    format_: Format = "text",
) -> int:
    """Show every value in which two policies differ; A and B are ids or files."""
    from tlsaudit.policy import load_policy
    from tlsaudit.policy.describe import differences

    _refuse_unknown(format_)
    found = differences(load_policy(first), load_policy(second))
    if format_ == "json":
        _put_json([{"name": each.name, "a": each.first, "b": each.second} for each in found])
    else:
        outputs.put("".join(f"{each}\n" for each in found) or "no difference\n")
    return 0


def export(
    policy: Annotated[str, typer.Argument(metavar="ID|FILE")],
    product: Annotated[
        str,
        typer.Option("--for", metavar="PRODUCT", help="apache, caddy, envoy, haproxy, nginx, postgresql or traefik."),
    ],
    openssl: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="The OpenSSL that the product uses (3.0): post-quantum groups need 3.5.",
        ),
    ] = None,
) -> int:
    """Write the configuration that satisfies a policy."""
    from tlsaudit.config import PRODUCTS
    from tlsaudit.policy import load_policy
    from tlsaudit.policy.wanted import wanted

    if product not in PRODUCTS:
        raise InputError(f"--for {product!r} is none of {', '.join(PRODUCTS)}")
    library = PRODUCTS[product].spoken(None if openssl is None else _version(openssl))
    outputs.put(PRODUCTS[product].write(wanted(load_policy(policy), library)))
    return 0


def _version(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,3})\.(\d{1,3})(\.(\d{1,3})\w{0,8})?", text)
    if match is None or (int(match[1]), int(match[2]), int(match[4] or 0)) < _OLDEST_OPENSSL:
        raise InputError(f"--openssl {text!r} is no version of OpenSSL from 1.1.1 on; write 3.0 or 3.5.4")
    return int(match[1]), int(match[2])


def _refuse_unknown(format_: str) -> None:
    if format_ not in {"text", "json"}:
        raise InputError(f"unknown format {format_!r}; known: text, json")


def _put_json(value: object) -> None:
    outputs.put(f"{json.dumps(value, ensure_ascii=False)}\n")
