"""Header and footer: what must be seen also where the line is short."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.acting import Offer
from console.model.observe import observe
from console.model.snapshot import FailureKind, Unreachable
from panels import footer, header
from panels.header import Station
from panels.line import Line, Tone, text_of, width_of
from panels.scene import Scene
from tests.panels import estates


def scene(width: int = 80, **more: object) -> Scene:
    seen = estates.calm(10)
    return Scene(seen, now=seen.at + 2.0, wall=seen.at + 2.0, width=width, **more)  # type: ignore[arg-type]


def tones(line: Line) -> set[Tone]:
    return {span.tone for span in line}


def test_the_header_says_where_we_are_how_old_it_is_and_the_time() -> None:
    text = text_of(header.line(scene(), Station("demo")))
    assert text.startswith(" DEMO  RO  prom 2s  kafka 2s  redis 2s  k8s 2s ")
    assert text.endswith("14:00:11Z ")
    assert len(text) == 80


def test_production_and_armed_are_told_by_word_and_by_look() -> None:
    line = header.line(scene(), Station("prod-eu", production=True, armed=True, armed_until=estates.START + 11 + 720))
    assert " PROD-EU " in text_of(line)
    assert " ARMED 12m " in text_of(line)
    assert {Tone.BADGE_CRIT, Tone.BADGE_WARN} <= tones(line)


def test_a_failing_source_comes_first_and_in_words() -> None:
    seen = estates.failing()
    line = header.line(Scene(seen, now=seen.at, wall=seen.at, width=80), Station("demo"))
    assert text_of(line).startswith(" DEMO  RO  k8s credentials expired 35s  prom 1s")
    assert Tone.CRIT in tones(line)


@pytest.mark.parametrize(
    ("failures", "wait", "told"), [(2, 26.0, "throttled 2s again in 26s  "), (3, 1.5, "throttled 2s open  ")]
)
def test_an_open_breaker_is_told_and_a_wait_that_is_worth_knowing(failures: int, wait: float, told: str) -> None:
    seen = estates.calm(10)
    failure = Unreachable("kafka", seen.at, FailureKind.THROTTLED, "…", failures=failures, next_at=seen.at + 2.0 + wait)
    text = text_of(header.line(replace(scene(120), topology=observe(seen, failure)), Station("staging")))
    assert f"kafka {told}" in text


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (120, "prom refused 30s  kafka refused 30s  redis refused 30s  k8s timed out 30s"),
        (80, "prom kafka redis refused 30s  k8s timed out 30s"),
        (60, "3 of 4 refused 30s  1 of 4 timed out 30s"),
    ],
)
def test_every_failing_source_is_told_of_however_short_the_line(width: int, told: str) -> None:
    seen = estates.calm(10)
    for name in ("prometheus", "kafka", "redis"):
        seen = observe(seen, Unreachable(name, seen.at, FailureKind.REFUSED, "refused"))
    seen = observe(seen, Unreachable("kubernetes", seen.at, FailureKind.TIMED_OUT, "timed out"))
    line = header.line(Scene(seen, now=seen.at + 30, wall=seen.at, width=width), Station("d"))
    assert text_of(line).startswith(f" D  RO  {told}")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_time_is_always_there(width: int) -> None:
    station = Station("a-very-long-environment-name", production=True, armed=True, paused_since=estates.START)
    line = header.line(scene(width), station)
    assert width_of(line) == width
    assert "Z " in text_of(line)


def test_paused_says_since_when() -> None:
    assert "PAUSED since 14:00:00Z" in text_of(header.line(scene(), Station("demo", paused_since=estates.START)))


def test_the_footer_shows_keys_and_what_is_suggested() -> None:
    offers = (Offer("viral-spike", "Viral spike", "v", because="api.cpu above 70%"),)
    text = text_of(footer.line(scene(offers=offers), [("!", "playbooks"), ("?", "help")]))
    assert text.startswith(" ! playbooks  ? help")
    assert text.endswith("suggests !v viral-spike  in force 0 ")


def test_a_notice_takes_the_place_of_the_keys_and_is_inert() -> None:
    text = text_of(footer.line(scene(), [("!", "playbooks")], notice="no \x1b[2J here"))
    assert text.rstrip() == " no ␛[2J here"


def test_the_filter_being_typed_is_shown() -> None:
    assert text_of(footer.line(scene(), [], filter="!ok")).startswith(" /!ok▏")
