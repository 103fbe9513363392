"""Evaluates rules as simulated time goes on, and keeps what they say: series of their own, and alerts.

Every rule is a stream of the store, so that a series which its rule no longer gives ends there, as Prometheus has it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.simulator.prometheus.alert import Alert, Found, advanced
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.labels import Labels, nameless
from connectors.simulator.prometheus.rules import Group, Rule, RuleFile, texts
from connectors.simulator.prometheus.values import ExecutionError, QueryError, Vector
from connectors.simulator.tick import Sample

PAIRED = "vector contains metrics with the same labelset after applying {} labels"


@dataclass(slots=True)
class Judged:
    """A rule and how its latest evaluation went. Times: simulated ms, and wall seconds that it took."""

    rule: Rule
    alerts: dict[Labels, Alert] = field(default_factory=dict)
    health: str = "unknown"
    error: str = ""
    last: int | None = None
    took: float = 0.0

    @property
    def state(self) -> str:
        """The worst of its alerts'."""
        states = {alert.state for alert in self.alerts.values()}
        return next((state for state in ("firing", "pending") if state in states), "inactive")


@dataclass(slots=True)
class Round:
    """A group and when it was evaluated last."""

    group: Group
    rules: tuple[Judged, ...]
    last: int | None = None
    took: float = 0.0

    def due(self, t: int) -> bool:
        return self.last is None or t // self.group.period > self.last // self.group.period


class Evaluation:
    """All groups of one Prometheus."""

    def __init__(self, engine: Engine, rules: RuleFile) -> None:
        self.engine = engine
        self.rounds = tuple(Round(group, tuple(map(Judged, group.rules))) for group in rules.groups)

    def step(self, t: int) -> None:
        """Evaluates, at ``t`` simulated ms, each group whose time has come."""
        for turn in self.rounds:
            if turn.due(t):
                begin = time.perf_counter()
                for i, judged in enumerate(turn.rules):
                    self._judge(judged, f"{turn.group.name}/{i}", t)
                turn.last, turn.took = t, time.perf_counter() - begin

    def _judge(self, judged: Judged, source: str, t: int) -> None:
        begin = time.perf_counter()
        try:
            vector = self.engine.vector(judged.rule.expr, t)
            samples = self._alerting(judged, vector, t) if judged.rule.alert else recorded(judged.rule, vector)
            self.engine.store.append(source, t, samples)
            judged.health, judged.error = "ok", ""
        except QueryError as error:  # its series and alerts stay as they were
            judged.health, judged.error = "err", str(error)
        judged.last, judged.took = t, time.perf_counter() - begin

    def _alerting(self, judged: Judged, vector: Vector, t: int) -> tuple[Sample, ...]:
        rule = judged.rule
        judged.alerts = advanced(judged.alerts, found(rule, vector), t, rule.waits, rule.keeps)
        return tuple(self._shown(judged.alerts))

    def _shown(self, alerts: dict[Labels, Alert]) -> Iterator[Sample]:
        for alert in alerts.values():
            yield Sample("ALERTS", tuple(sorted((*alert.labels, ("alertstate", alert.state)))), 1.0)
            since = self.engine.clock.wall(alert.active / 1000)
            yield Sample("ALERTS_FOR_STATE", alert.labels, float(since // 1))


def found(rule: Rule, vector: Vector) -> dict[Labels, Found]:
    """The alerts that an expression's elements are. Raises ``ExecutionError`` when two would be the same."""
    made: dict[Labels, Found] = {}
    for labels, value in vector:
        known = dict(nameless(labels))
        own = {name: text.expand(known, value) for name, text in texts(tuple(rule.labels.items()))}
        told = tuple((name, text.expand(known, value)) for name, text in texts(tuple(rule.annotations.items())))
        key = ordered({**known, **own, "alertname": rule.alert})
        if key in made:
            raise ExecutionError(PAIRED.format("alert"))
        made[key] = Found(value, told)
    return made


def recorded(rule: Rule, vector: Vector) -> tuple[Sample, ...]:
    """What a recording rule gives. Raises ``ExecutionError`` when two elements become the same series."""
    samples = tuple(
        Sample(rule.record, ordered({**dict(nameless(labels)), **rule.labels}), value) for labels, value in vector
    )
    if len({sample.labels for sample in samples}) != len(samples):
        raise ExecutionError(PAIRED.format("rule"))
    return samples


def ordered(labels: dict[str, str]) -> Labels:
    """Sorted by name; an empty value is no label."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))
