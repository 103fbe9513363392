"""What follows from the lag of a group: time to drain, time to loss, and the rules about them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.derive import derived
from console.model.forecast import DAY, time_to_drain, time_to_loss
from console.model.reading import Reading
from console.model.rules import DEFAULT_RULES, matching
from console.model.signal import Unit

HOUR = 3600.0


def readings(**values: float | None) -> dict[str, Reading]:
    return {name: Reading(name, value, Unit.NONE, 1.0, "kafka") for name, value in values.items()}


def test_time_to_drain_is_lag_over_what_consumers_gain_and_nothing_while_they_lose() -> None:
    found = derived(readings(lag=6000.0, produced=100.0, consumed=160.0))
    assert (found["drain"].value, found["growth"].value) == (100.0, -60.0)
    found = derived(readings(lag=6000.0, produced=220.0, consumed=100.0))
    assert (found["drain"].value, found["growth"].value) == (None, 120.0)
    assert found["growth"].unit is Unit.PER_SECOND


@pytest.mark.parametrize(
    ("kept", "drain", "loss"),
    [
        (None, None, None),  # retention not told, or the backlog's age not known yet
        (2 * HOUR, None, 2 * HOUR),  # it grows, or stands still
        (2 * HOUR, 3 * HOUR, 2 * HOUR),  # it drains too slowly
        (2 * HOUR, HOUR, DAY),  # it is gone before
        (0.5 * HOUR, 0.0, DAY),  # nothing waits, on a topic of half an hour
        (30 * HOUR, None, DAY),  # no countdown of more than a day
        (0.0, None, 0.0),
    ],
)
def test_time_to_loss_is_a_countdown_under_a_day(kept: float | None, drain: float | None, loss: float | None) -> None:
    assert time_to_loss(kept, drain) == loss


def test_loss_follows_from_what_is_kept_and_says_how_it_is_known() -> None:
    seen = readings(lag=6000.0, produced=220.0, consumed=100.0)
    kept = Reading("kept", 2 * HOUR, Unit.SECONDS, 1.0, "kafka", "at the earliest")
    found = derived({**seen, "kept": kept})["loss"]
    assert (found.value, found.note) == (2 * HOUR, "at the earliest")
    drained = derived({**readings(lag=60.0, produced=1.0, consumed=100.0), "kept": kept})["loss"]
    assert (drained.value, drained.note) == (DAY, "none within a day")
    assert "loss" not in derived(seen)


@settings(deadline=None)
@given(*[st.none() | st.floats(0, 1e9)] * 3)
def test_no_countdown_is_ever_negative(lag: float | None, consumed: float | None, produced: float | None) -> None:
    drain = time_to_drain(lag, consumed, produced)
    assert drain is None or drain >= 0
    loss = time_to_loss(lag, drain)
    assert loss is None or 0 <= loss <= DAY


@pytest.mark.parametrize("signal", ["orders.stalled", "orders.stopped", "orders.loss", "orders.lost", "orders.drain"])
def test_lag_is_coloured_by_time_and_standstill_and_never_by_how_much_there_is(signal: str) -> None:
    patterns = tuple(rule.signal for rule in DEFAULT_RULES)
    assert matching(patterns, signal)
    assert not matching(patterns, "orders.lag")
