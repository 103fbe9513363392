"""What is guessed of a cluster: which Services are backends, in which layer things stand, and a file that reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.discovery import Cluster, Ingress, Service, Workload
from connectors.presets import preset_named
from connectors.settings.kafka import Settings as KafkaSettings
from connectors.settings.probe import Settings as ProbeSettings
from console.config import check, load
from console.draft.backends import backends
from console.draft.entrances import MOST as MOST_CHECKS
from console.draft.entrances import entrances
from console.draft.lines import MOST, Line, arranged, fitting, layer_of, of_exporters, of_workloads
from console.draft.text import Draft, environment_name, text_of

CLUSTER = Cluster("https://cluster.example", "shop-prod", inside=False)
EMPTY = Draft("main", CLUSTER, ("shop",), {}, (), {})


FRONT = Ingress("shop", "front", ("shop.example", "old.example"), frozenset({"shop.example"}))


def service(name: str, *ports: int, outside: str = "") -> Service:
    return Service("data", name, tuple(("", port) for port in ports), {}, (outside,) if outside else ())


@pytest.mark.parametrize(
    ("system", "name", "ports", "port"),
    [
        ("prometheus", "prometheus-server", (80,), 80),
        ("prometheus", "prometheus-operated", (9090, 10901), 9090),
        ("prometheus", "thanos-query", (10901, 10902), 10902),
        ("prometheus", "vmsingle-main", (8428,), 8428),
        ("prometheus", "metrics", (9090,), 9090),
        ("kafka", "orders-kafka-bootstrap", (9091, 9092, 9093), 9092),
        ("kafka", "redpanda", (9644, 9092), 9092),
        ("kafka", "orders-kafka-bootstrap", (9093,), 9093),
        ("redis", "redis-master", (6379,), 6379),
        ("redis", "valkey", (6379,), 6379),
        ("redis", "cache", (6379,), 6379),
        ("redis", "redis-sentinel", (26379,), 26379),
    ],
)
def test_a_backend_is_known_by_its_name_or_port(system: str, name: str, ports: tuple[int, ...], port: int) -> None:
    (found,) = backends([service(name, *ports)], system)
    assert found.port == port
    assert found.why


@pytest.mark.parametrize(
    ("system", "name", "ports"),
    [
        ("prometheus", "prometheus-node-exporter", (9100,)),
        ("prometheus", "prometheus-operator", (8080,)),
        ("prometheus", "prometheus-alertmanager", (9093,)),
        ("prometheus", "api", (8080,)),
        ("kafka", "kafka-exporter", (9308,)),
        ("kafka", "kafka-connect", (8083,)),
        ("kafka", "orders-kafka-brokers", (9092,)),
        ("kafka", "alertmanager", (9093,)),
        ("redis", "redis-exporter", (9121,)),
        ("redis", "redis-headless", (6379,)),
        ("redis", "redis", ()),
    ],
)
def test_what_only_sounds_like_one_is_none(system: str, name: str, ports: tuple[int, ...]) -> None:
    assert backends([service(name, *ports)], system) == ()


def test_a_label_is_believed_before_a_name_and_a_name_before_a_port() -> None:
    labelled = replace(service("p", 80), labels={"app.kubernetes.io/name": "prometheus"})
    found = backends([service("metrics", 9090), service("prometheus", 80), labelled], "prometheus")
    assert [each.service.name for each in found] == ["p", "prometheus", "metrics"]


def test_an_address_is_inside_at_a_balancer_or_at_a_port_forward() -> None:
    (near,) = backends([service("redis", 6379)], "redis")
    (far,) = backends([service("redis", 6379, outside="203.0.113.7")], "redis")
    assert (near.address(inside=True), near.forwarded(inside=True)) == ("redis.data.svc:6379", "")
    assert (far.address(inside=False), far.forwarded(inside=False)) == ("203.0.113.7:6379", "")
    assert near.address(inside=False) == "127.0.0.1:6379"
    assert near.forwarded(inside=False) == "kubectl -n data port-forward svc/redis 6379:6379"


@pytest.mark.parametrize(
    ("name", "images", "layer"),
    [
        ("orders-worker", (), "workers"),
        ("ingress-nginx-controller", (), "gateway"),
        ("checkout", ("docker.io/library/postgres:16",), "database"),
        ("session-store", ("valkey/valkey:9",), "cache"),
        ("checkout", ("registry.example/envoy/checkout:1",), "api"),  # the image's own name counts, not its folder's
    ],
)
def test_a_layer_is_guessed_by_name_then_by_image(name: str, images: tuple[str, ...], layer: str) -> None:
    assert layer_of(name, images)[0] == layer


def test_the_clusters_own_machinery_is_left_out_unless_asked_for() -> None:
    seen = [Workload("deployment", "kube-system", "coredns"), Workload("deployment", "shop", "api", ("api",))]
    assert [line.alias for line in of_workloads(seen, (), frozenset())] == ["api"]
    assert [line.alias for line in of_workloads(seen, ("kube-system", "shop"), frozenset())] == ["coredns", "api"]


def test_a_workload_has_its_autoscaler_and_its_containers_metrics() -> None:
    metrics = frozenset({
        "container_cpu_usage_seconds_total", "container_memory_working_set_bytes",
        "kube_pod_container_resource_requests", "kube_pod_container_resource_limits",
    })  # fmt: skip
    (line,) = of_workloads([Workload("deployment", "shop", "api", ("app",), (), "api-hpa")], (), metrics)
    assert line.also == ("kubernetes/hpa/shop/api-hpa", "prometheus/api")
    assert line.preset == "cadvisor"
    assert 'container="app"' in line.match


def test_exporters_are_told_by_their_metrics() -> None:
    names = frozenset({"redis_up"}) | {f"pg_{each}" for each in ("up", "stat_activity_count")}
    assert fitting(frozenset()) == ()
    nodes = frozenset(
        word
        for signal in preset_named("node").signals.values()
        for word in signal.query.replace("(", " ").replace("{", " {").split()
        if word.startswith("node_")
    )
    assert "node" in fitting(nodes | names)
    assert [line.preset for line in of_exporters(nodes, ())] == ["node"]


def test_every_line_has_an_alias_of_its_own_and_too_many_are_counted() -> None:
    lines, left = arranged(Line("a.b", "api", f"kubernetes/deployment/{each}/a.b", "") for each in range(MOST + 3))
    assert left == 3
    assert len({line.alias for line in lines}) == MOST
    assert lines[0].alias == "a-b"
    assert not any("." in line.alias for line in lines)


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ("arn:aws:eks:eu-1:123:cluster/shop-prod", "shop-prod"),
        ("kubernetes-admin@kind", "kind"),
        ("gke_project_zone_main", "gke_project_zone_main"),
        ("///", "main"),
        ("Ünï", "n"),
    ],
)
def test_an_environment_is_called_like_its_context(context: str, name: str) -> None:
    assert environment_name(context) == name


def test_a_draft_without_anything_is_a_config(tmp_path: Path) -> None:
    path = tmp_path / "seawall.toml"
    path.write_text(text_of(replace(EMPTY, cluster=None, remarks={"kubernetes": "refused: nobody\nthere"})))
    assert list(load(path).connectors) == ["host"]
    assert "no Service looks like kafka" in path.read_text()


def test_a_port_forward_is_told_and_kafka_is_led_to_it(tmp_path: Path) -> None:
    found = {system: backends([service(f"{system}-main", port)], system) for system, port in (("kafka", 9092),)}
    path = tmp_path / "seawall.toml"
    path.write_text(text_of(replace(EMPTY, backends=found)))
    assert "kubectl -n data port-forward svc/kafka-main 9092:9092" in path.read_text()
    kafka = load(path).connectors["kafka"]
    assert isinstance(kafka, KafkaSettings)
    assert kafka.address_map == {"*:9092": "127.0.0.1:9092"}


BALANCERS = (service("edge", 443, 80, outside="203.0.113.7"), service("six", 443, outside="2001:db8::1"))


def taken_up(draft: Draft) -> str:
    """The file after its offered checks were taken up: their ``# `` is away."""
    before, mark, after = text_of(draft).partition("# [environments.main.probe.checks.")
    offered, _, rest = (mark + after).partition("\n\n")
    return before + "\n".join(line.removeprefix("# ") for line in offered.splitlines()) + "\n\n" + rest


