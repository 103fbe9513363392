"""What each recording is judged to be, by its preset's rules over the defaults: the sick are told, and only they."""

from __future__ import annotations

import pytest

from connectors.presets import preset_named, presets, rules_for
from console.model.component import Health
from console.model.layout import Layout, Placement
from console.model.observe import empty, observe
from console.model.rules import DEFAULT_RULES, layered
from console.model.signal import Signal
from console.model.snapshot import Observed, Snapshot
from tests.connectors.preset_expectations import EXPECTED
from tests.connectors.preset_recordings import recorded

LONG = 600.0  # seconds that the state of the recording holds; longer than any rule waits
WARN, CRIT = Health.WARN, Health.CRIT
TOLD = {  # the others are well, or nothing of theirs that was recorded is judged
    "alb": {"errors": WARN, "p95": WARN, "rejected": CRIT},
    "cadvisor": {"cpu": CRIT, "throttled": WARN},
    "cloudflare": {"errors": WARN},
    "cloudfront": {"errors": WARN, "hit_rate": WARN},
    "coredns": {"errors": WARN},
    "debezium": {"erroneous": WARN},
    "envoy": {"errors": CRIT, "overflow": WARN, "breaker": WARN, "available": WARN},
    "haproxy": {"errors": CRIT, "available": WARN},
    "haproxy-exporter": {"errors": CRIT, "available": WARN},
    "http-client": {"errors": CRIT, "limited": WARN},
    "ingress-nginx": {"errors": CRIT, "p95": CRIT},
    "istio": {"errors": WARN, "refused": WARN},
    "kafka-exporter": {"growth": WARN},
    "kube-state-metrics": {"unavailable": WARN},
    "kube-state-metrics-pods": {"crashing": CRIT, "pending": WARN},
    "kube-state-metrics-statefulset": {"unavailable": WARN},
    "memcached-exporter": {"hit_rate": WARN},
    "node": {"cpu": WARN},
    "red": {"errors": WARN},
    "redis-exporter": {"hit_rate": CRIT},
    "resilience4j": {"breaker": WARN, "errors": CRIT},
    "traefik": {"errors": CRIT, "p95": CRIT, "available": WARN},
}


@pytest.mark.parametrize("name", presets())
def test_the_sick_signals_of_a_recording_are_told_and_no_other(name: str) -> None:
    layout = Layout(
        (Placement("it", "layer", "prometheus/it"),), rules=layered(DEFAULT_RULES, rules_for("it", name), ())
    )
    topology = empty(layout)
    for at in (0.0, LONG):
        signals = tuple(
            Signal(signal, value, preset_named(name).signals[signal].unit, at, "prometheus")
            for signal, value in EXPECTED[name](recorded(name)).items()
        )
        topology = observe(topology, Snapshot("prometheus", at, 0.0, (Observed("prometheus/it", signals),)))
    (line,) = topology.components
    told = {signal: reading.health for signal, reading in line.readings.items() if reading.health is not Health.OK}
    assert told == TOLD.get(name, {})
