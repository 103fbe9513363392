"""The main view's rows: columns that stand still, words and shapes for what is wrong, honesty about not knowing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.model.topology import Topology
from panels import topology
from panels.line import Row, Tone, text_of, width_of
from panels.scene import Scene
from tests.panels import estates


def scene(seen: Topology, width: int = 80, later: float = 1.0) -> Scene:
    at = seen.at or estates.START
    return Scene(seen, now=at + later, wall=at + later, width=width, height=40)


def row(seen: Topology, alias: str, width: int = 80, later: float = 1.0) -> Row:
    return next(each for each in topology.rows(scene(seen, width, later)) if each.key == alias)


def said(seen: Topology, alias: str, width: int = 80, later: float = 1.0) -> str:
    return text_of(row(seen, alias, width, later).line)


@pytest.fixture(scope="module")
def calm() -> Topology:
    return estates.calm()


@pytest.fixture(scope="module")
def viral() -> Topology:
    return estates.viral()


def test_every_line_of_the_layout_is_there_in_its_order(calm: Topology) -> None:
    keys = [each.key for each in topology.rows(scene(calm)) if each.key]
    assert keys == [placement.alias for placement in estates.LAYOUT.placements]


@pytest.mark.parametrize("width", [60, 76, 80, 100, 140])
def test_every_row_is_exactly_as_wide_as_the_screen(viral: Topology, width: int) -> None:
    assert {width_of(each.line) for each in topology.rows(scene(viral, width)) if each.key} == {width}


def test_a_quiet_line_has_no_colour_and_says_ok(calm: Topology) -> None:
    line = row(calm, "api").line
    assert "5/5 pods  hpa 5/20  cpu 41%" in text_of(line)
    assert text_of(line).rstrip().endswith("OK")
    assert {span.tone for span in line if span.text.strip()} <= {Tone.PLAIN, Tone.DIM, Tone.NAME}


def test_the_crisis_in_words(viral: Topology) -> None:
    assert "19/20 pods  hpa 20/20  cpu 99%" in said(viral, "api")
    assert said(viral, "gateway").split()[:6] == ["gateway", "5.3k/s", "err", "8.0%", "p95", "1.5s"]
    assert "growing 310/s" in said(viral, "queue")
    assert "(was 93)" in said(viral, "cache")
    assert "full in" in said(viral, "cache", width=120)
    assert "conns 188/200" in said(viral, "database")


def test_status_is_a_word_and_the_pressed_line_has_a_shape(viral: Topology) -> None:
    assert said(viral, "gateway").rstrip().endswith("CRIT")
    assert viral.pressure is not None
    marked = [each.key for each in topology.rows(scene(viral)) if "▶" in text_of(each.line)]
    assert marked == [viral.pressure.alias]


def test_what_nobody_reported_is_not_seen_and_never_zero() -> None:
    line = said(estates.unknown(), "api")
    assert "not seen" in line
    assert "????" in line
    assert "0" not in line


def test_an_unseen_line_names_the_failure_of_its_source() -> None:
    seen = estates.unseen_and_refused()
    assert "kubernetes: forbidden" in said(seen, "api")


def test_old_values_are_dimmed_and_say_how_old_they_are() -> None:
    seen = estates.failing()
    line = row(seen, "workers").line
    assert "36s old" in text_of(line)
    stale = next(span for span in line if "4/4" in span.text)
    assert stale.tone is Tone.DIM
    assert "????" in text_of(line)
    assert "old" not in said(seen, "cache")


def test_values_grow_old_on_the_screen_without_any_news(calm: Topology) -> None:
    assert "old" not in said(calm, "cache", later=2.0)
    assert "9s old" in said(calm, "cache", later=9.0)


def test_an_unknown_value_is_a_question_mark(calm: Topology) -> None:
    parts = dict(calm.layers[4].components[0].readings)
    parts["cpu"] = replace(parts["cpu"], value=None)
    api = replace(calm.layers[4].components[0], readings=parts)
    layers = (*calm.layers[:4], replace(calm.layers[4], components=(api,)), *calm.layers[5:])
    line = row(replace(calm, layers=layers), "api").line
    assert "cpu ?" in text_of(line)
    assert next(span for span in line if span.text == "?").tone is Tone.UNKNOWN


def test_what_is_in_force_says_what_was_and_until_when() -> None:
    text = [text_of(each.line) for each in topology.rows(scene(estates.acted()))]
    found = [each for each in text if "hpa.min" in each]
    assert len(found) == 1
    assert found[0].split() == ["api", "hpa.min", "20", "was", "5", "1h55m", "left"]


def test_a_short_screen_folds_what_follows_and_keeps_the_layers() -> None:
    short = replace(scene(estates.acted()), height=15)
    rows = topology.rows(short)
    assert len(rows) == 15
    assert "more: 6" in text_of(rows[-1].line)


def test_hostile_names_are_shown_as_data() -> None:
    text = "".join(text_of(each.line) for each in topology.rows(scene(estates.hostile(), width=120)))
    assert "␛" in text
    assert not set(text) & set("\x1b\x07\x9b\n\u202e")
