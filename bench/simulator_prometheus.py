"""The simulated Prometheus: what a scrape, the rules and the console's poll cost, and what a series holds.

The estate is a shop in a spike: fifty API pods on four machines, exported pod by pod.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator

from bench.result import Result, seconds
from connectors.presets import presets, queries_for
from connectors.simulator.clock import SimClock
from connectors.simulator.exporters import Cluster, Node, Pod, Scraper
from connectors.simulator.model import Model
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.evaluation import Evaluation
from connectors.simulator.prometheus.parameters import Span
from connectors.simulator.prometheus.rules import default_rules
from connectors.simulator.prometheus.store import Store
from connectors.simulator.scenarios import SCENARIOS
from connectors.simulator.tick import Levers, Pods, Sample, Tick

PODS = {"api": Pods(50, desired=50), "workers": Pods(4, desired=4), "gateway": Pods(3, desired=3)}
HOUR = 3600
FILLED = 1200  # simulated seconds whose bytes are counted
SCRAPE = 5  # simulated seconds
EVALUATION = 15
RANGE = "histogram_quantile(0.95, sum by (le) (rate(nginx_ingress_controller_request_duration_seconds_bucket[1m])))"


def run() -> Iterator[Result]:
    cluster, scraper = spike(), Scraper()
    ticks = [tick for tick in lived(600) if tick.t % SCRAPE == 0]
    scrapes = [tuple(scraper.samples(tick, cluster)) for tick in ticks]
    count = len(scrapes[-1])
    yield Result(
        "prometheus: a scrape, a simulated second", scraped(ticks, cluster) * 1000, "ms", 4.0, f"{count} series"
    )
    engine, held = filled(scrapes)
    yield Result("prometheus: an hour of 1,000 series", held / len(engine.store) * 1000 / 2**20, "MiB", 12.0)
    yield Result("prometheus: all rules, a simulated second", ruled(engine) * 1000, "ms", 1.0)
    asked = [query.expr for name in presets() for query in queries_for("prometheus/x", name, "")]
    queries = [expr for expr in asked if engine.instant(expr, 0)["result"]]  # of exporters that the estate has
    poll = seconds(lambda: [engine.instant(query, 0) for query in queries], 9)
    yield Result("prometheus: a poll of every preset", poll * 1000, "ms", 60.0, f"{len(queries)} queries")
    hour = Span(-HOUR, 0, 15)
    yield Result(
        "prometheus: a p95 over an hour", seconds(lambda: engine.over_range(RANGE, hour), 5) * 1000, "ms", 150.0
    )


def spike() -> Cluster:
    """What the wires tell of it."""
    pods = tuple(
        Pod(f"{name}-{i}", name, f"node-{i % 4}", f"{name}-1", uid=f"{name}{i}")
        for name, found in PODS.items()
        for i in range(found.ready)
    )
    return Cluster(PODS, {"api": (5, 50, 50, 50)}, pods=pods, nodes=tuple(Node(f"node-{i}") for i in range(4)))


def lived(length: int) -> Iterator[Tick]:
    model = Model(SCENARIOS["viral-spike"], 0)
    for t in range(length):
        yield model.step(t, Levers(PODS))


def scraped(ticks: list[Tick], cluster: Cluster) -> float:
    """Seconds of making and storing a scrape, shared out over the simulated seconds between two of them."""
    scraper, store, taken = Scraper(), Store(), []
    for tick in ticks:
        begin = time.process_time()
        store.scrape(tick.t * 1000, scraper.samples(tick, cluster))
        taken.append(time.process_time() - begin)
    return sum(taken[1:]) / len(taken[1:]) / SCRAPE


def filled(scrapes: list[tuple[Sample, ...]]) -> tuple[Engine, float]:
    """An hour up to now, and the bytes that it holds, by those of its first third."""
    store = Store()
    store.scrape(-HOUR * 1000, scrapes[0])
    gc.collect()
    tracemalloc.start()
    held = 0.0
    for t in range(SCRAPE - HOUR, 1, SCRAPE):
        store.scrape(t * 1000, scrapes[t // SCRAPE % len(scrapes)])
        if t == FILLED - HOUR:
            held = tracemalloc.get_traced_memory()[0] * HOUR / FILLED
            tracemalloc.stop()
    return Engine(store, SimClock(1.0, wall=lambda: 0.0)), held


def ruled(engine: Engine) -> float:
    """Seconds of one evaluation of all groups, shared out over the simulated seconds between two of them."""
    evaluation, taken = Evaluation(engine, default_rules()), []
    for i in range(1, 10):
        begin = time.process_time()
        evaluation.step(i * EVALUATION * 1000)
        taken.append(time.process_time() - begin)
    return sorted(taken)[len(taken) // 2] / EVALUATION
