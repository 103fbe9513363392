"""The demo's screen, as a terminal sees it: first paint beside an empty Textual app, bytes, CPU, memory, keys."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator

from bench.result import Result
from bench.terminal import Terminal

EMPTY = "from textual.app import App\nfrom textual.widgets import Static\n" + (
    "class Empty(App):\n    def compose(self):\n        yield Static('empty-app')\nEmpty().run()"
)
DEMO = [sys.executable, "-m", "console.cli", "demo"]
SETTLE = 8.0  # seconds after the first paint before the steady state is measured
STEADY = 15.0
PAINTS = 9


def run() -> Iterator[Result]:
    yield _paint()
    yield from _steady(80, 24, 2048)
    yield from _steady(120, 40, 4096)


def _paint() -> Result:
    empty, demo = [], []
    for _ in range(PAINTS):  # in turns, so that both see the same machine
        empty.append(_first([sys.executable, "-c", EMPTY], "empty-app"))
        demo.append(_first(DEMO, "gateway"))
    base = statistics.median(empty)
    beside = f"empty {base * 1000:.0f} ms"
    return Result("first paint: of an empty Textual app", statistics.median(demo) / base, "x", 1.6, beside)


def _first(command: list[str], marker: str) -> float:
    with Terminal(command, 80, 24) as terminal:
        return terminal.until(lambda text: marker in text, 30)


def _steady(columns: int, lines: int, budget: float) -> Iterator[Result]:
    size = f"{columns}x{lines}"
    with Terminal(DEMO, columns, lines) as terminal:
        terminal.until(lambda text: "gateway" in text, 30)
        terminal.watch(SETTLE)
        process = terminal.process
        before = process.cpu_times()
        written = terminal.watch(STEADY)
        after = process.cpu_times()
        spent = after.user + after.system - before.user - before.system
        yield Result(f"bytes a second at {size}", written / STEADY, "B/s", budget)
        yield Result(f"CPU of the console at {size}", spent / STEADY * 100, "%", 5)
        yield Result(f"memory of the console at {size}", process.memory_info().rss / 2**20, "MiB", 120)
        yield Result(f"key to screen at {size}, p95", _keys(terminal) * 1000, "ms", 50)


def _keys(terminal: Terminal) -> float:
    """Seconds from ``3`` to the lag and from ``1`` back to the topology; the 95th percentile of sixty presses."""
    taken = [_key(terminal, key, marker) for _ in range(30) for key, marker in (("3", "GROUP"), ("1", "gateway"))]
    return statistics.quantiles(taken, n=20, method="inclusive")[-1]


def _key(terminal: Terminal, key: str, marker: str) -> float:
    taken = terminal.answer(key, marker.encode(), 5)
    terminal.watch(0.2)
    return taken
