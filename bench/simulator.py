"""The simulated estate: how soon it is ready, what a simulated second costs, how much it holds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil

from bench.result import Result, seconds
from connectors.simulator.estate import Estate

COMMAND = [sys.executable, "-m", "connectors.simulator", "--scenario", "viral-spike", "--until-stdin-ends"]


def run() -> Iterator[Result]:
    bare = seconds(lambda: subprocess.run([sys.executable, "-c", "import aiohttp, kafka"], check=True), 3)
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    start = time.perf_counter()
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    ready = time.perf_counter() - start
    memory = psutil.Process(process.pid).memory_info().rss / 2**20
    process.stdin.close()
    process.wait(10)
    yield Result("simulator: ready, with ten minutes of history", ready, "s", 2.0, f"its imports {bare:.2f} s")
    yield Result("simulator: memory when ready", memory, "MiB", 80)
    yield Result("simulator: one simulated second", _second() * 1000, "ms", 3.0, f"{os.cpu_count()} cores")


def _second() -> float:
    """Seconds of work for one simulated second, in the middle of the spike."""
    wall = [1_000_000.0]
    estate = Estate("viral-spike", 0, 1.0, lambda: wall[0])
    taken = []
    for _ in range(300):
        wall[0] += 1.0
        start = time.perf_counter()
        estate.advance()
        taken.append(time.perf_counter() - start)
    return sum(taken) / len(taken)
