"""Services whose TLS begins in plain text: one module a protocol, one line here, and its port in the target grammar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tlsaudit.probe.starttls.postgres import POSTGRES
from tlsaudit.probe.starttls.service import NO_TLS, Guard, Said, Service, begin

SERVICES: Final[Mapping[str, Service]] = {
    "postgres": POSTGRES,
}
"""By the scheme that names the service in a target."""

__all__ = ["NO_TLS", "SERVICES", "Guard", "Said", "Service", "begin"]
