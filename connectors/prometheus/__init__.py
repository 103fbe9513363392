"""Prometheus, and whatever answers its query API (Thanos, Mimir, VictoriaMetrics): read only.

Each signal is one instant query; batches of them are asked side by side in a bulkhead and share one deadline. A query
that is wrong or slow makes its own signal unknown and says why. Only when nothing got through is the source
unreachable: a console that loses twenty numbers for one typing error in a query would be worse than none.

A ghost, the same signals some time ago, is asked by the query API's own ``time``: exact for any query, where an
``offset`` would have to be written into every selector of it, and would leave ``time()`` as it is now.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

from connectors import Clock, Connector, ConnectorError
from connectors.failure import Failed
from connectors.presets import Query
from connectors.prometheus import alerts, behind, examine
from connectors.prometheus.backend import Backend, Replies
from connectors.prometheus.reply import Answer, BadQuery
from connectors.secret import MissingSecret
from connectors.settings.prometheus import Settings
from console.model.alert import Alert
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.examination import Examination, Write
from console.model.signal import Signal, Unit
from console.model.snapshot import Detail, FailureKind, Observed, Seen, Snapshot, Unreachable

__all__ = ["Settings", "open_connector"]

_IN_A_HEADER = re.compile(r"([!-~]([ -~]*[!-~])?)?")
_NAME_OF_A_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2
RESERVED = {"query", "time", "timeout", "start", "end", "step"}  # parameters that the queries themselves need


def open_connector(name: str, settings: Settings, clock: Clock, queries: tuple[Query, ...]) -> Connector:
    """ConnectorError where the settings cannot work; nothing is sent and no client is imported yet."""
    wrong = _wrong(settings)
    if wrong:
        raise ConnectorError(f"{name}: {wrong}")
    secrets = (settings.token, settings.password, settings.key_password, *settings.headers.values())
    for secret in secrets:
        try:
            _ = secret and secret.reveal()
        except MissingSecret as error:
            raise ConnectorError(f"{name}: {error}") from error
    return PrometheusConnector(name, settings, clock, queries)


def _wrong(settings: Settings) -> str:
    """What cannot work, whatever the server is."""
    parts = urlsplit(settings.url)
    checks = (
        (parts.scheme not in ("http", "https") or not parts.hostname, 'url is not like "http://host:9090"'),
        (
            parts.username or parts.password or "@" in urlsplit(settings.proxy).netloc,
            'no credentials in an address; use user = "…" and password = "env:NAME"',
        ),
        (parts.query or parts.fragment, "url ends with its path; what else is to be sent goes into params"),
        (bool(settings.user) != bool(settings.password), "user and password go together"),
        (settings.token and settings.user, "either token, or user and password"),
        (settings.key_file and not settings.cert_file, "key_file is the key of cert_file, which is not set"),
        (not _IN_A_HEADER.fullmatch(settings.tenant), "tenant has characters that no header takes"),
        (not all(map(_NAME_OF_A_HEADER.fullmatch, settings.headers)), "headers has a name that no header can have"),
        (RESERVED & set(settings.params), f"params may not have {', '.join(sorted(RESERVED & set(settings.params)))}"),
    )
    return next((words for wrong, words in checks if wrong), "")


class PrometheusConnector:
    """The port's implementation. ``queries`` in the order in which components and signals are to appear."""

    def __init__(self, name: str, settings: Settings, clock: Clock, queries: tuple[Query, ...]) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        # Of two of one name the later one counts: an operator's own query after a preset's.
        self._queries = tuple({(query.component, query.signal): query for query in queries}.values())
        self._backend = Backend(name, settings, clock)

    async def read(self) -> Seen:
        """All signals and alerts. Asks for a constant where there are none, so that "reachable" is still an answer."""
        started = self._clock.monotonic()
        queries = self._queries or (_NOTHING,)
        replies, (raised, trouble) = await asyncio.gather(self._ask(queries), self._alerts())
        at = self._came(replies)
        failed = _common_failure(replies)
        if failed is not None:
            return failed.unreachable(self.name, at)
        bounds = self._backend.bounds
        return Snapshot(
            self.name,
            at,
            self._clock.monotonic() - started,
            tuple(
                self._observed(component, replies, lambda answer: answer.at or at)
                for component in _components(self._queries)
            ),
            identity=self._settings.url,
            problems=(*_problems(self._queries, replies), *replies.warnings, *trouble),
            alerts=raised,
            skew=None if bounds is None else bounds.skew,
        )

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """The queries behind a component, each with what it answers now."""
        queries = self._of(component)
        replies = await self._ask(queries)
        at = self._came(replies)
        failed = _common_failure(replies) if queries else self._unmeasured(component)
        if failed is not None:
            return failed.unreachable(self.name, at)
        rows = tuple(_row(query, replies.by_expr[query.expr]) for query in queries)
        columns = ("signal", "value", "unit", "query", "note")
        return Detail(component, at, f"{component}: queries", columns, rows, extra={"url": self._settings.url})

    async def ghost(self, component: ComponentId, back: float) -> Snapshot | Unreachable:
        """Its signals ``back`` estate seconds ago, by the same queries at that time."""
        at, started = self._clock.now() - back, self._clock.monotonic()
        queries = self._of(component)
        replies = await self._ask(queries, self._clock.wall() - back / self._clock.speed)
        failed = _common_failure(replies) if queries else self._unmeasured(component)
        if failed is not None:
            return failed.unreachable(self.name, at)
        seen = self._observed(component, replies, lambda _: at)
        problems = (*_problems(queries, replies), *replies.warnings)
        took = self._clock.monotonic() - started
        return Snapshot(self.name, at, took, (seen,), identity=self._settings.url, problems=problems)

    async def examine(self, writes: tuple[Write, ...]) -> Examination:
        """See ``connectors.prometheus.examine``."""
        return await examine.examine(self.name, self._settings, self._clock, self._queries, self._backend, writes)

    def behind(self, component: ComponentId, signal: str) -> str:
        return behind.behind(self._queries, component, signal)

    async def apply(self, change: Change, run: RunContext) -> Applied:
        return Applied(Outcome.REJECTED, f"{change.component}: {examine.NOTHING_TO_SET}")

    async def probe(self, change: Change, run: RunContext) -> Probed:
        return Probed(Verdict.FOREIGN, None, f"{change.component}: {examine.NOTHING_TO_SET}")

    async def close(self) -> None:
        self._backend.close()

    def _of(self, component: ComponentId) -> tuple[Query, ...]:
        return tuple(query for query in self._queries if query.component == component)

    def _unmeasured(self, component: ComponentId) -> Failed:
        return Failed(FailureKind.NOT_FOUND, f"no query measures {component}")

    async def _ask(self, queries: tuple[Query, ...], at: float | None = None) -> Replies:
        return await self._backend.answers([query.expr for query in queries], at)

    async def _alerts(self) -> tuple[tuple[Alert, ...], tuple[str, ...]]:
        """What is raised, and what is wrong with that list."""
        if not self._settings.alerts:
            return (), ()
        try:
            raised, more = await self._backend.page(
                alerts.PATH,
                lambda page: alerts.alerts_of(
                    page.body, self.name, alerts.estate_time(self._clock), self._settings.alert_match
                ),
            )
        except Failed as failed:
            hint = "; alerts = false stops asking" if failed.kind is FailureKind.NOT_FOUND else ""
            return (), (f"alerts: {failed.reason}{hint}",)
        return raised, (f"alerts: {more} more; alert_match chooses among them",) if more else ()

    def _came(self, replies: Replies) -> float:
        """When the last answer came, estate seconds; now, where none did."""
        return max((each.at for each in replies.by_expr.values() if each.at is not None), default=self._clock.now())

    def _observed(self, component: ComponentId, replies: Replies, at: Callable[[Answer], float]) -> Observed:
        asked = ((query, replies.by_expr[query.expr]) for query in self._of(component))
        return Observed(
            component,
            tuple(
                Signal(query.signal, answer.value, query.unit, at(answer), self.name, answer.note)
                for query, answer in asked
            ),
        )


