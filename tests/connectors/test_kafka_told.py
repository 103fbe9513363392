"""What a survey of Kafka says on the screen: signals, badges, drill-downs."""

from __future__ import annotations

from dataclasses import replace

from connectors.kafka.detail import MOST_ROWS, detail
from connectors.kafka.lag import Place
from connectors.kafka.memory import Memory
from connectors.kafka.survey import GroupStand, Survey, TopicStand
from connectors.kafka.told import observed
from connectors.kafka.views import ClusterView, GroupView
from console.model.snapshot import Observed

CLUSTER = ClusterView("id", (1, 2, 3), {"orders": {0: 1, 1: 2}})


def survey(*groups: GroupStand, topics: tuple[TopicStand, ...] = ()) -> Survey:
    return Survey(CLUSTER, groups, topics, ())


def told(*places: Place, members: int | None = 1, state: str = "Stable", abandoned: tuple[str, ...] = ()) -> Observed:
    stand = GroupStand(GroupView("orders", state, members), places, abandoned)
    return observed(survey(stand), "kafka", 5.0)[1]


def values(seen: Observed) -> dict[str, float | None]:
    return {signal.name: signal.value for signal in seen.signals}


def test_a_group_in_order() -> None:
    seen = told(Place("orders", 0, 5, 0, 12), Place("orders", 1, 9, 0, 9), members=2)
    assert seen.id == "kafka/group/orders"
    assert seen.state == "Stable"
    assert values(seen) == {"lag": 7, "lost": 0, "never_committed": 0, "members": 2, "partitions": 2}
    assert {(c.name, c.rate_name): c.value for c in seen.counters} == {
        ("consumed_total", "consumed"): 14,
        ("produced_total", "produced"): 21,
    }
    assert seen.notes == ()


def test_each_total_has_the_time_at_which_its_broker_told_it() -> None:
    stand = GroupStand(GroupView("orders", "Stable", 1, coordinator=2), (Place("orders", 0, 5, 0, 12),), ())
    looked = replace(survey(stand), at=5.0, committed_at={1: 3.0, 2: 4.5})
    seen = observed(looked, "kafka", looked.at)[1]
    assert {counter.name: counter.at for counter in seen.counters} == {"consumed_total": 4.5, "produced_total": 5.0}


def test_a_topic_that_never_had_a_message_has_no_last_arrival() -> None:
    def dead_letters(end: int) -> dict[str, float | None]:
        looked = survey(topics=(TopicStand("orders.dlq", (Place("orders.dlq", 0, None, end, end),)),))
        return values(observed(looked, "kafka", 5.0, Memory().after(looked, 5.0))[-1])

    assert dead_letters(0) == {"depth": 0}
    assert dead_letters(7) == {"depth": 0, "last_arrival": None}  # they were, and are gone: not known when they came


def test_never_committed_at_all_is_unknown_and_says_so() -> None:
    seen = told(Place("orders", 0, None, 0, 12))
    lag = next(signal for signal in seen.signals if signal.name == "lag")
    assert lag.value is None
    assert lag.note == "never committed"
    assert seen.counters == ()
    assert seen.notes == ("1 partition never committed",)


def test_sums_with_an_unreadable_partition_are_lower_bounds_and_make_no_rate() -> None:
    seen = told(Place("orders", 0, 5, 0, 12), Place("orders", 1, 9, None, None))
    lag = next(signal for signal in seen.signals if signal.name == "lag")
    assert (lag.value, lag.note) == (7, "at least: 1 of 2 partitions not readable")
    assert seen.counters == ()


def test_badges() -> None:
    seen = told(
        Place("orders", 0, 0, 5, 500),
        Place("orders", 1, None, 0, 9),
        Place("orders", 2, 9, 0, 3),
        members=4,
        abandoned=("old",),
    )
    assert seen.notes == (
        "1 partition never committed",
        "5 expired unread",
        "hot partition orders/0",
        "workers > partitions",
        "1 partition committed beyond the end",
        "abandoned: old",
    )


def test_idle_workers_are_told_only_of_a_stable_group() -> None:
    place = Place("orders", 0, 1, 0, 1)
    assert told(place, members=2, state="PreparingRebalance").notes == ()
    assert told(place, members=None).notes == ()


def test_a_dead_letter_topic_has_depth_and_arrivals_or_neither() -> None:
    whole = TopicStand("orders.dlq", (Place("orders.dlq", 0, None, 3, 10),))
    part = TopicStand("x.dlq", (Place("x.dlq", 0, None, 3, 10), Place("x.dlq", 1, None, None, None)))
    first, second = observed(survey(topics=(whole, part)), "kafka", 5.0)[1:]
    assert values(first) == {"depth": 7}
    assert first.counters[0].rate_name == "arrivals"
    assert first.counters[0].value == 10
    assert values(second) == {"depth": None}
    assert second.counters == ()


def test_the_drill_down_has_the_most_to_do_first_and_says_how_much_it_left_out() -> None:
    places = tuple(Place("orders", n, 0, 0, n) for n in range(MOST_ROWS + 3))
    stand = GroupStand(GroupView("orders", "Stable", 1, workers={("orders", 0): "w /10.0.0.1"}), places, ())
    found = detail(survey(stand), "kafka/group/orders", "group", "orders", 5.0)
    assert found is not None
    assert found.rows[0][1] == str(MOST_ROWS + 2)
    assert (len(found.rows), found.more) == (MOST_ROWS, 3)


def test_a_drill_down_into_what_is_not_there_is_none() -> None:
    assert detail(survey(), "kafka/group/x", "group", "x", 5.0) is None
    assert detail(survey(), "kafka/other/x", "other", "x", 5.0) is None
