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

    async def tell(self, line: str) -> str:
        return await obey(self.estate, line)

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


async def test_speed_and_pause_change_how_much_time_passes(running: Running) -> None:
    assert running.pass_by(3) == 3
    assert "speed 10" in await running.tell("speed 10")
    assert running.pass_by(3) == 30
    assert "paused" in await running.tell("pause")
    assert running.pass_by(100) == 0
    assert "paused" in await running.tell("speed 2")  # for later: it still stands
    assert running.pass_by(100) == 0
    assert "speed 2" in await running.tell("resume")
    assert running.pass_by(3) == 6


async def test_a_crisis_begins_when_it_is_told_and_ends_when_calm_is() -> None:
    running = Running()
    running.pass_by(30)
    await running.tell("crisis viral-spike")
    running.pass_by(200)
    assert running.estate.tick.gauges["users.rate"] > 20_000
    assert "viral-spike" in await running.tell("time")
    await running.tell("crisis calm")
    running.pass_by(2)
    assert running.estate.tick.gauges["users.rate"] < 6_000


async def test_another_seed_is_other_noise_from_there_on_and_the_same_one_the_same() -> None:
    async def rates(seed: str) -> list[float]:
        running = Running()
        await running.tell(f"seed {seed}")
        told = []
        for _ in range(5):
            running.pass_by(1)
            told.append(running.estate.tick.gauges["users.rate"])
        return told

    first, again, other = [await rates(seed) for seed in ("7", "7", "8")]
    assert first == again != other


async def test_an_empty_line_says_nothing_and_help_names_every_command(running: Running) -> None:
    assert await running.tell("  ") == ""
    told = await running.tell("help")
    assert all(name in told for name in COMMANDS)


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
        ("broker 4 lose", "'4' is none of the brokers 1, 2, 3"),
        ("broker 1 explode", "'explode' is none of lose, restore"),
        ("redis explode", "'explode' is none of lose, restore, failover"),
        ("node nobody lose", "nobody"),
        ("node node-1 explode", "'explode' is none of lose, restore"),
        ("x" * 100_000, "is no command"),
    ],
)
async def test_a_bad_line_says_what_is_wrong_and_changes_nothing(running: Running, line: str, complaint: str) -> None:
    before = await running.tell("time")
    with pytest.raises(BadCommand, match=complaint) as refused:
        await running.tell(line)
    assert len(str(refused.value)) < 500
    assert await running.tell("time") == before


async def test_every_crisis_can_be_told(running: Running) -> None:
    for name, scenario in SCENARIOS.items():
        assert await running.tell(f"crisis {name}") == f"crisis {name}: {scenario.title}"


async def test_servers_are_lost_and_come_back() -> None:
    running = Running()
    estate = running.estate
    await estate.start()
    try:
        for line in ("broker 2 lose", "redis lose", "node node-1 lose"):
            await running.tell(line)
        running.pass_by(60)
        assert estate.kafka.lost == {2}
        assert not estate.redis.reachable
        assert [node.name for node in estate.kubernetes.shown().nodes if not node.ready] == ["node-1"]
        assert estate.levers().reported.brokers_lost == 1
        assert not estate.levers().reported.cache_up
        for line in ("broker 2 restore", "redis restore", "node node-1 restore"):
            await running.tell(line)
        running.pass_by(60)
        assert not estate.kafka.lost
        assert estate.redis.reachable
        assert all(node.ready for node in estate.kubernetes.shown().nodes)
    finally:
        await estate.stop()
