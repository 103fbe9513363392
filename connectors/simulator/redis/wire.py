"""The wire itself: its servers, what watches over them, and a step a simulated second."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.architecture import DEFAULT, Architecture, architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.redis.cluster import Cluster
from connectors.simulator.redis.deeds import Deeds, deeds_on
from connectors.simulator.redis.losses import Losses
from connectors.simulator.redis.node import MODEL
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.redis.replicated import Replicated
from connectors.simulator.redis.shop import FLAGS_KEY, Shop
from connectors.simulator.redis.topology import Topology
from connectors.simulator.tick import Tick

ALONE = RedisOptions()


class RedisWire:
    """The simulated shop's Redis. ``clock`` and ``seed`` decide everything that is not sent by a client."""

    def __init__(
        self,
        clock: SimClock,
        seed: int,
        options: RedisOptions = ALONE,
        architecture: Architecture | None = None,
    ) -> None:
        """``architecture``: whose keys and flags it holds; the shop's without one."""
        self._tls = options.tls is not None
        kind = Cluster if options.cluster else Replicated
        self._servers: Topology = kind(clock, seed, options, (FLAGS_KEY,))
        told = architecture or architecture_named(DEFAULT)
        self._shop = Shop(self._servers.homes, seed, self._servers.nodes[0].server.wall, told, self._servers.home_of)
        self.losses = Losses(self._servers)
        self._told_up = True  # by the model

    @property
    def url(self) -> str:
        """The server that was the primary when the estate opened, as an application's configuration names it."""
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        """Every server with data: the first primary, then its replicas; the primaries of a cluster."""
        scheme = "rediss" if self._tls else "redis"
        return [f"{scheme}://{node.server.host}:{node.server.port}/0" for node in self._servers.nodes]

    @property
    def sentinel(self) -> tuple[str, int] | None:
        """Where the Sentinel listens; None where nothing is replicated."""
        return self._servers.sentinel_address

    def require_password(self, password: str | None) -> None:
        """From now on new connections must authenticate (user ``default``); None: they need not."""
        for node in self._servers.nodes:
            node.server.acl.require(password)

    def flags(self) -> Mapping[str, Mapping[str, object]]:
        """The flag document, decoded, without the marks; a field that is not a JSON object is left out."""
        return self._shop.flags()

    @property
    def deeds(self) -> Deeds:
        """What operators did to the servers, for the model."""
        return deeds_on(self._servers)

    @property
    def reachable(self) -> bool:
        """Whether every primary runs and has loaded its data."""
        return all(node.serving for node in self._servers.primaries)

    @property
    def followers(self) -> int:
        """Replicas that run."""
        return sum(node.serving for node in self._servers.nodes if node not in self._servers.primaries)

    def step(self, t: int, tick: Tick) -> None:
        """One simulated second: who runs and leads, what INFO shows, the keys that expire or come back."""
        if self._servers.answering:  # otherwise the model only repeats what it was told
            self._follow(tick.cache.up)
        self._servers.step(t, tick.cache)
        self._shop.step(t)

    def _follow(self, up: bool) -> None:
        """The model's Redis went, or came back."""
        for node in self._servers.nodes if up != self._told_up else ():
            if up:
                node.release(MODEL)
            else:
                node.hold_down(MODEL)
        self._told_up = up

    async def start(self, host: str = "127.0.0.1") -> None:
        """Opens the ports, which the system chooses."""
        await self._servers.start(host)

    async def stop(self) -> None:
        await self._servers.stop()
