"""What a run may present: nothing but the good credential unless trials were asked for."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from tlsaudit.credentials.authority import authority_key, authority_of
from tlsaudit.credentials.credential import Credential, names_of
from tlsaudit.credentials.mint import WITHOUT_CA, Mint, Unavailable
from tlsaudit.model.facts import TrialKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a credential comes from: whether it was made for the trial, and something that stands for its CA."""

    made_here: bool = False
    authority: Hashable = None
    """None: there is none, or it cannot be told."""
    names: Hashable = None
    """The names that it bears; None: they cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """The credentials that are given for trials, and the mint that makes the others."""

    mint: Mint
    given: Mapping[TrialKind, Credential] = field(default_factory=dict)

    def credential(self, kind: TrialKind, *, ca_names: tuple[bytes, ...], use_rsa: bool) -> Credential:
        """The credential of this kind, given or made. Raises Unavailable.

        Those that no client CA signs are minted with the names of the good one, if it is given: whoever refuses them
        does not refuse a name. A minted one that is good has an identity of our own making: beside it there is no
        other that would be wrong.
        """
        if kind in self.given:
            return self.given[kind]
        if kind is TrialKind.WRONG_IDENTITY and TrialKind.GOOD not in self.given:
            need = "which identity is right is not known: give a good certificate with --client-cert"
            raise Unavailable(need)
        like = self.given.get(TrialKind.GOOD) if kind in WITHOUT_CA else None
        return self.mint.make(kind, ca_names=ca_names, use_rsa=use_rsa, like=like)

    def provenance(self, kind: TrialKind, credential: Credential) -> Provenance:
        """Where this credential of this plan comes from."""
        ca, names = self.mint.ca, names_of(credential)
        if kind in self.given:
            return Provenance(authority=authority_of(credential, ca), names=names)
        authority = None if kind in WITHOUT_CA or ca is None else authority_key(ca)
        return Provenance(made_here=True, authority=authority, names=names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The good credential of a run, if there is one, and its trials, if there are to be any."""

    good: Credential | None = None
    trials: TrialPlan | None = None
