"""Who takes writes. Exactly one primary a shard does, or data is being lost, or is about to be. Pure.

What counts is what each server says of itself, not what the others believe: after a failover the former primary may
go on taking writes, until somebody tells it. In a cluster a primary that sees too few of the others refuses them.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.redis.address import Address
from connectors.redis.fleet import Survey
from connectors.redis.info import is_primary
from connectors.redis.layout import Shard, overlap
from connectors.redis.node import Node
from console.model.snapshot import FailureKind


def leaders(survey: Survey) -> frozenset[Address]:
    """Those who lead a shard, as the newest layout has it."""
    return frozenset(shard.primary for shard in survey.layout.shards if shard.primary is not None)


def split(survey: Survey) -> Mapping[Shard, int | None]:
    """How many servers take the writes of each shard; None where its primary may, but we cannot reach it."""
    return {shard: _writers(shard, survey) for shard in survey.layout.shards}


def worst(counts: Mapping[Shard, int | None]) -> int | None:
    """Of all shards: 0 before two before unknown before one."""
    known = [count for count in counts.values() if count is not None]
    if 0 in known:
        return 0
    most = max(known, default=None)
    return most if most is None or most > 1 or len(known) == len(counts) else None


def takes_writes(node: Node, shard: Shard, survey: Survey) -> bool:
    """Whether this server says that it leads, and lets clients write to, what the shard has."""
    if node.failure is not None or not is_primary(node.info) or node.info.get("loading") == "1":
        return False
    if not shard.slots:
        return True
    if node.cluster_state not in ("", "ok"):
        return False
    claims = [member.slots for address, member in survey.claims if address == node.address]
    return any(overlap(slots, shard.slots) for slots in claims) if claims else node.address == shard.primary


def _writers(shard: Shard, survey: Survey) -> int | None:
    count = sum(takes_writes(node, shard, survey) for node in survey.nodes)
    primary = survey.of(shard.primary)
    if primary is None or count:
        return count
    unknown = "role" not in primary.info if primary.failure is None else primary.failure.kind is not FailureKind.REFUSED
    return None if unknown else 0
