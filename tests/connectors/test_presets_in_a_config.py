"""A preset in a config: its rules on the line that uses it, its rates over the window that the line names."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.config import Environment, load
from console.config_error import ConfigError
from console.model.component import Health
from console.model.observe import empty, observe
from console.model.signal import Signal, Unit
from console.model.snapshot import Observed, Snapshot

HEAD = """\
[environments.test.prometheus]
url = "http://127.0.0.1:9090"

[[components]]
alias = "edge"
layer = "gateway"
id = "prometheus/edge"
preset = "haproxy"
match = 'proxy="shop"'
"""


def read(tmp_path: Path, text: str) -> Environment:
    path = tmp_path / "seawall.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return load(path)


def health(environment: Environment, signal: str, value: float, unit: Unit) -> Health:
    """Of the signal on ``edge`` once the value has stood for three minutes."""
    topology = empty(environment.layout)
    for at in (0.0, 180.0):
        observed = Observed("prometheus/edge", (Signal(signal, value, unit, at, "prometheus"),))
        topology = observe(topology, Snapshot("prometheus", at, 0.0, (observed,)))
    (edge,) = topology.components
    return edge.readings[signal].health


def test_its_rules_judge_the_line_that_uses_it(tmp_path: Path) -> None:
    environment = read(tmp_path, "")
    assert health(environment, "queued", 3, Unit.COUNT) is Health.WARN
    assert health(environment, "available", 0.4, Unit.RATIO) is Health.CRIT
    assert health(environment, "latency", 0.15, Unit.SECONDS) is Health.OK  # a default would warn from 100 ms on


def test_an_own_rule_is_above_it(tmp_path: Path) -> None:
    environment = read(tmp_path, '[[rules]]\nsignal = "edge.queued"\nabove = 10\n')
    assert health(environment, "queued", 3, Unit.COUNT) is Health.OK
    assert health(environment, "queued", 11, Unit.COUNT) is Health.WARN


def test_rates_look_back_on_the_window_that_the_line_names(tmp_path: Path) -> None:
    usual, own = read(tmp_path, ""), read(tmp_path, 'window = "5m"\n')
    assert all("[1m]" in query.expr for query in usual.queries if "rate(" in query.expr)
    assert all("[5m]" in query.expr for query in own.queries if "rate(" in query.expr)
    assert any("rate(" in query.expr for query in own.queries)


@pytest.mark.parametrize("window", ["1.5m", "0m", "soon", "5m]) or vector(1"])
def test_a_window_that_promql_does_not_know_is_a_fault_with_its_line(tmp_path: Path, window: str) -> None:
    with pytest.raises(ConfigError, match=r"seawall.toml:10: .*a window such as 90s"):
        read(tmp_path, f'window = "{window}"\n')


def test_a_query_knows_when_a_healthy_system_has_no_such_series(tmp_path: Path) -> None:
    absent = {query.signal: query.absent for query in read(tmp_path, "").queries}
    assert "health check" in absent["available"]
    assert absent["rate"] == ""


def test_a_match_that_fits_into_no_braces_is_a_fault_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "seawall.toml"
    path.write_text(HEAD.replace("'proxy=\"shop\"'", '"proxy=shop"'), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"seawall.toml:9: expected 'label=\"value\"'"):
        load(path)
