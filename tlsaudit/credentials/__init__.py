"""Client credentials: loaded from files, or minted for trials. Keys live in memory only, and are in no `repr`."""

from tlsaudit.credentials.credential import Credential
from tlsaudit.credentials.kinds import refuse_other_kind
from tlsaudit.credentials.load import ClientCa, Passphrases, load_ca, load_credential, refuse_out_of_time
from tlsaudit.credentials.mint import Mint, Unavailable
from tlsaudit.credentials.plan import Credentials, Provenance, TrialPlan
from tlsaudit.credentials.sign import scheme_of, sign

__all__ = [
    "ClientCa",
    "Credential",
    "Credentials",
    "Mint",
    "Passphrases",
    "Provenance",
    "TrialPlan",
    "Unavailable",
    "load_ca",
    "load_credential",
    "refuse_other_kind",
    "refuse_out_of_time",
    "scheme_of",
    "sign",
]
