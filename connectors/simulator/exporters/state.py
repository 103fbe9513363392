"""kube-state-metrics, version 2 (https://github.com/kubernetes/kube-state-metrics/tree/main/docs)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connectors.simulator.exporters.cluster import Cluster, Node, Pod
from connectors.simulator.exporters.pods import UNITS, pod_samples
from connectors.simulator.exporters.target import Target
from connectors.simulator.tick import Pods, Sample

DETAILED = 400  # pods; of more of them only sums are exported, or a scrape would cost more than the rest of the estate
AIM = 70  # percent; a Kubernetes autoscaler's aim in the shop


def state(target: Target, cluster: Cluster) -> Iterator[Sample]:
    yield target.gauge("kube_namespace_status_phase", 1, namespace=cluster.namespace, phase="Active")
    yield target.gauge("kube_namespace_labels", 1, namespace=cluster.namespace)
    for name, pods in cluster.deployments.items():
        yield from deployment(target, cluster.namespace, name, pods)
    for name, pods in cluster.stateful.items():
        yield from stateful_set(target, cluster.namespace, name, pods)
    for name in cluster.hpas:
        yield from autoscaler(target, cluster, name)
    yield from containers(target, cluster)
    for node in cluster.nodes:
        yield from machine(target, node)
    yield from bounds(target, cluster)


def containers(target: Target, cluster: Cluster) -> Iterator[Sample]:
    """Pod by pod, or one sum a workload where pods are not known or too many."""
    if not 0 < len(cluster.pods) <= DETAILED:
        yield from summed(target, cluster)
        return
    for pod in cluster.pods:
        yield from pod_samples(target, pod, cluster.namespace, cluster.resources.get(pod.workload, {}))
    yield from replica_sets(target, cluster.namespace, cluster.pods)


def summed(target: Target, cluster: Cluster) -> Iterator[Sample]:
    for name, resources in cluster.resources.items():
        ready = cluster.deployments[name].ready if name in cluster.deployments else 0
        where = {"container": name, "namespace": cluster.namespace, "pod": f"{name}-all"}
        for (kind, resource), amount in resources.items():
            labels = {**where, "resource": resource, "unit": UNITS[resource]}
            yield target.gauge(f"kube_pod_container_resource_{kind}", amount * ready, **labels)


def deployment(target: Target, namespace: str, name: str, pods: Pods) -> Iterator[Sample]:
    where = {"deployment": name, "namespace": namespace}
    missing = max(pods.desired - pods.ready, 0)
    yield target.gauge("kube_deployment_spec_replicas", pods.desired, **where)
    yield target.gauge("kube_deployment_spec_paused", 0, **where)
    yield target.gauge("kube_deployment_status_replicas", max(pods.desired, pods.ready), **where)
    yield target.gauge("kube_deployment_status_replicas_ready", pods.ready, **where)
    yield target.gauge("kube_deployment_status_replicas_available", pods.ready, **where)
    yield target.gauge("kube_deployment_status_replicas_unavailable", missing, **where)
    yield target.gauge("kube_deployment_status_replicas_updated", max(pods.desired, pods.ready), **where)
    for value, holds in (("true", not missing), ("false", bool(missing)), ("unknown", False)):
        labels = {**where, "condition": "Available", "status": value}
        yield target.gauge("kube_deployment_status_condition", holds, **labels)
    yield target.gauge("kube_deployment_labels", 1, **where, label_app=name)


def stateful_set(target: Target, namespace: str, name: str, pods: Pods) -> Iterator[Sample]:
    where = {"namespace": namespace, "statefulset": name}
    yield target.gauge("kube_statefulset_replicas", pods.desired, **where)
    for what in ("", "_ready", "_available", "_current", "_updated"):
        yield target.gauge(f"kube_statefulset_status_replicas{what}", pods.ready, **where)


def replica_sets(target: Target, namespace: str, pods: tuple[Pod, ...]) -> Iterator[Sample]:
    counts = Counter((pod.replica_set, pod.workload) for pod in pods if pod.replica_set)
    ready = Counter(pod.replica_set for pod in pods if pod.ready)
    for (name, workload), count in counts.items():
        where = {"namespace": namespace, "replicaset": name}
        yield target.gauge("kube_replicaset_spec_replicas", count, **where)
        yield target.gauge("kube_replicaset_status_replicas", count, **where)
        yield target.gauge("kube_replicaset_status_ready_replicas", ready[name], **where)
        owner = {"owner_is_controller": "true", "owner_kind": "Deployment", "owner_name": workload}
        yield target.gauge("kube_replicaset_owner", 1, **where, **owner)


def autoscaler(target: Target, cluster: Cluster, name: str) -> Iterator[Sample]:
    low, high, current, desired = cluster.hpas[name]
    where = {"horizontalpodautoscaler": name, "namespace": cluster.namespace}
    scales = {"scaletargetref_api_version": "apps/v1", "scaletargetref_kind": "Deployment"}
    yield target.gauge(
        "kube_horizontalpodautoscaler_info", 1, **where, **scales, scaletargetref_name=name.removeprefix("keda-hpa-")
    )
    yield target.gauge("kube_horizontalpodautoscaler_spec_min_replicas", low, **where)
    yield target.gauge("kube_horizontalpodautoscaler_spec_max_replicas", high, **where)
    yield target.gauge("kube_horizontalpodautoscaler_status_current_replicas", current, **where)
    yield target.gauge("kube_horizontalpodautoscaler_status_desired_replicas", desired, **where)
    aim = {"metric_name": "cpu", "metric_target_type": "utilization"}
    percent = cluster.targets_cpu.get(name, AIM)
    yield target.gauge("kube_horizontalpodautoscaler_spec_target_metric", percent, **where, **aim)
    limited = desired in (low, high)
    for condition, holds in (("AbleToScale", True), ("ScalingActive", True), ("ScalingLimited", limited)):
        for value, true in (("true", holds), ("false", not holds), ("unknown", False)):
            labels = {**where, "condition": condition, "status": value}
            yield target.gauge("kube_horizontalpodautoscaler_status_condition", true, **labels)


def machine(target: Target, node: Node) -> Iterator[Sample]:
    yield target.gauge("kube_node_info", 1, node=node.name, internal_ip=node.ip)
    yield target.gauge("kube_node_spec_unschedulable", node.unschedulable, node=node.name)
    for value, holds in (("true", node.ready), ("false", not node.ready), ("unknown", False)):
        labels = {"node": node.name, "condition": "Ready", "status": value}
        yield target.gauge("kube_node_status_condition", holds, **labels)
    amounts = (("cpu", "core", node.cores), ("memory", "byte", node.memory), ("pods", "integer", node.pods))
    for resource, unit, amount in amounts:
        for kind in ("capacity", "allocatable"):
            yield target.gauge(f"kube_node_status_{kind}", amount, node=node.name, resource=resource, unit=unit)


def bounds(target: Target, cluster: Cluster) -> Iterator[Sample]:
    """Disruption budgets and quotas."""
    for name, budget in cluster.budgets.items():
        where = {"namespace": cluster.namespace, "poddisruptionbudget": name}
        yield target.gauge("kube_poddisruptionbudget_status_current_healthy", budget.healthy, **where)
        yield target.gauge("kube_poddisruptionbudget_status_desired_healthy", budget.desired, **where)
        yield target.gauge("kube_poddisruptionbudget_status_expected_pods", budget.expected, **where)
        yield target.gauge("kube_poddisruptionbudget_status_pod_disruptions_allowed", budget.allowed, **where)
    for name, quota in cluster.quotas.items():
        for resource, (hard, used) in quota.items():
            where = {"namespace": cluster.namespace, "resource": resource, "resourcequota": name}
            yield target.gauge("kube_resourcequota", hard, **where, type="hard")
            yield target.gauge("kube_resourcequota", used, **where, type="used")
