"""Plans: what they hold, what their hash covers, and what they refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.change import FactValue, Mark
from playbooks.exits import Exit, Refused
from playbooks.library import find, load_all
from playbooks.plan import Plan, plan, stale
from playbooks.playbook import Limits, Playbook, bind
from playbooks.text import plan_lines
from tests.playbooks.small_estate import CACHE, FACTS, HPA, SmallEstate

SPIKE = find("viral-spike")


def made(estate: SmallEstate, playbook: Playbook = SPIKE, created: float = 0.0, **given: str) -> Plan:
    return plan(playbook, bind(playbook, given), estate.look(estate.topology), "demo", created)


def test_it_lists_every_change_in_order() -> None:
    changes = made(SmallEstate()).changes
    assert [(each.step, each.fact, each.before, each.after) for each in changes] == [
        ("ttl", "ttl.catalog", 60, 600),
        ("features", "flag.recommendations", True, False),
        ("features", "flag.reviews", True, False),
        ("features", "flag.search_suggest", True, False),
        ("rate", "rate.user", None, 100),
        ("capacity", "hpa.max", 20, 100),
        ("capacity", "hpa.min", 5, 20),
        ("capacity", "hpa.scale_down", "default", "disabled"),
    ]
    assert [each.seq for each in changes] == list(range(1, 9))
    assert [each.lasts for each in changes] == [7200, 3600, 3600, 3600, 1800, 7200, 7200, 7200]


def test_parameters_reach_checks_and_values() -> None:
    step = made(SmallEstate(), min_replicas="30").steps[-1]
    assert step.changes[1].after == 30
    assert [getattr(check, "bound", None) for check in step.verify] == [None, 30, None]


def test_all_already_so_is_a_plan_without_changes() -> None:
    estate = SmallEstate()
    for change in made(estate).changes:
        estate.values[change.component, change.fact] = change.after
    again = made(estate)
    assert again.changes == ()
    assert "nothing to change" in plan_lines(again)


@pytest.mark.parametrize("playbook", load_all()[0], ids=lambda each: each.name)
def test_every_library_file_can_be_planned(playbook: Playbook) -> None:
    assert made(SmallEstate(), playbook).changes


def test_the_hash_does_not_move_by_itself() -> None:
    estate = SmallEstate()
    first = made(estate, created=1.0)
    estate.clock.time += 100
    estate.signals = {key: (None, unit) for key, (_, unit) in estate.signals.items()}
    assert made(estate, created=2.0).hash == first.hash


@given(key=st.sampled_from(sorted(FACTS)), value=st.sampled_from([None, 1, 7, True, "x"]))
def test_the_hash_covers_every_value_that_the_plan_rests_on(key: tuple[str, str], value: FactValue) -> None:
    estate = SmallEstate()
    before = made(estate)
    estate.values[key] = value
    try:
        after = made(estate)
    except Refused:
        return
    moved = repr(after.changes) != repr(before.changes)  # by repr: True is not 1
    assert (after.hash != before.hash) == moved
    assert bool(stale(before.changes, after)) == moved


def test_the_hash_covers_parameters_and_words() -> None:
    estate = SmallEstate()
    hashes = {
        made(estate).hash,
        made(estate, user_rate="101").hash,
        made(estate, replace(SPIKE, hash="another")).hash,
        plan(SPIKE, bind(SPIKE, {}), estate.topology, "production", 0.0).hash,
    }
    assert len(hashes) == 4


def test_what_moved_is_named() -> None:
    estate = SmallEstate()
    approved = made(estate).changes
    estate.values[CACHE, "ttl.catalog"] = 120
    estate.values[CACHE, "flag.reviews"] = False
    assert stale(approved, made(estate)) == (
        "redis/cache ttl.catalog: approved 60 → 600, now 120 → 600",
        "redis/cache flag.reviews: approved on → off, now no change",
    )


@pytest.mark.parametrize(
    ("limits", "said"), [(Limits(targets=1), "2 targets, the limit is 1"), (Limits(ratio=4), "60 → 600 is over")]
)
def test_limits(limits: Limits, said: str) -> None:
    with pytest.raises(Refused, match=said) as raised:
        made(SmallEstate(), replace(SPIKE, limits=limits))
    assert raised.value.exit is Exit.LIMIT


def test_a_target_that_cannot_be_read() -> None:
    estate = SmallEstate()
    estate.down.add("redis")
    with pytest.raises(Refused, match="redis: connection refused") as raised:
        made(estate)
    assert raised.value.exit is Exit.UNREACHABLE


@pytest.mark.parametrize("service", ["nowhere", "cache", "kubernetes/deployment/shop/api/x"])
def test_a_target_that_is_none(service: str) -> None:
    with pytest.raises(Refused):
        made(SmallEstate(), service=service)


def test_other_hands_are_shown() -> None:
    estate = SmallEstate()
    estate.owners[HPA, "hpa.max"] = "argocd shop"
    estate.marks[CACHE, "ttl.catalog"] = (Mark("run-0", "ttl", 30, 90, None),)
    lines = "\n".join(plan_lines(made(estate)))
    assert lines.index("\n! ") < lines.index("\n1. ")  # a short screen hides the end, not the warnings
    assert "hpa.max is also set by argocd shop" in lines
    assert "ttl.catalog: run run-0 is in force on it" in lines
    assert "ttl.catalog has drifted: 90 was set, 60 is there" in lines


def test_the_arithmetic_is_told() -> None:
    warnings = "\n".join(made(SmallEstate()).warnings)
    assert "10× their memory" in warnings
    assert "5 → 20 pods at once, 100 at the earliest after 45s" in warnings
    assert "of 100× the traffic 80% must be shed" in warnings
    assert "100 pods × 4.0 connections each (as now) = 400" in warnings
