"""A pseudo-terminal with a program in it: what the program wrote, the screen that it makes, and how it ended."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]
DEADLINE = 20.0  # wall seconds


class Terminal:
    """The other side: what the console wrote, and the screen that it makes."""

    def __init__(self, master: int, slave: int, process: subprocess.Popen[bytes]) -> None:
        self.master = master
        self.process = process
        self._slave = slave
        self._found = termios.tcgetattr(slave)
        self.written = b""
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)

    def read(self, seconds: float) -> bytes:
        """What came within so many seconds; ends early when the console has gone."""
        came = b""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and select.select([self.master], [], [], left)[0]:
            try:
                piece = os.read(self.master, 65536)
            except OSError:  # EIO: nobody holds the other side any more
                break
            came += piece
            self._stream.feed(re.sub(rb"\x1b\[[<>][0-9]*u", b"", piece))  # pyte would print the keyboard protocol
        self.written += came
        return came

    def until(self, text: str) -> None:
        ends = time.monotonic() + DEADLINE
        while not any(text in line for line in self.screen.display):
            assert time.monotonic() < ends, "\n".join(self.screen.display)
            self.read(0.05)

    @property
    def as_found(self) -> bool:
        """Whether the modes of the terminal are what they were: echo, line editing, flow control."""
        return termios.tcgetattr(self._slave) == self._found

    def ended(self) -> int:
        """The exit code, having read what was still written."""
        ends = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            assert time.monotonic() < ends, "still running"
            self.read(0.05)
        self.read(0.05)
        return self.process.returncode


@contextmanager
def terminal(*arguments: str, module: str = "tests.console.seat", **environment: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM")}
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**clean, "TERM": "xterm-256color", **environment},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    seen = Terminal(master, slave, process)
    try:
        yield seen
    finally:
        process.kill()
        process.wait()
        os.close(slave)
        if seen.master >= 0:
            os.close(seen.master)
