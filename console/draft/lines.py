"""The lines of the topology that a cluster's workloads, groups and exporters suggest, each with its reason. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count

from connectors.discovery import Workload
from connectors.presets import preset_named, presets
from console.model.component import ComponentId, name_of

MOST = 40  # lines; a topology with more is not read in a crisis
LONGEST = 60  # characters of an alias
PER_WORKLOAD = "cadvisor"
OF_WORKLOAD = ("ready", "desired", "cpu", "memory_ratio")  # what a line shows
OF_GROUP = ("lag", "produced", "consumed", "members")
OF_CACHE = ("hit_rate", "memory", "ops", "evictions")
_ROWS = (
    "dns", "cdn", "gateway", "web", "api", "queue", "dead letters", "workers", "cache", "database", "object storage",
    "third parties", "nodes",
)  # fmt: skip
_LAYERS = (
    ("gateway", r"ingress|gateway|nginx|envoy|traefik|haproxy|edge|proxy|istio"),
    ("cache", r"redis|valkey|keydb|memcached|dragonfly"),
    ("queue", r"kafka|rabbitmq|redpanda|nats|pulsar"),
    ("database", r"postgres|mysql|mariadb|mongo|pgbouncer|cockroach|database|\bdb\b"),
    ("workers", r"worker|consumer|processor|celery|sidekiq|batch|cron"),
    ("web", r"\bweb\b|frontend|front-end|\bui\b|\bspa\b"),
)
_MACHINERY = re.compile(
    r"prometheus|grafana|alertmanager|operator|exporter|kube-state-metrics|cert-manager|coredns|metrics-server|argocd"
)
_OF_THE_CLUSTER = re.compile(r"kube-.*|.*-system|monitoring|observability|argocd|cert-manager|istio-.*")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?=\{)")
_BY_WORKLOAD = ("cadvisor", "kube-state-metrics", "kube-state-metrics-hpa")
_SAYS_ITSELF = {"redis-exporter": "redis", "kafka-exporter": "kafka"}  # where the system is asked directly


@dataclass(frozen=True, slots=True)
class Line:
    """One ``[[components]]``; ``why`` is its comment."""

    alias: str
    layer: str
    id: ComponentId
    why: str
    also: tuple[ComponentId, ...] = ()
    preset: str = ""
    match: str = ""
    show: tuple[str, ...] = ()


def layer_of(name: str, images: Iterable[str] = ()) -> tuple[str, str]:
    """The layer of something with this name, and why; ``api`` for what says nothing of itself."""
    for text, kind in ((name, "name"), *((image, "image") for image in images)):
        for layer, words in _LAYERS:
            found = re.search(words, text.rsplit("/", 1)[-1])
            if found:
                return layer, f"its {kind} has '{found[0]}'"
    return "api", "nothing in its name says otherwise"


def of_workloads(workloads: Iterable[Workload], chosen: tuple[str, ...], metrics: frozenset[str]) -> Iterator[Line]:
    """A line each, but for the cluster's own machinery; ``chosen`` namespaces are taken whole."""
    ready = PER_WORKLOAD in fitting(metrics)
    for each in workloads:
        if not chosen and (_OF_THE_CLUSTER.fullmatch(each.namespace) or _MACHINERY.search(each.name)):
            continue
        layer, why = layer_of(each.name, each.images)
        also = (f"kubernetes/hpa/{each.namespace}/{each.autoscaler}",) if each.autoscaler else ()
        container = each.containers[0] if each.containers else each.name
        yield Line(
            each.name,
            layer,
            f"kubernetes/{each.kind}/{each.namespace}/{each.name}",
            why,
            (*also, f"prometheus/{each.name}") if ready else also,
            PER_WORKLOAD if ready else "",
            f'namespace="{each.namespace}",pod=~"{each.name}-.*",container="{container}"' if ready else "",
            OF_WORKLOAD if ready else (),
        )


def of_groups(components: Iterable[ComponentId]) -> Iterator[Line]:
    """Consumer groups, and the topics that the Kafka connector shows because they look like dead letters."""
    for each in components:
        if each == "kafka/cluster":
            yield Line("kafka", "queue", each, "the Kafka cluster itself")
        elif "/group/" in each:
            yield Line(name_of(each), "queue", each, "a consumer group of the Kafka cluster", show=OF_GROUP)
        elif "/topic/" in each:
            yield Line(name_of(each), "dead letters", each, "a topic that dead_letters names")


def of_exporters(metrics: frozenset[str], systems: tuple[str, ...]) -> Iterator[Line]:
    """A line for each exporter that Prometheus scrapes and that no system in ``systems`` says better itself."""
    for name in fitting(metrics):
        if name.startswith(_BY_WORKLOAD) or _SAYS_ITSELF.get(name) in systems:
            continue
        ready = preset_named(name)
        yield Line(name, ready.layer, f"prometheus/{name}", f"Prometheus has the metrics of {ready.title}", preset=name)


def fitting(metrics: frozenset[str]) -> tuple[str, ...]:
    """The presets of which Prometheus has at least half of the signals."""
    return tuple(name for name in presets() if _share(name, metrics) >= 0.5)


def _share(preset: str, metrics: frozenset[str]) -> float:
    signals = preset_named(preset).signals.values()
    known = sum(set(_METRIC.findall(each.query)) <= metrics for each in signals)
    return known / len(signals) if signals else 0.0


def arranged(lines: Iterable[Line]) -> tuple[tuple[Line, ...], int]:
    """Top to bottom with an alias of its own each, and how many were left out beyond ``MOST``."""
    ordered = sorted(lines, key=lambda line: _ROWS.index(line.layer) if line.layer in _ROWS else _ROWS.index("api"))
    taken: set[str] = set()
    named = []
    for line in ordered[:MOST]:
        alias = _free(re.sub(r"[./\s]", "-", line.alias)[:LONGEST], taken)
        taken.add(alias)
        named.append(replace(line, alias=alias))
    return tuple(named), max(0, len(ordered) - MOST)


def _free(alias: str, taken: set[str]) -> str:
    others = (f"{alias}-{number}" for number in count(2))
    return next(each for each in chain((alias,), others) if each not in taken)
