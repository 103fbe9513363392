"""Runs on the small estate: every way to end, with what is in force by then."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from console.model.change import Applied, Outcome
from console.model.signal import Unit
from playbooks.approval import approve
from playbooks.exits import Exit, Refused
from playbooks.journal import Event, path_of, read
from playbooks.library import find
from playbooks.phase import Phase
from playbooks.playbook import Playbook
from playbooks.reading import read as read_text
from playbooks.runner import Stop
from tests.playbooks.running import RUN, do, entries, in_force, planned, run, undo
from tests.playbooks.small_estate import API, CACHE, FACTS, HPA, SmallEstate

SPIKE = find("viral-spike")
BEFORE_CAPACITY = sorted(["ttl.catalog", "flag.recommendations", "flag.reviews", "flag.search_suggest", "rate.user"])
ALL = sorted([*BEFORE_CAPACITY, "hpa.max", "hpa.min", "hpa.scale_down"])


def edited(old: str, new: str) -> Playbook:
    assert old in SPIKE.source
    return read_text(SPIKE.source.replace(old, new), "edited.yaml")


def outcomes(state: Path, event: Event) -> list[str]:
    return [each.outcome for each in entries(state) if each.event is event]


async def test_as_asked_and_verified(tmp_path: Path) -> None:
    estate = SmallEstate()
    assert await run(estate, SPIKE, tmp_path) is Exit.OK
    assert in_force(estate) == ALL
    assert estate.values[HPA, "hpa.min"] == 20
    assert estate.values[CACHE, "flag.wishlist"] is False
    assert read(path_of(tmp_path, RUN)).phase is Phase.IN_FORCE
    assert read(path_of(tmp_path, RUN)).exit == 0
    assert outcomes(tmp_path, Event.STEP) == ["done"] * 4
    assert read(path_of(tmp_path, RUN)).broken == ""


async def test_every_intent_is_durable_before_its_write(tmp_path: Path) -> None:
    estate = SmallEstate()
    seen: list[int] = []

    def look() -> None:
        if path_of(tmp_path, RUN).exists():
            intents = [each.change for each in entries(tmp_path) if each.event is Event.INTENT]
            seen.append(len(intents) - len(estate.writes))

    estate.step = look
    await run(estate, SPIKE, tmp_path)
    assert set(seen) <= {0, 1}  # a write that is not intended would be -1
    assert 1 in seen


async def test_marks_carry_the_end_and_the_owner(tmp_path: Path) -> None:
    estate = SmallEstate()
    start = estate.clock.wall()
    await run(estate, SPIKE, tmp_path)
    mark = estate.marks[CACHE, "ttl.catalog"][0]
    assert (mark.run, mark.step, mark.before, mark.after, mark.actor, mark.seq) == (RUN, "ttl", 60, 600, "tester", 1)
    assert mark.until == pytest.approx(start + 7200, abs=5)


async def test_already_so(tmp_path: Path) -> None:
    estate = SmallEstate()
    for change in planned(estate, SPIKE).changes:
        estate.values[change.component, change.fact] = change.after
    assert await run(estate, SPIKE, tmp_path) is Exit.OK
    assert in_force(estate) == []
    assert read(path_of(tmp_path, RUN)).phase is Phase.CLOSED


async def test_undo_gives_everything_back_and_a_second_one_does_nothing(tmp_path: Path) -> None:
    estate = SmallEstate()
    await run(estate, SPIKE, tmp_path)
    assert await undo(estate, tmp_path) is Exit.OK
    assert estate.values == FACTS
    assert in_force(estate) == []
    orders = [(each.fact, each.undoes) for each in estate.writes]
    assert orders[8:] == [(fact, True) for fact, _ in reversed(orders[:8])]
    written = len(estate.writes)
    assert await undo(estate, tmp_path) is Exit.OK
    assert len(estate.writes) == written
    assert read(path_of(tmp_path, RUN)).broken == ""


async def test_a_step_that_proves_nothing_is_taken_back_alone(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.signals[API, "ready"] = (5, Unit.COUNT)
    assert await run(estate, SPIKE, tmp_path) is Exit.FAILED_PART
    assert in_force(estate) == BEFORE_CAPACITY
    assert (estate.values[HPA, "hpa.min"], estate.values[HPA, "hpa.max"]) == (5, 20)
    assert read(path_of(tmp_path, RUN)).phase is Phase.HELD


@pytest.mark.parametrize(
    ("policy", "code", "left"),
    [
        ("undo_step", Exit.FAILED_PART, BEFORE_CAPACITY),
        ("continue", Exit.FAILED_PART, ALL),
        ("hold", Exit.FAILED_PART, ALL),
        ("undo_run", Exit.FAILED_CLEAN, []),
    ],
)
async def test_on_failure(tmp_path: Path, policy: str, code: Exit, left: list[str]) -> None:
    estate = SmallEstate()
    estate.signals[API, "ready"] = (5, Unit.COUNT)
    assert await run(estate, edited("on_failure: undo_step", f"on_failure: {policy}"), tmp_path) is code
    assert in_force(estate) == left


async def test_no_data_goes_on_and_ends_unproven(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.signals[API, "ready"] = (None, Unit.COUNT)
    assert await run(estate, SPIKE, tmp_path) is Exit.UNPROVEN
    assert in_force(estate) == ALL
    assert outcomes(tmp_path, Event.STEP) == ["done", "done", "done", "unproven"]


async def test_not_steady_in_time_is_unproven(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.signals["prometheus/api", "cpu"] = (0.9, Unit.RATIO)
    assert await run(estate, SPIKE, tmp_path) is Exit.UNPROVEN
    assert "api.cpu 90%" in entries(tmp_path)[-2].reason


async def test_the_wall_clock_limit_ends_the_watching(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.signals["prometheus/api", "cpu"] = (0.9, Unit.RATIO)
    start = estate.clock.now()
    assert await run(estate, edited("wall_clock: 20m", "wall_clock: 2m"), tmp_path) is Exit.UNPROVEN
    assert estate.clock.now() - start < 125


async def test_a_refused_first_write_touches_nothing(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.refusing["ttl.catalog"] = Applied(Outcome.REJECTED, "no permission", forbidden=True)
    assert await run(estate, SPIKE, tmp_path) is Exit.PERMISSION
    assert estate.writes == []
    assert read(path_of(tmp_path, RUN)).phase is Phase.ABORTED_CLEAN


async def test_a_refused_later_write_takes_its_step_back(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.refusing["hpa.min"] = Applied(Outcome.REJECTED, "422")
    assert await run(estate, SPIKE, tmp_path) is Exit.FAILED_PART
    assert in_force(estate) == BEFORE_CAPACITY
    assert estate.values[HPA, "hpa.max"] == 20


async def test_a_lost_reply_is_settled_by_a_probe_and_never_sent_again(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.lost_replies.add("hpa.max")
    assert await run(estate, SPIKE, tmp_path) is Exit.OK
    assert [each.fact for each in estate.writes].count("hpa.max") == 1
    assert outcomes(tmp_path, Event.PROBE) == ["ours"]


async def test_a_lost_write_is_believed_after_the_last_probe_only(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.lost_writes.add("hpa.max")
    start = estate.clock.now()
    assert await run(estate, SPIKE, tmp_path) is Exit.FAILED_PART
    assert outcomes(tmp_path, Event.PROBE) == ["not applied"] * 3
    assert estate.clock.now() - start >= 7
    assert in_force(estate) == BEFORE_CAPACITY


async def test_what_stays_unknown_is_held(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.lost_replies.add("hpa.max")
    estate.step = lambda: estate.down.add("kubernetes") if len(estate.writes) == 6 else None
    assert await run(estate, SPIKE, tmp_path) is Exit.FAILED_PART
    assert outcomes(tmp_path, Event.PROBE) == ["unknown"] * 3
    assert read(path_of(tmp_path, RUN)).phase is Phase.HELD
    estate.step = lambda: None
    estate.down.clear()
    estate.lost_replies.clear()
    assert await undo(estate, tmp_path) is Exit.OK
    assert estate.values == FACTS


async def test_missing_permission_is_found_before_the_first_write(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.forbidden.add("horizontalpodautoscalers.autoscaling")
    assert await run(estate, SPIKE, tmp_path) is Exit.PERMISSION
    assert estate.writes == []


async def test_a_requirement(tmp_path: Path) -> None:
    estate = SmallEstate()
    text = "  - {signal: database.connections, below: 10}\n"
    playbook = edited("  - {permissions: all}\n", f"  - {{permissions: all}}\n{text}")
    assert await run(estate, playbook, tmp_path) is Exit.REQUIREMENT
    estate.signals["prometheus/database", "connections"] = (None, Unit.COUNT)
    assert await run(estate, playbook, tmp_path / "blind") is Exit.REQUIREMENT
    assert estate.writes == []


async def test_a_stale_plan_is_refused(tmp_path: Path) -> None:
    estate = SmallEstate()
    approval = approve(planned(estate, SPIKE), RUN)
    estate.values[CACHE, "ttl.catalog"] = 120
    assert await do(estate, approval, tmp_path) is Exit.STALE
    assert estate.writes == []
    assert "approved 60 → 600, now 120 → 600" in entries(tmp_path)[-2].reason


async def test_an_approval_is_good_for_one_run(tmp_path: Path) -> None:
    estate = SmallEstate()
    approval = approve(planned(estate, SPIKE), RUN)
    await do(estate, approval, tmp_path)
    with pytest.raises(Refused, match="has been done already"):
        await do(estate, approval, tmp_path)


async def test_an_old_plan_is_refused(tmp_path: Path) -> None:
    estate = SmallEstate()
    approval = approve(planned(estate, SPIKE), RUN)
    estate.clock.time += 301
    assert await do(estate, approval, tmp_path) is Exit.STALE
    assert estate.writes == []


async def test_another_server_is_not_written_to(tmp_path: Path) -> None:
    estate = SmallEstate()

    def moved() -> None:
        if len(estate.writes) == 5:
            estate.identities["kubernetes"] = "another"

    estate.step = moved
    assert await run(estate, SPIKE, tmp_path) is Exit.FAILED_PART
    assert in_force(estate) == BEFORE_CAPACITY
    assert any("another kubernetes answers now" in each.reason for each in entries(tmp_path))


@pytest.mark.parametrize(
    ("writes", "undoes", "code", "left"),
    [
        (0, False, Exit.CANCELLED_CLEAN, []),
        (2, False, Exit.CANCELLED_PART, ["flag.recommendations", "ttl.catalog"]),
        (2, True, Exit.CANCELLED_CLEAN, []),
    ],
)
async def test_a_stop_is_honoured_between_writes(
    tmp_path: Path, writes: int, undoes: bool, code: Exit, left: list[str]
) -> None:
    estate = SmallEstate()
    stop = Stop(asyncio.Event(), undoes)
    estate.step = lambda: stop.event.set() if len(estate.writes) == writes else None
    assert await run(estate, SPIKE, tmp_path, stop) is code
    assert in_force(estate) == left


async def test_a_stop_while_soaking_ends_the_watching_only(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.signals["prometheus/api", "cpu"] = (0.9, Unit.RATIO)
    stop = Stop(asyncio.Event())

    def look() -> None:
        if read(path_of(tmp_path, RUN)).phase is Phase.SOAKING:
            stop.event.set()

    estate.observed = look
    assert await run(estate, SPIKE, tmp_path, stop) is Exit.UNPROVEN
    assert in_force(estate) == ALL


async def test_undo_refuses_drift_and_names_both_values(tmp_path: Path) -> None:
    estate = SmallEstate()
    await run(estate, SPIKE, tmp_path)
    estate.values[HPA, "hpa.max"] = 150
    with pytest.raises(Refused, match=r"hpa\.max: 100 was set, 150 is there") as raised:
        await undo(estate, tmp_path)
    assert raised.value.exit is Exit.DRIFTED
    assert in_force(estate) == ALL


async def test_undo_refuses_to_reach_under_another_run(tmp_path: Path) -> None:
    estate = SmallEstate()
    await run(estate, SPIKE, tmp_path)
    ours = estate.marks[CACHE, "ttl.catalog"][0]
    theirs = type(ours)("run-2", "ttl", 600, 900, None)
    estate.marks[CACHE, "ttl.catalog"] = (ours, theirs)
    estate.values[CACHE, "ttl.catalog"] = 900
    with pytest.raises(Refused, match="run run-2 was written over it; undo that first"):
        await undo(estate, tmp_path)


async def test_undo_refuses_blindness(tmp_path: Path) -> None:
    estate = SmallEstate()
    await run(estate, SPIKE, tmp_path)
    estate.down.add("kubernetes")
    with pytest.raises(Refused, match="kubernetes: connection refused") as raised:
        await undo(estate, tmp_path)
    assert raised.value.exit is Exit.UNREACHABLE


async def test_undo_that_is_refused_by_the_target_says_so(tmp_path: Path) -> None:
    estate = SmallEstate()
    await run(estate, SPIKE, tmp_path)
    estate.refusing["hpa.max"] = Applied(Outcome.REJECTED, "403", forbidden=True)
    assert await undo(estate, tmp_path) is Exit.UNDO_FAILED
    assert in_force(estate) == ["hpa.max"]
    estate.refusing.clear()
    assert await undo(estate, tmp_path) is Exit.OK
    assert estate.values == FACTS
