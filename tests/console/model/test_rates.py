"""Counters become rates: never negative, never across a restart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.rates import WINDOW, Tallies, extend, rate
from console.model.signal import Counter
from console.model.snapshot import Observed


def counter(value: float, at: float, epoch: str = "a") -> Counter:
    return Counter("hits", value, "hits", at, "redis", epoch)


def test_a_rate_is_what_was_counted_over_the_time_between() -> None:
    assert rate(counter(100, 10), counter(160, 12)) == 30


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param(counter(100, 10), counter(90, 12), id="the counter fell"),
        pytest.param(counter(100, 10, "a"), counter(200, 12, "b"), id="another process counts"),
        pytest.param(counter(100, 10), counter(200, 10), id="no time passed"),
        pytest.param(counter(100, 10), counter(200, 9), id="time went back"),
    ],
)
def test_a_reset_has_no_rate(earlier: Counter, later: Counter) -> None:
    assert rate(earlier, later) is None


readings = st.lists(
    st.tuples(st.floats(0, 1e9), st.floats(0.01, 40), st.sampled_from("aab")),
    max_size=60,
)


@given(readings)
def test_rates_are_never_negative_and_windows_are_bounded(steps: list[tuple[float, float, str]]) -> None:
    at = 0.0
    samples: tuple[Counter, ...] = ()
    for value, pause, epoch in steps:
        at += pause
        samples = extend(samples, counter(value, at, epoch))
        assert samples[-1].value == value
        assert all(each.epoch == epoch for each in samples)
        assert len(samples) < 3 or samples[1].at > at - WINDOW
        if len(samples) > 1:
            found = rate(samples[0], samples[-1])
            assert found is not None
            assert found >= 0


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=40))
def test_a_steady_stream_is_counted_exactly(increments: list[float]) -> None:
    tallies, total, seen = Tallies(), 0.0, Observed("redis/cache")
    for second, increment in enumerate(increments):
        total += increment
        now = Observed("redis/cache", counters=(counter(total, float(second)),))
        tallies, seen = tallies.after((seen,), (now,)), now
    last = increments[-int(WINDOW) :] if len(increments) > WINDOW else increments[1:]
    assert tallies.rate("redis/cache", "hits") == pytest.approx(sum(last) / len(last), rel=1e-6, abs=1e-6)


def test_a_component_that_is_gone_is_forgotten() -> None:
    one = Observed("redis/cache", counters=(counter(1, 1),))
    two = Observed("redis/cache", counters=(counter(5, 2),))
    tallies = Tallies().after((), (one,)).after((one,), (two,))
    assert tallies.rate("redis/cache", "hits") == 4
    assert tallies.after((two,), ()).rate("redis/cache", "hits") is None