_NOTHING = Query("", "", "vector(1)", Unit.NONE)


def _components(queries: tuple[Query, ...]) -> tuple[ComponentId, ...]:
    return tuple(dict.fromkeys(query.component for query in queries))


def _row(query: Query, answer: Answer) -> tuple[str, ...]:
    value = "?" if answer.value is None else f"{answer.value:.6g}"
    return query.signal, value, query.unit, query.expr, answer.note


def _common_failure(replies: Replies) -> Failed | None:
    """Why nothing at all was answered, by its commonest kind; None when at least one question got through.

    A refused query (400, 422) got through: the server is there, and the query is what is wrong. Of several failures of
    that kind it is the one that asks for the longest wait.
    """
    answers = replies.by_expr.values()
    failed = [answer.failed for answer in answers if answer.failed and not isinstance(answer.failed, BadQuery)]
    if not failed or len(failed) < len(answers):
        return None
    kind = Counter(failure.kind for failure in failed).most_common(1)[0][0]
    return max((each for each in failed if each.kind is kind), key=lambda each: each.retry_after or 0.0)


def _problems(queries: tuple[Query, ...], replies: Replies) -> tuple[str, ...]:
    """A line for each reason: the first query that it struck, and how many more."""
    struck: dict[str, list[Query]] = {}
    for query in queries:
        failed = replies.by_expr[query.expr].failed
        if failed is not None:
            struck.setdefault(failed.reason, []).append(query)
    return tuple(
        f"{first.component} {first.signal}{f' and {len(rest)} more' if rest else ''}: {reason}"
        for reason, (first, *rest) in struck.items()
    )
