"""A terminal for measuring: a program in a pseudo-terminal, its output counted and drawn on a pyte screen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from types import TracebackType

import psutil
import pyte


class Terminal:
    """``with Terminal(["seawall", "demo"], 80, 24) as terminal:`` runs the program until the block ends."""

    def __init__(self, command: list[str], columns: int, lines: int) -> None:
        self._command, self._columns, self._lines = command, columns, lines
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.written = 0  # bytes the program has sent so far

    def __enter__(self) -> Terminal:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", self._lines, self._columns, 0, 0))
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            self._command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
        os.close(slave)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._master)

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self._process.pid)

    @property
    def text(self) -> str:
        """The screen as it stands."""
        return "\n".join(self._screen.display)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def until(self, seen: Callable[[str], bool], patience: float) -> float:
        """Seconds from the start until the screen satisfies ``seen``; TimeoutError shows the screen instead."""
        deadline = time.perf_counter() + patience
        while time.perf_counter() < deadline:
            if self._read(0.02) and seen(self.text):
                return time.perf_counter() - self.started
        raise TimeoutError(f"not seen within {patience:g}s; the screen was:\n{self.text}")

    def answer(self, keys: str, told: bytes, patience: float) -> float:
        """Seconds from pressing ``keys`` until the program has written ``told``; pyte's drawing is not counted."""
        start = time.perf_counter()
        self.press(keys)
        data = b""
        while told not in data:
            if time.perf_counter() - start > patience:
                raise TimeoutError(f"{told!r} was not written within {patience:g}s of {keys!r}")
            data += self._receive(0.02)
        taken = time.perf_counter() - start
        self._stream.feed(data)
        return taken

    def watch(self, seconds: float) -> int:
        """Bytes written within the next ``seconds``."""
        before, end = self.written, time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(min(left, 0.1))
        return self.written - before

    def _read(self, patience: float) -> bool:
        data = self._receive(patience)
        self._stream.feed(data)
        return bool(data)

    def _receive(self, patience: float) -> bytes:
        if not select.select([self._master], [], [], patience)[0]:
            return b""
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the program has closed its side
            return b""
        self.written += len(data)
        return data
