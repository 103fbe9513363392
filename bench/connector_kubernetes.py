"""A cluster of 50,000 pods in 2,000 workloads: what reading it costs, beside receiving the same bytes.

The baseline of a list is the same requests over the same transport in the same threads, read and thrown away. The
server sends bytes that are ready, from another process, over TLS, as fast as a real one makes them. What a reading does
beyond receiving is processor time, and is counted as that, as if none of it overlapped with the waiting: so the ratio
is the upper bound of what a quiet machine shows, and a busy one hardly moves it. The wall times stand beside it, and so
does the ratio to bytes that come as fast as loopback takes them, which no API server sends: there is no waiting in
which anything could be decoded.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import psutil
import trustme

from bench.kubernetes_estate import AUTOSCALERS, DAEMON_SETS, DEPLOYMENTS, PACED, PODS, RATE, STATEFUL_SETS
from bench.result import Result
from connectors.failure import Failed
from connectors.kubernetes import KubernetesConnector, open_connector
from connectors.kubernetes.client import PAGE, Api
from connectors.kubernetes.resources import EVERYWHERE, READ, Resource
from connectors.settings.kubernetes import Settings
from console.clock import SystemClock
from console.model.snapshot import Detail, Snapshot

WORKLOADS = DEPLOYMENTS + STATEFUL_SETS + DAEMON_SETS
ROUNDS = 5
WATCHED = 5.0  # seconds
CONTINUE = re.compile(rb'"continue": "([^"]+)"')


def run() -> Iterator[Result]:
    yield from asyncio.run(_measured())


async def _measured() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as path:
        reading, *others = [*await _listed(path), *await _watched(path)]
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), 0.0) as path:
        bare = await _bare(path)
    return [replace(reading, beside=f"{reading.beside}; {bare}"), *others]


async def _bare(path: str) -> str:
    """The same ratio where the bytes are there at once."""
    async with _opened(path, watch=False) as connector:
        api = await connector._entrance.open()
        read = await _cost(connector.read)
        received = await _cost(lambda: _received(connector, api))
    return f"at loopback's pace {_ratio(read, received):.1f} times {received.wall * 1000:.0f} ms"


async def _listed(path: str) -> list[Result]:
    """One reading that lists everything; its memory; a drill-down; and what the official client's models take."""
    async with _opened(path, watch=False) as connector:
        api = await connector._entrance.open()
        gc.collect()
        before = psutil.Process().memory_info().rss
        read = await _cost(connector.read)
        grown = (psutil.Process().memory_info().rss - before) / 2**20
        seen = await connector.read()
        assert isinstance(seen, Snapshot), seen
        assert len(seen.components) == WORKLOADS + AUTOSCALERS
        received = await _cost(lambda: _received(connector, api))
        drilled = await _cost(lambda: _pods(connector))
        typed = await _cost(lambda: asyncio.to_thread(_typed, api), 1)
    size = f"{WORKLOADS} workloads of {PODS} pods"
    models = f"of the deployments alone: {typed.process:.1f} s of processor time"
    pods = f"wall {drilled.wall * 1000:.0f} ms; beside the typed deployments"
    beside = f"wall {read.wall * 1000:.0f} ms; bytes alone {received.wall * 1000:.0f} ms"
    return [
        Result(f"kubernetes: reading {size}", _ratio(read, received), "times", 1.5, beside),
        Result("kubernetes: the processor's part in it", read.process, "s", 0.5, "of every thread"),
        Result(f"kubernetes: memory of {size}", grown, "MiB", 60.0, "growth over five readings"),
        Result("kubernetes: the same beside typed models", read.process / typed.process, "times", 0.2, models),
        Result("kubernetes: the pods of one of them", drilled.process / typed.process, "times", 0.1, pods),
    ]


async def _watched(path: str) -> list[Result]:
    """The processor's share of following so many events a second, and of a reading from what is watched."""
    async with _opened(path, watch=True) as connector:
        for _ in range(3):
            assert isinstance(await connector.read(), Snapshot)
            await asyncio.sleep(0.5)
        process, start = time.process_time(), time.perf_counter()
        await asyncio.sleep(WATCHED)
        share = 100 * (time.process_time() - process) / (time.perf_counter() - start)
        steady = await _cost(connector.read)
    return [
        Result(f"kubernetes: following {RATE} events a second", share, "%", 25.0, "of one core"),
        Result("kubernetes: reading what is watched", steady.wall, "s", 1.0, f"under {RATE} events a second"),
    ]


async def _received(connector: KubernetesConnector, api: Api) -> None:
    """Every list that a reading makes, in the same threads, thrown away."""
    await asyncio.gather(*(connector._ask(api, _thrown(api, resource)) for resource in READ))


def _thrown(api: Api, resource: Resource) -> Callable[[], None]:
    return lambda: _throw(api, resource)


def _throw(api: Api, resource: Resource) -> None:
    after: str | None = ""
    while after is not None:
        query = [("limit", str(PAGE)), *([("continue", after)] if after else [])]
        try:
            data = api._send("GET", resource.path(EVERYWHERE), query)
        except Failed:
            return
        found = CONTINUE.search(data, 0, 100)
        after = found.group(1).decode() if found else None


async def _pods(connector: KubernetesConnector) -> None:
    detail = await connector.inspect("kubernetes/deployment/team-01/deployment-0001")
    assert isinstance(detail, Detail), detail
    assert detail.rows


def _typed(api: Api) -> None:
    from kubernetes.client import AppsV1Api

    apps, after = AppsV1Api(api._client), None
    while True:
        page = apps.list_deployment_for_all_namespaces(limit=PAGE, _continue=after)
        after = page.metadata._continue
        if not after:
            return


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians of one call, in seconds: on the wall, and of this process's processor time in all threads."""

    wall: float
    process: float


def _ratio(read: Cost, received: Cost) -> float:
    """Of receiving, when all that a reading computes beyond it is put at its end."""
    return (received.wall + read.process - received.process) / received.wall


async def _cost(ask: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> Cost:
    walls, processes = [], []
    for _ in range(rounds):
        wall, process = time.perf_counter(), time.process_time()
        await ask()
        walls.append(time.perf_counter() - wall)
        processes.append(time.process_time() - process)
    return Cost(median(walls), median(processes))


@contextmanager
def served(folder: Path, pace: float = PACED) -> Iterator[str]:
    """The path of a kubeconfig of the estate's server, which sends so many bytes a second and connection; 0: any."""
    authority = trustme.CA()
    chain = folder / "chain.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(chain))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    command = [sys.executable, "-m", "bench.kubernetes_estate", str(chain), str(pace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            url = f"https://127.0.0.1:{server.stdout.readline().strip()}"
            path = folder / "kubeconfig"
            path.write_text(json.dumps(_kubeconfig(url)))
            yield str(path)
        finally:
            server.kill()


def _kubeconfig(url: str) -> dict[str, object]:
    return {
        "current-context": "large",
        "contexts": [{"name": "large", "context": {"cluster": "large", "user": "me"}}],
        "clusters": [{"name": "large", "cluster": {"server": url, "certificate-authority": "ca.pem"}}],
        "users": [{"name": "me", "user": {"token": "large"}}],
    }


@asynccontextmanager
async def _opened(path: str, watch: bool) -> AsyncIterator[KubernetesConnector]:
    settings = Settings(kubeconfig=path, namespaces=("*",), timeout=10.0, watch=watch)
    connector = open_connector("kubernetes", settings, SystemClock())
    assert isinstance(connector, KubernetesConnector)
    try:
        yield connector
    finally:
        await connector.close()
