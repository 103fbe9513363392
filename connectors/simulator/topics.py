"""Kafka's topics and consumer groups: equation 10.

The model dictates offsets and members; the wire only shows them. A group has as many working members as there
are ready workers, at most one a partition; each change of that number costs a rebalance during which nobody
consumes. A message that no worker survives stops its partition until somebody commits beyond it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from operator import itemgetter

from connectors.simulator.architecture import Topic
from connectors.simulator.now import Now
from connectors.simulator.tick import Group, Partition

REBALANCE = 6  # seconds
ELECTION = 5  # seconds without leaders, after a broker is lost
NO_QUORUM = 2  # brokers lost: nothing is written or read any more
KEPT = 0.25  # of what was there at the start, the share that retention has kept
SAMPLE = 10  # seconds between two memories of what was written when
REMEMBERED = 360  # of them: retention of more than an hour deletes nothing in the model

Offsets = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Consumers:
    """Offsets of one topic, as numbers that grow smoothly, and its group."""

    produced: Offsets
    consumed: Offsets
    low: Offsets
    members: int = 0
    settled: int = -(10**9)  # the rebalance is over from this second on
    held: float = 0.0  # messages that the producer could not write yet
    poison: float | None = None  # the offset of a message that no worker survives, in partition 0
    written: tuple[tuple[int, Offsets], ...] = ()  # (second, what was produced until then)
    seeks: Mapping[int, int] = field(default_factory=dict)  # outside commits that were seen, by partition
    led: int = -(10**9)  # there are leaders from this second on
    lost_brokers: int = 0

    @property
    def lag(self) -> float:
        """Messages that are there to be read and have not been."""
        read = zip(self.produced, self.consumed, self.low, strict=True)
        return sum(end - max(done, low) for end, done, low in read)


@dataclass(frozen=True, slots=True)
class Flow:
    """One second of a topic, in messages."""

    wanted: float  # that somebody wanted to write
    produced: float
    consumed: float
    lost: float  # that retention deleted unread


def opened(topic: Topic, members: int) -> Consumers:
    """A topic with some history, all of it consumed."""
    offsets = tuple(topic.start * weight for weight in topic.weights)
    kept = tuple(offset * (1 - KEPT) for offset in offsets)
    return Consumers(offsets, offsets, kept, min(members, len(offsets)))


def step(topic: Topic, group: Consumers, wanted: float, poisoned: bool, now: Now) -> tuple[Consumers, Flow]:
    """One second in which ``wanted`` messages are to be written."""
    group = _sought(topic, _led(group, now), now)
    group = _joined(group, min(now.ready(topic.workload), topic.partitions), now.t)
    started = group
    group = _retained(topic, _produced(topic, group, wanted, now), now)
    group = _poisoned(group, started.produced[0], poisoned)
    if group.members and now.t >= max(group.settled, group.led) and group.lost_brokers < NO_QUORUM:
        group = replace(group, consumed=_consumed(topic, group))
    return group, _flow(started, group, wanted)


def _flow(before: Consumers, after: Consumers, wanted: float) -> Flow:
    lows = zip(before.consumed, before.low, after.low, strict=True)
    lost = sum(max(low - max(done, low_before), 0.0) for done, low_before, low in lows)
    read = zip(before.consumed, after.consumed, after.low, strict=True)
    consumed = sum(max(done - max(done_before, low), 0.0) for done_before, done, low in read)
    return Flow(wanted, sum(after.produced) - sum(before.produced), consumed, lost)


def _led(group: Consumers, now: Now) -> Consumers:
    lost = now.levers.reported.brokers_lost
    if lost == group.lost_brokers:
        return group
    return replace(group, lost_brokers=lost, led=now.t + ELECTION if lost > group.lost_brokers else group.led)


def _sought(topic: Topic, group: Consumers, now: Now) -> Consumers:
    """Takes over what was committed from outside since the last look, if nobody was a member."""
    wanted = {at[2]: offset for at, offset in now.levers.reported.seeks.items() if at[:2] == (topic.group, topic.name)}
    if wanted == group.seeks:
        return group
    new = {index: offset for index, offset in wanted.items() if group.seeks.get(index) != offset}
    known = replace(group, seeks=wanted)
    if group.members:
        return known
    places = zip(group.consumed, group.low, group.produced, strict=True)
    consumed = (min(max(float(new.get(index, done)), low), end) for index, (done, low, end) in enumerate(places))
    return replace(known, consumed=tuple(consumed))


def _joined(group: Consumers, members: int, t: int) -> Consumers:
    if members == group.members:
        return group
    return replace(group, members=members, settled=t + REBALANCE)


def _produced(topic: Topic, group: Consumers, wanted: float, now: Now) -> Consumers:
    """The topic a second later: a quota, or brokers that are lost, let its producer wait."""
    messages = wanted + group.held
    quota = now.levers.reported.quotas.get(topic.client)
    writable = now.t >= group.led and group.lost_brokers < NO_QUORUM
    written = min(messages, quota / topic.bytes if quota is not None else messages) if writable else 0.0
    produced = tuple(end + written * weight for end, weight in zip(group.produced, topic.weights, strict=True))
    return replace(group, produced=produced, held=messages - written)


def _retained(topic: Topic, group: Consumers, now: Now) -> Consumers:
    """Remembers what was written when, and deletes what is older than the topic's retention, or what is told to."""
    if now.t % SAMPLE == 0:
        group = replace(group, written=(*group.written[1 - REMEMBERED :], (now.t, group.produced)))
    seconds, deleted = now.levers.reported.retention.get(topic.name, inf), now.levers.reported.deleted
    forgotten = bisect_right(group.written, now.t - seconds, key=itemgetter(0))
    old = group.written[forgotten - 1][1] if forgotten else group.low
    if deleted:
        old = tuple(max(low, deleted.get((topic.name, index), 0)) for index, low in enumerate(old))
    if old is group.low:
        return group
    low = (min(max(bounds), end) for *bounds, end in zip(group.low, old, group.produced, strict=True))
    return replace(group, low=tuple(low))


def _poisoned(group: Consumers, end: float, poisoned: bool) -> Consumers:
    """Puts the poison where the next message of partition 0 went, and takes it away when the crisis is over."""
    if poisoned == (group.poison is not None):
        return group
    return replace(group, poison=end if poisoned else None)


def _consumed(topic: Topic, group: Consumers) -> Offsets:
    """Partitions are dealt round; a member shares its budget evenly among those it holds."""
    total, members = len(group.produced), group.members
    after = []
    for index, (end, done, low) in enumerate(zip(group.produced, group.consumed, group.low, strict=True)):
        holder = index % members
        held = (total - holder + members - 1) // members
        poison = group.poison if index == 0 else None
        last = end if poison is None or done > poison else min(end, poison)
        after.append(max(done, min(last, max(done, low) + topic.budget / held)))
    return tuple(after)


def shown(topic: Topic, group: Consumers, t: int) -> Group:
    """The group in Kafka's own terms."""
    offsets = zip(group.low, group.produced, group.consumed, strict=True)
    partitions = tuple(
        Partition(topic.name, index, int(low), int(end), int(done)) for index, (low, end, done) in enumerate(offsets)
    )
    return Group(topic.group, _state(group, t), group.members, partitions)


def _state(group: Consumers, t: int) -> str:
    if group.members == 0:
        return "Empty"
    if t >= group.settled:
        return "Stable"
    return "PreparingRebalance" if t < group.settled - REBALANCE // 2 else "CompletingRebalance"
