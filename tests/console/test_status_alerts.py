"""Alerts in ``seawall status``: those that fire with their age, the rest in numbers, all of them in the JSON."""

from __future__ import annotations

import pytest

from console.cli.status import _alert_document, _alert_lines
from console.model.alert import Alert, AlertState
from console.model.layout import Layout
from console.model.observe import empty, observe
from console.model.snapshot import Snapshot

FIRING, PENDING = AlertState.FIRING, AlertState.PENDING


@pytest.mark.parametrize(
    ("alert", "line"),
    [
        (
            Alert("SlowCheckout", FIRING, 700.0, "prometheus", "page", "p95 over 1 s"),
            "alert SlowCheckout (page) for 5m: p95 over 1 s",
        ),
        (Alert("Watchdog", FIRING, None, "prometheus"), "alert Watchdog"),
        (Alert("Ahead", FIRING, 1005.0, "prometheus"), "alert Ahead for 0ms"),
    ],
)
def test_one_that_fires_is_a_line_with_its_age(alert: Alert, line: str) -> None:
    assert list(_alert_lines((alert,), 1000.0)) == [line]


def test_what_is_more_is_counted() -> None:
    firing = tuple(Alert(f"a{n}", FIRING, 0.0, "prometheus") for n in range(13))
    pending = (Alert("b", PENDING, 0.0, "prometheus"),)
    lines = list(_alert_lines((*firing, *pending), 1.0))
    assert len(lines) == 11
    assert lines[-1] == "alerts: 3 more firing, 1 pending"
    assert list(_alert_lines(pending, 1.0)) == ["alerts: 1 pending"]
    assert list(_alert_lines((), 1.0)) == []


def test_in_the_json_each_has_its_age_and_labels() -> None:
    alert = Alert("a", FIRING, 700.0, "prometheus", "page", "", {"job": "api"})
    assert _alert_document(alert, 1000.0) == {
        "name": "a", "state": "firing", "since": 700.0, "source": "prometheus", "severity": "page", "summary": "",
        "labels": {"job": "api"}, "age": 300.0,
    }  # fmt: skip
    assert _alert_document(Alert("a", PENDING, None, "prometheus"), 1000.0)["age"] is None


def test_the_topology_has_those_of_every_source_firing_first_and_the_oldest_first() -> None:
    topology = empty(Layout(()))
    old, new, waiting = (Alert("old", FIRING, 1.0, "p"), Alert("new", FIRING, 9.0, "q"), Alert("w", PENDING, 0.0, "p"))
    topology = observe(topology, Snapshot("p", 10.0, 0.0, (), alerts=(waiting, old)))
    topology = observe(topology, Snapshot("q", 10.0, 0.0, (), alerts=(new,)))
    assert topology.alerts == (old, new, waiting)
