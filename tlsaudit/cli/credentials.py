"""The options that name client credentials, and how they are read: all files before anything is dialled."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.credentials import Credential, Credentials
    from tlsaudit.model.facts import TrialKind

PASSPHRASE_VARIABLE = "TLSAUDIT_CLIENT_KEY_PASSWORD"  # noqa: S105 - the name of a variable

ClientCert = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A client certificate that should get in: PEM with its chain, or PKCS #12. It is presented to servers "
        "that ask for one.",
    ),
]
ClientKey = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help=f"Its key (PEM), if it is not in the same file; the passphrase is asked for, or in {PASSPHRASE_VARIABLE}.",
    ),
]
Trials = Annotated[
    bool,
    typer.Option(
        "--trials",
        help="Present wrong client certificates too, each once a version: who gets in? They show up in the server's "
        "log; only for targets that are named here, or in the scope of --scope.",
    ),
]
ClientCaFile = Annotated[
    Path | None,
    typer.Option("--client-ca", metavar="FILE", help="The (test) CA of the clients: trials may bear its name."),
]
ClientCaKey = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Its key, to sign expired and other wrong certificates with for trials."),
]
TrialFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--trial",
        metavar="KIND=FILE",
        help="A credential for a trial (PEM with key, or PKCS #12), such as revoked=FILE; repeatable.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the command line says of credentials."""

    client_cert: Path | None
    client_key: Path | None
    trials: bool
    client_ca: Path | None
    client_ca_key: Path | None
    trial: Sequence[str]


def read(given: Given, targets: Sequence[str], *, scoped: bool) -> Credentials:
    """The credentials of a run; `targets` as on the command line, `scoped` where a scope file bounds them.

    Raises InputError.
    """
    _refuse(given)
    import secrets

    from tlsaudit.credentials import Credentials, Mint, TrialPlan, load_ca, load_credential, refuse_out_of_time
    from tlsaudit.model.facts import TrialKind
    from tlsaudit.targets import are_named

    if given.trials and not scoped and not are_named(targets):
        named = "targets that are named one by one on the command line"
        raise InputError(f"--trials goes only with {named}, or with a --scope file that says what may be tried")
    now = datetime.now(UTC)
    good = None
    if given.client_cert is not None:
        good = load_credential("client certificate", given.client_cert, given.client_key, _passphrase)
        refuse_out_of_time(f"client certificate {str(given.client_cert)!r}", good.certificate, now)
    ca = None
    if given.client_ca is not None:
        ca = load_ca(given.client_ca, given.client_ca_key, _passphrase)
        refuse_out_of_time(f"client CA {str(given.client_ca)!r}", ca.certificate, now)
    files = dict(_trial(text) for text in given.trial)
    loaded = {kind: _given(kind, path, now) for kind, path in files.items()}
    good = good or loaded.get(TrialKind.GOOD)
    if not given.trials:
        return Credentials(good=good)
    own = {} if good is None else {TrialKind.GOOD: good}
    return Credentials(good=good, trials=TrialPlan(mint=Mint(run=secrets.token_hex(4), ca=ca), given={**loaded, **own}))


def _refuse(given: Given) -> None:
    if given.client_key is not None and given.client_cert is None:
        raise InputError("--client-key needs --client-cert")
    if given.client_ca_key is not None and given.client_ca is None:
        raise InputError("--client-ca-key needs --client-ca, the certificate of that CA")
    for option, there in (("--client-ca", given.client_ca is not None), ("--trial", bool(given.trial))):
        if there and not given.trials:
            raise InputError(f"{option} is for trials: add --trials")


def _trial(text: str) -> tuple[TrialKind, Path]:
    """KIND=FILE."""
    from tlsaudit.model.facts import TrialKind

    name, equals, path = text.partition("=")
    known = {kind.value.replace("_", "-"): kind for kind in TrialKind if kind is not TrialKind.NONE}
    if not equals or name.replace("_", "-") not in known or not path:
        raise InputError(f"--trial {text!r} is not KIND=FILE with one of {', '.join(known)}")
    return known[name.replace("_", "-")], Path(path)


def _given(kind: TrialKind, path: Path, now: datetime) -> Credential:
    from tlsaudit.credentials import load_credential, refuse_out_of_time
    from tlsaudit.model.facts import TrialKind

    what = f"--trial {kind.value.replace('_', '-')}"
    credential = load_credential(what, path, None, _passphrase)
    if kind is TrialKind.GOOD:
        refuse_out_of_time(f"{what} {str(path)!r}", credential.certificate, now)
    return credential


def _passphrase(what: str) -> bytes | None:
    """From the environment, else from whoever sits at the terminal; None where nobody does."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is not None:
        return given.encode()
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    import getpass

    try:
        return getpass.getpass(f"passphrase of {what}: ", sys.stderr).encode()
    except EOFError:  # the terminal was closed, or Ctrl-D was pressed
        return None
