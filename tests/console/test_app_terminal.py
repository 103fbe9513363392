"""The console in a real pseudo-terminal: colours it may use, what it leaves behind, and when it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
import pytest

ROOT = Path(__file__).parents[2]
DEADLINE = 20.0  # wall seconds
TRUECOLOUR = re.compile(rb"[34]8;2;")
COLOURED = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7])(?:;\d+)*m")


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
def terminal(*arguments: str, **environment: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.console.seat", *arguments],
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


def test_sixteen_colours_and_nothing_invisible() -> None:
    with terminal("viral", TERM="xterm") as seen:
        seen.until("pressure starts")
        assert not TRUECOLOUR.search(seen.written)
        cells = [cell for row in range(24) for cell in seen.screen.buffer[row].values() if cell.data.strip()]
        assert len(cells) > 300
        assert not [cell for cell in cells if cell.fg == cell.bg and cell.fg != "default"]
        assert {cell.fg for cell in cells} >= {"red", "default"}


def test_no_color_has_no_colour_and_the_words_are_there() -> None:
    with terminal("viral", NO_COLOR="1") as seen:
        seen.until("pressure starts")
        assert not TRUECOLOUR.search(seen.written)
        assert not COLOURED.search(seen.written)
        assert any("CRIT" in line for line in seen.screen.display)


def test_ascii_is_ascii() -> None:
    with terminal("viral", "--ascii") as seen:
        seen.until("pressure starts")
        assert "".join(seen.screen.display).isascii()
        assert any(line.startswith(" > database") for line in seen.screen.display)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(number: signal.Signals) -> None:
    with terminal("calm") as seen:
        seen.until("payments")
        seen.process.send_signal(number)
        assert seen.ended() == 128 + number
        assert seen.as_found
        for left in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?1004l"):
            assert left in seen.written
        assert b"\x1b[?1000h" not in seen.written  # the mouse was never taken


def test_leaving_by_key_gives_the_terminal_back() -> None:
    with terminal("calm") as seen:
        seen.until("payments")
        os.write(seen.master, b"q")
        seen.until("Nothing is running")
        os.write(seen.master, b"q")
        assert seen.ended() == 0
        assert seen.as_found
        assert b"\x1b[?1049l" in seen.written


def test_it_ends_when_the_terminal_goes_away() -> None:
    with terminal("calm") as seen:
        seen.until("payments")
        os.close(seen.master)
        seen.master = -1
        assert seen.process.wait(DEADLINE) != 0


def test_nothing_is_written_while_nothing_changes() -> None:
    with terminal("calm") as seen:
        seen.until("payments")
        seen.read(0.7)
        assert len(seen.read(1.5)) == 0  # the clock of the seat stands still


def test_a_key_costs_few_bytes_and_a_redraw_sends_the_whole_screen() -> None:
    with terminal("calm") as seen:
        seen.until("payments")
        seen.read(0.7)
        os.write(seen.master, b"j")
        assert 0 < len(seen.read(0.5)) < 300
        os.write(seen.master, b"\x0c")  # ctrl-l
        again = pyte.Screen(80, 24)
        pyte.ByteStream(again).feed(seen.read(0.7))
        assert [line.rstrip() for line in again.display] == [line.rstrip() for line in seen.screen.display]
