"""One client's connection to one broker: what a handler knows of where it is and whom it serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.simulator.kafka.brokers import NOBODY
from connectors.simulator.kafka.cluster import Cluster
from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.rights import ANONYMOUS, EVERYTHING, Kind, Right, operations
from connectors.simulator.kafka.sasl import Accounts, Exchange

Message = Any
"""A request or response of kafka-python's codec, which has no types of its own to show."""


@dataclass(slots=True)
class Session:
    """``accounts`` None: everybody may enter. ``now`` tells the wall time in milliseconds.

    ``offered``: versions of the APIs that there are, by their keys, in an older broker; None: all that are served.
    """

    broker: int
    cluster: Cluster
    now: Callable[[], float]
    accounts: Accounts | None = None
    rules: Mapping[str, frozenset[Right]] = field(default_factory=dict)  # of users who may not do everything
    offered: Mapping[int, tuple[int, int]] | None = None
    exchange: Exchange | None = None  # of a SASL handshake under way
    bare_tokens: bool = False  # what comes next is SASL tokens without a header, as after the oldest handshake
    user: str = ""  # once it is proved
    doing: Right = Right.DESCRIBE  # what the request at hand asks for
    closing: bool = False  # the next answer is the last one

    @property
    def may_ask(self) -> bool:
        return self.accounts is None or bool(self.user)

    @property
    def allowed(self) -> bool:
        """Whether the user has the right to what the request at hand asks for."""
        return not self.rules or self.doing in self.rules.get(self.user or ANONYMOUS, EVERYTHING)

    def operations(self, kind: Kind) -> frozenset[int]:
        """What the user may do with such a thing, by the protocol's numbers of operations."""
        return operations(kind, self.rules.get(self.user or ANONYMOUS, EVERYTHING))

    def prove(self, token: bytes) -> bytes:
        """The server's next token in the exchange under way. Raises Unproved."""
        assert self.exchange is not None
        answer = self.exchange.take(token)
        self.user = self.exchange.user
        if self.user:
            self.exchange, self.bare_tokens = None, False
        return answer

    def group_error(self, group: str) -> Code:
        """Why this broker does not answer for this group, or NONE."""
        if group in self.cluster.denied_groups or not self.allowed:
            return Code.GROUP_AUTHORIZATION_FAILED
        if self.cluster.coordinator(group) == NOBODY:
            return Code.COORDINATOR_NOT_AVAILABLE
        return Code.NONE if self.coordinates(group) else Code.NOT_COORDINATOR

    def throttle(self, request: Message, quota: str, size: int) -> int:
        """Milliseconds that this client has to wait for having moved so many bytes."""
        client = (request.header.client_id or "") if request.header else ""
        return int(self.cluster.quotas.wait(self.user or ANONYMOUS, client, quota, size) * 1000)

    def coordinates(self, group: str) -> bool:
        return self.cluster.coordinator(group) == self.broker

    def log_error(self, topic: str, partition: int) -> Code:
        """Why this broker does not answer for this partition, or NONE."""
        if not self.allowed:
            return Code.TOPIC_AUTHORIZATION_FAILED
        if self.cluster.topics.log(topic, partition) is None:
            return Code.UNKNOWN_TOPIC_OR_PARTITION
        led = self.cluster.leader(topic, partition) == self.broker
        return Code.NONE if led else Code.NOT_LEADER_OR_FOLLOWER
