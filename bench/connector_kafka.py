"""The Kafka connector: 200 groups of 50 partitions each on 6 brokers, near and far away, against one call a group.

What one call a group costs is measured on the same connections with the same messages: describe the group, fetch its
commits, ask each leader for its offsets, one after the other. A tenth of the groups stands for all of them.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Iterator, Mapping

from bench.kafka_estate import BEHIND, GROUPS, PARTITIONS, Places, started
from bench.result import Result
from connectors.kafka import KafkaConnector, open_connector
from connectors.settings.kafka import Settings
from console.clock import SystemClock
from console.model.snapshot import Snapshot

ROUNDS = 7
SOME = GROUPS // 10
PATIENCE = 60.0  # wall seconds for a reading: its time is measured, not cut
FAR, NEAR = 0.1, 0.4  # of one by one; near, both sides' encoding is most of it, and the same for both
REQUESTS = 6  # the most that a broker is asked
SELDOM = 4  # for all: topics, settings, quotas, who controls


def run() -> Iterator[Result]:
    with started() as places:
        yield from _compared("near", places, {}, NEAR)
        yield from _compared("20 ms away", places, places.far, FAR)


def _compared(name: str, places: Places, ways: Mapping[str, str], budget: float) -> Iterator[Result]:
    brokers = len(places.near)
    one_by_one = _one_by_one(places, ways) * GROUPS / SOME
    reading, requests = asyncio.run(_readings(places, ways))
    beside = f"one call a group {one_by_one:.2f} s"
    yield Result(f"kafka: {GROUPS} x {PARTITIONS}, {name}, of one by one", reading / one_by_one, "x", budget, beside)
    yield Result(f"kafka: requests of a reading, {name}", requests, "", REQUESTS * brokers + SELDOM)


async def _readings(places: Places, ways: Mapping[str, str]) -> tuple[float, int]:
    """Median wall seconds of a reading, and the most requests of one."""
    settings = Settings(bootstrap=places.near, timeout=PATIENCE, address_map=dict(ways))
    connector = open_connector("kafka", settings, SystemClock())
    assert isinstance(connector, KafkaConnector)
    taken, asked = [], []
    try:
        _check(await connector.read())
        for _ in range(ROUNDS):
            gc.collect()
            before, start = connector.asked, time.perf_counter()
            seen = await connector.read()
            taken.append(time.perf_counter() - start)
            asked.append(connector.asked - before)
            _check(seen)
    finally:
        await connector.close()
    return statistics.median(taken), max(asked)


def _check(seen: object) -> None:
    assert isinstance(seen, Snapshot), seen
    assert not seen.problems, seen.problems
    groups = [observed for observed in seen.components if observed.id.startswith("kafka/group/group-")]
    assert len(groups) == GROUPS
    lags = {signal.value for observed in groups for signal in observed.signals if signal.name == "lag"}
    assert lags == {BEHIND * PARTITIONS}, lags


def _one_by_one(places: Places, ways: Mapping[str, str]) -> float:
    """Wall seconds for SOME groups, each asked for by itself."""
    from connectors.kafka.client import Client
    from connectors.kafka.way import Way

    client = Client(places.near[0], Way({"security_protocol": "PLAINTEXT"}, address_map=ways), PATIENCE, PATIENCE)
    try:
        for broker in client.brokers:
            client.warm(broker, PATIENCE)
        seen = client.cluster(client.brokers[0], PATIENCE)
        coordinators = {
            view.name: broker for broker in client.brokers for view in client.groups(broker, lambda _: True, PATIENCE)
        }
        start = time.perf_counter()
        for number in range(SOME):
            name, topic = f"group-{number}", f"topic-{number}"
            client.groups(coordinators[name], name.__eq__, PATIENCE)
            for broker in client.brokers:
                led = [(topic, index) for index, leader in seen.leaders[topic].items() if leader == broker]
                client.offsets(broker, led, PATIENCE)
        return time.perf_counter() - start
    finally:
        client.close()
