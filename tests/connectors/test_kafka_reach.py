"""Brokers that are hard to reach: under names that nobody here knows, down, behind a wall, or after a slow resolver."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.simulator.kafka.options import KafkaOptions
from console.model.snapshot import Detail, FailureKind
from tests.connectors.kafka_estate import bad, component, good, opened, until, values
from tests.connectors.simulator.sim_kafka import estate
from tests.connectors.test_kafka_connector import Arranged
from tests.real.kafka import JARS, RealKafka, start_kafka

ELSEWHERE = KafkaOptions(advertised="broker.invalid")


async def test_names_that_only_brokers_know_are_told_with_what_to_do() -> None:
    async with estate(ELSEWHERE) as at, opened(at.wire.bootstrap, timeout=5.0) as connector:
        refused = bad(await connector.read())
    assert refused.kind is FailureKind.NAME
    assert "broker.invalid" in refused.reason
    assert "address_map" in refused.advice


@pytest.mark.parametrize("rule", ["broker.invalid", "*", "*.invalid", "broker.invalid:*"])
async def test_a_map_of_addresses_leads_to_them(rule: str) -> None:
    ways = {rule: "127.0.0.1"}
    async with estate(ELSEWHERE) as at, opened(at.wire.bootstrap, timeout=5.0, address_map=ways) as connector:
        seen = good(await connector.read())
    assert seen.problems == ()
    assert values(component(seen, "kafka/group/orders"))["partitions"] == 8


async def test_a_name_that_is_known_for_some_brokers_alone_costs_what_the_others_lead() -> None:
    async with estate(ELSEWHERE) as at:
        first, second, third = at.wire.bootstrap
        ports = [address.rpartition(":")[2] for address in (first, second, third)]
        ways = {f"broker.invalid:{port}": f"127.0.0.1:{port}" for port in ports[:2]}
        async with opened(at.wire.bootstrap, timeout=5.0, address_map=ways) as connector:
            seen = good(await connector.read())
            brokers = await connector.inspect("kafka/cluster")
    assert [problem.startswith(f"broker 3: broker.invalid:{ports[2]}: ") for problem in seen.problems] == [True]
    assert values(component(seen, "kafka/cluster"))["brokers_silent"] == 1
    assert isinstance(brokers, Detail)
    assert [row[1].partition(",")[0] for row in brokers.rows] == ["up", "up", "silent"]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKafka]:
    """A real broker that says it is where nobody can find it."""
    with start_kafka(JARS, tmp_path_factory.mktemp("elsewhere"), advertised="broker.invalid") as made:
        yield made


@pytest.mark.real("kafka")
async def test_a_real_broker_that_advertises_a_name_of_its_own_network(elsewhere: RealKafka) -> None:
    async with opened((elsewhere.bootstrap,), timeout=10.0) as connector:
        assert bad(await connector.read()).kind is FailureKind.NAME
    port = elsewhere.bootstrap.rpartition(":")[2]
    ways = {f"broker.invalid:{port}": elsewhere.bootstrap}
    async with opened((elsewhere.bootstrap,), timeout=10.0, address_map=ways) as connector:
        assert values(component(await connector.read(), "kafka/cluster"))["brokers"] == 1


@pytest.mark.real("kafka")
async def test_a_real_broker_that_stands_still_is_timed_out_and_back_at_the_next_reading(elsewhere: RealKafka) -> None:
    async with opened((elsewhere.bootstrap,), timeout=2.0, address_map={"*": "127.0.0.1"}) as connector:
        await until(connector, lambda seen: not seen.problems)
        os.kill(elsewhere.process, signal.SIGSTOP)
        try:
            for _ in range(3):
                started = time.monotonic()
                refused = bad(await connector.read())
                assert time.monotonic() - started < 5.0
                assert refused.kind is FailureKind.TIMED_OUT
        finally:
            os.kill(elsewhere.process, signal.SIGCONT)
        await until(connector, lambda seen: not seen.problems)


async def test_a_broker_that_is_killed_is_named_with_how_long_it_was_not_heard() -> None:
    async with estate() as at, opened(at.wire.bootstrap, timeout=2.0) as connector:
        good(await connector.read())
        await at.wire.ports.shut(2)  # the others have not noticed yet
        seen = await until(connector, lambda seen: any("broker 2: " in problem for problem in seen.problems))
        told = next(problem for problem in seen.problems if problem.startswith("broker 2: "))
        assert "Connection refused, last heard " in told
        assert component(seen, "kafka/group/orders")
        await at.wire.lose(2)
        seen = await until(connector, lambda seen: "broker 2: not in the cluster" in "".join(seen.problems))
        cluster = component(seen, "kafka/cluster")
        assert values(cluster)["brokers_missing"] == 1
        assert (values(cluster)["under_replicated"] or 0) > 0
        assert cluster.notes == ("broker 2 missing",)
        await at.wire.restore(2)
        await until(connector, lambda seen: not seen.problems)


@contextlib.contextmanager
def wall() -> Iterator[str]:
    """An address whose packets nobody answers: a listener whose queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"


async def test_a_broker_behind_a_wall_costs_its_own_time_and_nothing_else() -> None:
    with wall() as nowhere:
        async with estate() as at:
            ways = {at.wire.bootstrap[1]: nowhere}
            async with opened(at.wire.bootstrap[:1], timeout=1.0, address_map=ways) as connector:
                await connector.read()
                for _ in range(3):
                    started = time.monotonic()
                    seen = good(await connector.read())
                    assert time.monotonic() - started < 2.0
                    assert [problem.partition(":")[0] for problem in seen.problems] == ["broker 2"]
                    assert component(seen, "kafka/group/orders")


async def test_a_resolver_that_hangs_costs_one_broker_and_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver cannot be told to hurry; and the client library would ask it on the loop of all brokers."""
    release, real = threading.Event(), socket.getaddrinfo
    hung: list[str] = []

    def resolver(host: str, *arguments: Any, **more: Any) -> Any:
        if host == "slow.invalid":
            hung.append(threading.current_thread().name)
            release.wait(20.0)
        return real(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    try:
        async with estate() as at:
            ways = {at.wire.bootstrap[1]: "slow.invalid:*"}
            async with opened(at.wire.bootstrap[:1], timeout=0.6, address_map=ways) as connector:
                for _ in range(4):
                    started = time.monotonic()
                    seen = good(await connector.read())
                    assert time.monotonic() - started < 2.0
                assert len(hung) == 1, "it is not asked again before it has answered"
                assert "broker 2: still owes an answer" in seen.problems
                assert component(seen, "kafka/group/orders")
    finally:
        release.set()


@pytest.mark.real("kafka")
async def test_only_the_groups_and_topics_that_are_wanted(real_kafka: str) -> None:
    made = await Arranged((real_kafka,)).make(written={0: 4}, committed={0: 1})
    async with opened((real_kafka,), groups=("group-*",), not_groups=(made.group,), timeout=10.0) as connector:
        assert all(seen.id != f"kafka/group/{made.group}" for seen in good(await connector.read()).components)
    async with opened((real_kafka,), groups=(made.group,), not_topics=("topic-*",), timeout=10.0) as connector:
        assert values(component(await connector.read(), f"kafka/group/{made.group}"))["partitions"] == 0
    async with opened((real_kafka,), groups=(), dead_letters=("*",), timeout=10.0) as connector:
        assert all("/__" not in seen.id for seen in good(await connector.read()).components)
    own = ("__consumer_offsets",)
    async with opened((real_kafka,), groups=(), dead_letters=own, topics=own, timeout=10.0) as connector:
        assert component(await connector.read(), "kafka/topic/__consumer_offsets")
