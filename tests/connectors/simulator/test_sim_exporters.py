"""The exported series: names, labels and histograms as the well-known exporters have them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

import pytest

from connectors.presets import presets, queries_for
from connectors.simulator.architecture import ARCHITECTURES, architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.exporters import Budget, Cluster, Node, Pod, Scraper, samples
from connectors.simulator.exporters.state import DETAILED
from connectors.simulator.model import Model
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.matcher import Matcher
from connectors.simulator.prometheus.store import Store
from connectors.simulator.scenarios import SCENARIOS
from connectors.simulator.tick import Levers, Pods, Sample, Tick
from tests.connectors.simulator.sim_levers import shop_levers

CLUSTER = Cluster(
    deployments={"api": Pods(5, desired=6), "workers": Pods(4, desired=4), "gateway": Pods(3, desired=3)},
    hpas={"api": (5, 20, 5, 6)},
)
FULL = replace(
    CLUSTER,
    pods=tuple(
        Pod(f"{name}-{i}", name, f"node-{i % 2}", f"{name}-5d4f", f"shop/{name}:1", f"uid-{name}-{i}", f"10.1.0.{i}")
        for name, pods in CLUSTER.deployments.items()
        for i in range(pods.ready)
    ),
    nodes=(Node("node-0", "10.0.0.10", cores=8), Node("node-1", "10.0.0.11", cores=8)),
    budgets={"api": Budget(5, 3, 5, 2)},
    quotas={"shop": {"pods": (50, 14)}},
)
ABOUT = {"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling"}
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
    "third_party_requests_total",
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
    for name in ("nginx_ingress_controller_request_duration_seconds", "third_party_request_duration_seconds"):
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


def one(found: Iterable[Sample], name: str, **labels: str) -> float:
    """The value of the one series of that name with these labels among its own."""
    (value,) = (s.value for s in found if s.name == name and labels.items() <= dict(s.labels).items())
    return value


def test_unavailable_pods_are_those_asked_for_and_not_ready() -> None:
    assert one(samples(ticks(1)[0], CLUSTER), "kube_deployment_status_replicas_unavailable", deployment="api") == 1


@pytest.mark.parametrize("job", ["redis-exporter", "kafka-exporter", "postgres-exporter", "cadvisor"])
def test_a_target_that_is_down_shows_nothing_but_that(job: str) -> None:
    found = list(samples(ticks(1)[0], replace(CLUSTER, down={job: "connection refused"})))
    of_job = [sample for sample in found if ("job", job) in sample.labels]
    assert {sample.name for sample in of_job} == ABOUT
    assert one(of_job, "up") == one(of_job, "scrape_samples_scraped") == 0
    assert one(found, "up", job="ingress-nginx") == 1


def test_every_sample_names_its_target_and_each_target_counts_its_samples() -> None:
    found = list(samples(ticks(1)[0], FULL))
    targets = {tuple(pair for pair in sample.labels if pair[0] in ("instance", "job")) for sample in found}
    assert all(len(target) == 2 for target in targets)
    for target in targets:
        shown = [sample for sample in found if set(target) <= set(sample.labels) and sample.name not in ABOUT]
        assert one(found, "scrape_samples_scraped", **dict(target)) == len(shown)


def test_what_the_wires_know_is_told() -> None:
    broken = Pod("api-9", "api", "node-1", phase="Running", ready=False, restarts=3, waiting="CrashLoopBackOff")
    pods = (*FULL.pods, replace(broken, last_terminated="OOMKilled"))
    found = list(samples(ticks(1)[0], replace(FULL, pods=pods, lost=frozenset({2}), redis_up=False)))
    assert one(found, "kube_pod_container_status_waiting_reason", pod="api-9", reason="CrashLoopBackOff") == 1
    assert one(found, "kube_pod_container_status_last_terminated_reason", reason="OOMKilled") == 1
    assert one(found, "kube_pod_container_status_restarts_total", pod="api-9") == 3
    assert one(found, "kube_pod_status_ready", pod="api-9", condition="true") == 0
    assert one(found, "kafka_brokers") == 2
    assert one(found, "kafka_topic_partition_under_replicated_partition", topic="orders", partition="0") == 1
    assert one(found, "redis_up") == 0
    assert not [sample for sample in found if sample.name == "redis_keyspace_hits_total"]
    assert one(found, "kube_resourcequota", resource="pods", type="used") == 14
    assert one(found, "kube_poddisruptionbudget_status_pod_disruptions_allowed") == 2


def test_the_pods_of_a_workload_spend_what_the_model_says_it_spends() -> None:
    scraper, seen = Scraper(), ticks(61)
    first, last = ({(s.name, s.labels): s for s in scraper.samples(seen[t], FULL)} for t in (0, 60))
    spent = sum(
        last[key].value - first[key].value
        for key in first
        if key[0] == "container_cpu_usage_seconds_total" and ("container", "api") in key[1]
    )
    assert spent == pytest.approx(seen[60].counters["api.cpu"] - seen[0].counters["api.cpu"])
    assert spent > 1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_any_architecture_is_exported_by_data_alone(name: str) -> None:
    built = architecture_named(name)
    pods = {workload.name: Pods(workload.replicas, desired=workload.replicas) for workload in built.workloads}
    model = Model(SCENARIOS["calm"], 0, architecture=built)
    found = list(samples(model.step(0, Levers(pods)), Cluster(pods, namespace=built.namespace)))
    assert one(found, "pg_up") == one(found, "redis_up") == 1
    for party in built.third_parties:
        assert one(found, "third_party_requests_total", code="429", third_party=party.name) == 0


def test_a_pod_that_goes_takes_its_series_along_at_once() -> None:
    scraper, store = Scraper(), Store()
    tick = ticks(1)[0]
    for t, pods in ((0, FULL.pods), (5, FULL.pods[1:])):
        store.scrape(t * 1000, scraper.samples(replace(tick, t=t), replace(FULL, pods=pods)))
    gone = store.select([Matcher.of("pod", "=", FULL.pods[0].name)])
    assert len(gone) > 30
    assert all(series.at(4999) and not series.at(5000) for series in gone)


def test_more_pods_than_are_worth_their_series_become_sums() -> None:
    many = tuple(Pod(f"api-{i}", "api", "node-0") for i in range(DETAILED + 1))
    found = list(samples(ticks(1)[0], replace(FULL, pods=many)))
    assert one(found, "container_memory_working_set_bytes", pod="api-all") > 0
    assert not [sample for sample in found if ("pod", "api-0") in sample.labels]


MATCHES = {  # the presets of the exporters that the estate has, each with its match in the shop
    "blackbox": 'job="blackbox-http"',
    "blackbox-http": 'job="blackbox-http"',
    "cadvisor": 'namespace="shop",pod=~"api-.*"',
    "ingress-nginx": 'ingress="shop"',
    "kafka-exporter": 'consumergroup="orders"',
    "kube-state-metrics": 'namespace="shop",deployment="api"',
    "kube-state-metrics-hpa": 'namespace="shop",horizontalpodautoscaler="api"',
    "kube-state-metrics-pods": 'namespace="shop",pod=~"api-.*"',
    "node": 'instance="node-0:9100"',
    "postgres-exporter": 'instance="postgres:9187"',
    "redis-exporter": 'instance="redis:6379"',
}


@pytest.fixture(scope="module")
def scraped() -> Engine:
    scraper, store = Scraper(), Store()
    for tick in ticks(121)[::5]:
        store.scrape(tick.t * 1000, scraper.samples(tick, FULL))
    return Engine(store, SimClock(1.0, wall=lambda: 0.0))


@pytest.mark.parametrize("preset", MATCHES)
@pytest.mark.parametrize("matched", [True, False])
def test_the_presets_of_real_exporters_find_their_data(scraped: Engine, preset: str, matched: bool) -> None:
    for query in queries_for("prometheus/x", preset, MATCHES[preset] if matched else ""):
        (row,) = scraped.instant(query.expr, 120)["result"]
        assert math.isfinite(float(row["value"][1])), query.expr


def test_the_other_presets_are_of_exporters_that_the_estate_has_not(scraped: Engine) -> None:
    others = set(presets()) - set(MATCHES)
    found = {
        (preset, query.signal)
        for preset in others
        for query in queries_for("prometheus/x", preset)
        if scraped.instant(query.expr, 120)["result"]
    }
    assert others
    assert found == set()


def _bound(key: Key) -> float:
    return float(dict(key[1])["le"])
