"""What is raised, from the simulated Prometheus and from hostile lists: bounded, in order, with the age that it has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.failure import Failed
from connectors.prometheus.alerts import LABELS, LONGEST, MOST, alerts_of
from connectors.settings.prometheus import Settings
from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus import PrometheusWire
from connectors.simulator.prometheus.rules import rules_of
from connectors.simulator.tick import Sample
from console.clock import SystemClock
from console.model.alert import AlertState
from console.model.snapshot import Snapshot
from tests.connectors.prometheus_like import RATE, Asked, Reply, like, number, opened, read, refused

RULES = """
[[groups]]
name = "shop"
[[groups.rules]]
alert = "Busy"
expr = "load > 1"
for = "30s"
labels = { severity = "page" }
annotations = { summary = "load is {{ $value }}" }
[[groups.rules]]
alert = "Soon"
expr = "load > 1"
for = "1h"
"""


def told(alerts: list[Mapping[str, Any]]) -> bytes:
    return json.dumps({"status": "success", "data": {"alerts": alerts}}).encode()


def one(name: str = "a", state: str = "firing", active: str = "2026-01-01T00:00:00Z", **labels: str) -> dict[str, Any]:
    annotations = {"description": f"{name} is the matter"}
    return {"labels": {"alertname": name, **labels}, "annotations": annotations, "state": state, "activeAt": active}


@pytest.mark.parametrize("speed", [1.0, 20.0])
async def test_what_fires_and_what_is_about_to_with_their_age_in_the_estates_time(speed: float) -> None:
    sim, clock = SimClock(speed), SystemClock(speed)
    wire = PrometheusWire(sim, rules=rules_of(RULES))
    for t in range(-300, 1, 15):
        wire.scrape(t, [Sample("load", (("job", "api"),), 3.0 if t >= -120 else 0.0)])
    await wire.start()
    try:
        connector = opened(Settings(url=wire.url), clock=clock)
        seen = await connector.read()
        await connector.close()
    finally:
        await wire.stop()
    assert isinstance(seen, Snapshot)
    first, second = seen.alerts
    assert (first.name, first.state, first.severity, first.summary) == ("Busy", AlertState.FIRING, "page", "load is 3")
    assert (second.name, second.state) == ("Soon", AlertState.PENDING)
    assert first.since is not None
    assert clock.now() - first.since == pytest.approx(120, abs=2 * speed)
    assert first.labels == {"job": "api", "severity": "page"}


def test_firing_before_pending_and_the_oldest_first() -> None:
    body = told(
        [
            one("late", active="2026-01-02T00:00:00Z"),
            one("waiting", "pending"),
            one("early", active="2026-01-01T00:00:00.123456789Z"),
            one("gone", "inactive"),
        ]
    )
    raised, more = alerts_of(body, "prometheus", lambda wall: wall, {})
    assert [alert.name for alert in raised] == ["early", "late", "waiting"]
    assert more == 0
    assert raised[0].since == pytest.approx(1767225600.123, abs=0.001)
    assert raised[0].summary == "early is the matter"


@pytest.mark.parametrize("active", ["", "0001-01-01T00:00:00Z", "yesterday", "2026-01-01T00:00:00"])
def test_no_time_is_an_unknown_age(active: str) -> None:
    ((alert,), _) = alerts_of(told([one(active=active)]), "prometheus", lambda wall: wall, {})
    assert alert.since is None


def test_a_glob_a_label_chooses() -> None:
    body = told([one("a", namespace="shop"), one("b", namespace="shop-eu"), one("c")])
    raised, _ = alerts_of(body, "prometheus", lambda wall: wall, {"namespace": "shop*", "alertname": "[ac]"})
    assert [alert.name for alert in raised] == ["a"]


def test_a_storm_is_counted_and_every_text_is_bounded() -> None:
    ugly = {f"l{n}": "\u202e\x1b[2J" * 2_000 for n in range(100)}
    body = told([one("x" * 65536, **ugly)] * 3 + [one(f"n{n}") for n in range(MOST)])
    raised, more = alerts_of(body, "prometheus", lambda wall: wall, {})
    assert (len(raised), more) == (MOST, 3)
    for alert in raised:
        assert len(alert.labels) <= LABELS
        assert all(len(text) <= LONGEST for text in (alert.name, alert.summary, *alert.labels.values()))


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["data", "alerts", "labels", "state", "x"]), inner), max_leaves=12,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_anything_else_is_one_failure_and_never_an_exception_of_its_own(body: bytes) -> None:
    with suppress(Failed):
        alerts_of(body, "prometheus", lambda wall: wall, {})


async def test_alerts_that_cannot_be_had_are_a_problem_and_not_the_end() -> None:
    def respond(asked: Asked) -> Reply:
        return number(asked) if asked.path.endswith("/query") else refused(500, "no rules here", "internal")

    async with like(respond) as (url, _):
        seen = await read(Settings(url=url), RATE)
    assert isinstance(seen, Snapshot)
    assert seen.components[0].signals[0].value == 5.0
    assert seen.problems == ("alerts: 500 no rules here",)
