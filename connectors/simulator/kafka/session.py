"""One client's connection to one broker: what a handler knows of where it is and whom it serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.simulator.kafka.cluster import Cluster
from connectors.simulator.kafka.codes import Code

Message = Any
"""A request or response of kafka-python's codec, which has no types of its own to show."""


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: str


@dataclass(slots=True)
class Session:
    """``credentials`` None: everybody may enter. ``now`` tells the wall time in milliseconds."""

    broker: int
    cluster: Cluster
    now: Callable[[], float]
    credentials: Credentials | None = None
    mechanism: str = ""  # of a SASL handshake under way
    entered: bool = False

    @property
    def may_ask(self) -> bool:
        return self.credentials is None or self.entered

    def group_error(self, group: str) -> Code:
        """Why this broker does not answer for this group, or NONE."""
        if group in self.cluster.denied_groups:
            return Code.GROUP_AUTHORIZATION_FAILED
        return Code.NONE if self.coordinates(group) else Code.NOT_COORDINATOR

    def coordinates(self, group: str) -> bool:
        return self.cluster.coordinator(group) == self.broker

    def log_error(self, topic: str, partition: int) -> Code:
        """Why this broker does not answer for this partition, or NONE."""
        if self.cluster.log(topic, partition) is None:
            return Code.UNKNOWN_TOPIC_OR_PARTITION
        led = self.cluster.leader(topic, partition) == self.broker
        return Code.NONE if led else Code.NOT_LEADER_OR_FOLLOWER
