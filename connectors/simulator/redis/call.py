"""One command on its way: who sends it, what it says, and what the tables of commands know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.simulator.redis.keyspace import Keyspace
from connectors.simulator.redis.protocol import Failure, Reply, encode

if TYPE_CHECKING:
    from connectors.simulator.redis.server import Server

NOT_AN_INTEGER = "ERR value is not an integer or out of range"
SYNTAX = "ERR syntax error"


@dataclass(eq=False, slots=True)
class Client:
    """One connection, or a script (``send`` then goes nowhere)."""

    id: int
    send: Callable[[bytes], None]
    address: str = "127.0.0.1:0"
    protocol: int = 2
    since: float = 0.0
    database: int = 0
    authenticated: bool = True
    user: str = "default"
    closing: bool = False
    hang_up: Callable[[], None] = lambda: None  # ends the connection from outside
    patient: bool = True  # may wait for a key; not from a script, nor between MULTI and EXEC
    silence: str = ""  # what CLIENT REPLY said: off, or skip the next one
    name: bytes = b""
    library: bytes = b""
    library_version: bytes = b""
    last_command: str = "NULL"
    queue: list[list[bytes]] | None = None  # between MULTI and EXEC
    queued: int = 0  # bytes in it
    broken: bool = False  # a queued command was refused
    watched: dict[tuple[int, bytes], int] = field(default_factory=dict)  # to the stamp it had
    channels: dict[bytes, None] = field(default_factory=dict)
    patterns: dict[bytes, None] = field(default_factory=dict)

    @property
    def subscriptions(self) -> int:
        return len(self.channels) + len(self.patterns)

    def unwatch(self, server: Server) -> None:
        """Forgets what WATCH named."""
        for index, key in self.watched:
            server.keyspace(index).watches.remove(key)
        self.watched.clear()

    def push(self, reply: Reply) -> None:
        self.send(encode(reply, self.protocol))

    def line(self, server: Server) -> str:
        """As CLIENT LIST shows the connection."""
        age = max(0, int(server.wall() - self.since))
        queued = -1 if self.queue is None else len(self.queue)
        blocked = server.waiting.of(self.id) is not None
        flags = "P" if self.subscriptions else "x" if self.queue is not None else "b" if blocked else "N"
        return (
            f"id={self.id} addr={self.address} laddr={server.host}:{server.port} fd={self.id + 7}"
            f" name={text(self.name)} age={age} idle=0 flags={flags} db={self.database} sub={len(self.channels)}"
            f" psub={len(self.patterns)} ssub=0 multi={queued} qbuf=0 qbuf-free=20474 argv-mem=10 multi-mem=0 rbs=1024"
            f" rbp=0 obl=0 oll=0 omem=0 tot-mem=22298 events=r cmd={self.last_command} user={self.user}"
            f" redir=-1 resp={self.protocol} lib-name={text(self.library)} lib-ver={text(self.library_version)}"
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One command being executed; ``args`` without its name."""

    server: Server
    client: Client
    name: str
    args: list[bytes]

    @property
    def keys(self) -> Keyspace:
        return self.server.keyspace(self.client.database)

    def integer(self, index: int) -> int:
        return integer(self.args[index])

    def options(self, start: int) -> list[bytes]:
        """The arguments from ``start`` on, lower case: keywords."""
        return [arg.lower() for arg in self.args[start:]]


Handler = Callable[[Call], Reply]
Guard = Callable[[Client, "Command", list[bytes], str], None]
"""Raises the Failure with which a command is turned away; the text is where it was said: toplevel, multi or lua."""


@dataclass(frozen=True, slots=True)
class Command:
    """``arity`` counts the name and is negative for "at least", as COMMAND INFO shows it."""

    handler: Handler
    arity: int
    write: bool = False
    first: int = 0  # position of the first key; 0: none
    last: int = 0  # of the last; -1: the last argument
    step: int = 0
    script: bool = True  # may be called from a script
    stranger: bool = False  # may be called before authentication
    locate: Callable[[list[bytes]], list[bytes]] | None = None  # the keys, where no positions say them
    check: Callable[[list[bytes]], None] | None = None  # refuses an unknown subcommand, even before it is queued

    def keys_in(self, words: list[bytes]) -> list[bytes]:
        """The keys among the words of a command, its name first."""
        if self.locate is not None:
            return self.locate(words)
        if not self.first:
            return []
        last = self.last + len(words) if self.last < 0 else self.last
        return words[self.first : last + 1 : self.step]


def integer(text: bytes) -> int:
    """A 64-bit integer as the real server reads one: no sign but minus, no blanks, no leading zeros."""
    try:
        number = int(text)
    except ValueError:
        raise Failure(NOT_AN_INTEGER) from None
    if b"%d" % number != text or not -(2**63) <= number < 2**63:
        raise Failure(NOT_AN_INTEGER)
    return number


def text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
