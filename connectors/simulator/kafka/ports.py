"""The brokers' ports: one on loopback for each, and what is said on their connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from connectors.simulator.kafka.apis import Malformed, answer
from connectors.simulator.kafka.cluster import Address, Cluster
from connectors.simulator.kafka.frames import LARGEST, LARGEST_UNPROVED, Memory, Overlong, Patience, frame
from connectors.simulator.kafka.listener import Listener
from connectors.simulator.kafka.options import KafkaOptions
from connectors.simulator.kafka.sasl import Accounts
from connectors.simulator.kafka.session import Session

LINGER = 1.0  # wall seconds to take in the last answer: some clients see the end first and drop what came before it
_PEER_ENDED = (asyncio.IncompleteReadError, ConnectionError, TimeoutError, Malformed, Overlong)


class Ports:
    """Tells the cluster its addresses while it is open. ``now`` tells the wall time in milliseconds."""

    def __init__(self, cluster: Cluster, seed: int, options: KafkaOptions, now: Callable[[], float]) -> None:
        self._cluster = cluster
        self._seed = seed
        self._now = now
        self._rights = options.rights
        self._offered = options.versions or None
        self._advertised = options.advertised
        self.places: dict[int, Address] = {}  # where the brokers are, whatever they say
        self._listeners = {
            broker: Listener(partial(self._converse, broker), options.tls, options.patience)
            for broker in cluster.brokers.ids
        }
        self._silent: set[int] = set()
        self._accounts = Accounts(seed, options.users, options.tokens) if options.asks_for_password else None
        self._memory = Memory()
        self._patience = Patience(options.patience, options.idle)

    async def open(self, host: str) -> None:
        """The system chooses the ports. Those of lost brokers are theirs, and refuse."""
        for broker, listener in self._listeners.items():
            self.places[broker] = Address(host, await listener.open(host))
            self._cluster.addresses[broker] = Address(self._advertised or host, self.places[broker].port)
            if broker in self._cluster.brokers.lost:
                await listener.shut()

    async def close(self) -> None:
        await asyncio.gather(*(listener.close() for listener in self._listeners.values()))
        self._cluster.addresses.clear()
        self.places.clear()

    async def shut(self, broker: int) -> None:
        """Its port refuses connections and cuts those there are, until ``reopen``."""
        await self._listeners[broker].shut()

    async def reopen(self, broker: int) -> None:
        await self._listeners[broker].reopen()

    def silence(self, broker: int) -> None:
        """This broker still takes connections and answers nothing: it hangs."""
        self._silent.add(broker)

    def wake(self, broker: int) -> None:
        self._silent.discard(broker)

    def require(self, user: str, password: str) -> None:
        """New connections must say who they are (SASL). For a changed password, say it again."""
        self._accounts = Accounts(self._seed, {user: password})

    def honour(self, tokens: Mapping[str, str]) -> None:
        """New connections may enter with these bearer tokens alone, each of a user."""
        self._accounts = Accounts(self._seed, {}, tokens)

    def drop(self) -> None:
        """Cuts every connection there is, as a restart of the brokers would."""
        for listener in self._listeners.values():
            listener.cut()

    async def _converse(self, broker: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the peer leaves, dawdles, or says something that is no Kafka."""
        session = Session(broker, self._cluster, self._now, self._accounts, self._rights, self._offered)
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
        async with asyncio.timeout(self._patience.patience):
            await writer.drain()
        if said.mute:
            await asyncio.sleep(said.mute)
