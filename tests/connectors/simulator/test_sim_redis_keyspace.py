"""Keys, deadlines and the order of SCAN, on a clock that the test moves."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.architecture import architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.redis.keyspace import HashValue, Keyspace
from connectors.simulator.redis.shop import FLAGS_KEY, ROUND, Shop

SHOP = architecture_named("shop")


class Hand:
    """A clock by hand."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def filled(names: range) -> Keyspace:
    keys = Keyspace(lambda: 0.0)
    for name in names:
        keys.put(b"%d" % name, b"")
    return keys


@settings(max_examples=40)
@given(st.integers(0, 300), st.integers(1, 50), st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=60))
def test_a_key_that_stays_is_seen_by_every_scan(size: int, count: int, edits: list[tuple[bool, int]]) -> None:
    keys, cursor, seen = filled(range(size)), 0, list[bytes]()
    for add, name in [*edits, *[(True, 500)] * (size // count + 2)]:  # one edit of another's between two steps
        cursor, found = keys.scan(cursor, count)
        seen += found
        if cursor == 0:
            break
        if add:
            keys.put(b"%d" % name, b"")
        else:
            keys.delete(b"%d" % name)
    while cursor:
        cursor, found = keys.scan(cursor, count)
        seen += found
    removed = {name for add, name in edits if not add}
    assert {b"%d" % name for name in range(size) if name not in removed} <= set(seen)
    assert len(seen) - len(set(seen)) <= len(edits)  # twice only what was removed and came back


def test_a_deadline_is_the_end_whether_anybody_looks_or_not() -> None:
    hand = Hand()
    keys = Keyspace(hand)
    for name in (b"looked at", b"swept"):
        keys.put(name, b"")
        keys.set_deadline(name, 10)
    hand.time = 9.9
    assert keys.get(b"looked at") == b""
    hand.time = 10
    assert keys.get(b"looked at") is None
    assert (len(keys), keys.expire_due(), len(keys), keys.expiring) == (1, 1, 0, 0)


def test_a_deadline_that_was_moved_does_not_fire() -> None:
    hand = Hand()
    keys = Keyspace(hand)
    keys.put(b"a", b"")
    for deadline in range(1, 5000):
        keys.set_deadline(b"a", float(deadline))
    hand.time = 100
    assert keys.expire_due() == 0
    keys.put(b"a", b"")  # a new value lives for ever
    hand.time = 9000
    assert (keys.expire_due(), len(keys)) == (0, 1)


def test_stamps_change_with_expiry_and_with_coming_and_going() -> None:
    hand = Hand()
    keys = Keyspace(hand)
    keys.put(b"a", b"")
    keys.set_deadline(b"a", 5)
    before, absent = keys.watches.add(b"a"), keys.watches.add(b"b")
    hand.time = 6
    assert keys.get(b"a") is None
    assert keys.watches.stamp(b"a") != before
    keys.put(b"b", b"")
    keys.delete(b"b")
    assert keys.watches.stamp(b"b") != absent


def test_the_shop_fills_what_expires_for_the_ttl_of_its_document() -> None:
    hand = Hand()
    keys = Keyspace(hand)
    shop = Shop([lambda: keys], 3, lambda: 1000.0, SHOP)
    total = sum(group.sample for group in SHOP.cache.groups)
    assert len(keys) == total + 1
    for second in range(1, 200):
        hand.time = float(second)
        shop.step(second)
        assert len(keys) > 0.8 * total
    held = keys.get(FLAGS_KEY)
    assert isinstance(held, HashValue)
    for document, seconds in ((b'{"value": 600}', 600), (b'{"value": 600, "until": 999, "else": 30}', 30)):
        held[b"ttl.catalog"] = document
        for key in [key for key in keys.living() if key.startswith(b"catalog:")]:
            keys.delete(key)
        for second in range(ROUND):
            shop.step(second)
        left = [(keys.deadline(b"catalog:%d" % number) or 0) - hand.time for number in range(0, 1500, 100)]
        assert all(0.9 * seconds <= each <= 1.1 * seconds for each in left)


def test_flags_are_the_documents_without_marks_and_rubbish() -> None:
    keys = Keyspace(SimClock().now)
    shop = Shop([lambda: keys], 3, lambda: 0.0, SHOP)
    held = keys.get(FLAGS_KEY)
    assert isinstance(held, HashValue)
    held.update({b"mark:ttl.catalog": b"[{}]", b"flag.x": b"{", b"flag.y": b"[" * 100_000, b"flag.z": b"7"})
    flags = shop.flags()
    assert flags["flag.wishlist"] == {"on": False}
    assert "rate.user" not in flags
    assert {"mark:ttl.catalog", "flag.x", "flag.y", "flag.z"}.isdisjoint(flags)
    keys.put(FLAGS_KEY, b"text")
    assert shop.flags() == {}
