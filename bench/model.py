"""The fold of one reading into the topology: of the demo's size, and of a large estate's."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench.result import Result, seconds
from console.model.layout import Layout, Placement
from console.model.observe import empty, observe
from console.model.signal import Counter, Signal, Unit
from console.model.snapshot import Observed, Snapshot

PLACED = 12
LARGE = 4000  # components seen, of which PLACED have a line


def run() -> Iterator[Result]:
    small, large = _fold(PLACED), _fold(LARGE)
    document = _document(LARGE)
    encode = seconds(lambda: json.dumps(document), 30)
    yield Result("observe, 4,000 seen: of encoding as many", large / encode, "x", 8, f"json {encode * 1e3:.1f} ms")
    yield Result("observe, 12 components", small * 1000, "ms", 10)
    yield Result("observe, 4,000 seen and 12 placed", large * 1000, "ms", 60)


def _snapshot(count: int, at: float) -> Snapshot:
    return Snapshot("kafka", at, 0.01, tuple(_group(index, at) for index in range(count)))


def _group(index: int, at: float) -> Observed:
    signals = tuple(Signal(name, index + at, Unit.COUNT, at, "kafka") for name in ("lag", "members", "partitions"))
    counters = (
        Counter("consumed_total", at * 100, "consumed", at, "kafka"),
        Counter("produced_total", at * 110, "produced", at, "kafka"),
    )
    return Observed(f"kafka/group/{index}", signals, counters)


def _document(count: int) -> list[dict[str, object]]:
    return [{"id": f"kafka/group/{index}", "lag": index, "members": 3, "partitions": 8} for index in range(count)]


def _fold(count: int) -> float:
    placements = tuple(Placement(f"g{index}", "queue", f"kafka/group/{index}") for index in range(PLACED))
    topology = empty(Layout(placements))
    for second in range(360):  # a full history, at the placed size
        topology = observe(topology, _snapshot(PLACED, float(second)))
    topology = observe(topology, _snapshot(count, 360.0))
    later = _snapshot(count, 361.0)
    return seconds(lambda: observe(topology, later), 30)
