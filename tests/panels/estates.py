"""Hand-made estates for the panels' tests: snapshots folded by ``observe``, no wires and no clocks."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from console.model.change import Fact, Mark
from console.model.layout import Layout, Placement
from console.model.observe import empty, observe
from console.model.signal import Counter, Signal, Unit
from console.model.snapshot import FailureKind, Observed, Seen, Snapshot, Unreachable
from console.model.topology import Topology

START = 1_795_356_000.0  # 2026-11-22 14:00:00 UTC
DEPLOYMENT, HPA = "kubernetes/deployment/shop/", "kubernetes/hpa/shop/"

LAYOUT = Layout(
    placements=(
        Placement("users", "users", "prometheus/users"),
        Placement("dns", "dns", "prometheus/dns"),
        Placement("cdn", "cdn", "prometheus/cdn"),
        Placement("gateway", "gateway", "prometheus/gateway", (f"{DEPLOYMENT}gateway",), ("rate", "errors", "p95")),
        Placement("api", "api", f"{DEPLOYMENT}api", (f"{HPA}api", "prometheus/api")),
        Placement("queue", "queue", "kafka/group/orders"),
        Placement("notifications", "queue", "kafka/group/notifications"),
        Placement("dlq", "queue", "kafka/topic/orders.dlq"),
        Placement("workers", "workers", f"{DEPLOYMENT}workers", ("prometheus/workers",)),
        Placement("cache", "cache", "redis/cache"),
        Placement("database", "database", "prometheus/database"),
        Placement("payments", "third parties", "prometheus/payments"),
    ),
    aliases={"features": "redis/cache", "edge": "redis/cache"},
    features={"P2": ("reviews",)},
)


@cache
def calm(seconds: int = 120) -> Topology:
    """A quiet afternoon, ``seconds`` readings of one a second."""
    topology = empty(LAYOUT)
    for second in range(seconds):
        topology = _at(topology, START + second, heat=0.0, second=second)
    return topology


@cache
def viral(seconds: int = 240) -> Topology:
    """Calm for a minute, then traffic climbs: the cache misses, the queue grows, the database fills."""
    topology = empty(LAYOUT)
    for second in range(seconds):
        heat = max(0.0, min(1.0, (second - 60) / 120))
        topology = _at(topology, START + second, heat=heat, second=second)
    return topology


@cache
def acted(seconds: int = 240) -> Topology:
    """The viral estate with a run's changes in force."""
    mark = Mark("20261122T140100Z-viral-spike-7f3a", "capacity", 5, 20, START + 7200.0, "viral", "ana")
    marked: dict[str, tuple[Fact, ...]] = {
        f"{HPA}api": (
            Fact("hpa.min", 20, marks=(mark,)),
            Fact("hpa.max", 100, marks=(replace(mark, before=20, after=100),)),
        )
    }
    return observe(viral(seconds), _kubernetes(START + seconds, 1.0, marked))


@cache
def failing() -> Topology:
    """Kubernetes stopped answering half a minute ago; the others go on."""
    topology = calm(60)
    for second in range(60, 95):
        at = START + second
        topology = observe(topology, _prometheus(at, 0.0))
        topology = observe(topology, _kafka(at, 0.0, second))
        topology = observe(topology, _redis(at, 0.0, second))
        refused = Unreachable("kubernetes", at, FailureKind.EXPIRED, "401 from 127.0.0.1", "log in again")
        topology = observe(topology, refused)
    return topology


@cache
def unknown() -> Topology:
    """Nothing has answered yet."""
    return empty(LAYOUT)


HOSTILE = "a\x1b[2J\x07[red]b\u202ec\x9b31m\nd"


@cache
def hostile() -> Topology:
    """Names and notes that try to steer the terminal."""
    layout = Layout(
        (Placement(HOSTILE, "queue", f"kafka/group/{HOSTILE}"), Placement("web", "web", f"{DEPLOYMENT}{HOSTILE}"))
    )
    signals = (
        _gauge("lag", 5.0, Unit.MESSAGES, START, "kafka", HOSTILE),
        _gauge(HOSTILE, 1.0, Unit.NONE, START, HOSTILE),
    )
    group = Observed(f"kafka/group/{HOSTILE}", signals, state=HOSTILE, notes=(HOSTILE,))
    pods = Observed(
        f"{DEPLOYMENT}{HOSTILE}",
        (_gauge("ready", 1.0, Unit.COUNT, START, "kubernetes"),),
        facts=(Fact(HOSTILE, HOSTILE, owner=HOSTILE),),
    )
    topology = observe(empty(layout), Snapshot("kafka", START, 0.01, (group,)))
    topology = observe(topology, Snapshot("kubernetes", START, 0.01, (pods,)))
    return observe(topology, Unreachable(HOSTILE, START, FailureKind.PROTOCOL, HOSTILE, HOSTILE))


def _at(topology: Topology, at: float, heat: float, second: int) -> Topology:
    for seen in (_prometheus(at, heat), _kafka(at, heat, second), _redis(at, heat, second), _kubernetes(at, heat)):
        topology = observe(topology, seen)
    return topology


def _gauge(name: str, value: float | None, unit: Unit, at: float, source: str, note: str = "") -> Signal:
    return Signal(name, value, unit, at, source, note)


