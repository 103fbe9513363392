"""Counters of many servers as one: never falling, never leaping, whoever joins, leaves, restarts or is away."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.redis.address import Address
from connectors.redis.sums import Ledger
from console.model.rates import rate
from console.model.signal import Counter

ONE, TWO, THREE = (Address("10.0.0.1", port) for port in (1, 2, 3))
FASTEST = 100.0  # hits a second of one server, in the histories below


def hits(value: float, at: float, epoch: str = "a", name: str = "hits") -> Counter:
    return Counter(name, value, name, at, "redis", epoch)


def total(ledger: Ledger, at: float) -> float:
    (counter,) = ledger.counters(at)
    return counter.value


def test_the_first_total_is_the_plain_sum() -> None:
    ledger = Ledger().after({ONE: [hits(1000, 1)], TWO: [hits(50, 1)]})
    assert total(ledger, 1) == 1050


def test_a_server_that_joins_adds_only_what_it_grows() -> None:
    ledger = Ledger().after({ONE: [hits(100, 1)]})
    ledger = ledger.after({ONE: [hits(110, 2)], TWO: [hits(1_000_000, 2)]})
    assert total(ledger, 2) == 110
    assert total(ledger.after({ONE: [hits(110, 3)], TWO: [hits(1_000_005, 3)]}), 3) == 115


def test_a_server_that_leaves_takes_nothing_with_it() -> None:
    ledger = Ledger().after({ONE: [hits(100, 1)], TWO: [hits(900, 1)]})
    assert total(ledger.after({ONE: [hits(110, 2)]}), 2) == 1010


def test_a_server_that_was_away_for_a_reading_makes_no_leap() -> None:
    ledger = Ledger().after({ONE: [hits(0, 1)], TWO: [hits(0, 1)]}).after({ONE: [hits(1, 2)]})
    assert total(ledger.after({ONE: [hits(2, 60)], TWO: [hits(6_000, 60)]}), 60) == 2


def test_a_restart_begins_again_also_where_the_count_is_higher() -> None:
    ledger = Ledger().after({ONE: [hits(10, 1)]}).after({ONE: [hits(500, 2, epoch="b")]})
    assert total(ledger, 2) == 10
    assert total(ledger.after({ONE: [hits(507, 3, epoch="b")]}), 3) == 17


def test_a_count_that_was_reset_begins_again() -> None:
    ledger = Ledger().after({ONE: [hits(10, 1)]}).after({ONE: [hits(3, 2)]})
    assert total(ledger, 2) == 10


def test_the_busiest_thread_is_shown_not_the_sum_of_all() -> None:
    ledger = Ledger().after({ONE: [hits(1, 0, name="cpu_seconds")], TWO: [hits(1, 0, name="cpu_seconds")]})
    later = ledger.after({ONE: [hits(1.5, 1, name="cpu_seconds")], TWO: [hits(1.6, 1, name="cpu_seconds")]})
    assert total(later, 1) - total(ledger, 0) == 0.6000000000000001


def test_what_nobody_tells_any_more_is_not_shown() -> None:
    ledger = Ledger().after({ONE: [hits(1, 1)]}).after({ONE: []})
    assert ledger.counters(2) == ()


@st.composite
def histories(draw: st.DrawFn) -> list[dict[Address, list[Counter]]]:
    """Readings a second apart; each server may be away, restart, or have its counters reset."""
    counts = {address: draw(st.floats(0, 1e9)) for address in (ONE, TWO, THREE)}
    lives = dict.fromkeys(counts, 0)
    readings = []
    for at in range(draw(st.integers(2, 12))):
        reading = {}
        for address in counts:
            event = draw(st.sampled_from(("runs", "runs", "runs", "away", "restarts", "reset")))
            if event == "restarts":
                lives[address] += 1
            if event in ("restarts", "reset"):
                counts[address] = draw(st.floats(0, 1e9)) if event == "restarts" else 0.0
            counts[address] += draw(st.floats(0, FASTEST))
            if event != "away":
                reading[address] = [hits(counts[address], float(at), f"{address}/{lives[address]}")]
        readings.append(reading)
    return readings


@settings(max_examples=80, deadline=None)
@given(histories())
def test_the_rate_of_a_sum_is_never_negative_and_never_more_than_all_can(
    readings: list[dict[Address, list[Counter]]],
) -> None:
    ledger, before = Ledger(), None
    for at, reading in enumerate(readings):
        ledger = ledger.after(reading)
        for counter in ledger.counters(float(at)):
            if before is not None:
                found = rate(before, counter)
                assert found is not None
                assert 0 <= found <= 3 * FASTEST + 1e-3
            before = counter


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=2, max_size=10))
def test_what_is_counted_is_conserved_while_everybody_stays(growth: list[tuple[int, int]]) -> None:
    ledger, one, two = Ledger(), 0, 0
    for at, (first, second) in enumerate(growth):
        one, two = one + first, two + second
        ledger = ledger.after({ONE: [hits(one, at)], TWO: [hits(two, at)]})
        assert total(ledger, at) == one + two
