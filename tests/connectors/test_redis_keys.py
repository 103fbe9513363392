"""Samples of keys: how long they live and which prefixes are big, without a look at what they hold."""

from __future__ import annotations

import pytest
import redis.asyncio
from hypothesis import given
from hypothesis import strategies as st

from connectors.redis import RedisConnector
from connectors.redis.keys import BUCKETS, ENDLESS, NONE, SAMPLE, by_prefix, distribution, prefix_of
from console.model.snapshot import Detail, Unreachable
from tests.connectors.redis_servers import emptied, opening


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        (b"shop:catalog:17", "shop:catalog:"),
        (b"user:42:cart", "user:"),
        (b"session:abcdef", "session:"),
        (b"a/b/c", "a/b/"),
        (b"a:b:c:d:e", "a:b:c:"),
        (b"lock", NONE),
        (b"17:x", NONE),
        (b"", NONE),
        (b"{tag}:x", "{tag}:"),
    ],
)
def test_a_prefix_is_what_keys_of_one_kind_begin_with(key: bytes, prefix: str) -> None:
    assert prefix_of(key) == prefix


@given(st.binary(max_size=300))
def test_a_hostile_key_has_a_short_printable_prefix(key: bytes) -> None:
    found = prefix_of(key)
    assert found.isprintable()
    assert len(found) <= 60


def test_a_name_of_sixty_four_kibibytes_costs_a_look_at_its_head() -> None:
    assert prefix_of(b"x" * 65536 + b":1") == NONE
    assert len(prefix_of(b"x" * 200 + b":" * 65536)) <= 60


def test_times_to_live_fall_into_their_buckets() -> None:
    minute, hour, day = 60_000, 3_600_000, 86_400_000
    told = distribution([-1, -1, -2, 0, minute - 1, minute, hour - 1, hour, day - 1, day, 10 * day])
    assert told == {
        ENDLESS: 2,
        "under a minute": 2,
        "under 10 minutes": 1,
        "under an hour": 1,
        "under a day": 2,
        "more": 2,
    }


@given(st.lists(st.integers(-2, 10**12)))
def test_every_key_that_is_still_there_is_counted_once(left: list[int]) -> None:
    told = distribution(left)
    assert sum(told.values()) == sum(each != -2 for each in left)
    assert len(told) == len(BUCKETS) + 1


def test_keys_and_bytes_of_a_prefix_are_added_up() -> None:
    assert by_prefix([(b"a:1", 10), (b"a:2", 20), (b"b", 5), (b"c:1", -1)]) == {"a:": (2, 30), NONE: (1, 5)}


FILL = """
for number = 0, 39999 do
  local key = (number % 4 == 0 and 'user:' or 'cart:') .. number
  if number % 2 == 0 then redis.call('SET', key, 'x') else redis.call('SET', key, 'x', 'EX', 100) end
end
"""


@pytest.fixture
async def filled(redis_cache: RedisConnector, redis_other: redis.asyncio.Redis) -> RedisConnector:
    """600 keys of ten minutes, 200 of an hour that are ten times as big, 100 without an end."""
    pipeline = redis_other.pipeline(transaction=False)
    for number in range(600):
        pipeline.set(f"shop:catalog:{number}", "x" * 50, ex=500)
    for number in range(200):
        pipeline.set(f"cart:{number}", "x" * 3000, ex=3000)
    for number in range(100):
        pipeline.set(f"lock{number}", "x")
    await pipeline.execute()
    return redis_cache


async def detail(connector: RedisConnector, section: str) -> Detail:
    found = await connector.inspect(f"redis/cache/{section}")
    assert isinstance(found, Detail), found
    return found


async def test_the_times_to_live_of_a_small_keyspace_are_all_seen(filled: RedisConnector) -> None:
    table = await detail(filled, "ttl")
    counts = {row[0]: int(row[2]) for row in table.rows}
    flags = 1  # the hash that the server holds already
    assert (counts["under 10 minutes"], counts["under an hour"], counts[ENDLESS]) == (600, 200, 100 + flags)
    assert table.extra["sample"].startswith(f"{901} of ")
    assert [row[0] for row in table.rows] == [ENDLESS, *(name for _, name in BUCKETS)]


async def test_the_prefix_with_the_most_memory_comes_first(filled: RedisConnector) -> None:
    table = await detail(filled, "keys")
    assert [row[0] for row in table.rows[:2]] == ["cart:", "shop:catalog:"]
    share = float(table.rows[0][1].rstrip("%"))
    assert share > 80
    assert all("xxx" not in cell for row in table.rows for cell in row)


@pytest.mark.real("redis")
async def test_a_large_keyspace_is_sampled_and_the_sample_says_its_size(real_redis: str) -> None:
    connector = opening(await emptied(real_redis))
    async with redis.asyncio.Redis.from_url(real_redis) as other:
        await other.eval(FILL, 0)
        size = await other.dbsize()
        ttls, keys = await detail(connector, "ttl"), await detail(connector, "keys")
        commands = await other.info("commandstats")
        await other.flushall()
    await connector.close()
    rows = {row[0]: row for row in ttls.rows}
    assert f"{SAMPLE} of {size} keys" in ttls.extra["sample"]
    for name in (ENDLESS, "under 10 minutes"):
        assert float(rows[name][1].rstrip("%")) == pytest.approx(50, abs=8)  # of a thousand: four standard deviations
    estimate = {row[0]: int(row[2]) for row in keys.rows}
    assert estimate["cart:"] == pytest.approx(30_000, rel=0.15)
    assert "cmdstat_keys" not in commands


async def test_hostile_names_are_shown_inert(redis_cache: RedisConnector, redis_other: redis.asyncio.Redis) -> None:
    for key in ("\x1b[31mred:\u202e1", "[bold]:x", "\x00\x07:1"):
        await redis_other.set(key, 1)
    await redis_other.set(b"\xff\xfe:1", 1)
    await redis_other.set("y" * 65536 + ":1", 1)
    table = await detail(redis_cache, "keys")
    assert all(cell.isprintable() and len(cell) <= 200 for row in table.rows for cell in row)


async def test_a_section_that_is_none_is_not_found(redis_cache: RedisConnector) -> None:
    for name in ("redis/cache/nothing", "redis/cache/nothing/keys", "redis/cache/keys/keys", "redis/caches"):
        found = await redis_cache.inspect(name)
        assert isinstance(found, Unreachable), name
