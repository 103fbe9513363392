"""Whatever a client sends, the simulated Redis answers or hangs up: it never falls, and it never waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.clock import SimClock
from connectors.simulator.redis.commands import COMMANDS
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.redis.protocol import ProtocolError, Reader, encode
from connectors.simulator.redis.server import Server
from tests.connectors.simulator.redis_grammar import FAMILIES, WORDS
from tests.connectors.simulator.sim_redis import PATIENCE, lines, simulated, told

LAST = {b"quit", b"reset", b"shutdown", b"failover", b"replicaof", b"slaveof"}  # and what ends a server or changes it
NAMES = sorted(set(COMMANDS) - LAST)
KEYWORDS = sorted({word for family in FAMILIES.values() for word in family.replace("|", " ").split()})
SPELT = [word.encode() for words in WORDS.values() for word in words] + [word.encode() for word in KEYWORDS]
NUMBERS = [b"-9223372036854775808", b"9223372036854775807", b"18446744073709551616", b"1e400", b"nan", b"0x10", b"1_0"]
ARGUMENT = st.one_of(st.sampled_from(SPELT), st.sampled_from(NUMBERS), st.binary(max_size=8))


def answer(names: list[bytes], arguments: list[list[bytes]]) -> Iterator[bytes]:
    """The replies in both protocols to each name with its arguments, of a server with a key of each type."""
    server = Server(SimClock(), 1, COMMANDS)
    client = server.connect(lambda data: None, "127.0.0.1:1")
    client.patient = False
    for filled in (
        "SET a 1",
        "HSET b f v",
        "SADD c f",
        "ZADD d 1 f",
        "RPUSH e x",
        "XADD g 1-1 f v",
        "XGROUP CREATE g g1 0",
    ):
        server.door.execute(client, filled.encode().split())
    for name, words in zip(names, arguments, strict=True):
        reply = server.door.execute(client, [name, *words])
        yield encode(reply, 2)
        yield encode(reply, 3)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_arguments_get_a_reply(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=12))
    arguments = [data.draw(st.lists(ARGUMENT, max_size=6)) for _ in names]
    assert all(reply.endswith(b"\r\n") for reply in answer(names, arguments))


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.decode())
def test_each_command_bears_any_one_argument(name: bytes) -> None:
    spelt = [*NUMBERS, b"", b"a", b"b", b"c", b"d", b"e", b"g", b"\xff"]
    for count in (0, 1, 2, 3, 5):
        assert all(answer([name] * len(spelt), [[word] * count for word in spelt]))


@settings(max_examples=100)
@given(st.lists(st.sampled_from([b"*", b"$", b"\r\n", b"1", b"-1", b"99999999999", b"PING", b'"', b" ", b"\0"])))
def test_pieces_of_the_protocol_are_commands_or_an_error(pieces: list[bytes]) -> None:
    reader = Reader()
    try:
        commands = [words for piece in pieces for words in reader.feed(piece)]
    except ProtocolError:
        return
    assert all(commands)


ENDED = (
    b"*1\r\n" * 50,  # arrays within arrays
    b"*1\r\n$-5\r\n",
    b"*2147483648\r\n",
    b"*1\r\n$536870913\r\n",
    b"*" + b"9" * 70_000,
    b"x" * 70_000,
    b'SET a "unbalanced\r\n',
    b"*1\r\n$4\nPING\r\n" + b"*q\r\n",
)


@pytest.mark.parametrize("sent", ENDED, ids=lambda sent: repr(sent[:16]))
async def test_a_broken_stream_is_ended_and_nobody_else(sent: bytes) -> None:
    async with simulated() as wire, lines(wire.url, 2) as (broken, other):
        broken.send(sent)
        assert await broken.ended()
        assert await other.ask("PING") == b"+PONG\r\n"


@pytest.mark.parametrize("begun", [b"P", b"*2\r\n", b"*1\r\n$100000\r\nabc", b"*3\r\n$3\r\nSET\r\n$1\r\n"])
async def test_who_never_ends_a_request_is_given_up(begun: bytes) -> None:
    async with simulated(RedisOptions(patience=0.05)) as wire, lines(wire.url, 2) as (slow, other):
        slow.send(begun)
        assert await slow.ended()
        assert await other.ask("PING") == b"+PONG\r\n"  # which may be silent as long as it likes between requests


async def test_many_who_never_end_a_request_hold_no_more_than_a_few() -> None:
    begun = b"*2\r\n$4\r\nECHO\r\n$62000000\r\n" + bytes(50_000_000)
    async with simulated() as wire, lines(wire.url, 4) as (*hoarders, other):
        ended = [asyncio.ensure_future(hoarder.ended()) for hoarder in hoarders]
        for hoarder in hoarders:
            hoarder.send(begun)
        await asyncio.wait(ended, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        assert sum(each.done() for each in ended) == 1
        assert await other.ask("PING") == b"+PONG\r\n"
        for each in ended:
            each.cancel()


async def test_a_transaction_that_only_grows_is_ended() -> None:
    async with simulated() as wire, lines(wire.url, 2) as (endless, other):
        await endless.ask("MULTI")
        ended = asyncio.ensure_future(endless.ended())
        endless.send(b"*2\r\n$4\r\nECHO\r\n$6000000\r\n%b\r\n" % bytes(6_000_000) * 12)
        assert await ended
        assert await other.ask("PING") == b"+PONG\r\n"


async def test_who_drips_is_given_up_however_steadily() -> None:
    async with simulated(RedisOptions(patience=0.2)) as wire, lines(wire.url, 1) as (slow,):
        ended = asyncio.ensure_future(slow.ended())
        while not ended.done():
            slow.send(b"P")
            await asyncio.wait([ended], timeout=0.02)
        assert ended.result()


async def test_a_client_that_is_idle_too_long_is_ended_where_the_setting_says_so() -> None:
    async with simulated() as wire, lines(wire.url, 2) as (idle, listener):
        await listener.ask("SUBSCRIBE a")
        assert await idle.ask("CONFIG SET timeout 1") == b"+OK\r\n"
        assert await idle.ended()
        async with lines(wire.url, 1) as (other,):
            assert await other.ask("PUBLISH a x") == b":1\r\n"  # who listens may be silent


async def test_a_listener_that_never_reads_is_cut_off() -> None:
    async with simulated() as wire, lines(wire.url, 2) as (deaf, speaker):
        deaf.pause()
        deaf.say("SUBSCRIBE a")
        await told(speaker, "PUBSUB NUMSUB a", b":1\r\n")
        message = b"*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$1000000\r\n%b\r\n" % bytes(1_000_000)
        for _ in range(120):
            speaker.send(message)
            if await speaker.hear() == b":0\r\n":
                return
        raise AssertionError("120 MB wait for a client that does not read")


async def test_a_flood_of_commands_keeps_nobody_from_a_turn() -> None:
    async with simulated() as wire, lines(wire.url, 2) as (flood, other):
        flood.pause()
        flood.send(b"INCR n\r\n" * 40_000)
        counted = (await told(other, "GET n", b"\r\n")).split(b"\r\n")[1:2]
        assert not counted or int(counted[0] or b"0") < 40_000  # it was answered before the flood was over
