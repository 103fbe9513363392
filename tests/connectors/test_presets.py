"""Every preset loads, and every query of it parses, with a match and without."""

from __future__ import annotations

import re

import promql_parser
import pytest

from connectors import ConnectorError
from connectors.presets import (
    MATCH,
    WINDOW,
    is_match,
    preset_named,
    presets,
    queries_for,
    read_preset,
    rules_for,
)
from console.model.component import Health
from console.model.rules import Rule
from console.model.signal import Unit

RATES = re.compile(r"rate\([^[]*\[(\w+)\]")
GOOD = """\
title = "One"
exporter = "https://example.com"
layer = "web"
match = 'job="one"'

[signals.rate]
query = 'sum(rate(one_total{$match}[$window]))'
unit = "/s"
description = "What there is of it a second"

[[rules]]
signal = "rate"
above = "100/s"
for = "2m"
health = "crit"
"""
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
        assert WINDOW not in query.expr
        assert promql_parser.parse(query.expr)
        assert ('job="shop"' in query.expr) is bool(match)


@pytest.mark.parametrize("name", presets())
def test_every_rate_looks_back_on_the_window_that_was_asked_for(name: str) -> None:
    own = preset_named(name).window
    for usual, asked in zip(
        queries_for("prometheus/x", name), queries_for("prometheus/x", name, "", "7m"), strict=True
    ):
        assert set(RATES.findall(usual.expr)) <= {own}
        assert set(RATES.findall(asked.expr)) <= {"7m"}
        assert len(RATES.findall(asked.expr)) == asked.expr.count("rate(")


@pytest.mark.parametrize("name", presets())
def test_every_signal_says_what_it_is(name: str) -> None:
    for signal in preset_named(name).signals.values():
        assert MATCH in signal.query
        assert signal.description


@pytest.mark.parametrize(("name", "signals"), BY_NAME.items())
def test_the_signals_that_rules_and_playbooks_name(name: str, signals: set[str]) -> None:
    assert signals <= set(preset_named(name).signals)


def test_units_are_the_models() -> None:
    assert preset_named("ingress-nginx").signals["p95"].unit is Unit.SECONDS
    assert preset_named("ingress-nginx").signals["errors"].unit is Unit.RATIO


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ConnectorError, match=r"nginx-ingress.*there are: .*ingress-nginx"):
        preset_named("nginx-ingress")


def test_a_preset_is_a_name_and_never_a_path() -> None:
    with pytest.raises(ConnectorError):
        preset_named("../presets/node")


def test_a_file_is_read_whole() -> None:
    preset = read_preset(GOOD, "one.toml")
    assert preset.signals["rate"].unit is Unit.PER_SECOND
    assert preset.rules[0].on("web") == Rule("web.rate", above=100.0, hold=120.0, health=Health.CRIT)


@pytest.mark.parametrize(
    ("found", "instead", "told"),
    [
        ("{$match}", "", r"one.toml:6: the query of 'rate' has no \$match"),
        ('"What there is of it a second"', '""', r"one.toml:6: 'rate' says not what it is"),
        ('signal = "rate"', 'signal = "rates"', r"one.toml:11: 'rates' is no signal"),
        ('above = "100/s"', 'above = "lots"', r"one.toml:11: expected a number"),
        ('above = "100/s"', "", r"one.toml:11: .* exactly one of `above` and `below`"),
        ('unit = "/s"', 'unit = "Hz"', r"one.toml: .*unit"),
        ('health = "crit"', 'helth = "crit"', r"one.toml: .*helth"),
        ('title = "One"', "title = One", r"one.toml: not TOML: .*line 1"),
    ],
)
def test_a_wrong_file_says_where_and_what(found: str, instead: str, told: str) -> None:
    assert found in GOOD
    with pytest.raises(ConnectorError, match=told):
        read_preset(GOOD.replace(found, instead), "one.toml")


@pytest.mark.parametrize("name", presets())
def test_every_rule_has_a_bound_that_its_unit_can_show(name: str) -> None:
    signals = preset_named(name).signals
    for ready, rule in zip(preset_named(name).rules, rules_for("x", name), strict=True):
        unit = signals[ready.signal].unit if ready.signal in signals else Unit.RATIO
        assert rule.text(unit).startswith(("above", "below"))
        bound = rule.above if rule.above is not None else rule.below
        assert unit is not Unit.RATIO or (bound is not None and 0 <= bound <= 1.01)


def test_the_exporters_that_must_be_there() -> None:
    """Those of the signal rules: the field's own list."""
    assert set(presets()) >= {
        *("nginx", "ingress-nginx", "envoy", "istio", "haproxy", "haproxy-exporter", "kube-state-metrics", "cadvisor"),
        *("node", "redis-exporter", "kafka-exporter", "postgres-exporter", "mysqld-exporter", "memcached-exporter"),
        *("rabbitmq", "blackbox", "blackbox-http", "cloudfront", "cloudflare"),
    }


@pytest.mark.parametrize("name", presets())
def test_its_example_of_a_match_is_one(name: str) -> None:
    assert is_match(preset_named(name).match)


@pytest.mark.parametrize(
    "match",
    ["", " ", 'job="a"', 'job="a",', "job='a', pod=~`api-.+`", 'a!="b",c!~"d"', 'path="{x}"', 'q="\\"}"', 'a=""'],
)
def test_what_fits_into_braces_is_a_match_and_makes_a_query(match: str) -> None:
    assert is_match(match)
    assert all(promql_parser.parse(query.expr) for query in queries_for("prometheus/x", "nginx", match))


@pytest.mark.parametrize(
    "match", ["shop", "ingress=shop", 'job="a"}', 'job="a"} or vector(1) or up{a="b"', '"a"', ",", 'a="b" c="d"', 'a="']
)
def test_what_does_not_is_none(match: str) -> None:
    assert not is_match(match)
