"""Lines from standard input: a person's at a terminal, or another program's through a pipe."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from typing import TextIO


def has_an_end(stream: TextIO | None) -> bool:
    """Whether the loop can wait for its lines; it cannot for a file, /dev/null or a stream that was closed."""
    if stream is None or stream.closed:
        return False
    mode = os.fstat(stream.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stream.isatty()


def may_be_read(stream: TextIO | None) -> bool:
    """The same, but for a terminal whose keys are another's: reading it in the background would stop the process."""
    if stream is None or not has_an_end(stream):
        return False
    return not stream.isatty() or os.tcgetpgrp(stream.fileno()) == os.getpgrp()


async def lines_of(stream: TextIO) -> AsyncIterator[str]:
    """Its lines until it ends, without their ends. One that is too long to be meant comes as an empty one."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stream)
    while True:
        try:
            line = await reader.readline()
        except ValueError:  # longer than the reader's limit; what was read of it is gone
            line = b"\n"
        if not line:
            return
        yield line.decode("utf-8", "replace").rstrip("\r\n")
