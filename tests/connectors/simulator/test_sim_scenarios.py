"""Scenarios are data: this checks the data and the way it is read."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from connectors.simulator.architecture import ARCHITECTURES, architecture_named
from connectors.simulator.crisis import CALM
from connectors.simulator.played import Hand
from connectors.simulator.scenarios import (
    FAULT,
    SCENARIOS,
    BadScenario,
    Scenario,
    Turn,
    UnknownScenario,
    scenario_named,
    scenario_of,
)

NEEDED = {
    "viral-spike",
    "viral-spike-10",
    "database-down",
    "slow-database",
    "payment-cascade",
    "third-party-limit",
    "memory-leak",
    "cache-stampede",
    "redis-down",
    "poison-message",
    "database-blip",
}
PLAIN = "title='t'\nstory='s'\nlook='l'\nhelps='h'\ncosts='c'\n"


def test_the_calm_comes_first_and_every_crisis_is_there() -> None:
    assert list(SCENARIOS) == ["calm", *sorted(NEEDED)]


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.name)
def test_every_scenario_says_what_a_person_needs(scenario: Scenario) -> None:
    assert all((scenario.title, scenario.story, scenario.look, scenario.helps, scenario.costs))
    assert scenario.crisis(0) == CALM
    assert scenario.name == "calm" or (scenario.crisis(FAULT + 30) != CALM and scenario.moves)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.name)
def test_every_move_finds_what_it_names_in_every_architecture(scenario: Scenario, architecture: str) -> None:
    hand = Hand(architecture_named(architecture))
    for move in (*scenario.moves, *(scenario.wrong.moves if scenario.wrong else ())):
        hand.do(move, 100, None)
    assert not [field for field in hand.flags if "{" in field]


def test_a_spike_grows_by_the_same_factor_every_second_and_thins_out_slowly() -> None:
    spike = SCENARIOS["viral-spike"]
    factors = [spike.crisis(FAULT + t).spike for t in (0, 150, 300, 359, 360, 960, 9000)]
    assert factors == pytest.approx([1.0, 10.0, 100.0, 100.0, 100.0, 60.0, 60.0])


def test_a_knob_turns_back_at_its_end_and_reaches_zero_in_a_straight_line() -> None:
    turn = Turn("dns_ok", to=0.0, start=10.0, over=10.0, until=30.0)
    outage = msgspec.structs.replace(SCENARIOS["calm"], turns=(turn,))
    assert [outage.crisis(t).dns_ok for t in (9, 15, 25, 30)] == [1.0, 0.5, 0.0, 1.0]


def test_a_turn_over_no_time_is_there_at_once() -> None:
    assert Turn("database_slow", to=5.0, start=10.0).at(10.0) == 5.0


def test_a_knob_that_no_turn_names_stays_neutral() -> None:
    found = scenario_of("leaking", f"{PLAIN}turns = [{{knob = 'leak', to = 5}}]").crisis(FAULT)
    assert found == replace(CALM, leak=5.0)


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(UnknownScenario, match="no scenario 'virul': choose one of calm, cache-stampede"):
        scenario_named("virul")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("turns = [{knob = 'lek', to = 5}]", "no knob 'lek': one of .*leak"),
        ("turns = [{knob = 'leak'}]", r"required field `to` - at `\$.turns\[0\]`"),
        ("moves = [{at = 1, off = ['P9']}]", r"'P9' - at `\$.moves\[0\].off\[0\]`"),
        ("cost = 'x'", "unknown field `cost`"),
        ("turns = ", "Invalid value"),
    ],
)
def test_a_file_that_is_wrong_says_where(more: str, said: str) -> None:
    with pytest.raises(BadScenario, match=f"bad.toml: .*{said}"):
        scenario_of("bad", PLAIN + more)
