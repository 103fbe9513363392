"""Prometheus's HTTP API v1 over the store and the engine: queries, series and their labels.

See https://prometheus.io/docs/prometheus/latest/querying/api/.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from aiohttp import web

from connectors.simulator.prometheus.answers import Handler, answer
from connectors.simulator.prometheus.compile import compiled, prettified, series_selector
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.functions import LABEL_NAME
from connectors.simulator.prometheus.labels import Labels, label
from connectors.simulator.prometheus.parameters import Parameters
from connectors.simulator.prometheus.series import Series
from connectors.simulator.prometheus.values import BadQueryError, Query, TimeoutQueryError

INSTANT = 0.000_1  # wall seconds that the quickest query takes
TURN = 0.02  # wall seconds between two looks at who else wants to be served


async def parameters(request: web.Request) -> tuple[Parameters, list[str]]:
    """The parameters of a GET or of a POSTed form, and the values of ``match[]``."""
    values = list(request.query.items())
    if request.method == "POST":
        try:
            form = await request.post()
        except (LookupError, ValueError) as error:  # a charset that does not exist, or bytes that are not in it
            raise BadQueryError(f"error parsing form values: {error}") from None
        values = [(key, value) for key, value in form.items() if isinstance(value, str)] + values
    first = dict(reversed(values))  # the form's value wins over the URL's
    return Parameters(first), [value for key, value in values if key == "match[]"]


class Api:
    """The handlers. They only read."""

    def __init__(self, engine: Engine) -> None:
        self._store = engine.store
        self._clock = engine.clock
        self._engine = engine

    def routes(self) -> list[web.AbstractRouteDef]:
        v1 = "/api/v1"
        return [
            *both(f"{v1}/query", self.query),
            *both(f"{v1}/query_range", self.query_range),
            *both(f"{v1}/query_exemplars", self.exemplars),
            *both(f"{v1}/format_query", self.format_query),
            *both(f"{v1}/series", self.series),
            *both(f"{v1}/labels", self.labels),
            web.get(f"{v1}/label/{{name}}/values", self.label_values, allow_head=False),
        ]

    async def query(self, request: web.Request) -> web.Response:
        given, _ = await parameters(request)
        wall = given.time("time", self._now())
        if given.timeout() < INSTANT:
            raise TimeoutQueryError("query timed out in query queue")
        with named("query"):
            return answer(self._engine.instant(expression(given), wall))

    async def query_range(self, request: web.Request) -> web.Response:
        given, _ = await parameters(request)
        span, loop = given.span(), asyncio.get_running_loop()
        deadline, turn = loop.time() + given.timeout(), loop.time()
        with named("query"):
            for found in self._engine.points(expression(given), span):
                if found is not None:
                    return answer(found)
                now = loop.time()
                if now > deadline:
                    raise TimeoutQueryError("query timed out in expression evaluation")
                if now > turn:
                    await asyncio.sleep(0)
                    turn = loop.time() + TURN
        raise AssertionError("a range ends with its answer")

    async def exemplars(self, request: web.Request) -> web.Response:
        """There are none; the query is checked all the same."""
        given, _ = await parameters(request)
        compiled(expression(given))
        return answer([])

    async def format_query(self, request: web.Request) -> web.Response:
        given, _ = await parameters(request)
        with named("query"):
            return answer(prettified(expression(given)))

    async def series(self, request: web.Request) -> web.Response:
        given, selectors = await parameters(request)
        if not selectors:
            raise BadQueryError("no match[] parameter provided")
        return answer([dict(labels) for labels in self._labels(given, selectors)])

    async def labels(self, request: web.Request) -> web.Response:
        given, selectors = await parameters(request)
        return answer(sorted({name for labels in self._labels(given, selectors) for name, _ in labels}))

    async def label_values(self, request: web.Request) -> web.Response:
        given, selectors = await parameters(request)
        name = request.match_info["name"]
        if not LABEL_NAME.fullmatch(name):
            raise BadQueryError(f'invalid label name: "{name}"')
        return answer(sorted({label(labels, name) for labels in self._labels(given, selectors)} - {""}))

    def _now(self) -> float:
        return self._clock.wall(self._clock.now())

    def _labels(self, given: Parameters, selectors: Iterable[str]) -> list[Labels]:
        """The label sets that match any selector (all, without one) and have samples between start and end."""
        start = round(self._clock.sim(given.time("start", 0.0)) * 1000)
        end = round(self._clock.sim(given.time("end", self._now())) * 1000)
        chosen: dict[Series, None] = {}
        check = Query(self._store, self._clock, start, end).check
        for matchers in [series_selector(text) for text in selectors] or [()]:
            chosen.update(dict.fromkeys(self._store.select(matchers, check)))
        return sorted(series.labels for series in chosen if series.overlaps(start, end))


def both(path: str, handler: Handler) -> list[web.AbstractRouteDef]:
    """By GET, and by POST with a form for queries that are too long for a URL."""
    return [web.get(path, handler, allow_head=False), web.post(path, handler)]


def expression(given: Parameters) -> str:
    return given.text("query")


@contextmanager
def named(parameter: str) -> Iterator[None]:
    """An expression that cannot be read is told with its parameter's name."""
    try:
        yield
    except BadQueryError as error:
        if not str(error).startswith("parse error"):
            raise
        raise Parameters.invalid(parameter, str(error)) from None
