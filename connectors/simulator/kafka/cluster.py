"""The state of the brokers: topics, groups, who leads and who coordinates. No I/O and no codec here.

The model dictates its own topics and groups once a simulated second; what clients create stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.architecture import DEFAULT, Architecture, architecture_named
from connectors.simulator.kafka.arrivals import Arrivals
from connectors.simulator.kafka.batches import Batch, keyed
from connectors.simulator.kafka.brokers import BROKERS, Brokers
from connectors.simulator.kafka.groups import Groups
from connectors.simulator.kafka.ids import Ids
from connectors.simulator.kafka.later import Alarm, StoppedAlarm
from connectors.simulator.kafka.log import Log
from connectors.simulator.kafka.quotas import Quotas
from connectors.simulator.kafka.topics import Topic, Topics
from connectors.simulator.kafka.transactions import Transaction, Transactions
from connectors.simulator.tick import Tick

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
    """Some brokers as one. Ids follow from the seed, so that a run can be repeated."""

    def __init__(
        self,
        seed: int,
        alarm: Alarm | None = None,
        architecture: Architecture | None = None,
        brokers: tuple[int, ...] = BROKERS,
    ) -> None:
        kept = (architecture or architecture_named(DEFAULT)).topics
        self.alarm = alarm or StoppedAlarm()
        self.ids = Ids(seed)
        self.id = self.ids.lasting("cluster").hex[:22]
        self.addresses: dict[int, Address] = {}  # of all brokers, the lost ones too
        self.brokers = Brokers(brokers)
        self.topics = Topics(self.ids)
        self.groups = Groups(self.alarm, self.ids)
        self.arrivals = Arrivals(self.alarm)
        self.t = 0.0  # the simulated second shown last
        self.at = 0.0  # and its wall milliseconds
        self.quotas = Quotas(self.alarm.now)
        self.broker_settings: dict[str, dict[str, str]] = {}  # set on a broker, by its id; "" for all of them
        self.denied_groups: set[str] = set()
        self.transactions = Transactions(self.alarm, self.ids.producer, self._finish)
        for topic in kept:
            self.topics.create(topic.name, topic.partitions, {})
        self._graves = tuple(topic.name for topic in kept if topic.source == DEAD_LETTERS)
        self._settings = self.topics.create(COMPACTED, 1, {"cleanup.policy": "compact"}).logs[0]

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

    def show(self, tick: Tick, at: float) -> None:
        """Takes the model's word for one simulated second, which is ``at`` in wall milliseconds."""
        self.t, self.at = tick.t, at
        if not self._settings.end:
            self._settings.place(keyed(COMPACTED_RECORDS, COMPACTED_END, at), at)
        for group in tick.groups:
            for part in group.partitions:
                self.topics.log_for(part.topic, part.index).dictate(part.low, part.end, at)
            self.groups.show(group)
        for name in self._graves:
            dead = self.topics.log_for(name, 0)
            dead.dictate(dead.low, int(tick.counters.get(DEAD_LETTERS_COUNTER, dead.end)), at)
        for topic in self.topics.values():
            topic.sweep(tick.t)
        self.arrivals.ring()

    def write(self, log: Log, batches: list[Batch], at: float) -> int:
        """Appends what a producer sent, at wall milliseconds ``at``; answers the first offset. Raises as ``append``."""
        base = log.append(batches, at, self.t)
        self.topics.make_room()
        self.arrivals.ring()
        return base

    def _finish(self, transaction: Transaction, commit: bool) -> None:
        """A marker in each partition that it touched; its offsets hold if it is committed."""
        for part in sorted(transaction.parts):
            log = self.topics.log(*part)
            if log:
                log.mark(transaction.producer, transaction.epoch, commit, self.at, self.t)
        for group, offsets in transaction.offsets.items() if commit else ():
            for part, committed in offsets.items():
                self.groups.named(group).commit(part, committed)
        self.arrivals.ring()
