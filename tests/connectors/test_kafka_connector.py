"""The Kafka connector on the simulated estate and on a real broker, by the same tests; and on sick ones."""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from faults import black_hole, closed_port, serving
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from connectors import Connector, ConnectorError
from connectors.kafka import Settings, open_connector
from connectors.secret import Secret
from connectors.simulator.clock import SimClock
from connectors.simulator.kafka import KafkaWire
from connectors.simulator.tick import Cache, Group, Partition, Tick
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext, Verdict
from console.model.snapshot import Detail, FailureKind, Observed, Seen, Snapshot, Unreachable
from tests.real.kafka import JARS, start_kafka

CACHE = Cache(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
PATIENCE = 20.0  # wall seconds for a condition on a busy machine


def wire() -> KafkaWire:
    made = KafkaWire(SimClock(), seed=7)
    orders = tuple(Partition("orders", n, 0, 1000, 900 if n else None) for n in range(8))
    others = tuple(Partition("notifications", n, 0, 10, 4) for n in range(4))
    groups = (Group("orders", "Stable", 9, orders), Group("notifications", "Empty", 0, others))
    made.step(0, Tick(0, CACHE, groups, 0, 0, 0, 0, 1, 1, counters={"dead_letters": 12}))
    return made


@asynccontextmanager
async def estate() -> AsyncIterator[KafkaWire]:
    made = wire()
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@pytest.fixture(scope="session")
def real_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_kafka(JARS, tmp_path_factory.mktemp("kafka")) as bootstrap:
        yield bootstrap


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("kafka"))])
async def bootstrap(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, ...]]:
    """A broker of either kind."""
    if request.param == "real":
        yield (request.getfixturevalue("real_kafka"),)
        return
    async with estate() as made:
        yield made.bootstrap


@asynccontextmanager
async def opened(bootstrap: tuple[str, ...], **settings: Any) -> AsyncIterator[Connector]:
    made = open_connector("kafka", Settings(bootstrap=bootstrap, **settings), SystemClock())
    try:
        yield made
    finally:
        await made.close()


def good(seen: Seen) -> Snapshot:
    assert isinstance(seen, Snapshot), seen
    return seen


def bad(seen: Seen | Detail) -> Unreachable:
    assert isinstance(seen, Unreachable), seen
    assert "\n" not in seen.reason
    return seen


def component(seen: Seen, id: str) -> Observed:
    return next(observed for observed in good(seen).components if observed.id == id)


def values(observed: Observed) -> dict[str, float | None]:
    return {signal.name: signal.value for signal in observed.signals}


