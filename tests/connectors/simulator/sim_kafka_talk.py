"""Talking to a broker by the request, in any version: for what no client's own calls can be made to say."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from connectors.simulator.kafka.apis import APIS
from tests.connectors.simulator.kafka_estate import PATIENCE


@dataclass(slots=True)
class Talk:
    """One connection, on which requests are said in a version and answered."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: Any, version: int) -> Any:
        request.API_VERSION = version
        request.with_header(correlation_id=1, client_id="test")
        frame = bytes(request.encode(header=True))
        self.writer.write(struct.pack(">i", len(frame)) + frame)
        (length,) = struct.unpack(">i", await asyncio.wait_for(self.reader.readexactly(4), PATIENCE))
        said = await self.reader.readexactly(length)
        return APIS[request.API_KEY].response.decode(said, version=version, header=True)


@asynccontextmanager
async def talk(address: str) -> AsyncIterator[Talk]:
    """To the broker at ``host:port``."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Talk(reader, writer)
    finally:
        writer.close()
