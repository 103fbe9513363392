"""Rules of the simulated Prometheus: alerts that wait, fire, keep firing and end; recorded series; what is refused."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.clock import SimClock
from connectors.simulator.exporters import Cluster, samples
from connectors.simulator.model import Model
from connectors.simulator.prometheus.alert import Alert, Found, advanced
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.evaluation import Evaluation
from connectors.simulator.prometheus.labels import Labels
from connectors.simulator.prometheus.rules import RuleFile, RulesError, as_yaml, default_rules, rules_of
from connectors.simulator.prometheus.store import Store
from connectors.simulator.scenarios import SCENARIOS
from connectors.simulator.tick import Levers, Pods, Sample
from tests.real.prometheus import program

STEP = 15  # simulated seconds between two evaluations
KEY: Labels = (("alertname", "A"),)
HIGH = rules_of("""
[[groups]]
name = "g"
[[groups.rules]]
record = "job:load:max"
expr = "max by (job) (load)"
labels = { source = "rules" }
[[groups.rules]]
alert = "High"
expr = "job:load:max > 10"
for = "30s"
keep_firing_for = "45s"
labels = { severity = "page", team = "{{ $labels.job }}" }
annotations = { summary = "{{ $labels.job }} at {{ $value | humanize }}" }
""")


def evaluated(rules: RuleFile, loads: Sequence[float | None], clock: SimClock | None = None) -> Evaluation:
    """After one scrape of ``load`` every 15 s."""
    store = Store()
    evaluation = Evaluation(Engine(store, clock or SimClock(1.0, wall=lambda: 0.0)), rules)
    for i, load in enumerate(loads):
        store.scrape(i * STEP * 1000, [] if load is None else [Sample("load", (("job", "api"),), load)])
        evaluation.step(i * STEP * 1000)
    return evaluation


def states(rules: RuleFile, loads: Sequence[float | None]) -> list[str]:
    """The state of the last rule after each evaluation."""
    return [evaluated(rules, loads[: i + 1]).rounds[-1].rules[-1].state for i in range(len(loads))]


def ask(evaluation: Evaluation, query: str, wall: float) -> dict[str, str]:
    rows = evaluation.engine.instant(query, wall)["result"]
    return {json.dumps(row["metric"], sort_keys=True): row["value"][1] for row in rows}


def test_an_alert_waits_fires_keeps_firing_and_ends() -> None:
    loads = [5.0, 20.0, 20.0, 20.0, 5.0, 5.0, 5.0, 5.0, 5.0]
    assert states(HIGH, loads) == ["inactive", "pending", "pending", *["firing"] * 4, "inactive", "inactive"]


def test_an_alert_whose_condition_pauses_while_pending_starts_anew() -> None:
    assert states(HIGH, [20.0, 20.0, 5.0, 20.0, 20.0, 20.0]) == [
        *["pending", "pending", "inactive", "pending", "pending", "firing"]
    ]


def test_alerts_and_recorded_values_are_series() -> None:
    evaluation = evaluated(HIGH, [20.0, 20.0, 22.5])
    where = {"alertname": "High", "job": "api", "severity": "page", "source": "rules", "team": "api"}
    alerts = json.dumps({"__name__": "ALERTS", "alertstate": "firing", **where}, sort_keys=True)
    assert ask(evaluation, "ALERTS", 30) == {alerts: "1"}
    since = json.dumps({"__name__": "ALERTS_FOR_STATE", **where}, sort_keys=True)
    assert ask(evaluation, "ALERTS_FOR_STATE", 30) == {since: "0"}
    assert list(ask(evaluation, 'job:load:max{source="rules"}', 30).values()) == ["22.5"]
    (alert,) = evaluation.rounds[0].rules[1].alerts.values()
    assert dict(alert.annotations) == {"summary": "api at 22.5"}


def test_a_recorded_series_ends_with_its_source() -> None:
    assert ask(evaluated(HIGH, [20.0, None]), "job:load:max", STEP) == {}


def test_a_rule_that_fails_says_so_and_the_others_go_on() -> None:
    rules = rules_of("""
