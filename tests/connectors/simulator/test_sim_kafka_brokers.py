"""Who leads when brokers are lost and come back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.kafka.brokers import BROKERS, CATCH_UP, NOBODY, PREFERRED_AFTER, Brokers, Placement

TOPIC, PARTITIONS = "orders", 8


def placements(brokers: Brokers, topic: str = TOPIC) -> list[Placement]:
    return [brokers.partition(topic, index) for index in range(PARTITIONS)]


def passed(brokers: Brokers, t: int, seconds: int) -> int:
    for now in range(t + 1, t + seconds + 1):
        brokers.step(now)
    return t + seconds


def test_leaders_go_round_the_brokers_and_everybody_is_in_sync() -> None:
    found = placements(Brokers())
    assert {at.leader for at in found} == set(BROKERS)
    assert all(at.isr == at.replicas and at.leader == at.replicas[0] and at.epoch == 0 for at in found)


def test_what_a_lost_broker_led_is_led_by_another_in_sync_one_in_a_later_epoch() -> None:
    brokers = Brokers()
    before = placements(brokers)
    brokers.lose(2)
    for was, at in zip(before, placements(brokers), strict=True):
        assert at.isr == tuple(id for id in was.replicas if id != 2)
        assert at.leader == at.isr[0]
        assert at.epoch == (1 if was.leader == 2 else 0)


def test_a_broker_that_is_back_catches_up_and_leads_again_later() -> None:
    brokers = Brokers()
    brokers.lose(1)
    brokers.restore(1)
    t = passed(brokers, 0, CATCH_UP - 1)
    assert all(1 not in at.isr for at in placements(brokers))
    t = passed(brokers, t, 1)
    assert all(set(at.isr) == set(BROKERS) for at in placements(brokers))
    assert all(at.leader != 1 for at in placements(brokers))
    t = passed(brokers, t, PREFERRED_AFTER)
    assert all(at.leader == at.replicas[0] for at in placements(brokers))


def test_lost_again_before_it_caught_up_it_has_to_start_anew() -> None:
    brokers = Brokers()
    brokers.lose(1)
    brokers.restore(1)
    t = passed(brokers, 0, CATCH_UP - 1)
    brokers.lose(1)
    passed(brokers, t, 10 * CATCH_UP)
    assert all(1 not in at.isr for at in placements(brokers))


def test_without_brokers_nobody_leads_and_only_the_last_in_sync_may_again() -> None:
    brokers = Brokers()
    for broker in (1, 2, 3):
        brokers.lose(broker)
    assert {at.leader for at in placements(brokers)} == {NOBODY}
    assert (brokers.controller, brokers.coordinator("orders")) == (NOBODY, NOBODY)
    assert {at.isr for at in placements(brokers)} == {(3,)}
    brokers.restore(1)
    t = passed(brokers, 0, 2 * CATCH_UP)
    assert {at.leader for at in placements(brokers)} == {NOBODY}, "it may lack records that the last one has"
    brokers.restore(3)
    assert {at.leader for at in placements(brokers)} == {3}
    passed(brokers, t, CATCH_UP)
    assert {frozenset(at.isr) for at in placements(brokers)} == {frozenset({1, 3})}


def test_a_partition_with_one_copy_is_offline_with_its_broker() -> None:
    brokers = Brokers()
    brokers.place("single", 1)
    home = brokers.partition("single", 0).leader
    brokers.lose(home)
    assert brokers.partition("single", 0).leader == NOBODY
    assert {brokers.partition("single", index).leader for index in (1, 2)} == set(BROKERS) - {home}


def test_a_topic_made_meanwhile_is_placed_on_who_is_up() -> None:
    brokers = Brokers()
    brokers.lose(2)
    brokers.place("late", -1)
    found = placements(brokers, "late")
    assert {id for at in found for id in at.replicas} == {1, 3}
    assert {at.epoch for at in found} == {0}


def test_the_controller_moves_and_stays_where_it_went() -> None:
    brokers = Brokers()
    brokers.lose(1)
    assert brokers.controller == 2
    brokers.restore(1)
    assert brokers.controller == 2


def test_there_is_no_fourth_broker() -> None:
    with pytest.raises(ValueError, match="4"):
        Brokers().lose(4)


EVENTS = st.tuples(st.sampled_from(["lose", "restore", "elect", "wait"]), st.sampled_from(BROKERS))


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, max_size=25))
def test_whatever_befalls_them(events: list[tuple[str, int]]) -> None:
    brokers = Brokers()
    t, epochs = 0, [0] * PARTITIONS
    for what, broker in events:
        if what == "wait":
            t = passed(brokers, t, broker * 3)
        else:
            getattr(brokers, what)(broker)
        found = placements(brokers)
        for at in found:
            check(brokers, at)
        assert all(at.epoch >= epoch for at, epoch in zip(found, epochs, strict=True))
        epochs = [at.epoch for at in found]
        assert (brokers.controller == NOBODY) == (not brokers.alive)
    for broker in BROKERS:
        brokers.restore(broker)
    passed(brokers, t, 2 * (CATCH_UP + PREFERRED_AFTER))
    assert all(at.leader == at.replicas[0] and at.isr == at.replicas for at in placements(brokers))


def check(brokers: Brokers, at: Any) -> None:
    """A leader is up and in sync; nobody leads only where nobody in sync is up."""
    assert at.isr
    assert set(at.isr) <= set(at.replicas)
    up = set(at.isr) & set(brokers.alive)
    assert at.leader in up if up else at.leader == NOBODY
