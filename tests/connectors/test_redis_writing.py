"""Changes of the flag document: conditional, marked, undone to the byte."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import redis.asyncio

from connectors.redis import RedisConnector
from console.model.change import Change, Outcome, RunContext, Verdict
from tests.connectors.redis_servers import (
    FLAGS,
    READ_ONLY,
    RUN,
    facts,
)


async def test_apply_writes_the_document_the_mark_and_tells_who_listens(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    until = time.time() + 60
    async with redis_other.pubsub() as listener:
        await listener.subscribe(FLAGS)
        assert await listener.get_message(timeout=5)  # the confirmation
        applied = await redis_cache.apply(READ_ONLY, replace(RUN, until=until))
        message = await listener.get_message(timeout=5)
    assert (applied.outcome, message["data"] if message else None) == (Outcome.DONE, "flag.read_only")
    document = json.loads(await redis_other.hget(FLAGS, "flag.read_only") or "")
    assert document == {"on": True, "until": until, "run": "r1", "else": False}
    assert json.loads(await redis_other.hget(FLAGS, "mark:flag.read_only") or "") == [
        {
            "run": "r1",
            "step": "ro",
            "seq": 2,
            "before": False,
            "after": True,
            "until": until,
            "reason": "spike",
            "actor": "ann@bastion",
            "raw": '{"on": false}',
        }
    ]
    fact = (await facts(redis_cache))["flag.read_only"]
    assert (fact.value, fact.marks[0].run, fact.marks[0].until) == (True, "r1", until)


async def test_undo_restores_the_bytes_and_removes_the_mark(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    before = await redis_other.hgetall(FLAGS)
    change = Change("redis/cache", "ttl.catalog", 60, 600, step="ttl")
    assert (await redis_cache.apply(change, RUN)).outcome is Outcome.DONE
    assert (await redis_cache.probe(change.inverse(), RUN)).verdict is Verdict.NOT_APPLIED
    assert (await redis_cache.apply(change.inverse(), RUN)).outcome is Outcome.DONE
    assert await redis_other.hgetall(FLAGS) == before
    assert (await redis_cache.probe(change.inverse(), RUN)).verdict is Verdict.OURS
    again = await redis_cache.apply(change.inverse(), RUN)
    assert again.outcome is Outcome.REJECTED
    assert await redis_other.hgetall(FLAGS) == before


async def test_a_fact_that_was_absent_is_absent_again(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    change = Change("redis/cache", "rate.user", None, 100, step="rate")
    assert (await redis_cache.apply(change, RUN)).outcome is Outcome.DONE
    assert (await facts(redis_cache))["rate.user"].value == 100
    assert (await redis_cache.apply(change.inverse(), RUN)).outcome is Outcome.DONE
    assert sorted(await redis_other.hkeys(FLAGS)) == ["flag.read_only", "ttl.catalog"]


async def test_a_fact_can_be_taken_away_and_comes_back(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    change = Change("redis/cache", "ttl.catalog", 60, None, step="none")
    assert (await redis_cache.apply(change, RUN)).outcome is Outcome.DONE
    assert (await facts(redis_cache))["ttl.catalog"].value is None
    assert await redis_other.hget(FLAGS, "ttl.catalog") is None
    assert (await redis_cache.probe(change, RUN)).verdict is Verdict.OURS
    assert (await redis_cache.apply(change.inverse(), RUN)).outcome is Outcome.DONE
    assert await redis_other.hget(FLAGS, "ttl.catalog") == ' {"value": 60}'


async def test_drift_refuses_and_names_both_values_and_the_writer(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    await redis_other.hset(FLAGS, "ttl.catalog", '{"value": 120, "run": "r0"}')
    refused = await redis_cache.apply(Change("redis/cache", "ttl.catalog", 60, 600, step="ttl"), RUN)
    assert (refused.outcome, refused.reason) == (
        Outcome.REJECTED,
        "ttl.catalog is 120, not 60 as planned; set by run r0",
    )
    assert await redis_other.hexists(FLAGS, "mark:ttl.catalog") is False


async def test_undo_never_overwrites_a_later_foreign_value(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    await redis_cache.apply(READ_ONLY, RUN)
    for foreign in ('{"on": false}', '{"on": true}'):  # the second one has our value, and is not ours all the same
        await redis_other.hset(FLAGS, "flag.read_only", foreign)
        refused = await redis_cache.apply(READ_ONLY.inverse(), RUN)
        assert (refused.outcome, "someone outside Seawall" in refused.reason) == (Outcome.REJECTED, True)
        assert await redis_other.hget(FLAGS, "flag.read_only") == foreign
        assert (await redis_cache.probe(READ_ONLY, RUN)).verdict is Verdict.SUPERSEDED


async def test_marks_stack_and_come_off_from_the_top(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    before = await redis_other.hgetall(FLAGS)
    first = Change("redis/cache", "ttl.catalog", 60, 300, step="ttl")
    second, later = replace(first, before=300, after=900), replace(RUN, run="r2")
    await redis_cache.apply(first, RUN)
    await redis_cache.apply(second, later)
    assert [mark.after for mark in (await facts(redis_cache))["ttl.catalog"].marks] == [300, 900]
    below = await redis_cache.apply(first.inverse(), RUN)
    assert (below.outcome, "run r2" in below.reason) == (Outcome.REJECTED, True)
    assert (await redis_cache.apply(second.inverse(), later)).outcome is Outcome.DONE
    assert (await facts(redis_cache))["ttl.catalog"].value == 300
    assert (await redis_cache.apply(first.inverse(), RUN)).outcome is Outcome.DONE
    assert await redis_other.hgetall(FLAGS) == before


async def test_undo_from_the_marks_alone(redis_cache: RedisConnector, redis_other: redis.asyncio.Redis) -> None:
    before = await redis_other.hgetall(FLAGS)
    await redis_cache.apply(READ_ONLY, RUN)
    fact = (await facts(redis_cache))["flag.read_only"]
    mark = fact.marks[-1]
    undo = Change("redis/cache", fact.name, mark.after, mark.before, step=mark.step, seq=mark.seq, undoes=True)
    assert (await redis_cache.apply(undo, RunContext(mark.run, "bob", ""))).outcome is Outcome.DONE
    assert await redis_other.hgetall(FLAGS) == before


async def test_undo_after_its_end_still_restores(redis_cache: RedisConnector, redis_other: redis.asyncio.Redis) -> None:
    before = await redis_other.hgetall(FLAGS)
    await redis_cache.apply(READ_ONLY, replace(RUN, until=time.time() - 1))
    assert (await facts(redis_cache))["flag.read_only"].value is False  # what the application does by itself
    assert (await redis_cache.probe(READ_ONLY, RUN)).verdict is Verdict.OURS
    assert (await redis_cache.apply(READ_ONLY.inverse(), RUN)).outcome is Outcome.DONE
    assert await redis_other.hgetall(FLAGS) == before


async def test_the_same_write_twice_leaves_one_mark(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    assert (await redis_cache.probe(READ_ONLY, RUN)).verdict is Verdict.NOT_APPLIED
    await redis_cache.apply(READ_ONLY, RUN)
    assert (await redis_cache.apply(READ_ONLY, RUN)).outcome is Outcome.DONE
    assert len((await facts(redis_cache))["flag.read_only"].marks) == 1
