"""The simulated estate: how soon it is ready, what a simulated second costs, how much it holds."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory

import msgspec
import psutil

from bench.result import Result, seconds
from connectors.simulator.estate import Estate
from connectors.simulator.serve import keep_what_is_there
from console.clock import SystemClock
from console.config import load
from console.session import Session

COMMAND = [sys.executable, "-m", "connectors.simulator", "--scenario", "viral-spike", "--until-stdin-ends"]
SETTLE = 3.0  # wall seconds
POLLED = 15.0


def run() -> Iterator[Result]:
    bare = seconds(lambda: subprocess.run([sys.executable, "-c", "import aiohttp, kafka"], check=True), 3)
    with TemporaryDirectory() as folder:
        config = Path(folder) / "seawall.toml"
        start = time.perf_counter()
        with subprocess.Popen([*COMMAND, "--config-out", str(config)], stdin=PIPE, stdout=PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            process.stdout.readline()
            ready = time.perf_counter() - start
            seen = psutil.Process(process.pid)
            memory = seen.memory_info().rss / 2**20
            spent = asyncio.run(_polled(config, seen))
            polled = seen.memory_info().rss / 2**20
            process.stdin.close()
            process.wait(10)
    yield Result("simulator: ready, with ten minutes of history", ready, "s", 2.0, f"its imports {bare:.2f} s")
    yield Result("simulator: memory when ready", memory, "MiB", 80)
    yield Result("simulator: memory while it is polled", polled, "MiB", 80)
    yield Result(
        "simulator: CPU while a console polls it", spent * 100, "% core", 5.0, f"every second, for {POLLED:g} s"
    )
    yield Result("simulator: one simulated second", _second() * 1000, "ms", 3.0, f"{os.cpu_count()} cores")


async def _polled(config: Path, process: psutil.Process) -> float:
    """Share of a core that it takes while all connectors of a console read it each second."""
    environment = load(config)
    connectors = {name: msgspec.structs.replace(each, interval=1.0) for name, each in environment.connectors.items()}
    session = Session(replace(environment, connectors=connectors), SystemClock())
    await session.start()
    await asyncio.sleep(SETTLE)
    before, start = process.cpu_times(), time.perf_counter()
    await asyncio.sleep(POLLED)
    after, taken = process.cpu_times(), time.perf_counter() - start
    await session.stop()
    return (after.user + after.system - before.user - before.system) / taken


def _second() -> float:
    """Seconds of work for one simulated second, in the middle of the spike."""
    wall = [1_000_000.0]
    estate = Estate("viral-spike", 0, 1.0, lambda: wall[0])
    keep_what_is_there()  # as it does where it runs
    taken = []
    for _ in range(300):
        wall[0] += 1.0
        start = time.perf_counter()
        estate.advance()
        taken.append(time.perf_counter() - start)
    return sum(taken) / len(taken)
