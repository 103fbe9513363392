"""The views that list things, the detail, and a drill-down."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from console.model.signal import Signal, Unit
from console.model.snapshot import Detail, FailureKind, Observed, Unreachable
from console.model.topology import Topology
from panels import detail, lag, playbooks, pods
from panels.inspection import rows as inspection_rows
from panels.line import Row, Tone, text_of
from panels.scene import Scene
from tests.panels import estates
from tests.panels.stage import SmallEngine, StillClock


def scene(seen: Topology, width: int = 80, **more: object) -> Scene:
    return replace(Scene(seen, now=seen.at + 1, wall=seen.at + 1, width=width, height=30), **more)  # type: ignore[arg-type]


def table(rows: tuple[Row, ...]) -> dict[str, list[str]]:
    return {each.key: text_of(each.line).split() for each in rows if each.key}


@pytest.fixture(scope="module")
def viral() -> Topology:
    return estates.viral()


def test_lag_tells_growing_from_drained(viral: Topology) -> None:
    found = table(lag.rows(scene(viral)))
    assert found["kafka/group/orders"][:6] == ["orders", "Stable", "55.5k", "410/s", "100/s", "growing"]
    assert found["kafka/group/orders"][6] == "4/8"
    assert found["kafka/topic/orders.dlq"][0] == "orders.dlq"


@pytest.mark.parametrize("width", [60, 76, 80, 120])  # 76 is what the detail leaves of 120
@pytest.mark.parametrize("view", [lag, pods])
def test_no_column_is_cut_and_the_status_is_always_there(viral: Topology, view: ModuleType, width: int) -> None:
    rows = view.rows(scene(viral, width))
    assert not [text for each in rows if (text := text_of(each.line)).endswith("…")]
    pressed = {"kafka/group/orders", "kubernetes/deployment/shop/api"}
    assert [each for each in rows if each.key in pressed and {"WARN", "CRIT"} & set(text_of(each.line).split())]


def test_lag_shows_what_is_not_known_as_not_known() -> None:
    first = estates.calm(1)  # one reading: no rate yet
    found = table(lag.rows(scene(first)))
    assert found["kafka/group/orders"][3:6] == ["?", "?", "?"]


def test_idle_members_and_missing_commits_are_badges(viral: Topology) -> None:
    observed = viral.observed["kafka/group/orders"]
    readings = dict(viral.components[5].readings)
    readings["members"] = replace(readings["members"], value=12.0)
    readings["never_committed"] = replace(readings["members"], name="never_committed", value=3.0, unit=Unit.COUNT)
    assert lag.badges(observed, readings) == ("4 members idle", "3 partitions never committed")


def test_a_group_that_stands_still_says_so_where_kafka_says_it_is_stable(viral: Topology) -> None:
    observed = viral.observed["kafka/group/orders"]
    one = Signal("stalled", 1.0, Unit.COUNT, viral.at, "kafka")
    kept = Signal("kept", 1800.0, Unit.SECONDS, viral.at, "kafka")
    stuck = replace(observed, id="kafka/group/stuck", signals=(*observed.signals, one, kept))
    found = replace(viral, observed={**viral.observed, stuck.id: stuck})
    assert table(lag.rows(scene(found)))[stuck.id][1] == "stalled"
    wide = {each.key: text_of(each.line) for each in lag.rows(scene(found, 160)) if each.key}
    assert "loss in 30m" in wide[stuck.id]
    assert "stalled" not in wide[observed.id]


def test_connectors_of_connect_stand_below_the_groups_with_the_tasks_that_run(viral: Topology) -> None:
    counts = {"tasks": 3.0, "tasks_running": 2.0, "tasks_failed": 1.0}
    signals = tuple(Signal(name, value, Unit.COUNT, viral.at, "kafka") for name, value in counts.items())
    sink = Observed("kafka/connector/sink", signals, state="RUNNING", notes=("1 of 3 tasks failed: no \x1b table",))
    found = {each.key: each for each in lag.rows(scene(replace(viral, observed={sink.id: sink}), 160)) if each.key}
    text = text_of(found[sink.id].line)
    assert text.split()[:3] == ["sink", "RUNNING", "2/3"]
    assert "1 of 3 tasks failed: no ␛ table" in text
    assert next(span.text.strip() for span in found[sink.id].line if span.tone is Tone.WARN) == "RUNNING"


def test_pods_join_a_workload_with_its_hpa(viral: Topology) -> None:
    found = table(pods.rows(scene(viral, 120)))
    assert found["kubernetes/deployment/shop/api"][:8] == ["api", "19/20", "1", "5", "20", "20", "99%", "70%"]
    assert found["kubernetes/deployment/shop/api"][8:10] == ["hpa", "api"]
    assert found["kubernetes/deployment/shop/web"] == ["web", "2/2", "0", "-", "-"]


def test_empty_views_say_so() -> None:
    for view in (lag, pods):
        assert "has been seen" in text_of(view.rows(scene(estates.unknown()))[0].line)


def test_the_detail_gives_reasons_ages_sources_owners_and_marks() -> None:
    seen = estates.acted()
    text = "\n".join(text_of(each.line) for each in detail.rows(scene(seen, 80, chosen="api")))
    assert "cpu 99% above 95% for 30s" in text
    assert "owner hpa api" in text
    assert "was 5, 1h55m left, 20261122T140100Z-viral-spike-7f3a by ana" in text
    assert "prom" in text


def test_the_detail_finds_a_component_by_alias_and_by_id(viral: Topology) -> None:
    by_id = scene(viral, 60, chosen="kafka/group/orders")
    assert text_of(detail.rows(by_id)[0].line).startswith(" queue")
    unplaced = scene(viral, 60, chosen="kubernetes/deployment/shop/web")
    assert text_of(detail.rows(unplaced)[0].line) == " kubernetes/deployment/shop/web"


def test_a_drill_down_is_a_table_of_data() -> None:
    answer = Detail("x", 0.0, "pods \x1b[2J", ("POD", "STATE"), (("api-1", "Running"), ("\x9b31mbad", "注文")), more=4)
    text = [text_of(each.line).rstrip() for each in inspection_rows(answer, 60)]
    assert text == [
        "",
        " pods ␛[2J",
        "   POD         STATE",
        "   api-1       Running",
        "   \\x9b31mbad  注文",
        "   and 4 more",
    ]


def test_a_drill_down_that_failed_says_why_and_what_next() -> None:
    answer = Unreachable("kubernetes", 0.0, FailureKind.FORBIDDEN, "may not list pods", "ask for pods/list")
    rows = inspection_rows(answer, 70)
    assert text_of(rows[1].line).strip() == "kubernetes: forbidden: may not list pods"
    assert rows[1].line[0].tone is Tone.CRIT
    assert "ask for pods/list" in text_of(rows[2].line)


def test_playbooks_show_their_key_and_why_they_are_suggested(viral: Topology) -> None:
    offers = SmallEngine(StillClock(0.0)).offers(viral)
    text = [text_of(each.line).rstrip() for each in playbooks.rows(scene(viral, offers=offers))]
    assert text[0].startswith("   v viral-spike")
    assert text[1] == "     suggested: api.cpu above 70% for 60s"
    assert text[-1].strip() == "nothing"


@pytest.mark.parametrize("view", [lag, pods, detail])
def test_hostile_names_stay_data_everywhere(view: object) -> None:
    hostile = scene(estates.hostile(), 120, chosen=estates.HOSTILE)
    text = "".join(text_of(each.line) for each in view.rows(hostile))  # type: ignore[attr-defined]
    assert "␛" in text
    assert not set(text) & set("\x1b\x07\x9b\n\u202e")
