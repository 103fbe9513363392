"""The state of three brokers: topics, groups, who leads and who coordinates. No I/O and no codec here.

The model dictates its own topics and groups once a simulated second; what clients create stands beside them.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from functools import partial

from connectors.simulator.kafka.brokers import Brokers
from connectors.simulator.kafka.groups import Group, dealt
from connectors.simulator.kafka.later import Alarm, StoppedAlarm
from connectors.simulator.kafka.log import Log
from connectors.simulator.kafka.membership import Membership
from connectors.simulator.tick import Group as Dictated
from connectors.simulator.tick import Tick

TOPICS = {"orders": 8, "notifications": 4, "orders.dlq": 1}
DEAD_LETTERS = "orders.dlq"
DEAD_LETTERS_COUNTER = "dead_letters"  # the model's counter of orders that were given up


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int


@dataclass(slots=True)
class Topic:
    name: str
    id: uuid.UUID
    logs: list[Log]
    configs: dict[str, str] = field(default_factory=dict)


class Cluster:
    """Three brokers as one. Ids follow from the seed, so that a run can be repeated."""

    def __init__(self, seed: int, alarm: Alarm | None = None) -> None:
        self._seed = seed
        self.alarm = alarm or StoppedAlarm()
        self.id = self._uuid("cluster").hex[:22]
        self.addresses: dict[int, Address] = {}  # of all brokers, the lost ones too
        self.brokers = Brokers()
        self.topics: dict[str, Topic] = {}
        self.groups: dict[str, Group] = {}
        self.denied_groups: set[str] = set()
        self._ids = 0  # made for clients so far
        self.producers = 0  # producer ids given out
        for name, partitions in TOPICS.items():
            self.create(name, partitions, {})

    def create(self, name: str, partitions: int, configs: dict[str, str]) -> Topic:
        topic = Topic(name, self._uuid(f"topic {name}"), [Log() for _ in range(partitions)], configs)
        self.topics[name] = topic
        return topic

    def leader(self, topic: str, partition: int) -> int:
        """Broker that leads it now, or NOBODY."""
        return self.brokers.partition(topic, partition).leader

    def coordinator(self, group: str) -> int:
        """Broker that coordinates it now, or NOBODY."""
        return self.brokers.coordinator(group)

    def topic_by_id(self, id: uuid.UUID) -> Topic | None:
        return next((topic for topic in self.topics.values() if topic.id == id), None)

    def log(self, topic: str, partition: int) -> Log | None:
        found = self.topics.get(topic)
        return found.logs[partition] if found and 0 <= partition < len(found.logs) else None

    def show(self, tick: Tick, at: float) -> None:
        """Takes the model's word for one simulated second, which is ``at`` in wall milliseconds."""
        for group in tick.groups:
            self._show_group(group, at)
        dead = self.topics[DEAD_LETTERS].logs[0]
        dead.dictate(dead.low, int(tick.counters.get(DEAD_LETTERS_COUNTER, dead.end)), at)

    def _show_group(self, shown: Dictated, at: float) -> None:
        for part in shown.partitions:
            self._log_for(part.topic, part.index).dictate(part.low, part.end, at)
        group = self.group(shown.name)
        if group.show(shown):
            group.workers = dealt(shown, lambda number: str(self._uuid(f"member {shown.name} {number}")))

    def group(self, name: str) -> Group:
        """The group of this name, made when it is not there yet."""
        return self.groups.setdefault(name, Group(name))

    def membership(self, group: str) -> Membership | None:
        """The door into a group for clients; None where they may not join."""
        return self.group(group).opened(self.alarm, partial(self._next_id, f"joined {group}"))

    def seeks(self) -> dict[tuple[str, str, int], int]:
        """Offsets committed from outside to the model's groups, by group, topic and partition."""
        return {
            (group.name, topic, index): offset
            for group in self.groups.values()
            for (topic, index), offset in group.seeks()
        }

    def _log_for(self, topic: str, partition: int) -> Log:
        logs = (self.topics.get(topic) or self.create(topic, 0, {})).logs
        while len(logs) <= partition:
            logs.append(Log())
        return logs[partition]

    def _next_id(self, purpose: str) -> str:
        self._ids += 1
        return str(self._uuid(f"{purpose} {self._ids}"))

    def _uuid(self, purpose: str) -> uuid.UUID:
        return uuid.UUID(int=random.Random(f"{self._seed} {purpose}").getrandbits(128), version=4)
