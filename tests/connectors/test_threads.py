"""A bulkhead whose calls hang: what nobody waits for is not kept, and its threads end with it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
import weakref

import pytest

from connectors.threads import Bulkhead


class Wanted:
    """What a call would hold on to."""

    def __call__(self) -> None:
        raise AssertionError("nobody waits for it")


def living(name: str) -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith(f"{name}-")]


async def given_up(bulkhead: Bulkhead) -> weakref.ref[Wanted]:
    wanted = Wanted()
    with contextlib.suppress(TimeoutError):
        await bulkhead.call(wanted, 0.0)
    return weakref.ref(wanted)


async def test_what_waits_behind_a_hung_call_is_forgotten_with_its_deadline() -> None:
    bulkhead, end = Bulkhead("hung", 1), threading.Event()
    with pytest.raises(TimeoutError):
        await bulkhead.call(lambda: end.wait(20), 0.01)
    kept = [await given_up(bulkhead) for _ in range(200)]
    await asyncio.sleep(0)  # the last one's timer is dropped
    gc.collect()
    assert [each for each in kept if each() is not None] == []
    end.set()
    assert await bulkhead.call(lambda: "well", 5.0) == "well"
    bulkhead.close()


async def test_a_call_that_is_cancelled_before_its_turn_is_never_made() -> None:
    bulkhead, begun, end, made = Bulkhead("turn", 1), threading.Event(), threading.Event(), list[int]()

    def first() -> None:
        begun.set()
        end.wait(20)

    calls = [asyncio.create_task(bulkhead.call(first, 20.0))]
    assert await asyncio.to_thread(begun.wait, 20)
    calls += [asyncio.create_task(bulkhead.call(lambda n=n: made.append(n), 20.0)) for n in (1, 2)]  # type: ignore[misc]
    await asyncio.sleep(0)
    calls[1].cancel()
    await asyncio.sleep(0)
    end.set()
    await asyncio.gather(*calls, return_exceptions=True)
    assert made == [2]
    bulkhead.close()


async def test_threads_end_with_the_bulkhead_also_where_calls_wait_behind_hung_ones() -> None:
    bulkhead, end = Bulkhead("closing", 3), threading.Event()
    await asyncio.gather(*(bulkhead.call(lambda: end.wait(20), 0.01) for _ in range(9)), return_exceptions=True)
    assert len(living("closing")) == 3
    bulkhead.close()
    end.set()
    deadline = time.monotonic() + 10
    while living("closing"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_no_more_threads_than_calls_at_once() -> None:
    bulkhead = Bulkhead("few", 8)
    for _ in range(50):
        await bulkhead.call(lambda: None, 5.0)
    assert len(living("few")) == 1
    bulkhead.close()
