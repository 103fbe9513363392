"""Every crisis on the shop: what helps visibly helps, what is wrong visibly is not, and docs/crises.md is true."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from connectors.simulator.architecture import ARCHITECTURES, DEFAULT
from connectors.simulator.played import play
from connectors.simulator.scenarios import FAULT, SCENARIOS
from connectors.simulator.tick import Tick
from docs.crises import HEADER, PAGE, Result, page, result, row, ways

WRITTEN = PAGE.read_text(encoding="utf-8")
TABLE = WRITTEN.partition(HEADER)[2].partition("\n\n")[0].splitlines()
LOSSES = [name for name in SCENARIOS if name not in ("calm", "poison-message", "database-blip")]
OTHERS = [name for name in ARCHITECTURES if name != DEFAULT]
MISTAKES = [name for name in LOSSES if SCENARIOS[name].wrong]


@cache
def results(name: str) -> Mapping[str, Result]:
    """What comes of each way to meet the crisis."""
    return {way: result(SCENARIOS[name], moves) for way, moves in ways(SCENARIOS[name])}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_committed_table_says_what_comes_out(name: str) -> None:
    start = next(index for index, line in enumerate(TABLE) if line.startswith(f"| `{name}` |"))
    lines = [row(SCENARIOS[name], way, found) for way, found in results(name).items()]
    assert TABLE[start : start + len(lines)] == lines, "run: python -m docs.crises"


def test_the_page_around_the_table_is_the_commands() -> None:
    assert page(TABLE) == WRITTEN, "run: python -m docs.crises"


@pytest.mark.parametrize("name", LOSSES)
def test_the_remedies_give_back_most_of_what_was_lost(name: str) -> None:
    nothing, helped = results(name)["nothing"], results(name)["remedies"]
    assert nothing.origin < 0.98
    assert 1 - helped.origin < (1 - nothing.origin) / 5
    assert helped.success > 0.95
    assert helped.origin_worst >= nothing.origin_worst


@pytest.mark.parametrize("name", MISTAKES)
def test_what_looks_right_does_not_help_or_makes_it_worse(name: str) -> None:
    nothing, wrong = results(name)["nothing"], results(name)["wrong"]
    assert wrong.origin < nothing.origin + 0.005
    assert wrong.success < nothing.success + 0.005


@pytest.mark.parametrize("name", ["cache-stampede", "redis-down", "slow-database", "viral-spike", "viral-spike-10"])
def test_more_pods_hurt_where_the_database_is_full(name: str) -> None:
    assert results(name)["wrong"].success < results(name)["nothing"].success - 0.1


def test_more_pods_do_nothing_under_a_cascade() -> None:
    found = results("payment-cascade")
    assert abs(found["wrong"].origin - found["nothing"].origin) < 0.01


@pytest.mark.parametrize("architecture", OTHERS)
@pytest.mark.parametrize(("name", "seconds"), [("payment-cascade", 180), ("redis-down", 300), ("viral-spike", 420)])
def test_remedies_lead_out_of_a_collapse_in_every_architecture(architecture: str, name: str, seconds: int) -> None:
    left, helped = last_minute(name, architecture, seconds)
    assert max(tick.success_origin for tick in left) < 0.5
    assert min(tick.success_origin for tick in helped) > 0.9


@pytest.mark.parametrize("architecture", OTHERS)
def test_long_queries_make_everybody_wait_until_they_are_ended(architecture: str) -> None:
    left, helped = last_minute("slow-database", architecture, 480)
    assert min(tick.gauges["latency.p95"] for tick in left) > 2 * max(tick.gauges["latency.p95"] for tick in helped)


def last_minute(name: str, architecture: str, seconds: int) -> tuple[list[Tick], list[Tick]]:
    """The last minute of so many seconds after the fault: without and with the remedies."""
    scenario, end = SCENARIOS[name], int(FAULT) + seconds
    left, helped = (list(play(scenario, moves, architecture, end=end))[-60:] for moves in ((), scenario.moves))
    return left, helped


def test_the_playbook_for_a_dead_database_costs_where_it_heals_by_itself() -> None:
    found = results("database-blip")
    assert 0.005 < found["nothing"].success - found["remedies"].success < 0.03


def test_a_poisoned_partition_is_freed_by_a_commit_and_not_by_more_workers() -> None:
    found = results("poison-message")
    assert found["nothing"].lag > 1000
    assert found["wrong"].lag == pytest.approx(found["nothing"].lag, rel=0.01)
    assert found["remedies"].lag < 10
