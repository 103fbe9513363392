"""The total deadline: what had left when it came, that nothing leaves after it, and that threads come back."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from connectors.deadline import Line, Overdue, within
from connectors.failure import innermost, kind_of, one_line, unsent
from connectors.threads import Bulkhead
from console.model.snapshot import FailureKind


async def test_in_time_it_is_the_functions_result() -> None:
    bulkhead = Bulkhead("deadline", 1)
    assert await within(bulkhead, 5.0, lambda _: 7) == 7
    bulkhead.close()


async def test_a_write_after_the_deadline_is_stopped_before_it_leaves() -> None:
    bulkhead, late, refused = Bulkhead("deadline", 1), threading.Event(), threading.Event()

    def write(line: Line) -> None:
        late.wait(5)
        try:
            line.commit()
        except TimeoutError:
            refused.set()

    with pytest.raises(Overdue) as raised:
        await within(bulkhead, 0.05, write)
    assert not raised.value.committed
    late.set()
    assert await asyncio.to_thread(refused.wait, 5)
    bulkhead.close()


@pytest.mark.parametrize("answered", [False, True])
async def test_a_write_that_left_may_have_happened_unless_it_was_refused(answered: bool) -> None:
    bulkhead, end = Bulkhead("deadline", 1), threading.Event()

    def write(line: Line) -> None:
        line.commit()
        if answered:
            line.refused()
        end.wait(5)

    with pytest.raises(Overdue) as raised:
        await within(bulkhead, 0.05, write)
    assert raised.value.committed is not answered
    end.set()
    bulkhead.close()


async def test_the_deadline_ends_a_read_that_would_wait_for_ever() -> None:
    bulkhead, ours = Bulkhead("deadline", 1), threading.Event()
    mine, theirs = socket.socketpair()

    def read(line: Line) -> None:
        line.hold(mine)
        assert mine.recv(1) == b""  # no timeout is set: only a shut socket ends this
        ours.set()

    with pytest.raises(Overdue):
        await within(bulkhead, 0.05, read)
    assert await asyncio.to_thread(ours.wait, 5)
    mine.close()
    theirs.close()
    bulkhead.close()


async def test_a_read_that_is_cancelled_gives_its_thread_back() -> None:
    bulkhead, begun, ended = Bulkhead("cancelled", 1), threading.Event(), threading.Event()
    mine, theirs = socket.socketpair()

    def read(line: Line) -> None:
        line.hold(mine)
        begun.set()
        assert mine.recv(1) == b""
        ended.set()

    call = asyncio.create_task(within(bulkhead, 60.0, read))
    assert await asyncio.to_thread(begun.wait, 5)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert await asyncio.to_thread(ended.wait, 5)
    mine.close()
    theirs.close()
    bulkhead.close()


def test_nothing_is_held_after_the_deadline() -> None:
    line = Line()
    assert line.cut() is False
    with pytest.raises(TimeoutError):
        line.hold(object())


def test_the_kind_is_found_under_the_clients_own_exceptions() -> None:
    refused = RuntimeError("Max retries exceeded")
    refused.__cause__ = ConnectionRefusedError(111, "Connection refused")
    assert kind_of(refused) is FailureKind.REFUSED
    assert unsent(refused)
    assert innermost(refused) == "Connection refused"
    assert kind_of(RuntimeError(socket.gaierror(-2, "unknown"))) is FailureKind.NAME
    reset = RuntimeError("aborted", ConnectionResetError(104, "reset"))
    assert kind_of(reset) is FailureKind.REFUSED  # nobody speaks with us there; but it may have heard
    assert not unsent(reset)


def test_text_from_outside_is_one_printable_line() -> None:
    assert one_line("a\nb\x1b[31m\tc") == "a b [31m c"
    assert one_line("x" * 500) == "x" * 199 + "…"
