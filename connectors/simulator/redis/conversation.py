"""One client's line: bytes to commands, commands to the server, replies back, and the patience it is given.

A request that was begun must be finished within ``PATIENCE`` however slowly it drips, so that nobody holds memory
by never finishing; between requests a client may be silent as long as the setting ``timeout`` lets it. While a
client waits for a key its line is still read, to hear it hang up, but only so far ahead.
"""

from __future__ import annotations

import asyncio
from typing import Any

from connectors.simulator.redis.call import Client
from connectors.simulator.redis.protocol import Failure, Later, ProtocolError, Reader, Reply, encode
from connectors.simulator.redis.server import Server
from connectors.simulator.redis.waiting import Waiter

CHUNK = 64 * 1024
AHEAD = 1024 * 1024  # bytes read of a client that still waits for its last reply
WRITERS = frozenset({b"publish", b"spublish", b"eval", b"evalsha", b"fcall", b"pfcount"})  # besides those that write
NEVER_PAUSED = frozenset({b"quit", b"reset"})


class Conversation:
    """``client`` speaks to ``server`` over these streams. ``run`` returns when it ends; ConnectionError passes."""

    def __init__(
        self, server: Server, client: Client, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._client = client
        self._reader = reader
        self._writer = writer
        self._requests = Reader()
        self._begun: float | None = None  # loop time at which the unfinished request began
        self._ahead = bytearray()
        self._direct = client.send
        self._replies: list[bytes] | None = None  # of the commands that came together, to go together
        self._size = 0
        client.send = self._send

    async def run(self) -> None:
        client = self._client
        try:
            while not client.closing and (data := await self._read()):
                self._requests.stranger = not client.authenticated
                await self._answer(data)
                if not self._server.unfinished.hold(client.id, self._held):
                    return  # without a word, as the real server ends a client that reached its buffer's limit
                await self._writer.drain()
                await asyncio.sleep(0)  # who sends without pause must not keep the others from their turn
        except TimeoutError:
            return  # the client's time is over; the real server says nothing either
        except ProtocolError as error:
            self._say(Failure(f"ERR Protocol error: {error}"))
            await self._writer.drain()

    async def _read(self) -> bytes:
        if self._ahead:
            data = bytes(self._ahead)
            self._ahead.clear()
            return data
        async with asyncio.timeout_at(self._deadline()):
            return await self._reader.read(CHUNK)

    def _deadline(self) -> float | None:
        """Loop time at which the client is given up."""
        now = asyncio.get_running_loop().time()
        if self._requests.unfinished:
            self._begun = now if self._begun is None else self._begun
            return self._begun + self._server.options.patience
        self._begun = None
        idle = int(self._server.settings.get("timeout", "0"))
        return now + idle if idle and not self._client.subscriptions else None

    @property
    def _held(self) -> int:
        """Bytes of what was begun and is not ended."""
        return self._requests.size + (0 if self._client.queue is None else self._client.queued)

    async def _answer(self, data: bytes) -> None:
        self._replies = []
        try:
            for words in self._requests.feed(data):
                self._begun = None
                await self._hold(words)
                reply = self._server.door.execute(self._client, words)
                if isinstance(reply, Later):
                    reply = await self._later()
                self._say(reply)
                if self._client.closing:
                    return
        finally:
            self._flush()
            self._replies = None

    def _send(self, data: bytes) -> None:
        """At once, or while commands are answered together with their replies."""
        if self._replies is None:
            self._direct(data)
            return
        self._replies.append(data)
        self._size += len(data)
        if self._size > CHUNK:
            self._flush()

    def _flush(self) -> None:
        if self._replies:
            self._direct(b"".join(self._replies))
            self._replies, self._size = [], 0

    async def _hold(self, words: list[bytes]) -> None:
        """Waits while CLIENT PAUSE holds such a command."""
        pause = self._server.pause
        if pause.until and words[0].lower() not in NEVER_PAUSED:
            write = _may_write(self._server, self._client, words)
            if pause.left(write) > 0:
                self._flush()
                await pause.wait(write)

    async def _later(self) -> Reply:
        """The reply of a client that waits; ConnectionError when it hangs up meanwhile."""
        waiter = self._server.waiting.of(self._client.id)
        if waiter is None:
            return None
        self._flush()
        listener = asyncio.ensure_future(self._listen())
        either: list[asyncio.Future[Any]] = [waiter.done, listener]
        try:
            async with asyncio.timeout(waiter.timeout or None):
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            self._server.waiting.end(self._client.id, waiter.empty)
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
        return self._outcome(waiter)

    def _outcome(self, waiter: Waiter) -> Reply:
        if not waiter.done.done():
            raise ConnectionError("the client hung up while it waited")
        return waiter.done.result()

    async def _listen(self) -> None:
        """Ends when the client hangs up; what it sends meanwhile is kept for later."""
        while len(self._ahead) < AHEAD:
            data = await self._reader.read(CHUNK)
            if not data:
                return
            self._ahead += data
        await asyncio.Event().wait()  # it sent enough; until it is answered nobody listens any more

    def _say(self, reply: Reply) -> None:
        silence = self._client.silence
        if silence == "next":
            self._client.silence = "skip"
        elif silence == "skip":
            self._client.silence = ""
        elif silence != "off":
            self._client.send(encode(reply, self._client.protocol))


def _may_write(server: Server, client: Client, words: list[bytes]) -> bool:
    """What CLIENT PAUSE WRITE holds: a write, a script or a message, and a transaction with one of them in it."""
    name = words[0].lower()
    if name == b"exec":
        return any(_may_write(server, client, queued) for queued in client.queue or [])
    command = server.commands.get(name)
    return name in WRITERS or (command is not None and command.write)
