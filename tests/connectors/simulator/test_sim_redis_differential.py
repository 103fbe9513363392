"""Random sequences of commands get the same bytes from the simulated Redis and from the real one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.simulator.clock import SimClock
from connectors.simulator.redis.call import Client
from connectors.simulator.redis.commands import COMMANDS
from connectors.simulator.redis.protocol import encode
from connectors.simulator.redis.server import Server
from tests.connectors.simulator.redis_grammar import FAMILIES, SORTED, Command, commands
from tests.real.redis import start_redis

AGREED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with start_redis(tmp_path_factory.mktemp("redis")) as url:
        yield int(url.rsplit(":", 1)[1].split("/")[0])


class Line:
    """A connection to the real server, one command at a time."""

    def __init__(self, opened: socket.socket, stream: BinaryIO) -> None:
        self._opened = opened
        self._stream = stream

    def ask(self, words: list[bytes]) -> bytes:
        parts = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
        self._opened.sendall(b"*%d\r\n%b" % (len(words), parts))
        return self._reply()

    def _reply(self) -> bytes:
        line = self._stream.readline()
        kind, count = line[:1], line[1:-2]
        if kind in b"$=" and count != b"-1":
            return line + self._stream.read(int(count) + 2)
        if kind in b"*>~%" and count != b"-1":
            items = int(count) * (2 if kind == b"%" else 1)
            return line + b"".join(self._reply() for _ in range(items))
        return line


@contextmanager
def line_to(port: int, protocol: int) -> Iterator[Line]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as opened, opened.makefile("rb") as stream:
        line = Line(opened, stream)
        line.ask([b"HELLO", b"%d" % protocol])
        line.ask([b"FLUSHALL"])
        yield line


def simulated(protocol: int) -> tuple[Server, Client]:
    server = Server(SimClock(), 1, COMMANDS)
    client = server.connect(lambda data: None, "127.0.0.1:1")
    client.protocol, client.patient = protocol, False  # nobody fills a key for one who waits
    return server, client


def comparable(command: Command, reply: bytes) -> bytes:
    """With the parts in order where the server may choose it; what lies behind a cursor is the server's own affair."""
    if command[0] == "SCAN" and command[1:2] != ("0",) and reply[:1] == b"*":
        return b""
    free = command[0].upper() in SORTED and reply[:1] in b"*~%"
    return b"\r\n".join(sorted(reply.split(b"\r\n"))) if free else reply


@pytest.mark.real("redis")
@pytest.mark.parametrize("family", FAMILIES)
def test_any_sequence_gets_the_same_replies(family: str, port: int) -> None:
    @AGREED
    @given(commands(family), st.sampled_from([2, 3]))
    def agree(sequence: list[Command], protocol: int) -> None:
        server, client = simulated(protocol)
        with line_to(port, protocol) as line:
            for command in sequence:
                words = [word.encode() for word in command]
                ours = encode(server.door.execute(client, words), protocol)
                theirs = line.ask(words)
                assert (command, comparable(command, ours)) == (command, comparable(command, theirs))

    agree()
