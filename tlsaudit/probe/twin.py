"""The twin of a domain: the same name with `www.` before it, or without. Does it lead here, and is it covered?

People try both. It is looked up only where the certificate does not cover it, and with the resolver that found the
target: where somebody else resolves names, or an address was given for the name, nobody can say where the twin leads.
"""

from __future__ import annotations

from typing import Final

from tlsaudit.data.public_suffix import is_public_suffix
from tlsaudit.model.beside import Twin
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.target import Target
from tlsaudit.net import NoSuchNameError
from tlsaudit.pki import match_name
from tlsaudit.probe.dialogue import Dialogue

_WWW: Final = "www."
_NOT_RESOLVED_HERE = Unknown(Why.NOT_ASKED, "the target's name was not resolved here, so its twin is not looked up")


def no_twin(target: Target, names: tuple[str, ...]) -> Fact[Twin | None]:
    """What is known without a question: None where the target has no twin, or somebody said what is to be covered."""
    has_none = names or target.starttls or target.sni is not None or twin_of(target) is None
    return Known(None, Basis(Origin.DERIVED, "probe:1")) if has_none else NOT_ASKED


async def ask_twin(dialogue: Dialogue, facts: Facts, target: Target) -> Fact[Twin | None]:
    """The twin of the target's name: whether it is covered, and where it is not, whether it leads here."""
    other = twin_of(target)
    if other is None:
        return Known(None, Basis(Origin.DERIVED, "probe:1"))
    deployments = facts.certificate_deployments
    if isinstance(deployments, Unknown):
        return deployments
    leaves = [each.leaf for each in deployments.value]
    unread = next((leaf for leaf in leaves if isinstance(leaf, Unknown)), None)
    if unread is not None:
        return unread
    covered = all(match_name(other, leaf.need()).matches for leaf in leaves)
    here = _NOT_RESOLVED_HERE if covered else await _leads_here(dialogue, other, target, deployments.basis)
    return Known(Twin(name=other, covered=covered, here=here), deployments.basis)


def twin_of(target: Target) -> str | None:
    """The name of the twin: a name that somebody registered has one, and so has `www.` of any name."""
    if target.is_address:
        return None
    if target.host.startswith(_WWW):
        rest = target.host.removeprefix(_WWW)
        return None if is_public_suffix(rest) else rest
    registered = not is_public_suffix(target.host) and is_public_suffix(target.host.partition(".")[2])
    return f"{_WWW}{target.host}" if registered else None


async def _leads_here(dialogue: Dialogue, name: str, target: Target, basis: Basis) -> Fact[bool]:
    if dialogue.name is None or dialogue.network.limits.proxy is not None:
        return _NOT_RESOLVED_HERE
    derived = Basis(Origin.DERIVED, basis.at)
    try:
        addresses = await dialogue.network.resolve(name, target.port)
    except NoSuchNameError:
        return Known(False, derived)
    except NetworkError as error:
        return Unknown(Why.NO_ANSWER, str(error))
    return Known(dialogue.address in addresses, derived)
