"""Checks of what is sick, a thousand times over: no thread, no socket and no memory is left behind."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import sys
import threading

from connectors.probe import open_connector
from connectors.settings.probe import Check, Settings
from console.clock import SystemClock
from console.model.snapshot import Snapshot
from tests.connectors.faults import closed_port, serving
from tests.connectors.probe_servers import serving_names


def held() -> tuple[int, int, int]:
    """Threads, open files and sockets, blocks of memory."""
    gc.collect()
    return threading.active_count(), len(os.listdir("/proc/self/fd")), sys.getallocatedblocks()


async def moody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Slams, babbles, asks for patience or is well, in turn."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(next(MOODS))
    await writer.drain()


MOODS = itertools.cycle(
    [b"", b"no HTTP at all", b"HTTP/1.1 503 Storm\r\nRetry-After: 3\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nok"]
)


async def test_a_thousand_rounds_of_sick_checks_leave_nothing_behind() -> None:
    async with serving(moody) as url, serving_names({"broken.example": None}) as (_, server):
        checks = {
            "moody": Check(http=url),
            "closed": Check(tcp=f"127.0.0.1:{closed_port()}"),
            "broken": Check(dns="broken.example", server=server),
        }
        connector = open_connector("probe", Settings(checks=checks, timeout=0.2), SystemClock())
        for _ in range(50):
            await connector.read()
        before = held()
        for _ in range(1000):
            assert isinstance(await connector.read(), Snapshot)
        threads, files, blocks = (now - then for now, then in zip(held(), before, strict=True))
        await connector.close()
    assert threads <= 1
    assert files <= 8  # the server's ends of the last round are in this process, too
    assert blocks < 3000
