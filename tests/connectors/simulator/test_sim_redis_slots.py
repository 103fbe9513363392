"""A key's slot is the one that clients reckon, and every slot has one owner."""

from __future__ import annotations

import redis.crc
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.redis.slots import SLOTS, evenly, slot_of


@given(st.binary(max_size=40) | st.from_regex(rb"[ab]{0,3}\{?[xy]{0,2}\}?[{}]?[ab]{0,2}", fullmatch=True))
def test_the_client_librarys_slot(key: bytes) -> None:
    assert slot_of(key) == redis.crc.key_slot(key)


@given(st.integers(1, 64))
@settings(max_examples=30)
def test_no_slot_is_forgotten_or_given_twice(parts: int) -> None:
    owned = [slot for first, last in evenly(parts) for slot in range(first, last + 1)]
    assert owned == list(range(SLOTS))


def test_three_parts_are_those_of_redis_cli() -> None:
    assert evenly(3) == ((0, 5460), (5461, 10922), (10923, 16383))
