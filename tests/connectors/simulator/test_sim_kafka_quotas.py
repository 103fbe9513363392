"""Client quotas: set, shown, the one that holds, and the wait of who exceeds it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator.kafka import KafkaWire
from connectors.simulator.kafka.api_quotas import ANY, EXACT, FOR_DEFAULT, alter_client_quotas, describe_client_quotas
from connectors.simulator.kafka.cluster import Cluster
from connectors.simulator.kafka.quotas import LONGEST, PRODUCE, Quotas
from connectors.simulator.kafka.session import Session
from tests.connectors.simulator.kafka_estate import create, served, with_admin
from tests.connectors.simulator.sim_kafka_requests import alter_quotas, describe_quotas
from tests.connectors.simulator.sim_kafka_talk import talk


@pytest.fixture
def session() -> Session:
    return Session(1, Cluster(7), now=lambda: 0.0)


def altered(session: Session, *arguments: Any, **options: Any) -> tuple[int, str]:
    entry = alter_client_quotas(session, alter_quotas(*arguments, **options), 1).entries[0]
    return entry.error_code, entry.error_message or ""


def described(session: Session, *components: tuple[str, int, str | None], strict: bool = False) -> list[Any]:
    said = describe_client_quotas(session, describe_quotas(*components, strict=strict), 1)
    assert said.error_code == 0, said.error_message
    return [
        (
            {part.entity_type: part.entity_name for part in entry.entity},
            {value.key: value.value for value in entry.values},
        )
        for entry in said.entries
    ]


def test_what_is_set_is_shown_and_taken_back(session: Session) -> None:
    assert altered(session, {"client-id": "loader"}, {PRODUCE: 1000.0, "consumer_byte_rate": 5.0}) == (0, "")
    assert altered(session, {"client-id": None}, {PRODUCE: 2000.0}) == (0, "")
    assert altered(session, {"user": "u", "client-id": "loader"}, {PRODUCE: 3000.0}) == (0, "")
    assert described(session, ("client-id", EXACT, "loader"), strict=True) == [
        ({"client-id": "loader"}, {PRODUCE: 1000.0, "consumer_byte_rate": 5.0})
    ]
    assert described(session, ("client-id", FOR_DEFAULT, None)) == [({"client-id": None}, {PRODUCE: 2000.0})]
    assert len(described(session, ("client-id", ANY, None))) == 3
    assert len(described(session)) == 3
    assert altered(session, {"client-id": "loader"}, {PRODUCE: None, "consumer_byte_rate": None}) == (0, "")
    assert described(session, ("client-id", EXACT, "loader"), strict=True) == []


def test_what_is_only_to_be_validated_is_not_set(session: Session) -> None:
    assert altered(session, None, {PRODUCE: 1000.0}, validate_only=True) == (0, "")
    assert described(session) == []
    assert altered(session, None, {PRODUCE: -1.0}, validate_only=True)[0] == 42


@pytest.mark.parametrize(
    ("entity", "changes"),
    [
        ({}, {PRODUCE: 1.0}),
        ({"shoe-size": "44"}, {PRODUCE: 1.0}),
        ({"ip": "10.0.0.1", "user": "u"}, {PRODUCE: 1.0}),
        ({"ip": "10.0.0.1"}, {PRODUCE: 1.0}),
        ({"user": "u"}, {"appetite": 1.0}),
        ({"user": "u"}, {PRODUCE: 0.0}),
        ({"user": "u"}, {PRODUCE: float("nan")}),
        ({"user": "u"}, {PRODUCE: float("inf")}),
    ],
)
def test_a_quota_that_cannot_be_is_refused_with_a_reason(session: Session, entity: Any, changes: Any) -> None:
    code, reason = altered(session, entity, changes)
    assert (code, bool(reason)) == (42, True)
    assert described(session) == []


@pytest.mark.parametrize("asked", [("shoe-size", EXACT, "44"), ("user", 7, None), ("user", EXACT, None)])
def test_a_question_that_makes_no_sense_is_refused(session: Session, asked: tuple[str, int, str | None]) -> None:
    assert describe_client_quotas(session, describe_quotas(asked), 1).error_code == 42


def test_of_several_quotas_the_one_that_knows_most_of_the_client_holds() -> None:
    """Kafka's order: user and client, user and any client, user, any user …, client, any client."""
    quotas = Quotas(now=lambda: 0.0)
    order: list[dict[str, str | None]] = [
        {"client-id": None},
        {"client-id": "c"},
        {"user": None},
        {"user": None, "client-id": None},
        {"user": None, "client-id": "c"},
        {"user": "u"},
        {"user": "u", "client-id": None},
        {"user": "u", "client-id": "c"},
    ]
    for rate, entity in enumerate(order, 1):
        quotas.alter(list(entity.items()), {PRODUCE: float(rate)})
        assert quotas.rate("u", "c", PRODUCE) == rate
    assert quotas.rate("u", "other", PRODUCE) == 7.0
    assert quotas.rate("other", "c", PRODUCE) == 5.0


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.integers(0, 5000)), max_size=30))
def test_who_waits_as_told_stays_below_the_rate_and_one_seconds_worth(sends: list[tuple[float, int]]) -> None:
    time = [0.0]
    quotas = Quotas(now=lambda: time[0])
    quotas.alter([("client-id", None)], {PRODUCE: 1000.0})
    sent = 0
    for pause, size in sends:
        time[0] += pause
        sent += size
        wait = quotas.wait("u", "c", PRODUCE, size)
        assert 0.0 <= wait <= LONGEST
        time[0] += wait
        assert sent <= 1000.0 * (time[0] + 1.0) + 1e-6 or wait == LONGEST


@pytest.fixture
async def wire() -> AsyncIterator[KafkaWire]:
    async with served() as made:
        await create(made, "own")
        yield made


async def test_a_real_producer_is_slowed_down_and_told_so(wire: KafkaWire) -> None:
    asked = alter_quotas(changes={PRODUCE: 4000.0})
    await with_admin(wire, lambda admin: admin._manager.run(admin._manager.send, asked))
    told: list[float] = []

    def run(client: str) -> float:
        producer = Producer(
            {
                "bootstrap.servers": ",".join(wire.bootstrap),
                "client.id": client,
                "throttle_cb": lambda event: told.append(event.throttle_time),
                "linger.ms": 0,
            }
        )
        start = time.monotonic()
        for _ in range(8):
            producer.produce("own", b"x" * 1000)
            producer.flush(20)
        producer.poll(0.1)
        return time.monotonic() - start

    await asyncio.to_thread(run, "unknown")
    assert not told
    assert await asyncio.to_thread(run, "loader") > 0.5  # it sends at least 8,000 bytes, of which 4,000 are free
    assert told


async def test_the_model_is_told_what_holds_for_its_own_producers(wire: KafkaWire) -> None:
    """Whomever the quota names: their client id, any client, or anybody who has no other name."""
    wishes: list[tuple[dict[str, str | None], float]] = [
        ({"client-id": None}, 3000.0),
        ({"client-id": "api"}, 2000.0),
        ({"user": None}, 1000.0),
    ]
    told = []
    async with talk(wire.bootstrap[0]) as to:
        for entity, rate in wishes:
            await to.ask(alter_quotas(entity, {PRODUCE: rate}), 1)
            told.append((wire.quotas()["api"], wire.quotas()["workers"]))
    assert told == [(3000.0, 3000.0), (2000.0, 3000.0), (1000.0, 1000.0)]