@pytest.mark.parametrize(
    ("cluster", "checks"),
    [
        (
            replace(CLUSTER, ingresses=(FRONT,)),
            {
                "shop-example-dns": ("dns", "shop.example"), "shop-example-https": ("http", "https://shop.example/"),
                "old-example-dns": ("dns", "old.example"), "old-example-http": ("http", "http://old.example/"),
            },
        ),
        (
            replace(CLUSTER, services=BALANCERS),
            {"edge-tcp": ("tcp", "203.0.113.7:443"), "six-tcp": ("tcp", "[2001:db8::1]:443")},
        ),
        (None, {"shop-example-dns": ("dns", "shop.example"), "shop-example-https": ("http", "https://shop.example/")}),
    ],
    ids=["by its Ingresses", "by its load balancers", "by an example"],
)  # fmt: skip
def test_checks_of_what_users_come_by_are_offered(
    tmp_path: Path, cluster: Cluster | None, checks: dict[str, tuple[str, str]]
) -> None:
    path = tmp_path / "seawall.toml"
    path.write_text(text_of(replace(EMPTY, cluster=cluster)))
    assert "probe" not in load(path).connectors  # offered, not taken
    path.write_text(taken_up(replace(EMPTY, cluster=cluster)))
    read = load(path)
    probe = read.connectors["probe"]
    assert isinstance(probe, ProbeSettings)
    assert {name: ("dns", each.dns) if each.dns else ("tcp", each.tcp) if each.tcp else ("http", each.http)
            for name, each in probe.checks.items()} == checks  # fmt: skip
    assert {f"probe/{name}" for name in checks} <= {each.id for each in read.layout.placements}


