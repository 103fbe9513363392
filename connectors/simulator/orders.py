"""Kafka's topics and consumer groups: equation 10.

The model dictates offsets and members; the wire only shows them. A group has as many working members as there
are ready workers, at most one a partition; each change of that number costs a rebalance during which nobody
consumes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from connectors.simulator.tick import Group, Partition

REBALANCE = 6  # seconds
ORDER_SHARE = 0.05  # of answered requests, on an ordinary day


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, the group of the same name, and what one member of it manages."""

    name: str
    weights: tuple[float, ...]  # share of the messages a partition
    budget: float  # messages a second a member
    start: float  # messages there were when the history began


ORDERS = Topic("orders", (0.14, 0.13, 0.13, 0.12, 0.12, 0.12, 0.12, 0.12), 20.0, 4_000_000.0)
NOTIFICATIONS = Topic("notifications", (0.25, 0.25, 0.25, 0.25), 60.0, 1_500_000.0)
KEPT = 0.25  # of what was there at the start, the share that retention has kept


@dataclass(frozen=True, slots=True)
class Consumers:
    """Offsets of one topic, as numbers that grow smoothly, and its group."""

    produced: tuple[float, ...]
    consumed: tuple[float, ...]
    members: int = 0
    settled: int = -(10**9)  # the rebalance is over from this second on

    @property
    def lag(self) -> float:
        return sum(self.produced) - sum(self.consumed)


def opened(topic: Topic, workers: int) -> Consumers:
    """A topic with some history, all of it consumed."""
    offsets = tuple(topic.start * weight for weight in topic.weights)
    return Consumers(offsets, offsets, min(workers, len(offsets)))


def step(
    topic: Topic, group: Consumers, arrivals: float, workers: int, t: int, poisoned: bool = False
) -> tuple[Consumers, float]:
    """One second of ``arrivals`` messages and ``workers`` ready workers; and how many messages were consumed."""
    produced = tuple(end + arrivals * weight for end, weight in zip(group.produced, topic.weights, strict=True))
    group = _joined(replace(group, produced=produced), min(workers, len(produced)), t)
    if group.members == 0 or t < group.settled:
        return group, 0.0
    consumed = _consumed(topic, group, poisoned)
    return replace(group, consumed=consumed), sum(consumed) - sum(group.consumed)


def _joined(group: Consumers, members: int, t: int) -> Consumers:
    if members == group.members:
        return group
    return replace(group, members=members, settled=t + REBALANCE)


def _consumed(topic: Topic, group: Consumers, poisoned: bool) -> tuple[float, ...]:
    """Partitions are dealt round; a member shares its budget evenly among those it holds."""
    total, members = len(group.produced), group.members
    after = []
    for index, (end, done) in enumerate(zip(group.produced, group.consumed, strict=True)):
        holder = index % members
        held = (total - holder + members - 1) // members
        stuck = poisoned and index == 0
        after.append(done if stuck else min(end, done + topic.budget / held))
    return tuple(after)


def shown(topic: Topic, group: Consumers, t: int) -> Group:
    """The group in Kafka's own terms."""
    partitions = tuple(
        Partition(topic.name, index, int(topic.start * weight * (1 - KEPT)), int(end), int(done))
        for index, (end, done, weight) in enumerate(zip(group.produced, group.consumed, topic.weights, strict=True))
    )
    return Group(topic.name, _state(group, t), group.members, partitions)


def _state(group: Consumers, t: int) -> str:
    if group.members == 0:
        return "Empty"
    if t >= group.settled:
        return "Stable"
    return "PreparingRebalance" if t < group.settled - REBALANCE // 2 else "CompletingRebalance"
