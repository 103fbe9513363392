"""Scripts: the same replies and errors as the real server's, in a closed room with bounded time and memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.connectors.simulator.sim_redis import Line, lines, simulated
from tests.real.redis import start_redis

SCRIPTS = Path(__file__).with_name("redis_scripts.txt").read_text().splitlines()
SHEBANGS = (
    "#!lua\nreturn 1",
    "#!lua flags=no-writes\nlocal said = redis.call('SET', 'a', 1) return said",
    "#!lua flags=no-writes,allow-stale\nreturn redis.call('GET', 'a')",
    "#!lua flags=nosuch\nreturn 1",
    "#!lua foo=1\nreturn 1",
    "#!perl\nreturn 1",
    "#!lua",
)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with simulated() as wire, lines(wire.url, 1) as (opened,):
        await opened.ask("FLUSHALL")
        yield opened


@pytest.fixture(scope="module")
def real_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


async def run(line: Line, body: str, *arguments: str, command: str = "EVAL") -> bytes:
    words = [word.encode() for word in (command, body, *(arguments or ("0",)))]
    line.send(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words))
    return await line.hear()


@pytest.mark.real("redis")
@pytest.mark.parametrize("protocol", [2, 3])
async def test_scripts_say_the_same(protocol: int, line: Line, real_url: str) -> None:
    async with lines(real_url, 1) as (real,):
        for each in (line, real):
            await each.ask(f"HELLO {protocol}")
            await each.ask("FLUSHALL")
        for body in (*SCRIPTS, *SHEBANGS):
            assert (body, await run(line, body)) == (body, await run(real, body))


@pytest.mark.real("redis")
async def test_read_only_scripts_say_the_same(line: Line, real_url: str) -> None:
    async with lines(real_url, 1) as (real,):
        for body in ("return redis.call('SET', 'a', 1)", "return redis.call('GET', 'a')", "return redis.pcall('DEL')"):
            ours = await run(line, body, command="EVAL_RO")
            assert (body, ours) == (body, await run(real, body, command="EVAL_RO"))


@pytest.mark.real("redis")
async def test_functions_are_refused_alike(line: Line, real_url: str) -> None:
    asked = ("FCALL f 0", "FCALL_RO f 0", "FUNCTION LIST", "FUNCTION DELETE x", "FUNCTION KILL", "FUNCTION STATS")
    async with lines(real_url, 1) as (real,):
        for command in (*asked, "FUNCTION FLUSH", "FUNCTION NOSUCH", "FUNCTION"):
            assert (command, await line.ask(command)) == (command, await real.ask(command))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("while true do end", b"script runs too long"),
        ("local function f() return f() end return f()", b"script runs too long"),
        ("pcall(function() while true do end end) while true do end", b"script runs too long"),
        ("local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end", b"not enough memory"),
        ("return ('x'):rep(1e9)", b"not enough memory"),
        ("local s = 'x' while true do s = s .. s end", b"not enough memory"),
        ("return (('x'):rep(1e5):gsub('x', ('y'):rep(1e5)))", b"not enough memory"),
        ("local t, x = {}, ('x'):rep(1e5) for i = 1, 999 do t[i] = x end return table.concat(t)", b"not enough memory"),
        ("error({a = 1})", b"ERR unknown error"),
        ("return loadstring('\\27Lua')()", b"attempt to call a nil value"),
        ("string.format = nil", b"Attempt to modify a readonly table"),
        ("redis.call = nil", b"Attempt to modify a readonly table"),
        ("return python.eval('1')", b"nonexistent global variable 'python'"),
        ("return io.open('/etc/passwd')", b"nonexistent global variable 'io'"),
        ("return redis.sha1hex.__globals__", b"attempt to index field"),
        ("return bit.band.__class__", b"Python objects are closed to scripts"),
    ],
)
async def test_a_script_is_bounded_and_closed_in(line: Line, body: str, problem: bytes) -> None:
    reply = await run(line, body)
    assert reply.startswith(b"-")
    assert problem in reply
    assert await run(line, "return string.format('%d', 7)") == b"$1\r\n7\r\n"


async def test_draws_are_the_same_in_each_run(line: Line) -> None:
    draws = "return {math.random(1000), math.random(1000)}"
    assert await run(line, draws) == await run(line, draws)


async def test_scripts_do_not_hold_up_the_estate_for_long(line: Line) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await run(line, "while true do end")
    assert loop.time() - begun < 4  # a quarter of a second where nothing else runs
