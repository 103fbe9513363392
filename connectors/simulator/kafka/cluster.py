"""The state of three brokers: topics, groups, who leads and who coordinates. No I/O and no codec here.

The model dictates its own topics and groups once a simulated second; what clients create stands beside them.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from functools import partial

from connectors.simulator.architecture import DEFAULT, Architecture, architecture_named
from connectors.simulator.kafka.arrivals import Arrivals
from connectors.simulator.kafka.batches import Batch, keyed
from connectors.simulator.kafka.brokers import Brokers
from connectors.simulator.kafka.groups import Group, dealt
from connectors.simulator.kafka.later import Alarm, StoppedAlarm
from connectors.simulator.kafka.log import Log
from connectors.simulator.kafka.membership import Membership
from connectors.simulator.kafka.quotas import Quotas
from connectors.simulator.kafka.topics import MOST_PARTITIONS, Topic, make_room
from connectors.simulator.kafka.transactions import Transaction, Transactions
from connectors.simulator.tick import Group as Dictated
from connectors.simulator.tick import Tick

MOST_GROUPS = 10_000
COMPACTED = "settings"  # a topic of which compaction has left these offsets, of those there were
COMPACTED_END = 40
COMPACTED_RECORDS = {
    3: (b"currency", b"EUR"),
    11: (b"basket.ttl", b"1800"),
    12: (b"search.index", b"v7"),
    27: (b"payments.provider", b"primary"),
    38: (b"delivery.slots", b"14"),
}
DEAD_LETTERS = "dead letters"  # the source of a topic that takes what was given up
DEAD_LETTERS_COUNTER = "dead_letters"  # the model's counter of orders that were given up


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int


class Cluster:
    """Three brokers as one. Ids follow from the seed, so that a run can be repeated."""

    def __init__(self, seed: int, alarm: Alarm | None = None, architecture: Architecture | None = None) -> None:
        self._seed = seed
        kept = (architecture or architecture_named(DEFAULT)).topics
        self.alarm = alarm or StoppedAlarm()
        self.id = self._uuid("cluster").hex[:22]
        self.addresses: dict[int, Address] = {}  # of all brokers, the lost ones too
        self.brokers = Brokers()
        self.topics: dict[str, Topic] = {}
        self.groups: dict[str, Group] = {}
        self.arrivals = Arrivals(self.alarm)
        self.t = 0.0  # the simulated second shown last
        self.at = 0.0  # and its wall milliseconds
        self.quotas = Quotas(self.alarm.now)
        self.broker_settings: dict[str, dict[str, str]] = {}  # set on a broker, by its id; "" for all of them
        self.denied_groups: set[str] = set()
        self._births: dict[str, int] = {}  # how often there was a topic of this name
        self._ids = 0  # made for clients so far
        self._producers = 0  # producer ids given out
        self.transactions = Transactions(self.alarm, self.new_producer, self._finish)
        for topic in kept:
            self.create(topic.name, topic.partitions, {})
        self._graves = tuple(topic.name for topic in kept if topic.source == DEAD_LETTERS)
        self._settings = self.create(COMPACTED, 1, {"cleanup.policy": "compact"}).logs[0]

    def create(self, name: str, partitions: int, configs: dict[str, str]) -> Topic:
        self._births[name] = self._births.get(name, 0) + 1
        purpose = f"topic {name}" if self._births[name] == 1 else f"topic {name} {self._births[name]}"
        topic = Topic(name, self._uuid(purpose), [Log() for _ in range(partitions)], configs)
        self.topics[name] = topic
        return topic

    def room_for(self, partitions: int) -> bool:
        """Whether so many more partitions may be made."""
        return sum(len(topic.logs) for topic in self.topics.values()) + partitions <= MOST_PARTITIONS

    def remove(self, topic: Topic) -> None:
        """A topic's end; what groups committed there goes with it."""
        del self.topics[topic.name]
        for group in self.groups.values():
            group.forget([part for part in group.committed if part[0] == topic.name])

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
        self.t, self.at = tick.t, at
        if not self._settings.end:
            self._settings.place(keyed(COMPACTED_RECORDS, COMPACTED_END, at))
        for group in tick.groups:
            self._show_group(group, at)
        for name in self._graves:
            dead = self._log_for(name, 0)
            dead.dictate(dead.low, int(tick.counters.get(DEAD_LETTERS_COUNTER, dead.end)), at)
        for topic in self.topics.values():
            topic.sweep(tick.t)
        self.arrivals.ring()

    def _show_group(self, shown: Dictated, at: float) -> None:
        for part in shown.partitions:
            self._log_for(part.topic, part.index).dictate(part.low, part.end, at)
        group = self.group(shown.name)
        if group.show(shown):
            group.workers = dealt(shown, lambda number: str(self._uuid(f"member {shown.name} {number}")))

    def group(self, name: str) -> Group:
        """The group of this name, made when it is not there yet."""
        return self.groups.setdefault(name, Group(name))

    def full(self, group: str) -> bool:
        """Whether there are too many groups for this one to be made."""
        return group not in self.groups and len(self.groups) >= MOST_GROUPS

    def tidy(self, group: Group) -> None:
        """A group that nobody is in and that has committed nothing is no more."""
        waited_for = group.membership is not None and not group.membership.idle
        if not (group.dictated or waited_for or group.committed):
            self.groups.pop(group.name, None)

    def membership(self, group: str) -> Membership | None:
        """The door into a group for clients; None where they may not join."""
        return self.group(group).opened(self.alarm, partial(self._next_id, f"joined {group}"))

    def write(self, log: Log, batches: list[Batch], at: float) -> int:
        """Appends what a producer sent, at wall milliseconds ``at``; answers the first offset. Raises as ``append``."""
        base = log.append(batches, at, self.t)
        make_room([log for topic in self.topics.values() for log in topic.logs if log.batches])
        self.arrivals.ring()
        return base

    def new_producer(self) -> int:
        self._producers += 1
        return self._producers

    def _finish(self, transaction: Transaction, commit: bool) -> None:
        """A marker in each partition that it touched; its offsets hold if it is committed."""
        for part in sorted(transaction.parts):
            log = self.log(*part)
            if log:
                log.mark(transaction.producer, transaction.epoch, commit, self.at, self.t)
        for group, offsets in transaction.offsets.items() if commit else ():
            for part, committed in offsets.items():
                self.group(group).commit(part, committed)
        self.arrivals.ring()

    def retention(self) -> dict[str, float]:
        """Seconds that each topic keeps a record."""
        return {topic.name: topic.retention for topic in self.topics.values()}

    def deleted(self) -> dict[tuple[str, int], int]:
        """Of the model's partitions: below which offset an operator has deleted the records."""
        return {
            (topic.name, index): log.deleted
            for topic in self.topics.values()
            for index, log in enumerate(topic.logs)
            if log.dictated and log.deleted
        }

    def seeks(self) -> dict[tuple[str, str, int], int]:
        """Offsets committed from outside to the model's groups, by group, topic and partition."""
        return {
            (group.name, topic, index): offset
            for group in self.groups.values()
            for (topic, index), offset in group.seeks()
        }

    def _log_for(self, topic: str, partition: int) -> Log:
        found = self.topics.get(topic)
        logs = found.logs if found else self.create(topic, 0, {}).logs
        while len(logs) <= partition:
            logs.append(Log())
        return logs[partition]

    def _next_id(self, purpose: str) -> str:
        self._ids += 1
        return str(self._uuid(f"{purpose} {self._ids}"))

    def _uuid(self, purpose: str) -> uuid.UUID:
        return uuid.UUID(int=random.Random(f"{self._seed} {purpose}").getrandbits(128), version=4)
