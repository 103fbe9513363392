"""Hit rates by prefix, as the application publishes them: bounded, inert, and from growth, not from the start."""

from __future__ import annotations

import pytest
import redis.asyncio

from connectors.redis import RedisConnector
from connectors.redis.hits import LONGEST, MOST, counters_of, published
from console.model.derive import readings_of
from console.model.rates import Tallies
from console.model.snapshot import Observed
from tests.connectors.redis_servers import emptied, opening, snapshot

HASH = "seawall:hits"


def test_both_counts_of_a_prefix_are_read_and_the_busiest_come_first() -> None:
    raw = {b"hits:a": b"1", b"misses:a": b"2", b"hits:shop:b": b"90", b"misses:c": b"5"}
    assert published(raw) == {"shop:b": (90, 0), "c": (0, 5), "a": (1, 2)}
    assert list(published(raw)) == ["shop:b", "c", "a"]


def test_what_is_no_count_is_left_out() -> None:
    raw = {b"hits:a": b"many", b"hits:": b"1", b"other:a": b"1", b"hits:b": b"-1", b"misses:d": b"9" * 40, b"": b"1"}
    assert published(raw) == {}


def test_prefixes_are_bounded_in_number_and_length() -> None:
    many = {b"hits:p%d" % number: b"%d" % number for number in range(1000)}
    assert list(published(many)) == [f"p{number}" for number in range(999, 999 - MOST, -1)]
    assert published({b"hits:" + b"x" * (LONGEST + 1): b"1"}) == {}
    (name,) = published({b"hits:\x1b[31m\xff": b"1"})
    assert name.isprintable()


def rates(first: dict[bytes, bytes], second: dict[bytes, bytes]) -> dict[str, tuple[float | None, str]]:
    tallies, seen = Tallies(), Observed("redis/cache")
    for at, raw in ((0.0, first), (10.0, second)):
        before, seen = seen, Observed("redis/cache", counters=counters_of(raw, at, "redis"))
        tallies = tallies.after([before], [seen])
    return {name: (reading.value, reading.note) for name, reading in readings_of(seen, tallies).items()}


def test_a_hit_rate_is_of_the_growth_between_two_readings() -> None:
    found = rates({b"hits:a": b"1000", b"misses:a": b"1000"}, {b"hits:a": b"1003", b"misses:a": b"1001"})
    assert [found[name][0] for name in ("hit_rate.a", "hits.a")] == pytest.approx([0.75, 0.3])


def test_no_traffic_is_not_available() -> None:
    still = {b"hits:a": b"1000", b"misses:a": b"1000"}
    assert rates(still, still)["hit_rate.a"] == (None, "no traffic")


def test_a_hash_that_is_written_anew_starts_over_and_is_never_negative() -> None:
    found = rates({b"hits:a": b"1000", b"misses:a": b"1000"}, {b"hits:a": b"5", b"misses:a": b"1"})
    assert found["hit_rate.a"] == (None, "needs two readings")


async def test_the_connector_reads_what_is_published(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    await redis_other.hincrby(HASH, "hits:catalog", 12)
    await redis_other.hincrby(HASH, "misses:catalog", 3)
    counters = {each.name: each.value for each in (await snapshot(redis_cache)).components[0].counters}
    assert (counters["hits.catalog"], counters["misses.catalog"]) == (12, 3)


async def test_where_nobody_publishes_looking_for_it_costs_no_hit_rate(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    """A look for what is not there is a miss in the server's own counters."""
    await snapshot(redis_cache)
    before = (await redis_other.info("stats"))["keyspace_misses"]
    for _ in range(5):
        await snapshot(redis_cache)
    assert (await redis_other.info("stats"))["keyspace_misses"] == before


async def test_a_hash_of_another_type_is_a_problem_and_the_rest_is_read(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    await redis_other.set(HASH, "text")
    seen = await snapshot(redis_cache)
    assert [problem.split(":")[0] for problem in seen.problems] == ["hits"]
    assert len(seen.components[0].facts) == 3


@pytest.mark.real("redis")
async def test_a_huge_hash_costs_a_bounded_look(real_redis: str) -> None:
    connector = opening(await emptied(real_redis))
    async with redis.asyncio.Redis.from_url(real_redis) as other:
        for start in range(0, 100_000, 5_000):
            await other.hset(HASH, mapping={f"hits:p{number}": number for number in range(start, start + 5_000)})
        seen = await snapshot(connector)
        await other.delete(HASH)
    await connector.close()
    names = [each.name for each in seen.components[0].counters if each.name.startswith("hits.")]
    assert 0 < len(names) <= MOST
    assert seen.problems == ()