def test_no_more_checks_are_offered_than_are_read() -> None:
    many = tuple(Ingress("shop", f"i{each}", (f"{each}.example",)) for each in range(50))
    assert len(entrances(replace(CLUSTER, ingresses=many))) == MOST_CHECKS


def test_a_backend_is_no_door_for_users() -> None:
    redis = service("redis", 6379, outside="203.0.113.7")
    assert [each.name for each in entrances(replace(CLUSTER, services=(redis, *BALANCERS)), [redis])] == [
        "edge-tcp", "six-tcp",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ['"]\nx = 1', "\x1b[2J\u202e", "a" * 65536, "'\"\\", "#"])
def test_no_hostile_host_breaks_what_is_offered(tmp_path: Path, name: str) -> None:
    found = replace(CLUSTER, ingresses=(Ingress(name, name, (name, "good.example")),))
    path = tmp_path / "seawall.toml"
    path.write_text(taken_up(replace(EMPTY, cluster=found)), encoding="utf-8")
    assert check(path).faults == ()
    assert all(each.isprintable() for each in path.read_text().splitlines())


def test_a_kubeconfig_is_only_named_where_one_led_there(tmp_path: Path) -> None:
    named = replace(EMPTY, kubeconfig="/home/ann/one:/home/ann/two")
    assert 'kubeconfig = "/home/ann/one:/home/ann/two"' in text_of(named)
    assert "kubeconfig" not in text_of(EMPTY)
    assert "kubeconfig" not in text_of(replace(named, cluster=replace(CLUSTER, inside=True)))


def test_a_selector_is_written_as_one_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "seawall.toml"
    lines = (Line("api", "api", "prometheus/api", "", preset="cadvisor", match='container="api"'),)
    path.write_text(text_of(replace(EMPTY, lines=lines)))
    assert "match = 'container=\"api\"'" in path.read_text()
    assert check(path).faults == ()


@settings(max_examples=50, deadline=None)
@given(st.text(min_size=1, max_size=40), st.text(max_size=80))
def test_no_name_from_a_cluster_breaks_the_file(name: str, why: str) -> None:
    seen = Service("data", name, (("", 6379),), {"app": why})
    line = Line(name, "api", f"kafka/group/{name}", why, preset="cadvisor", match=f"x='{name}'\"")
    lines, _ = arranged([line])
    text = text_of(replace(EMPTY, backends={"redis": backends([seen], "redis")}, lines=lines, remarks={"redis": why}))
    assert all(each.isprintable() for each in text.splitlines())


@pytest.mark.parametrize("name", ['"]\nx = 1', "\x1b[2J\u202e", "a" * 65536, "'\"\\", "#"])
def test_a_hostile_name_stays_a_name(tmp_path: Path, name: str) -> None:
    lines, _ = arranged([Line(name, "queue", f"kafka/group/{name}", f"because of {name}")])
    path = tmp_path / "seawall.toml"
    path.write_text(text_of(replace(EMPTY, lines=lines, remarks={"kafka": name})), encoding="utf-8")
    assert check(path).faults == ()
    assert load(path).layout.placements[0].id == f"kafka/group/{name}"
