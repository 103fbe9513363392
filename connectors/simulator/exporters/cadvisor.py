"""cAdvisor, as the kubelets serve it: what containers use, pod by pod.

The model says what a ready pod of a workload uses on average; the CPU seconds that a workload has spent are shared out
among its ready pods from scrape to scrape, so that the pods' rates sum to the workload's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from connectors.simulator.exporters.cluster import LIMITS, REQUESTS, Cluster, Pod
from connectors.simulator.exporters.ledger import Ledger
from connectors.simulator.exporters.state import DETAILED
from connectors.simulator.exporters.target import Target
from connectors.simulator.tick import Sample, Tick

PERIODS = 10.0  # a second; the kernel's CFS period is 100 ms
CACHED = 24 * 2**20  # bytes of a container's page cache, part of its usage and not of its working set's core
NETWORK = {"interface": "eth0"}
REQUEST_BYTES = 4096.0  # that a gateway or API pod receives a request


def sums(target: Target, tick: Tick, cluster: Cluster) -> Iterator[Sample]:
    """One series a workload, where pods are not known or too many to tell apart."""
    for name in cluster.resources:
        ready = cluster.deployments[name].ready if name in cluster.deployments else 0
        where = {"container": name, "namespace": cluster.namespace, "pod": f"{name}-all"}
        yield target.counter("container_cpu_usage_seconds_total", tick.counters.get(f"{name}.cpu", 0.0), **where)
        yield target.gauge("container_memory_working_set_bytes", tick.usage_of(name).memory * ready, **where)
        yield target.counter("container_cpu_cfs_periods_total", tick.t * PERIODS, **where)
        yield target.counter("container_cpu_cfs_throttled_periods_total", 0, **where)


def detailed(cluster: Cluster) -> bool:
    return 0 < len(cluster.pods) <= DETAILED


class Kubelets:
    """The pods' counters, kept from scrape to scrape. One target a node."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def shares(self, tick: Tick, cluster: Cluster) -> dict[str, float]:
        """CPU seconds that each ready pod of a workload has spent since the last scrape. Once a scrape."""
        ready = Counter(pod.workload for pod in cluster.pods if pod.ready)
        alive = {pod.name for pod in cluster.pods}
        for kind in ("cpu", "periods", "received"):
            self._ledger.keep(kind, alive)
        return {name: self._spent(name, tick, cluster) / count for name, count in ready.items()}

    def _spent(self, workload: str, tick: Tick, cluster: Cluster) -> float:
        """By all pods; where the model counts no seconds, by what it says they use now."""
        if f"{workload}.cpu" in tick.counters:
            return self._ledger.growth(workload, tick.counters[f"{workload}.cpu"])
        request = cluster.resources.get(workload, {}).get((REQUESTS, "cpu"), 0.0)
        ready = sum(pod.workload == workload and pod.ready for pod in cluster.pods)
        return tick.usage_of(workload).cpu * request * ready * self._ledger.elapsed

    def node(
        self, target: Target, tick: Tick, cluster: Cluster, node: str, shares: dict[str, float]
    ) -> Iterator[Sample]:
        """What the kubelet of one node shows."""
        for pod in cluster.pods:
            if pod.node == node and pod.phase == "Running":
                yield from self._pod(target, tick, cluster, pod, shares.get(pod.workload, 0.0) if pod.ready else 0.0)

    def _pod(self, target: Target, tick: Tick, cluster: Cluster, pod: Pod, spent: float) -> Iterator[Sample]:
        cpu = self._ledger.add(("cpu", pod.name), spent)
        outer = {"namespace": cluster.namespace, "pod": pod.name}
        cgroup = f"/kubepods/burstable/pod{pod.uid}"
        own = {
            **outer,
            "container": pod.workload,
            "id": f"{cgroup}/{pod.workload}",
            "image": pod.image,
            "name": pod.uid,
        }
        memory = self._memory(tick, pod)
        for labels in ({**outer, "container": "", "id": cgroup, "image": "", "name": ""}, own):
            yield target.counter("container_cpu_usage_seconds_total", cpu, cpu="total", **labels)
            yield target.gauge("container_memory_working_set_bytes", memory, **labels)
        yield from self._container(target, cluster, pod, memory, own)
        received = self._ledger.add(("received", pod.name), spent * REQUEST_BYTES * 500)
        yield target.counter("container_network_receive_bytes_total", received, **outer, **NETWORK)
        yield target.counter("container_network_transmit_bytes_total", received * 2.5, **outer, **NETWORK)

    def _container(
        self, target: Target, cluster: Cluster, pod: Pod, memory: float, own: dict[str, str]
    ) -> Iterator[Sample]:
        yield target.gauge("container_memory_usage_bytes", memory + CACHED, **own)
        yield target.gauge("container_memory_rss", memory, **own)
        periods = self._ledger.add(("periods", pod.name), self._ledger.elapsed * PERIODS)
        yield target.counter("container_cpu_cfs_periods_total", periods, **own)
        resources = cluster.resources.get(pod.workload, {})
        limits = resources.get((LIMITS, "cpu"), 0.0), resources.get((LIMITS, "memory"), 0.0)
        yield from unchanging(target, pod, tuple(own.items()), *limits)

    def _memory(self, tick: Tick, pod: Pod) -> float:
        """Bytes. The model knows the average of the ready pods; what one has leaked itself is told by its kubelet."""
        usage = tick.usage_of(pod.workload)
        base = usage.memory if pod.leaked is None else usage.memory - usage.leaked + pod.leaked
        return base if pod.ready else base * 0.5


@lru_cache(maxsize=8192)
def unchanging(
    target: Target, pod: Pod, labels: tuple[tuple[str, str], ...], cores: float, memory: float
) -> tuple[Sample, ...]:
    """What stays as it is while its pod does; made once."""
    own = dict(labels)
    killed = pod.restarts if pod.last_terminated == "OOMKilled" else 0
    return (
        target.gauge("container_memory_cache", CACHED, **own),
        target.gauge("container_spec_memory_limit_bytes", memory, **own),
        target.gauge("container_spec_cpu_period", 100_000, **own),
        target.gauge("container_spec_cpu_quota", cores * 100_000, **own),
        target.counter("container_cpu_cfs_throttled_periods_total", 0, **own),
        target.counter("container_cpu_cfs_throttled_seconds_total", 0, **own),
        target.counter("container_oom_events_total", killed, **own),
        target.gauge("container_start_time_seconds", pod.created, **own),
    )
