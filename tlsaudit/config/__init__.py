"""Configurations of servers: so far, writing the one that satisfies a policy."""

from __future__ import annotations

from tlsaudit.config.writers import PRODUCTS

__all__ = ["PRODUCTS"]
