"""A simulated estate's seawall.toml, made from its architecture. Light to import: a console draws its layers before
the estate is ready.

The lines that playbooks speak of have the same aliases everywhere: the first front is ``api``, what takes the orders
``queue``, who works them off ``workers``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.simulator.architecture import Architecture, Front, Service, Shard, ThirdParty, Topic

CONFIG = "seawall.toml"
KUBECONFIG, PACE_FILE = ".kubeconfig", ".pace"  # put after the name of the file beside which they lie
NOWHERE = "127.0.0.1:1"
PACE = 2.0  # wall seconds between two readings of what changes slowly …
UNHURRIED = 5.0  # … up to this speed; beyond it too much would happen between two of them
USUALLY_KEPT = 0.96  # share of the requests that a CDN answers where its hit rate needs no bound of its own …
UNUSUAL = 0.02  # … and how far below its usual share one is worth a warning
USUALLY_PROMISED = 0.2  # seconds of the gateway's p95; the console's own bound
STATEMENT = 0.1  # seconds of a database's mean; the console's own bound
UNUSUALLY_SLOW = 3  # times what a third party takes on average
TIERS = ("P0", "P1", "P2")

Lines = Iterator[str]


def config_text(
    architecture: Architecture,
    prometheus: str,
    kafka: tuple[str, ...],
    redis: Mapping[str, object],
    kubeconfig: Path,
    speed: float,
) -> str:
    """A seawall.toml from the addresses of the wires; ``redis``: the settings that say where it is.

    Journals are kept beside the kubeconfig: a new estate has no past runs in force.
    """
    lines = ["# A simulated estate. Written by the simulator: its ports are new each time."]
    lines += _environment(architecture, prometheus, kafka, redis, kubeconfig, speed)
    lines += _table("aliases", {"features": "redis/cache", "edge": "redis/cache"})
    tiers = {tier: [name for name, each in architecture.features.items() if each.tier == tier] for tier in TIERS}
    lines += _table("features", {tier: names for tier, names in tiers.items() if names})
    lines += _components(architecture)
    lines += _rules(architecture)
    return "\n".join(lines) + "\n"


def preview(architecture: Architecture, folder: Path, speed: float) -> str:
    """The same config before there is anything to connect to: the same layers, and addresses where nobody listens."""
    kubeconfig = folder / f"{CONFIG}{KUBECONFIG}"
    return config_text(
        architecture, f"http://{NOWHERE}", (NOWHERE,), {"url": f"redis://{NOWHERE}/0"}, kubeconfig, speed
    )


def _environment(
    architecture: Architecture,
    prometheus: str,
    kafka: tuple[str, ...],
    redis: Mapping[str, object],
    kubeconfig: Path,
    speed: float,
) -> Lines:
    pace = PACE if speed <= UNHURRIED else 1.0
    graves = [topic.name for topic in architecture.topics if not topic.group]
    yield 'environment = "demo"'
    yield from _table(
        "environments.demo",
        {
            "production": False,
            "armed": True,
            "speed": float(speed),
            "pace": str(kubeconfig.with_suffix(PACE_FILE)),
            "interval": 1.0,
            "state": str(kubeconfig.parent / "state"),
        },
    )
    yield from _table("environments.demo.prometheus", {"url": prometheus, "interval": pace})
    asked = {"bootstrap": list(kafka), "groups": ["*"], "dead_letters": graves, "interval": pace}
    yield from _table("environments.demo.kafka", asked)
    yield from _table("environments.demo.redis", {"name": "cache", **redis, "flags_key": "seawall:flags"})
    cluster = {"kubeconfig": str(kubeconfig), "context": "sim", "namespaces": [architecture.namespace]}
    yield from _table("environments.demo.kubernetes", {**cluster, "interval": pace})
    yield from _table("environments.demo.host", {})


def _components(architecture: Architecture) -> Lines:
    """Every layer from the users down."""
    yield from _users()
    yield from _dns()
    yield from _cdn()
    yield from _gateway(architecture)
    for front in architecture.fronts:
        yield from _front(architecture, front)
    for service in architecture.services:
        yield from _service(architecture, service)
    for topic in architecture.topics:
        yield from _topic(architecture, topic)
    for name in dict.fromkeys(topic.workload for topic in architecture.consumed):
        yield from _workers(architecture, name)
    yield from _component("cache", "cache", "redis/cache", show=["hit_rate", "memory", "ops", "evictions"])
    for shard in architecture.database.shards:
        yield from _shard(architecture, shard)
    for party in architecture.third_parties:
        yield from _third_party(party)
    yield from _component("console", "console", "host/local", show=["load", "memory", "disk", "console_cpu"])


def _users() -> Lines:
    yield from _component("users", "users", "prometheus/users", show=["rate", "success"])
    yield from _signal("rate", "rate(users_requests_total[1m])", "/s")
    yield from _success()


def _success() -> Lines:
    yield from _signal("success", 'synthetic_success_ratio{scope="all"}', "ratio")
    yield from _signal("success_origin", 'synthetic_success_ratio{scope="origin"}', "ratio")


def _dns() -> Lines:
    preset = {"preset": "blackbox", "match": 'job="blackbox-dns"'}
    yield from _component("dns", "dns", "prometheus/dns", **preset, show=["up", "dns"])


def _cdn() -> Lines:
    yield from _component("cdn", "cdn", "prometheus/cdn", show=["hit_rate", "rate"])
    asked = "sum(rate(cdn_requests_total[1m]))"
    yield from _signal("hit_rate", f'sum(rate(cdn_requests_total{{result="hit"}}[1m])) / {asked}', "ratio")
    yield from _signal("rate", asked, "/s")


def _gateway(architecture: Architecture) -> Lines:
    namespace = architecture.namespace
    yield from _component(
        "gateway",
        "gateway",
        "prometheus/gateway",
        also=[f"kubernetes/deployment/{namespace}/{architecture.gateway.workload}"],
        preset="ingress-nginx",
        match=f'ingress="{namespace}"',
        show=["rate", "errors", "p95", "limited"],
    )
    yield from _success()


def _front(architecture: Architecture, front: Front) -> Lines:
    alias = "api" if front is architecture.fronts[0] else front.workload
    yield from _pods(architecture, alias, "api", front.workload, ["ready", "desired", "cpu", "memory_ratio"])


def _service(architecture: Architecture, service: Service) -> Lines:
    yield from _pods(architecture, service.workload, "api", service.workload, ["ready", "desired", "cpu"])


def _workers(architecture: Architecture, name: str) -> Lines:
    alias = "workers" if name == architecture.consumed[0].workload else name
    yield from _pods(architecture, alias, "workers", name, ["ready", "desired", "cpu"])


def _pods(architecture: Architecture, alias: str, layer: str, name: str, show: list[str]) -> Lines:
    """A workload, its autoscaler where it has one, and what its containers use."""
    namespace = architecture.namespace
    scaled = architecture.workload(name).autoscaler is not None
    also = [f"kubernetes/hpa/{namespace}/{name}"] if scaled else []
    yield from _component(
        alias,
        layer,
        f"kubernetes/deployment/{namespace}/{name}",
        also=[*also, f"prometheus/{name}"],
        preset="cadvisor",
        match=f'namespace="{namespace}",container="{name}"',
        show=show,
    )


def _topic(architecture: Architecture, topic: Topic) -> Lines:
    if not topic.group:
        yield from _component("dlq", "queue", f"kafka/topic/{topic.name}", show=["depth", "arrivals"])
        return
    alias = "queue" if topic is architecture.consumed[0] else topic.name
    show = ["lag", "produced", "consumed", "members"]
    yield from _component(alias, "queue", f"kafka/group/{topic.group}", show=show)


def _shard(architecture: Architecture, shard: Shard) -> Lines:
    """A server as its exporter sees it; how long it keeps its callers waiting, and where the exporter is answered as
    little as they are, how full their pools are."""
    shards = architecture.database.shards
    alias = _alias(architecture, shard)
    instance = f'instance="postgres-{shard.name}:9187"' if len(shards) > 1 else 'instance="postgres:9187"'
    pool = f'db_client_connection_pool_name="{shard.name}"'
    show = ["connections", "connections_ratio", "latency"]
    name = f"prometheus/{alias}"
    yield from _component(alias, "database", name, preset="postgres-exporter", match=instance, show=show)
    yield from _signal("up", f"sum(pg_up{{{instance}}})", "ratio")
    limit = f"max(pg_settings_max_connections{{{instance}}})"
    used = f'sum(db_client_connection_count{{db_client_connection_state="used",{pool}}})'
    pools = f"{used} / sum(db_client_connection_max{{{pool}}})"
    yield from _signal(
        "connections_ratio", f"sum(pg_stat_database_numbackends{{{instance}}}) / {limit} or {pools}", "ratio"
    )
    took = "rate(db_client_operation_duration_seconds_"
    yield from _signal("latency", f"sum({took}sum{{{pool}}}[1m])) / sum({took}count{{{pool}}}[1m]))", "s")


def _third_party(party: ThirdParty) -> Lines:
    yield from _component(party.name, "third parties", f"prometheus/{party.name}", show=["errors", "p95", "rate"])
    own = f'third_party="{party.name}"'
    every = f"sum(rate(third_party_requests_total{{{own}}}[1m]))"
    yield from _signal("rate", every, "/s")
    yield from _signal("errors", f'sum(rate(third_party_requests_total{{code!="200",{own}}}[1m])) / {every}', "ratio")
    took = "rate(third_party_request_duration_seconds"
    yield from _signal("p95", f"histogram_quantile(0.95, sum by (le) ({took}_bucket{{{own}}}[1m])))", "s")
    yield from _signal("latency", f"sum({took}_sum{{{own}}}[1m])) / sum({took}_count{{{own}}}[1m]))", "s")


def _rules(architecture: Architecture) -> Lines:
    """What is usual here and would be a warning elsewhere."""
    kept, promised = architecture.cdn.cacheable, architecture.gateway.promised
    if kept < USUALLY_KEPT:
        yield from _rule("cdn.hit_rate", below=round(kept - UNUSUAL, 3))
    if promised > USUALLY_PROMISED:
        yield from _rule("gateway.p95", above=promised)
    if architecture.third_parties:
        yield from _latencies(architecture)


def _latencies(architecture: Architecture) -> Lines:
    """A third party may take longer than a database before it is worth a warning."""
    slowest = max(party.latency for party in architecture.third_parties)
    yield from _rule("*.latency", hold="30s", above=round(UNUSUALLY_SLOW * slowest, 3))
    for shard in architecture.database.shards:
        yield from _rule(f"{_alias(architecture, shard)}.latency", hold="30s", above=STATEMENT)


def _alias(architecture: Architecture, shard: Shard) -> str:
    return "database" if shard is architecture.database.shards[0] else shard.name


def _rule(signal: str, hold: str = "60s", **bound: float) -> Lines:
    yield ""
    yield "[[rules]]"
    yield from _pairs({"signal": signal, "for": hold, **bound})


def _component(alias: str, layer: str, id: str, **others: Any) -> Lines:
    yield ""
    yield "[[components]]"
    yield from _pairs({"alias": alias, "layer": layer, "id": id, **others})


def _signal(name: str, query: str, unit: str) -> Lines:
    yield from _table(f"components.signals.{name}", {"query": query, "unit": unit})


def _table(name: str, values: Mapping[str, Any]) -> Lines:
    yield ""
    yield f"[{name}]"
    yield from _pairs(values)


def _pairs(values: Mapping[str, Any]) -> Lines:
    """TOML's strings, numbers, truths and flat lists are written as JSON's are."""
    yield from (f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())
