"""What several readings of Kafka say: standstill, rewinds, ages, rates in drill-downs; and hostile names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kafka.behind import behind
from connectors.kafka.detail import GROUP_COLUMNS, MOST_WORKERS, detail
from connectors.kafka.lag import Place
from connectors.kafka.memory import Memory
from connectors.kafka.seen import ClusterView, GroupView, PartitionView, TopicConfig, TopicView
from connectors.kafka.seldom import Told
from connectors.kafka.survey import GroupStand, Survey, TopicStand
from connectors.kafka.told import OFFSETS, observed
from connectors.settings.kafka import Settings
from console.model.derive import readings_of
from console.model.inert import inert
from console.model.rates import Tallies
from console.model.shape import Shape, shape_of
from console.model.snapshot import Observed

GROUP = GroupView("orders", "Stable", 1, frozenset({("orders", 0), ("orders", 1)}), workers={("orders", 0): "w-1"})
VIEW = TopicView({0: PartitionView(1, (1, 2, 3), (1, 2)), 1: PartitionView(-1, (1, 2, 3), (3,))}, "id-a")
CONFIG = TopicConfig(retention_ms=7_200_000, retention_bytes=-1, cleanup=frozenset({"delete"}), min_isr=2)


def survey(*places: Place, group: GroupView = GROUP, config: TopicConfig = CONFIG, id: str = "id-a") -> Survey:
    cluster = ClusterView("c", (1, 2, 3), {"orders": {0: 1, 1: -1}}, {"orders": replace(VIEW, id=id)})
    topic = TopicStand("orders", tuple(place._replace(committed=None) for place in places))
    return Survey(cluster, (GroupStand(group, places, ()),), (topic,), (), told=Told({"orders": config}))


def place(committed: int | None, end: int, partition: int = 0, low: int = 0) -> Place:
    return Place("orders", partition, committed, low, end)


def after(*surveys: Survey, every: float = 5.0) -> tuple[Memory, float]:
    memory = Memory()
    for number, each in enumerate(surveys):
        memory = memory.after(each, number * every)
    return memory, (len(surveys) - 1) * every


def group_of(*surveys: Survey, every: float = 5.0) -> Observed:
    memory, at = after(*surveys, every=every)
    return next(each for each in observed(surveys[-1], "kafka", at, memory) if each.id.startswith("kafka/group/"))


def values(seen: Observed) -> dict[str, float | None]:
    return {signal.name: signal.value for signal in seen.signals}


def test_a_group_that_stands_still_is_stalled_in_its_signals_notes_and_shape() -> None:
    seen = group_of(*[survey(place(10, 500 + n), place(7, 7, 1)) for n in range(14)])
    assert (values(seen)["stalled"], values(seen)["stopped"]) == (1, 0)
    assert "1 partition stalled: held, but commits stand still" in seen.notes
    assert shape_of(readings_of(seen, Tallies())) is Shape.STALLED
    assert seen.state == "Stable"


def test_rates_hold_while_partitions_come_and_go() -> None:
    tallies, seen, memory = Tallies(), None, Memory()
    for second in range(30):
        places = [place(100 + 30 * second, 1000 + 50 * second)]
        if second > 10:
            places.append(place(5, 9_000_000 + second, 1))
        memory = memory.after(survey(*places), float(second))
        told = observed(survey(*places), "kafka", float(second), memory)[1]
        tallies, seen = tallies.after((seen,) if seen else (), (told,)), told
        if second > 1:
            readings = readings_of(told, tallies)
            assert readings["consumed"].value == pytest.approx(30)
            assert readings["produced"].value == pytest.approx(50, abs=1.01)
    assert readings["growth"].value == pytest.approx(20, abs=1.01)


def test_what_retention_leaves_is_told_and_counts_down() -> None:
    seen = group_of(*[survey(place(600, 1000 + 10 * n)) for n in range(13)], every=300.0)
    kept = next(signal for signal in seen.signals if signal.name == "kept")
    late = next(signal for signal in seen.signals if signal.name == "late")
    assert (late.value, late.note) == (3600.0, "at least")
    assert kept.value is None  # written before the first reading: the brokers are to be asked
    seen = group_of(*[survey(place(1000, 1000 + 10 * n)) for n in range(13)], every=300.0)
    assert values(seen)["late"] == pytest.approx(3600, rel=0.1)
    assert values(seen)["kept"] == pytest.approx(3600, rel=0.1)


def test_a_topic_that_is_compacted_says_offsets_and_one_that_also_deletes_too() -> None:
    for cleanup in ({"compact"}, {"compact", "delete"}):
        config = replace(CONFIG, cleanup=frozenset(cleanup))
        assert group_of(survey(place(1, 5), config=config)).signals[0].note == OFFSETS
    assert group_of(survey(place(1, 5))).signals[0].note == ""


def test_every_signal_of_a_group_says_how_it_is_measured() -> None:
    seen = group_of(survey(place(1, 5)), survey(place(2, 9)))
    asked = Settings(bootstrap=("b:9092",))
    names = [*values(seen), *(counter.rate_name for counter in seen.counters), "growth", "drain", "loss"]
    for name in names:
        assert behind(asked, seen.id, name) != behind(asked, seen.id, "nothing"), name


def test_the_drill_down_has_rates_shares_ages_and_shapes_by_partition() -> None:
    surveys = [survey(place(100 + 10 * n, 400 + 50 * n), place(7, 7, 1)) for n in range(4)]
    memory, at = after(*surveys)
    found = detail(surveys[-1], "kafka/group/orders", "group", "orders", at, memory)
    assert found is not None
    assert found.columns == GROUP_COLUMNS
    row = dict(zip(found.columns, found.rows[0], strict=True))
    assert (row["worker"], row["in"], row["out"], row["share"]) == ("w-1", "10/s", "2/s", "100%")
    assert row["state"] == "behind, growing"
    assert row["late"].startswith("> ")
    assert found.extra["w-1"] == "1 partition, lag 420"
    assert found.into[0] == "kafka/topic/orders"


def test_the_topic_has_its_copies_its_settings_and_its_rate() -> None:
    surveys = [survey(place(100, 400 + 50 * n), place(7, 7, 1)) for n in range(4)]
    memory, at = after(*surveys)
    found = detail(surveys[-1], "kafka/topic/orders", "topic", "orders", at, memory)
    assert found is not None
    assert found.rows[0] == ("0", "0", "550", "550", "10/s", "1", "1 2 3", "1 2 of 3")
    assert found.rows[1][5] == "none"
    assert found.extra["retention"] == "2h"
    assert found.extra["retention by size"] == "no limit"
    assert found.extra["min in sync"] == "2"


def test_many_workers_are_bounded_and_the_rest_is_counted() -> None:
    workers = {("orders", n): f"w-{n}" for n in range(50)}
    stand = survey(*(place(0, n, n) for n in range(50)), group=replace(GROUP, workers=workers))
    found = detail(stand, "kafka/group/orders", "group", "orders", 0.0)
    assert found is not None
    assert found.extra["more workers"] == str(50 - MOST_WORKERS)


def test_a_group_whose_coordinator_is_silent_for_a_moment_keeps_its_course() -> None:
    one, none = survey(place(100, 400)), replace(survey(place(100, 400)), groups=())
    memory, _ = after(one, none, survey(place(150, 450)))
    assert memory.groups["orders"].produced == 450
    assert "orders" not in after(one, *[none] * 14)[0].groups


def test_another_cluster_behind_the_same_address_begins_anew() -> None:
    other = survey(place(100, 9000))
    memory, _ = after(survey(place(100, 400)), replace(other, cluster=replace(other.cluster, id="d")))
    assert memory.groups["orders"].renewed == frozenset()
    assert memory.groups["orders"].produced == 9000
    assert len(memory.written.frames) == 1


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from([1, 65536]))
def test_hostile_names_are_data_bounded_where_they_are_shown_and_hurt_nothing(
    name: str, topic: str, times: int
) -> None:
    """Control characters, right-to-left marks, 64 KiB: the id keeps the name as it is, and what shows it is inert."""
    name, topic = name * times, topic * times
    group = GroupView(name, "Stable", 1, frozenset({(topic, 0)}), workers={(topic, 0): name})
    stand = GroupStand(group, (Place(topic, 0, 0, 0, 500), Place(topic, 1, 0, 0, 1)), (topic,))
    told = Survey(ClusterView("c", (1,), {topic: {0: 1, 1: 1}}), (stand,), (), ())
    seen = observed(told, "kafka", 0.0, Memory().after(told, 0.0))[1]
    assert seen.id == f"kafka/group/{name}"
    found = detail(told, seen.id, "group", name, 0.0)
    assert found is not None
    assert all(len(note) < 400 for note in seen.notes)
    assert all(len(cell) < 400 for row in found.rows for cell in row)
    assert all(len(key) < 400 for key in found.extra)
    assert inert("".join(seen.notes)).isprintable()
