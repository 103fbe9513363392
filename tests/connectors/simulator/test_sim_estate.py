"""The whole estate: a crisis and its remedies, pulled over the wires by ordinary clients."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from redis.asyncio import Redis

from connectors.simulator.estate import AT_ONCE, HISTORY, Addresses, Estate
from connectors.simulator.scenarios import FAULT, UnknownScenario

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
        await self.patch("/apis/apps/v1/namespaces/shop/deployments/workers", {"spec": {"replicas": 8}})
        await self.flag("ttl.catalog", value=600)
        await self.flag("rate.user", value=100)
        for feature in ("recommendations", "reviews", "search_suggest"):
            await self.flag(f"flag.{feature}", on=False)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    wall = Wall()
    estate = Estate("viral-spike", wall=wall)
    at = await estate.start()
    redis = Redis.from_url(at.redis)
    try:
        async with aiohttp.ClientSession() as http:
            yield Shop(estate, wall, at, http, redis)
    finally:
        await redis.aclose()
        await estate.stop()


async def test_without_action_the_origin_fails_most_requests(shop: Shop) -> None:
    shares = shop.until(END)
    assert sum(shares[-300:]) / 300 < 0.30
    assert shop.estate.tick.success < 0.70


async def test_the_remedies_pulled_over_the_wires_keep_it_answering(shop: Shop) -> None:
    shop.until(ACT)
    await shop.remedies()
    shares = shop.until(END)
    assert sum(shares[-120:]) / 120 > 0.95
    assert shop.estate.levers().api.ready > 40
    assert shop.estate.tick.gauges["orders.lag"] < 500


async def test_capacity_alone_fills_the_database(shop: Shop) -> None:
    shop.until(ACT)
    await shop.capacity()
    shop.until(END)
    gauges = shop.estate.tick.gauges
    assert gauges["database.connections"] == gauges["database.max"]
    assert shop.estate.tick.success_origin < 0.30


async def test_a_flag_past_its_end_is_not_obeyed_any_more(shop: Shop) -> None:
    shop.until(1)
    await shop.flag("ttl.catalog", value=600, until=shop.wall.now + 10, **{"else": 90})
    assert shop.estate.levers().ttl["catalog"] == 600
    shop.until(20)
    assert shop.estate.levers().ttl["catalog"] == 90


async def test_ten_minutes_of_history_are_there_at_once(shop: Shop) -> None:
    query = {"query": "rate(users_requests_total[1m])", "time": str(START - HISTORY + 120)}
    async with shop.http.get(f"{shop.at.prometheus}/api/v1/query", params=query) as answer:
        result = (await answer.json())["data"]["result"]
    assert [3000 < float(series["value"][1]) < 5000 for series in result] == [True]


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


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(UnknownScenario):
        Estate("virul-spike")
