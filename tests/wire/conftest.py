"""Random tests of this room: no time limit an example, so that a busy machine fails none; a failure prints its blob."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("wire", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("wire")
