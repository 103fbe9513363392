"""The Kafka wire as ordinary clients see it: kcat (librdkafka's codec, not ours) and the Python clients."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import struct
import threading
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from connectors.simulator.clock import SimClock
from connectors.simulator.kafka import KafkaWire
from connectors.simulator.tick import Cache, Group, Partition, Tick

T = TypeVar("T")
CACHE = Cache(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
PATIENCE = 15.0  # wall seconds for a client on a busy machine


def tick(t: int, produced: int = 1000, consumed: int = 900) -> Tick:
    parts = tuple(Partition("orders", n, 0, produced + n, consumed) for n in range(8))
    return Tick(t, CACHE, (Group("orders", "Stable", 4, parts),))


@pytest.fixture
async def wire() -> AsyncIterator[KafkaWire]:
    made = KafkaWire(SimClock(), seed=7)
    for t in range(-10, 0):
        made.step(t, tick(t, produced=1000 + 10 * t))
    await made.start()
    yield made
    await made.stop()


async def kcat(wire: KafkaWire, *arguments: str, given: str = "") -> str:
    if shutil.which("kcat") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("kcat is not installed")
        pytest.skip("kcat is not installed")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "kcat", "-b", wire.bootstrap[0], *arguments, stdin=pipe, stdout=pipe, stderr=pipe
    )
    out, errors = await asyncio.wait_for(process.communicate(given.encode()), PATIENCE)
    assert process.returncode == 0, errors.decode()
    return out.decode()


async def with_admin(wire: KafkaWire, use: Callable[[KafkaAdminClient], T]) -> T:
    def run() -> T:
        admin = KafkaAdminClient(bootstrap_servers=list(wire.bootstrap), bootstrap_timeout_ms=PATIENCE * 1000)
        try:
            return use(admin)
        finally:
            admin.close()

    return await asyncio.to_thread(run)


async def test_kcat_lists_brokers_topics_and_leaders(wire: KafkaWire) -> None:
    out = await kcat(wire, "-L")
    assert "3 brokers:" in out
    assert 'topic "orders" with 8 partitions:' in out
    assert 'topic "notifications" with 4 partitions:' in out
    assert 'topic "orders.dlq" with 1 partitions:' in out
    assert out.count("(controller)") == 1


async def test_kcat_asks_for_offsets_at_every_leader(wire: KafkaWire) -> None:
    asked = [word for n in range(8) for word in ("-t", f"orders:{n}:-1")]
    out = await kcat(wire, "-Q", *asked)
    assert sorted(out.split("\n"))[1:] == [f"orders [{n}] offset {990 + n}" for n in range(8)]


async def test_kcat_reads_the_same_records_twice(wire: KafkaWire) -> None:
    reads = [
        await kcat(wire, "-C", "-t", "orders", "-p", "3", "-o", "700", "-c", "250", "-f", "%o %k %s\n") for _ in "ab"
    ]
    assert reads[0] == reads[1]
    assert reads[0].splitlines()[249] == '949 949 {"id": 949}'


async def test_kcat_writes_and_reads_back(wire: KafkaWire) -> None:
    await with_admin(wire, lambda admin: admin.create_topics({"own": {"num_partitions": 1, "replication_factor": 1}}))
    await kcat(wire, "-P", "-t", "own", given="one\ntwo\n")
    assert await kcat(wire, "-C", "-t", "own", "-o", "beginning", "-e", "-f", "%o %s\n") == "0 one\n1 two\n"


async def test_the_admin_client_sees_the_group_and_its_members(wire: KafkaWire) -> None:
    described, offsets = await with_admin(
        wire, lambda admin: (admin.describe_groups(["orders"]), admin.list_group_offsets(["orders"]))
    )
    held = [
        (topic["topic"], index)
        for member in described["orders"]["members"]
        for topic in member["member_assignment"]["assigned_partitions"]
        for index in topic["partitions"]
    ]
    assert described["orders"]["group_state"] == "Stable"
    assert sorted(held) == [("orders", n) for n in range(8)]
    assert {part.partition: at.offset for part, at in offsets["orders"].items()} == dict.fromkeys(range(8), 900)


async def test_a_consumer_asks_for_ends_and_times(wire: KafkaWire) -> None:
    part = TopicPartition("orders", 0)

    def run() -> tuple[int, int, object]:
        consumer = KafkaConsumer(bootstrap_servers=list(wire.bootstrap))
        try:
            found = consumer.offsets_for_times({part: 0, TopicPartition("orders", 1): 2**52})
            return consumer.end_offsets([part])[part], found[part].offset, found[TopicPartition("orders", 1)]
        finally:
            consumer.close()

    assert await asyncio.to_thread(run) == (990, 0, None)


async def test_a_step_moves_what_clients_see(wire: KafkaWire) -> None:
    wire.step(0, tick(0, produced=5000))
    assert "orders [0] offset 5000" in await kcat(wire, "-Q", "-t", "orders:0:-1")


async def test_a_rebalancing_group_has_members_that_hold_nothing(wire: KafkaWire) -> None:
    parts = tick(0).groups[0].partitions
    wire.step(0, Tick(0, CACHE, (Group("orders", "PreparingRebalance", 5, parts),)))
    described = (await with_admin(wire, lambda admin: admin.describe_groups(["orders"])))["orders"]
    assert described["group_state"] == "PreparingRebalance"
    assert [bool(member["member_assignment"]) for member in described["members"]] == [False] * 5


@pytest.mark.parametrize("length", [-1, 100 * 1024 * 1024 + 1, 2**31 - 1])
async def test_an_absurd_length_ends_the_connection_at_once(wire: KafkaWire, length: int) -> None:
    assert await said_to(wire, struct.pack(">i", length)) == b""


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        struct.pack(">i", 0),
        struct.pack(">i", 4) + b"\0\x12\0\0",
        struct.pack(">ihhi", 10, 18, 3, 1) + b"\xff\xff",  # flexible, but without its tags
        struct.pack(">ihhi", 8, 999, 0, 1),
    ],
)
async def test_what_is_no_request_ends_the_connection_and_nothing_else(wire: KafkaWire, sent: bytes) -> None:
    assert await said_to(wire, sent) == b""
    assert "3 brokers:" in await kcat(wire, "-L")


async def test_a_half_sent_request_harms_nobody(wire: KafkaWire) -> None:
    _, writer = await connected(wire)
    writer.write(struct.pack(">i", 500) + b"half")
    writer.close()
    await writer.wait_closed()
    assert "3 brokers:" in await kcat(wire, "-L")


async def test_stop_cuts_every_connection_and_frees_the_ports() -> None:
    made = KafkaWire(SimClock(), seed=7)
    await made.start()
    reader, writer = await connected(made)
    host, port = made.bootstrap[0].split(":")
    await made.stop()
    assert made.bootstrap == ()
    with contextlib.suppress(ConnectionResetError):  # cut or closed: either is an end
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    writer.close()
    with pytest.raises(OSError):
        await asyncio.open_connection(host, int(port))


async def test_the_wire_starts_no_threads(wire: KafkaWire) -> None:
    before = set(threading.enumerate())
    await kcat(wire, "-L")
    wire.step(0, tick(0))
    started = {thread.name for thread in set(threading.enumerate()) - before}
    assert {name for name in started if "waitpid-" not in name} == set()  # asyncio's own, waiting for kcat


async def connected(wire: KafkaWire) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = wire.bootstrap[0].split(":")
    return await asyncio.open_connection(host, int(port))


async def said_to(wire: KafkaWire, sent: bytes) -> bytes:
    """Everything that the broker answers until it hangs up."""
    reader, writer = await connected(wire)
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), PATIENCE)
    finally:
        writer.close()
