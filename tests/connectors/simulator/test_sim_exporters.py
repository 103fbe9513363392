"""The exported series: names, labels and histograms as the well-known exporters have them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from connectors.simulator.exporters import Cluster, samples
from connectors.simulator.model import Model
from connectors.simulator.scenarios import SCENARIOS
from connectors.simulator.tick import Pods, Sample, Tick
from tests.connectors.simulator.sim_levers import shop_levers

CLUSTER = Cluster(
    deployments={"api": Pods(5, desired=6), "workers": Pods(4, desired=4), "gateway": Pods(3, desired=3)},
    hpas={"api": (5, 20, 5, 6)},
)
NAMES = {
    "nginx_ingress_controller_requests",
    "nginx_ingress_controller_request_duration_seconds_bucket",
    "kube_deployment_status_replicas_ready",
    "kube_horizontalpodautoscaler_spec_max_replicas",
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "kube_pod_container_resource_requests",
    "redis_keyspace_hits_total",
    "kafka_consumergroup_lag",
    "pg_stat_activity_count",
    "pg_stat_database_numbackends",
    "pg_settings_max_connections",
    "pg_stat_statements_seconds_total",
    "probe_success",
    "probe_dns_lookup_time_seconds",
    "probe_duration_seconds",
    "cdn_requests_total",
    "synthetic_success_ratio",
    "users_requests_total",
    "payments_requests_total",
    "node_cpu_seconds_total",
}
Key = tuple[str, tuple[tuple[str, str], ...]]


def ticks(seconds: int) -> list[Tick]:
    model = Model(SCENARIOS["calm"], 0, workers=4)
    return [model.step(t, shop_levers(Pods(5, desired=5), Pods(4, desired=4))) for t in range(seconds)]


def exported(tick: Tick) -> Mapping[Key, Sample]:
    found = list(samples(tick, CLUSTER))
    by_key = {(sample.name, sample.labels): sample for sample in found}
    assert len(by_key) == len(found), "a series is exported twice"
    return by_key


def test_the_names_that_presets_rely_on_are_there() -> None:
    assert {name for name, _ in exported(ticks(1)[0])} >= NAMES


def test_labels_are_sorted_and_the_set_of_series_is_the_same_every_second() -> None:
    first, *_, last = (exported(tick) for tick in ticks(30))
    assert first.keys() == last.keys()
    assert all(list(labels) == sorted(labels) for _, labels in first)


def test_counters_and_buckets_never_fall() -> None:
    for earlier, later in pairwise(exported(tick) for tick in ticks(20)):
        grown = [key for key, sample in earlier.items() if sample.kind in ("counter", "histogram")]
        assert grown
        assert all(later[key].value >= earlier[key].value for key in grown)


def test_buckets_are_cumulative_and_end_in_the_count() -> None:
    found = exported(ticks(60)[-1])
    for name in ("nginx_ingress_controller_request_duration_seconds", "payments_request_duration_seconds"):
        buckets = [(_bound(key), sample.value) for key, sample in found.items() if key[0] == f"{name}_bucket"]
        values = [value for _, value in sorted(buckets)]
        assert values == sorted(values)
        count = next(sample.value for key, sample in found.items() if key[0] == f"{name}_count")
        assert values[-1] == count > 0


def test_the_gateways_requests_are_as_many_as_its_histogram_counts() -> None:
    found = exported(ticks(60)[-1])
    requests = sum(sample.value for key, sample in found.items() if key[0] == "nginx_ingress_controller_requests")
    counted = sum(
        sample.value
        for key, sample in found.items()
        if key[0] == "nginx_ingress_controller_request_duration_seconds_count"
    )
    assert abs(requests - counted) < 1e-6 * counted


def test_unavailable_pods_are_those_asked_for_and_not_ready() -> None:
    labels = (("deployment", "api"), ("namespace", "shop"))
    assert exported(ticks(1)[0])[("kube_deployment_status_replicas_unavailable", labels)].value == 1


def _bound(key: Key) -> float:
    return float(dict(key[1])["le"])