async def until(connector: Connector, holds: Callable[[Snapshot], bool]) -> Snapshot:
    """Reads until it holds."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        seen = await connector.read()
        if isinstance(seen, Snapshot) and holds(seen):
            return seen
        await asyncio.sleep(0.1)
    raise AssertionError(seen)


def fresh(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:8]}"


class Arranged:
    """A topic with records and a group with commits, made by an ordinary client's calls."""

    def __init__(self, bootstrap: tuple[str, ...]) -> None:
        self.bootstrap = list(bootstrap)
        self.topic, self.group = fresh("topic"), fresh("group")

    async def make(self, written: Mapping[int, int], committed: Mapping[int, int]) -> Arranged:
        await asyncio.to_thread(self._make, written, committed)
        return self

    def _make(self, written: Mapping[int, int], committed: Mapping[int, int]) -> None:
        with KafkaAdminClient(bootstrap_servers=self.bootstrap) as admin:
            admin.create_topics({self.topic: {"num_partitions": len(written), "replication_factor": 1}})
            admin.wait_for_topics([self.topic])
            producer = KafkaProducer(bootstrap_servers=self.bootstrap)
            for partition, count in written.items():
                for _ in range(count):
                    producer.send(self.topic, b"x", partition=partition)
            producer.close()
            places = {
                TopicPartition(self.topic, partition): OffsetAndMetadata(offset, "", -1)
                for partition, offset in committed.items()
            }
            self._commit(admin, places)

    def _commit(self, admin: Any, places: Mapping[Any, Any]) -> None:
        """A fresh cluster has no coordinator until its topic of offsets is there."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                errors = set(admin.alter_group_offsets(self.group, places).values())
            except Exception as error:
                if not getattr(error, "retriable", False):
                    raise
            else:
                if all(error.errno == 0 for error in errors):
                    return
            time.sleep(0.1)
        raise AssertionError("no coordinator")


async def test_lag_is_what_was_written_and_not_committed(bootstrap: tuple[str, ...]) -> None:
    made = await Arranged(bootstrap).make(written={0: 7, 1: 5, 2: 0}, committed={0: 3, 1: 5})
    async with opened(bootstrap, groups=(made.group,), timeout=10.0) as connector:
        seen = good(await connector.read())
        group = component(seen, f"kafka/group/{made.group}")
    assert values(group) == {"lag": 4, "lost": 0, "never_committed": 1, "members": 0, "partitions": 3}
    assert {counter.name: counter.value for counter in group.counters} == {"consumed_total": 8, "produced_total": 12}
    assert group.state == "Empty"
    assert group.notes == ("1 partition never committed",)
    assert seen.identity
    assert seen.problems == ()


async def test_a_drill_down_shows_the_partitions(bootstrap: tuple[str, ...]) -> None:
    made = await Arranged(bootstrap).make(written={0: 2, 1: 5}, committed={0: 1, 1: 0})
    async with opened(bootstrap, timeout=10.0) as connector:
        detail = await connector.inspect(f"kafka/group/{made.group}")
        assert isinstance(detail, Detail), detail
        assert detail.rows == ((made.topic, "1", "0", "5", "5", "0", ""), (made.topic, "0", "1", "2", "1", "0", ""))
        brokers = await connector.inspect("kafka/cluster")
        assert isinstance(brokers, Detail), brokers
        assert [row[0] for row in brokers.rows] == [str(n + 1) for n in range(len(bootstrap))]
        assert bad(await connector.inspect("kafka/group/none")).kind is FailureKind.NOT_FOUND


async def test_dead_letters_show_their_depth(bootstrap: tuple[str, ...]) -> None:
    made = await Arranged(bootstrap).make(written={0: 3, 1: 1}, committed={})
    async with opened(bootstrap, groups=(), dead_letters=(made.topic,), timeout=10.0) as connector:
        topic = component(await connector.read(), f"kafka/topic/{made.topic}")
        assert values(topic) == {"depth": 4}
        assert [(counter.rate_name, counter.value) for counter in topic.counters] == [("arrivals", 4)]


async def test_a_named_group_that_is_not_there_is_told(bootstrap: tuple[str, ...]) -> None:
    async with opened(bootstrap, groups=("nobody",), timeout=10.0) as connector:
        assert good(await connector.read()).problems == ("group nobody: not found, or not permitted",)


async def test_a_deleted_group_is_gone_at_the_next_reading(bootstrap: tuple[str, ...]) -> None:
    made = await Arranged(bootstrap).make(written={0: 1}, committed={0: 0})
    async with opened(bootstrap, groups=(f"{made.group}*",), dead_letters=(), timeout=10.0) as connector:
        assert component(await connector.read(), f"kafka/group/{made.group}")

        def delete() -> None:
            with KafkaAdminClient(bootstrap_servers=made.bootstrap) as admin:
                assert admin.delete_groups([made.group]) == {made.group: "OK"}

        await asyncio.to_thread(delete)
        assert [seen.id for seen in good(await connector.read()).components] == ["kafka/cluster"]


@pytest.mark.real("kafka")
async def test_expired_records_are_lost_and_not_lag(real_kafka: str) -> None:
    made = await Arranged((real_kafka,)).make(written={0: 9}, committed={0: 2})

    def expire() -> None:
        with KafkaAdminClient(bootstrap_servers=[real_kafka]) as admin:
            admin.delete_records({TopicPartition(made.topic, 0): 6})

    await asyncio.to_thread(expire)
    async with opened((real_kafka,), groups=(made.group,), timeout=10.0) as connector:
        group = component(await connector.read(), f"kafka/group/{made.group}")
    assert (values(group)["lag"], values(group)["lost"]) == (3, 4)
    assert group.notes == ("4 expired unread",)


@pytest.mark.real("kafka")
async def test_a_live_group_has_members_and_workers(real_kafka: str) -> None:
    made = await Arranged((real_kafka,)).make(written={0: 3, 1: 3}, committed={})
    stop = threading.Event()

    def consume() -> None:
        consumer = KafkaConsumer(
            made.topic,
            bootstrap_servers=[real_kafka],
            group_id=made.group,
            client_id="worker",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        while not stop.is_set():
            if consumer.poll(100):
                consumer.commit()
        consumer.close()

    async with opened((real_kafka,), groups=(made.group,), timeout=10.0) as connector:
        consuming = asyncio.create_task(asyncio.to_thread(consume))
        try:
            seen = await until(
                connector,
                lambda seen: any(o.state == "Stable" and values(o)["lag"] == 0 for o in seen.components),
            )
            detail = await connector.inspect(f"kafka/group/{made.group}")
        finally:
            stop.set()
            await consuming
    group = component(seen, f"kafka/group/{made.group}")
    assert values(group) == {"lag": 0, "lost": 0, "never_committed": 0, "members": 1, "partitions": 2}
    assert isinstance(detail, Detail)
    assert all(row[6].startswith("worker /127.0.0.1") for row in detail.rows)


async def test_the_estate_as_the_demo_shows_it() -> None:
    async with estate() as made, opened(made.bootstrap) as connector:
        seen = await connector.read()
        orders = component(seen, "kafka/group/orders")
        assert values(orders) == {"lag": 700, "lost": 0, "never_committed": 1, "members": 9, "partitions": 8}
        assert orders.notes == ("1 partition never committed", "workers > partitions")
        assert values(component(seen, "kafka/group/notifications"))["lag"] == 24
        assert values(component(seen, "kafka/topic/orders.dlq")) == {"depth": 12}
        assert values(component(seen, "kafka/cluster")) == {"brokers": 3}


async def test_a_group_that_may_not_be_read_is_told_and_hides_no_other() -> None:
    async with estate() as made, opened(made.bootstrap, groups=("*",)) as connector:
        made.deny("orders")
        seen = good(await connector.read())
        assert seen.problems == ("group orders: group authorization failed",)
        assert component(seen, "kafka/group/notifications")
        assert all(observed.id != "kafka/group/orders" for observed in seen.components)


async def test_a_broker_that_hangs_costs_what_it_leads_and_nothing_else() -> None:
    async with estate() as made, opened(made.bootstrap, timeout=1.0) as connector:
        await connector.read()
        for broker in (1, 2, 3):
            made.silence(broker)
            seen = await until(connector, lambda seen: bool(seen.problems))
            assert any(problem.startswith(f"broker {broker}: ") for problem in seen.problems)
            shown = [observed for observed in seen.components if observed.id.startswith("kafka/group/")]
            assert shown, "the other brokers' groups are still there"
            assert all(not observed.counters for observed in shown if observed.notes[0].endswith("not readable"))
            made.wake(broker)
            await until(connector, lambda seen: not seen.problems)


async def test_when_all_hang_the_reading_ends_in_time_and_comes_back_with_them() -> None:
    async with estate() as made, opened(made.bootstrap, timeout=0.6) as connector:
        await connector.read()
        for broker in (1, 2, 3):
            made.silence(broker)
        for _ in range(3):
            started = time.monotonic()
            assert bad(await connector.read()).kind is FailureKind.TIMED_OUT
            assert time.monotonic() - started < 2.5  # twice the timeout, and a busy machine
        for broker in (1, 2, 3):
            made.wake(broker)
        await until(connector, lambda seen: not seen.problems)


async def test_cut_connections_are_made_anew() -> None:
    async with estate() as made, opened(made.bootstrap) as connector:
        await connector.read()
        made.drop()
        await until(connector, lambda seen: not seen.problems)


async def test_a_changed_password_is_told_and_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_TEST_PASSWORD", "first")
    secret = Secret("env:KAFKA_TEST_PASSWORD")
    async with estate() as made:
        made.require("me", "first")
        async with opened(made.bootstrap, user="me", password=secret) as connector:
            good(await connector.read())
            made.require("me", "second")
            made.drop()
            for _ in range(2):
                refused = bad(await connector.read())
                assert refused.kind is FailureKind.EXPIRED
                assert "first" not in refused.reason
            monkeypatch.setenv("KAFKA_TEST_PASSWORD", "second")
            good(await connector.read())


async def test_a_broker_that_wants_a_password_hangs_up_on_who_has_none() -> None:
    async with estate() as made:
        made.require("me", "secret")
        async with opened(made.bootstrap) as connector:
            refused = bad(await connector.read())
    assert refused.kind is FailureKind.REFUSED
    assert "password" in refused.advice


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes a request and closes without a word."""
    await reader.readexactly(4)


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Frames of the right form with nonsense in them."""
    while True:
        (length,) = struct.unpack(">i", await reader.readexactly(4))
        request = await reader.readexactly(length)
        body = request[4:8] + b"\0\0" + b"\x7f" * 40
        writer.write(struct.pack(">i", len(body)) + body)


async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(10)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    await reader.read()


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        (black_hole, FailureKind.TIMED_OUT),
        (hang_up, FailureKind.REFUSED),
        (garbage, FailureKind.PROTOCOL),
        (web, FailureKind.PROTOCOL),
    ],
)
async def test_sick_servers_are_told_apart_within_the_time_and_leave_no_threads(server: Any, kind: FailureKind) -> None:
    async with serving(server) as url, opened((url.removeprefix("http://"),), timeout=0.4) as connector:
        assert bad(await connector.read()).kind is kind
        before = threading.active_count()
        for _ in range(3):
            started = time.monotonic()
            assert bad(await connector.read()).kind is kind
            assert time.monotonic() - started < 2.0
        assert threading.active_count() <= before + 1


async def test_a_closed_port_and_a_name_that_is_none() -> None:
    address = f"127.0.0.1:{closed_port()}"
    async with opened((address,)) as connector:
        refused = bad(await connector.read())
        assert refused.kind is FailureKind.REFUSED
        assert address in refused.reason
    async with opened(("broker.invalid:9092",)) as connector:
        assert bad(await connector.read()).kind is FailureKind.NAME


async def test_one_dead_bootstrap_address_does_not_matter() -> None:
    async with estate() as made, opened((f"127.0.0.1:{closed_port()}", *made.bootstrap)) as connector:
        good(await connector.read())


async def test_tls_where_there_is_none() -> None:
    async with estate() as made, opened(made.bootstrap[:1], tls=True, timeout=0.5) as connector:
        assert bad(await connector.read()).kind in (FailureKind.TLS, FailureKind.REFUSED, FailureKind.TIMED_OUT)


async def test_there_is_no_lever() -> None:
    change = Change("kafka/group/orders", "offset", 1, 2)
    run = RunContext("r1", "me", "test")
    async with opened(("127.0.0.1:1",)) as connector:
        applied = await connector.apply(change, run)
        assert (applied.outcome, applied.reason) == (
            Outcome.REJECTED,
            "kafka/group/orders: nothing on Kafka can be changed from here",
        )
        assert (await connector.probe(change, run)).verdict is Verdict.FOREIGN


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"bootstrap": ()}, "kafka: bootstrap names no broker"),
        ({"bootstrap": ("broker",)}, 'kafka: bootstrap "broker" is not like "host:9092"'),
        ({"bootstrap": ("broker:kafka",)}, 'kafka: bootstrap "broker:kafka" is not like "host:9092"'),
        ({"user": "me"}, "kafka: user and password go together"),
        ({"timeout": 0.0}, "kafka: timeout must be above 0"),
        ({"ca_file": "/no/such.pem"}, "kafka: no such file: /no/such.pem"),
        ({"user": "me", "password": Secret("env:SEAWALL_NOT_SET")}, "kafka: secret env:SEAWALL_NOT_SET is not set"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_opening(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConnectorError, match=says.replace("/", ".")):
        open_connector("kafka", Settings(**{"bootstrap": ("b:1",), **settings}), SystemClock())


def test_opening_imports_no_client() -> None:
    code = "import sys, connectors.kafka; sys.exit('kafka' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
