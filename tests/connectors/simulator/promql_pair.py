"""A pair that must agree: the simulated Prometheus and the real one over the same samples.

The real server gets the samples as blocks of its own database, so nothing waits for a scrape.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.exposition import line
from connectors.simulator.prometheus.store import Store
from connectors.simulator.tick import Sample
from tests.real.prometheus import program, prometheus

ORIGIN = 1_699_999_200  # wall seconds at simulated 0: a full hour, so that the grids of subqueries coincide
SPAN = range(0, 2400, 5)
GAP = range(1200, 1560)  # longer than the look-back
INSTANTS = (ORIGIN + 600, ORIGIN + 1000.5, ORIGIN + 1497.25, ORIGIN + 1503, ORIGIN + 2200)
RANGE = (ORIGIN + 590, ORIGIN + 2290, 97)  # start, end, step in seconds

PLACES = (("api", "api-1", "a"), ("api", "api-2", "b"), ("web", "web-1", ""), ("worker", "worker-1", "a"))


def place(job: str, instance: str, zone: str) -> tuple[tuple[str, str], ...]:
    return (("instance", instance), ("job", job), *([("zone", zone)] if zone else []))


def scrapes() -> list[tuple[int, list[Sample]]]:
    """Counters with resets, gauges, histograms, NaN and extremes; a gap in all of them, and a few late series."""
    rng = random.Random(7)
    counters = [0.0] * len(PLACES)
    counts = [[0.0] * len(BOUNDS) for _ in PLACES]
    made = []
    for t in SPAN:
        samples = []
        for i, spot in enumerate(PLACES):
            counters[i] = 0.0 if rng.random() < 0.01 else counters[i] + rng.randrange(0, 40)
            observe(rng, counts[i])
            samples += shown(rng, t, i, place(*spot), counters[i], counts[i])
        samples += [Sample("m_owner", (("job", "api"), ("team", "edge")), 55.0)]
        samples += [Sample("m_owner", (("job", "web"), ("team", "front")), 20.0)]
        if t not in GAP:
            made.append((t, samples))
    return made


BOUNDS = ("0.005", "0.05", "0.5", "2.5", "+Inf")


def observe(rng: random.Random, counts: list[float]) -> None:
    for _ in range(rng.randrange(1, 9)):
        spent = rng.expovariate(3.0)
        for i, bound in enumerate(BOUNDS):
            counts[i] += spent <= float(bound)


def shown(
    rng: random.Random, t: int, i: int, labels: tuple[tuple[str, str], ...], counter: float, counts: list[float]
) -> list[Sample]:
    samples = [
        Sample("m_gauge", labels, 50 + 30 * math.sin(t / 300 + i) + rng.gauss(0, 3)),
        Sample("m_flat", labels, 12.5),
        Sample("m_step", labels, float((t // 200 + i) % 3)),
        Sample("m_nan", labels, math.nan if (t // 5 + i) % 4 == 0 else rng.random()),
        Sample("m_huge", labels, 1.7e300 * (i + 1)),
        Sample("m_tiny", labels, 1.25e-9 * (i + 1)),
        Sample("m_counter_total", labels, counter, "counter"),
        Sample("m_slow_total", labels, float(t // 60), "counter"),
    ]
    if t >= 500 + 10 * i:
        samples.append(Sample("m_young_total", labels, float(t - 500), "counter"))
    for bound, count in zip(BOUNDS, counts, strict=True):
        samples.append(Sample("m_seconds_bucket", tuple(sorted((*labels, ("le", bound)))), count, "histogram"))
    samples.append(Sample("m_seconds_sum", labels, counts[-1] / 3, "histogram"))
    samples.append(Sample("m_seconds_count", labels, counts[-1], "histogram"))
    return samples


@dataclass(frozen=True, slots=True)
class Pair:
    """The two that must agree."""

    url: str
    engine: Engine


@contextmanager
def opened(directory: Path) -> Iterator[Pair]:
    """Both, for the length of a block."""
    history = scrapes()
    load(directory, history)
    store = Store()
    for t, samples in history:
        store.scrape(t * 1000, samples)
    with prometheus(directory) as url:
        yield Pair(url, Engine(store, SimClock(1.0, wall=lambda: ORIGIN)))


def load(directory: Path, history: list[tuple[int, list[Sample]]]) -> None:
    """Writes the samples as blocks. The type of a series is of no matter to a query."""
    text = directory / "samples.txt"
    rows = (f"{line(sample)} {ORIGIN + t}\n" for t, samples in history for sample in samples)
    text.write_text("".join([*rows, "# EOF\n"]))
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(text), str(directory / "data")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def ask(url: str, path: str, **form: object) -> tuple[int, dict[str, Any]]:
    body = urllib.parse.urlencode(form).encode()
    try:
        with urllib.request.urlopen(f"{url}/api/v1/{path}", body, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def normal(data: dict[str, Any]) -> list[tuple[str, list[tuple[float, str]]]]:
    """Series in one order; scalars and strings as a single series."""
    if data["resultType"] in ("scalar", "string"):
        return [("", [(data["result"][0], data["result"][1])])]
    series = [
        (json.dumps(row["metric"], sort_keys=True), [(t, v) for t, v in row.get("values") or [row["value"]]])
        for row in data["result"]
    ]
    return sorted(series)


def same_number(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    a, b = float(ours), float(theirs)
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def assert_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours["resultType"] == theirs["resultType"]
    mine, real = normal(ours), normal(theirs)
    assert [name for name, _ in mine] == [name for name, _ in real]
    for (name, ours_of), (_, theirs_of) in zip(mine, real, strict=True):
        assert [t for t, _ in ours_of] == [t for t, _ in theirs_of], name
        for (t, a), (_, b) in zip(ours_of, theirs_of, strict=True):
            assert same_number(a, b), f"{name} at {t}: {a}, but Prometheus says {b}"
