"""Runs the estate: for the verb ``seawall simulate``, and as a child process of its own."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connectors.simulator.architecture import DEFAULT
from connectors.simulator.commands import BadCommand, obey
from connectors.simulator.estate import Addresses, Estate
from connectors.simulator.files import keep_pace, leave
from connectors.simulator.listening import lines_of, may_be_read
from connectors.simulator.options import PLAIN, Options


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run. ``until_stdin_ends``: no longer than the process that started it."""

    scenario: str
    architecture: str = DEFAULT
    options: Options = PLAIN
    seed: int = 0
    speed: float = 1.0
    config_out: Path | None = None
    env_out: Path | None = None
    until_stdin_ends: bool = False


async def simulate(order: Order, say: Callable[[str], None], stop: asyncio.Event) -> None:
    """Runs an estate until ``stop`` is set.

    ``say`` gets one line when every port answers and every file is there, and an answer to each line on standard
    input. Raises UnknownScenario before anything is opened, and OSError where a file or port cannot be had.
    """
    estate = Estate(order.scenario, order.seed, order.speed, architecture=order.architecture, options=order.options)
    try:
        addresses = await estate.start()
        leave(addresses, estate.architecture, estate.clock, order.config_out, order.env_out)
        keep_what_is_there()
        say(ready_line(addresses))
        await _until(stop, estate, _listen(estate, order, say, stop))
    finally:
        await estate.stop()


def keep_what_is_there() -> None:
    """What was loaded and opened stays: the collector need not look at it again, nor while it is being made."""
    gc.freeze()
    gc.enable()


def ready_line(addresses: Addresses) -> str:
    """One line that says where everything is."""
    return (
        f"ready prometheus={addresses.prometheus} kafka={','.join(addresses.kafka)}"
        f" redis={addresses.redis} kubernetes={addresses.kubernetes}"
    )


async def _listen(estate: Estate, order: Order, say: Callable[[str], None], stop: asyncio.Event) -> None:
    """Obeys standard input, line by line; its end is the end of the estate where that was ordered."""
    if not (order.until_stdin_ends or may_be_read(sys.stdin)):
        return
    async for line in lines_of(sys.stdin):
        try:
            answer = await obey(estate, line)
        except BadCommand as error:
            say(f"error: {error}")
            continue
        keep_pace(estate.clock, order.config_out)
        if answer:
            say(answer)
    if order.until_stdin_ends:
        stop.set()


async def _until(stop: asyncio.Event, estate: Estate, listening: Coroutine[None, None, None]) -> None:
    """Runs the estate until told to stop; an error inside it ends it at once."""
    running = [asyncio.ensure_future(estate.run()), asyncio.ensure_future(listening)]
    stopping = asyncio.ensure_future(stop.wait())
    while not stopping.done():
        done, _ = await asyncio.wait((stopping, *running), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        running = [task for task in running if not task.done()]
    for task in running:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
