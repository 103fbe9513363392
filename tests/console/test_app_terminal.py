"""The console in a real pseudo-terminal: colours it may use, what it leaves behind, and when it ends."""

from __future__ import annotations

import os
import re
import signal

import pyte
import pytest

from tests.console.terminals import DEADLINE, terminal

TRUECOLOUR = re.compile(rb"[34]8;2;")
COLOURED = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7])(?:;\d+)*m")


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
        assert any(line.startswith(" > ") for line in seen.screen.display)


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
