"""What Prometheus says of itself: health, build, flags, configuration, and what its database holds.

Pages that it keeps shut unless they are asked for at its start (admin, lifecycle) are shut here too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from connectors.simulator.prometheus.answers import answer, plain, refusal, stamp
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.labels import NAME, label
from connectors.simulator.prometheus.series import LOOKBACK
from connectors.simulator.prometheus.store import RETENTION

VERSION = "2.42.0"  # the version whose semantics the tests compare
TOP = 10  # rows of each table of the database's statistics
FLAGS = {
    "config.file": "/etc/prometheus/prometheus.yml",
    "enable-feature": "",
    "log.format": "logfmt",
    "log.level": "info",
    "query.lookback-delta": f"{LOOKBACK // 60_000}m",
    "query.max-concurrency": "20",
    "query.max-samples": "50000000",
    "query.timeout": "2m",
    "rules.alert.for-grace-period": "10m",
    "rules.alert.for-outage-tolerance": "1h",
    "rules.alert.resend-delay": "1m",
    "storage.tsdb.path": "data/",
    "storage.tsdb.retention.time": f"{RETENTION // 3_600_000}h",
    "web.cors.origin": ".*",
    "web.enable-admin-api": "false",
    "web.enable-lifecycle": "false",
    "web.enable-remote-write-receiver": "false",
    "web.max-connections": "512",
    "web.read-timeout": "5m",
    "web.route-prefix": "/",
}
Rows = list[dict[str, Any]]


class StatusApi:
    """The handlers. They only read."""

    def __init__(self, engine: Engine) -> None:
        self._store = engine.store
        self._clock = engine.clock

    def routes(self) -> list[web.AbstractRouteDef]:
        status = "/api/v1/status"
        pages = {
            "buildinfo": self.buildinfo,
            "config": self.config,
            "flags": self.flags,
            "runtimeinfo": self.runtimeinfo,
            "tsdb": self.tsdb,
            "walreplay": self.walreplay,
        }
        return [
            *(web.get(path, self.healthy) for path in ("/", "/-/healthy")),
            web.get("/-/ready", self.ready),
            *(web.post(f"/-/{what}", self.shut) for what in ("reload", "quit")),
            *(web.get(f"{status}/{name}", page, allow_head=False) for name, page in pages.items()),
            web.get("/api/v1/alertmanagers", self.alertmanagers, allow_head=False),
            web.post("/api/v1/admin/tsdb/{what}", self.no_admin),
        ]

    async def healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="Prometheus Server is Healthy.\n")

    async def ready(self, request: web.Request) -> web.Response:
        return web.Response(text="Prometheus Server is Ready.\n")

    async def shut(self, request: web.Request) -> web.Response:
        return plain(403, "Lifecycle API is not enabled.")

    async def no_admin(self, request: web.Request) -> web.Response:
        return refusal(500, "unavailable", "admin APIs disabled")

    async def buildinfo(self, request: web.Request) -> web.Response:
        info = {"branch": "simulated", "buildDate": "", "buildUser": "seawall", "goVersion": "", "revision": ""}
        return answer({"version": VERSION, **info})

    async def config(self, request: web.Request) -> web.Response:
        jobs = dict.fromkeys(label(sample.labels, "job") for sample in self._store.latest if sample.name == "up")
        config = {
            "global": {"scrape_interval": "5s", "evaluation_interval": "15s"},
            "rule_files": ["rules.toml"],
            "scrape_configs": [{"job_name": job} for job in jobs],
        }
        return answer({"yaml": json.dumps(config, indent=2)})  # JSON is YAML too

    async def flags(self, request: web.Request) -> web.Response:
        return answer(FLAGS)

    async def runtimeinfo(self, request: web.Request) -> web.Response:
        opened = stamp(self._clock.wall(0.0))
        return answer(
            {
                "startTime": opened,
                "CWD": "/prometheus",
                "reloadConfigSuccess": True,
                "lastConfigTime": opened,
                "corruptionCount": 0,
                "goroutineCount": 30,
                "GOMAXPROCS": 2,
                "GOGC": "",
                "GODEBUG": "",
                "storageRetention": FLAGS["storage.tsdb.retention.time"],
            }
        )

    async def tsdb(self, request: web.Request) -> web.Response:
        series = self._store.select(())
        pairs = Counter(pair for one in series for pair in one.labels)
        names = Counter(name for name, _ in pairs)
        sizes: Counter[str] = Counter()
        for name, value in pairs:
            sizes[name] += len(value)
        first, last = self._store.bounds()
        head = {
            "numSeries": len(series),
            "numLabelPairs": len(pairs),
            "chunkCount": len(series),
            "minTime": self._wall_ms(first),
            "maxTime": self._wall_ms(last),
        }
        return answer(
            {
                "headStats": head,
                "seriesCountByMetricName": top((value, n) for (name, value), n in pairs.items() if name == NAME),
                "labelValueCountByLabelName": top(names.items()),
                "memoryInBytesByLabelName": top(sizes.items()),
                "seriesCountByLabelValuePair": top((f"{name}={value}", n) for (name, value), n in pairs.items()),
            }
        )

    async def walreplay(self, request: web.Request) -> web.Response:
        return answer({"min": 0, "max": 0, "current": 0})

    async def alertmanagers(self, request: web.Request) -> web.Response:
        return answer({"activeAlertmanagers": [], "droppedAlertmanagers": []})

    def _wall_ms(self, t: int) -> int:
        return round(self._clock.wall(t / 1000) * 1000)


def top(counts: Iterable[tuple[str, int]]) -> Rows:
    """The largest, largest first."""
    ordered = sorted(counts, key=lambda item: (-item[1], item[0]))
    return [{"name": name, "value": value} for name, value in ordered[:TOP]]
