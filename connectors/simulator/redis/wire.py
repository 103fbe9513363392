"""The wire itself: its servers, what watches over them, and a step a simulated second."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.architecture import DEFAULT, Architecture, architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.redis.cluster import Cluster
from connectors.simulator.redis.node import MODEL
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.redis.replicated import Replicated
from connectors.simulator.redis.shop import FLAGS_KEY, Shop
from connectors.simulator.redis.topology import Topology
from connectors.simulator.tick import Tick

ALONE = RedisOptions()
KILL = "kill"


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
        self._shop = Shop(self._servers.homes, seed, self._servers.first.wall, told, self._servers.home_of)
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
    def up(self) -> bool:
        """Whether the estate's applications get answers; what the model itself took down counts as up."""
        return self._servers.answering

    @property
    def reachable(self) -> bool:
        """Whether every primary runs and has loaded its data."""
        return all(node.serving for node in self._servers.primaries)

    @property
    def followers(self) -> int:
        """Replicas that run."""
        return sum(node.serving for node in self._servers.nodes if node not in self._servers.primaries)

    def flushed(self) -> int:
        """How often the cache was emptied since the start, by FLUSHALL, FLUSHDB or a server that came back without."""
        return self._servers.flushes

    def memory_max(self) -> int | None:
        """Bytes that CONFIG SET maxmemory allows in all, 0 for no limit; None where nobody changed it."""
        return self._servers.memory_max()

    def memory_policy(self) -> str:
        """``maxmemory-policy`` of the primary."""
        primary = next(iter(self._servers.primaries))
        return primary.server.settings.get("maxmemory-policy", "allkeys-lru")

    def kill_primary(self) -> None:
        """The primary's process ends and stays so until ``restore``."""
        next(iter(self._servers.primaries)).hold_down(KILL)

    def kill(self, index: int) -> None:
        """The process of ``urls[index]`` ends and stays so until ``restore``."""
        self._servers.nodes[index].hold_down(KILL)

    def fail_over(self) -> None:
        """A replica leads from the election on, without anybody having died; nothing where there is none."""
        self._servers.fail_over()

    def restore(self) -> None:
        """Whoever was killed is started again; who had the data of a primary that was replaced follows it."""
        for node in self._servers.nodes:
            node.release(KILL)

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
