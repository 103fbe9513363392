"""``/api/v1/rules`` and ``/api/v1/alerts``: what the evaluation of rules has come to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiohttp import web

from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus.alert import Alert
from connectors.simulator.prometheus.answers import NEVER, answer, stamp
from connectors.simulator.prometheus.compile import pretty
from connectors.simulator.prometheus.evaluation import Evaluation, Judged, Round
from connectors.simulator.prometheus.template import scientific
from connectors.simulator.prometheus.values import BadQueryError

FILE = "rules.toml"
KINDS = {"": ("alert", "record"), "alert": ("alert",), "record": ("record",)}
Json = dict[str, Any]


class RulesApi:
    """The handlers. They only read."""

    def __init__(self, evaluation: Evaluation, clock: SimClock) -> None:
        self._evaluation = evaluation
        self._clock = clock

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/rules", self.rules, allow_head=False),
            web.get("/api/v1/alerts", self.alerts, allow_head=False),
        ]

    async def rules(self, request: web.Request) -> web.Response:
        kind = request.query.get("type", "").lower()
        if kind not in KINDS:
            raise BadQueryError(f'invalid parameter "type": not supported value "{kind}"')
        return answer({"groups": [self._group(turn, KINDS[kind]) for turn in self._evaluation.rounds]})

    async def alerts(self, request: web.Request) -> web.Response:
        return answer({"alerts": [shown for judged in self._judged() for shown in self._alerts(judged)]})

    def _judged(self) -> Iterator[Judged]:
        for turn in self._evaluation.rounds:
            yield from turn.rules

    def _group(self, turn: Round, kinds: tuple[str, ...]) -> Json:
        rules = [self._rule(judged) for judged in turn.rules if ("alert" if judged.rule.alert else "record") in kinds]
        return {
            "name": turn.group.name,
            "file": FILE,
            "rules": rules,
            "interval": turn.group.period / 1000,
            "limit": 0,
            "evaluationTime": turn.took,
            "lastEvaluation": self._stamp(turn.last),
        }

    def _rule(self, judged: Judged) -> Json:
        rule = judged.rule
        health = {"health": judged.health, **({"lastError": judged.error} if judged.error else {})}
        timing = {"evaluationTime": judged.took, "lastEvaluation": self._stamp(judged.last)}
        if rule.record:
            labels = {"labels": rule.labels} if rule.labels else {}
            return {"name": rule.name, "query": pretty(rule.expr), **labels, **health, **timing, "type": "recording"}
        return {
            "state": judged.state,
            "name": rule.name,
            "query": pretty(rule.expr),
            "duration": rule.waits / 1000,
            "keepFiringFor": rule.keeps / 1000,
            "labels": rule.labels,
            "annotations": rule.annotations,
            "alerts": self._alerts(judged),
            **health,
            **timing,
            "type": "alerting",
        }

    def _alerts(self, judged: Judged) -> list[Json]:
        return [self._alert(alert) for alert in judged.alerts.values()]

    def _alert(self, alert: Alert) -> Json:
        kept = {} if alert.kept is None else {"keepFiringSince": self._stamp(alert.kept)}
        return {
            "labels": dict(alert.labels),
            "annotations": dict(alert.annotations),
            "state": alert.state,
            "activeAt": self._stamp(alert.active),
            **kept,
            "value": scientific(alert.value),
        }

    def _stamp(self, t: int | None) -> str:
        return NEVER if t is None else stamp(self._clock.wall(t / 1000))
