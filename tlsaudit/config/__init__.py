"""Configurations of servers: writing the one that satisfies a policy; `read` reads them."""

from __future__ import annotations

from tlsaudit.config.writers import PRODUCTS

__all__ = ["PRODUCTS"]
