"""Prometheus, and whatever answers its query API (Thanos, Mimir, VictoriaMetrics): read only.

Each signal is one instant query; components are asked side by side in a bulkhead and share one deadline. A query that
is wrong makes its own signal unknown and says why, a slow one its component's. Only when nothing got through is the
source unreachable: a console that loses twenty numbers for one typing error in a query would be worse than none.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from urllib.parse import urlsplit

from connectors import Clock, Connector, ConnectorError
from connectors.deadline import Overdue, within
from connectors.failure import Failed
from connectors.presets import Query
from connectors.prometheus.client import THREADS, Answer, Asker, BadQuery
from connectors.secret import MissingSecret
from connectors.settings.prometheus import Settings
from connectors.threads import Bulkhead
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.signal import Signal, Unit
from console.model.snapshot import Detail, FailureKind, Observed, Seen, Snapshot, Unreachable

__all__ = ["Settings", "open_connector"]

FIRST = 15.0  # wall seconds for importing the client and reading the secrets, once
SLACK = 0.5  # wall seconds that a whole reading may take beyond one query's timeout


def open_connector(name: str, settings: Settings, clock: Clock, queries: tuple[Query, ...]) -> Connector:
    """ConnectorError where the settings cannot work; nothing is sent and no client is imported yet."""
    parts = urlsplit(settings.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConnectorError(f'{name}: url is not like "http://host:9090"')
    if parts.username or parts.password:
        raise ConnectorError(f'{name}: no credentials in the url; use user = "…" and password = "env:NAME"')
    if bool(settings.user) != bool(settings.password):
        raise ConnectorError(f"{name}: user and password go together")
    if settings.token and settings.user:
        raise ConnectorError(f"{name}: either token, or user and password")
    for secret in (settings.token, settings.password):
        try:
            _ = secret and secret.reveal()
        except MissingSecret as error:
            raise ConnectorError(f"{name}: {error}") from error
    return PrometheusConnector(name, settings, clock, queries)


class PrometheusConnector:
    """The port's implementation. ``queries`` in the order in which components and signals are to appear."""

    def __init__(self, name: str, settings: Settings, clock: Clock, queries: tuple[Query, ...]) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._queries = queries
        self._bulkhead = Bulkhead(name, THREADS)
        self._asker: Asker | None = None

    async def read(self) -> Seen:
        """All signals. Asks for a constant where there are none, so that "reachable" is still an answer."""
        at, started = self._clock.now(), self._clock.monotonic()
        answers = await self._answers(self._queries or (_NOTHING,))
        failed = _common_failure(answers)
        if failed is not None:
            return failed.unreachable(self.name, at)
        read = tuple(zip(self._queries, answers, strict=False))
        return Snapshot(
            self.name,
            at,
            self._clock.monotonic() - started,
            tuple(_observed(component, read, self.name, at) for component in _components(self._queries)),
            identity=self._settings.url,
            problems=_problems(read),
        )

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """The queries behind a component, each with what it answers now."""
        at = self._clock.now()
        queries = tuple(query for query in self._queries if query.component == component)
        if not queries:
            return Unreachable(self.name, at, FailureKind.NOT_FOUND, f"no query measures {component}")
        answers = await self._answers(queries)
        failed = _common_failure(answers)
        if failed is not None:
            return failed.unreachable(self.name, at)
        rows = tuple(
            (query.signal, "?" if answer.value is None else f"{answer.value:.6g}", query.unit, query.expr, answer.note)
            for query, answer in zip(queries, answers, strict=True)
        )
        columns = ("signal", "value", "unit", "query", "note")
        return Detail(component, at, f"{component}: queries", columns, rows, extra={"url": self._settings.url})

    async def apply(self, change: Change, run: RunContext) -> Applied:
        return Applied(Outcome.REJECTED, f"{change.component}: nothing on Prometheus can be set")

    async def probe(self, change: Change, run: RunContext) -> Probed:
        return Probed(Verdict.FOREIGN, None, f"{change.component}: nothing on Prometheus can be set")

    async def close(self) -> None:
        self._bulkhead.close()
        if self._asker is not None:
            self._asker.close()

    async def _answers(self, queries: tuple[Query, ...]) -> tuple[Answer, ...]:
        try:
            asker = await self._open()
        except Failed as failed:
            return (Answer(None, failed.reason, failed),) * len(queries)
        groups = [tuple(q for q in queries if q.component == component) for component in _components(queries)]
        answered = await asyncio.gather(*(self._ask(asker, group) for group in groups))
        answers = {query: answer for group in answered for query, answer in group.items()}
        if any(answer.failed and answer.failed.kind is FailureKind.EXPIRED for answer in answers.values()):
            self._asker = None  # a token may have been renewed at its place: it is read again
            asker.close()
        return tuple(answers[query] for query in queries)

    async def _ask(self, asker: Asker, group: tuple[Query, ...]) -> dict[Query, Answer]:
        exprs = tuple(dict.fromkeys(query.expr for query in group))
        try:
            answers = await within(self._bulkhead, self._settings.timeout + SLACK, lambda _: asker.ask_all(exprs))
        except Overdue:
            reason = f"{self._settings.url} did not answer within {self._settings.timeout:g} s"
            timed_out = Answer(None, "timed out", Failed(FailureKind.TIMED_OUT, reason))
            return dict.fromkeys(group, timed_out)
        except Failed as failed:
            return dict.fromkeys(group, Answer(None, failed.reason, failed))
        by_expr = dict(zip(exprs, answers, strict=True))
        return {query: by_expr[query.expr] for query in group}

    async def _open(self) -> Asker:
        if self._asker is None:
            try:
                self._asker = await self._bulkhead.call(lambda: Asker(self._settings), FIRST)
            except TimeoutError as error:
                raise Failed(FailureKind.TIMED_OUT, f"the client was not ready within {FIRST:g} s") from error
        return self._asker


_NOTHING = Query("", "", "vector(1)", Unit.NONE)


def _components(queries: tuple[Query, ...]) -> tuple[ComponentId, ...]:
    return tuple(dict.fromkeys(query.component for query in queries))


def _observed(component: ComponentId, read: tuple[tuple[Query, Answer], ...], source: str, at: float) -> Observed:
    return Observed(
        component,
        tuple(
            Signal(query.signal, answer.value, query.unit, at, source, answer.note)
            for query, answer in read
            if query.component == component
        ),
    )


def _common_failure(answers: tuple[Answer, ...]) -> Failed | None:
    """Why nothing at all was answered, by its commonest kind; None when at least one question got through.

    A refused query (400, 422) got through: the server is there, and the query is what is wrong.
    """
    failed = [answer.failed for answer in answers if answer.failed and not isinstance(answer.failed, BadQuery)]
    if len(failed) < len(answers):
        return None
    kind = Counter(failure.kind for failure in failed).most_common(1)[0][0]
    return next(failure for failure in failed if failure.kind is kind)


def _problems(read: tuple[tuple[Query, Answer], ...]) -> tuple[str, ...]:
    return tuple(
        f"{query.component} {query.signal}: {answer.failed.reason}"
        for query, answer in read
        if answer.failed is not None
    )
