"""The journal: durable, private, chained, and honest about a torn end."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.exits import Exit, Refused
from playbooks.journal import (
    Event,
    Follower,
    Journal,
    JournalError,
    being_written,
    path_of,
    read,
    refuse_at_work,
    runs,
    written,
)
from playbooks.phase import Phase

RUN = "20261122T140207Z-small-7f3a"


def lines(path: Path, count: int = 3) -> Path:
    journal = Journal.open(path, RUN)
    for number in range(count):
        journal.append(Event.NOTE, 10.0 + number, reason=f"line {number}")
    journal.close()
    return path


def test_a_line_is_on_the_disk_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "demo" / f"{RUN}.jsonl"
    lines(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.reason for each in read(path).entries] == ["line 0", "line 1", "line 2"]
    assert [each.seq for each in read(path).entries] == [1, 2, 3]


def test_it_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl")
    lines(path)
    assert len(read(path).entries) == 6
    assert read(path).broken == ""


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(1, 400))
def test_a_torn_last_line_is_dropped_reported_and_cut_off(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = lines(tmp_path_factory.mktemp("torn") / "a.jsonl")
    text = path.read_bytes()
    path.write_bytes(text[: -min(cut, len(text))])
    found = read(path)
    assert found.torn == (not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0)
    assert found.broken == ""
    lines(path, 1)
    assert not read(path).torn
    assert read(path).broken == ""
    assert len(read(path).entries) == len(found.entries) + 1


@pytest.mark.parametrize("number", [0, 1])
def test_a_changed_line_breaks_the_chain(tmp_path: Path, number: int) -> None:
    path = lines(tmp_path / "a.jsonl")
    text = path.read_bytes().replace(f"line {number}".encode(), b"LINE x")
    path.write_bytes(text)
    assert read(path).broken == f"line {number + 2} does not follow the line before it"


def test_a_lost_line_breaks_the_chain(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl")
    kept = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(kept[0] + kept[2])
    assert read(path).broken == "line 2 does not follow the line before it"


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    assert not being_written(path)
    journal = Journal.open(path, RUN)
    assert being_written(path)
    journal.append(Event.RUN, 1.0, actor="anna@bastion pid 4711")
    with pytest.raises(Refused, match=r"its runner \(anna@bastion pid 4711\) is still at work"):
        refuse_at_work(path)
    with pytest.raises(Refused, match="still at work") as raised:
        Journal.open(path, RUN)
    assert raised.value.exit is Exit.LOCKED
    journal.close()
    assert not being_written(path)


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl")
    journal = Journal.open(path, RUN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, hard))
    try:
        with pytest.raises(JournalError) as raised:
            journal.append(Event.NOTE, 1.0, reason="too long for what is left")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert raised.value.exit is Exit.UNREACHABLE
    assert not read(path).torn
    journal.append(Event.NOTE, 2.0, reason="room again")
    journal.close()
    assert read(path).broken == ""


@pytest.mark.parametrize("place", ["/dev/null", "/dev/full", "/proc/no/such.jsonl"])
def test_where_no_journal_can_be(place: str) -> None:
    with pytest.raises(JournalError):
        Journal.open(Path(place), RUN)


def test_following(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    follower = Follower(path)
    assert follower.new() == ()
    lines(path, 2)
    assert [each.reason for each in follower.new()] == ["line 0", "line 1"]
    assert follower.new() == ()
    whole = path.read_bytes()
    lines(path, 1)
    last = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + last[:10])
    assert follower.new() == ()  # half a line is not news
    path.write_bytes(whole + last)
    assert len(follower.new()) == 1


def test_what_stands_by_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    journal = Journal.open(path, RUN)
    about = {"step": "s", "target": "redis/cache"}
    for change in (1, 2, 3, 4):
        journal.append(Event.INTENT, 1.0, change=change, fact=f"flag.f{change}", before=None, after=True, **about)
    journal.append(Event.OUTCOME, 1.0, change=1, outcome="done", **about)
    journal.append(Event.OUTCOME, 1.0, change=2, outcome="rejected", **about)
    journal.append(Event.OUTCOME, 1.0, change=3, outcome="unknown", **about)
    journal.append(Event.UNDO_OUTCOME, 1.0, change=1, outcome="done", **about)
    journal.append(Event.PHASE, 1.0, phase=Phase.HELD)
    journal.close()
    assert [each.fact for each in written(read(path).entries)] == ["flag.f3", "flag.f4"]
    assert read(path).phase is Phase.HELD
    assert read(path).exit is None


def test_runs_in_order_and_ids_that_are_none(tmp_path: Path) -> None:
    for run in ("20261122T140207Z-b-0001", "20261121T140207Z-a-0002"):
        lines(path_of(tmp_path, run))
    assert runs(tmp_path) == ("20261121T140207Z-a-0002", "20261122T140207Z-b-0001")
    for name in ("../etc/passwd", "", "a b", "a/b", "a.b"):
        with pytest.raises(Refused, match="is not the id of a run"):
            path_of(tmp_path, name)


def test_the_lock_does_not_outlive_its_process(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    child = os.fork()
    if child == 0:
        try:
            Journal.open(path, RUN)
            os._exit(0)
        finally:
            os._exit(1)  # whatever went wrong, no second test run goes on in here
    assert os.waitpid(child, 0)[1] == 0
    Journal.open(path, RUN).close()
    assert path.exists()
