"""One redis-server as a process that can end and be started again, on its port.

Who ended it keeps it down: an operator's SHUTDOWN until whoever supervises it starts it again, a test or a crisis
until it is taken back. Then the process is another run, reads its dump for a moment, and knows what was in it.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection

from connectors.simulator.redis.outage import loading_guard
from connectors.simulator.redis.port import Port
from connectors.simulator.redis.server import Server

SUPERVISED = 10  # simulated seconds after which a server that ended is started again, as a restarted container
MODEL = "model"  # holds a node down whose loss the model tells of
LOADING = 3  # simulated seconds of reading the dump


class Node:
    """``kept`` are the keys of its last dump; ``step`` moves it, once a simulated second."""

    def __init__(self, server: Server, kept: Collection[bytes], tls: ssl.SSLContext | None = None) -> None:
        self.server = server
        self.restarts = 0
        self._port = Port(server, tls)
        self._kept = kept
        self._held: set[str] = set()  # by whom it is kept down
        self._t = 0
        self._next_start: int | None = None  # when its supervisor starts it
        self._loaded: int | None = None
        self._saved = False
        self._excused = False  # it went down as the model said
        self.kept_everything = False  # when it was last started
        server.guards = (*server.guards, loading_guard(server))
        server.shut_down = self.shut_down

    @property
    def serving(self) -> bool:
        """Whether a client gets answers from it, whatever CLIENT PAUSE lets it wait for."""
        return self.server.alive and not self.server.loading

    @property
    def answering(self) -> bool:
        """Whether a Sentinel's PING gets a reply; LOADING is one."""
        return self.server.alive and self.server.pause.left(write=False) == 0

    @property
    def failing(self) -> bool:
        """Whether its clients get no answers for another reason than the model's."""
        if self.server.pause.left(write=False) > 0:
            return True
        return not self.serving and not (self._excused and self._held <= {MODEL})

    async def open(self, host: str) -> None:
        """Raises OSError. A node that is down when the estate opens has its port and refuses."""
        await self._port.open(host)
        if not self.server.alive:
            self._port.refuse()

    async def close(self) -> None:
        await self._port.close()

    def hang_up(self) -> None:
        """Ends every conversation, as a server does that was given another role."""
        self._port.hang_up()

    def hold_down(self, by: str) -> None:
        """The process ends, if it runs, and stays so until ``release``."""
        self._excused = by == MODEL and (self._excused or self.serving)
        self._held.add(by)
        self._end()

    def release(self, by: str) -> None:
        """Started again at the next second, if nobody else holds it."""
        if by in self._held:
            self._held.discard(by)
            self._next_start = self._t + 1

    def shut_down(self, save: bool) -> None:
        """SHUTDOWN: the process ends, with a dump of everything or without, and its supervisor starts it again."""
        self._saved = save
        self._end()

    def step(self, t: int) -> None:
        self._t = t
        if not self.server.alive and not self._held and self._next_start is not None and t >= self._next_start:
            self._begin()
        if self._loaded is not None and t >= self._loaded:
            self.server.loading, self._loaded, self._excused = False, None, False

    def _end(self) -> None:
        self._next_start = self._t + SUPERVISED
        if self.server.alive:
            self.server.alive = self.server.loading = False
            self._loaded = None
            self._port.refuse()

    def _begin(self) -> None:
        self.kept_everything = self._saved
        self.server.begin_again(None if self._saved else self._kept)
        self.server.alive = self.server.loading = True
        self._next_start, self._loaded, self._saved = None, self._t + LOADING, False
        self.restarts += 1
        self._port.accept()
