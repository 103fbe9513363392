"""What can be told to a running estate: each line does what it says or says what is wrong with it."""

from __future__ import annotations

import pytest

from connectors.simulator.commands import COMMANDS, BadCommand, obey
from connectors.simulator.estate import Estate
from connectors.simulator.scenarios import SCENARIOS


class Wall:
    """Wall time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Running:
    """An estate and its wall clock."""

    def __init__(self, scenario: str = "calm", seed: int = 0) -> None:
        self.wall = Wall()
        self.estate = Estate(scenario, seed, 1.0, self.wall)

    def tell(self, line: str) -> str:
        return obey(self.estate, line)

    def pass_by(self, wall_seconds: float) -> int:
        """The simulated seconds that were stepped in so much wall time."""
        self.wall.now += wall_seconds
        stepped = 0
        while more := self.estate.advance():
            stepped += more
        return stepped


@pytest.fixture(scope="module")
def running() -> Running:
    return Running()


def test_speed_and_pause_change_how_much_time_passes(running: Running) -> None:
    assert running.pass_by(3) == 3
    assert "speed 10" in running.tell("speed 10")
    assert running.pass_by(3) == 30
    assert "paused" in running.tell("pause")
    assert running.pass_by(100) == 0
    assert "paused" in running.tell("speed 2")  # for later: it still stands
    assert running.pass_by(100) == 0
    assert "speed 2" in running.tell("resume")
    assert running.pass_by(3) == 6


def test_a_crisis_begins_when_it_is_told_and_ends_when_calm_is() -> None:
    running = Running()
    running.pass_by(30)
    running.tell("crisis viral-spike")
    running.pass_by(200)
    assert running.estate.tick.gauges["users.rate"] > 20_000
    assert "viral-spike" in running.tell("time")
    running.tell("crisis calm")
    running.pass_by(2)
    assert running.estate.tick.gauges["users.rate"] < 6_000


def test_another_seed_is_other_noise_from_there_on_and_the_same_one_the_same() -> None:
    def rates(seed: str) -> list[float]:
        running = Running()
        running.tell(f"seed {seed}")
        told = []
        for _ in range(5):
            running.pass_by(1)
            told.append(running.estate.tick.gauges["users.rate"])
        return told

    assert rates("7") == rates("7") != rates("8")


def test_an_empty_line_says_nothing_and_help_names_every_command(running: Running) -> None:
    assert running.tell("  ") == ""
    assert all(name in running.tell("help") for name in COMMANDS)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("faster", "'faster' is no command: speed, pause"),
        ("speed", "expected: speed NUMBER"),
        ("pause now", "expected: pause"),
        ("speed 0", "'0' is no number above 0"),
        ("speed nan", "'nan' is no number above 0"),
        ("speed 1e9", "at most 200"),
        ("seed x", "'x' is no whole number"),
        ("crisis volcano", "no scenario 'volcano'"),
        ("x" * 100_000, "is no command"),
    ],
)
def test_a_bad_line_says_what_is_wrong_and_changes_nothing(running: Running, line: str, complaint: str) -> None:
    before = running.tell("time")
    with pytest.raises(BadCommand, match=complaint) as refused:
        running.tell(line)
    assert len(str(refused.value)) < 500
    assert running.tell("time") == before


def test_every_crisis_can_be_told(running: Running) -> None:
    for name, scenario in SCENARIOS.items():
        assert running.tell(f"crisis {name}") == f"crisis {name}: {scenario.title}"
