"""What goes wrong around a run on the small estate: disks, journals, refusals, and the words of strangers."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from console.model.change import Applied, Outcome
from console.model.signal import Unit
from playbooks.exits import Exit, Refused
from playbooks.journal import Event, path_of, read
from playbooks.library import find
from playbooks.phase import Phase
from playbooks.reading import read as read_text
from playbooks.text import entry_line, plan_lines
from tests.playbooks.running import RUN, entries, in_force, planned, run, undo
from tests.playbooks.small_estate import API, CACHE, FACTS, SmallEstate, ToldClock

SPIKE = find("viral-spike")
BEFORE_CAPACITY = sorted(["ttl.catalog", "flag.recommendations", "flag.reviews", "flag.search_suggest", "rate.user"])


class RestlessClock(ToldClock):
    """Time moves whenever somebody looks."""

    def now(self) -> float:
        self.time += 0.001
        return self.time


async def test_a_full_disk_before_the_first_write_touches_nothing(tmp_path: Path) -> None:
    estate = SmallEstate()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (900, hard))
    try:
        with pytest.raises(Refused, match="the journal cannot be written") as refused:
            await run(estate, SPIKE, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.exit is Exit.UNREACHABLE
    assert estate.writes == []


async def test_a_full_disk_later_stops_the_run(tmp_path: Path) -> None:
    estate = SmallEstate()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        with pytest.raises(Refused, match="the journal cannot be written") as refused:
            await run(estate, SPIKE, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.exit is Exit.FAILED_PART
    assert 0 < len(estate.writes) < 8
    assert await undo(estate, tmp_path) is Exit.OK
    assert estate.values == FACTS


async def test_a_damaged_journal_is_told_and_does_not_hinder_an_undo(tmp_path: Path) -> None:
    estate = SmallEstate()
    await run(estate, SPIKE, tmp_path)
    path = path_of(tmp_path, RUN)
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:4] + whole[5:-1]) + whole[-1][:20])
    assert await undo(estate, tmp_path) is Exit.OK
    assert estate.values == FACTS
    told = [each.reason for each in entries(tmp_path) if each.event is Event.NOTE]
    assert "the last line of this journal was torn; it was dropped" in told
    assert "this journal is not whole: line 5 does not follow the line before it" in told


async def test_a_journal_deleted_meanwhile_stops_the_run(tmp_path: Path) -> None:
    estate = SmallEstate()

    def delete() -> None:
        if len(estate.writes) == 2:
            path_of(tmp_path, RUN).unlink(missing_ok=True)

    estate.step = delete
    with pytest.raises(Refused, match="the file was deleted"):
        await run(estate, SPIKE, tmp_path)
    assert len(estate.writes) == 2
    estate.step = lambda: None
    assert await undo(estate, tmp_path) is Exit.OK
    assert estate.values == FACTS


@pytest.mark.parametrize("steady", [True, False])
async def test_a_last_step_that_could_not_be_written_and_may_be_missed(tmp_path: Path, steady: bool) -> None:
    estate = SmallEstate()
    estate.refusing["hpa.max"] = Applied(Outcome.REJECTED, "no")
    source = SPIKE.source.replace("on_failure: undo_step", "on_failure: continue")
    playbook = read_text(source if steady else source[: source.index("steady:")], "edited.yaml")
    assert await run(estate, playbook, tmp_path) is Exit.FAILED_PART
    assert in_force(estate) == BEFORE_CAPACITY
    assert read(path_of(tmp_path, RUN)).phase is Phase.IN_FORCE


async def test_no_step_could_be_written(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.refusing["flag.read_only"] = Applied(Outcome.REJECTED, "no")
    source = find("read-only").source.replace("expires: 1h", "expires: 1h\n    on_failure: continue")
    assert await run(estate, read_text(source, "edited.yaml"), tmp_path) is Exit.FAILED_CLEAN
    assert read(path_of(tmp_path, RUN)).phase is Phase.ABORTED_CLEAN


async def test_no_time_at_all_touches_nothing(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.clock = RestlessClock()
    source = SPIKE.source.replace("wall_clock: 20m", "wall_clock: 0s")
    assert await run(estate, read_text(source, "edited.yaml"), tmp_path) is Exit.LIMIT
    assert estate.writes == []


async def test_what_a_probe_found_does_not_hide_why_it_was_asked(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.lost_writes.add("hpa.min")
    await run(estate, SPIKE, tmp_path)
    rejected = [each.reason for each in entries(tmp_path) if each.outcome == "rejected"]
    assert rejected == ["no reply; probed: not applied"]


async def test_without_a_journal_a_silent_target_is_not_nothing_to_undo(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.down.add("redis")
    with pytest.raises(Refused, match="redis cannot be read: it may hold more of this run") as refused:
        await undo(estate, tmp_path)
    assert refused.value.exit is Exit.UNREACHABLE
    estate.down = {"kafka", "prometheus"}  # they hold no marks
    assert await undo(estate, tmp_path) is Exit.OK


async def test_an_undo_names_what_lost_its_mark(tmp_path: Path) -> None:
    estate = SmallEstate()
    await run(estate, SPIKE, tmp_path)
    for fact in ("ttl.catalog", "flag.reviews"):
        estate.marks[CACHE, fact] = ()
    estate.values[CACHE, "ttl.catalog"] = None
    assert await undo(estate, tmp_path) is Exit.OK
    told = [each.reason for each in entries(tmp_path) if each.event is Event.NOTE]
    assert "redis/cache ttl.catalog is absent, and our mark is gone: left alone" in told
    assert "redis/cache flag.reviews is off, and our mark is gone: left alone" in told


async def test_words_of_a_target_cannot_steer_a_terminal(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.owners[CACHE, "ttl.catalog"] = "\x1b[2Jevil"
    estate.refusing["hpa.max"] = Applied(Outcome.REJECTED, "no\x1b[31m\n")
    told = [*plan_lines(planned(estate, SPIKE))]
    await run(estate, SPIKE, tmp_path)
    told += [entry_line(each) for each in entries(tmp_path)]
    assert "␛[2Jevil" in " ".join(told)
    assert all(line.isprintable() for line in told)


async def test_one_fact_that_cannot_be_taken_back_does_not_keep_the_others(tmp_path: Path) -> None:
    estate = SmallEstate()
    estate.signals[API, "ready"] = (5, Unit.COUNT)  # so that the last step fails
    source = SPIKE.source.replace("on_failure: undo_step", "on_failure: undo_run")

    def refuse() -> None:
        if len(estate.writes) == 8:
            estate.refusing["hpa.min"] = Applied(Outcome.REJECTED, "403")

    estate.step = refuse
    assert await run(estate, read_text(source, "edited.yaml"), tmp_path) is Exit.UNDO_FAILED
    assert in_force(estate) == ["hpa.min"]
    found = read(path_of(tmp_path, RUN))
    assert found.phase is Phase.UNDO_FAILED
    estate.step, estate.refusing = lambda: None, {}
    assert await undo(estate, tmp_path) is Exit.OK
    assert estate.values == FACTS
