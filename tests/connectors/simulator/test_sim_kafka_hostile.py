"""Peers that dawdle, lie or come in crowds: each is shown out in bounded time and memory, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator

import pytest

from connectors.simulator.kafka.frames import LARGEST, LARGEST_UNPROVED, MEMORY, Memory, Overlong, Patience, frame
from connectors.simulator.kafka.listener import MOST_CONNECTIONS
from connectors.simulator.kafka.options import KafkaOptions
from tests.connectors.simulator.kafka_clients import PATIENCE, Access, kcat, until
from tests.connectors.simulator.sim_kafka import Estate, estate

SHORT = 0.3  # wall seconds of patience, for these tests
API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)


@pytest.fixture
async def at() -> AsyncIterator[Estate]:
    async with estate(KafkaOptions(patience=SHORT)) as made:
        yield made


async def connected(at: Estate, broker: int = 1) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = at.wire.bootstrap[broker - 1].split(":")
    return await asyncio.open_connection(host, int(port))


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Everything that is said until the end."""
    with contextlib.suppress(ConnectionResetError):  # cut or closed: either is an end
        return await asyncio.wait_for(reader.read(), PATIENCE)
    return b""


async def answers(at: Estate) -> None:
    """An ordinary client is served at once."""
    reader, writer = await connected(at)
    writer.write(API_VERSIONS)
    assert await asyncio.wait_for(reader.readexactly(8), PATIENCE)
    writer.close()


@pytest.mark.parametrize("begun", [b"\0", b"\0\0\0\x20", struct.pack(">ih", 200, 3), API_VERSIONS + b"\0\0"])
async def test_who_never_ends_a_request_is_shown_out(at: Estate, begun: bytes) -> None:
    reader, writer = await connected(at)
    started = time.monotonic()
    writer.write(begun)
    await ended(reader)
    assert time.monotonic() - started >= SHORT * 0.9
    writer.close()
    await answers(at)


async def test_a_byte_at_a_time_does_not_buy_more_time(at: Estate) -> None:
    reader, writer = await connected(at)

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            for byte in struct.pack(">i", 1000) + b"\0" * 1000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(SHORT / 20)

    dripping = asyncio.create_task(drip())
    started = time.monotonic()
    assert await ended(reader) == b""
    assert time.monotonic() - started < PATIENCE / 2
    dripping.cancel()
    writer.close()


async def test_who_never_reads_its_answers_is_shown_out(at: Estate) -> None:
    """Answers pile up in nobody's memory: the broker waits with the next request, and not for ever."""
    host, port = at.wire.bootstrap[0].split(":")
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(peer, (host, int(port)))
    metadata = struct.pack(">ihhihi", 14, 3, 1, 1, -1, -1)

    async def ask() -> None:
        while True:
            await loop.sock_sendall(peer, metadata * 200)

    with contextlib.closing(peer), pytest.raises(ConnectionError):
        await asyncio.wait_for(ask(), PATIENCE)
    await answers(at)


async def test_a_crowd_of_idle_connections_harms_nobody(at: Estate) -> None:
    crowd = [await connected(at) for _ in range(500)]
    assert "3 brokers:" in (await kcat(Access(at.bootstrap), "-L")).decode()
    for _, writer in crowd:
        writer.close()


async def test_a_broker_takes_so_many_connections_and_no_more(at: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_CONNECTIONS >= 500
    monkeypatch.setattr("connectors.simulator.kafka.listener.MOST_CONNECTIONS", 5)
    crowd = [await connected(at) for _ in range(5)]
    for _, writer in crowd:
        writer.write(API_VERSIONS)
    for reader, _ in crowd:
        await asyncio.wait_for(reader.readexactly(8), PATIENCE)
    sixth, writer = await connected(at)
    assert await ended(sixth) == b""
    writer.close()
    for _, writer in crowd:
        writer.close()
    await until(lambda: not at.wire.ports._listeners[1]._connections)
    await answers(at)


async def test_an_idle_connection_is_closed_in_the_end() -> None:
    async with estate(KafkaOptions(idle=SHORT)) as at:
        reader, writer = await connected(at)
        assert await ended(reader) == b""
        writer.close()


async def test_a_stop_with_people_still_waiting_is_quiet() -> None:
    """Idle, in the middle of a request, and waiting for records: none of them is worth a word in the log."""
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    async with estate() as at:
        crowd = [await connected(at, broker) for broker in (1, 2, 3) for _ in range(3)]
        fetch = struct.pack(">hhih", 1, 4, 1, -1) + struct.pack(">iiiibi", -1, 5000, 1, 2**20, 0, 0)
        begun = (b"", b"\0\0\0\x20half", struct.pack(">i", len(fetch)) + fetch) * 3
        for sent, (_, writer) in zip(begun, crowd, strict=True):
            writer.write(sent)
            await writer.drain()
        await answers(at)
    for reader, writer in crowd:
        assert await ended(reader) == b""
        writer.close()
    await asyncio.sleep(0)
    assert faults == []


async def test_before_the_password_only_small_requests_are_taken() -> None:
    async with estate(KafkaOptions(security="SASL_PLAINTEXT")) as at:
        reader, writer = await connected(at)
        writer.write(struct.pack(">i", LARGEST_UNPROVED + 1))
        assert await ended(reader) == b""
        writer.close()


def fed(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


PATIENT = Patience(PATIENCE, PATIENCE)


async def test_frames_come_as_they_were_sent_and_give_their_memory_back() -> None:
    memory = Memory(100)
    reader = fed(struct.pack(">i", 3) + b"one" + struct.pack(">i", 0) + struct.pack(">i", 90) + b"x" * 90)
    assert [await frame(reader, 90, memory, PATIENT) for _ in range(3)] == [b"one", b"", b"x" * 90]
    assert memory.room == 100


@pytest.mark.parametrize("length", [-1, 91, 2**31 - 1, -(2**31)])
async def test_absurd_lengths_are_refused_before_anything_is_read(length: int) -> None:
    with pytest.raises(Overlong):
        await frame(fed(struct.pack(">i", length) + b"x" * 200), 90, Memory(100), PATIENT)


async def test_all_unfinished_frames_together_have_so_much_room_and_no_more() -> None:
    memory = Memory(100)
    first = asyncio.StreamReader()
    first.feed_data(struct.pack(">i", 80) + b"x" * 60)
    waiting = asyncio.create_task(frame(first, 90, memory, PATIENT))
    await until(lambda: memory.room == 40)
    with pytest.raises(Overlong):
        await frame(fed(struct.pack(">i", 50) + b"x" * 50), 90, memory, PATIENT)
    first.feed_data(b"x" * 20)
    assert await waiting == b"x" * 80
    assert memory.room == 100


async def test_what_was_cut_off_gives_its_memory_back() -> None:
    memory = Memory(100)
    with pytest.raises(asyncio.IncompleteReadError):
        await frame(fed(struct.pack(">i", 80) + b"x" * 60), 90, memory, PATIENT)
    assert memory.room == 100


def test_one_frame_is_not_all_the_memory() -> None:
    assert LARGEST_UNPROVED < LARGEST < MEMORY
