"""The autoscaler's arithmetic against the documentation's own examples, and properties that always hold."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.kubernetes.scaling import (
    Load,
    Past,
    Policy,
    Rules,
    limited,
    proposed,
    remembered,
    stabilised,
)

UP = Rules(0, "Max", (Policy("Pods", 4, 15), Policy("Percent", 100, 15)))
DOWN = Rules(300, "Max", (Policy("Percent", 100, 15),))


@pytest.mark.parametrize(
    ("current", "load", "target", "wanted"),
    [
        (5, Load(5, 0, 140), 70, 10),  # twice the target doubles
        (4, Load(4, 0, 35), 70, 2),  # half the target halves
        (10, Load(10, 0, 77), 70, 10),  # +10 % is tolerated
        (10, Load(10, 0, 78), 70, 12),  # a little more is not
        (10, Load(10, 0, 63), 70, 10),
        (10, Load(10, 0, 70), 70, 10),
        (10, Load(5, 5, 140), 70, 10),  # the unready half counts as 0 and dampens to exactly the target
        (12, Load(6, 4, 140), 70, 12),  # 140·6/10 = 84 % of ten pods: twelve
        (10, Load(5, 5, 100), 70, 10),  # dampened below the target: no change of direction
        (10, Load(5, 5, 35), 70, 3),  # on the way down unready pods do not count
    ],
)
def test_proposes_what_the_documented_formula_says(current: int, load: Load, target: int, wanted: int) -> None:
    assert proposed(current, load, target) == wanted


@settings(max_examples=50)
@given(st.integers(1, 200), st.integers(0, 1000), st.integers(1, 200))
def test_without_unready_pods_it_is_the_ceiling_of_the_ratio(pods: int, percent: int, target: int) -> None:
    wanted = proposed(pods, Load(pods, 0, percent), target)
    if abs(percent * 10 - target * 10) > target:
        assert wanted == math.ceil(pods * percent / target - 1e-9)
    else:
        assert wanted == pods


@settings(max_examples=50)
@given(st.integers(1, 100), st.integers(0, 100), st.integers(0, 1000), st.integers(1, 200))
def test_unready_pods_never_raise_the_proposal(ready: int, unready: int, percent: int, target: int) -> None:
    pods = ready + unready
    with_unready = proposed(pods, Load(ready, unready, percent), target)
    assert with_unready <= max(pods, proposed(ready, Load(ready, 0, percent), target))


def test_the_highest_recommendation_of_five_minutes_holds_a_scale_down() -> None:
    past = Past(recommended=((0.0, 18), (100.0, 12)))
    assert stabilised(20, 5, past, 200.0, UP, DOWN) == 18
    assert stabilised(20, 5, past, 300.0, UP, DOWN) == 12  # the first is 300 s old and out
    assert stabilised(20, 5, past, 401.0, UP, DOWN) == 5


def test_a_window_on_the_way_up_takes_the_lowest() -> None:
    patient = Rules(60, "Max", UP.policies)
    assert stabilised(5, 20, Past(recommended=((0.0, 7),)), 30.0, patient, DOWN) == 7
    assert stabilised(5, 20, Past(recommended=((0.0, 7),)), 60.0, patient, DOWN) == 20


def test_default_scale_up_takes_the_larger_of_four_pods_and_doubling() -> None:
    assert limited(1, 100, Past(), 0.0, UP, DOWN) == 5
    assert limited(5, 100, Past(), 0.0, UP, DOWN) == 10
    assert limited(10, 100, Past(added=((0.0, 5),)), 14.0, UP, DOWN) == 10  # the period's budget is spent
    assert limited(10, 100, Past(added=((0.0, 5),)), 15.0, UP, DOWN) == 20


def test_policies_of_the_way_down_and_what_disables_it() -> None:
    slow = Rules(0, "Max", (Policy("Pods", 2, 60), Policy("Percent", 10, 60)))
    assert limited(40, 1, Past(), 0.0, UP, slow) == 36
    assert limited(40, 1, Past(), 0.0, UP, Rules(0, "Min", slow.policies)) == 38
    assert limited(40, 1, Past(), 0.0, UP, Rules(0, "Disabled", slow.policies)) == 40
    assert limited(40, 1, Past(removed=((0.0, 4),)), 30.0, UP, slow) == 39  # 44 at the period's start, 10 % of it


_POLICY = st.builds(Policy, st.sampled_from(["Pods", "Percent"]), st.integers(1, 200), st.integers(1, 1800))
_RULES = st.builds(
    Rules,
    st.integers(0, 600),
    st.sampled_from(["Max", "Min", "Disabled"]),
    st.lists(_POLICY, max_size=3).map(tuple),
)
_DATED = st.lists(st.tuples(st.floats(-900, 0), st.integers(0, 50)), max_size=4).map(tuple)
_PAST = st.builds(Past, _DATED, _DATED, _DATED)


@settings(max_examples=50)
@given(st.integers(1, 100), st.integers(0, 200), _PAST, _RULES, _RULES)
def test_a_limit_never_turns_the_direction_nor_passes_the_wish(
    current: int, wanted: int, past: Past, up: Rules, down: Rules
) -> None:
    after = limited(current, wanted, past, 0.0, up, down)
    assert min(current, wanted) <= after <= max(current, wanted)


@settings(max_examples=50)
@given(st.integers(1, 100), st.integers(0, 200), _PAST, _RULES, _RULES)
def test_stabilisation_stays_between_now_and_the_wish(
    current: int, wanted: int, past: Past, up: Rules, down: Rules
) -> None:
    after = stabilised(current, wanted, past, 0.0, up, down)
    assert min(current, wanted) <= after <= max(current, wanted)


def test_the_past_forgets_what_no_window_reaches() -> None:
    past = remembered(Past(recommended=((0.0, 3),), added=((0.0, 1),)), 3600.0, 4, 4, 6)
    assert past == Past(recommended=((3600.0, 4),), added=((3600.0, 2),), removed=())
    assert remembered(past, 3615.0, None, 6, 5).removed == ((3615.0, 1),)
