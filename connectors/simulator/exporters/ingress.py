"""ingress-nginx's controller (https://kubernetes.github.io/ingress-nginx/user-guide/monitoring/)."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.simulator.exporters.application import histogram
from connectors.simulator.exporters.cluster import Cluster
from connectors.simulator.exporters.target import Target
from connectors.simulator.tick import Sample, Tick

STATUSES = ("200", "429", "500", "503", "504")
CONTROLLER = {
    "controller_class": "k8s.io/ingress-nginx",
    "controller_namespace": "ingress-nginx",
    "controller_pod": "ingress-nginx-controller-0",
}
BYTES = 8192.0  # of an answer, on average
SIZES = (10, 100, 1000, 10_000, 100_000, 1_000_000)
CERTIFICATE = 60 * 86_400.0  # seconds from the opening until it expires


def ingress(target: Target, tick: Tick, cluster: Cluster) -> Iterator[Sample]:
    """Requests by status, the time to answer, bytes, connections and the controller's own state."""
    name = cluster.namespace
    where = {
        "canary": "",
        "host": f"{name}.example",
        "ingress": name,
        "namespace": name,
        "path": "/",
        "service": cluster.gateway,
        **CONTROLLER,
    }
    total = sum(tick.counters[f"gateway.{status}"] for status in STATUSES)
    for status in STATUSES:
        count = tick.counters[f"gateway.{status}"]
        yield target.counter("nginx_ingress_controller_requests", count, method="GET", status=status, **where)
    seconds = "nginx_ingress_controller_request_duration_seconds"
    yield from histogram(target, seconds, "gateway", tick.counters, method="GET", **where)
    yield from sizes(target, "nginx_ingress_controller_bytes_sent", total, **where)
    yield from process(target, tick, cluster, total)


def sizes(target: Target, metric: str, total: float, /, **labels: str) -> Iterator[Sample]:
    """A histogram of answers that are all of one size."""
    for bound in (*SIZES, None):
        within = total if bound is None or bound >= BYTES else 0.0
        le = "+Inf" if bound is None else f"{bound:g}"
        yield target.histogram(f"{metric}_bucket", within, le=le, method="GET", status="200", **labels)
    yield target.histogram(f"{metric}_sum", total * BYTES, method="GET", status="200", **labels)
    yield target.histogram(f"{metric}_count", total, method="GET", status="200", **labels)


def process(target: Target, tick: Tick, cluster: Cluster, total: float) -> Iterator[Sample]:
    waiting = sum(tick.gauges.get(f"{front}.queue", 0.0) for front in cluster.fronts)
    active = waiting + tick.gauges["gateway.offered"] * 0.05
    for state, share in (("active", 1.0), ("reading", 0.0), ("waiting", 0.2), ("writing", 0.8)):
        connections = round(active * share)
        name = "nginx_ingress_controller_nginx_process_connections"
        yield target.gauge(name, connections, state=state, **CONTROLLER)
    for state in ("accepted", "handled"):
        name = "nginx_ingress_controller_nginx_process_connections_total"
        yield target.counter(name, total, state=state, **CONTROLLER)
    yield target.counter("nginx_ingress_controller_nginx_process_requests_total", total, **CONTROLLER)
    cpu = tick.counters.get(f"{cluster.gateway}.cpu", 0.0)
    yield target.counter("nginx_ingress_controller_nginx_process_cpu_seconds_total", cpu, **CONTROLLER)
    memory = tick.usage_of(cluster.gateway).memory
    yield target.gauge("nginx_ingress_controller_nginx_process_resident_memory_bytes", memory, **CONTROLLER)
    yield target.gauge("nginx_ingress_controller_config_last_reload_successful", 1, **CONTROLLER)
    host = f"{cluster.namespace}.example"
    expires = cluster.opened + CERTIFICATE
    yield target.gauge("nginx_ingress_controller_ssl_expire_time_seconds", expires, host=host, **CONTROLLER)
