"""Frames off a socket, from peers that may lie about their length, never finish, or send too much."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

LARGEST = 8 * 2**20  # bytes of one frame; a real broker takes 100 MiB, but batches of 1 MiB
LARGEST_UNPROVED = 512 * 2**10  # before the password: sasl.server.max.receive.size of a real broker
MEMORY = 16 * 2**20  # bytes of all frames under way together
_CHUNK = 2**16
LENGTH = struct.Struct(">i")


class Overlong(Exception):
    """More than is taken: the connection is closed."""


@dataclass(slots=True)
class Memory:
    """Bytes of unfinished frames, of all connections together."""

    room: int = MEMORY

    def take(self, size: int) -> None:
        if size > self.room:
            raise Overlong("the memory for unfinished requests is full")
        self.room -= size

    def give(self, size: int) -> None:
        self.room += size


@dataclass(frozen=True, slots=True)
class Patience:
    """Wall seconds: for what is under way, and between two requests."""

    patience: float
    idle: float


async def frame(reader: asyncio.StreamReader, largest: int, memory: Memory, patience: Patience) -> bytes:
    """The next one, without its length. Raises Overlong, TimeoutError, IncompleteReadError, ConnectionError."""
    async with asyncio.timeout(patience.idle):
        start = await reader.readexactly(1)
    async with asyncio.timeout(patience.patience):
        (length,) = LENGTH.unpack(start + await reader.readexactly(LENGTH.size - 1))
        if not 0 <= length <= largest:
            raise Overlong(f"a frame of {length} bytes")
        return await _exactly(reader, length, memory)


async def _exactly(reader: asyncio.StreamReader, length: int, memory: Memory) -> bytes:
    """Only what has come takes room, not what was announced."""
    found = bytearray()
    try:
        while len(found) < length:
            chunk = await reader.read(min(_CHUNK, length - len(found)))
            if not chunk:
                raise asyncio.IncompleteReadError(bytes(found[:16]), length)
            memory.take(len(chunk))
            found += chunk  # nothing may come between these two
        return bytes(found)
    finally:
        memory.give(len(found))
