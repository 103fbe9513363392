"""Runs the estate: for the verb ``seawall simulate``, and as a child process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from connectors.simulator.estate import Addresses, Estate
from connectors.simulator.files import leave


async def simulate(
    scenario: str,
    seed: int,
    speed: float,
    config_out: Path | None,
    env_out: Path | None,
    announce: Callable[[str], None],
    stop: asyncio.Event,
) -> None:
    """Runs a scenario until ``stop`` is set. ``announce`` gets one line when every port answers and every file is
    there. Raises UnknownScenario before anything is opened, and OSError where a file or port cannot be had."""
    estate = Estate(scenario, seed, speed)
    try:
        addresses = await estate.start()
        leave(addresses, speed, config_out, env_out)
        announce(ready_line(addresses))
        await _until(stop, estate)
    finally:
        await estate.stop()


def ready_line(addresses: Addresses) -> str:
    """One line that says where everything is."""
    return (
        f"ready prometheus={addresses.prometheus} kafka={','.join(addresses.kafka)}"
        f" redis={addresses.redis} kubernetes={addresses.kubernetes}"
    )


async def _until(stop: asyncio.Event, estate: Estate) -> None:
    """Runs the estate until told to stop; an error inside it ends it at once."""
    running = asyncio.ensure_future(estate.run())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if running.done():
        running.result()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
