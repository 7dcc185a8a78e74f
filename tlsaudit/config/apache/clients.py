"""Client authentication: of the whole virtual host in the handshake, of a section once the path is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tlsaudit.config.apache.enforced import enforced
from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.reading import Reading, commands_of
from tlsaudit.config.apache.scope import Level, Setting
from tlsaudit.config.apache.sections import late_sections, said, served_elsewhere
from tlsaudit.config.client_ca import holds_public_root, is_public_bundle, is_public_folder
from tlsaudit.config.commands import REQUESTED_CAS, VERIFYING_CAS, replaced
from tlsaudit.config.pem import read_certificates
from tlsaudit.config.terms import ClientTerms
from tlsaudit.model.configuration import Said
from tlsaudit.model.facts import ClientAuthMode, Layer
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Unknown, Why

_MODES = {
    "none": ClientAuthMode.NONE,
    "off": ClientAuthMode.NONE,
    "optional": ClientAuthMode.OPTIONAL,
    "optional_no_ca": ClientAuthMode.OPTIONAL,
    "require": ClientAuthMode.REQUIRED,
    "on": ClientAuthMode.REQUIRED,
}
_STRENGTH = (ClientAuthMode.NONE, ClientAuthMode.OPTIONAL, ClientAuthMode.REQUIRED)
_SPELLED = {"sslcarevocationfile": "SSLCARevocationFile", "sslcarevocationpath": "SSLCARevocationPath"}
_MOST_PATHS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """Client authentication, and what a file says of its CAs."""

    terms: ClientTerms
    ca_is_public: Fact[bool]
    revocation: Fact[bool]
    unchecked: Fact[tuple[Said, ...]]
    """CRLs that are configured, and not looked at."""


def clients_of(reading: Reading, level: Level, place: Basis) -> Clients:
    """What SSLVerifyClient and its companions ask for."""
    commands = commands_of(level)
    setting = replaced(commands, ["verifymode"], "whether clients are verified is") or level.setting("sslverifyclient")
    if isinstance(setting, Unknown):
        return Clients(terms=ClientTerms(mode=setting), ca_is_public=setting, revocation=setting, unchecked=setting)
    usual = _mode(setting, place)
    sections = late_sections(level, "sslverifyclient", _MOST_PATHS)
    root = sections.pop("/", None)
    mode, decides = usual, setting
    if isinstance(root, Unknown):
        mode = root
    elif root is not None and _is_more(_mode(root, place), usual):
        mode, decides = _mode(root, place), root
    places: dict[str, Setting | Unknown | None] = dict(sections)
    if mode is not usual:  # a section asks for it, and others may not
        places = served_elsewhere(level, "sslverifyclient", _MOST_PATHS) | places
    asking = [each for each in (setting, root, *sections.values()) if isinstance(each, Setting) and _asks(each)]
    late = isinstance(mode, Known) and decides is root and root is not None
    elsewhere = dict(_elsewhere(places, usual, mode, place))
    verifies = _verifies(decides) if isinstance(decides, Setting) and _asks(decides) else NOT_ASKED
    layer = Layer.TLS
    if isinstance(mode, Known) and mode.value is ClientAuthMode.OPTIONAL:
        refuses = enforced(level)
        if isinstance(refuses, Known):
            mode, layer = Known(ClientAuthMode.REQUIRED, refuses.basis), Layer.APPLICATION
            verifies, elsewhere = Known(value=True, basis=refuses.basis), {}
        else:
            mode = refuses or mode
    required = isinstance(mode, Known) and mode.value is ClientAuthMode.REQUIRED
    revocation = _revocation(level, asking[0].basis) if asking else NOT_ASKED
    authority = replaced(commands, VERIFYING_CAS, "the CAs of clients are")
    asked_of = replaced(commands, REQUESTED_CAS, "the CAs that clients are told of are")
    return Clients(
        terms=ClientTerms(
            mode=mode,
            verifies=verifies,
            enforced_by=layer if required else None,
            ca_names=_ca_names(reading, level) if asking and asked_of is None else (),
            late=late,
            elsewhere=elsewhere,
        ),
        ca_is_public=(authority or _ca_is_public(reading, level)) if asking else NOT_ASKED,
        revocation=(authority or revocation) if asking else NOT_ASKED,
        unchecked=_unchecked(level, revocation),
    )


def late_terms(directive: Directive, usual: Unknown) -> ClientTerms:
    """What a part of an unknown virtual host asks for, once the path is known."""
    setting = said(directive)
    verifies: Fact[bool] = NOT_ASKED
    if isinstance(setting, Unknown):
        verifies = setting
    elif _asks(setting):
        verifies = _verifies(setting)
    return ClientTerms(mode=usual, verifies=verifies, late=True)


def _mode(setting: Setting | None, place: Basis) -> Fact[ClientAuthMode]:
    if setting is None:
        return Known(ClientAuthMode.NONE, place)
    mode = _MODES.get(setting.word.lower())
    if mode is None:
        return Unknown(Why.UNSUPPORTED, f"SSLVerifyClient {setting.word[:60]!r} ({setting.basis.at})")
    return Known(mode, setting.basis)


def _is_more(one: Fact[ClientAuthMode], other: Fact[ClientAuthMode]) -> bool:
    """A section can ask for more than the handshake did, never take back what was asked."""
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return True
    return _STRENGTH.index(one.value) > _STRENGTH.index(other.value)


def _elsewhere(
    places: dict[str, Setting | Unknown | None],
    usual: Fact[ClientAuthMode],
    at_root: Fact[ClientAuthMode],
    place: Basis,
) -> Iterator[tuple[str, Fact[ClientAuthMode]]]:
    """The paths at which another thing is asked for than at `/`, and no less than in the handshake.

    A section takes back what another one asks for (ssl_engine_kernel.c, ssl_hook_Access_classic; measured: 2.4).
    """
    for path, found in places.items():
        own = found if isinstance(found, Unknown) else _mode(found, place)
        mode = own if _is_more(own, usual) else usual
        if isinstance(mode, Unknown) or isinstance(at_root, Unknown) or mode.value is not at_root.value:
            yield path, mode


def _asks(setting: Setting) -> bool:
    return _MODES.get(setting.word.lower()) is not ClientAuthMode.NONE


def _verifies(setting: Setting) -> Fact[bool]:
    return Known(setting.word.lower() != "optional_no_ca", setting.basis)


def _ca_names(reading: Reading, level: Level) -> tuple[str, ...]:
    setting = level.setting("sslcadnrequestfile") or level.setting("sslcacertificatefile")
    content = reading.content(setting.word) if isinstance(setting, Setting) else None
    if not isinstance(content, bytes):
        return ()
    return tuple(dict.fromkeys(each.subject for each in read_certificates(content).certificates))


def _ca_is_public(reading: Reading, level: Level) -> Fact[bool]:
    """A CA file is public where it is the machine's, or holds a root of Mozilla's store; so is a folder of such files.

    Both count where both are set (ssl_engine_init.c, ssl_init_ctx_verify).
    """
    folder, file = level.setting("sslcacertificatepath"), level.setting("sslcacertificatefile")
    found = [
        *([_folder_is_public(folder)] if folder is not None else []),
        *([_file_is_public(reading, file)] if file is not None else []),
    ]
    public = next((each for each in found if isinstance(each, Known) and each.value), None)
    unknown = next((each for each in found if isinstance(each, Unknown)), None)
    return public or unknown or next(iter(found), Unknown(Why.NOT_ASKED, "no CA file is configured here"))


def _folder_is_public(setting: Setting | Unknown) -> Fact[bool]:
    if isinstance(setting, Unknown):
        return setting
    if is_public_folder(setting.word):
        return Known(True, setting.basis)
    return Unknown(
        Why.UNRESOLVED, f"which CAs are in the folder {setting.word[:200]!r} is not read ({setting.basis.at})"
    )


def _file_is_public(reading: Reading, setting: Setting | Unknown) -> Fact[bool]:
    if isinstance(setting, Unknown):
        return setting
    if is_public_bundle(setting.word):
        return Known(True, setting.basis)
    content = reading.content(setting.word)
    if isinstance(content, Unknown):
        return content
    return Known(holds_public_root(content, reading.context.anchors), setting.basis)


def _revocation(level: Level, place: Basis) -> Fact[bool]:
    check = level.setting("sslcarevocationcheck")
    if isinstance(check, Setting) and check.word.lower() in {"leaf", "chain"}:
        return Known(True, check.basis)
    ocsp = level.setting("sslocspenable")
    if isinstance(ocsp, Setting) and ocsp.word.lower() in {"on", "leaf"}:
        return Known(True, ocsp.basis)
    hidden = next((each for each in (check, ocsp) if isinstance(each, Unknown)), None)
    lists = _lists(level)
    return hidden or Known(False, lists.basis if lists is not None else place)


def _unchecked(level: Level, revocation: Fact[bool]) -> Fact[tuple[Said, ...]]:
    """CRLs that are configured, and that nobody looks at: SSLCARevocationCheck is none unless it is set."""
    if isinstance(revocation, Unknown):
        return revocation
    lists = _lists(level) if not revocation.value else None
    if lists is None:
        return Known((), revocation.basis)
    check = level.setting("sslcarevocationcheck")
    what = f"says {check.word[:20]}" if isinstance(check, Setting) else "is not set"
    said = f"{_SPELLED[lists.directive.name]} is set, and SSLCARevocationCheck, which has CRLs looked at, {what}"
    return Known((Said(said, lists.basis),), lists.basis)


def _lists(level: Level) -> Setting | None:
    found = (level.setting(name) for name in _SPELLED)
    return next((each for each in found if isinstance(each, Setting)), None)
