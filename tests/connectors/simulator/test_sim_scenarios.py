"""Scenarios are data: this checks the data and the way it is read."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from connectors.simulator.crisis import CALM, Crisis
from connectors.simulator.scenarios import FAULT, SCENARIOS, Scenario, Turn, UnknownScenario, scenario_named


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.name)
def test_every_scenario_says_what_a_person_needs(scenario: Scenario) -> None:
    assert all((scenario.title, scenario.story, scenario.look, scenario.helps, scenario.costs))
    assert {turn.knob for turn in scenario.turns} <= {knob.name for knob in fields(Crisis)}
    assert scenario.crisis(0) == CALM


def test_a_spike_grows_by_the_same_factor_every_second_and_thins_out_slowly() -> None:
    spike = SCENARIOS["viral-spike"]
    factors = [spike.crisis(FAULT + t).spike for t in (0, 150, 300, 359, 360, 960, 9000)]
    assert factors == pytest.approx([1.0, 10.0, 100.0, 100.0, 100.0, 60.0, 60.0])


def test_a_knob_turns_back_at_its_end_and_reaches_zero_in_a_straight_line() -> None:
    turn = Turn("dns_ok", to=0.0, start=10.0, over=10.0, until=30.0)
    outage = replace(SCENARIOS["calm"], turns=(turn,))
    assert [outage.crisis(t).dns_ok for t in (9, 15, 25, 30)] == [1.0, 0.5, 0.0, 1.0]


def test_a_turn_over_no_time_is_there_at_once() -> None:
    assert Turn("database_slow", to=5.0, start=10.0).at(10.0) == 5.0


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(UnknownScenario, match="no scenario 'virul': choose one of calm, viral-spike"):
        scenario_named("virul")
