"""The Kafka wire: three listeners on loopback, each a broker of one cluster."""

from __future__ import annotations

import asyncio
import struct
from functools import partial

from connectors.simulator.clock import SimClock
from connectors.simulator.kafka.apis import Malformed, answer
from connectors.simulator.kafka.brokers import BROKERS
from connectors.simulator.kafka.cluster import Address, Cluster
from connectors.simulator.kafka.later import LoopAlarm
from connectors.simulator.kafka.session import Credentials, Session
from connectors.simulator.tick import Tick

LARGEST_FRAME = 100 * 1024 * 1024  # bytes; a real broker's socket.request.max.bytes
_LENGTH = struct.Struct(">i")


class KafkaWire:
    """Shows a tick's groups and topics to Kafka clients. One asyncio loop, no threads."""

    def __init__(self, clock: SimClock, seed: int) -> None:
        self._clock = clock
        self._cluster = Cluster(seed, LoopAlarm())
        self._servers: list[asyncio.Server] = []
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._silent: set[int] = set()
        self._credentials: Credentials | None = None

    @property
    def bootstrap(self) -> tuple[str, ...]:
        """``host:port`` of each broker; empty before ``start``."""
        return tuple(f"{at.host}:{at.port}" for at in self._cluster.addresses.values())

    def step(self, t: int, tick: Tick) -> None:
        """Takes the model's word for simulated second ``t``."""
        self._cluster.brokers.step(t)
        self._cluster.show(tick, self._clock.wall(t) * 1000)

    async def start(self, host: str = "127.0.0.1") -> None:
        for broker in BROKERS:
            server = await asyncio.start_server(partial(self._serve, broker), host, 0)
            self._servers.append(server)
            self._cluster.addresses[broker] = Address(host, server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        for task, writer in self._connections.items():
            writer.transport.abort()
            task.cancel()  # it may be waiting for an answer that nobody will give
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._servers.clear()
        self._cluster.addresses.clear()

    def silence(self, broker: int) -> None:
        """This broker still takes connections and answers nothing: it hangs."""
        self._silent.add(broker)

    def wake(self, broker: int) -> None:
        self._silent.discard(broker)

    def deny(self, group: str) -> None:
        """Nobody may look into this group; it is still listed, as for a user who may describe the cluster."""
        self._cluster.denied_groups.add(group)

    def require(self, user: str, password: str) -> None:
        """New connections must say who they are (SASL PLAIN). For a changed password, say it again."""
        self._credentials = Credentials(user, password)

    def drop(self) -> None:
        """Cuts every connection there is, as a restart of the brokers would."""
        for writer in self._connections.values():
            writer.transport.abort()

    async def _serve(self, broker: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the peer leaves or says something that is no Kafka."""
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        session = Session(broker, self._cluster, self._wall_ms, self._credentials)
        try:
            while True:
                await self._exchange(session, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, Malformed):
            pass  # a peer that left, or is shown out: a broker has nobody to tell
        finally:
            del self._connections[task]
            writer.close()

    async def _exchange(self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if not 0 <= length <= LARGEST_FRAME:
            raise Malformed(f"a frame of {length} bytes")
        frame = await reader.readexactly(length)
        if session.broker in self._silent:
            return
        said = answer(session, frame)
        if said.wait:
            await asyncio.sleep(said.wait)
        writer.write(said.encode(await said.later.taken()) if said.later else said.frame)
        await writer.drain()

    def _wall_ms(self) -> float:
        return self._clock.wall(self._clock.now()) * 1000
