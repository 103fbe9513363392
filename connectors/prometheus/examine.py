"""What this address is, whether each query finds something here, and what is behind one that does not.

The commonest mistake is a query that is right for an exporter that nobody scrapes, or a selector that fits none of its
series; both look the same on the screen (no series). So the metrics that an empty query names are asked for alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from connectors import Clock
from connectors.failure import Failed, one_line
from connectors.presets import Query
from connectors.prometheus import alerts
from connectors.prometheus.backend import Backend, Replies
from connectors.prometheus.client import Page
from connectors.prometheus.reply import Answer
from connectors.settings.prometheus import Settings
from console.model.examination import Examination, Finding, Grade, Write
from console.model.snapshot import FailureKind
from console.model.units import show, show_duration

NOTHING_TO_SET = "nothing on Prometheus can be set"
BUILD = "/api/v1/status/buildinfo"
WEEK = 604800.0  # estate seconds; how far a ghost of normal looks back
MOST_METRICS = 40  # names that are asked for alone
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`|#.*')
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?=\s*[{\[])")


async def examine(
    name: str, settings: Settings, clock: Clock, queries: tuple[Query, ...], backend: Backend, writes: tuple[Write, ...]
) -> Examination:
    """One after another, each within the deadline of a reading; a part that fails is a finding."""
    version, reached = await _build(backend)
    found: tuple[Finding, ...] = (reached,)
    if reached.grade is not Grade.NO or reached.kind is FailureKind.NOT_FOUND:
        exprs = tuple(query.expr for query in queries)
        now = await backend.answers(exprs)
        hints = await _hints(backend, [query.expr for query in queries if now.by_expr[query.expr].note == "no series"])
        found += tuple(_tried(query, now.by_expr[query.expr], hints.get(query.expr, "")) for query in queries)
        found += tuple(Finding("complete answers", Grade.NO, text) for text in now.warnings)
        found += (await _past(backend, clock, exprs, now), *await _alerts(settings, backend))
    bounds = backend.bounds
    if bounds is not None:
        known = f"{bounds.skew:+.2g}s, to within {show_duration(bounds.doubt)}"
        found += (Finding("clock", Grade.NOTE, known),)
    return Examination(
        name,
        settings.url,
        version,
        identity=settings.url,
        who=settings.user or (f"tenant {settings.tenant}" if settings.tenant else ""),
        skew=None if bounds is None else bounds.skew,
        findings=(
            *found,
            *(Finding(f"set {w.fact} of {w.component}", Grade.NO, NOTHING_TO_SET, write=w) for w in writes),
        ),
    )


async def _build(backend: Backend) -> tuple[str, Finding]:
    """Its version, and whether it answers at all. Without that page a query decides: nobody else needs it."""
    try:
        return await backend.page(BUILD, product), Finding("ask for its version", Grade.YES)
    except Failed as failed:
        if failed.kind is not FailureKind.NOT_FOUND and not 400 <= failed.status < 500:
            return "", _failed("ask for its version", failed)
    answer = (await backend.answers(("vector(1)",))).by_expr["vector(1)"]
    if answer.failed is not None:
        return "", _failed("query", answer.failed)
    return "", Finding("ask for its version", Grade.NOTE, "it answers queries and tells no version")


def product(page: Page) -> str:
    """By what each tells of itself: "Prometheus 2.42.0", "Thanos 0.32.0" …; "" where the page says nothing.

    VictoriaMetrics tells a version of Prometheus there, or none, and names its host in a header. Thanos has not come to
    1, and Prometheus had no such page before 2.14.
    """
    if "X-Server-Hostname" in page.headers:
        return "VictoriaMetrics"
    try:
        data = json.loads(page.body)["data"]
        version, application = str(data["version"]), str(data.get("application", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    names = {"0": "Thanos", "1": "Cortex"}
    return one_line(f"{application or names.get(version.split('.')[0], 'Prometheus')} {version}", 60)


def metrics_of(expr: str) -> tuple[str, ...]:
    """The metrics that a query selects by name, as far as they stand before a brace or a bracket.

    >>> metrics_of('sum by (le) (rate(a_total{job="x{y}"}[1m])) / b')
    ('a_total',)
    """
    return tuple(dict.fromkeys(_METRIC.findall(_QUOTED.sub('""', expr))))


async def _hints(backend: Backend, empty: Iterable[str]) -> Mapping[str, str]:
    """For each query without series: whether its metrics are there at all."""
    named = {expr: metrics_of(expr) for expr in empty}
    asked = {metric: f"count({metric})" for metrics in named.values() for metric in metrics}
    asked = dict(list(asked.items())[:MOST_METRICS])
    counted = (await backend.answers(tuple(asked.values()))).by_expr
    gone = {metric for metric, expr in asked.items() if counted[expr].note == "no series"}
    return {expr: _hint(metrics, gone, asked) for expr, metrics in named.items()}


def _hint(metrics: tuple[str, ...], gone: set[str], asked: Mapping[str, str]) -> str:
    missing = [metric for metric in metrics if metric in gone]
    if missing:
        return f"there is no {' and no '.join(missing[:3])} here: is its exporter scraped?"
    if metrics and all(metric in asked for metric in metrics):
        return f"there is {' and '.join(metrics[:3])} here, but none that this selects: check match"
    return "check that its exporter is scraped, and what match selects"


def _tried(query: Query, answer: Answer, hint: str) -> Finding:
    what = f"query {query.component} {query.signal}"
    if answer.failed is not None:
        return _failed(what, answer.failed)
    if answer.value is None:
        return Finding(
            what, Grade.UNKNOWN, answer.note, f"none where {query.absent}; else {hint}" if query.absent else hint
        )
    return Finding(what, Grade.YES, show(answer.value, query.unit))


async def _past(backend: Backend, clock: Clock, exprs: tuple[str, ...], now: Replies) -> Finding:
    """Whether a week ago can be asked for: of what answers now, how much answered then."""
    known = [expr for expr in exprs if now.by_expr[expr].value is not None] or ["count(up)"]
    then = (await backend.answers(known, clock.wall() - WEEK / clock.speed)).by_expr
    answered = sum(answer.value is not None for answer in then.values())
    words = f"{answered} of {len(then)} queries that answer now answered a week ago"
    if answered:
        return Finding("query a week ago", Grade.YES, words)
    advice = "there is no ghost of normal yet: its retention is shorter, or it has not run for a week"
    return Finding("query a week ago", Grade.NOTE, words, advice)


async def _alerts(settings: Settings, backend: Backend) -> tuple[Finding, ...]:
    if not settings.alerts:
        return ()
    try:
        raised, more = await backend.page(
            alerts.PATH, lambda page: alerts.alerts_of(page.body, "", lambda wall: wall, settings.alert_match)
        )
    except Failed as failed:
        return (_failed("list alerts", failed),)
    return (Finding("list alerts", Grade.YES, f"{len(raised) + more} raised"),)


def _failed(what: str, failed: Failed) -> Finding:
    return Finding(what, Grade.NO, failed.reason, failed.advice, kind=failed.kind)
