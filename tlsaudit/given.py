"""What whoever runs an audit gives as files: CA certificates, revocation lists, logs, compromised keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tlsaudit.data import ct_logs, published_keys, trust
from tlsaudit.data.ct_logs import CtLogs
from tlsaudit.data.trust import AnchorSet
from tlsaudit.model import document as doc
from tlsaudit.model.errors import DecodeError, InputError
from tlsaudit.pki import Crl, TrustStore, read_crl_file
from tlsaudit.probe import GivenCrl, Trusting

_LARGEST_CRL_FILE = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """The trust stores of a run, by name with their dates, and the one whose verdict counts."""

    trusting: Trusting
    dates: Mapping[str, str]

    @property
    def logs_date(self) -> str | None:
        """The day of the list of Certificate Transparency logs, if there is one."""
        return self.trusting.logs.date.isoformat() if self.trusting.logs else None


def load_crls(*paths: Path) -> tuple[GivenCrl, ...]:
    """The certificate revocation lists in files, PEM or DER. Raises InputError."""
    return tuple(GivenCrl(place=str(path), crl=crl) for path in paths for crl in _crls(path))


def _crls(path: Path) -> tuple[Crl, ...]:
    try:
        with path.open("rb") as file:
            return read_crl_file(file.read(_LARGEST_CRL_FILE + 1))
    except OSError as error:
        raise InputError(f"CRL file {str(path)!r}: {error.strerror}") from None
    except ValueError:
        raise InputError(f"CRL file {str(path)!r}: not a file name") from None
    except DecodeError as error:
        raise InputError(f"CRL file {str(path)!r}: {error}") from None


def load_logs(path: Path | None) -> CtLogs:
    """The Certificate Transparency logs in a file, else those that come with tlsaudit. Raises InputError."""
    return ct_logs.known_logs() if path is None else ct_logs.logs_from_file(path)


def load_keys(path: Path) -> Mapping[str, str]:
    """The compromised keys in a file. Raises InputError."""
    return published_keys.keys_from_file(path)


def load_anchors(*ca_files: Path, logs: CtLogs | None = None, blocklist: Mapping[str, str] | None = None) -> Anchors:
    """Mozilla's store, the system's where there is one, and `ca_files` as the one store that decides, if any are given.

    `logs` are the Certificate Transparency logs that count; None: those that come with tlsaudit. `blocklist` names
    compromised keys, by the SHA-256 of their SubjectPublicKeyInfo. Raises InputError where a file cannot be read, holds
    no certificate, or something that is none.
    """
    found = [anchors for anchors in (trust.mozilla(), trust.system()) if anchors is not None]
    public = Anchors(
        trusting=Trusting(
            stores={anchors.name: TrustStore.from_ders(anchors.name, anchors.ders) for anchors in found},
            deciding=found[0].name,
            logs=logs or ct_logs.known_logs(),
            blocklist=blocklist or {},
        ),
        dates={anchors.name: anchors.date for anchors in found},
    )
    return with_authorities(public, *ca_files) if ca_files else public


def with_authorities(anchors: Anchors, *ca_files: Path) -> Anchors:
    """`anchors` and the certificates in `ca_files`, which decide. Raises InputError as `load_anchors` does."""
    given = [_checked(path) for path in ca_files]
    ders = tuple(dict.fromkeys(der for each in given for der in each.ders))
    name = given[0].name
    stores = {**anchors.trusting.stores, name: TrustStore.from_ders(name, ders)}
    dates = {**anchors.dates, name: max(each.date for each in given)}
    return Anchors(trusting=replace(anchors.trusting, stores=stores, deciding=name), dates=dates)


def trusts_given_files(document: doc.Document) -> bool:
    """Whether CA files decided on trust at some subject of the report."""
    facts = [subject.facts for subject in document.subjects if subject.facts is not None]
    return any(trust.CUSTOM in deployment.trust for each in facts for deployment in each.certificate_deployments)


def _checked(path: Path) -> AnchorSet:
    anchors = trust.from_file(path)
    skipped = TrustStore.from_ders(anchors.name, anchors.ders).skipped
    if skipped:
        bad = f"{skipped} of its {len(anchors.ders)} entries"
        raise InputError(f"CA file {str(path)!r}: no X.509 certificate in {bad}")
    return anchors
