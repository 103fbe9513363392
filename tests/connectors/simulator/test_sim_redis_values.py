"""Sorted sets, streams, wide numbers and waits by themselves, against the plainest way to say the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.redis.catalog import CATEGORIES, catalog, full_name
from connectors.simulator.redis.floats import parse_double, parse_wide, show_wide, widened
from connectors.simulator.redis.keyspace import Keyspace
from connectors.simulator.redis.protocol import OK, Reply
from connectors.simulator.redis.sizes import encoding_of, memory_of
from connectors.simulator.redis.stream import HIGHEST, LOWEST, NODE, Group, StreamValue
from connectors.simulator.redis.waiting import LATER, Pause, Waiting
from connectors.simulator.redis.zset import LexRange, ScoreRange, ZSetValue

SCORES = st.sampled_from([float("-inf"), -1.0, 0.0, 0.5, 1.0, 2.0, float("inf")])
MEMBERS = st.binary(max_size=2)


@settings(max_examples=100)
@given(st.lists(st.tuples(MEMBERS, SCORES | st.none()), max_size=40), SCORES, SCORES, st.booleans(), st.booleans())
def test_a_sorted_set_is_its_members_sorted(
    edits: list[tuple[bytes, float | None]], low: float, high: float, after: bool, before: bool
) -> None:
    kept, plain = ZSetValue(), dict[bytes, float]()
    for member, score in edits:
        if score is None:
            assert kept.remove(member) == (plain.pop(member, None) is not None)
        else:
            kept.put(member, score)
            plain[member] = score
    in_order = sorted((score, member) for member, score in plain.items())
    assert kept.items() == in_order
    assert [kept.rank(member) for _, member in in_order] == list(range(len(in_order)))
    wanted = [
        (score, member)
        for score, member in in_order
        if (score > low if after else score >= low) and (score < high if before else score <= high)
    ]
    assert kept.by_score(ScoreRange(low, high, after, before)) == wanted


@settings(max_examples=60)
@given(st.sets(MEMBERS, max_size=12), MEMBERS | st.none(), MEMBERS | st.none(), st.booleans())
def test_members_of_one_score_are_found_by_their_bytes(
    members: set[bytes], low: bytes | None, high: bytes | None, backwards: bool
) -> None:
    kept = ZSetValue((member, 0.0) for member in members)
    wanted = sorted(one for one in members if (low is None or one >= low) and (high is None or one <= high))
    found = [member for _, member in kept.by_lex(LexRange(low, high), backwards)]
    assert found == (wanted[::-1] if backwards else wanted)


@pytest.mark.parametrize(
    ("held", "added", "shown"),
    [
        (b"0.1", b"0.2", b"0.3"),
        (b"3", b"1.5e3", b"1503"),
        (b"10.5", b"0.1", b"10.6"),
        (b"-0.1", b"0.1", b"0"),
        (b"1e18", b"1", b"1000000000000000001"),
        (b"9223372036854775807", b"1", b"9223372036854775808"),
        (b".5", b"5.", b"5.5"),
    ],
)
def test_wide_numbers_add_up(held: bytes, added: bytes, shown: bytes) -> None:
    one, other = parse_wide(held), parse_wide(added)
    assert one is not None
    assert other is not None
    assert show_wide(widened(one + other)) == shown


@given(st.integers(-(2**63), 2**63), st.integers(0, 60))
def test_a_wide_number_keeps_64_bits(whole: int, places: int) -> None:
    number = Fraction(whole, 2**places)
    assert widened(number) == number


@pytest.mark.parametrize("raw", [b"", b" 1", b"1 ", b"1_0", b"0x1", b"nan", b"1e", b"--1", b"one", b"\xb2"])
def test_what_is_no_number_is_none(raw: bytes) -> None:
    assert parse_double(raw) is None
    assert parse_wide(raw) is None


@settings(max_examples=60)
@given(st.lists(st.integers(1, 30), unique=True, max_size=12).map(sorted), st.sets(st.integers(1, 30)))
def test_a_stream_holds_what_was_added_and_not_deleted(added: list[int], deleted: set[int]) -> None:
    stream = StreamValue()
    for number in added:
        stream.add((number, 0), (b"f", b"%d" % number))
    assert {number for number in deleted if stream.delete((number, 0))} == deleted & set(added)
    left = [number for number in added if number not in deleted]
    assert [at[0] for at, _ in stream.between(LOWEST, HIGHEST)] == left
    assert [at[0] for at, _ in stream.between(LOWEST, HIGHEST, 2, last_first=True)] == left[::-1][:2]
    assert stream.added == len(added)


def test_a_group_knows_how_far_behind_it_is() -> None:
    stream, group = StreamValue(), Group(LOWEST)
    assert stream.lag(group) == 0
    for number in range(1, 11):
        stream.add((number, 0), (b"f", b"v"))
    assert stream.lag(group) == 10
    for number in range(1, 5):
        stream.deliver(group, (number, 0))
    assert stream.lag(group) == 6
    stream.delete((8, 0))
    assert stream.lag(group) is None  # whether the one that is gone was ever read, nobody can tell
    for number in (5, 6, 7, 9, 10):
        stream.deliver(group, (number, 0))
    assert stream.lag(group) == 0


def test_a_rough_trim_takes_whole_nodes() -> None:
    stream = StreamValue()
    for number in range(1, 3 * NODE + 51):
        stream.add((number, 0), ())
    assert stream.trim(len(stream) - NODE, roughly=True) == 2 * NODE
    assert stream.trim(60, roughly=False) == 60
    assert stream.trim(-5, roughly=False) == 0


def test_a_pause_is_never_shortened_and_ends_on_the_wall() -> None:
    now = [100.0]
    pause = Pause(lambda: now[0])
    pause.begin(10, writes_only=True)
    assert (pause.left(write=True), pause.left(write=False)) == (10, 0)
    pause.begin(1, writes_only=False)
    assert (pause.left(write=True), pause.left(write=False)) == (10, 10)
    now[0] += 11
    assert pause.left(write=True) == 0
    pause.begin(5, writes_only=True)
    assert pause.left(write=False) == 0


async def test_a_wait_leaves_nothing_behind() -> None:
    keys, waiting = Keyspace(lambda: 0.0), Waiting()
    tries: Iterator[Reply] = iter([LATER, OK])
    assert waiting.park(1, keys, [b"k", b"k"], lambda: next(tries), 0, None) is LATER
    waiter = waiting.of(1)
    assert waiter is not None
    waiting.serve()  # nothing was touched: no try is made
    keys.put(b"k", b"")
    waiting.serve()
    keys.put(b"k", b"")
    assert not waiter.done.done()
    waiting.serve()
    assert await asyncio.wait_for(waiter.done, 1) is OK
    keys.put(b"k", b"")
    assert (len(waiting), keys.watches.stamp(b"k")) == (0, 0)


def test_sizes_and_encodings_follow_the_content() -> None:
    small = ZSetValue((b"%d" % number, 0.0) for number in range(100))
    large = ZSetValue((b"%d" % number, 0.0) for number in range(200))
    assert (encoding_of(small), encoding_of(large)) == ("listpack", "skiplist")
    assert memory_of(b"k", small) < memory_of(b"k", large) / 4
    assert memory_of(b"k", b"12") < memory_of(b"k", b"twelve") < memory_of(b"longer key", b"twelve")


def test_the_catalog_knows_its_own_words() -> None:
    facts = catalog()
    assert {name for fact in facts.values() for name in fact.categories} <= set(CATEGORIES)
    assert full_name([b"CONFIG", b"Get", b"x"]) == "config|get"
    assert full_name([b"GET", b"config"]) == "get"
    assert facts["zadd"].access == "w"
