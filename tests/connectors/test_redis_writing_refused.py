"""Changes that are refused, lost or made by two at once: nothing is written over that is not ours."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import redis.asyncio

from connectors.redis import RedisConnector
from console.model.change import Change, FactValue, Outcome, Verdict
from tests.connectors.faults import Handler, serving
from tests.connectors.redis_servers import (
    FLAGS,
    READ_ONLY,
    RUN,
    facts,
    opening,
    simulated,
)


async def test_a_script_the_server_forgot_is_sent_again(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    await redis_cache.apply(READ_ONLY, RUN)
    await redis_other.script_flush()
    assert (await redis_cache.apply(READ_ONLY.inverse(), RUN)).outcome is Outcome.DONE


UNFIT: tuple[tuple[str, str, FactValue, FactValue], ...] = (
    ("redis/cache", "replicas", 1, 2),
    ("redis/cache", "mark:flag.a", None, True),
    ("redis/cache", "flag.read_only", False, 1),
    ("redis/cache", "ttl.catalog", 60, True),
    ("redis/cache", "ttl.catalog", 60, -1),
    ("redis/cache", "ttl.catalog", 60, float("nan")),
    ("redis/cache", "ttl.catalog", 60, "600"),
    ("redis/redis_other", "ttl.catalog", 60, 600),
)


async def test_what_cannot_be_set_is_rejected_and_nothing_is_written(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    held = await redis_other.hgetall(FLAGS)
    for component, fact, before, after in UNFIT:
        applied = await redis_cache.apply(Change(component, fact, before, after, step="s"), RUN)
        assert (fact, after, applied.outcome) == (fact, after, Outcome.REJECTED)
    assert await redis_other.hgetall(FLAGS) == held


async def test_a_field_that_is_no_document_is_never_written_over(
    redis_cache: RedisConnector, redis_other: redis.asyncio.Redis
) -> None:
    await redis_other.hset(FLAGS, "flag.read_only", "yes")
    for before in (None, False, True):
        refused = await redis_cache.apply(replace(READ_ONLY, before=before, after=not before), RUN)
        assert refused.outcome is Outcome.REJECTED
    assert await redis_other.hget(FLAGS, "flag.read_only") == "yes"
    assert (await redis_cache.probe(READ_ONLY, RUN)).verdict is Verdict.FOREIGN


async def test_a_reply_that_is_lost_after_the_write_is_unknown_and_probe_settles_it() -> None:
    wire = await simulated()
    direct = opening(wire.url)
    await direct.apply(Change("redis/cache", "ttl.catalog", 60, 600, step="ttl"), RUN)  # the server knows the script
    async with serving(losing_the_reply_to(b"EVAL", wire.url)) as line:
        connector = opening(line.replace("http", "redis"))
        applied = await connector.apply(READ_ONLY, RUN)
        await connector.close()
    probed = await direct.probe(READ_ONLY, RUN)
    await direct.close()
    await wire.stop()
    assert (applied.outcome, probed.verdict) == (Outcome.UNKNOWN, Verdict.OURS)


def losing_the_reply_to(word: bytes, url: str) -> Handler:
    """A line to the server that hangs up when the reply to a command with this word comes."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = int(url.rsplit(":", 1)[1].split("/")[0])
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        while asked := await reader.read(65536):
            forth.write(asked)
            answered = await back.read(65536)
            if word in asked:
                break
            writer.write(answered)
        forth.close()

    return handler


async def test_two_who_write_at_once_are_one_after_the_other(redis_cache: RedisConnector, redis_url: str) -> None:
    rivals = [opening(redis_url) for _ in range(4)]
    change = Change("redis/cache", "ttl.catalog", 60, 600, step="ttl")
    applied = await asyncio.gather(*(rival.apply(change, replace(RUN, run=f"r{n}")) for n, rival in enumerate(rivals)))
    for rival in rivals:
        await rival.close()
    assert sorted(each.outcome for each in applied) == [Outcome.DONE, *[Outcome.REJECTED] * 3]
    assert len((await facts(redis_cache))["ttl.catalog"].marks) == 1
