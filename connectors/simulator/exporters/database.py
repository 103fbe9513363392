"""The servers of the database: one, or one a shard, and under which names the model and the exporters know them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """One primary. ``own`` is what its gauges and counters begin with."""

    name: str
    own: str
    machine: str


ALONE = (Server("main", "database", "postgres"),)


def servers(shards: Sequence[str]) -> tuple[Server, ...]:
    """One a shard; one in all where there are none."""
    return tuple(Server(name, f"database.{name}", f"postgres-{name}") for name in shards) or ALONE
