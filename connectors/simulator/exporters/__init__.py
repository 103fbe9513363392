"""The estate under the names of the well-known exporters, so that ordinary dashboards and presets read it.

One module an exporter. Each yields the samples of a target; what Prometheus itself adds about a scrape (``up`` and its
like) is added here. A target that is down shows nothing but that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.simulator.exporters.application import application, third_parties
from connectors.simulator.exporters.blackbox import dns, http
from connectors.simulator.exporters.cadvisor import Kubelets, detailed, sums
from connectors.simulator.exporters.cluster import RESOURCES, Budget, Cluster, Node, Pod
from connectors.simulator.exporters.database import servers
from connectors.simulator.exporters.ingress import ingress
from connectors.simulator.exporters.kafka import kafka
from connectors.simulator.exporters.ledger import Ledger
from connectors.simulator.exporters.node import cluster_machine, database_machine, machine_samples
from connectors.simulator.exporters.postgres import postgres
from connectors.simulator.exporters.redis import redis
from connectors.simulator.exporters.state import state
from connectors.simulator.exporters.target import Target
from connectors.simulator.tick import Sample, Tick

__all__ = ["RESOURCES", "Budget", "Cluster", "Node", "Pod", "Scraper", "Target", "samples"]

Scrape = tuple[Target, Iterable[Sample]]
SLOWEST, A_SAMPLE = 0.002, 0.000_002  # seconds of a scrape, and more of them for each sample


class Scraper:
    """Scrapes all targets, second after second: it keeps the counters that neither the model nor a wire keeps."""

    def __init__(self) -> None:
        self._ledger = Ledger()
        self._kubelets = Kubelets(self._ledger)

    def samples(self, tick: Tick, cluster: Cluster) -> Iterator[Sample]:
        """Every exported series at one second; the seconds must not go back."""
        self._ledger.turn(tick.t)
        for target, found in self._scrapes(tick, cluster):
            up = target.job not in cluster.down
            shown = tuple(found) if up else ()
            yield from shown
            yield from about(target, up, len(shown))

    def _scrapes(self, tick: Tick, cluster: Cluster) -> Iterator[Scrape]:
        namespace, stores = cluster.namespace, servers(cluster.shards)
        parties = third_parties(tick.counters)
        yield from (
            (own := Target(namespace, f"{namespace}:8000"), application(own, tick, parties, stores)),
            (probe := Target("blackbox-dns", f"{namespace}.example"), dns(probe, tick)),
            (page := Target("blackbox-http", f"https://{namespace}.example"), http(page, tick, cluster)),
            (nginx := Target("ingress-nginx", "ingress:10254"), ingress(nginx, tick, cluster)),
            (kube := Target("kube-state-metrics", "kube-state-metrics:8080"), state(kube, cluster)),
            (brokers := Target("kafka-exporter", "kafka:9308"), kafka(brokers, tick, cluster)),
            (cache := Target("redis-exporter", "redis:6379"), redis(cache, tick, cluster)),
        )
        for server in stores:
            target = Target("postgres-exporter", f"{server.machine}:9187")
            yield target, postgres(target, server, tick, cluster)
        yield from self._containers(tick, cluster)
        yield from self._machines(tick, cluster)

    def _containers(self, tick: Tick, cluster: Cluster) -> Iterator[Scrape]:
        if not detailed(cluster):
            target = Target("cadvisor", "kubelet:10250")
            yield target, sums(target, tick, cluster)
            return
        shares = self._kubelets.shares(tick, cluster)
        for node in dict.fromkeys(pod.node for pod in cluster.pods if pod.node):
            target = Target("cadvisor", f"{node}:10250")
            yield target, self._kubelets.node(target, tick, cluster, node, shares)

    def _machines(self, tick: Tick, cluster: Cluster) -> Iterator[Scrape]:
        for server in servers(cluster.shards):
            target = Target("node-exporter", f"{server.machine}:9100")
            yield target, machine_samples(target, database_machine(server, tick), cluster)
        for node in cluster.nodes:
            target = Target("node-exporter", f"{node.name}:9100")
            machine = cluster_machine(node, tick, cluster, self._ledger)
            yield target, machine_samples(target, machine, cluster)


def samples(tick: Tick, cluster: Cluster) -> Iterator[Sample]:
    """One scrape by itself, without the counters that grow from scrape to scrape."""
    return Scraper().samples(tick, cluster)


def about(target: Target, up: bool, count: int) -> Iterator[Sample]:
    """What Prometheus adds to each scrape."""
    yield target.gauge("up", up)
    yield target.gauge("scrape_duration_seconds", SLOWEST + A_SAMPLE * count)
    yield target.gauge("scrape_samples_scraped", count)
    yield target.gauge("scrape_samples_post_metric_relabeling", count)
