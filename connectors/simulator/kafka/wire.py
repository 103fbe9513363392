"""The Kafka wire: a cluster of brokers on loopback, each of which can be lost and come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connectors.simulator.architecture import DEFAULT, Architecture, architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.kafka.brokers import Placement
from connectors.simulator.kafka.cluster import Cluster
from connectors.simulator.kafka.later import LoopAlarm
from connectors.simulator.kafka.options import KafkaOptions
from connectors.simulator.kafka.ports import Ports
from connectors.simulator.kafka.quotas import PRODUCE
from connectors.simulator.kafka.rights import ANONYMOUS
from connectors.simulator.tick import Tick


class KafkaWire:
    """Shows a tick's groups and topics to Kafka clients. One asyncio loop, no threads."""

    def __init__(
        self, clock: SimClock, seed: int, options: KafkaOptions | None = None, architecture: Architecture | None = None
    ) -> None:
        """``architecture``: whose topics there are; the shop's without one."""
        options = options or KafkaOptions()
        self._clock = clock
        architecture = architecture or architecture_named(DEFAULT)
        self._cluster = Cluster(seed, LoopAlarm(), architecture, options.brokers)
        self._producers = sorted({topic.client for topic in architecture.topics if topic.client})
        self._standing = options.groups
        self.ports = Ports(self._cluster, seed, options, lambda: clock.wall(clock.now()) * 1000)

    @property
    def bootstrap(self) -> tuple[str, ...]:
        """``host:port`` of each broker, also of a lost one; empty before ``start``."""
        return tuple(f"{at.host}:{at.port}" for at in self.ports.places.values())

    def step(self, t: int, tick: Tick) -> None:
        """Takes the model's word for simulated second ``t``."""
        if self._standing:  # said once: nothing about them changes
            tick, self._standing = replace(tick, groups=(*tick.groups, *self._standing)), ()
        self._cluster.brokers.step(t)
        self._cluster.show(tick, self._clock.wall(t) * 1000)

    def seeks(self) -> Mapping[tuple[str, str, int], int]:
        """Offsets that clients committed to the model's groups, by group, topic and partition, until a tick shows them.

        They are accepted while a group is empty alone; the model is to go on from there.
        """
        return self._cluster.groups.seeks()

    def retention(self) -> Mapping[str, float]:
        """Seconds that each topic keeps its records, infinite where it keeps them for ever."""
        return self._cluster.topics.retention()

    def quotas(self) -> Mapping[str, float]:
        """Bytes a second that the model's producers may send, by client id. To the brokers they have no other name."""
        rates = ((client, self._cluster.quotas.rate(ANONYMOUS, client, PRODUCE)) for client in self._producers)
        return {client: rate for client, rate in rates if rate is not None}

    def deleted(self) -> Mapping[tuple[str, int], int]:
        """Of the model's partitions: below which offset an operator has deleted the records."""
        return self._cluster.topics.deleted()

    async def start(self, host: str = "127.0.0.1") -> None:
        await self.ports.open(host)

    async def stop(self) -> None:
        await self.ports.close()

    @property
    def lost(self) -> frozenset[int]:
        return self._cluster.brokers.lost

    async def lose(self, broker: int) -> None:
        """Takes a broker away: its port refuses, others lead and coordinate what it did. Raises ValueError."""
        self._cluster.brokers.lose(broker)
        await self.ports.shut(broker)

    async def restore(self, broker: int) -> None:
        """Brings it back at the same port: in sync some seconds later, and a leader again some minutes later."""
        self._cluster.brokers.restore(broker)
        await self.ports.reopen(broker)

    def placements(self) -> Mapping[tuple[str, int], Placement]:
        """Where each partition's replicas are and who leads it, by topic and index."""
        found = {}
        for topic in self._cluster.topics.values():
            places = self._cluster.brokers.partitions(topic.name)
            found.update({(topic.name, index): places[index % len(places)] for index in range(len(topic.logs))})
        return found

    def offsets(self) -> Mapping[tuple[str, int], tuple[int, int]]:
        """The first offset that is kept and the next one to be written, by topic and partition."""
        topics = self._cluster.topics.values()
        return {(each.name, index): (log.low, log.end) for each in topics for index, log in enumerate(each.logs)}

    def deny(self, group: str) -> None:
        """Nobody may look into this group; it is still listed, as for a user who may describe the cluster."""
        self._cluster.denied_groups.add(group)
