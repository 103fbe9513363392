"""The Redis connector on the simulated server and on the real one: readings, writes with marks, and every failure."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis.asyncio

from connectors import ConnectorError
from connectors.redis import RedisConnector, open_connector
from connectors.secret import Secret
from connectors.settings.redis import Settings
from connectors.simulator.clock import SimClock
from connectors.simulator.redis import RedisWire
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.tick import Cache, Tick
from console.clock import SystemClock
from console.model.change import Change, Fact, FactValue, Outcome, RunContext, Verdict
from console.model.snapshot import Detail, FailureKind, Snapshot, Unreachable
from tests.connectors.faults import Handler, black_hole, closed_port, serving
from tests.real.redis import start_redis

FLAGS = "seawall:flags"
CACHE = Cache(900, 100, 3, 4, 2000, 5_000_000, 9_000_000, 7, 1, 2, 50_000, 0.9)
READ_ONLY = Change("redis/cache", "flag.read_only", False, True, step="ro", seq=2, reason="spike")
RUN = RunContext("r1", "ann@bastion", "spike", until=None)


@pytest.fixture(scope="module")
def real_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A server that holds the same few fields and nothing else."""
    if request.param == "real":
        yield await emptied(request.getfixturevalue("real_url"))
        return
    wire = await simulated()
    yield await emptied(wire.url)
    await wire.stop()


async def simulated(password: str | None = None) -> RedisWire:
    wire = RedisWire(SimClock(), seed=1, options=RedisOptions(password=password))
    wire.step(1, Tick(1, CACHE, ()))
    await wire.start()
    return wire


async def emptied(url: str) -> str:
    async with redis.asyncio.Redis.from_url(url) as client:
        await client.flushall()
        await client.hset(FLAGS, mapping={"flag.read_only": '{"on": false}', "ttl.catalog": ' {"value": 60}'})
    return url


@pytest.fixture
async def connector(url: str) -> AsyncIterator[RedisConnector]:
    opened = opening(url)
    yield opened
    await opened.close()


