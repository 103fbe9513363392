"""What all clients share: databases, settings, subscriptions, scripts; and the one door, ``execute``.

A handler is a plain function from a ``Call`` to a ``Reply``; a ``Failure`` it raises is the reply. The tables of
handlers are data (``commands/``), handed in here, so that a command is found in one dictionary and nowhere else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from connectors.simulator.clock import SimClock
from connectors.simulator.redis.acl import Acl
from connectors.simulator.redis.acl_rules import Refused
from connectors.simulator.redis.call import Call, Client, Command, Guard, text
from connectors.simulator.redis.databases import Databases
from connectors.simulator.redis.keyspace import Keyspace
from connectors.simulator.redis.monitor import Monitors
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.redis.protocol import ITEM, QUEUED, Failure, Reply
from connectors.simulator.redis.replication import Replication
from connectors.simulator.redis.statistics import Statistics
from connectors.simulator.redis.unfinished import Unfinished
from connectors.simulator.redis.waiting import Pause, Waiting
from connectors.simulator.tick import Cache

VERSION = "7.0.15"  # the real server whose manners these are
DATABASES = 16
AGE = 3 * 86400.0  # simulated seconds for which a server has been running when the estate is opened
IN_SUBSCRIPTION = frozenset({b"subscribe", b"psubscribe", b"unsubscribe", b"punsubscribe", b"ping", b"quit", b"reset"})
UNQUEUED = frozenset({b"exec", b"discard", b"multi", b"watch", b"quit", b"reset"})
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

    @property
    def read_only(self) -> bool:
        """Whether it refuses writes while it is a replica."""
        return self.settings.get("replica-read-only", "yes") == "yes"

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
        self.unwatch(client)

    def unwatch(self, client: Client) -> None:
        for index, key in client.watched:
            self.keyspace(index).watches.remove(key)
        client.watched.clear()

    def execute(self, client: Client, words: list[bytes]) -> Reply:
        """The reply to one command of a client, errors included. Never raises for anything a client can send."""
        try:
            name, command = self.find(words)
            self._admit(client, name, command, words)
        except Failure as failure:
            known = words[0].lower() in self.commands
            self.statistics.refused(text(words[0].lower()) if known else None, failure)
            client.broken = client.broken or client.queue is not None
            return self._aborted(client, failure) if words[0].lower() == b"exec" else failure
        if client.queue is not None and name not in UNQUEUED:
            client.queue.append(words)
            client.queued += sum(map(len, words)) + ITEM * len(words)
            return QUEUED
        reply = self.run(client, name, command, words[1:])
        self.waiting.serve()
        return reply

    def _aborted(self, client: Client, failure: Failure) -> Failure:
        """EXEC itself was refused: its transaction is gone."""
        client.queue, client.broken = None, False
        self.unwatch(client)
        return Failure(f"EXECABORT Transaction discarded because of: {str(failure).removeprefix('ERR ')}")

    def run(self, client: Client, name: bytes, command: Command, args: list[bytes]) -> Reply:
        client.last_command = said = name.decode("ascii", "replace")
        if command.check is not None and args:
            client.last_command = f"{said}|{args[0].decode('ascii', 'replace').lower()}"
        if self.monitors.listeners:
            self.monitors.show(self.wall(), client.database, client.address if client.id else "lua", [name, *args])
        reply: Reply
        try:
            reply = command.handler(Call(self, client, said, args))
        except Failure as failure:
            reply = failure
        self.statistics.executed(said, args, reply)
        if name == b"flushall" or (name == b"flushdb" and client.database == 0):
            self.flushes += not isinstance(reply, Failure)
        if command.write and not isinstance(reply, Failure) and self.replication.streaming:
            self.replication.wrote([name, *args])
        return reply

    def find(self, words: list[bytes]) -> tuple[bytes, Command]:
        """The command and its name in lower case; a Failure for an unknown one or a wrong number of arguments."""
        name = words[0].lower()
        command = self.commands.get(name)
        if command is None:
            raise Failure(f"ERR unknown command '{text(words[0][:128])}', with args beginning with: {_quoted(words)}")
        if (len(words) < -command.arity) if command.arity < 0 else (len(words) != command.arity):
            raise Failure(f"ERR wrong number of arguments for '{text(name)}' command")
        if command.check is not None:
            command.check(words)
        return name, command

    def _admit(self, client: Client, name: bytes, command: Command, words: list[bytes]) -> None:
        if not client.authenticated and not command.stranger:
            raise Failure("NOAUTH Authentication required.")
        if not command.stranger:
            where = "multi" if client.queue is not None else "toplevel"
            refused = self.refusal(client, command, words, where)
            if refused is not None:
                raise Failure(f"NOPERM this user has no permissions to {refused.sentence}")
            self.turn_away(client, command, words, where)
        if client.protocol == 2 and client.subscriptions and name not in IN_SUBSCRIPTION:
            raise Failure(
                f"ERR Can't execute '{text(name)}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET"
                " are allowed in this context"
            )

    def refusal(self, client: Client, command: Command, words: list[bytes], where: str) -> Refused | None:
        """Why the client's user may not do this, and a line in ACL LOG; ``where`` it was said. None: it may."""
        refused = self.acl.refusal(client.user, words, command.keys_in(words))
        if refused is not None:
            self.acl.log.add(refused, client.user, where, client.line(self), self.wall())
        return refused

    def turn_away(self, client: Client, command: Command, words: list[bytes], where: str) -> None:
        """A Failure where the server's role or state forbids the command: loading, a replica, another node's key."""
        for guard in self.guards:
            guard(client, command, words, where)


def _quoted(words: Iterable[bytes]) -> str:
    quoted = ""
    for word in list(words)[1:]:
        if len(quoted) >= 128:
            break
        quoted += f"'{text(word[: 128 - len(quoted)])}' "
    return quoted
