"""The same commands get the same replies from the simulated Redis and from the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from connectors.simulator.clock import SimClock
from connectors.simulator.redis import RedisWire
from connectors.simulator.redis.catalog import catalog
from connectors.simulator.redis.commands import COMMANDS
from tests.real.redis import start_redis

Script = Sequence[str]


def sessions() -> dict[str, list[str]]:
    """By name, from the file beside this one."""
    found: dict[str, list[str]] = {}
    lines = Path(__file__).with_name("redis_sessions.txt").read_text().splitlines()
    for line in lines:
        if line.startswith("["):
            found[line.strip("[]")] = []
        elif line and not line.startswith("#"):
            found[list(found)[-1]].append(line)
    return found


SESSIONS = sessions()
ERRORS_OF_SCRIPTS = SESSIONS.pop("errors of scripts")

BROKEN: tuple[bytes, ...] = (
    b"*1\r\n$4\r\nPING\r\n",
    b"*x\r\n",
    b"*99999999\r\n",
    b"*-1\r\nPING\r\n",
    b"*0\r\nPING\r\n",
    b"\r\n\r\nPING\r\n",
    b"PING\n",
    b"*1\r\nPING\r\n",
    b"*1\r\n$x\r\n",
    b"*1\r\n$-1\r\n",
    b"*1\r\n$999999999999\r\n",
    b'PING "unbalanced\r\n',
    b'PING "a"b\r\n',
    b'ECHO "a\\x41\\n" \r\n',
    b"ECHO 'it\\'s'\r\n",
)


@pytest.fixture
async def simulated() -> AsyncIterator[str]:
    """Without the shop's keys, as the real one starts."""
    wire = RedisWire(SimClock(), seed=1)
    await wire.start()
    await talk(wire.url, ["FLUSHALL"])
    yield wire.url
    await wire.stop()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> object:
    with start_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.mark.real("redis")
@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("session", SESSIONS)
async def test_the_same_replies(session: str, protocol: int, simulated: str, real: str) -> None:
    script = SESSIONS[session]
    ours, theirs = await talk(simulated, script, protocol), await talk(real, ["FLUSHALL", *script], protocol)
    assert [each for each in zip(script, ours, theirs[1:], strict=True) if each[1] != each[2]] == []


@pytest.mark.real("redis")
async def test_estimates_are_the_same_to_the_last_digit(simulated: str, real: str) -> None:
    script = ["FLUSHALL"]
    for first in range(0, 2400, 200):
        names = " ".join(f"user:{n}:{n * n}" for n in range(first, first + 200))
        script += [f"PFADD k{first % 3} {names}", f"PFCOUNT k{first % 3}", "PFCOUNT k0 k1 k2"]
    assert await talk(simulated, script) == await talk(real, script)


@pytest.mark.real("redis")
async def test_errors_of_scripts_begin_alike(simulated: str, real: str) -> None:
    ours, theirs = await talk(simulated, ERRORS_OF_SCRIPTS), await talk(real, ERRORS_OF_SCRIPTS)
    for command, mine, other in zip(ERRORS_OF_SCRIPTS, ours, theirs, strict=True):
        assert (command, mine[:26]) == (command, other[:26])


@pytest.mark.real("redis")
@pytest.mark.parametrize("sent", BROKEN, ids=lambda sent: repr(sent[:20]))
async def test_broken_streams_end_alike(sent: bytes, simulated: str, real: str) -> None:
    assert await until_closed(simulated, sent) == await until_closed(real, sent)


async def talk(url: str, script: Script, protocol: int = 2) -> list[bytes]:
    """The reply to each inline command as it came over the wire."""
    reader, writer = await connect(url)
    if protocol == 3:
        writer.write(b"HELLO 3\r\n")
        await reply_of(reader)
    replies = []
    for command in script:
        writer.write(command.encode() + b"\r\n")
        replies.append(await asyncio.wait_for(reply_of(reader), 5))
    writer.close()
    return replies


async def until_closed(url: str, sent: bytes) -> bytes:
    """All that comes back for ``sent`` and a last word, which a closed connection does not hear."""
    reader, writer = await connect(url)
    writer.write(sent + b"\r\nQUIT\r\n")
    return await asyncio.wait_for(reader.read(), 5)


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    return await asyncio.open_connection("127.0.0.1", port)


async def reply_of(reader: asyncio.StreamReader) -> bytes:
    line = await reader.readuntil(b"\r\n")
    kind, count = line[:1], line[1:-2]
    if kind in (b"$", b"=") and count != b"-1":
        return line + await reader.readexactly(int(count) + 2)
    if kind in (b"*", b">", b"~", b"%") and count != b"-1":
        items = int(count) * (2 if kind == b"%" else 1)
        return line + b"".join([await reply_of(reader) for _ in range(items)])
    return line


@pytest.mark.real("redis")
async def test_commands_describe_themselves_alike(real: str) -> None:
    """Name, arity, flags, positions of the keys, categories and subcommands of every command."""
    names = [name.decode() for name in COMMANDS]
    wire = RedisWire(SimClock(), seed=1)
    await wire.start()
    found = []
    for url in (wire.url, real):
        async with redis.asyncio.Redis.from_url(url, protocol=2) as client:
            client.response_callbacks.clear()
            found.append(await client.execute_command("COMMAND", "INFO", *names))  # type: ignore[no-untyped-call]
    await wire.stop()
    for name, ours, theirs in zip(names, *found, strict=True):
        assert (name, *_described(ours)) == (name, *_described(theirs))


def _described(told: Any) -> tuple[object, ...]:
    name, arity, flags, first, last, step, categories, _, _, subcommands = told
    return name, arity, set(flags), first, last, step, set(categories), sorted(map(_described, subcommands), key=repr)


async def test_every_command_demands_the_arguments_that_it_tells_of() -> None:
    for name, command in COMMANDS.items():
        fact = catalog().get(name.decode())
        assert fact is not None, name
        assert (name, command.arity) == (name, fact.arity)
        assert (name, command.write) == (name, "write" in fact.flags or name == b"xgroup")
