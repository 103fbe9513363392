"""The model's groups and logs without a wire: what it shows, what operators commit from outside, when what was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.groups import Committed, Group, dealt
from connectors.simulator.kafka.history import KEPT, History
from connectors.simulator.tick import Group as Dictated
from connectors.simulator.tick import Partition

PART = ("orders", 0)


def shown(committed: int | None, members: int = 0) -> Dictated:
    state = "Stable" if members else "Empty"
    return Dictated("orders", state, members, (Partition("orders", 0, 0, 100, committed),))


@given(
    st.lists(st.one_of(st.tuples(st.just("show"), st.integers(0, 5)), st.tuples(st.just("seek"), st.integers(0, 5))))
)
def test_an_offset_from_outside_holds_until_the_model_shows_another_than_before(steps: list[tuple[str, int]]) -> None:
    """Checked against the plain words of it: what was shown when it came does not count as an answer."""
    group = Group("orders")
    group.show(shown(0))
    last, before, holds = 0, 0, None
    for what, offset in steps:
        if what == "seek":
            before = before if holds is not None else last
            holds = offset
            group.commit(PART, Committed(offset))
        else:
            group.show(shown(offset))
            holds = holds if holds is not None and offset == before else None
            last = offset
        assert group.committed[PART].offset == (last if holds is None else holds)
        assert dict(group.seeks()) == ({} if holds is None else {PART: holds})


def test_a_model_that_does_as_it_was_told_has_taken_note() -> None:
    group = Group("orders")
    group.show(shown(10))
    group.commit(PART, Committed(11, "skipped", 4))
    group.show(shown(11))
    assert dict(group.seeks()) == {}
    assert group.committed[PART] == (11, "skipped", 4)
    group.show(shown(None))
    assert PART not in group.committed


def test_who_may_commit_to_the_models_group() -> None:
    group = Group("orders")
    group.show(shown(10, members=2))
    group.workers = dealt(shown(10, members=2), str)
    assert group.may_commit() is Code.UNKNOWN_MEMBER_ID
    assert group.may_commit("orders-0-0", None, 1) is Code.UNKNOWN_MEMBER_ID
    group.show(shown(10))
    group.workers = ()
    assert group.may_commit() is Code.NONE
    assert group.may_commit("somebody", None, 3) is Code.ILLEGAL_GENERATION


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=30), st.integers(0, 200), st.integers(0, 100))
def test_looking_up_times_is_what_a_walk_through_all_steps_finds(
    steps: list[tuple[int, int]], at: int, offset: int
) -> None:
    history = History()
    time, end, walked = 0, 0, []
    for pause, count in steps:
        time, end = time + pause, end + count
        history.add(float(time), end)
        if count:
            walked.append((time, end))
    since = [number for number, (when, _) in enumerate(walked) if when >= at]
    expected = None if not since else walked[since[0] - 1][1] if since[0] else 0
    assert history.offset_at(float(at)) == expected
    reached = [when for when, reached_end in walked if reached_end > offset]
    assert history.time_of(offset) == (reached[0] if reached else walked[-1][0] if walked else 0.0)


def test_the_oldest_steps_are_forgotten() -> None:
    history = History()
    for step in range(3 * KEPT):
        history.add(float(step), step + 1)
    assert history.time_of(3 * KEPT - 1) == 3 * KEPT - 1
    assert history.time_of(0) >= KEPT