[[groups]]
name = "g"
[[groups.rules]]
alert = "Twice"
expr = 'label_replace(load, "zone", "b", "", "") or load'
labels = { zone = "b" }
[[groups.rules]]
alert = "Fine"
expr = "load"
""")
    wrong, fine = evaluated(rules, [1.0]).rounds[0].rules
    assert (wrong.health, fine.health, fine.state) == ("err", "ok", "firing")
    assert wrong.error == "vector contains metrics with the same labelset after applying alert labels"


def test_rules_are_evaluated_in_simulated_time_and_dated_in_wall_time() -> None:
    fast = evaluated(HIGH, [5.0, 20.0, 20.0, 20.0], SimClock(20.0, wall=lambda: 1000.0))
    (value,) = ask(fast, "ALERTS_FOR_STATE", 1000 + 45 / 20).values()
    assert fast.rounds[0].rules[1].state == "firing"
    assert value == "1000", "active since simulated second 15, which is 0.75 s of wall time after the opening"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ('alert = "A"\nexpr = "sum("', "parse error"),
        ('alert = "A"\nrecord = "a"\nexpr = "1"', "exactly one"),
        ('expr = "1"', "exactly one"),
        ('alert = "A"\nexpr = "1"\nfor = "soon"', "'A'"),
        ('alert = "A"\nexpr = "1"\nannotations = { a = "{{ $nope }}" }', "nope"),
        ('alert = "A"\nexpr = "1"\nunknown = 1', "unknown"),
        ('alert = "A"\nexpr = 1', "Expected `str`"),
    ],
)
def test_bad_rules_are_named(rule: str, words: str) -> None:
    with pytest.raises(RulesError, match=words):
        rules_of(f'[[groups]]\nname = "g"\n[[groups.rules]]\n{rule}')


@settings(max_examples=80, deadline=None)
@given(st.lists(st.booleans(), max_size=40), st.integers(0, 5), st.integers(0, 5))
def test_an_alert_fires_exactly_when_its_condition_has_held_long_enough(
    held: list[bool], waits: int, keeps: int
) -> None:
    """Against the definition: ``for`` consecutive steps before it, and ``keep_firing_for`` after it."""
    alerts: Mapping[Labels, Alert] = {}
    for now, holds in enumerate(held):
        alerts = advanced(alerts, {KEY: Found(1.0, ())} if holds else {}, now, waits, keeps)
        assert (alerts[KEY].state if alerts else "inactive") == expected(held[: now + 1], waits, keeps)


def expected(held: list[bool], waits: int, keeps: int) -> str:
    """Walked forward with counters only."""
    run = since = 0
    state = "inactive"
    for holds in held:
        if holds:
            run, since = run + 1 if state != "inactive" else 1, 0
            state = "firing" if state == "firing" or run > waits else "pending"
        else:
            since += 1
            state = "firing" if state == "firing" and keeps and since <= keeps else "inactive"
    return state


@pytest.mark.real("prometheus")
def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(as_yaml(default_rules()))
    told = subprocess.run(
        [program("promtool"), "check", "rules", str(file)], capture_output=True, text=True, timeout=60
    )
    assert told.returncode == 0, told.stdout + told.stderr


def crisis(seconds: int) -> dict[int, tuple[Sample, ...]]:
    """What is scraped in a crisis that nobody answers, by simulated second."""
    model = Model(SCENARIOS["viral-spike"], 0, workers=4)
    pods = {name: Pods(count, desired=count) for name, count in (("api", 5), ("workers", 4), ("gateway", 3))}
    ticks = [model.step(t, Levers(pods)) for t in range(seconds)]
    return {tick.t: tuple(samples(tick, Cluster(pods, {"api": (5, 20, 20, 20)}))) for tick in ticks[::5]}


def notation(values: list[float | None]) -> str:
    """A series as promtool's tests write it."""
    made, there = [], False
    for value in values:
        made.append("_" if value is None and not there else "stale" if value is None else repr(value))
        there = value is not None
    return " ".join(made)


@pytest.mark.real("prometheus")
def test_the_same_rules_give_the_same_alerts_in_prometheus_own_rule_engine(tmp_path: Path) -> None:
    """Our alerts over a crisis, second by second, given to promtool as what its evaluation must find."""
    scrapes = crisis(300)
    rules = default_rules()
    store = Store()
    evaluation = Evaluation(Engine(store, SimClock(1.0, wall=lambda: 0.0)), rules)
    columns: dict[tuple[str, Labels], list[float | None]] = {}
    for i, (t, scrape) in enumerate(sorted(scrapes.items())):
        store.scrape(t * 1000, scrape)
        evaluation.step(t * 1000)
        for sample in scrape:
            column = columns.setdefault((sample.name, sample.labels), [])
            column += [*[None] * (i - len(column)), sample.value]
    columns = {key: values + [None] * (len(scrapes) - len(values)) for key, values in columns.items()}
    tests = [
        promtool_test(evaluation, query, t) for t in range(0, 300, STEP) for query in ("ALERTS", "ALERTS_FOR_STATE")
    ]
    names = {sample["labels"].split('alertname="')[1].split('"')[0] for test in tests for sample in test["exp_samples"]}
    assert names >= {"HighErrorRate", "ContainerCpuHigh", "Watchdog"}
    (tmp_path / "rules.yml").write_text(as_yaml(rules))
    inputs = [
        {"series": f"{name}{{{','.join(f'{k}={json.dumps(v)}' for k, v in labels)}}}", "values": notation(values)}
        for (name, labels), values in columns.items()
    ]
    file = tmp_path / "tests.yml"
    group = {"interval": "5s", "input_series": inputs, "promql_expr_test": tests}
    file.write_text(json.dumps({"rule_files": ["rules.yml"], "evaluation_interval": f"{STEP}s", "tests": [group]}))
    told = subprocess.run([program("promtool"), "test", "rules", str(file)], capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, (told.stdout + told.stderr)[:4000]


def promtool_test(evaluation: Evaluation, query: str, t: int) -> dict[str, Any]:
    rows = evaluation.engine.instant(query, t)["result"]
    samples = [
        {
            "labels": f"{query}{{{','.join(f'{k}={json.dumps(v)}' for k, v in row['metric'].items() if k[0] != '_')}}}",
            "value": float(row["value"][1]),
        }
        for row in rows
    ]
    return {"expr": query, "eval_time": f"{t}s", "exp_samples": samples}
