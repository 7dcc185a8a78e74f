"""The options that name client credentials, and how they are read: all files before anything is dialled."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.credentials import ClientCa, Credential, Credentials, Passphrases
    from tlsaudit.model.facts import TrialKind

_CLIENT, _CA, _TRIAL = (
    "TLSAUDIT_CLIENT_KEY_PASSWORD",
    "TLSAUDIT_CLIENT_CA_KEY_PASSWORD",
    "TLSAUDIT_TRIAL_KEY_PASSWORD",
)
"""The variables with the passphrases; where one of the others is not there the first one counts."""

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
        help=f"Its key (PEM), if it is not in the same file; the passphrase is asked for, or in {_CLIENT}.",
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
    passphrases = _Passphrases.taken()
    _refuse(given)
    _refuse_unnamed(given, targets, scoped=scoped)
    import secrets

    from tlsaudit.credentials import Credentials, Mint, TrialPlan, load_ca, load_credential, refuse_out_of_time
    from tlsaudit.model.facts import TrialKind

    now = datetime.now(UTC)
    good = None
    if given.client_cert is not None:
        good = load_credential("client certificate", given.client_cert, given.client_key, passphrases.of(_CLIENT))
        refuse_out_of_time(f"client certificate {str(given.client_cert)!r}", good.certificate, now)
    ca = None
    if given.client_ca is not None:
        ca = load_ca(given.client_ca, given.client_ca_key, passphrases.of(_CA))
        refuse_out_of_time(f"client CA {str(given.client_ca)!r}", ca.certificate, now)
    loaded = _load_trials(given, passphrases.of(_TRIAL), good, ca, now)
    good = good or loaded.get(TrialKind.GOOD)
    if not given.trials:
        return Credentials(good=good)
    own = {} if good is None else {TrialKind.GOOD: good}
    return Credentials(good=good, trials=TrialPlan(mint=Mint(run=secrets.token_hex(4), ca=ca), given={**loaded, **own}))


def _refuse_unnamed(given: Given, targets: Sequence[str], *, scoped: bool) -> None:
    """Whoever is on a list and asks for a certificate would see what is presented, below TLS 1.3 in clear."""
    from tlsaudit.targets import are_named

    for option, there in (("--trials", given.trials), ("--client-cert", given.client_cert is not None)):
        if there and not scoped and not are_named(targets):
            named = "targets that are named one by one on the command line"
            raise InputError(f"{option} goes only with {named}, or with a --scope file that says what may be tried")


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


def _load_trials(
    given: Given, passphrases: Passphrases, good: Credential | None, ca: ClientCa | None, now: datetime
) -> dict[TrialKind, Credential]:
    """The credentials of `--trial`, one a kind; `good` is that of `--client-cert`."""
    from tlsaudit.credentials import load_credential, refuse_other_kind
    from tlsaudit.model.facts import TrialKind

    files: dict[TrialKind, Path] = {}
    for kind, path in map(_trial, given.trial):
        if kind in files:
            raise InputError(f"{_option(kind)} is given twice")
        files[kind] = path
    if TrialKind.GOOD in files and good is not None:
        raise InputError("--trial good and --client-cert are the same thing: give one of them")
    loaded = {kind: load_credential(_option(kind), path, None, passphrases) for kind, path in files.items()}
    good = good or loaded.get(TrialKind.GOOD)
    for kind, credential in loaded.items():
        what = f"{_option(kind)} {str(files[kind])!r}"
        refuse_other_kind(what, kind, credential, good=good, ca=ca, now=now)
    return loaded


def _option(kind: TrialKind) -> str:
    return f"--trial {kind.value.replace('_', '-')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passphrases:
    """The passphrases that the environment had."""

    by_variable: Mapping[str, str] = field(repr=False)

    @classmethod
    def taken(cls) -> _Passphrases:
        """Taken out of it, so that no process that is started from here inherits them."""
        found = ((name, os.environ.pop(name, None)) for name in (_CLIENT, _CA, _TRIAL))
        return cls(by_variable={name: text for name, text in found if text is not None})

    def of(self, variable: str) -> Passphrases:
        """What asks for the passphrases of one sort of keys."""
        return lambda what: self._ask(variable, what)

    def _ask(self, variable: str, what: str) -> bytes | None:
        """From the environment, else from whoever sits at the terminal; None where nobody does."""
        given = self.by_variable.get(variable, self.by_variable.get(_CLIENT))
        if given is not None:
            return os.fsencode(given)
        if sys.stdin is None or not sys.stdin.isatty():
            return None
        import getpass

        try:
            return os.fsencode(getpass.getpass(f"passphrase of {what}: ", sys.stderr))
        except EOFError:  # the terminal was closed, or Ctrl-D was pressed
            return None
