"""The Kafka wire: three listeners on loopback, each a broker of one cluster, which can be lost and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from connectors.simulator.architecture import DEFAULT, Architecture, architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.kafka.apis import Malformed, answer
from connectors.simulator.kafka.brokers import BROKERS, Placement
from connectors.simulator.kafka.cluster import Address, Cluster
from connectors.simulator.kafka.frames import LARGEST, LARGEST_UNPROVED, Memory, Overlong, Patience, frame
from connectors.simulator.kafka.later import LoopAlarm
from connectors.simulator.kafka.listener import Listener
from connectors.simulator.kafka.options import KafkaOptions
from connectors.simulator.kafka.quotas import PRODUCE
from connectors.simulator.kafka.rights import ANONYMOUS
from connectors.simulator.kafka.sasl import Accounts
from connectors.simulator.kafka.session import Session
from connectors.simulator.tick import Tick

LINGER = 1.0  # wall seconds to take in the last answer: some clients see the end first and drop what came before it
_PEER_ENDED = (asyncio.IncompleteReadError, ConnectionError, TimeoutError, Malformed, Overlong)


class KafkaWire:
    """Shows a tick's groups and topics to Kafka clients. One asyncio loop, no threads."""

    def __init__(
        self, clock: SimClock, seed: int, options: KafkaOptions | None = None, architecture: Architecture | None = None
    ) -> None:
        """``architecture``: whose topics there are; the shop's without one."""
        options = options or KafkaOptions()
        self._clock = clock
        self._seed = seed
        self._options = options
        architecture = architecture or architecture_named(DEFAULT)
        self._cluster = Cluster(seed, LoopAlarm(), architecture)
        self._producers = sorted({topic.client for topic in architecture.topics if topic.client})
        self._listeners = {
            broker: Listener(partial(self._converse, broker), options.tls, options.patience) for broker in BROKERS
        }
        self._standing = options.groups
        self._silent: set[int] = set()
        self._accounts = Accounts(seed, options.users) if options.asks_for_password else None
        self._memory = Memory()
        self._patience = Patience(options.patience, options.idle)

    @property
    def bootstrap(self) -> tuple[str, ...]:
        """``host:port`` of each broker, also of a lost one; empty before ``start``."""
        return tuple(f"{at.host}:{at.port}" for at in self._cluster.addresses.values())

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
        for broker, listener in self._listeners.items():
            self._cluster.addresses[broker] = Address(host, await listener.open(host))
            if broker in self.lost:
                await listener.shut()

    async def stop(self) -> None:
        await asyncio.gather(*(listener.close() for listener in self._listeners.values()))
        self._cluster.addresses.clear()

    @property
    def lost(self) -> frozenset[int]:
        return self._cluster.brokers.lost

    async def lose(self, broker: int) -> None:
        """Takes a broker away: its port refuses, others lead and coordinate what it did. Raises ValueError."""
        self._cluster.brokers.lose(broker)
        await self._listeners[broker].shut()

    async def restore(self, broker: int) -> None:
        """Brings it back at the same port: in sync some seconds later, and a leader again some minutes later."""
        self._cluster.brokers.restore(broker)
        await self._listeners[broker].reopen()

    def placements(self) -> Mapping[tuple[str, int], Placement]:
        """Where each partition's replicas are and who leads it, by topic and index."""
        found = {}
        for topic in self._cluster.topics.values():
            places = self._cluster.brokers.partitions(topic.name)
            found.update({(topic.name, index): places[index % len(places)] for index in range(len(topic.logs))})
        return found

    def silence(self, broker: int) -> None:
        """This broker still takes connections and answers nothing: it hangs."""
        self._silent.add(broker)

    def wake(self, broker: int) -> None:
        self._silent.discard(broker)

    def deny(self, group: str) -> None:
        """Nobody may look into this group; it is still listed, as for a user who may describe the cluster."""
        self._cluster.denied_groups.add(group)

    def require(self, user: str, password: str) -> None:
        """New connections must say who they are (SASL). For a changed password, say it again."""
        self._accounts = Accounts(self._seed, {user: password})

    def drop(self) -> None:
        """Cuts every connection there is, as a restart of the brokers would."""
        for listener in self._listeners.values():
            listener.cut()

    async def _converse(self, broker: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the peer leaves, dawdles, or says something that is no Kafka."""
        session = Session(broker, self._cluster, self._wall_ms, self._accounts, self._options.rights)
        try:
            while not session.closing:
                await self._exchange(session, reader, writer)
            async with asyncio.timeout(LINGER):
                await reader.read(1)
        except _PEER_ENDED:
            pass  # a peer that left, or is shown out: a broker has nobody to tell

    async def _exchange(self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        largest = LARGEST if session.may_ask else LARGEST_UNPROVED
        asked = await frame(reader, largest, self._memory, self._patience)
        if session.broker in self._silent:
            return
        said = answer(session, asked)
        if said.later:
            said = said.encode(await said.later.taken())
        writer.write(said.frame)
        async with asyncio.timeout(self._options.patience):
            await writer.drain()
        if said.mute:
            await asyncio.sleep(said.mute)

    def _wall_ms(self) -> float:
        return self._clock.wall(self._clock.now()) * 1000
