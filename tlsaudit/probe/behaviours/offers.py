"""Hellos made of what an endpoint is known to accept, so that an answer can only turn on what is added to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tlsaudit.model.knowledge import Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.hellos import ALL_SCHEMES, Shape
from tlsaudit.probe.notes import Notes
from tlsaudit.wire import ClientHello, Extension, extensions

TOO_OLD = Unknown(Why.UNSUPPORTED, "the endpoint speaks no version that has extensions")

_USUAL_GROUPS = (0x001D, 0x0017, 0x0018)
_WITH_EXTENSIONS = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A hello as a present client sends it: TLS 1.3 with an empty key_share, and the versions below.

    `versions` stand in supported_versions, which is left out where there are none; `shares` are (group, share) pairs.
    """

    shape: Shape
    versions: Sequence[int]
    suites: Sequence[int]
    groups: Sequence[int]
    schemes: Sequence[int] = ALL_SCHEMES
    shares: Sequence[tuple[int, bytes]] = ()
    first: Sequence[Extension] = ()
    """Extensions before all others."""
    more: Sequence[Extension] = ()
    """Extensions after all others."""

    def hello(self) -> ClientHello:
        """The hello."""
        modern = (
            extensions.supported_versions(self.versions),
            extensions.psk_key_exchange_modes(),
            extensions.key_share(self.shares),
        )
        return self.shape.fit(
            ClientHello(
                version=ProtocolVersion.TLS_1_2.code,
                session_id=bytes(range(32)) if self.versions else b"",
                cipher_suites=tuple(self.suites),
                extensions=(
                    *self.first,
                    *self.shape.common(),
                    extensions.ec_point_formats(),
                    extensions.supported_groups(self.groups),
                    extensions.session_ticket(),
                    extensions.encrypt_then_mac(),
                    extensions.extended_master_secret(),
                    extensions.renegotiation_info(),
                    extensions.signature_algorithms(self.schemes),
                    *(modern if self.versions else ()),
                    *self.more,
                ),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known of an endpoint when its behaviours are asked: the versions with extensions that it accepts, newest
    first, and at each what it picks from. At TLS 1.3 only what it names in a retry counts."""

    dialogue: Dialogue
    shape: Shape
    versions: tuple[ProtocolVersion, ...]
    suites: dict[ProtocolVersion, tuple[int, ...]]
    groups: tuple[int, ...]

    @classmethod
    def of(cls, dialogue: Dialogue, notes: Notes) -> Ground:
        """The ground that an audit has prepared."""
        suites: dict[ProtocolVersion, tuple[int, ...]] = {}
        groups: dict[int, None] = {}
        at_13 = notes.tls13
        if at_13 is not None and any(answer.hello is not None for answer in at_13.suites.answers):
            suites[ProtocolVersion.TLS_1_3] = tuple(at_13.suites.accepted)
            groups.update(dict.fromkeys(at_13.groups.accepted))
        for version in _WITH_EXTENSIONS:
            found = notes.versions.get(version)
            if found is not None and found.suites.accepted:
                suites[version] = tuple(found.suites.accepted)
        groups.update(dict.fromkeys(notes.groups_12.accepted if notes.groups_12 is not None else ()))
        groups.update(dict.fromkeys(_USUAL_GROUPS))
        return cls(
            dialogue=dialogue,
            shape=notes.contact.shape,
            versions=tuple(version for version in suites if suites[version]),
            suites=suites,
            groups=tuple(groups),
        )

    @property
    def classic(self) -> ProtocolVersion | None:
        """The newest accepted version that answers in the clear."""
        return next((version for version in self.versions if version is not ProtocolVersion.TLS_1_3), None)

    def everything(self) -> Offer:
        """An offer of every accepted version, suite and group."""
        suites = dict.fromkeys(code for version in self.versions for code in self.suites[version])
        return Offer(
            shape=self.shape,
            versions=[version.code for version in self.versions],
            suites=tuple(suites),
            groups=self.groups,
        )

    async def ask_classic(
        self, asked: str, shape: Shape, *more: Extension, suites: Sequence[int] | None = None
    ) -> Answer | None:
        """The answer at the newest version in the clear to a hello of this shape; None where there is none.

        The accepted suites are offered, or `suites`.
        """
        version = self.classic
        if version is None:
            return None
        plain = shape.classic(version, self.suites[version] if suites is None else suites)
        hello = ClientHello(
            version=plain.version,
            cipher_suites=plain.cipher_suites,
            extensions=(*(plain.extensions or ()), *more),
        )
        return await self.dialogue.ask(f"{version}, {asked}", hello)


def unanswered(answer: Answer) -> Unknown:
    """What is unknown because of this answer."""
    return Unknown(Why.NO_ANSWER, f"probe {answer.n}: {answer.summary()}")
