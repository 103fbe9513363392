"""RESP as bytes: cut anywhere it is the same, and what breaks it is said as the real server says it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.redis import protocol
from connectors.simulator.redis.glob import matches
from connectors.simulator.redis.protocol import (
    Failure,
    NullArray,
    Pairs,
    ProtocolError,
    Push,
    Reader,
    Reply,
    Status,
    Verbatim,
    encode,
    split_inline,
)

TWICE = b"%2\r\n$1\r\na\r\n:1\r\n$1\r\na\r\n:2\r\n"
COMMANDS = st.lists(st.lists(st.binary(max_size=12), min_size=1, max_size=4), max_size=5)


def on_the_wire(words: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


@settings(max_examples=80)
@given(COMMANDS, st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_commands_survive_any_cut(commands: list[list[bytes]], sizes: list[int]) -> None:
    stream, reader = b"PING\r\n".join(map(on_the_wire, commands)), Reader()
    found: list[list[bytes]] = []
    at = turn = 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        found += reader.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    expected = [each for command in commands for each in (command, [b"PING"])][:-1]
    assert found == expected


@settings(max_examples=80)
@given(st.binary(max_size=200))
def test_rubbish_is_commands_or_a_protocol_error(rubbish: bytes) -> None:
    try:
        commands = list(Reader().feed(rubbish))
    except ProtocolError:
        return
    assert all(commands)


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (b"x" * 65_537, "too big inline request"),
        (b"*" + b"1" * 65_537, "too big mbulk count string"),
        (b"*1\r\n$" + b"1" * 65_537, "too big bulk count string"),
        (b"*9999999999\r\n", "invalid multibulk length"),
        (b"*1\r\n$536870913\r\n", "invalid bulk length"),
        (b"*1\r\n:1\r\n", "expected '$', got ':'"),
    ],
)
def test_absurd_lengths_are_refused_before_they_are_read(stream: bytes, problem: str) -> None:
    with pytest.raises(ProtocolError) as error:
        list(Reader().feed(stream))
    assert str(error.value) == problem


@pytest.mark.parametrize("piece", [b"$0\r\n\r\n" * 1_000, b"$100000\r\n" + b"x" * 100_000 + b"\r\n"])
def test_a_request_that_never_ends_is_given_up_before_it_fills_the_memory(
    piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MAX_REQUEST", 1_000_000)
    reader = Reader()
    assert list(reader.feed(b"*2000000000\r\n")) == []
    pieces = piece * (1_100_000 // len(piece))
    with pytest.raises(ProtocolError, match="too big request"):
        collect(reader, pieces)


def collect(reader: Reader, stream: bytes) -> list[list[bytes]]:
    """The commands in a stream that comes in chunks."""
    return [words for at in range(0, len(stream), 10_000) for words in reader.feed(stream[at : at + 10_000])]


def test_a_stranger_gets_little() -> None:
    for stream, problem in ((b"*11\r\n", "multibulk"), (b"*1\r\n$16385\r\n", "bulk")):
        reader = Reader()
        reader.stranger = True
        with pytest.raises(ProtocolError, match=f"unauthenticated {problem} length"):
            list(reader.feed(stream))


@settings(max_examples=50)
@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=4))
def test_quoted_words_come_back(words: list[bytes]) -> None:
    quoted = b" ".join(b'"' + b"".join(b"\\x%02x" % byte for byte in word) + b'"' for word in words)
    assert split_inline(quoted) == words


@pytest.mark.parametrize(
    ("reply", "two", "three"),
    [
        (None, b"$-1\r\n", b"_\r\n"),
        (NullArray(), b"*-1\r\n", b"_\r\n"),
        (True, b":1\r\n", b"#t\r\n"),
        (7, b":7\r\n", b":7\r\n"),
        (1.5, b"$3\r\n1.5\r\n", b",1.5\r\n"),
        (b"a\r\n", b"$3\r\na\r\n\r\n", b"$3\r\na\r\n\r\n"),
        (Status("a\nb"), b"+a b\r\n", b"+a b\r\n"),
        (Failure("ERR a\r\nb"), b"-ERR a  b\r\n", b"-ERR a  b\r\n"),
        (Verbatim("é"), b"$2\r\n\xc3\xa9\r\n", b"=6\r\ntxt:\xc3\xa9\r\n"),
        ([1, None], b"*2\r\n:1\r\n$-1\r\n", b"*2\r\n:1\r\n_\r\n"),
        ({b"a": 1}, b"*2\r\n$1\r\na\r\n:1\r\n", b"%1\r\n$1\r\na\r\n:1\r\n"),
        (Pairs(((b"a", 1), (b"a", 2))), b"*2\r\n*2\r\n$1\r\na\r\n:1\r\n*2\r\n$1\r\na\r\n:2\r\n", TWICE),
        (frozenset({b"a"}), b"*1\r\n$1\r\na\r\n", b"~1\r\n$1\r\na\r\n"),
        (Push((b"a", 1)), b"*2\r\n$1\r\na\r\n:1\r\n", b">2\r\n$1\r\na\r\n:1\r\n"),
    ],
)
def test_replies(reply: Reply, two: bytes, three: bytes) -> None:
    assert (encode(reply, 2), encode(reply, 3)) == (two, three)


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        (b"catalog:*", b"catalog:17", True),
        (b"catalog:*", b"Catalog:17", False),
        (b"*", b"", True),
        (b"a?c", b"a\nc", True),
        (b"a[b-d]e", b"ace", True),
        (b"a[d-b]e", b"ace", True),
        (b"a[^b-d]e", b"ace", False),
        (b"a[\\]]", b"a]", True),
        (b"a\\*", b"ab", False),
        (b"a[", b"a[", False),
        (b"a.c", b"abc", False),
        (b"********b", b"a" * 40, False),
    ],
)
def test_globs(pattern: bytes, text: bytes, wanted: bool) -> None:
    assert matches(pattern, text) is wanted
