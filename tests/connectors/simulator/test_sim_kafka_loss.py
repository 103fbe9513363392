"""Brokers that are lost and come back under ordinary clients' hands."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import Consumer, ElectionType, Producer
from confluent_kafka.admin import AdminClient
from kafka import KafkaAdminClient, KafkaProducer

from connectors.simulator.kafka.brokers import BROKERS, CATCH_UP, PREFERRED_AFTER
from tests.connectors.simulator.kafka_clients import CLIENTS, PATIENCE, Access, confluent_records, kcat, until
from tests.connectors.simulator.sim_kafka import Estate, estate, offline, under_replicated


async def made(at: Estate, replication: int = 3, name: str = "own") -> Access:
    def run() -> None:
        with KafkaAdminClient(bootstrap_servers=at.bootstrap.split(",")) as admin:
            admin.create_topics({name: {"num_partitions": 1, "replication_factor": replication}})

    await asyncio.to_thread(run)
    return Access(at.bootstrap)


async def leader(at: Access, topic: str = "own") -> int:
    def run() -> int:
        found = AdminClient({**at.librdkafka(), "log_level": 0}).list_topics(topic, timeout=PATIENCE)
        return int(found.topics[topic].partitions[0].leader)

    return await asyncio.to_thread(run)


async def shown(at: Access) -> str:
    return (await kcat(at, "-L", "-t", "orders")).decode()


async def test_a_lost_broker_is_gone_from_what_clients_are_shown() -> None:
    async with estate() as at:
        access = Access(at.bootstrap)
        assert (under_replicated(at.wire), offline(at.wire)) == (0, 0)
        await at.wire.lose(1)
        said = await shown(access)
        assert "2 brokers:" in said
        assert "leader 1" not in said
        assert said.count("isrs: 2,3") + said.count("isrs: 3,2") == 8
        assert (at.wire.lost, offline(at.wire)) == (frozenset({1}), 0)
        assert under_replicated(at.wire) >= 13  # all partitions: the estate keeps three copies


async def test_it_comes_back_at_its_own_port_and_leads_again_in_the_end() -> None:
    async with estate() as at:
        access, before = Access(at.bootstrap), at.bootstrap
        await at.wire.lose(2)
        host, port = at.wire.bootstrap[1].split(":")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(host, int(port))
        await at.wire.restore(2)
        assert (at.bootstrap, at.wire.lost) == (before, frozenset())
        assert "3 brokers:" in await shown(Access(at.wire.bootstrap[1]))
        at.run(CATCH_UP)
        assert under_replicated(at.wire) == 0
        assert "leader 2" not in await shown(access)
        at.run(PREFERRED_AFTER)
        assert "leader 2" in await shown(access)


async def test_losing_cuts_who_is_connected_and_may_be_said_twice() -> None:
    async with estate() as at:
        host, port = at.wire.bootstrap[0].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        await at.wire.lose(1)
        await at.wire.lose(1)
        with contextlib.suppress(ConnectionResetError):  # cut or closed: either is an end
            assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()
        await at.wire.restore(1)
        await at.wire.restore(1)
        assert "3 brokers:" in await shown(Access(at.bootstrap))


@pytest.mark.parametrize("client", CLIENTS)
async def test_clients_write_and_read_on_while_their_leader_is_lost(client: str) -> None:
    async with estate() as at:
        access = await made(at)
        await CLIENTS[client].write(access, "own", [b"before"])
        await at.wire.lose(await leader(access))
        await CLIENTS[client].write(access, "own", [b"after"])
        assert await CLIENTS[client].read(access, "own", 2) == [(0, b"before"), (1, b"after")]


async def test_a_python_producer_goes_on_through_a_loss_and_a_return() -> None:
    async with estate() as at:
        access = await made(at)
        producer = await asyncio.to_thread(lambda: KafkaProducer(**access.python(), retries=50))
        try:
            for number in range(3):
                await asyncio.to_thread(lambda: producer.send("own", b"x").get(PATIENCE))
                broker = await leader(access)
                await at.wire.lose(broker)
                offset = await asyncio.to_thread(lambda: producer.send("own", b"x").get(PATIENCE).offset)
                assert offset == 2 * number + 1
                await at.wire.restore(broker)
                at.run(CATCH_UP)
        finally:
            await asyncio.to_thread(producer.close)


async def test_aiokafka_goes_on_through_a_loss() -> None:
    async with estate() as at:
        access = await made(at)
        consumer = AIOKafkaConsumer("own", **access.python(), group_id="mine", auto_offset_reset="earliest")
        async with AIOKafkaProducer(**access.python()) as producer, consumer:
            await producer.send_and_wait("own", b"before")
            found = [await asyncio.wait_for(consumer.getone(), PATIENCE)]
            await at.wire.lose(await leader(access))
            await asyncio.wait_for(producer.send_and_wait("own", b"after"), PATIENCE)
            found.append(await asyncio.wait_for(consumer.getone(), PATIENCE))
    assert [(record.offset, record.value) for record in found] == [(0, b"before"), (1, b"after")]


async def test_a_member_reads_on_when_leader_and_coordinator_move() -> None:
    async with estate() as at:
        access = await made(at)
        settings = {"group.id": "mine", "auto.offset.reset": "earliest", "session.timeout.ms": 6000, "log_level": 0}
        consumer = Consumer({**access.librdkafka(), **settings})
        consumer.subscribe(["own"])
        try:
            await CLIENTS["confluent-kafka"].write(access, "own", [b"0", b"1"])
            found = await asyncio.to_thread(confluent_records, consumer, 2)
            for broker in BROKERS:
                await at.wire.lose(broker)
                await CLIENTS["confluent-kafka"].write(access, "own", [b"%d" % len(found)])
                found += await asyncio.to_thread(confluent_records, consumer, 1)
                await at.wire.restore(broker)
                at.run(CATCH_UP)
            await asyncio.to_thread(lambda: consumer.commit(asynchronous=False))
        finally:
            await asyncio.to_thread(consumer.close)
    assert [value for _, value in found] == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_topic_with_one_copy_is_offline_with_its_broker() -> None:
    async with estate() as at:
        access = await made(at, replication=1)
        home = await leader(access)
        await at.wire.lose(home)
        assert offline(at.wire) == 1
        assert await leader(access) == -1
        assert "Leader not available" in (await kcat(access, "-L", "-t", "own")).decode()
        await at.wire.restore(home)
        assert (offline(at.wire), await leader(access)) == (0, home)


async def test_a_writer_who_wants_two_copies_is_refused_when_there_is_one() -> None:
    async with estate() as at:
        access = Access(at.bootstrap)

        def run() -> None:
            with KafkaAdminClient(bootstrap_servers=at.bootstrap.split(",")) as admin:
                settings = {"min.insync.replicas": "2"}
                admin.create_topics({"own": {"num_partitions": 1, "replication_factor": 3, "configs": settings}})

        def write() -> str:
            producer = Producer({**access.librdkafka(), "retries": 0, "log_level": 0})
            told: list[str] = []
            producer.produce("own", b"x", on_delivery=lambda error, _: told.append(error.name() if error else ""))
            assert producer.flush(PATIENCE) == 0
            return told[0]

        await asyncio.to_thread(run)
        await at.wire.lose(1)
        assert await asyncio.to_thread(write) == ""
        await at.wire.lose(2)
        assert await asyncio.to_thread(write) == "NOT_ENOUGH_REPLICAS"
        await at.wire.restore(2)
        at.run(CATCH_UP)
        assert await asyncio.to_thread(write) == ""


async def test_without_any_broker_nothing_answers_and_all_is_there_again_afterwards() -> None:
    async with estate() as at:
        access = await made(at)
        await CLIENTS["kcat"].write(access, "own", [b"kept"])
        for broker in BROKERS:
            await at.wire.lose(broker)
        assert offline(at.wire) >= 14
        for broker in BROKERS:
            await at.wire.restore(broker)
        at.run(CATCH_UP)
        assert offline(at.wire) == 0
        assert await CLIENTS["kcat"].read(access, "own", 1) == [(0, b"kept")]


async def test_a_broker_lost_before_the_start_is_lost_after_it() -> None:
    at = Estate()
    await at.wire.lose(3)
    await at.wire.start()
    try:
        assert "2 brokers:" in await shown(Access(at.bootstrap))
        await at.wire.restore(3)
        assert "3 brokers:" in await shown(Access(at.wire.bootstrap[2]))
    finally:
        await at.wire.stop()


async def test_the_preferred_leader_can_be_asked_back_at_once() -> None:
    async with estate() as at:
        access = await made(at)
        home = await leader(access)
        await at.wire.lose(home)
        await at.wire.restore(home)
        at.run(CATCH_UP)
        assert await leader(access) != home

        def run() -> list[bool]:
            admin = AdminClient({**access.librdkafka(), "log_level": 0})
            found = admin.elect_leaders(ElectionType.PREFERRED, None).result(PATIENCE)
            return [error is None for error in found.values()]

        moved = await asyncio.to_thread(run)
        assert len(moved) >= 4
        assert all(moved)
        assert await leader(access) == home


async def test_a_wire_that_was_stopped_while_a_broker_was_lost_frees_the_port() -> None:
    at = Estate()
    await at.wire.start()
    await at.wire.lose(1)
    host, port = at.wire.bootstrap[0].split(":")
    await at.wire.stop()
    server = await asyncio.start_server(lambda reader, writer: None, host, int(port))
    server.close()
    await until(lambda: not server.is_serving())
