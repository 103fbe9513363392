"""The wire itself: its servers and their ports, and a step a simulated second."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.clock import SimClock
from connectors.simulator.redis.commands import COMMANDS
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.redis.port import Port
from connectors.simulator.redis.server import Server
from connectors.simulator.redis.shop import Shop
from connectors.simulator.tick import Tick

ALONE = RedisOptions()


class RedisWire:
    """The simulated shop's Redis. ``clock`` and ``seed`` decide everything that is not sent by a client."""

    def __init__(self, clock: SimClock, seed: int, options: RedisOptions = ALONE) -> None:
        self._server = Server(clock, seed, COMMANDS, options)
        self._port = Port(self._server, options.tls)
        self._shop = Shop(self._server.keyspace(0), seed, self._server.wall)

    @property
    def url(self) -> str:
        return f"redis://{self._server.host}:{self._server.port}/0"

    def require_password(self, password: str | None) -> None:
        """From now on new connections must authenticate (user ``default``); None: they need not."""
        self._server.acl.require(password)

    def flags(self) -> Mapping[str, Mapping[str, object]]:
        """The flag document, decoded, without the marks; a field that is not a JSON object is left out."""
        return self._shop.flags()

    def step(self, t: int, tick: Tick) -> None:
        """One simulated second: what INFO shows from now on, and the keys that expire or come back."""
        before = self._server.cache
        self._server.cache = tick.cache
        self._server.operations = max(0, tick.cache.commands - before.commands) if before else 0
        self._shop.step(t)

    async def start(self, host: str = "127.0.0.1") -> None:
        """Opens the port, which the system chooses."""
        await self._port.open(host)

    async def stop(self) -> None:
        await self._port.close()
