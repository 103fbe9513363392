"""redis-cli's own tools against the simulated Redis: what people on call type without thinking."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator

import pytest

from connectors.simulator.clock import SimClock
from connectors.simulator.redis import RedisWire
from connectors.simulator.tick import Cache, Tick
from tests.connectors.simulator.sim_redis import lines, simulated, told
from tests.real.redis import absent

CACHE = Cache(900, 100, 3, 4, 2000, 5_000_000, 9_000_000, 7, 1, 2, 50_000, 0.9)


@pytest.fixture
async def port() -> AsyncIterator[str]:
    """Of a shop's Redis with its keys in it, and one key of each other type."""
    if shutil.which("redis-cli") is None:
        absent("redis-cli is not installed")
    wire = RedisWire(SimClock(), seed=7)
    wire.step(1, Tick(1, CACHE, ()))
    await wire.start()
    async with lines(wire.url, 1) as (line,):
        for filled in ("RPUSH queue a b c", "SADD tags a b", "ZADD board 1 a 2 b", "XADD events 1-1 f v"):
            await line.ask(filled)
    yield wire.url.rsplit(":", 1)[1].split("/")[0]
    await wire.stop()


async def cli(port: str, *words: str, wait: float = 20.0) -> str:
    process = await asyncio.create_subprocess_exec(
        "redis-cli", "-p", port, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), wait)
    return output.decode()


async def first_lines(port: str, count: int, *words: str) -> list[str]:
    """What a tool that never ends says at first; it is ended then."""
    process = await asyncio.create_subprocess_exec("redis-cli", "-p", port, *words, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(10):
            return [(await process.stdout.readline()).decode() for _ in range(count)]
    finally:
        process.terminate()
        await process.wait()


async def test_the_biggest_keys(port: str) -> None:
    said = await cli(port, "--bigkeys")
    for kind, name in (("list", "queue"), ("set", "tags"), ("zset", "board"), ("stream", "events"), ("hash", "flags")):
        assert re.search(rf"Biggest +{kind} found .*{name}", said), kind
    assert "Sampled 2905 keys" in said


async def test_the_keys_that_take_most_memory(port: str) -> None:
    said = await cli(port, "--memkeys")
    assert re.search(r"Biggest +string found '\"catalog:[0-9]+\"' has 2[0-9]{2} bytes", said)


async def test_the_hottest_keys_need_another_policy(port: str) -> None:
    assert "An LFU maxmemory policy is not selected" in await cli(port, "--hotkeys")
    await cli(port, "config", "set", "maxmemory-policy", "allkeys-lfu")
    assert "hot key found with counter" in await cli(port, "--hotkeys")


async def test_scanning_by_pattern(port: str) -> None:
    assert len((await cli(port, "--scan", "--pattern", "price:*")).split()) == 400
    assert (await cli(port, "--scan", "--pattern", "seawall:*")).split() == ["seawall:flags"]


async def test_the_running_statistics(port: str) -> None:
    said = await first_lines(port, 4, "--stat", "-i", "0.01")
    assert said[1].split()[:3] == ["keys", "mem", "clients"]
    assert said[2].split()[:2] == ["50000", "4.77M"]


async def test_latency(port: str) -> None:
    low, high, average, count = (await cli(port, "--latency", "-i", "1", "--raw")).split()
    assert int(low) <= float(average) <= int(high)
    assert int(count) > 10


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("info replication", "role:master"),
        ("client list", "cmd=client|list user=default"),
        ("command count", "\n"),
        ("command docs zadd", "sorted-set"),
        ("command info get", "readonly"),
        ("memory doctor", "Sam"),
        ("memory stats", "keys.count"),
        ("memory usage seawall:flags", "4"),
        ("slowlog get 10", ""),
        ("latency doctor", "Dave"),
        ("debug sleep 0", "ERR DEBUG command not allowed"),
        ("object help", "ENCODING <key>"),
        ("object encoding queue", "list"),
        ("acl whoami", "default"),
        ("--json hgetall seawall:flags", '"flag.checkout"'),
        ("-3 --no-raw zrange board 0 -1 withscores", "2) (double) 2"),
        ("--eval /dev/null queue", ""),
        ("config get maxmemory*", "allkeys-lru"),
        ("help", "redis-cli"),
    ],
)
async def test_what_one_types(port: str, words: str, wanted: str) -> None:
    said = await cli(port, *words.split())
    assert wanted in said
    assert "unknown" not in said.lower()


async def test_watching_the_commands_go_by() -> None:
    async with simulated() as wire, lines(wire.url, 2) as (watcher, other):
        assert await watcher.ask("MONITOR") == b"+OK\r\n"
        for command in ('SET "a\\"b" x', "CONFIG GET save", "AUTH default secret", "EVAL \"redis.call('GET', 'k')\" 0"):
            await other.ask(command)
        seen = [(await watcher.hear()).decode().split("] ", 1) for _ in range(4)]
        assert [command for _, command in seen] == [
            '"set" "a\\"b" "x"\r\n',
            '"auth" "(redacted)"\r\n',
            '"eval" "redis.call(\'GET\', \'k\')" "0"\r\n',
            '"get" "k"\r\n',
        ]
        assert [where.split("[")[1].split(":")[0] for where, _ in seen] == ["0 127.0.0.1"] * 3 + ["0 lua"]
        assert await watcher.ask("RESET") == b"+RESET\r\n"
        await other.ask("PING")
        assert await watcher.ask("ECHO a") == b"$1\r\na\r\n"
        await told(other, "CLIENT LIST", b"cmd=client")
