"""Prometheus's HTTP API v1 over the store and the engine, and the few pages around it that clients ask for.

See https://prometheus.io/docs/prometheus/latest/querying/api/.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from connectors.simulator.prometheus.answers import Handler, answer
from connectors.simulator.prometheus.compile import series_selector
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.exposition import CONTENT_TYPE, exposition, kinds
from connectors.simulator.prometheus.functions import LABEL_NAME
from connectors.simulator.prometheus.labels import Labels, label
from connectors.simulator.prometheus.parameters import Parameters
from connectors.simulator.prometheus.series import Series
from connectors.simulator.prometheus.values import BadQueryError

VERSION = "2.42.0"  # the version whose semantics the tests compare


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
            *(web.get(path, self.healthy) for path in ("/", "/-/healthy", "/-/ready")),
            web.get("/metrics", self.metrics),
            *both(f"{v1}/query", self.query),
            *both(f"{v1}/query_range", self.query_range),
            *both(f"{v1}/series", self.series),
            *both(f"{v1}/labels", self.labels),
            web.get(f"{v1}/label/{{name}}/values", self.label_values),
            web.get(f"{v1}/metadata", self.metadata),
            web.get(f"{v1}/targets", self.targets),
            web.get(f"{v1}/status/buildinfo", self.buildinfo),
        ]

    async def healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="Prometheus Server is Healthy.\n")

    async def metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=exposition(self._store.latest).encode(), headers={"Content-Type": CONTENT_TYPE})

    async def query(self, request: web.Request) -> web.Response:
        given, _ = await parameters(request)
        return answer(self._engine.instant(given.text("query"), given.time("time", self._now())))

    async def query_range(self, request: web.Request) -> web.Response:
        given, _ = await parameters(request)
        return answer(self._engine.over_range(given.text("query"), given.span()))

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

    async def metadata(self, request: web.Request) -> web.Response:
        wanted = request.query.get("metric")
        found = kinds(self._store.latest)
        return answer(
            {
                name: [{"type": kind, "help": "", "unit": ""}]
                for name, kind in found.items()
                if wanted in (None, "", name)
            }
        )

    async def targets(self, request: web.Request) -> web.Response:
        ups = (sample for sample in self._store.latest if sample.name == "up")
        active = [target(sample.labels, sample.value == 1) for sample in ups]
        return answer({"activeTargets": active, "droppedTargets": []})

    async def buildinfo(self, request: web.Request) -> web.Response:
        info = {"branch": "simulated", "buildDate": "", "buildUser": "seawall", "goVersion": "", "revision": ""}
        return answer({"version": VERSION, **info})

    def _now(self) -> float:
        return self._clock.wall(self._clock.now())

    def _labels(self, given: Parameters, selectors: Iterable[str]) -> list[Labels]:
        """The label sets that match any selector (all, without one) and have samples between start and end."""
        start = round(self._clock.sim(given.time("start", 0.0)) * 1000)
        end = round(self._clock.sim(given.time("end", self._now())) * 1000)
        chosen: dict[Series, None] = {}
        for matchers in [series_selector(text) for text in selectors] or [()]:
            chosen.update(dict.fromkeys(self._store.select(matchers)))
        return sorted(series.labels for series in chosen if series.overlaps(start, end))


def both(path: str, handler: Handler) -> list[web.AbstractRouteDef]:
    """By GET, and by POST with a form for queries that are too long for a URL."""
    return [web.get(path, handler), web.post(path, handler)]


def target(labels: Labels, up: bool) -> dict[str, Any]:
    job = label(labels, "job")
    return {
        "discoveredLabels": dict(labels),
        "labels": dict(labels),
        "scrapePool": job,
        "scrapeUrl": "",
        "globalUrl": "",
        "lastError": "" if up else "the simulated target is down",
        "lastScrape": "0001-01-01T00:00:00Z",
        "lastScrapeDuration": 0,
        "health": "up" if up else "down",
        "scrapeInterval": "5s",
        "scrapeTimeout": "5s",
    }
