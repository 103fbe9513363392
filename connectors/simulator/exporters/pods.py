"""kube-state-metrics about pods. What a pod is changes seldom, so its samples are made once for each state of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from connectors.simulator.exporters.cluster import Pod, Resources
from connectors.simulator.exporters.target import Target
from connectors.simulator.tick import Sample

PHASES = ("Pending", "Succeeded", "Failed", "Unknown", "Running")
UNITS = {"cpu": "core", "memory": "byte"}
ResourceItems = tuple[tuple[tuple[str, str], float], ...]


def pod_samples(target: Target, pod: Pod, namespace: str, resources: Resources) -> tuple[Sample, ...]:
    return known(target, pod, namespace, tuple(resources.items()))


@lru_cache(maxsize=8192)
def known(target: Target, pod: Pod, namespace: str, resources: ResourceItems) -> tuple[Sample, ...]:
    where = {"namespace": namespace, "pod": pod.name, "uid": pod.uid}
    return (
        *described(target, pod, where),
        *condition(target, pod, where),
        *container(target, pod, {**where, "container": pod.workload}),
        *requested(target, pod, {**where, "container": pod.workload, "node": pod.node}, resources),
    )


def described(target: Target, pod: Pod, where: dict[str, str]) -> Iterator[Sample]:
    kind, name = ("ReplicaSet", pod.replica_set) if pod.replica_set else ("StatefulSet", pod.workload)
    owner = {"created_by_kind": kind, "created_by_name": name}
    place = {"host_ip": "", "host_network": "false", "node": pod.node, "pod_ip": pod.ip, "priority_class": ""}
    yield target.gauge("kube_pod_info", 1, **where, **owner, **place)
    made = {"owner_is_controller": "true", "owner_kind": kind, "owner_name": name}
    yield target.gauge("kube_pod_owner", 1, **where, **made)
    yield target.gauge("kube_pod_labels", 1, **where, label_app=pod.workload)
    yield target.gauge("kube_pod_created", pod.created, **where)
    yield target.gauge("kube_pod_start_time", pod.created, **where)
    yield target.gauge("kube_pod_restart_policy", 1, **where, type="Always")


def condition(target: Target, pod: Pod, where: dict[str, str]) -> Iterator[Sample]:
    for phase in PHASES:
        yield target.gauge("kube_pod_status_phase", phase == pod.phase, **where, phase=phase)
    for metric, holds in (("ready", pod.ready), ("scheduled", bool(pod.node) or pod.phase != "Pending")):
        for value, true in (("true", holds), ("false", not holds), ("unknown", False)):
            yield target.gauge(f"kube_pod_status_{metric}", true, **where, condition=value)


def container(target: Target, pod: Pod, where: dict[str, str]) -> Iterator[Sample]:
    image = {"container_id": f"containerd://{pod.uid}", "image": pod.image, "image_id": pod.image}
    running = pod.phase == "Running" and not pod.waiting
    yield target.gauge("kube_pod_container_info", 1, **where, **image)
    yield target.gauge("kube_pod_container_status_ready", pod.ready, **where)
    yield target.gauge("kube_pod_container_status_running", running, **where)
    yield target.gauge("kube_pod_container_status_waiting", not running, **where)
    yield target.gauge("kube_pod_container_status_terminated", 0, **where)
    yield target.counter("kube_pod_container_status_restarts_total", pod.restarts, **where)
    if not running:
        reason = pod.waiting or "ContainerCreating"
        yield target.gauge("kube_pod_container_status_waiting_reason", 1, **where, reason=reason)
    if pod.last_terminated:
        name = "kube_pod_container_status_last_terminated_reason"
        yield target.gauge(name, 1, **where, reason=pod.last_terminated)


def requested(target: Target, pod: Pod, where: dict[str, str], resources: ResourceItems) -> Iterator[Sample]:
    for (kind, resource), amount in resources:
        labels = {**where, "resource": resource, "unit": UNITS[resource]}
        yield target.gauge(f"kube_pod_container_resource_{kind}", amount, **labels)
