"""Policies: what is forbidden, required and measured against, and how bad it is to miss it.

    policy = load_policy("owasp")
    policy.limits, policy.severity_of(rule)

A policy is one YAML file, which may extend another. What it lists as forbidden or required is at least `high` under it.
"""

from __future__ import annotations

from tlsaudit.policy.load import load_policy, policy_ids
from tlsaudit.policy.policy import Policy
from tlsaudit.policy.questions import left_open, what_is_forbidden

__all__ = ["Policy", "left_open", "load_policy", "policy_ids", "what_is_forbidden"]
