"""Every failure of the way to Redis has its kind, and none is an exception."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis.asyncio

from connectors import ConnectorError
from connectors.redis import RedisConnector, open_connector
from connectors.secret import Secret
from connectors.settings.redis import Settings
from console.clock import SystemClock
from console.model.change import Outcome, Verdict
from console.model.snapshot import FailureKind, Snapshot, Unreachable
from tests.connectors.faults import black_hole, closed_port, serving
from tests.connectors.redis_servers import (
    READ_ONLY,
    RUN,
    emptied,
    failure,
    opening,
    simulated,
    snapshot,
)
from tests.real.redis import start_redis


async def test_a_closed_port_is_refused() -> None:
    port = closed_port()
    seen = await failure(f"redis://127.0.0.1:{port}")
    assert (seen.kind, str(port) in seen.reason) == (FailureKind.REFUSED, True)


async def test_an_unknown_host_is_a_name() -> None:
    assert (await failure("redis://nowhere.invalid:6379", timeout=5.0)).kind is FailureKind.NAME


async def test_a_server_that_hangs_times_out() -> None:
    async with serving(black_hole) as hole:
        opened = opening(hole.replace("http", "redis"), timeout=0.2)
        started = time.monotonic()
        seen = await opened.read()
        probed, applied = await opened.probe(READ_ONLY, RUN), await opened.apply(READ_ONLY, RUN)
        await opened.close()
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.TIMED_OUT
    assert (probed.verdict, applied.outcome) == (Verdict.UNKNOWN, Outcome.REJECTED)
    assert time.monotonic() - started < 5


async def test_a_server_that_speaks_http_is_a_protocol_failure() -> None:
    async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with serving(http) as address:
        assert (await failure(address.replace("http", "redis"))).kind is FailureKind.PROTOCOL


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"-LOADING Redis is loading the dataset in memory", FailureKind.THROTTLED),
        (b"-ERR max number of clients reached", FailureKind.THROTTLED),
        (b"-NOAUTH Authentication required.", FailureKind.EXPIRED),
        (b"-NOPERM this user has no permissions", FailureKind.FORBIDDEN),
        (b"-ERR something else", FailureKind.PROTOCOL),
    ],
)
async def test_each_refusal_has_its_kind(said: bytes, kind: FailureKind) -> None:
    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while sent := await reader.read(65536):
            commands = max(1, sent.count(b"*"))
            writer.write((said + b"\r\n") * commands)
            await writer.drain()

    async with serving(refusing) as address:
        seen = await failure(address.replace("http", "redis"))
        connector = opening(address.replace("http", "redis"))
        applied = await connector.apply(READ_ONLY, RUN)
        await connector.close()
    assert (seen.kind, applied.outcome) == (kind, Outcome.REJECTED)


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import connectors.redis, connectors.simulator.redis, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert {"redis", "lupa"}.isdisjoint(said.stdout.split())


@pytest.mark.parametrize("kind", ["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def test_passwords(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHT", "sesame")
    monkeypatch.setenv("WRONG", "open")
    if kind == "real":
        with start_redis(tmp_path, "--requirepass", "sesame") as url:
            await check_passwords(url)
        return
    wire = await simulated("sesame")
    await check_passwords(wire.url)
    await wire.stop()


async def check_passwords(url: str) -> None:
    assert (await failure(url)).kind is FailureKind.EXPIRED
    wrong = await failure(url, password=Secret("env:WRONG"))
    assert wrong.kind is FailureKind.EXPIRED
    assert "open" not in wrong.reason
    connector = opening(url, password=Secret("env:WRONG"))
    applied = await connector.apply(READ_ONLY, RUN)
    await connector.close()
    assert (applied.outcome, applied.forbidden) == (Outcome.REJECTED, True)
    for user in ("", "default"):
        connector = opening(url, password=Secret("env:RIGHT"), user=user)
        await snapshot(connector)
        await connector.close()


async def test_a_renewed_password_is_read_again(tmp_path: Path) -> None:
    kept = tmp_path / "password"
    kept.write_text("old\n")
    wire = await simulated("new")
    connector = opening(wire.url, password=Secret(f"file:{kept}"))
    assert isinstance(await connector.read(), Unreachable)
    kept.write_text("new\n")
    await snapshot(connector)
    await connector.close()
    await wire.stop()


async def user(other: redis.asyncio.Redis, name: str, *commands: str) -> None:
    """A user with the password "pw", all keys, no channels, and these commands."""
    await other.acl_setuser(name, reset=True, enabled=True, passwords="+pw", keys=["*"], commands=list(commands))


@pytest.mark.real("redis")
async def test_permissions_are_told_apart(real_redis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "pw")
    async with redis.asyncio.Redis.from_url(await emptied(real_redis)) as other:
        await user(other, "reader", "+@read", "+@connection")
        await user(other, "nobody", "+@connection")
    assert (await failure(real_redis, user="nobody", password=Secret("env:PASSWORD"))).kind is FailureKind.FORBIDDEN
    reader = opening(real_redis, user="reader", password=Secret("env:PASSWORD"))
    seen = await snapshot(reader)
    applied = await reader.apply(READ_ONLY, RUN)
    await reader.close()
    assert [problem.split(":")[0] for problem in seen.problems] == ["INFO", "SLOWLOG", "TIME"]
    assert {fact.name for fact in seen.components[0].facts} == {"flag.read_only", "rate.user", "ttl.catalog"}
    assert all(signal.value is None for signal in seen.components[0].signals)
    assert (applied.outcome, applied.forbidden) == (Outcome.REJECTED, True)


@pytest.mark.real("redis")
async def test_who_may_set_but_not_delete_is_told_that_it_stopped_half_way(
    real_redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "pw")
    async with redis.asyncio.Redis.from_url(await emptied(real_redis)) as other:
        await user(other, "setter", "+@all", "-hdel")
    setter = opening(real_redis, user="setter", password=Secret("env:PASSWORD"))
    assert (await setter.apply(READ_ONLY, RUN)).outcome is Outcome.DONE  # also without the right to publish
    undone = await setter.apply(READ_ONLY.inverse(), RUN)
    probed = await setter.probe(READ_ONLY.inverse(), RUN)
    await setter.close()
    assert (undone.outcome, probed.verdict) == (Outcome.UNKNOWN, Verdict.SUPERSEDED)


@pytest.mark.real("redis")
async def test_a_replica_is_read_and_refuses_writes(real_redis: str, tmp_path: Path) -> None:
    async with redis.asyncio.Redis.from_url(await emptied(real_redis)) as other:
        await other.config_set("repl-diskless-sync-delay", 0)
    port = real_redis.rsplit(":", 1)[1].split("/")[0]
    with start_redis(tmp_path, "--replicaof", f"127.0.0.1 {port}") as replica_url:
        primary, replica = opening(real_redis), opening(replica_url)
        seen = await synced(replica)
        applied = await replica.apply(READ_ONLY, RUN)
        assert (seen.components[0].state, seen.components[0].notes) == ("slave", ("replica: read-only",))
        assert seen.identity == (await snapshot(primary)).identity
        assert applied.outcome is Outcome.REJECTED
        assert "read only replica" in applied.reason
        await primary.close()
        await replica.close()


async def synced(replica: RedisConnector) -> Snapshot:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        seen = await replica.read()
        if isinstance(seen, Snapshot) and len(seen.components[0].facts) == 3:
            return seen
        await asyncio.sleep(0.02)
    raise AssertionError("the replica never had the flags")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(url="redis://:hush@host:6379"), "no credentials"),
        (Settings(url="redis://ann@host:6379"), "no credentials"),
        (Settings(url="redis://host:6379?password=hush"), "no credentials"),
        (Settings(url="http://host"), "not like"),
        (Settings(url="redis://"), "not like"),
        (Settings(url="redis://host:port"), "cannot be read"),
        (Settings(url="redis://host", user="ann"), "user needs a password"),
        (Settings(url="redis://host", timeout=0), "timeout"),
        (Settings(url="redis://host", password=Secret("env:SEAWALL_NO_SUCH")), "env:SEAWALL_NO_SUCH"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_opening(settings: Settings, words: str) -> None:
    with pytest.raises(ConnectorError, match=words) as refused:
        open_connector("redis", settings, SystemClock())
    assert "hush" not in str(refused.value)