def _prometheus(at: float, heat: float) -> Seen:
    def seen(alias: str, **values: tuple[float | None, Unit]) -> Observed:
        gauges = tuple(_gauge(name, value, unit, at, "prometheus") for name, (value, unit) in values.items())
        return Observed(f"prometheus/{alias}", gauges)

    rate, ratio = Unit.PER_SECOND, Unit.RATIO
    return Snapshot(
        "prometheus",
        at,
        0.02,
        (
            seen("users", rate=(420 + 7980 * heat, rate), success=(0.999 - 0.3 * heat, ratio)),
            seen("dns", up=(1.0, Unit.NONE), latency=(0.004, Unit.SECONDS)),
            seen("cdn", hit_rate=(0.96 - 0.05 * heat, ratio)),
            seen(
                "gateway",
                rate=(63 + 5200 * heat, rate),
                errors=(0.0004 + 0.08 * heat, ratio),
                p95=(0.09 + 1.4 * heat, Unit.SECONDS),
            ),
            seen("api", cpu=(0.41 + 0.58 * heat, ratio)),
            seen("workers", cpu=(0.3 + 0.2 * heat, ratio)),
            seen(
                "database",
                connections=(38 + 150 * heat, Unit.COUNT),
                connections_max=(200.0, Unit.COUNT),
                latency=(0.012 + 0.2 * heat, Unit.SECONDS),
            ),
            seen("payments", errors=(0.001 * heat, ratio), p95=(0.12, Unit.SECONDS)),
        ),
    )


def _kafka(at: float, heat: float, second: int) -> Seen:
    def group(name: str, lag: float, made: float, used: float, partitions: int) -> Observed:
        return Observed(
            f"kafka/group/{name}",
            (
                _gauge("lag", lag, Unit.MESSAGES, at, "kafka"),
                _gauge("lost", 0.0, Unit.MESSAGES, at, "kafka"),
                _gauge("members", 4.0, Unit.COUNT, at, "kafka"),
                _gauge("partitions", float(partitions), Unit.COUNT, at, "kafka"),
            ),
            (
                Counter("produced_total", made, "produced", at, "kafka"),
                Counter("consumed_total", used, "consumed", at, "kafka"),
            ),
            state="Stable",
        )

    hot = max(0, second - 60) * heat
    orders = group("orders", 12 + 310 * hot, 100.0 * second + 310 * hot, 100.0 * second, 8)
    notes = group("notifications", 30.0, 40.0 * second, 40.0 * second + 0.1, 4)
    depth = _gauge("depth", 0.0, Unit.MESSAGES, at, "kafka")
    dead = Observed("kafka/topic/orders.dlq", (depth,), (Counter("arrivals_total", 0.0, "arrivals", at, "kafka"),))
    cluster = Observed("kafka/cluster", (_gauge("brokers", 3.0, Unit.COUNT, at, "kafka"),))
    return Snapshot("kafka", at, 0.03, (orders, notes, dead, cluster))


def _redis(at: float, heat: float, second: int) -> Seen:
    hits = second * 1000.0 - max(0, second - 60) * 390.0 * heat
    misses = second * 80.0 + max(0, second - 60) * 390.0 * heat
    cache = Observed(
        "redis/cache",
        (
            _gauge("memory", (120 + 130 * heat) * 2**20, Unit.BYTES, at, "redis"),
            _gauge("memory_max", 256.0 * 2**20, Unit.BYTES, at, "redis"),
            _gauge("clients", 24.0, Unit.COUNT, at, "redis"),
            _gauge("ops", 1080.0, Unit.PER_SECOND, at, "redis"),
        ),
        (Counter("hits", hits, "hits", at, "redis", "r1"), Counter("misses", misses, "misses", at, "redis", "r1")),
        (Fact("flag.read_only", False), Fact("flag.reviews", True), Fact("ttl.catalog", 60), Fact("rate.user", None)),
    )
    return Snapshot("redis", at, 0.004, (cache,))


def _kubernetes(at: float, heat: float, marked: dict[str, tuple[Fact, ...]] | None = None) -> Seen:
    def workload(name: str, desired: float, ready: float, owner: str = "") -> Observed:
        values = {"desired": desired, "ready": ready, "unavailable": desired - ready}
        gauges = tuple(_gauge(each, value, Unit.COUNT, at, "kubernetes") for each, value in values.items())
        return Observed(
            f"{DEPLOYMENT}{name}", gauges, facts=(Fact("replicas", int(desired), "7", owner),), state="Available"
        )

    replicas = 5.0 + round(15 * heat)
    hpa = Observed(
        f"{HPA}api",
        (
            _gauge("hpa.current", replicas, Unit.COUNT, at, "kubernetes"),
            _gauge("hpa.cpu", 0.41 + 0.58 * heat, Unit.RATIO, at, "kubernetes"),
        ),
        facts=(marked or {}).get(f"{HPA}api", (Fact("hpa.min", 5), Fact("hpa.max", 20), Fact("hpa.cpu", 70))),
        notes=("at max",) if replicas >= 20 else (),
    )
    parts = (
        workload("gateway", 3, 3),
        workload("api", replicas, max(5.0, replicas - 1), "hpa api"),
        workload("workers", 4, 4),
        workload("web", 2, 2),
        hpa,
    )
    return Snapshot("kubernetes", at, 0.05, parts)


def unseen_and_refused() -> Topology:
    """Kubernetes has never let us in."""
    return observe(empty(LAYOUT), Unreachable("kubernetes", START, FailureKind.FORBIDDEN, "403"))
