"""What is scraped: targets, the metadata of their metrics, and the samples themselves as text.

A target is whatever has an ``up`` series in the latest scrape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiohttp import web

from connectors.simulator.prometheus.answers import NEVER, answer, stamp
from connectors.simulator.prometheus.api import named, parameters
from connectors.simulator.prometheus.compile import series_selector
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.exposition import CONTENT_TYPE, OPENMETRICS, exposition, families, federated
from connectors.simulator.prometheus.labels import Labels, label
from connectors.simulator.prometheus.parameters import Parameters
from connectors.simulator.prometheus.store import SCRAPES
from connectors.simulator.prometheus.values import Query
from connectors.simulator.tick import Sample

Json = dict[str, Any]
INTERVAL = "5s"


class TargetsApi:
    """The handlers. They only read."""

    def __init__(self, engine: Engine) -> None:
        self._store = engine.store
        self._clock = engine.clock

    def routes(self) -> list[web.AbstractRouteDef]:
        v1 = "/api/v1"
        return [
            web.get("/metrics", self.metrics, allow_head=False),
            web.get("/federate", self.federate, allow_head=False),
            web.get(f"{v1}/metadata", self.metadata, allow_head=False),
            web.get(f"{v1}/targets", self.targets, allow_head=False),
            web.get(f"{v1}/targets/metadata", self.targets_metadata, allow_head=False),
        ]

    async def metrics(self, request: web.Request) -> web.Response:
        """The latest scrape, so that a real Prometheus can scrape the simulated one."""
        openly = "application/openmetrics-text" in request.headers.get("Accept", "")
        text = exposition(self._store.latest, openly)
        kind = OPENMETRICS if openly else CONTENT_TYPE
        return web.Response(body=text.encode(), headers={"Content-Type": kind})

    async def federate(self, request: web.Request) -> web.Response:
        """The newest sample of each series that is selected, with its time."""
        _, selectors = await parameters(request)
        now = round(self._clock.now() * 1000)
        check = Query(self._store, self._clock, now, now).check
        chosen = {one: None for text in selectors for one in self._store.select(series_selector(text), check)}
        found = ((series.labels, series.at(now)) for series in chosen)
        rows = [(labels, self._wall_ms(sample[0]), sample[1]) for labels, sample in found if sample is not None]
        return web.Response(body=federated(sorted(rows)).encode(), headers={"Content-Type": CONTENT_TYPE})

    async def metadata(self, request: web.Request) -> web.Response:
        given = Parameters(request.query)
        wanted, limit = given.text("metric"), given.limit()
        found = {f.name: f for f in families(self._store.latest) if wanted in ("", f.name)}
        rows = [(name, [{"type": f.kind, "help": f.help, "unit": ""}]) for name, f in found.items()]
        return answer(dict(rows if limit < 0 else rows[:limit]))

    async def targets(self, request: web.Request) -> web.Response:
        state = request.query.get("state", "any").lower()
        active = list(map(self._target, self._ups())) if state in ("any", "active") else []
        return answer({"activeTargets": active, "droppedTargets": []})

    async def targets_metadata(self, request: web.Request) -> web.Response:
        """Of each metric of each target; ``limit`` counts targets, as in Prometheus."""
        given = Parameters(request.query)
        limit, metric = given.limit(), given.text("metric")
        with named("match_target"):
            matchers = series_selector(given.text("match_target") or "{job!=''}")
        chosen = [up for up in self._ups() if all(matcher.holds(up.labels) for matcher in matchers)]
        rows = [row for up in (chosen if limit < 0 else chosen[:limit]) for row in self._metadata_of(up, metric)]
        return answer(rows)

    def _metadata_of(self, up: Sample, metric: str) -> Iterator[Json]:
        where = set(up.labels)
        own = (sample for sample in self._store.latest if where <= set(sample.labels))
        for f in families(own):
            if metric in ("", f.name):
                name = {} if metric else {"metric": f.name}
                yield {"target": dict(up.labels), **name, "type": f.kind, "help": f.help, "unit": ""}

    def _ups(self) -> list[Sample]:
        return [sample for sample in self._store.latest if sample.name == "up"]

    def _target(self, up: Sample) -> Json:
        job, instance, healthy = label(up.labels, "job"), label(up.labels, "instance"), up.value == 1
        url = f"http://{instance}/metrics" if "://" not in instance else f"http://blackbox:9115/probe?target={instance}"
        last = self._store.last(SCRAPES)
        return {
            "discoveredLabels": discovered(job, instance),
            "labels": dict(up.labels),
            "scrapePool": job,
            "scrapeUrl": url,
            "globalUrl": url,
            "lastError": "" if healthy else f'Get "{url}": dial tcp: connect: connection refused',
            "lastScrape": NEVER if last is None else stamp(self._clock.wall(last / 1000)),
            "lastScrapeDuration": self._duration(up.labels),
            "health": "up" if healthy else "down",
            "scrapeInterval": INTERVAL,
            "scrapeTimeout": INTERVAL,
        }

    def _duration(self, where: Labels) -> float:
        """Seconds, as the scrape itself says."""
        told = (s.value for s in self._store.latest if s.name == "scrape_duration_seconds" and s.labels == where)
        return next(told, 0.0)

    def _wall_ms(self, t: int) -> int:
        return round(self._clock.wall(t / 1000) * 1000)


def discovered(job: str, instance: str) -> Json:
    return {
        "__address__": instance,
        "__metrics_path__": "/metrics",
        "__scheme__": "http",
        "__scrape_interval__": INTERVAL,
        "__scrape_timeout__": INTERVAL,
        "job": job,
    }
