"""Client authentication in words, for text and HTML."""

from __future__ import annotations

from typing import Final

from tlsaudit.model.document import ClientAuthPart
from tlsaudit.report.view import versions_of


def differs_by_version(client_auth: ClientAuthPart) -> bool:
    """Whether a client is treated otherwise at another version, or is not known to be treated alike."""
    return len({at.mode for at in client_auth.per_protocol.values()}) > 1


def client_auth_modes(client_auth: ClientAuthPart) -> str:
    """The mode in a word; where versions differ, that of each."""
    if not differs_by_version(client_auth):
        return client_auth.mode
    modes: dict[str, list[str]] = {}
    for version in versions_of(client_auth.per_protocol):
        modes.setdefault(client_auth.per_protocol[version].mode, []).append(version)
    return ", ".join(f"{mode} at {' and '.join(versions)}" for mode, versions in modes.items())


def client_auth_words(client_auth: ClientAuthPart) -> str:
    """Client authentication as a sentence without its full stop."""
    if differs_by_version(client_auth):
        return f"by version: {client_auth_modes(client_auth)}"
    words = {
        "none": "no client certificate is asked for",
        "optional": "a client certificate is asked for, but not required",
        "required": "a client certificate is required",
        "unknown": "not established",
    }[client_auth.mode]
    if client_auth.enforced_by == "tls":
        words += ", enforced by TLS"
    elif client_auth.enforced_by == "application":
        words += ", enforced by the application after TLS has let the client in"
    if client_auth.when == "late":
        words += ", asked for only after the request"
    return words


def beside_words(client_auth: ClientAuthPart) -> str:
    """What the port does beside mutual TLS: a service mesh, and plain text; "" where neither was seen."""
    mesh = {
        "strict": "a service mesh, mutual TLS alone (STRICT)",
        "permissive": "a service mesh that lets other clients through (PERMISSIVE)",
        "disabled": "a service mesh without mutual TLS (DISABLE)",
        None: "",
    }[client_auth.mesh]
    return "; ".join(each for each in (mesh, "plain text is answered" if client_auth.plaintext else "") if each)


def verifies_words(client_auth: ClientAuthPart) -> str:
    """Whether presented client certificates are verified, in words; empty where none is asked for."""
    if client_auth.mode in {"none", "unknown"} and not differs_by_version(client_auth):
        return ""
    if client_auth.verifies is False:
        return f"no: {_let_in(client_auth)}"
    return "yes" if client_auth.verifies else "not established"


_UNTRUSTED: Final = {
    "self_signed": "self-signed ones",
    "unknown_ca": "those of an unknown CA",
    "impostor_ca": "those of an impostor CA",
}


def _let_in(client_auth: ClientAuthPart) -> str:
    """Which certificates that no known CA signed get in, and at which versions, where it is not all everywhere."""
    trials = [each for each in client_auth.trials if each.credential in _UNTRUSTED]
    tried = [(each, version) for each in trials for version in each.per_protocol]
    admitted = [(each, version) for each, version in tried if each.per_protocol[version].outcome == "accepted"]
    refused = [pair for pair in tried if pair[0].per_protocol[pair[1]].outcome == "refused"]
    if not admitted or not refused:
        return "any certificate gets in"
    kinds = dict.fromkeys(_UNTRUSTED[each.credential] for each, _ in admitted)
    words = f"{' and '.join(kinds)} get in"
    versions = sorted({version for _, version in admitted})
    return words if set(versions) == {version for _, version in tried} else f"{words} at {' and '.join(versions)}"
