"""One whole reading of a large estate by a session, all judgement included: every source at its size, side by side.

50,000 pods in 2,000 workloads, followed by watches that bring 2,000 events a second; 200 Kafka groups of 50 partitions
on 6 brokers; a Redis Cluster of 12 nodes, 40 ms away; 40 queries to a real Prometheus. Each is served from a process of
its own, and this one only reads, as a console without a screen.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench import connector_kubernetes, connector_prometheus, kafka_estate, redis_estate
from bench.result import Result
from connectors.presets import Query
from connectors.settings import kafka, kubernetes, prometheus, redis
from console.clock import SystemClock
from console.config import Environment
from console.model.layout import Layout, Placement
from console.model.signal import Unit
from console.model.topology import Topology
from console.session import Session

EVERY = 5.0  # wall seconds between two readings
ROUNDS = 5
QUERIES = 40


def run() -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as folder, _estate(Path(folder)) as environment:
        wall, share, idle = asyncio.run(_measured(environment))
    beside = f"{share - idle:.0f} % but for following the watches"
    yield Result("a whole reading of a large estate", wall, "s", 1.0, "median of the slowest source")
    yield Result(f"the same every {EVERY:g} s", share, "%", 20.0, f"of one core; {beside}")


@contextmanager
def _estate(folder: Path) -> Iterator[Environment]:
    with ExitStack() as stack:
        places = stack.enter_context(kafka_estate.started())
        ports = stack.enter_context(redis_estate.started())
        kubeconfig = stack.enter_context(connector_kubernetes.served(folder))
        url = stack.enter_context(connector_prometheus.filled(folder))
        nodes = {f"10.0.0.{index}:6379": f"127.0.0.1:{port}" for index, port in enumerate(ports)}
        settings: dict[str, msgspec.Struct] = {
            "prometheus": prometheus.Settings(url=url, timeout=10.0),
            "kafka": kafka.Settings(bootstrap=places.near, timeout=10.0),
            "redis": redis.Settings(nodes=("10.0.0.0:6379",), address_map=nodes, timeout=10.0),
            "kubernetes": kubernetes.Settings(kubeconfig=kubeconfig, namespaces=("*",), timeout=10.0),
        }
        yield _environment(folder, settings)


def _environment(folder: Path, settings: Mapping[str, msgspec.Struct]) -> Environment:
    """Twenty lines of the topology, and all else that is seen beside them."""
    queries = tuple(
        Query(f"prometheus/q{n % 8}", f"s{n}", f'rate(took_count{{pod="p{n}"}}[5m])', Unit.PER_SECOND)
        for n in range(QUERIES)
    )
    ids = [
        *(f"prometheus/q{n}" for n in range(8)),
        *(f"kafka/group/group-{n}" for n in range(5)),
        *(f"kubernetes/deployment/team-{n:02d}/deployment-{n:04d}" for n in range(6)),
        "redis/cache",
    ]
    placements = tuple(Placement(f"line-{n}", "layer", each) for n, each in enumerate(ids))
    layout = Layout(placements, interval=EVERY)
    return Environment("large", False, False, 1.0, None, EVERY, layout, settings, queries, folder / "x.toml", folder)


async def _measured(environment: Environment) -> tuple[float, float, float]:
    """Wall seconds of a reading; the shares of a core that readings every five seconds take, and that none take."""
    session = Session(environment, SystemClock())
    try:
        for _ in range(3):  # logs in, lists, begins to watch
            _check(await session.read_now())
            await asyncio.sleep(1.0)
        idle = await _share(session, 0)
        walls: list[float] = []
        share = await _share(session, ROUNDS, walls)
        return statistics.median(walls), share, idle
    finally:
        await session.stop()


async def _share(session: Session, rounds: int, walls: list[float] | None = None) -> float:
    """Per cent of a core over so many intervals, one reading in each; over one interval without any for 0."""
    process, start = time.process_time(), time.perf_counter()
    for number in range(max(rounds, 1)):
        if walls is not None:
            began = time.perf_counter()
            _check(await session.read_now())
            walls.append(time.perf_counter() - began)
        await asyncio.sleep(max(0.0, start + (number + 1) * EVERY - time.perf_counter()))
    return 100 * (time.process_time() - process) / (time.perf_counter() - start)


def _check(topology: Topology) -> None:
    for source in topology.sources.values():
        assert source.failure is None, source.failure
        assert source.snapshot is not None
        assert not source.snapshot.problems, source.snapshot.problems[:3]
    assert len(topology.observed) > 2800 + 200 + 12
