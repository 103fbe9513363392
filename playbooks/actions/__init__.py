"""The table of actions: a new one is a frozen class with ``plan`` and ``warnings``, and one row here."""

from __future__ import annotations

from collections.abc import Mapping

from playbooks.actions import kubernetes, redis
from playbooks.actions.action import Action, Row

__all__ = ["ACTIONS", "Action", "Row"]

ACTIONS: Mapping[str, Row] = {
    "kubernetes.hpa": kubernetes.HPA,
    "kubernetes.scale": kubernetes.SCALE,
    "redis.ttl": redis.TTL,
    "redis.feature": redis.FEATURE,
    "redis.rate_limit": redis.RATE_LIMIT,
}
