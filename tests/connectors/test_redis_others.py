"""Servers that know fewer commands than Redis 7, as older and managed ones do; Sentinels with secrets of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from connectors import ConnectorError
from connectors.redis import open_connector
from connectors.secret import Secret
from connectors.settings.redis import Settings
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext
from console.model.examination import Grade, Write
from console.model.snapshot import Detail, FailureKind, Seen, Snapshot, Unreachable
from tests.connectors.faults import serving
from tests.connectors.redis_servers import opening, snapshot
from tests.real.redis import start_redis
from tests.real.redis_sets import start_replicated

RUN = RunContext("r1", "ann", "spike", until=None)
MINE = Change("redis/cache", "ttl.mine", None, 60, step="ttl")
WRITE = Write("redis/cache", "ttl.mine")


def without(*commands: str) -> list[str]:
    """redis-server's options that take commands away, so that they are unknown."""
    return [word for command in commands for word in ("--rename-command", command, "")]


@pytest.mark.real("redis")
async def test_a_server_of_before_users_and_protocol_three_is_read_written_and_drilled_into(tmp_path: Path) -> None:
    with start_redis(tmp_path, *without("ACL", "HELLO", "MEMORY", "LATENCY")) as url:
        connector = opening(url)
        seen = await snapshot(connector)
        applied, undone = await connector.apply(MINE, RUN), await connector.apply(MINE.inverse(), RUN)
        told = await connector.examine((WRITE,))
        slow, latency = await connector.inspect("redis/cache/slowlog"), await connector.inspect("redis/cache/latency")
        await connector.close()
    assert seen.problems == ()
    assert (applied.outcome, undone.outcome) == (Outcome.DONE, Outcome.DONE)
    grades = {finding.what.split(":")[0]: finding.grade for finding in told.findings}
    assert (grades["LATENCY LATEST"], grades["MEMORY USAGE"], grades["INFO"]) == (Grade.NOTE, Grade.NOTE, Grade.YES)
    assert [finding.grade for finding in told.findings if finding.write] == [Grade.YES]
    assert isinstance(slow, Detail)
    assert isinstance(latency, Detail)  # its percentiles; what is refused is said beside them
    assert "unknown command" in "".join(latency.extra.values())


@pytest.mark.real("redis")
async def test_protocol_three_on_such_a_server_says_what_to_set(tmp_path: Path) -> None:
    with start_redis(tmp_path, *without("HELLO")) as url:
        connector = opening(url, protocol=3)
        seen = await connector.read()
        await connector.close()
    assert isinstance(seen, Unreachable)
    assert (seen.kind, seen.advice) == (FailureKind.PROTOCOL, "this server is older than Redis 6: set protocol = 2")


@pytest.mark.real("redis")
async def test_where_scripts_are_taken_away_doctor_says_that_nothing_can_be_written(tmp_path: Path) -> None:
    with start_redis(tmp_path, *without("EVAL", "EVALSHA", "TIME", "SLOWLOG")) as url:
        connector = opening(url)
        seen = await snapshot(connector)
        told = await connector.examine((WRITE,))
        applied = await connector.apply(MINE, RUN)
        await connector.close()
    assert [problem.split(":")[0] for problem in seen.problems] == ["SLOWLOG", "TIME"]
    (finding,) = (each for each in told.findings if each.write)
    assert (finding.grade, "scripts are refused" in finding.reason) == (Grade.NO, True)
    assert applied.outcome is Outcome.REJECTED


@pytest.mark.real("redis")
async def test_sentinels_and_servers_may_have_passwords_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA", "canary-data")
    monkeypatch.setenv("WATCH", "canary-watch")
    with start_replicated(tmp_path, 1, "canary-data", "canary-watch") as servers:
        right = Settings(
            sentinels=(f"127.0.0.1:{servers.sentinel}",),
            master="mymaster",
            password=Secret("env:DATA"),
            sentinel_password=Secret("env:WATCH"),
        )
        connector = open_connector("redis", right, SystemClock())
        seen = await _until_known(connector.read)
        told = await connector.examine((WRITE,))
        await connector.close()
        swapped = Settings(
            sentinels=right.sentinels,
            master="mymaster",
            password=Secret("env:DATA"),
            sentinel_password=Secret("env:DATA"),
        )
        other = open_connector("redis", swapped, SystemClock())
        wrong = await other.read()
        await other.close()
    assert len(seen.components) == 3
    assert isinstance(wrong, Unreachable)
    assert wrong.kind is FailureKind.EXPIRED
    assert "canary" not in f"{seen}{told}{wrong}{right!r}"


async def _until_known(read: Callable[[], Awaitable[Seen]]) -> Snapshot:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        seen = await read()
        if isinstance(seen, Snapshot) and len(seen.components) == 3:
            return seen
        await asyncio.sleep(0.05)
    raise AssertionError("the replica was never known")


async def test_a_server_that_loads_its_data_says_so_and_is_not_taken_for_gone() -> None:
    async def loading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = b"run_id:x\r\nrole:master\r\nloading:1\r\nused_memory:5\r\n"
        while asked := await reader.read(65536):
            for word in asked.split(b"*")[1:]:
                busy = b"-LOADING Redis is loading the dataset in memory\r\n"
                writer.write(b"$%d\r\n%b\r\n" % (len(told), told) if b"INFO" in word else busy)
            await writer.drain()

    async with serving(loading) as address:
        connector = opening(address.replace("http", "redis"))
        seen = await snapshot(connector)
        await connector.close()
    assert (seen.components[0].state, seen.components[0].facts) == ("loading", ())
    assert [problem.split(":")[0] for problem in seen.problems] == ["SLOWLOG", "flags", "hits", "TIME"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), "one of url, nodes and sentinels"),
        (Settings(url="redis://a", nodes=("b",)), "one of url, nodes and sentinels"),
        (Settings(sentinels=("a",)), "sentinels and master go together"),
        (Settings(url="redis://a", master="m"), "sentinels and master go together"),
        (Settings(nodes=("a/b",)), "an address cannot be read"),
        (Settings(url="redis://a", address_map={"a": ":"}), "an address cannot be read"),
        (Settings(url="redis://a/nine"), "cannot be read"),
        (Settings(url="redis://a?ssl_ca_certs=x"), "ca_file"),
        (Settings(url="redis://me:hu/sh@a"), "cannot be read"),
        (Settings(url="redis://a", ca_file="x"), "is for TLS"),
        (Settings(url="rediss://a", ca_file="/nowhere/ca.pem"), "there is no file"),
        (Settings(url="rediss://a", cert_file="/etc/hosts"), "cert_file and key_file go together"),
        (Settings(sentinels=("a",), master="m", sentinel_user="ann"), "user needs a password"),
        (Settings(url="redis://a", sentinel_password=Secret("env:SEAWALL_NO_SUCH")), "env:SEAWALL_NO_SUCH"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_at_opening(settings: Settings, words: str) -> None:
    with pytest.raises(ConnectorError, match=words) as refused:
        open_connector("redis", settings, SystemClock())
    assert "hu/sh" not in str(refused.value)