@pytest.fixture
async def other(url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """Somebody else's client."""
    async with redis.asyncio.Redis.from_url(url, decode_responses=True) as client:
        yield client


def opening(url: str, **settings: object) -> RedisConnector:
    return open_connector("redis", Settings(url=url, **settings), SystemClock())  # type: ignore[arg-type]


async def snapshot(connector: RedisConnector) -> Snapshot:
    seen = await connector.read()
    assert isinstance(seen, Snapshot), seen
    return seen


async def facts(connector: RedisConnector) -> dict[str, Fact]:
    return {fact.name: fact for fact in (await snapshot(connector)).components[0].facts}


async def failure(url: str, **settings: object) -> Unreachable:
    connector = opening(url, **settings)
    try:
        seen = await connector.read()
    finally:
        await connector.close()
    assert isinstance(seen, Unreachable), seen
    return seen


# Reading


async def test_reads_signals_counters_and_facts(connector: RedisConnector) -> None:
    seen = await snapshot(connector)
    observed = seen.components[0]
    assert (observed.id, observed.state, seen.problems) == ("redis/cache", "master", ())
    signals = {signal.name: signal.value for signal in observed.signals}
    assert set(signals) == {"memory", "memory_max", "clients", "blocked", "ops", "keys"}
    assert signals["memory"]
    counters = {counter.name: counter for counter in observed.counters}
    assert set(counters) == {"hits", "misses", "evicted", "expired", "rejected"}
    assert len(counters["hits"].epoch) == 40
    assert {fact.name: fact.value for fact in observed.facts} == {
        "flag.read_only": False,
        "rate.user": None,
        "ttl.catalog": 60,
    }


async def test_identity_is_the_data_set_and_stays(connector: RedisConnector) -> None:
    first, second = await snapshot(connector), await snapshot(connector)
    assert len(first.identity) == 40
    assert first.identity == second.identity


async def test_shows_the_models_numbers() -> None:
    wire = await simulated()
    connector = opening(wire.url)
    observed = (await snapshot(connector)).components[0]
    values = {signal.name: signal.value for signal in observed.signals}
    assert (values["memory"], values["memory_max"], values["keys"]) == (5e6, 9e6, 50_000)
    assert {counter.rate_name: counter.value for counter in observed.counters} == {
        "hits": 900,
        "misses": 100,
        "evictions": 3,
        "expirations": 4,
        "rejections": 2,
    }
    await connector.close()
    await wire.stop()


async def test_no_maxmemory_is_unknown_not_zero(connector: RedisConnector, other: redis.asyncio.Redis) -> None:
    await other.config_set("maxmemory", 0)
    signals = {signal.name: signal for signal in (await snapshot(connector)).components[0].signals}
    assert (signals["memory_max"].value, signals["memory_max"].note) == (None, "maxmemory is not set")


async def test_unreadable_fields_are_problems_and_the_rest_is_read(
    connector: RedisConnector, other: redis.asyncio.Redis
) -> None:
    await other.hset(FLAGS, mapping={"flag.a": "true", "ttl.b": '{"value": "9"}', "mark:ttl.catalog": "{", "x": "y"})
    seen = await snapshot(connector)
    assert {fact.name for fact in seen.components[0].facts} == {"flag.read_only", "rate.user"}
    assert [problem.split(":")[0] for problem in seen.problems] == ["flag.a", "ttl.b", "ttl.catalog"]


async def test_a_document_past_its_end_counts_as_its_else(
    connector: RedisConnector, other: redis.asyncio.Redis
) -> None:
    await other.hset(FLAGS, "flag.read_only", json.dumps({"on": True, "until": time.time() - 1, "else": False}))
    await other.hset(FLAGS, "ttl.catalog", json.dumps({"value": 600, "until": time.time() + 60, "else": 60}))
    await other.hset(FLAGS, "rate.user", json.dumps({"value": 100, "until": 1}))
    assert {name: fact.value for name, fact in (await facts(connector)).items()} == {
        "flag.read_only": False,
        "rate.user": None,
        "ttl.catalog": 600,
    }


async def test_a_flags_key_of_another_type_is_a_problem(connector: RedisConnector, other: redis.asyncio.Redis) -> None:
    await other.delete(FLAGS)
    await other.set(FLAGS, "text")
    seen = await snapshot(connector)
    assert seen.components[0].facts == ()
    assert [problem[:6] for problem in seen.problems] == ["flags:"]
    refused = await connector.apply(READ_ONLY, RUN)
    assert refused.outcome is Outcome.REJECTED


async def test_inspect_shows_the_biggest_fields_first(connector: RedisConnector, other: redis.asyncio.Redis) -> None:
    detail = await connector.inspect("redis/cache")
    assert isinstance(detail, Detail)
    assert [row[:2] for row in detail.rows if row[0] != "slow command"] == [
        ("ttl.catalog", "14 B"),
        ("flag.read_only", "13 B"),
    ]
    unknown = await connector.inspect("redis/other")
    assert isinstance(unknown, Unreachable)
    assert unknown.kind is FailureKind.NOT_FOUND


@pytest.mark.real("redis")
async def test_inspect_shows_the_slow_log(real_url: str) -> None:
    async with redis.asyncio.Redis.from_url(await emptied(real_url)) as other:
        await other.config_set("slowlog-log-slower-than", 0)
        await other.echo("slow one")
        await other.config_set("slowlog-log-slower-than", 10000)
    connector = opening(real_url)
    detail = await connector.inspect("redis/cache")
    await connector.close()
    assert isinstance(detail, Detail)
    assert any(row[0] == "slow command" and row[2] == "ECHO slow one" for row in detail.rows)


# Failures


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
async def test_permissions_are_told_apart(real_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "pw")
    async with redis.asyncio.Redis.from_url(await emptied(real_url)) as other:
        await user(other, "reader", "+@read", "+@connection")
        await user(other, "nobody", "+@connection")
    assert (await failure(real_url, user="nobody", password=Secret("env:PASSWORD"))).kind is FailureKind.FORBIDDEN
    reader = opening(real_url, user="reader", password=Secret("env:PASSWORD"))
    seen = await snapshot(reader)
    applied = await reader.apply(READ_ONLY, RUN)
    await reader.close()
    assert [problem[:5] for problem in seen.problems] == ["INFO:"]
    assert {fact.name for fact in seen.components[0].facts} == {"flag.read_only", "rate.user", "ttl.catalog"}
    assert all(signal.value is None for signal in seen.components[0].signals)
    assert (applied.outcome, applied.forbidden) == (Outcome.REJECTED, True)


@pytest.mark.real("redis")
async def test_who_may_set_but_not_delete_is_told_that_it_stopped_half_way(
    real_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "pw")
    async with redis.asyncio.Redis.from_url(await emptied(real_url)) as other:
        await user(other, "setter", "+@all", "-hdel")
    setter = opening(real_url, user="setter", password=Secret("env:PASSWORD"))
    assert (await setter.apply(READ_ONLY, RUN)).outcome is Outcome.DONE  # also without the right to publish
    undone = await setter.apply(READ_ONLY.inverse(), RUN)
    probed = await setter.probe(READ_ONLY.inverse(), RUN)
    await setter.close()
    assert (undone.outcome, probed.verdict) == (Outcome.UNKNOWN, Verdict.SUPERSEDED)


@pytest.mark.real("redis")
async def test_a_replica_is_read_and_refuses_writes(real_url: str, tmp_path: Path) -> None:
    async with redis.asyncio.Redis.from_url(await emptied(real_url)) as other:
        await other.config_set("repl-diskless-sync-delay", 0)
    port = real_url.rsplit(":", 1)[1].split("/")[0]
    with start_redis(tmp_path, "--replicaof", f"127.0.0.1 {port}") as replica_url:
        primary, replica = opening(real_url), opening(replica_url)
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


# Writing


async def test_apply_writes_the_document_the_mark_and_tells_who_listens(
    connector: RedisConnector, other: redis.asyncio.Redis
) -> None:
    until = time.time() + 60
    async with other.pubsub() as listener:
        await listener.subscribe(FLAGS)
        assert await listener.get_message(timeout=5)  # the confirmation
        applied = await connector.apply(READ_ONLY, replace(RUN, until=until))
        message = await listener.get_message(timeout=5)
    assert (applied.outcome, message["data"] if message else None) == (Outcome.DONE, "flag.read_only")
    document = json.loads(await other.hget(FLAGS, "flag.read_only") or "")
    assert document == {"on": True, "until": until, "run": "r1", "else": False}
    assert json.loads(await other.hget(FLAGS, "mark:flag.read_only") or "") == [
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
    fact = (await facts(connector))["flag.read_only"]
    assert (fact.value, fact.marks[0].run, fact.marks[0].until) == (True, "r1", until)


async def test_undo_restores_the_bytes_and_removes_the_mark(
    connector: RedisConnector, other: redis.asyncio.Redis
) -> None:
    before = await other.hgetall(FLAGS)
    change = Change("redis/cache", "ttl.catalog", 60, 600, step="ttl")
    assert (await connector.apply(change, RUN)).outcome is Outcome.DONE
    assert (await connector.probe(change.inverse(), RUN)).verdict is Verdict.NOT_APPLIED
    assert (await connector.apply(change.inverse(), RUN)).outcome is Outcome.DONE
    assert await other.hgetall(FLAGS) == before
    assert (await connector.probe(change.inverse(), RUN)).verdict is Verdict.OURS
    again = await connector.apply(change.inverse(), RUN)
    assert again.outcome is Outcome.REJECTED
    assert await other.hgetall(FLAGS) == before


async def test_a_fact_that_was_absent_is_absent_again(connector: RedisConnector, other: redis.asyncio.Redis) -> None:
    change = Change("redis/cache", "rate.user", None, 100, step="rate")
    assert (await connector.apply(change, RUN)).outcome is Outcome.DONE
    assert (await facts(connector))["rate.user"].value == 100
    assert (await connector.apply(change.inverse(), RUN)).outcome is Outcome.DONE
    assert sorted(await other.hkeys(FLAGS)) == ["flag.read_only", "ttl.catalog"]


async def test_a_fact_can_be_taken_away_and_comes_back(connector: RedisConnector, other: redis.asyncio.Redis) -> None:
    change = Change("redis/cache", "ttl.catalog", 60, None, step="none")
    assert (await connector.apply(change, RUN)).outcome is Outcome.DONE
    assert (await facts(connector))["ttl.catalog"].value is None
    assert await other.hget(FLAGS, "ttl.catalog") is None
    assert (await connector.probe(change, RUN)).verdict is Verdict.OURS
    assert (await connector.apply(change.inverse(), RUN)).outcome is Outcome.DONE
    assert await other.hget(FLAGS, "ttl.catalog") == ' {"value": 60}'


async def test_drift_refuses_and_names_both_values_and_the_writer(
    connector: RedisConnector, other: redis.asyncio.Redis
) -> None:
    await other.hset(FLAGS, "ttl.catalog", '{"value": 120, "run": "r0"}')
    refused = await connector.apply(Change("redis/cache", "ttl.catalog", 60, 600, step="ttl"), RUN)
    assert (refused.outcome, refused.reason) == (
        Outcome.REJECTED,
        "ttl.catalog is 120, not 60 as planned; set by run r0",
    )
    assert await other.hexists(FLAGS, "mark:ttl.catalog") is False


async def test_undo_never_overwrites_a_later_foreign_value(
    connector: RedisConnector, other: redis.asyncio.Redis
) -> None:
    await connector.apply(READ_ONLY, RUN)
    for foreign in ('{"on": false}', '{"on": true}'):  # the second one has our value, and is not ours all the same
        await other.hset(FLAGS, "flag.read_only", foreign)
        refused = await connector.apply(READ_ONLY.inverse(), RUN)
        assert (refused.outcome, "someone outside Seawall" in refused.reason) == (Outcome.REJECTED, True)
        assert await other.hget(FLAGS, "flag.read_only") == foreign
        assert (await connector.probe(READ_ONLY, RUN)).verdict is Verdict.SUPERSEDED


async def test_marks_stack_and_come_off_from_the_top(connector: RedisConnector, other: redis.asyncio.Redis) -> None:
    before = await other.hgetall(FLAGS)
    first = Change("redis/cache", "ttl.catalog", 60, 300, step="ttl")
    second, later = replace(first, before=300, after=900), replace(RUN, run="r2")
    await connector.apply(first, RUN)
    await connector.apply(second, later)
    assert [mark.after for mark in (await facts(connector))["ttl.catalog"].marks] == [300, 900]
    below = await connector.apply(first.inverse(), RUN)
    assert (below.outcome, "run r2" in below.reason) == (Outcome.REJECTED, True)
    assert (await connector.apply(second.inverse(), later)).outcome is Outcome.DONE
    assert (await facts(connector))["ttl.catalog"].value == 300
    assert (await connector.apply(first.inverse(), RUN)).outcome is Outcome.DONE
    assert await other.hgetall(FLAGS) == before


async def test_undo_from_the_marks_alone(connector: RedisConnector, other: redis.asyncio.Redis) -> None:
    before = await other.hgetall(FLAGS)
    await connector.apply(READ_ONLY, RUN)
    fact = (await facts(connector))["flag.read_only"]
    mark = fact.marks[-1]
    undo = Change("redis/cache", fact.name, mark.after, mark.before, step=mark.step, seq=mark.seq, undoes=True)
    assert (await connector.apply(undo, RunContext(mark.run, "bob", ""))).outcome is Outcome.DONE
    assert await other.hgetall(FLAGS) == before


async def test_undo_after_its_end_still_restores(connector: RedisConnector, other: redis.asyncio.Redis) -> None:
    before = await other.hgetall(FLAGS)
    await connector.apply(READ_ONLY, replace(RUN, until=time.time() - 1))
    assert (await facts(connector))["flag.read_only"].value is False  # what the application does by itself
    assert (await connector.probe(READ_ONLY, RUN)).verdict is Verdict.OURS
    assert (await connector.apply(READ_ONLY.inverse(), RUN)).outcome is Outcome.DONE
    assert await other.hgetall(FLAGS) == before


async def test_the_same_write_twice_leaves_one_mark(connector: RedisConnector, other: redis.asyncio.Redis) -> None:
    assert (await connector.probe(READ_ONLY, RUN)).verdict is Verdict.NOT_APPLIED
    await connector.apply(READ_ONLY, RUN)
    assert (await connector.apply(READ_ONLY, RUN)).outcome is Outcome.DONE
    assert len((await facts(connector))["flag.read_only"].marks) == 1


async def test_a_script_the_server_forgot_is_sent_again(connector: RedisConnector, other: redis.asyncio.Redis) -> None:
    await connector.apply(READ_ONLY, RUN)
    await other.script_flush()
    assert (await connector.apply(READ_ONLY.inverse(), RUN)).outcome is Outcome.DONE


UNFIT: tuple[tuple[str, str, FactValue, FactValue], ...] = (
    ("redis/cache", "replicas", 1, 2),
    ("redis/cache", "mark:flag.a", None, True),
    ("redis/cache", "flag.read_only", False, 1),
    ("redis/cache", "ttl.catalog", 60, True),
    ("redis/cache", "ttl.catalog", 60, -1),
    ("redis/cache", "ttl.catalog", 60, float("nan")),
    ("redis/cache", "ttl.catalog", 60, "600"),
    ("redis/other", "ttl.catalog", 60, 600),
)


async def test_what_cannot_be_set_is_rejected_and_nothing_is_written(
    connector: RedisConnector, other: redis.asyncio.Redis
) -> None:
    held = await other.hgetall(FLAGS)
    for component, fact, before, after in UNFIT:
        applied = await connector.apply(Change(component, fact, before, after, step="s"), RUN)
        assert (fact, after, applied.outcome) == (fact, after, Outcome.REJECTED)
    assert await other.hgetall(FLAGS) == held


async def test_a_field_that_is_no_document_is_never_written_over(
    connector: RedisConnector, other: redis.asyncio.Redis
) -> None:
    await other.hset(FLAGS, "flag.read_only", "yes")
    for before in (None, False, True):
        refused = await connector.apply(replace(READ_ONLY, before=before, after=not before), RUN)
        assert refused.outcome is Outcome.REJECTED
    assert await other.hget(FLAGS, "flag.read_only") == "yes"
    assert (await connector.probe(READ_ONLY, RUN)).verdict is Verdict.FOREIGN


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


async def test_two_who_write_at_once_are_one_after_the_other(connector: RedisConnector, url: str) -> None:
    rivals = [opening(url) for _ in range(4)]
    change = Change("redis/cache", "ttl.catalog", 60, 600, step="ttl")
    applied = await asyncio.gather(*(rival.apply(change, replace(RUN, run=f"r{n}")) for n, rival in enumerate(rivals)))
    for rival in rivals:
        await rival.close()
    assert sorted(each.outcome for each in applied) == [Outcome.DONE, *[Outcome.REJECTED] * 3]
    assert len((await facts(connector))["ttl.catalog"].marks) == 1
