"""INFO has the real server's sections and lines, and its numbers fit each other and the model's."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from connectors.simulator.redis.options import RedisOptions
from tests.connectors.simulator.sim_redis_servers import CACHE, Simulated, client, info, said, simulated
from tests.real.redis import start_redis

SECTIONS = ("default", "all", "everything", "server", "memory", "cluster", "keyspace", "replication", "nonsense")


def shape(text: str) -> list[str]:
    """The names of its lines; of commandstats and its like the part that is not a command's name."""
    names = [line.split(":")[0] for line in text.splitlines()]
    return [name for name in names if not name.startswith(("cmdstat_", "latency_percentiles", "errorstat_", "db"))]


@pytest.mark.real("redis")
async def test_every_line_of_the_real_one_is_there_in_its_order(tmp_path: Path) -> None:
    with start_redis(tmp_path) as url:
        real = int(url.rsplit(":", 1)[1].split("/")[0])
        async with simulated(RedisOptions()) as servers:
            for section in SECTIONS:
                ours, theirs = await _text(servers.ports[0], section), await _text(real, section)
                assert (section, shape(ours)) == (section, shape(theirs))


async def _text(port: int, section: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"INFO {section}\r\n".encode())
    size = int((await reader.readline())[1:])
    text = (await reader.readexactly(size + 2)).decode()
    writer.close()
    return text


async def test_it_has_run_for_three_days_and_goes_on() -> None:
    async with simulated(RedisOptions()) as servers:
        before = await info(servers.ports[0], "server")
        servers.run(60)
        after = await info(servers.ports[0], "server")
        assert before["uptime_in_days"] == 3
        assert int(str(after["uptime_in_seconds"])) - int(str(before["uptime_in_seconds"])) == 60


async def test_a_key_is_idle_since_it_was_last_used() -> None:
    async with simulated(RedisOptions()) as servers:
        port = servers.ports[0]
        await said(port, "SET", "k", "v")
        servers.run(100)
        assert await said(port, "OBJECT", "IDLETIME", "k") == 100
        await said(port, "GET", "k")
        assert await said(port, "OBJECT", "IDLETIME", "k") == 0


async def test_calls_are_the_models_look_ups_and_ones_own() -> None:
    async with simulated(RedisOptions()) as servers, client(servers.ports[0]) as opened:
        for _ in range(3):
            await opened.config_get("maxmemory")
        with pytest.raises(redis.ResponseError):
            await opened.lpush("seawall:flags", "x")
        await said(servers.ports[0], "NONSENSE")
        found = await opened.info("commandstats")
        assert found["cmdstat_get"]["calls"] == CACHE.hits + CACHE.misses
        assert found["cmdstat_set"]["calls"] == CACHE.misses
        assert found["cmdstat_config|get"]["calls"] == 3
        assert found["cmdstat_lpush"]["failed_calls"] == 1
        assert all(each["usec"] == round(each["calls"] * each["usec_per_call"]) for each in found.values())
        errors = await opened.info("errorstats")
        assert (errors["errorstat_WRONGTYPE"]["count"], errors["errorstat_ERR"]["count"]) == (1, 1)


async def test_scripts_cannot_fill_the_table_of_errors() -> None:
    async with simulated(RedisOptions()) as servers, client(servers.ports[0]) as opened:
        for number in range(200):
            with pytest.raises(redis.ResponseError):
                await opened.eval(f"return redis.error_reply('E{number} made up')", 0)
        assert len(await opened.info("errorstats")) <= 128


async def test_resetstat_begins_the_counters_again() -> None:
    async with simulated(RedisOptions()) as servers, client(servers.ports[0]) as opened:
        await opened.config_resetstat()
        assert (await opened.info("stats"))["keyspace_hits"] == 0
        servers.cache = replace(CACHE, hits=950, commands=2050)
        servers.run(2)
        stats = await opened.info("stats")
        assert (stats["keyspace_hits"], stats["keyspace_misses"]) == (50, 0)
        assert stats["total_commands_processed"] < 60


async def test_the_keys_life_is_told_on_average() -> None:
    async with simulated(RedisOptions()) as servers, client(servers.ports[0]) as opened:
        await opened.flushall()
        await opened.set("a", 1, ex=100)
        await opened.set("b", 1, ex=200)
        await opened.set("c", 1)
        servers.time.now += 1
        found = (await opened.info("keyspace"))["db0"]
        assert found["avg_ttl"] == 149_000
        assert found["keys"] - found["expires"] == 1


async def test_redis_cli_watches_the_numbers_move() -> None:
    async with simulated(RedisOptions()) as servers:
        ours, theirs = os.openpty()  # into a pipe it would write by the page
        process = await asyncio.create_subprocess_exec(
            "redis-cli", "-p", str(servers.ports[0]), "--stat", "-i", "0.05", stdout=theirs
        )
        os.close(theirs)
        rows = await asyncio.wait_for(_rows(ours, servers), 10)
        process.kill()
        await process.wait()
        os.close(ours)
        requests = [int(row.split("(")[0].split()[-1]) for row in rows]
        assert requests[-1] - requests[0] >= 2 * 700


async def _rows(terminal: int, servers: Simulated) -> list[str]:
    """Four lines of numbers, a second of traffic apart."""
    os.set_blocking(terminal, False)
    rows: list[str] = []
    text = ""
    while len(rows) < 4:
        with suppress(BlockingIOError):
            text += os.read(terminal, 4096).decode()
        seen = [line for line in text.splitlines() if line[:1].isdigit()]
        if len(seen) > len(rows):
            rows = seen
            servers.cache = replace(servers.cache, commands=servers.cache.commands + 700)
        await servers.later()
    return rows


async def test_the_rate_is_of_the_last_second() -> None:
    async with simulated(RedisOptions()) as servers, client(servers.ports[0]) as opened:
        servers.cache = replace(CACHE, commands=CACHE.commands + 500)
        for _ in range(20):
            await opened.ping()
        servers.run(1)
        assert 520 <= (await opened.info("stats"))["instantaneous_ops_per_sec"] < 530
        servers.run(1)
        assert (await opened.info("stats"))["instantaneous_ops_per_sec"] < 5
