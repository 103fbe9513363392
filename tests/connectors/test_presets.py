"""Every preset loads, and every query of it parses, with a match and without."""

from __future__ import annotations

import promql_parser
import pytest

from connectors import ConnectorError
from connectors.presets import MATCH, load_preset, presets, queries_for
from console.model.signal import Unit

BY_NAME = {
    "ingress-nginx": {"rate", "errors", "p95", "limited"},
    "kube-state-metrics": {"desired", "ready", "unavailable"},
    "cadvisor": {"cpu", "memory_ratio"},
    "node": {"cpu", "memory_ratio", "disk", "load"},
    "redis-exporter": {"hit_rate", "memory", "memory_max", "ops"},
    "kafka-exporter": {"lag", "members"},
    "postgres-exporter": {"connections", "connections_max", "connections_ratio", "latency"},
    "blackbox": {"up", "probe"},
}


@pytest.mark.parametrize("name", presets())
@pytest.mark.parametrize("match", ["", 'job="shop"', 'job="shop",'])
def test_every_query_parses(name: str, match: str) -> None:
    for query in queries_for("prometheus/x", name, match):
        assert MATCH not in query.expr
        assert "[1m]" in query.expr or "[" not in query.expr
        assert promql_parser.parse(query.expr)
        assert ('job="shop"' in query.expr) is bool(match)


@pytest.mark.parametrize("name", presets())
def test_every_signal_says_what_it_is(name: str) -> None:
    for signal in load_preset(name).values():
        assert MATCH in signal.query
        assert signal.description


@pytest.mark.parametrize(("name", "signals"), BY_NAME.items())
def test_the_signals_that_rules_and_playbooks_name(name: str, signals: set[str]) -> None:
    assert signals <= set(load_preset(name))


def test_units_are_the_models() -> None:
    assert load_preset("ingress-nginx")["p95"].unit is Unit.SECONDS
    assert load_preset("ingress-nginx")["errors"].unit is Unit.RATIO


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ConnectorError, match=r"nginx-ingress.*there are: .*ingress-nginx"):
        load_preset("nginx-ingress")


def test_a_preset_is_a_name_and_never_a_path() -> None:
    with pytest.raises(ConnectorError):
        load_preset("../presets/node")
