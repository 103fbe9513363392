"""What all clients share: databases, settings, subscriptions, scripts. Their commands come in by the ``door``."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from connectors.simulator.clock import SimClock
from connectors.simulator.redis.acl import Acl
from connectors.simulator.redis.call import Client, Command, Guard
from connectors.simulator.redis.databases import Databases
from connectors.simulator.redis.door import Door
from connectors.simulator.redis.keyspace import Keyspace
from connectors.simulator.redis.monitor import Monitors
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.redis.replication import Replication
from connectors.simulator.redis.statistics import Statistics
from connectors.simulator.redis.unfinished import Unfinished
from connectors.simulator.redis.waiting import Pause, Waiting
from connectors.simulator.tick import Cache

VERSION = "7.0.15"  # the real server whose manners these are
DATABASES = 16
AGE = 3 * 86400.0  # simulated seconds for which a server has been running when the estate is opened
NO_OPTIONS = RedisOptions()


class Server:
    """``clock`` maps simulated to wall seconds; ``seed`` makes its ids."""

    def __init__(
        self, clock: SimClock, seed: int, commands: Mapping[bytes, Command], options: RedisOptions = NO_OPTIONS
    ) -> None:
        self.clock = clock
        self.commands = commands
        self.options = options
        self.acl = Acl(options.users, options.password)
        self.waiting = Waiting()
        self.monitors = Monitors()
        self.pause = Pause()
        self.unfinished = Unfinished()
        self.chance = random.Random(seed)  # what SPOP, RANDOMKEY and their like draw from
        self.host = "127.0.0.1"
        self.port = 0
        self.cache: Cache | None = None  # as the model last said it
        self.settings: dict[str, str] = {}  # what CONFIG SET changed
        self.clients: dict[int, Client] = {}
        self.scripts: dict[bytes, bytes] = {}
        self._source = random.Random(seed)
        self.run_id = f"{self._source.getrandbits(160):040x}"
        self.replication = Replication(self, self._source)
        self.mode = "standalone"  # or cluster, or sentinel
        self.relays: Callable[[], Iterable[Server]] = self.replication.followers  # who else hears what is published
        self.door = Door(self)
        self.guards: tuple[Guard, ...] = ()
        self.started = clock.now() - AGE
        self.alive = True  # the process runs
        self.loading = False  # it does, and reads its dump
        self.watching: Callable[[], Mapping[str, object]] = dict  # INFO's section of a Sentinel
        self.shut_down: Callable[[bool], None] = lambda save: None  # ends the process; whoever runs it says how
        self.statistics = Statistics()
        self.operations = 0  # commands of the last simulated second, the model's and ours
        self.flushes = 0  # of database 0, by its clients
        self._databases = Databases(clock.now)
        self._last_id = 0

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    def keyspace(self, index: int) -> Keyspace:
        return self._databases.at(index)

    def databases(self) -> list[tuple[int, Keyspace]]:
        """Those with keys in them, by number."""
        return self._databases.filled()

    def share_data(self, master: Server) -> None:
        """Shows the master's keys from now on."""
        self._databases = master._databases

    def take_copy(self) -> None:
        """Keeps the keys that it shows, and changes them alone from now on."""
        self._databases = self._databases.copy()

    def reset_statistics(self) -> None:
        """CONFIG RESETSTAT: its counters and those of the traffic that it shows begin again."""
        self.statistics = Statistics()
        if self.cache is not None:
            self.cache = replace(self.cache, hits=0, misses=0, evicted=0, expired=0, commands=0, rejected=0)

    def begin_again(self, kept: Iterable[bytes] | None) -> None:
        """The process was started again: another run, with the ``kept`` keys of database 0 alone; None: with all."""
        self.run_id = f"{self._source.getrandbits(160):040x}"
        self.started = self.clock.now()
        self.reset_statistics()
        self.settings.clear()
        self.scripts.clear()
        self.acl = Acl(self.options.users, self.options.password)
        self.pause.end()
        self._databases = self._databases.copy(kept)
        self.replication.begin_again()

    def size(self, index: int) -> int:
        """Keys in a database. What one can scan of the shop's cache is a sample: the model counts the whole."""
        seen = len(self.keyspace(index))
        return max(seen, self.cache.keys) if index == 0 and self.cache and seen else seen

    def wall_seconds(self, simulated: float) -> float:
        """A duration as a client counts it. While the estate is paused, a second stays a second."""
        return simulated / (self.clock.speed or 1.0)

    def deadline_in(self, wall_seconds: float) -> float:
        """The simulated time that many of a client's seconds from now."""
        return self.clock.now() + wall_seconds * (self.clock.speed or 1.0)

    def wall(self) -> float:
        return self.clock.wall(self.clock.now())

    def connect(self, send: Callable[[bytes], None], address: str) -> Client:
        self._last_id += 1
        self.statistics.connections += 1
        client = Client(self._last_id, send, address, since=self.wall(), authenticated=self.acl.open)
        self.clients[client.id] = client
        return client

    def disconnect(self, client: Client) -> None:
        self.clients.pop(client.id, None)
        self.waiting.forget(client.id)
        self.monitors.listeners.pop(client.id, None)
        self.unfinished.forget(client.id)
        client.unwatch(self)
