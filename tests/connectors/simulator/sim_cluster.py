"""A simulated cluster for tests: time moves only when a test says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from connectors.simulator.clock import SimClock
from connectors.simulator.kubernetes import KubernetesWire
from connectors.simulator.kubernetes.options import KubernetesOptions
from connectors.simulator.tick import Cache, Tick, Usage

OPENED = 1_760_000_000.0  # wall seconds at simulated second 0
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
SHOP_DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
SHOP_HPAS = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
SHOP_PODS = "/api/v1/namespaces/shop/pods"


def tick(t: int, api: float = 0.5, workers: float = 0.4, growth: float = 0.0) -> Tick:
    """One second in which pods use these shares of their CPU requests, and each API pod leaks ``growth`` bytes."""
    cache = Cache(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0)
    used = {
        "api": Usage(api, 300 * 2**20, growth=growth),
        "workers": Usage(workers, 200 * 2**20),
        "gateway": Usage(0.25, 96 * 2**20),
        "web": Usage(0.25, 96 * 2**20),
    }
    return Tick(t, cache, (), used)


class Time:
    """Wall time that a test moves."""

    def __init__(self) -> None:
        self.now = OPENED

    def __call__(self) -> float:
        return self.now


class Cluster:
    """A wire, the time it lives in, and steps through that time."""

    def __init__(self, seed: int = 7, options: KubernetesOptions | None = None) -> None:
        self.time = Time()
        self.wire = KubernetesWire(SimClock(wall=self.time), seed, options)
        self.t = 0

    def run(self, seconds: int, api: float = 0.5, workers: float = 0.4, growth: float = 0.0) -> None:
        """That many simulated seconds under a constant load."""
        for _ in range(seconds):
            self.t += 1
            self.time.now = OPENED + self.t
            self.wire.step(self.t, tick(self.t, api, workers, growth))


class Client:
    """Plain HTTP, so that a test sees what is on the wire."""

    def __init__(self, session: aiohttp.ClientSession, wire: KubernetesWire) -> None:
        self.session = session
        self.wire = wire

    async def call(
        self, method: str, path: str, body: Any = None, media: str = "application/json", **headers: str
    ) -> tuple[int, Any]:
        """The code and the decoded body; ``body`` is sent as it is where it is bytes."""
        sent = {"Authorization": f"Bearer {self.wire.token}", **headers}
        options: dict[str, Any] = {"headers": sent}
        if body is not None:
            sent["Content-Type"] = media
            options["data" if isinstance(body, bytes) else "json"] = body
        async with self.session.request(method, self.wire.url + path, **options) as answer:
            return answer.status, await answer.json(content_type=None)

    async def get(self, path: str, **headers: str) -> Any:
        """The body of a successful GET."""
        code, body = await self.call("GET", path, **headers)
        assert code == 200, body
        return body

    async def patch(self, path: str, body: Any, media: str = MERGE) -> tuple[int, Any]:
        return await self.call("PATCH", path, body, media)


@asynccontextmanager
async def served(cluster: Cluster) -> AsyncIterator[Client]:
    """The cluster on a loopback port, and a client of it."""
    await cluster.wire.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Client(session, cluster.wire)
    finally:
        await cluster.wire.stop()
