"""The whole estate: a crisis and its remedies, pulled over the wires by ordinary clients."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from kafka import KafkaConsumer, TopicPartition
from redis.asyncio import Redis

from connectors.simulator.estate import AT_ONCE, HISTORY, SCRAPE, Addresses, Estate
from connectors.simulator.exporters import RESOURCES
from connectors.simulator.files import leave
from connectors.simulator.scenarios import FAULT, UnknownScenario
from console.config import load
from console.model.component import name_of

START = 1_800_000_000.0
ACT = int(FAULT) + 90
END = int(FAULT) + 900


@dataclass(slots=True)
class Wall:
    """The outside world's clock, moved by the test."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Shop:
    """An estate that is up, and the test's ways to reach it."""

    estate: Estate
    wall: Wall
    at: Addresses
    http: aiohttp.ClientSession
    redis: Redis

    def until(self, t: int) -> list[float]:
        """Lets time pass until simulated second ``t``; the origin's success in each second on the way."""
        shares = []
        while self.estate.tick.t < t:
            self.wall.now += 1
            assert self.estate.advance() == 1
            shares.append(self.estate.tick.success_origin)
        return shares

    async def asked(self, query: str) -> list[float]:
        """The values of the series that Prometheus answers with, now."""
        url = f"{self.at.prometheus}/api/v1/query"
        async with self.http.get(url, params={"query": query, "time": str(self.wall.now)}) as answer:
            result = (await answer.json())["data"]["result"]
        return [float(series["value"][1]) for series in result]

    async def signals(self, directory: Path) -> dict[str, float]:
        """Everything that the demo's config asks Prometheus for; each is one series."""
        config = directory / "seawall.toml"
        leave(self.at, self.estate.architecture, self.estate.clock, config, None)
        found = {}
        for query in load(config).queries:
            (found[f"{name_of(query.component)}.{query.signal}"],) = await self.asked(query.expr)
        return found

    async def one(self, query: str) -> float:
        """The value of the one series that a query finds."""
        (value,) = await self.asked(query)
        return value

    async def objects(self, path: str) -> list[Any]:
        """What the Kubernetes API lists there."""
        headers = {"Authorization": f"Bearer {self.estate.kubernetes.token}"}
        async with self.http.get(f"{self.at.kubernetes}{path}", headers=headers) as answer:
            return list((await answer.json())["items"])

    async def flag(self, field: str, **document: object) -> None:
        await self.redis.hset("seawall:flags", field, json.dumps(document))

    async def patch(self, path: str, body: object) -> None:
        headers = {
            "Authorization": f"Bearer {self.estate.kubernetes.token}",
            "Content-Type": "application/merge-patch+json",
        }
        async with self.http.patch(f"{self.at.kubernetes}{path}", data=json.dumps(body), headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async def capacity(self) -> None:
        path = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/api"
        behavior = {"scaleDown": {"selectPolicy": "Disabled"}}
        await self.patch(path, {"spec": {"minReplicas": 20, "maxReplicas": 100, "behavior": behavior}})

    async def remedies(self) -> None:
        await self.capacity()
        await self.flag("ttl.catalog", value=600)
        await self.flag("rate.user", value=100)
        for feature in ("recommendations", "reviews", "search_suggest"):
            await self.flag(f"flag.{feature}", on=False)


@asynccontextmanager
async def opened(scenario: str) -> AsyncIterator[Shop]:
    wall = Wall()
    estate = Estate(scenario, wall=wall)
    at = await estate.start()
    redis = Redis.from_url(at.redis)
    try:
        async with aiohttp.ClientSession() as http:
            yield Shop(estate, wall, at, http, redis)
    finally:
        await redis.aclose()
        await estate.stop()


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with opened("viral-spike") as shop:
        yield shop


async def test_without_action_the_origin_fails_most_requests(shop: Shop) -> None:
    shares = shop.until(END)
    assert sum(shares[-300:]) / 300 < 0.30
    assert shop.estate.tick.success < 0.70


async def test_the_remedies_pulled_over_the_wires_keep_it_answering(shop: Shop, tmp_path: Path) -> None:
    shop.until(ACT)
    await shop.remedies()
    shares = shop.until(END)
    assert sum(shares[-120:]) / 120 > 0.95
    assert shop.estate.levers().pods_of("api").ready > 40
    assert shop.estate.tick.gauges["orders.lag"] < 500
    signals = await shop.signals(tmp_path)
    assert signals["gateway.p95"] < 0.2
    assert signals["gateway.errors"] < 0.001
    assert signals["api.cpu"] < 0.7
    assert signals["database.connections_ratio"] < 0.8


async def test_a_deployment_scaled_over_the_wire_has_more_workers_soon(shop: Shop) -> None:
    await shop.patch("/apis/apps/v1/namespaces/shop/deployments/workers", {"spec": {"replicas": 8}})
    shop.until(90)
    assert shop.estate.levers().pods_of("workers").ready == 8


async def test_a_gateway_scaled_away_answers_nobody(shop: Shop) -> None:
    shop.until(10)
    await shop.patch("/apis/apps/v1/namespaces/shop/deployments/gateway", {"spec": {"replicas": 0}})
    shop.until(50)  # before the fault; its pods take their leave first
    assert shop.estate.tick.success_origin == 0
    assert shop.estate.tick.success < 0.95
    (refused,) = await shop.asked('rate(nginx_ingress_controller_requests{status="503"}[10s])')
    assert refused > 100


async def test_every_wire_tells_the_same_numbers(shop: Shop) -> None:
    shop.until(ACT)
    await shop.capacity()
    await shop.patch("/apis/apps/v1/namespaces/shop/deployments/workers", {"spec": {"replicas": 6}})
    shop.until(ACT + SCRAPE)  # a second at which Prometheus has just scraped
    await _as_the_cluster_says(shop)
    info = await shop.redis.info()
    assert info["db0"]["keys"] == await shop.redis.dbsize() == await shop.one("redis_db_keys")
    assert info["keyspace_hits"] == await shop.one("redis_keyspace_hits_total")
    assert info["expired_keys"] == await shop.one("redis_expired_keys_total")
    assert info["used_memory"] == await shop.one("redis_memory_used_bytes")
    for (topic, index), offset in (await asyncio.to_thread(ends, shop.at.kafka)).items():
        series = f'kafka_topic_partition_current_offset{{topic="{topic}",partition="{index}"}}'
        assert await shop.one(series) == offset


def ends(bootstrap: tuple[str, ...]) -> dict[TopicPartition, int]:
    """The end offset of each partition that a Kafka client sees."""
    with KafkaConsumer(bootstrap_servers=list(bootstrap)) as consumer:
        parts = [TopicPartition(name, n) for name in consumer.topics() for n in consumer.partitions_for_topic(name)]
        found: dict[TopicPartition, int] = consumer.end_offsets(parts)
        assert len(found) == 14
        return found


def quantity(text: str) -> float:
    """A Kubernetes quantity as a number: ``250m`` cores, ``256Mi`` bytes."""
    number, unit = text.rstrip("mMi"), text.lstrip("0123456789")
    return float(number) * {"": 1.0, "m": 0.001, "Mi": 2.0**20}[unit]


async def _as_the_cluster_says(shop: Shop) -> None:
    for deployment in await shop.objects("/apis/apps/v1/namespaces/shop/deployments"):
        name, spec, status = deployment["metadata"]["name"], deployment["spec"], deployment["status"]
        where = f'{{deployment="{name}"}}'
        assert spec["replicas"] == await shop.one(f"kube_deployment_spec_replicas{where}")
        assert status["readyReplicas"] == await shop.one(f"kube_deployment_status_replicas_ready{where}")
        (container,) = spec["template"]["spec"]["containers"]
        for (kind, resource), amount in RESOURCES.get(name, {}).items():
            assert quantity(container["resources"][kind][resource]) == amount
            series = f'sum(kube_pod_container_resource_{kind}{{container="{name}",resource="{resource}"}})'
            assert await shop.one(series) == amount * status["replicas"]
    (hpa,) = await shop.objects("/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers")
    for series, part in (("spec_max", "spec"), ("status_current", "status"), ("status_desired", "status")):
        field = f"{series.partition('_')[2]}Replicas"
        assert hpa[part][field] == await shop.one(f"kube_horizontalpodautoscaler_{series}_replicas")


async def test_a_flag_past_its_end_is_not_obeyed_any_more(shop: Shop) -> None:
    shop.until(1)
    await shop.flag("ttl.catalog", value=600, until=shop.wall.now + 10, **{"else": 90})
    assert shop.estate.levers().ttl["catalog"] == 600
    shop.until(20)
    assert shop.estate.levers().ttl["catalog"] == 90


async def test_every_signal_of_the_demo_is_one_number_and_an_ordinary_day_is_healthy(tmp_path: Path) -> None:
    async with opened("calm") as calm:
        signals = await calm.signals(tmp_path)
        calm.wall.now -= HISTORY - 120
        (long_ago,) = await calm.asked("rate(users_requests_total[1m])")
    assert long_ago == pytest.approx(signals["users.rate"], rel=0.3)  # ten minutes of history are there at once
    assert all(isfinite(value) for value in signals.values())
    assert signals["gateway.errors"] == signals["gateway.limited"] == signals["payments.errors"] == 0
    assert signals["gateway.p95"] < 0.2
    assert signals["api.cpu"] < 0.7
    assert signals["cdn.hit_rate"] > 0.95
    assert signals["database.connections_ratio"] < 0.8


def test_an_advance_is_bounded_and_nothing_is_left_out() -> None:
    wall = Wall()
    estate = Estate("calm", wall=wall)
    wall.now += AT_ONCE + 5
    assert [estate.advance(), estate.advance(), estate.advance()] == [AT_ONCE, 5, 0]
    assert estate.tick.t == AT_ONCE + 5


def test_two_estates_of_one_seed_live_the_same_life() -> None:
    ends = []
    for _ in range(2):
        wall = Wall()
        estate = Estate("viral-spike", seed=11, wall=wall)
        wall.now += AT_ONCE
        estate.advance()
        ends.append(estate.tick)
    assert ends[0] == ends[1]


LIFE = """
import sys
from connectors.simulator.estate import Estate
from connectors.simulator.prometheus.exposition import exposition
from connectors.simulator.exporters import Cluster, samples

wall = [1_800_000_000.0]
estate = Estate("viral-spike", seed=11, wall=lambda: wall[0])
for _ in range(240):  # far enough for the autoscaler to have made pods
    wall[0] += 1
    estate.advance()
assert estate.levers().pods_of("api").ready > 5
sys.stdout.write(exposition(samples(estate.tick, Cluster(estate.kubernetes.workloads(), estate.kubernetes.hpas()))))
"""


def test_two_processes_tell_the_same_metrics_to_the_byte() -> None:
    """Whatever order their sets and dictionaries of strings have."""
    pages = [
        subprocess.run(
            [sys.executable, "-c", LIFE], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert len(pages[0]) > 5000
    assert pages[0] == pages[1]


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(UnknownScenario):
        Estate("virul-spike")
